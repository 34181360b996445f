# SPDX-License-Identifier: GPL-2.0-or-later
"""What runs inside a process with NEST: the cost of a population, and spikes of single neurons."""

import functools
from dataclasses import dataclass, field

import numpy as np

from benchmarks.measure import Stopwatch
from izhisyn import recording
from izhisyn.kernel import nest, start_kernel
from izhisyn.wiring import receptor_types

MIN_DELAY = 1.0  # of all networks here, as usual in a model of cortex [ms]


@dataclass(frozen=True)
class Contestant:
    """A neuron model with its settings.

    Attributes
    ----------
    module : str
        Extension module, for ``nest.Install``.
    model : str
    settings : dict
        Parameters that do not depend on the cell type.
    has_offset : bool
        Whether ``spike_offset`` gives the place of a spike within its step.
    """

    module: str
    model: str
    settings: dict = field(default_factory=dict)
    has_offset: bool = False


@dataclass(frozen=True)
class Cell:
    """A neuron with its input.

    Attributes
    ----------
    cell_type : izhisyn.parameters.CellType
    I_e : float
        Constant current [pA].
    arrivals : tuple of (float, str, float)
        Time [ms], receptor and weight of each input spike.
    """

    cell_type: object
    I_e: float
    arrivals: tuple = ()


def start(contestant, resolution, threads=1):
    """Start NEST for a contestant, with a minimal delay of `MIN_DELAY` also without connections."""
    start_kernel(resolution, threads, module=contestant.module)
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.set(min_delay=MIN_DELAY, max_delay=MIN_DELAY)


def create_cells(contestant, cells, copies):
    """Create `copies` neurons for each cell, with generators for their arrivals.

    The generators' delay is the minimal one, so arrivals must not be earlier than that.
    """
    groups = []
    for cell in cells:
        parameters = cell.cell_type.parameters | cell.cell_type.initial_state(-70.0)
        settings = contestant.settings | parameters | {"I_e": cell.I_e}
        groups.append(nest.Create(contestant.model, copies, params=settings))
        for receptor in dict.fromkeys(receptor for _, receptor, _ in cell.arrivals):
            times, weights = zip(
                *((time, weight) for time, port, weight in cell.arrivals if port == receptor),
                strict=True,
            )
            sent = np.round(np.array(times) - MIN_DELAY, 6)
            generator = nest.Create(
                "spike_generator", params={"spike_times": sent, "spike_weights": weights}
            )
            port = receptor_types(contestant.model)[receptor]
            nest.Connect(
                generator, groups[-1], syn_spec={"delay": MIN_DELAY, "receptor_type": port}
            )
    return functools.reduce(lambda some, more: some + more, groups)


def seconds_per_ms(contestant, resolution, cells, copies, duration):
    """Processor time per neuron and simulated millisecond [s]."""
    start(contestant, resolution)
    create_cells(contestant, cells, copies)
    with nest.RunManager():
        nest.Run(MIN_DELAY)
        stopwatch = Stopwatch()
        nest.Run(duration)
        processor, _ = stopwatch.read()
    return processor / (len(cells) * copies * duration)


def spike_times(contestant, resolution, cells, duration):
    """Spike times of one neuron for each cell.

    Returns
    -------
    list of numpy.ndarray
        For each cell the times [ms] up to `duration`: the true ones if the contestant has
        ``spike_offset``, else those on the grid, at the end of the step of the crossing.
    """
    start_kernel(resolution, module=contestant.module)
    nest.verbosity = nest.VerbosityLevel.ERROR
    neurons = create_cells(contestant, cells, 1)
    recorder = recording.record_spikes(neurons)
    if contestant.has_offset:
        offsets = recording.record_traces(neurons, ["spike_offset"])
    nest.Simulate(duration + MIN_DELAY)
    if contestant.has_offset:
        found = recording.exact_spikes(recorder, offsets)
    else:
        found = recording.spikes(recorder)
    trains = [found.times_of(node) for node in neurons.tolist()]
    return [train[train <= duration] for train in trains]


def seconds_per_step(contestant, ports, input_rate, resolution, n_neurons, duration):
    """Processor time per neuron and step [s].

    Parameters
    ----------
    contestant : Contestant
    ports : tuple of (int, float)
        Receptor type and weight of each kind of input; 0 for a model with one port.
    input_rate : float
        Spikes/s that every neuron receives, equally many on each of the `ports`. They come from 50
        parrot neurons, which are connected to all neurons as neurons of a network are; 0 for none.
    resolution : float
        Step [ms].
    n_neurons : int
    duration : float
        Simulated time [ms].
    """
    start(contestant, resolution)
    neurons = nest.Create(contestant.model, n_neurons, params=contestant.settings)
    n_sources = 50
    if input_rate > 0.0:
        noise = nest.Create("poisson_generator", params={"rate": input_rate / n_sources})
        sources = nest.Create("parrot_neuron", n_sources)
        nest.Connect(noise, sources, syn_spec={"delay": MIN_DELAY})
        for number, (port, weight) in enumerate(ports):
            connection = {"receptor_type": port, "weight": weight, "delay": MIN_DELAY}
            nest.Connect(sources[number :: len(ports)], neurons, syn_spec=connection)
    with nest.RunManager():
        nest.Run(10.0 * MIN_DELAY)
        stopwatch = Stopwatch()
        nest.Run(duration)
        processor, _ = stopwatch.read()
    return processor / (n_neurons * duration / resolution)
