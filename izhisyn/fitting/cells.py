# SPDX-License-Identifier: GPL-2.0-or-later
"""The models that can be fitted: their parameters, where these may lie, and how a cell rests."""

from dataclasses import dataclass

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import ParameterError
from izhisyn.parameters import CELL_TYPES, CELL_TYPES_2007

# A current of the 2003 model has no unit; the paper's figures use 10.
_TYPICAL_CURRENT_2003 = 10.0
# How far beyond the published cells the default bounds go: a factor for what is drawn on a
# logarithmic axis, for others the width of the published range on each side.
_FACTOR = 3.0


@dataclass(frozen=True)
class Range:
    """Where a free parameter may lie.

    Attributes
    ----------
    name : str
    low, high : float
        Bounds.
    is_logarithmic : bool
        Whether it is searched for on a logarithmic axis.
    """

    name: str
    low: float
    high: float
    is_logarithmic: bool = False

    def to_unit(self, values):
        """Map the range to 0 ... 1."""
        low, high, values = (self._axis(one) for one in (self.low, self.high, values))
        return (values - low) / (high - low)

    def from_unit(self, fractions):
        """Map 0 ... 1 to the range."""
        low, high = self._axis(self.low), self._axis(self.high)
        values = low + (high - low) * np.asarray(fractions)
        return np.clip(np.exp(values) if self.is_logarithmic else values, self.low, self.high)

    def _axis(self, values):
        return np.log(values) if self.is_logarithmic else np.asarray(values, dtype=float)


@dataclass(frozen=True)
class CellModel:
    """A model to fit.

    Attributes
    ----------
    name : str
        "2003" or "2007".
    simulated : str
        NEST model that is simulated.
    created : str
        NEST model with receptors, for networks, of the same cell.
    free : tuple of str
        Parameters that are free unless others are named.
    logarithmic : frozenset of str
        Those whose size matters more than their difference.
    units : dict of str to str
        Units of the parameters.
    types : dict of str to dict
        Parameters of the published cells.
    peak : str
        Name of the parameter at which a spike is over.
    silent : dict of str to float
        Parameters and state with which a cell does not fire, and costs no more than others.
    """

    name: str
    simulated: str
    created: str
    free: tuple
    logarithmic: frozenset
    units: dict
    types: dict
    peak: str
    silent: dict

    def default_range(self, name, strongest_current):
        """Bounds of a parameter around those of the published cells.

        Parameters
        ----------
        name : str
        strongest_current : float
            Largest amplitude of the recording [pA].

        Returns
        -------
        Range
        """
        if name == "gain":
            gain = typical_gain(strongest_current)
            return Range(name, gain / 30.0, 30.0 * gain, is_logarithmic=True)
        if name == "I_e":
            # The current through a resting cell: of the size of what makes it fire.
            limit = 2.0 * _TYPICAL_CURRENT_2003 if self.name == "2003" else strongest_current
            return Range(name, -limit, limit)
        published = [cell[name] for cell in self.types.values()]
        low, high = min(published), max(published)
        if name in self.logarithmic:
            return Range(name, low / _FACTOR, high * _FACTOR, is_logarithmic=True)
        width = high - low
        return Range(name, low - width, high + width)

    def resting_state(self, parameters, current):
        """State in which cells rest under a current; where V_m changes least, if they cannot.

        Parameters
        ----------
        parameters : dict of str to numpy.ndarray, shape (n_cells,)
            All of the model's parameters.
        current : numpy.ndarray, shape (n_cells,)
            In the model's unit [pA].

        Returns
        -------
        dict of str to numpy.ndarray, shape (n_cells,)
            ``V_m`` and ``U_m``.
        """
        drift, steady = _LAWS[self.name](parameters)
        grid = np.linspace(-200.0, 0.0, 401)[:, np.newaxis]  # [mV]
        slope = drift(grid) - steady(grid) + current
        # The lowest rest is where the slope first falls below 0; bisection makes it exact.
        crosses = (slope[:-1] > 0.0) & (slope[1:] <= 0.0)
        rests = crosses.any(axis=0)
        row = np.where(rests, np.argmax(crosses, axis=0), np.argmin(slope[:-1], axis=0))
        low, high = grid[row, 0], grid[row + 1, 0]
        for _ in range(50):
            middle = 0.5 * (low + high)
            is_above = drift(middle) - steady(middle) + current > 0.0
            low, high = np.where(is_above, middle, low), np.where(is_above, high, middle)
        V_m = np.where(rests, 0.5 * (low + high), grid[row, 0])
        V_m = np.minimum(V_m, parameters[self.peak] - 1.0)
        return {"V_m": V_m, "U_m": steady(V_m)}


