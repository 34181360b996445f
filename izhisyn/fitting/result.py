# SPDX-License-Identifier: GPL-2.0-or-later
"""What a fit found: parameters and scores, how well they are determined, and code for the cell."""

import importlib.metadata
import math
import platform
from dataclasses import dataclass

import numpy as np

import izhisyn
from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.fitting.cells import MODELS

SCORES = ("gamma", "rate_error", "spikes", "recorded_spikes")
# Candidates whose loss is larger than the best one by at most this are as good: it is a few
# hundredths of a weighted error, below what a second recording of the same cell would differ by.
AS_GOOD = 0.01
# Share of a range over which as good candidates may spread before a warning, and correlation.
_WIDE = 0.1
_CORRELATED = 0.95
_FEWEST = 10  # candidates from which a spread is computed


@dataclass(frozen=True)
class Identification:
    """How well the free parameters are determined, from the candidates as good as the best.

    Attributes
    ----------
    n_candidates : int
    intervals : dict of str to (float, float)
        Smallest and largest value among them.
    correlations : dict of (str, str) to float
        Of pairs of parameters, those beyond 0.95.
    warnings : tuple of str
        One sentence each.
    """

    n_candidates: int
    intervals: dict
    correlations: dict
    warnings: tuple


@dataclass(frozen=True)
class Fit:
    """The result of `izhisyn.fitting.fit`.

    Attributes
    ----------
    model : str
        "2003" or "2007".
    parameters : dict of str to float
        All parameters of the best cell.
    free : tuple of str
        Those that were fitted.
    ranges : dict of str to (float, float)
        Bounds of these.
    start : str
        Published cell from which the best was found, or "given".
    loss : float
        Weighted error of the best cell in the fitted sweeps.
    scores : dict of str to dict
        ``fit`` and ``held_out``: for each sweep its name, the spikes of data and model, Gamma, and
        the errors of `izhisyn.fitting.scores`.
    history : list of (float, float)
        Best loss so far and median loss of each generation.
    n_candidates : int
        Candidates that were simulated.
    identification : Identification
    responses : list of (izhisyn.fitting.sweeps.Sweep, numpy.ndarray, numpy.ndarray, numpy.ndarray)
        Each sweep with the spike times [ms], the sampling times [ms] and voltage [mV] of the best
        cell.
    settings : dict
        What the search depended on.
    ended : str
        Why it ended.
    """

    model: str
    parameters: dict
    free: tuple
    ranges: dict
    start: str
    loss: float
    scores: dict
    history: list
    n_candidates: int
    identification: Identification
    responses: list
    settings: dict
    ended: str

    @property
    def neuron_model(self):
        """NEST model of the cell, with receptors."""
        return MODELS[self.model].created

    @property
    def neuron_parameters(self):
        """Parameters as ``nest.Create`` takes them, with the state in which the cell rests."""
        cell_model = MODELS[self.model]
        parameters = {name: value for name, value in self.parameters.items() if name != "gain"}
        arrays = {name: np.array([value]) for name, value in parameters.items()}
        state = cell_model.resting_state(arrays, arrays["I_e"])
        return parameters | {name: float(values[0]) for name, values in state.items()}

    @checked(part=checks.one_of(("fit", "held_out")), name=checks.one_of(SCORES))
    def mean_score(self, part, name):
        """Mean of a score over the sweeps of ``fit`` or ``held_out``; None without sweeps."""
        values = [sweep[name] for sweep in self.scores[part]]
        return float(np.mean(values)) if values else None

    def as_json(self):
        """Everything but the responses, as JSON can hold it."""
        return {
            "model": self.model,
            "neuron_model": self.neuron_model,
            "parameters": {name: _finite(value) for name, value in self.parameters.items()},
            "units": {name: MODELS[self.model].units[name] for name in self.parameters},
            "free": {name: list(self.ranges[name]) for name in self.free},
            "start": self.start,
            "loss": self.loss,
            "mean_gamma": {part: self.mean_score(part, "gamma") for part in self.scores},
            "scores": self.scores,
            "identification": {
                "n_candidates": self.identification.n_candidates,
                "intervals": {k: list(v) for k, v in self.identification.intervals.items()},
                "correlations": [
                    [*pair, value] for pair, value in self.identification.correlations.items()
                ],
                "warnings": list(self.identification.warnings),
            },
            "n_generations": len(self.history),
            "n_candidates": self.n_candidates,
            "history": [list(losses) for losses in self.history],
            "ended": self.ended,
            "settings": self.settings,
            "versions": versions(),
        }

    def snippet(self):
        """Ten lines of PyNEST that create the cell and let it answer a current."""
        lines = [
            "import nest",
            "",
            'nest.Install("izhisynmodule")',
            f"parameters = {_literal(self.neuron_parameters)}",
            f'cell = nest.Create("{self.neuron_model}", params=parameters)',
        ]
        amplitude = "100.0"
        if "gain" in self.parameters:
            gain = self.parameters["gain"]
            lines.append(f"gain = {gain:.6g}  # model's current for each pA recorded")
            amplitude = f"{amplitude} * gain"
        lines += [
            f'current = nest.Create("dc_generator", params={{"amplitude": {amplitude}}})  # pA',
            'spikes = nest.Create("spike_recorder")',
            "nest.Connect(current, cell)",
            "nest.Connect(cell, spikes)",
            "nest.Simulate(1000.0)",
            'print(spikes.events["times"])',
        ]
        return "\n".join(lines) + "\n"


