# SPDX-License-Identifier: GPL-2.0-or-later
"""Fit a model to sweeps: generations of candidates are simulated, compared and replaced."""

import time
from pathlib import Path

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import ParameterError
from izhisyn.files import read_arrays, writing
from izhisyn.fitting.problem import Problem, pose
from izhisyn.fitting.result import Fit, identify
from izhisyn.fitting.scores import errors, gamma_factors
from izhisyn.fitting.search import CANDIDATES, Candidates, Search

PATIENCE = 80  # generations without gain after which a fit ends
GENERATIONS = 400

_SEARCH_CHECKS = {
    "generations": checks.whole_number(1),
    "evaluations": checks.whole_number(1),
    "time_limit": checks.number(above=0, unit="s"),
    "patience": checks.whole_number(1),
    "candidates": checks.whole_number(8),
    "threads": checks.whole_number(1),
    "seed": checks.whole_number(0),
    "log": checks.path,
    "resume": checks.boolean,
    "progress": checks.function,
}


@checked(**_SEARCH_CHECKS)
def fit(
    sweeps,
    model="2007",
    held_out=(),
    free=None,
    bounds=None,
    start=None,
    fixed=None,
    weights=None,
    precision=None,
    resolution=0.1,
    generations=GENERATIONS,
    evaluations=None,
    time_limit=None,
    patience=PATIENCE,
    candidates=CANDIDATES,
    threads=1,
    seed=1,
    log=None,
    resume=False,
    progress=None,
):
    """Fit a model to recorded sweeps. NEST is reset.

    Parameters
    ----------
    sweeps : sequence of izhisyn.fitting.Sweep
    model : str
        "2003", whose current has no unit and is the recorded one times ``gain``, or "2007" in
        physical units.
    held_out : sequence of str
        Names of sweeps that are not fitted, to see how well the cell predicts them.
    free : sequence of str, optional
        Free parameters; for "2003" a, b, c, d, gain and I_e, for "2007" C, k, v_r, v_t, a, b, c
        and d, if not given.
    bounds : dict of str to (float, float), optional
        Bounds of free parameters; well beyond the published cells if not given.
    start : str or dict of str to float, optional
        Name of a published cell, or values of parameters. If not given the search starts from
        each of the published cells, and goes on from the best of them. With a recorded voltage it
        starts as well from what that says about a cell with the law of the published one.
    fixed : dict of str to float, optional
        Values of parameters that are not free; those of the cell the search starts from if not
        given, but the peak of a spike is the recorded one.
    weights : dict of str to float, optional
        Weights of the objectives in `izhisyn.fitting.scores`.
    precision : float, optional
        Largest distance of two spikes that coincide [ms]; 2 ms, or less for a cell that fires so
        fast that a fifth of the coincidences were by chance, if not given.
    generations : int
        Most generations.
    evaluations : int, optional
        Most candidates that are simulated.
    time_limit : float, optional
        Time after which no other generation begins [s].
    patience : int
        Generations without gain after which the fit ends.
    candidates : int
        Candidates in a generation of a search that begins after those from the starts.
    resolution : float
        Time step [ms].
    threads : int
    seed : int
        Of the search, which is the same again for the same seed.
    log : path-like, optional
        File to which the losses of each generation are written, ``.npz``.
    resume : bool
        Whether to go on with the search that the file `log` has.
    progress : callable, optional
        Called after each generation with its number and the best loss.

    Returns
    -------
    izhisyn.fitting.Fit

    Raises
    ------
    ParameterError
        If nothing can be fitted to these sweeps, or the log is that of another search.
    """
    problem = pose(
        sweeps, model, held_out, free, bounds, start, fixed, weights, precision, resolution
    )
    return solve(
        problem,
        generations=generations,
        evaluations=evaluations,
        time_limit=time_limit,
        patience=patience,
        candidates=candidates,
        threads=threads,
        seed=seed,
        log=log,
        resume=resume,
        progress=progress,
    )