def typical_gain(strongest_current):
    """Gain with which the strongest current of a recording is that of the paper's figures."""
    return _TYPICAL_CURRENT_2003 / strongest_current if strongest_current > 0.0 else 1.0


def _law_2003(p):
    return (
        lambda v: (0.04 * v + 5.0) * v + 140.0,
        lambda v: p["b"] * v,
    )


def _law_2007(p):
    def steady(v):
        linear = p["b_ratio"] * (v - p["v_r"]) + (1.0 - p["b_ratio"]) * np.minimum(v - p["v_b"], 0)
        return p["b"] * linear + p["b_cubic"] * np.maximum(v - p["v_b"], 0.0) ** 3

    return lambda v: p["k"] * (v - p["v_r"]) * (v - p["v_t"]), steady


_LAWS = {"2003": _law_2003, "2007": _law_2007}

MODELS = {
    "2003": CellModel(
        name="2003",
        simulated="izhikevich_psc_delta_neuron",
        created="izhikevich_psc_multisyn_neuron",
        free=("a", "b", "c", "d", "gain", "I_e"),
        logarithmic=frozenset({"a", "gain"}),
        units={"a": "1/ms", "b": "1/mV", "c": "mV", "d": "1", "gain": "1/pA", "I_e": "pA"}
        | {"V_th": "mV"},
        types={
            name: cell.parameters | {"V_th": 30.0, "I_e": 0.0, "gain": 1.0}
            for name, cell in CELL_TYPES.items()
        },
        peak="V_th",
        silent={"a": 0.0, "U_m": 250.0, "V_m": -140.0},  # U stays, V is near its rest
    ),
    "2007": CellModel(
        name="2007",
        simulated="izhikevich2007_cond_multisyn_neuron",
        created="izhikevich2007_cond_multisyn_neuron",
        free=("C", "k", "v_r", "v_t", "a", "b", "c", "d"),
        logarithmic=frozenset({"C", "k", "a"}),
        units={"C": "pF", "k": "nS/mV", "v_r": "mV", "v_t": "mV", "v_peak": "mV", "a": "1/ms"}
        | {"b": "nS", "c": "mV", "d": "pA", "I_e": "pA", "v_b": "mV", "b_ratio": "1"}
        | {"b_cubic": "pA/mV^3", "v_peak_U": "mV/pA", "c_U": "mV/pA", "U_max": "pA"},
        types={name: cell.parameters | {"I_e": 0.0} for name, cell in CELL_TYPES_2007.items()},
        peak="v_peak",
        silent={"C": 1e12, "a": 0.0, "U_m": 0.0, "V_m": -80.0},  # V and U stay
    ),
}


def check_bounds(value):
    """Allow a dictionary of pairs of numbers, the lower one first."""
    text = "give for each parameter its lower and its upper bound, such as {'a': (0.01, 0.2)}"
    if checks.dictionary(value):
        return text
    for pair in value.values():
        fault = checks.array("1d")(pair)
        if fault or len(pair) != 2 or not pair[0] < pair[1]:
            return text
    return None


def check_numbers(value):
    """Allow a dictionary of numbers, infinity among them."""
    fault = checks.dictionary(value)
    if fault or any(checks.number(finite=False)(number) for number in value.values()):
        return "give numbers by the names of parameters, such as {'a': 0.02}"
    return None


