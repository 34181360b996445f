# SPDX-License-Identifier: GPL-2.0-or-later
"""Spike times of the exact quadratic step against an adaptive solver with event location."""

import dataclasses
import functools
import itertools

import numpy as np
import pytest

from izhisyn.parameters import CELL_TYPES, RECEPTORS
from tests.models.reference import STIFF_SOLVER, spike_times
from tests.models.single_neuron import COND, DELTA, PSC, deliver, exact_spike_times

# README's table at I = 10 for 1 s with a step of 0.1 ms: the largest error of a spike time [ms].
CLAIMED = {"RS": 1e-3, "IB": 1e-3, "CH": 3e-3, "FS": 11e-3, "LTS": 4e-3, "TC": 13e-3, "RZ": 13e-3}
# The largest error under the random input of `driven_cells`, same step [ms].
CLAIMED_DRIVEN = {PSC: 0.018, COND: 0.005}


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


def assert_order(errors, least=6.0):
    """Each halving of the step divides the error by `least` or more.

    README says 9 or more at constant current; an error of third order falls by 8, one of second
    order by 4. The error of a single neuron can pass through zero as the step changes, so it is
    taken as the root mean square over the neurons.
    """
    sizes = [np.sqrt(np.mean(of_step**2)) for of_step in errors]
    ratios = [coarse / fine for coarse, fine in itertools.pairwise(sizes)]
    assert min(ratios) >= least, f"errors {sizes} ms fall by factors {ratios}"


def test_solver_agrees_with_the_closed_form():
    """The reference itself, with a = d = 0: V' = 0.04 (V - m)^2 + r, which is a tangent of time.

    m = -62.5 and r = 140 - 0.04 m^2 - U + I > 0; from c to V_th takes
    (atan((V_th - m) k) - atan((c - m) k)) / sqrt(0.04 r) with k = sqrt(0.04 / r).
    """
    cell, I_e, U_m = dataclasses.replace(CELL_TYPES["RS"], a=0.0, d=0.0), 10.0, -14.0
    middle = -62.5
    rest = 140.0 - 0.04 * middle**2 - U_m + I_e
    scale = np.sqrt(0.04 / rest)

    def duration(start):
        return (np.arctan((30.0 - middle) * scale) - np.arctan((start - middle) * scale)) / np.sqrt(
            0.04 * rest
        )

    found = spike_times(cell, I_e, 200.0, V_m=-70.0, U_m=U_m)
    expected = duration(-70.0) + duration(cell.c) * np.arange(len(found))
    assert len(found) > 10
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("model", [PSC, COND, DELTA])
def test_cell_types_at_a_tenth_of_a_millisecond(nest_kernel, model):
    """All counts are the converged ones; no spike is off by more than twice what README says.

    NEST delivers a spike at the end of its step, half a step late on average; the true time is the
    grid time minus spike_offset, which lies in [0, 0.1].
    """
    nest = nest_kernel(resolution=0.1)
    found = exact_spike_times(nest, cells_at_constant_current(nest, model), 1000.0)
    expected = [converged(name) for name in CELL_TYPES]
    errors = largest_errors(found, expected)
    assert np.all(errors < 2 * np.array([CLAIMED[name] for name in CELL_TYPES])), errors
    for times, truth in zip(found, expected, strict=True):
        grid = np.ceil(np.round(times / 0.1, 9)) * 0.1 - 0.05
        assert np.abs(grid - truth).max() < 0.05 + 2 * max(CLAIMED.values())


@pytest.mark.parametrize("model", [PSC, COND, DELTA])
def test_order_at_constant_current(nest_kernel, model):
    """From 0.1 ms down, the error falls as README says."""
    expected = [converged(name) for name in CELL_TYPES]
    errors = []
    for resolution in (0.1, 0.05, 0.025):
        nest = nest_kernel(resolution=resolution)
        found = exact_spike_times(nest, cells_at_constant_current(nest, model), 1000.0)
        errors.append(largest_errors(found, expected))
    assert_order(errors, least=9.0)


@pytest.mark.parametrize("model", [PSC, COND, DELTA])
@pytest.mark.parametrize("resolution", [0.5, 1.0])
def test_coarse_steps(nest_kernel, model, resolution):
    """Steps that are too long for the expansion are divided: the errors stay below 0.1 ms.

    Tolerances are per step, so that the errors of slow passages, as of TC and FS with their up to
    279 spikes, add up to some 0.05 ms. Steps with two spikes have the offset of the second only.
    """
    nest = nest_kernel(resolution=resolution)
    found = exact_spike_times(nest, cells_at_constant_current(nest, model), 1000.0)
    for times, name in zip(found, CELL_TYPES, strict=True):
        truth = converged(name)
        assert len(times) == len(truth), name
        alone = np.diff(np.ceil(truth / resolution), append=np.inf) > 0
        assert np.abs(times - truth)[alone].max() < 0.1, name


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


@pytest.mark.parametrize("model", [PSC, COND])
def test_driven_neurons(nest_kernel, model):
    """Through all receptors: spikes within twice the claim at 0.1 ms, and the order."""
    assert_driven(nest_kernel, model, driven_cells(model == COND), 2 * CLAIMED_DRIVEN[model])