@checked(problem=checks.instance(Problem, "a problem as pose makes it"), **_SEARCH_CHECKS)
def solve(
    problem,
    generations=GENERATIONS,
    evaluations=None,
    time_limit=None,
    patience=PATIENCE,
    candidates=CANDIDATES,
    threads=1,
    seed=1,
    log=None,
    resume=False,
    progress=None,
):
    """Search for the best cell; the other parameters are those of `fit`.

    Parameters
    ----------
    problem : izhisyn.fitting.problem.Problem

    Returns
    -------
    izhisyn.fitting.Fit
    """
    search = Search(problem.origins, [start.step for start in problem.starts], seed, candidates)
    past = Log(log, f"{problem.digest()} {seed} {candidates}")
    if resume:
        past.replay(search)
    begun = time.monotonic()
    ended = f"the limit of {generations} generations"
    while search.generation < generations:
        if search.generation - search.last_gain >= patience:
            ended = f"no gain for {patience} generations"
            break
        if time_limit is not None and past.losses and time.monotonic() - begun >= time_limit:
            ended = f"the time limit of {time_limit:g} s"
            break
        asked = search.ask()
        if evaluations is not None and past.losses and past.size + len(asked.points) > evaluations:
            ended = f"the limit of {evaluations} candidates"
            break
        losses = problem.losses(asked, threads)
        search.tell(losses)
        past.add(asked.points, losses)
        if progress is not None:
            progress(search.generation, search.best.loss)
    settings = problem.settings() | {"seed": seed, "candidates": candidates}
    return _result(problem, search.best, past, threads, settings, ended)


def _result(problem, best, past, threads, settings, ended):
    candidate = Candidates(best.point[np.newaxis], np.array([best.start]))
    responses = problem.final_responses(candidate, threads)
    sweeps = [*problem.fitted, *problem.held_out]
    n_fitted = len(problem.fitted)
    rows = [
        _scores(response, sweep, problem) for response, sweep in zip(responses, sweeps, strict=True)
    ]
    parameters = problem.parameters(candidate)
    return Fit(
        model=problem.cell_model.name,
        parameters={name: float(values[0]) for name, values in parameters.items()},
        free=tuple(one.name for one in problem.ranges),
        ranges={one.name: (one.low, one.high) for one in problem.ranges},
        start=problem.starts[best.start].name,
        loss=float(problem.weighted(responses[:n_fitted])[0]),
        scores={"fit": rows[:n_fitted], "held_out": rows[n_fitted:]},
        history=past.history(),
        n_candidates=past.size,
        identification=identify(
            problem.ranges, np.concatenate(past.points), np.concatenate(past.losses)
        ),
        responses=[
            (sweep, one.trains[0], one.times, one.voltage[0])
            for sweep, one in zip(sweeps, responses, strict=True)
        ],
        settings=settings,
        ended=ended,
    )


def _scores(response, sweep, problem):
    """Give the scores of one cell in one sweep."""
    train = response.trains[0]
    gamma = gamma_factors([train], sweep.spike_times, sweep.duration, problem.precision)[0]
    own = errors(response, sweep, problem.weights, problem.precision)
    return {
        "sweep": sweep.name,
        "spikes": int(train.size),
        "recorded_spikes": int(sweep.spike_times.size),
        "gamma": float(gamma),
        "rate_error": float(abs(train.size - sweep.spike_times.size) / sweep.duration * 1000.0),
        "errors": {name: float(values[0]) for name, values in own.items()},
    }


class Log:
    """Losses of all generations, from which a search can be repeated without simulating."""

    def __init__(self, path, digest):
        self.path = None if path is None else Path(path)
        self.digest = digest
        self.points, self.losses = [], []

    @property
    def size(self):
        """Number of candidates."""
        return sum(map(len, self.losses))

    def replay(self, search):
        """Bring a new search to where that of the file has come."""
        if self.path is None or not self.path.is_file():
            raise ParameterError(f"there is no log {self.path} to go on with; start without resume")
        arrays = read_arrays(self.path, ("digest", "losses", "sizes"))
        if arrays is None:
            raise ParameterError(f"{self.path} is no log of a fit; start without resume")
        if str(arrays["digest"]) != self.digest:
            raise ParameterError(
                f"{self.path} is the log of a fit with other sweeps or settings; give the same "
                f"ones, or start without resume"
            )
        for own in np.split(arrays["losses"], np.cumsum(arrays["sizes"])[:-1]):
            self.points.append(search.ask().points)
            self.losses.append(own)
            search.tell(own)

    def add(self, points, losses):
        """Add a generation, and write the file anew."""
        self.points.append(points)
        self.losses.append(losses)
        if self.path is not None:
            with writing(self.path) as aside, aside.open("wb") as file:
                np.savez(
                    file,
                    digest=self.digest,
                    losses=np.concatenate(self.losses),
                    sizes=[own.size for own in self.losses],
                )

    def history(self):
        """Give the best loss so far and the median loss of each generation."""
        lowest = np.minimum.accumulate([own.min() for own in self.losses])
        medians = (np.median(own) for own in self.losses)
        return [(float(best), float(median)) for best, median in zip(lowest, medians, strict=True)]
