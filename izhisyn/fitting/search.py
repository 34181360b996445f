# SPDX-License-Identifier: GPL-2.0-or-later
"""The search for parameters, by the covariance matrix adaptation of pycma [1]_.

A search runs from each start, all in the same simulations; after every few generations the worse
half of them ends, until one is left. Whenever pycma finds that this one has converged, or it no
longer gets better, another begins with more candidates: at the best point of the runner-up, then
of the next, and after the last of them with wider spread candidates at that of the winner again.

A search depends on its seed and on the losses that it is given, on nothing else. To go on with an
interrupted one, the same losses are given to a new one.

References
----------
.. [1] N. Hansen, "The CMA evolution strategy: a tutorial", arXiv:1604.00772, 2016.
"""

import sys
from dataclasses import dataclass

import numpy as np

from izhisyn.errors import ParameterError

CANDIDATES = 64  # of a search that begins later
RACE_CANDIDATES = 16  # of each start
_ROUND = 8  # generations after which half of the starts are left
_WIDER = 3.0  # factor of the step when all starts have had their turn
_WIDEST = 0.3
_GENERATIONS_WITHOUT_GAIN = 40  # after which another search begins
_GAIN = 1e-3  # of the loss, which counts as getting better


@dataclass(frozen=True)
class Candidates:
    """Points of one generation.

    Attributes
    ----------
    points : numpy.ndarray, shape (n_candidates, n_parameters)
        Free parameters as fractions of their ranges, 0 to 1.
    starts : numpy.ndarray of int, shape (n_candidates,)
        Index of the start that each belongs to, whose other parameters it has.
    """

    points: np.ndarray
    starts: np.ndarray


@dataclass(frozen=True)
class Found:
    """A point, its start and its loss."""

    loss: float
    point: np.ndarray
    start: int


class Search:
    """Asks for the losses of candidates, generation by generation.

    Parameters
    ----------
    origins : numpy.ndarray, shape (n_starts, n_parameters)
        Starts as fractions of the ranges.
    steps : sequence of float
        Standard deviation of the first candidates of each.
    seed : int
    candidates : int
        Candidates in a generation after the race.
    """

    def __init__(self, origins, steps, seed, candidates=CANDIDATES):
        self._random = np.random.default_rng(seed)
        self._candidates = candidates
        self._origins = np.asarray(origins, dtype=float)
        self._steps = list(steps)
        self._fronts = [Found(np.inf, origin, row) for row, origin in enumerate(self._origins)]
        self._running = [
            (row, self._strategy(origin, step, RACE_CANDIDATES))
            for row, (origin, step) in enumerate(zip(self._origins, self._steps, strict=True))
        ]
        self._asked = None
        self._begun = 0  # generation in which the last one of them was left, or another began
        self._restarts = 0
        self.best = None
        self.last_gain = 0  # generations until the best loss last became better
        self.generation = 0

    def ask(self):
        """Give the candidates of the next generation.

        Returns
        -------
        Candidates
        """
        points = [strategy.ask() for _, strategy in self._running]
        if self.generation == 0:
            # The starts themselves: a fit is never worse than the cell that it begins with.
            for own, origin in zip(points, self._origins, strict=True):
                own[0] = origin
        starts = [row for (row, _), own in zip(self._running, points, strict=True) for _ in own]
        self._asked = points
        return Candidates(np.array([one for own in points for one in own]), np.array(starts))

    def tell(self, losses):
        """Tell the losses of the candidates that were asked for last.

        Parameters
        ----------
        losses : numpy.ndarray, shape (n_candidates,)
        """
        ends = np.cumsum([len(points) for points in self._asked])
        parts = np.split(np.asarray(losses, dtype=float), ends[:-1])
        for (start, strategy), points, own in zip(self._running, self._asked, parts, strict=True):
            strategy.tell(points, own.tolist())
            lowest = int(np.argmin(own))
            self._note(Found(float(own[lowest]), np.array(points[lowest]), start))
        self.generation += 1
        if len(self._running) > 1:
            if self.generation % _ROUND == 0:
                self._halve()
        elif self._running[0][1].stop() or self._has_stalled():
            self._restart()

    def _note(self, found):
        if found.loss < self._fronts[found.start].loss:
            self._fronts[found.start] = found
        if self.best is None or found.loss < self.best.loss * (1.0 - _GAIN):
            self.last_gain = self.generation + 1
        if self.best is None or found.loss < self.best.loss:
            self.best = found

    def _halve(self):
        ranking = sorted(self._running, key=lambda running: self._fronts[running[0]].loss)
        self._running = ranking[: (len(ranking) + 1) // 2]
        self._begun = self.generation

    def _has_stalled(self):
        since = max(self.last_gain, self._begun)
        return self.generation - since >= _GENERATIONS_WITHOUT_GAIN

    def _restart(self):
        self._restarts += 1
        rounds, turn = divmod(self._restarts, len(self._fronts))
        front = sorted(self._fronts, key=lambda found: found.loss)[turn]
        step = min(self._steps[front.start] * _WIDER**rounds, _WIDEST)
        strategy = self._strategy(front.point, step, self._candidates * 2**rounds)
        self._running = [(front.start, strategy)]
        self._begun = self.generation

    def _strategy(self, origin, step, candidates):
        return _cma().CMAEvolutionStrategy(
            np.clip(origin, 0.01, 0.99),
            step,
            {
                "bounds": [0.0, 1.0],
                "popsize": candidates,
                "randn": lambda *shape: self._random.standard_normal(shape),
                "seed": np.nan,  # NumPy's global generator stays as it is
                "verbose": -9,
            },
        )


def _cma():
    try:
        import cma
    except ImportError as error:
        raise ParameterError(
            f"{sys.executable} cannot import cma, which searches ({error}); "
            f"pip install 'izhisyn[fit]'"
        ) from error
    return cma
