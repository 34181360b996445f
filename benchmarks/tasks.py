# SPDX-License-Identifier: GPL-2.0-or-later
"""What single neurons have to do, how far off their spikes are, and who does it."""

import functools
import importlib.util

import numpy as np

from benchmarks import brian2_runs, builds, nest_runs
from benchmarks.measure import Process
from benchmarks.nest_runs import Cell
from izhisyn.parameters import CELL_TYPES

COPIES = 140  # neurons of each cell for a cost: all of them fit a processor's second cache


class Task:
    """Cells, for how long, and their converged spikes.

    Attributes
    ----------
    cells : list of Cell
    duration : float
        [ms].
    """

    def __init__(self, cells, duration):
        self.cells = cells
        self.duration = duration

    @functools.cached_property
    def truth(self):
        """Spike times of each cell from an adaptive solver with event location [ms]."""
        return [
            _reference().spike_times(cell.cell_type, cell.I_e, self.duration, cell.arrivals)
            for cell in self.cells
        ]


def constant_current():
    """Give the cell types 10 pA for 1 s."""
    return Task([Cell(cell, 10.0) for cell in CELL_TYPES.values()], 1000.0)


def driven():
    """Drive the cell types through all receptors for 400 ms.

    Spikes arrive at whole milliseconds, which are on the grid of every step.
    """
    drives = {"AMPA": (120, 8.0), "NMDA": (60, 5.0), "GABA_A": (100, 6.0)}  # spikes, most weight
    cells = []
    for seed, cell in enumerate(CELL_TYPES.values()):
        rng = np.random.default_rng(seed)
        arrivals = [
            (float(time), receptor, float(rng.uniform(0.0, weight)))
            for receptor, (count, weight) in drives.items()
            for time in rng.choice(np.arange(2, 399), count, replace=False)
        ]
        cells.append(Cell(cell, float(rng.uniform(0.0, 4.0)), tuple(sorted(arrivals))))
    return Task(cells, 400.0)


def largest_errors(found, truth, duration):
    """Largest spike-time error of each cell.

    Spikes are compared in order; one that is missing counts as if it came at the end.

    Parameters
    ----------
    found, truth : sequence of array_like
        Spike times of each cell [ms].
    duration : float
        End of the run [ms].

    Returns
    -------
    numpy.ndarray, shape (n_cells,)
        [ms].
    """
    errors = []
    for trains in zip(found, truth, strict=True):
        padded = np.full((2, max(map(len, trains))), duration)
        for row, train in zip(padded, trains, strict=True):
            row[: len(train)] = train
        errors.append(np.abs(padded[0] - padded[1]).max(initial=0.0))
    return np.array(errors)


def geometric_mean(values):
    """Geometric mean of positive numbers."""
    return float(np.exp(np.mean(np.log(values))))


class InNest:
    """A neuron model of NEST in a process of its own."""

    def __init__(self, contestant, takes_input=True):
        self.contestant = contestant
        self.takes_input = takes_input
        self._process = Process()

    def cost(self, step, task):
        """Processor time of a neuron for a simulated second [s]."""
        duration = min(max(50.0, np.ceil(1000 * step)), task.duration)
        arguments = self.contestant, step, task.cells, COPIES, duration
        return 1e3 * self._process(nest_runs.seconds_per_ms, *arguments)

    def spikes(self, step, task):
        """Spike times of each cell [ms]."""
        arguments = self.contestant, step, task.cells, task.duration
        return self._process(nest_runs.spike_times, *arguments)

    def to_middle(self, step):
        """From where a spike is reported to the middle of its step [ms]."""
        return 0.0 if self.contestant.has_offset else -step / 2


class InBrian2:
    """Brian2 with one of its integration methods.

    The cost is that of C++ standalone mode at 0.1 ms, the same for every step; the spikes are those
    of runtime mode, which follows the same rules and needs no program for each step.
    """

    takes_input = True

    def __init__(self, method, cache):
        self.method = method
        program = brian2_runs.program(cache, COPIES * len(CELL_TYPES), method)
        self._running = program.start(I_ALL=10.0)
        self._running.part()

    def cost(self, step, task):
        """Processor time of a neuron for a simulated second [s]."""
        return 1e3 * self._running.seconds_per_step() / step

    def spikes(self, step, task):
        """Spike times of each cell [ms]."""
        with Process() as process:
            return process(brian2_runs.spike_times, self.method, step, task.cells, task.duration)

    def to_middle(self, step):
        """From where a spike is reported, at the beginning of its step, to the middle [ms]."""
        return step / 2


class VectorLoop:
    """The plain C++ loop."""

    takes_input = False

    def __init__(self, cache):
        self._program = builds.vector_loop(cache)

    def cost(self, step, task):
        """Processor time of a neuron for a simulated second [s]."""
        return self._run(step, task)[0]

    def spikes(self, step, task):
        """Spike times of each cell [ms]."""
        return self._run(step, task)[1]

    def to_middle(self, step):
        """From where a spike is reported to the middle of its step [ms]."""
        return -step / 2

    def _run(self, step, task):
        (I_e,) = {cell.I_e for cell in task.cells}
        n_steps, n_neurons = round(task.duration / step), COPIES * len(task.cells)
        lines = builds.run(
            [self._program, str(step), str(n_steps), str(n_neurons), str(I_e)],
            "".join(
                f"{cell.a} {cell.b} {cell.c} {cell.d}\n"
                for cell in (cell.cell_type for cell in task.cells)
            ),
        ).splitlines()
        spikes = np.array([line.split() for line in lines[1:]], dtype=float)
        trains = [spikes[spikes[:, 0] == number, 1] for number in range(len(task.cells))]
        return float(lines[0]) * 1000.0 / step, trains


@functools.cache
def _reference():
    """Load the solver that the tests trust; NESTML installs a package of the name ``tests``."""
    path = builds.ROOT / "tests" / "models" / "reference.py"
    spec = importlib.util.spec_from_file_location("reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
