# SPDX-License-Identifier: GPL-2.0-or-later
"""The search for parameters, by the covariance matrix adaptation of pycma [1]_.

First a race: a short search from each start, all in the same simulations. Then a long one with
more candidates from the best point of the race. Whenever pycma finds that it has converged, or it
no longer gets better, the next one begins at the best point of the runner-up, and after the last of
them at that of the winner again, with more and wider spread candidates.

A search depends on its seed and on the losses that it is told, on nothing else. To go on with an
interrupted one, the same losses are told to a new one.

References
----------
.. [1] N. Hansen, "The CMA evolution strategy: a tutorial", arXiv:1604.00772, 2016.
"""

import sys
from dataclasses import dataclass

import numpy as np

from izhisyn.errors import ParameterError

RACE_GENERATIONS = 12
RACE_CANDIDATES = 16  # of each start
CANDIDATES = 64
_WIDER = 3.0  # factor of the step when all starts have had their turn
_WIDEST = 0.3
_GENERATIONS_WITHOUT_GAIN = 40  # after which a search is restarted
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
        self._races = [
            self._strategy(origin, step, RACE_CANDIDATES)
            for origin, step in zip(self._origins, self._steps, strict=True)
        ]
        self._fronts = [Found(np.inf, origin, row) for row, origin in enumerate(self._origins)]
        self._main = None
        self._asked = None
        self._restarts = 0
        self.best = None
        self.last_gain = 0  # generation in which the best loss last became better
        self.generation = 0

    @property
    def is_racing(self):
        """Whether all starts are still in the race."""
        return self._main is None

    def ask(self):
        """Give the candidates of the next generation.

        Returns
        -------
        Candidates
        """
        if self.is_racing:
            points = [strategy.ask() for strategy in self._races]
            if self.generation == 0:
                # The starts themselves: a fit is never worse than the cell that it begins with.
                for own, origin in zip(points, self._origins, strict=True):
                    own[0] = origin
            starts = np.repeat(np.arange(len(points)), RACE_CANDIDATES)
        else:
            points = [self._main.ask()]
            starts = np.full(len(points[0]), self._start)
        self._asked = points
        return Candidates(np.array([one for own in points for one in own]), starts)

    def tell(self, losses):
        """Tell the losses of the candidates that were asked for last.

        Parameters
        ----------
        losses : numpy.ndarray, shape (n_candidates,)
        """
        losses = np.asarray(losses, dtype=float)
        begin = 0
        strategies = self._races if self.is_racing else [self._main]
        for row, (strategy, points) in enumerate(zip(strategies, self._asked, strict=True)):
            own = losses[begin : begin + len(points)]
            begin += len(points)
            strategy.tell(points, own.tolist())
            lowest = int(np.argmin(own))
            start = row if self.is_racing else self._start
            self._note(Found(float(own[lowest]), np.array(points[lowest]), start))
        self.generation += 1
        if self.is_racing:
            if self.generation == RACE_GENERATIONS:
                self._ranking = sorted(self._fronts, key=lambda found: found.loss)
                self._restart()
        elif self._main.stop() or self._has_stalled():
            self._restart()

    def _note(self, found):
        if found.loss < self._fronts[found.start].loss:
            self._fronts[found.start] = found
        if self.best is None or found.loss < self.best.loss * (1.0 - _GAIN):
            self.last_gain = self.generation + 1
        if self.best is None or found.loss < self.best.loss:
            self.best = found

    def _has_stalled(self):
        since = max(self.last_gain, self._begun)
        return self.generation - since >= _GENERATIONS_WITHOUT_GAIN

    def _restart(self):
        front = self._ranking[self._restarts % len(self._ranking)]
        rounds = self._restarts // len(self._ranking)
        step = min(self._steps[front.start] * _WIDER**rounds, _WIDEST)
        self._main = self._strategy(front.point, step, self._candidates * 2**rounds)
        self._start = front.start
        self._begun = self.generation
        self._restarts += 1

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