@dataclass(frozen=True)
class Start:
    """Where a search begins.

    Attributes
    ----------
    name : str
        That of a published cell, or "given".
    parameters : dict of str to float
        All parameters of the model.
    step : float
        How far from it the first candidates are, a standard deviation over the width of the bounds.
    """

    name: str
    parameters: dict
    step: float = 0.1


@checked(
    model=checks.one_of(MODELS),
    strongest_current=checks.number(0, unit="pA"),
    free=checks.sequence_of(checks.text, 1, "names of parameters"),
    bounds=check_bounds,
    fixed=check_numbers,
)
def search_space(model, strongest_current, free=None, bounds=None, start=None, fixed=None):
    """Ranges of the free parameters, and where the search begins.

    Parameters
    ----------
    model : str
        "2003" or "2007".
    strongest_current : float
        Largest amplitude of the recording [pA].
    free : sequence of str, optional
        Free parameters; the model's own if not given.
    bounds : dict of str to (float, float), optional
        Bounds of free parameters.
    start : str or dict of str to float, optional
        A published cell, or values of parameters; each published cell if not given.
    fixed : dict of str to float, optional
        Values of parameters that are not free.

    Returns
    -------
    ranges : list of Range
    starts : list of Start

    Raises
    ------
    ParameterError
        If a parameter is unknown, or a start is outside of the bounds.
    """
    cell_model = MODELS[model]
    bounds, fixed = dict(bounds or {}), dict(fixed or {})
    free = [name for name in cell_model.free if name not in fixed] if free is None else list(free)
    for name in (*free, *bounds, *fixed, *(start if isinstance(start, dict) else ())):
        if name not in cell_model.units:
            raise ParameterError(
                f"the model {model} has no parameter {name!r}; choose from "
                f"{', '.join(cell_model.units)}"
            )
    for name in bounds:
        if name not in free:
            raise ParameterError(
                f"bounds are given for {name}, which is not free; add it to the free parameters"
            )
    for name in fixed:
        if name in free:
            raise ParameterError(f"{name} is both free and fixed; choose one of these")
    ranges = [_range(cell_model, name, bounds, strongest_current) for name in free]
    starts = _starts(cell_model, ranges, start, fixed, strongest_current)
    return ranges, starts


def _range(cell_model, name, bounds, strongest_current):
    if name not in bounds:
        return cell_model.default_range(name, strongest_current)
    low, high = map(float, bounds[name])
    is_logarithmic = name in cell_model.logarithmic and low > 0.0
    return Range(name, low, high, is_logarithmic)


def _starts(cell_model, ranges, start, fixed, strongest_current):
    types = cell_model.types
    if isinstance(start, str):
        if start not in types:
            raise ParameterError(
                f"start is {start!r}, no published cell; choose one of {', '.join(types)}, or give "
                f"values of parameters"
            )
        types = {start: types[start]}
    given = {}
    if isinstance(start, dict):
        fault = check_numbers(start)
        if fault:
            raise ParameterError(f"start is {start!r}; {fault}")
        given = {name: float(value) for name, value in start.items()}
        types = {"given": types["RS"]}
    elif start is not None and not isinstance(start, str):
        raise ParameterError(
            f"start is {start!r}; give the name of a published cell or values of parameters"
        )
    gain = {"gain": typical_gain(strongest_current)} if cell_model.name == "2003" else {}
    starts = []
    for name, parameters in types.items():
        parameters = parameters | gain | fixed | given
        for one in ranges:
            value = parameters[one.name]
            if one.low <= value <= one.high:
                continue
            if one.name in given:
                raise ParameterError(
                    f"the start {one.name} = {value:g} is outside of its bounds {one.low:g} to "
                    f"{one.high:g}; move one of them"
                )
            parameters[one.name] = float(np.clip(value, one.low, one.high))
        starts.append(Start(name, parameters))
    return starts
