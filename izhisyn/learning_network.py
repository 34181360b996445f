# SPDX-License-Identifier: GPL-2.0-or-later
"""What the networks of Izhikevich (2006) and (2007) have in common: 1000 cells that learn."""

import numpy as np

from izhisyn import analysis, checks, recording
from izhisyn.checks import checked
from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, nodes, synapse_model
from izhisyn.parameters import CELL_TYPES
from izhisyn.wiring import connect_pairs, create_cells

MODEL = "izhikevich_psc_delta_neuron"
# Node ids: the cells are created first.
EXCITATORY = range(1, 801)
INHIBITORY = range(801, 1001)
ALL = range(1, 1001)
N_TARGETS = 100  # of each cell
RESOLUTION = 1.0  # [ms]


@checked(V_m=checks.array(), U_m=checks.array(), I_e=checks.array())
def create(V_m, U_m, I_e=0.0):
    """Create the cells, with the scheme of the published programs.

    Parameters
    ----------
    V_m, U_m : float or numpy.ndarray, shape (1000,)
        Initial states [mV].
    I_e : float or numpy.ndarray, shape (1000,)
        Constant current [pA].

    Returns
    -------
    nest.NodeCollection
    """
    is_excitatory = np.arange(len(ALL)) < len(EXCITATORY)
    excitatory, inhibitory = CELL_TYPES["RS"], CELL_TYPES["FS"]
    return create_cells(
        MODEL,
        len(ALL),
        {
            "integrator": 2,
            "a": np.where(is_excitatory, excitatory.a, inhibitory.a),
            "b": excitatory.b,
            "c": excitatory.c,
            "d": np.where(is_excitatory, excitatory.d, inhibitory.d),
            "V_m": V_m,
            "U_m": U_m,
            "I_e": I_e,
        },
    )


def _indices(value):
    is_whole = np.asarray(value).dtype.kind in "iu"
    fault = checks.array("1d", low=0, high=len(ALL) - 1)(value)
    return f"give whole numbers from 0 to {len(ALL) - 1}" if fault or not is_whole else None


@checked(
    cells=nodes,
    sources=_indices,
    targets=_indices,
    delays=checks.array(),
    weights=checks.array(),
    learning_model=synapse_model,
)
def connect(cells, sources, targets, delays, weights, learning_model):
    """Connect the cells; synapses of excitatory ones learn.

    Parameters
    ----------
    cells : nest.NodeCollection
    sources, targets : numpy.ndarray of int, shape (n_connections,)
        Cells, from 0 to 999. A pair may occur more than once.
    delays : float or numpy.ndarray, shape (n_connections,)
        Delays [ms]. The cells take their input one step early, as the programs do with the
        shortest delay.
    weights : float or numpy.ndarray, shape (n_connections,)
        Initial weights [pA].
    learning_model : str
        Synapse model of the excitatory cells.
    """
    checks.refuse_different_lengths(sources=sources, targets=targets)
    for name, values in (("delays", delays), ("weights", weights)):
        if np.ndim(values) > 0 and np.shape(values) != np.shape(sources):
            raise ParameterError(
                f"{name} has {np.size(values)} values for {np.size(sources)} connections; give one "
                f"for each, or one for all"
            )
    sources, targets, delays, weights = np.broadcast_arrays(sources, targets, delays, weights)
    learns = sources < len(EXCITATORY)
    for chosen, model in ((learns, learning_model), (~learns, "static_synapse_pooled")):
        connect_pairs(
            cells,
            cells,
            (sources[chosen], targets[chosen]),
            {
                "synapse_model": model,
                "receptor_type": 0,
                "weight": weights[chosen],
                "delay": delays[chosen].astype(float),
            },
        )


@checked(learning_model=synapse_model, folder=checks.path)
def gather_weights(learning_model, folder):
    """Collect the weights that have learned, of all MPI processes.

    Parameters
    ----------
    learning_model : str
        Synapse model of the excitatory cells.
    folder : path-like
        Where processes leave their parts for the first one.

    Returns
    -------
    numpy.ndarray, shape (n_connections,)
        Ascending [pA]; in other processes than the first one None.
    """
    own = np.asarray(nest.GetConnections(synapse_model=learning_model).get("weight"), dtype=float)
    parts = recording.gather(folder, weights=np.atleast_1d(own))
    return None if parts is None else np.sort(np.concatenate([part["weights"] for part in parts]))


@checked(senders=checks.array(), duration=checks.number(above=0, unit="ms"))
def rates(senders, duration):
    """Compute the mean rates of both populations.

    Parameters
    ----------
    senders : numpy.ndarray of int, shape (n_spikes,)
        Node ids of the cells that spiked.
    duration : float
        Observed time [ms].

    Returns
    -------
    dict of str to float
        Of E and I [spikes/s].
    """
    return {
        name: float(analysis.rates(senders, neurons, duration).mean())
        for name, neurons in {"E": EXCITATORY, "I": INHIBITORY}.items()
    }