@pytest.mark.parametrize("model", [PSC, COND])
def test_neurons_driven_through_NMDA(nest_kernel, model):
    """The block's series alone: no other receptor hides an error of it."""
    largest = 2 * max(CLAIMED_DRIVEN[model], max(CLAIMED.values()))
    assert_driven(nest_kernel, model, cells_of_one_receptor("NMDA", model == COND), largest)


def test_neurons_driven_through_fast_conductances(nest_kernel):
    """AMPA and GABA-A alone, whose conductances change beta within a step."""
    cells = [
        *cells_of_one_receptor("AMPA", True),
        *cells_of_one_receptor("GABA_A", True),
    ]
    assert_driven(nest_kernel, COND, cells, 0.05)


def assert_driven(nest_kernel, model, cells, largest):
    """Compare driven cells with their converged spikes: errors at 0.1 ms, the order below.

    At 0.1 ms some steps divide themselves, and are more accurate than the order says.
    """
    expected = [truth for *_, truth in cells]
    assert sum(len(truth) for truth in expected) > 100
    errors = []
    for resolution in (0.1, 0.05, 0.025):
        nest = nest_kernel(resolution=resolution)
        neurons = nest.Create(model, len(cells))
        for neuron, (cell, I_e, arrivals, _) in zip(neurons, cells, strict=True):
            neuron.set(cell.parameters | cell.initial_state(-70.0) | {"I_e": I_e})
            deliver(nest, neuron, arrivals)
        errors.append(largest_errors(exact_spike_times(nest, neurons, 400.0), expected))
    assert errors[0].max() < largest, errors
    assert_order(errors[1:])


@functools.cache
def cells_of_one_receptor(receptor, conductance_based):
    """Each cell type at I = 8 with input on one receptor, as `driven_cells`."""
    cells = []
    for seed, cell in enumerate(CELL_TYPES.values()):
        arrivals = [
            (time, name, 2.0 * weight)
            for time, name, weight in random_drive(seed + 50, conductance_based)
            if name == receptor
        ]
        truth = spike_times(cell, 8.0, 400.0, arrivals, conductance_based)
        cells.append((cell, 8.0, arrivals, truth))
    return cells


ENDS = ("rise", "decay")
FAST = {"AMPA": (0.1, 1.0), "NMDA": (2.0, 60.0), "GABA_A": (0.1, 0.7)}  # rise, decay [ms]


@functools.cache
def cells_with_strong_and_fast_conductances(n, duration):
    """Cells that random spikes of 0.1 to 10 nS drive through fast receptors, with their spikes."""
    receptors = {
        name: dataclasses.replace(RECEPTORS[name], tau_rise=rise, tau_decay=decay)
        for name, (rise, decay) in FAST.items()
    }
    rng = np.random.default_rng(7)
    cells = []
    for cell in itertools.islice(itertools.cycle(CELL_TYPES.values()), n):
        I_e = float(rng.uniform(0.0, 12.0))
        arrivals = sorted(
            (float(time), name, float(10.0 ** rng.uniform(-1.0, 1.0)))
            for name in FAST
            for time in rng.choice(np.arange(5, int(duration) - 20), 5, replace=False)
        )
        truth = spike_times(cell, I_e, duration, arrivals, True, receptors=receptors)
        cells.append((cell, I_e, arrivals, truth))
    return cells


@pytest.mark.slow
@pytest.mark.parametrize(("resolution", "largest"), [(0.1, 0.05), (0.5, 0.05), (1.0, 0.3)])
def test_strong_and_fast_conductances(nest_kernel, resolution, largest):
    """Steps are divided where the expansion does not hold: all counts are right."""
    duration = 150.0
    cells = cells_with_strong_and_fast_conductances(14, duration)
    nest = nest_kernel(resolution=resolution)
    neurons = nest.Create(COND, len(cells))
    for neuron, (cell, I_e, arrivals, _) in zip(neurons, cells, strict=True):
        neuron.set(cell.parameters | cell.initial_state(-70.0) | {"I_e": I_e})
        for name, (rise, decay) in FAST.items():
            neuron.set({f"tau_rise_{name}": rise, f"tau_decay_{name}": decay})
        deliver(nest, neuron, arrivals)
    found = exact_spike_times(nest, neurons, duration)
    assert sum(len(truth) for *_, truth in cells) > 100
    for times, (cell, _, _, truth) in zip(found, cells, strict=True):
        assert len(times) == len(truth), cell.name
        assert errors_with_offset(times, truth, resolution).max(initial=0.0) < largest, cell.name


def errors_with_offset(times, truth, resolution):
    """Errors of the spikes that have their offset [ms].

    Of several spikes in a step only the last has it; two spikes can share a step in one of the two
    solutions if the step ends between them, within an error.
    """
    intervals = np.diff(truth, prepend=-np.inf, append=np.inf)
    alone = np.minimum(intervals[:-1], intervals[1:]) > resolution
    steps = np.round(times / resolution, 6)
    last = np.diff(np.ceil(steps), append=np.inf) > 0
    on_grid = steps == np.round(steps)
    return np.abs(times - truth)[alone | (last & ~on_grid)]


