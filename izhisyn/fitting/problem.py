# SPDX-License-Identifier: GPL-2.0-or-later
"""What is to be fitted to what, checked before anything is simulated or written."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import ParameterError
from izhisyn.fitting.cells import MODELS, CellModel, check_bounds, check_numbers, search_space
from izhisyn.fitting.estimate import starts_from_voltage
from izhisyn.fitting.scores import (
    PRECISION,
    WEIGHTS,
    check_precision,
    check_weights,
    errors,
    finest_needed,
    total,
)
from izhisyn.fitting.simulation import simulate_candidates
from izhisyn.fitting.sweeps import Sweep

VOLTAGE_INTERVAL = 1.0  # between two samples of a candidate's voltage [ms]


@dataclass(frozen=True)
class Problem:
    """Sweeps, a model, and where its parameters may lie; `pose` makes and checks it.

    Attributes
    ----------
    cell_model : izhisyn.fitting.cells.CellModel
    ranges : list of izhisyn.fitting.cells.Range
        Of the free parameters.
    starts : list of izhisyn.fitting.cells.Start
    fitted, held_out : list of izhisyn.fitting.sweeps.Sweep
    weights : dict of str to float
        Of the objectives.
    precision : float
        [ms]
    resolution : float
        Time step [ms].
    """

    cell_model: CellModel
    ranges: list
    starts: list
    fitted: list
    held_out: list
    weights: dict
    precision: float
    resolution: float

    @property
    def origins(self):
        """Starts as fractions of the ranges, shape (n_starts, n_parameters)."""
        return np.array(
            [
                [one.to_unit(start.parameters[one.name]) for one in self.ranges]
                for start in self.starts
            ]
        )

    def parameters(self, candidates):
        """All parameters of candidates.

        Parameters
        ----------
        candidates : izhisyn.fitting.search.Candidates

        Returns
        -------
        dict of str to numpy.ndarray, shape (n_candidates,)
        """
        parameters = {
            name: np.array([self.starts[row].parameters[name] for row in candidates.starts])
            for name in self.starts[0].parameters
        }
        free = {
            one.name: one.from_unit(candidates.points[:, column])
            for column, one in enumerate(self.ranges)
        }
        return parameters | free

    def losses(self, candidates, threads):
        """Simulate candidates in the fitted sweeps, and compare them.

        Parameters
        ----------
        candidates : izhisyn.fitting.search.Candidates
        threads : int

        Returns
        -------
        numpy.ndarray, shape (n_candidates,)
        """
        needs_voltage = self.weights.get("voltage", 0.0) > 0.0
        responses = simulate_candidates(
            self.cell_model,
            self.parameters(candidates),
            self.fitted,
            self.resolution,
            threads,
            record=[needs_voltage and one.voltage is not None for one in self.fitted],
            interval=VOLTAGE_INTERVAL,
        )
        return self.weighted(responses)

    def weighted(self, responses):
        """Weighted errors of responses to the fitted sweeps, shape (n_candidates,)."""
        pairs = zip(responses, self.fitted, strict=True)
        own = [errors(*pair, self.weights, self.precision) for pair in pairs]
        return total(own, self.weights)

    def final_responses(self, candidate, threads):
        """Simulate one candidate in all sweeps and record every step.

        Parameters
        ----------
        candidate : izhisyn.fitting.search.Candidates
            With one point.
        threads : int

        Returns
        -------
        list of izhisyn.fitting.scores.Responses
            To the fitted sweeps, then to those held out.
        """
        sweeps = [*self.fitted, *self.held_out]
        return simulate_candidates(
            self.cell_model,
            self.parameters(candidate),
            sweeps,
            self.resolution,
            threads,
            record=[True] * len(sweeps),
            interval=self.resolution,
        )

    def settings(self):
        """Give what the losses depend on, besides sweeps and ranges."""
        return {
            "weights": self.weights,
            "precision": self.precision,
            "held_out": [one.name for one in self.held_out],
            "resolution": self.resolution,
        }

    def digest(self):
        """Sum up all that the losses depend on."""
        digest = hashlib.sha256()
        ranges, starts = ([vars(one) for one in part] for part in (self.ranges, self.starts))
        plain = [self.cell_model.name, ranges, starts, self.settings()]
        digest.update(json.dumps(plain, sort_keys=True).encode())
        for one in self.fitted:
            digest.update(json.dumps([one.name, one.duration, one.holding, one.interval]).encode())
            for values in (one.current, one.spike_times, one.voltage):
                digest.update(b"-" if values is None else np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


def _name_or_values(value):
    is_name = isinstance(value, str) and value
    return None if is_name else check_numbers(value)


@checked(
    sweeps=checks.sequence_of(checks.instance(Sweep, "sweeps"), 1, "a list of sweeps"),
    model=checks.one_of(MODELS),
    held_out=checks.sequence_of(checks.text, what="names of sweeps"),
    free=checks.sequence_of(checks.text, 1, "names of parameters"),
    bounds=check_bounds,
    start=_name_or_values,
    fixed=check_numbers,
    weights=check_weights,
    precision=checks.number(above=0, unit="ms"),
    resolution=checks.number(above=0, unit="ms"),
)
def pose(
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
):
    """Say what is to be fitted; the parameters are those of `izhisyn.fitting.fit`.

    Returns
    -------
    Problem

    Raises
    ------
    ParameterError
        If nothing can be fitted to these sweeps.
    """
    cell_model = MODELS[model]
    weights = dict(WEIGHTS if weights is None else weights)
    fitted, tested = _split(sweeps, held_out)
    if precision is None:
        precision = min(PRECISION, *(finest_needed(one) for one in sweeps))
    _check(fitted, tested, weights, precision)
    fixed = _with_recorded_peak(cell_model, fixed, free, fitted)
    strongest = max(np.abs(one.current[:, 1]).max() for one in fitted)
    ranges, starts = search_space(model, float(strongest), free, bounds, start, fixed)
    _check_cells(cell_model, ranges, starts)
    if not isinstance(start, dict):
        starts = [*starts_from_voltage(cell_model, ranges, starts, fitted), *starts]
    return Problem(
        cell_model=cell_model,
        ranges=ranges,
        starts=starts,
        fitted=fitted,
        held_out=tested,
        weights=weights,
        precision=float(precision),
        resolution=float(resolution),
    )


def _split(sweeps, held_out):
    names = [one.name for one in sweeps]
    for name in held_out:
        if name not in names:
            raise ParameterError(
                f"held_out names {name!r}, which is no sweep; choose from {', '.join(names)}"
            )
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise ParameterError(
            f"sweeps has several named {min(doubled)!r}; give each a name of its own"
        )
    fitted = [one for one in sweeps if one.name not in held_out]
    if not fitted:
        raise ParameterError(
            f"held_out has all sweeps, {', '.join(names)}; leave at least one to be fitted"
        )
    return fitted, [one for one in sweeps if one.name in held_out]


def _check(fitted, tested, weights, precision):
    for one in (*fitted, *tested):
        check_precision(one.spike_times, one.duration, precision)
    if not any(one.spike_times.size for one in fitted):
        raise ParameterError(
            "there is no spike in any sweep that is fitted; give sweeps in which the cell fires, "
            "or a lower spike_threshold if the voltage shows spikes"
        )
    has_spike_objective = any(weight for name, weight in weights.items() if name != "voltage")
    for one in fitted:
        if one.voltage is None and not has_spike_objective:
            raise ParameterError(
                f"the only objective is voltage and {one.name} has none; give it a voltage, or a "
                f"weight to gamma"
            )


def _with_recorded_peak(cell_model, fixed, free, fitted):
    """Take the peak of recorded spikes, which say where the upstroke is over."""
    fixed = dict(fixed or {})
    if cell_model.name == "2003" or cell_model.peak in fixed or cell_model.peak in (free or ()):
        return fixed
    peaks = [
        one.voltage[max(0, round(time / one.interval)) :][: max(2, round(2.0 / one.interval))].max()
        for one in fitted
        if one.voltage is not None
        for time in one.spike_times
        if time < one.duration - one.interval
    ]
    # A voltage without the peaks, as models record it, stays below 0 mV.
    if peaks and np.median(peaks) > 0.0:
        fixed[cell_model.peak] = float(np.median(peaks))
    return fixed


def _check_cells(cell_model, ranges, starts):
    """Refuse cells that the model would refuse."""
    highest = {one.name: one.high for one in ranges}
    lowest = {one.name: one.low for one in ranges}
    for cell in starts:
        reset = highest.get("c", cell.parameters["c"])
        peak = lowest.get(cell_model.peak, cell.parameters[cell_model.peak])
        if reset >= peak:
            raise ParameterError(
                f"c up to {reset:g} mV is not below {cell_model.peak} = {peak:g} mV; lower the "
                f"upper bound of c"
            )
    for name in ("C", "k"):
        if lowest.get(name, 1.0) <= 0.0:
            raise ParameterError(
                f"the lower bound of {name} is {lowest[name]:g}; choose one above 0"
            )
