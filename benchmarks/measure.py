# SPDX-License-Identifier: GPL-2.0-or-later
"""Fair timing: every contestant in a process of its own, all taking turns, each one's best turn."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path


class Process:
    """A process that runs functions one after the other and keeps its state between them.

    NEST keeps one network per process, and modules with the same model names exclude each other.
    The process ends with the object, or at the end of a ``with`` block.
    """

    def __init__(self):
        self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """End the process."""
        self._pool.shutdown()

    def __call__(self, function, *arguments):
        """Run an importable function there, and return what it returns."""
        return self._pool.submit(function, *arguments).result()


def take_turns(contestants, repetitions):
    """Let contestants measure themselves in turns, so that other load meets all alike.

    Parameters
    ----------
    contestants : dict
        Name to a function without parameters, which returns a cost.
    repetitions : int
        Number of turns of each.

    Returns
    -------
    dict
        Name to the least cost: other load can only add to it.
    """
    costs = {name: [] for name in contestants}
    for _ in range(repetitions):
        for name, measure in contestants.items():
            costs[name].append(measure())
    return {name: min(of_contestant) for name, of_contestant in costs.items()}


class Stopwatch:
    """Time since the start, on the processor and on the wall.

    Processor time leaves out the waits for other programs; with several threads it adds them up,
    so that only wall time shows what they bring.
    """

    def __init__(self):
        self._wall = time.perf_counter()
        self._processor = time.process_time()

    def read(self):
        """Return (processor, wall) [s]."""
        return time.process_time() - self._processor, time.perf_counter() - self._wall


def resident_bytes(process_id="self"):
    """Memory that a process holds now [bytes]."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return 1024 * int(line.split()[1])
    raise RuntimeError(f"/proc/{process_id}/status has no VmRSS")