@functools.cache
def random_cells(conductance_based, n, duration):
    """Cells with any time constants and spikes of 0.1 to 1000 nS or pA: their input and spikes."""
    rng = np.random.default_rng(2)
    cells = []
    for cell in itertools.islice(itertools.cycle(CELL_TYPES.values()), n):
        receptors = {}
        for name, receptor in RECEPTORS.items():
            decay = 10.0 ** rng.uniform(-0.3, 2.0)
            rise = decay * 10.0 ** rng.uniform(-1.5, -0.05)
            receptors[name] = dataclasses.replace(
                receptor, tau_rise=float(rise), tau_decay=float(decay)
            )
        I_e = float(rng.uniform(0.0, 12.0))
        arrivals = sorted(
            (float(time), name, float(10.0 ** rng.uniform(-1.0, 3.0)))
            for name in RECEPTORS
            for time in rng.choice(np.arange(2, int(duration) - 10), 3, replace=False)
        )
        truth = spike_times(
            cell,
            I_e,
            duration,
            arrivals,
            conductance_based,
            receptors=receptors,
            solver=STIFF_SOLVER,
        )
        cells.append((cell, I_e, arrivals, receptors, truth))
    return cells


@pytest.mark.slow
@pytest.mark.parametrize("model", [PSC, COND])
@pytest.mark.parametrize(("resolution", "largest"), [(0.1, 0.05), (0.5, 0.05), (1.0, 0.3)])
def test_random_cells(nest_kernel, model, resolution, largest):
    """200 cells under input far beyond the ordinary: counts up to 10 spikes a ms, and times.

    Through currents of hundreds of pA a cell can spike 20 times in a ms, and some errors are those
    of a last spike that barely comes: one cell in a hundred may miss the limit of its times.
    """
    duration = {PSC: 60.0, COND: 30.0}[model]
    cells = random_cells(model == COND, 200, duration)
    nest = nest_kernel(resolution=resolution)
    neurons = nest.Create(model, len(cells))
    for neuron, (cell, I_e, arrivals, receptors, _) in zip(neurons, cells, strict=True):
        neuron.set(cell.parameters | cell.initial_state(-70.0) | {"I_e": I_e})
        for name, receptor in receptors.items():
            neuron.set({f"tau_{end}_{name}": getattr(receptor, f"tau_{end}") for end in ENDS})
        deliver(nest, neuron, arrivals)
    found = exact_spike_times(nest, neurons, duration)
    missed = np.array(neurons.missed_spikes)
    worst = []
    for times, lost, (_, _, _, _, truth) in zip(found, missed, cells, strict=True):
        if np.bincount(truth.astype(int), minlength=1).max() <= 10:
            assert (len(times), lost) == (len(truth), 0)
            worst.append(errors_with_offset(times, truth, resolution).max(initial=0.0))
    assert len(worst) > 150
    assert np.sum(np.array(worst) >= largest) <= (2 if model == PSC else 0), max(worst)


def test_long_step_takes_as_many_pieces_as_it_needs(nest_kernel):
    """Fast inhibition of hundreds of nS holds off a spike that NMDA would bring about.

    A sixth spike came at 46.3 ms when 1 ms had no more pieces than 0.1 ms, and the error of the
    gate's series was judged by its bend, which vanishes at some V_m; each mend alone removes it.
    """
    times = {  # rise, decay [ms]
        "AMPA": (0.6065047585805218, 5.137091401005703),
        "NMDA": (2.142650426776031, 14.624956647341062),
        "GABA_A": (0.031986211607691474, 0.6425987982859195),
    }
    receptors = {
        name: dataclasses.replace(RECEPTORS[name], tau_rise=rise, tau_decay=decay)
        for name, (rise, decay) in times.items()
    }
    arrivals = [
        (18.0, "NMDA", 78.83267331611883),
        (22.0, "NMDA", 7.025460302816197),
        (26.0, "AMPA", 1.5960546820427985),
        (31.0, "AMPA", 0.34258000716566067),
        (32.0, "GABA_A", 581.6684889079789),
        (34.0, "AMPA", 37.949235721656734),
        (42.0, "GABA_A", 5.998168475982045),
        (42.0, "NMDA", 591.4723341596266),
        (46.0, "GABA_A", 218.0010971902427),
    ]
    cell, I_e, duration = CELL_TYPES["RZ"], 11.439900691748425, 50.0
    truth = spike_times(
        cell, I_e, duration, arrivals, True, receptors=receptors, solver=STIFF_SOLVER
    )
    nest = nest_kernel(resolution=1.0)
    neuron = nest.Create(COND, params=cell.parameters | cell.initial_state(-70.0) | {"I_e": I_e})
    for name, (rise, decay) in times.items():
        neuron.set({f"tau_rise_{name}": rise, f"tau_decay_{name}": decay})
    deliver(nest, neuron, arrivals)
    [found] = exact_spike_times(nest, neuron, duration)
    assert len(found) == len(truth) == 5
    np.testing.assert_allclose(found, truth, atol=1e-3)
