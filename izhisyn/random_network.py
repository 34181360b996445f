# SPDX-License-Identifier: GPL-2.0-or-later
"""Create and connect the network of `izhisyn.network_design`."""

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import ParameterError
from izhisyn.kernel import node_model, synapse_model
from izhisyn.network_design import NETWORK, NetworkSize, NeuronModel, inputs_of
from izhisyn.parameters import excitatory_cells, inhibitory_cells
from izhisyn.wiring import (
    DISTRIBUTIONS,
    connect_in_degree,
    create_cells,
    poisson_drive,
    random_values,
    round_to_weight_grid,
    syn_spec,
)

_RECEPTORS = {"E": "AMPA_NMDA", "I": "GABA_A"}  # which the inputs of a kind drive
_PATHWAYS = (("E", "E"), ("I", "E"), ("E", "I"), ("I", "I"))  # target and source

# What the functions below allow.
_DESIGN = {
    "size": checks.instance(NetworkSize, "a NetworkSize"),
    "model": checks.instance(NeuronModel, "one of the NEURON_MODELS"),
}
_CELLS = {"cells": checks.dictionary, **_DESIGN}
_DISTRIBUTIONS = {
    "weights": checks.one_of(DISTRIBUTIONS),
    "delays": checks.one_of(DISTRIBUTIONS),
    "progress": checks.function,
}


@checked(
    **_DESIGN,
    seed=checks.whole_number(0),
    heterogeneity=checks.number(0, 1),
)
def create(size, model, seed, heterogeneity=1.0):
    """Create the cells with random parameters and initial states.

    Parameters
    ----------
    size : izhisyn.network_design.NetworkSize
    model : izhisyn.network_design.NeuronModel
    seed : int
        Seed of the random numbers.
    heterogeneity : float
        Spread of the parameters, from 0 to 1, see `izhisyn.parameters.excitatory_cells`.

    Returns
    -------
    dict of str to nest.NodeCollection
        The populations "E" and "I".
    """
    # NumPy's generator with a seed draws the same in each MPI process.
    generator = np.random.default_rng(seed)
    cells = {}
    for name, parameters_of in (("E", excitatory_cells), ("I", inhibitory_cells)):
        n_cells = len(size.populations[name])
        parameters = parameters_of(generator.random(n_cells), heterogeneity)
        V_m = generator.uniform(*NETWORK["V_0"], n_cells)
        state = {"V_m": V_m, "U_m": parameters["b"] * V_m}
        common = {"NMDA_ratio": NETWORK["NMDA_ratio"]}
        cells[name] = create_cells(model.name, n_cells, common | parameters | state)
    return cells


@checked(**_CELLS, **_DISTRIBUTIONS)
def connect(cells, size, model, weights="lognormal", delays="normal", progress=None):
    """Connect the cells with each other and with the background.

    Parameters
    ----------
    cells : dict of str to nest.NodeCollection
        What `create` returns.
    size : izhisyn.network_design.NetworkSize
    model : izhisyn.network_design.NeuronModel
    weights, delays : str
        Distribution of each, one of `izhisyn.wiring.DISTRIBUTIONS`.
    progress : callable, optional
        Called with the completed fraction, up to 1.
    """
    connect_recurrently(cells, size, model, weights, delays, progress)
    connect_background(cells, size, model)


@checked(**_CELLS, **_DISTRIBUTIONS, synapse_model=synapse_model)
def connect_recurrently(
    cells,
    size,
    model,
    weights="lognormal",
    delays="normal",
    progress=None,
    synapse_model=None,
):
    """Connect the cells with each other.

    Parameters
    ----------
    cells, size, model, weights, delays, progress
        As of `connect`.
    synapse_model : str, optional
        Another synapse model than `izhisyn.wiring.syn_spec` chooses.
    """
    _check_cells(cells, size)
    made = 0

    def count(n_connections):
        nonlocal made
        made += n_connections
        if progress is not None:
            progress(made / (size.N * size.K))

    in_degrees = {"E": size.K_E, "I": size.K_I}
    for target, source in _PATHWAYS:
        weight = inputs_of(target, size, model)[source].weight
        values = random_values(weights, weight, NETWORK["weight_variation"])
        delay = random_values(
            delays,
            NETWORK[f"delay_{source}"],
            NETWORK["delay_variation"],
            NETWORK["delay_min"],
            NETWORK["delay_max"],
        )
        spec = syn_spec(
            _RECEPTORS[source], round_to_weight_grid(values), delay, model.name, synapse_model
        )
        connect_in_degree(cells[source], cells[target], in_degrees[source], spec, count)


@checked(**_CELLS, synapse_model=synapse_model, generator_model=node_model)
def connect_background(cells, size, model, synapse_model=None, generator_model=None):
    """Send the cells Poisson spikes in place of the inputs from outside.

    Parameters
    ----------
    cells, size, model
        As of `connect`.
    synapse_model, generator_model : str, optional
        Other models than `izhisyn.wiring.syn_spec` and `izhisyn.wiring.poisson_drive` choose.
    """
    _check_cells(cells, size)
    for target, source in _PATHWAYS:
        drive = inputs_of(target, size, model)[source]
        weight = round_to_weight_grid(drive.background_weight)
        spec = syn_spec(_RECEPTORS[source], weight, NETWORK["delay_min"], model.name, synapse_model)
        poisson_drive(cells[target], drive.background_rate, spec, generator_model)


def _check_cells(cells, size):
    sizes = {name: len(ids) for name, ids in size.populations.items()}
    if {name: len(population) for name, population in cells.items()} != sizes:
        raise ParameterError(
            f"cells are not the {sizes['E']} excitatory and {sizes['I']} inhibitory ones of the "
            f"size; give what `create` returned for it"
        )
