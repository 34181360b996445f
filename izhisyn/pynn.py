# SPDX-License-Identifier: GPL-2.0-or-later
"""PyNN on NEST with the models of izhisyn.

``import izhisyn.pynn as sim`` replaces ``import pyNN.nest as sim``. It has everything that
`pyNN.nest` has, and after `setup` each model of the module by its own name: neurons as native cell
types with their receptors, synapses as native synapse types.

Requires ``pip install 'izhisyn[pynn]'``.
"""

import os

os.environ.setdefault("PYNEST_QUIET", "1")  # NEST reads it once, on import, before its banner
try:
    import pyNN.nest
except ImportError as error:
    raise ImportError(f"izhisyn.pynn needs PyNN ({error}); pip install 'izhisyn[pynn]'") from error

import nest
from pyNN.nest.synapses import NESTSynapseMixin
from pyNN.parameters import Sequence
from pyNN.standardmodels import build_translations
from pyNN.standardmodels.synapses import TsodyksMarkramSynapse as StandardTsodyksMarkramSynapse

from izhisyn.kernel import MODULE, install_models

_types = {}


def setup(timestep=0.1, min_delay="auto", module=MODULE, **extra_params):
    """Start a simulation, as `pyNN.nest.setup`, and install the models.

    Spikes are on the grid, as those of the models.

    Parameters
    ----------
    timestep : float
        Time step [ms].
    min_delay : float or "auto"
        Shortest delay [ms].
    module : str
        Name of the extension module with the models.
    **extra_params
        As for `pyNN.nest.setup`.

    Returns
    -------
    int
        MPI rank.

    Raises
    ------
    ModuleMissingError
        If the module cannot be loaded.
    """
    extra_params = {"spike_precision": "on_grid", **extra_params}
    rank = pyNN.nest.setup(timestep, min_delay, **extra_params)
    neurons, synapses = set(nest.node_models), set(nest.synapse_models)
    install_models(module)
    _types.clear()
    for name in set(nest.node_models) - neurons:
        _types[name] = _cell_type(name)
    for name in set(nest.synapse_models) - synapses:
        if not name.endswith(("_lbl", "_hpc")):
            _types[name] = pyNN.nest.native_synapse_type(name)
    return rank


def __getattr__(name):
    if name in _types:
        return _types[name]
    try:
        return getattr(pyNN.nest, name)
    except AttributeError:
        known = f"its models are {', '.join(sorted(_types))}" if _types else "call setup() first"
        raise AttributeError(f"izhisyn.pynn has no {name!r}; {known}") from None


def poisson_noise(population, rate, weight, receptor_type, delay=None):
    """Send independent Poisson spikes to each cell, from one `poisson_generator_pooled`.

    PyNN's ``SpikeSourcePoisson`` is a neuron for each train, whose spikes can be recorded; this
    device draws the spikes of all cells at once.

    Parameters
    ----------
    population : pyNN.nest.Population or PopulationView
        Cells of izhisyn.
    rate : float
        Rate of the spikes at each cell [spikes/s].
    weight : float
        Weight of a spike [nA or uS].
    receptor_type : str
        Receptor of the cells.
    delay : float, optional
        Delay [ms], the shortest of the simulation if not given.

    Returns
    -------
    nest.NodeCollection
        The device.
    """
    generator = nest.Create("poisson_generator_pooled", params={"rate": rate})
    receptor = population.celltype.get_receptor_type(receptor_type)
    spec = {
        "synapse_model": StaticSynapsePooled.nest_name,
        "receptor_type": receptor,
        "weight": 1000.0 * weight,  # pA or nS
        "delay": pyNN.nest.get_min_delay() if delay is None else delay,
    }
    nest.Connect(generator, population.node_collection, syn_spec=spec)
    return generator


def _cell_type(model):
    """Make a native cell type of what NEST accepts, as PyNN sets every value that it knows."""
    cell_type = pyNN.nest.native_cell_type(model)
    for values in (cell_type.default_parameters, cell_type.default_initial_values):
        for name in [name for name, value in values.items() if not _accepts(model, name, value)]:
            del values[name]
    units = {"V_m": "mV", "I": "pA", "g": "nS", "spikes": "ms", "spike_offset": "ms"}
    for name in cell_type.recordable:
        known = units.get(name, units.get(name.partition("_")[0]))
        cell_type.units[name] = known or "dimensionless"
    return cell_type


def _accepts(model, name, value):
    if isinstance(value, Sequence):
        return True
    try:
        nest.SetDefaults(model, {name: value})
    except nest.NESTErrors.UnaccessedDictionaryEntry:
        return False
    return True


class Izhikevich(pyNN.nest.Izhikevich):
    """PyNN's standard cell type on `izhikevich_psc_delta_neuron`, with the exact quadratic step."""

    nest_name = dict.fromkeys(("on_grid", "off_grid"), "izhikevich_psc_delta_neuron")


class StaticSynapsePooled(pyNN.nest.StaticSynapse):
    """PyNN's static synapse on `static_synapse_pooled`, for neurons of izhisyn.

    Weights are in nA or uS, as PyNN has them, so that a spike of weight w raises a receptor with
    the default peak of 1 pA or 1 nS to w.
    """

    nest_name = "static_synapse_pooled"


class TsodyksMarkramSynapse(StandardTsodyksMarkramSynapse, NESTSynapseMixin):
    """PyNN's standard synapse on `tsodyks_markram_synapse`, which reaches any receptor."""

    translations = build_translations(
        ("weight", "weight", 1000.0),  # nA to pA, uS to nS
        ("delay", "delay"),
        ("U", "U_0"),
        ("tau_rec", "tau_d"),
        # PyNN writes 0 for no facilitation; after this time exp() is 0 as well.
        ("tau_facil", "tau_f", "tau_facil + 1e-9", "tau_f - 1e-9"),
    )
    nest_name = "tsodyks_markram_synapse"