def identify(ranges, points, losses, tolerance=AS_GOOD):
    """Find out how far the candidates that are as good as the best one differ.

    A search sees more of the neighbourhood of its path than a last generation shows, which has
    shrunk to a point by then.

    Parameters
    ----------
    ranges : sequence of izhisyn.fitting.cells.Range
    points : numpy.ndarray, shape (n_candidates, n_parameters)
        All candidates, as fractions of the ranges.
    losses : numpy.ndarray, shape (n_candidates,)
    tolerance : float
        Loss above that of the best one.

    Returns
    -------
    Identification
    """
    good = points[losses <= losses.min() + tolerance]
    intervals, correlations, warnings = {}, {}, []
    for column, one in enumerate(ranges):
        low, high = good[:, column].min(), good[:, column].max()
        intervals[one.name] = float(one.from_unit(low)), float(one.from_unit(high))
        if high - low > _WIDE:
            warnings.append(
                f"{one.name} is not determined: from {intervals[one.name][0]:.3g} to "
                f"{intervals[one.name][1]:.3g} the fit is as good"
            )
        if min(points[np.argmin(losses), column], 1 - points[np.argmin(losses), column]) < 0.01:
            warnings.append(f"{one.name} is at its bound; widen the bounds of {one.name}")
    if len(good) < _FEWEST:
        warnings.append(
            f"only {len(good)} of the candidates are as good as the best; the search may not have "
            f"converged, go on with --resume"
        )
    elif len(ranges) > 1:
        with np.errstate(invalid="ignore"):
            matrix = np.corrcoef(good.T)
        for row, column in zip(*np.triu_indices(len(ranges), 1), strict=True):
            if abs(matrix[row, column]) > _CORRELATED:
                pair = ranges[row].name, ranges[column].name
                correlations[pair] = float(matrix[row, column])
                warnings.append(
                    f"{pair[0]} and {pair[1]} are determined together only (correlation "
                    f"{matrix[row, column]:.2f}); fix one of them"
                )
    return Identification(len(good), intervals, correlations, tuple(warnings))


def versions():
    """Give the versions that a result depends on."""
    names = ("nest-simulator", "numpy", "cma")
    found = {"izhisyn": izhisyn.__version__, "python": platform.python_version()}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None  # such as a NEST built from source
    return found


def _finite(value):
    """Give infinity as the text that float() reads, because JSON has none."""
    return value if math.isfinite(value) else str(value)


def _literal(parameters):
    texts = (
        f'"{name}": ' + (f"{value:.6g}" if math.isfinite(value) else f'float("{value}")')
        for name, value in parameters.items()
    )
    return "{" + ", ".join(texts) + "}"
