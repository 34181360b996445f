# SPDX-License-Identifier: GPL-2.0-or-later
"""Spike times of the exact quadratic step against an adaptive solver with event location."""

import functools
import itertools

import numpy as np
import pytest

from izhisyn.parameters import CELL_TYPES, RECEPTORS
from tests.models.reference import spike_times
from tests.models.single_neuron import COND, DELTA, PSC, deliver, exact_spike_times

# Converged values, computed with RK4 at 0.001 ms: I = 10 from t = 0, V_m = -70, U_m = b V_m, 1 s.
SPIKES = {"RS": 23, "IB": 34, "CH": 88, "FS": 137, "LTS": 79, "TC": 279, "RZ": 196}
LAST_SPIKE = {
    "RS": 961.740,
    "IB": 982.764,
    "CH": 968.437,
    "FS": 996.145,
    "LTS": 999.316,
    "TC": 999.568,
    "RZ": 995.635,
}


@functools.cache
def converged(name):
    """Spike times of a cell type at I = 10 over 1 s."""
    return spike_times(CELL_TYPES[name], 10.0, 1000.0)


def cells_at_constant_current(nest, model, integrator=0):
    """Create one neuron of each cell type at I = 10."""
    neurons = nest.Create(model, len(CELL_TYPES), params={"I_e": 10.0, "integrator": integrator})
    for neuron, cell in zip(neurons, CELL_TYPES.values(), strict=True):
        neuron.set(cell.parameters | cell.initial_state(-70.0))
    return neurons


def largest_errors(found, expected):
    """Largest spike-time error of each neuron [ms]; a wrong count is an error without bound."""
    return np.array(
        [
            np.abs(times - truth).max(initial=0.0) if len(times) == len(truth) else np.inf
            for times, truth in zip(found, expected, strict=True)
        ]
    )


def assert_second_order(errors):
    """Each halving of the step divides the error by 3.5 or more (4 is order two in the limit).

    The error of a single neuron can pass through zero as the step changes, so it is taken as the
    root mean square over the neurons.
    """
    sizes = [np.sqrt(np.mean(of_step**2)) for of_step in errors]
    ratios = [coarse / fine for coarse, fine in itertools.pairwise(sizes)]
    assert min(ratios) >= 3.5, f"errors {sizes} ms fall by factors {ratios}"


def test_solver_agrees_with_published_values():
    """The reference itself: counts and last spikes computed elsewhere, to their last digit."""
    for name in CELL_TYPES:
        assert len(converged(name)) == SPIKES[name]
        assert converged(name)[-1] == pytest.approx(LAST_SPIKE[name], abs=6e-4)


@pytest.mark.parametrize("model", [PSC, COND, DELTA])
def test_cell_types_at_a_tenth_of_a_millisecond(nest_kernel, model):
    """All counts are the converged ones; no spike is off by more than 0.15 ms.

    NEST delivers a spike at the end of its step, half a step late on average; the true time is the
    grid time minus spike_offset, which lies in [0, 0.1].
    """
    nest = nest_kernel(resolution=0.1)
    found = exact_spike_times(nest, cells_at_constant_current(nest, model), 1000.0)
    expected = [converged(name) for name in CELL_TYPES]
    assert [len(times) for times in found] == list(SPIKES.values())
    assert largest_errors(found, expected).max() < 0.15
    for times, truth in zip(found, expected, strict=True):
        grid = np.ceil(np.round(times / 0.1, 9)) * 0.1 - 0.05
        assert np.abs(grid - truth).max() < 0.15


@pytest.mark.parametrize("model", [PSC, COND, DELTA])
def test_order_at_constant_current(nest_kernel, model):
    """From 0.2 ms down, the error falls at second order or faster."""
    expected = [converged(name) for name in CELL_TYPES]
    errors = []
    for resolution in (0.2, 0.1, 0.05):
        nest = nest_kernel(resolution=resolution)
        found = exact_spike_times(nest, cells_at_constant_current(nest, model), 1000.0)
        errors.append(largest_errors(found, expected))
    assert_second_order(errors)


def test_coarse_step_beats_fine_euler(nest_kernel):
    """At 0.5 ms, more accurate than forward Euler at 0.1 ms.

    Euler's error counts as unbounded where it has the wrong number of spikes.
    """
    expected = [converged(name) for name in CELL_TYPES]
    nest = nest_kernel(resolution=0.5)
    exact = largest_errors(
        exact_spike_times(nest, cells_at_constant_current(nest, PSC), 1000.0), expected
    )
    nest = nest_kernel(resolution=0.1)
    euler = largest_errors(
        exact_spike_times(nest, cells_at_constant_current(nest, PSC, integrator=1), 1000.0),
        expected,
    )
    assert np.all(exact < euler)
    assert np.isfinite(exact).all()


def random_drive(seed, conductance_based):
    """Spike trains for all receptors on the 0.1 ms grid, with uniform weights."""
    rng = np.random.default_rng(seed)
    largest = {"AMPA": 0.1, "NMDA": 0.1, "GABA_A": 0.4}
    if not conductance_based:
        largest = {"AMPA": 8.0, "NMDA": 5.0, "GABA_A": 6.0}
    counts = {"AMPA": 120, "NMDA": 60, "GABA_A": 100}
    arrivals = []
    for receptor in RECEPTORS:
        steps = np.unique(rng.integers(10, 3990, counts[receptor]))
        weights = rng.uniform(0.0, largest[receptor], steps.size)
        arrivals += [
            (round(step * 0.1, 1), receptor, float(weight))
            for step, weight in zip(steps, weights, strict=True)
        ]
    return sorted(arrivals)


@functools.cache
def driven_cells(conductance_based):
    """Each cell type with a drive of its own: (cell, I_e, arrivals, converged spike times)."""
    cells = []
    for seed, cell in enumerate(CELL_TYPES.values()):
        arrivals = random_drive(seed, conductance_based)
        I_e = float(np.random.default_rng(100 + seed).uniform(0.0, 4.0))
        truth = spike_times(cell, I_e, 400.0, arrivals, conductance_based)
        cells.append((cell, I_e, arrivals, truth))
    return cells


def test_driven_neurons(nest_kernel, multisyn_model):
    """Through all receptors: counts right and spikes within 0.25 ms at 0.1 ms, and the order."""
    cells = driven_cells(multisyn_model == COND)
    expected = [truth for *_, truth in cells]
    assert sum(len(truth) for truth in expected) > 100
    errors = []
    for resolution in (0.1, 0.05, 0.025):
        nest = nest_kernel(resolution=resolution)
        neurons = nest.Create(multisyn_model, len(cells))
        for neuron, (cell, I_e, arrivals, _) in zip(neurons, cells, strict=True):
            neuron.set(cell.parameters | cell.initial_state(-70.0) | {"I_e": I_e})
            deliver(nest, neuron, arrivals)
        errors.append(largest_errors(exact_spike_times(nest, neurons, 400.0), expected))
    assert errors[0].max() < 0.25
    assert_second_order(errors)
