# SPDX-License-Identifier: GPL-2.0-or-later
"""The twenty panels of Izhikevich (2004), figure 1, and how each property is recognised.

Inputs and initial values are those of the author's script of the figure (figure1.m, which is part
of izhi2003.m in OpenSourceBrain/IzhikevichModel), the cells `izhisyn.parameters.PROPERTY_CELLS`.
Whether a course shows a property follows from the requirements in `PROPERTIES`: bounds of features
of its spikes and its membrane potential, in a window of time.

References
----------
E. M. Izhikevich, "Which model to use for cortical spiking neurons?", IEEE Transactions on Neural
Networks 15(5), 2004.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from izhisyn import analysis, checks
from izhisyn.checks import checked
from izhisyn.parameters import PROPERTY_CELLS, PropertyCell

BURST = 15.0  # longest interval between spikes of a burst [ms]


@dataclass(frozen=True)
class Panel:
    """What one panel of the figure shows.

    Attributes
    ----------
    cell : izhisyn.parameters.PropertyCell
    V_0 : float
        Initial membrane potential [mV].
    current : tuple of (float, float, float)
        Start of each piece [ms], the current there [pA] and its slope [pA/ms]; 1 pA is one unit of
        the paper's I.
    duration : float
        Length of the trace [ms].
    tau : float
        Time step of the author's script [ms].
    U_0 : float, optional
        Initial recovery variable, b V_0 if not given.
    """

    cell: PropertyCell
    V_0: float
    current: tuple
    duration: float
    tau: float = 0.25
    U_0: float | None = None

    @property
    def initial_state(self):
        """``V_m`` [mV] and ``U_m``."""
        state = self.cell.initial_state(self.V_0)
        return state if self.U_0 is None else state | {"U_m": self.U_0}


def _step(time, amplitude):
    """Pieces of a current that steps from 0 to an amplitude [pA] at a time [ms]."""
    return ((0.0, 0.0, 0.0), (time, amplitude, 0.0))


def _pulses(amplitude, *windows, base=0.0):
    """Pieces of a current [pA] that leaves its base in windows of (start, stop) [ms]."""
    pieces = [(0.0, base, 0.0)]
    for start, stop in windows:
        pieces += [(start, amplitude, 0.0), (stop, base, 0.0)]
    return tuple(pieces)


_CLASS_1_RAMP = ((0.0, 0.0, 0.0), (30.0, 0.0, 0.075))
_CLASS_2_RAMP = ((0.0, -0.5, 0.0), (30.0, -0.5, 0.015))
# Two doublets, a close and a wide one. The script starts the close one of L at 100 / 11 ms; on its
# grid that is the same.
_K_PULSES = _pulses(0.65, (40.0, 44.0), (60.0, 64.0), (280.0, 284.0), (320.0, 324.0))
_L_PULSES = _pulses(9.0, (9.1, 11.1), (14.1, 16.1), (70.0, 72.0), (80.0, 82.0))
_O_PULSES = (
    *_pulses(1.0, (10.0, 15.0)),
    *((70.0, -6.0, 0.0), (75.0, 0.0, 0.0), (80.0, 1.0, 0.0), (85.0, 0.0, 0.0)),
)
_R_RAMPS = (
    *((0.0, 0.0, 1 / 25), (200.0, 0.0, 0.0)),
    *((300.0, 0.0, 4 / 12.5), (312.5, 0.0, 0.0)),
)
_INHIBITION = _pulses(75.0, (50.0, 250.0), base=80.0)


def _bistable_current(second_pulse):
    """Pieces of the current of P, with its second pulse at a time [ms]."""
    windows = ((37.5, 42.5), (second_pulse, second_pulse + 5.0))
    return _pulses(1.24, *windows, base=0.24)


PANELS = {
    panel.cell.name: panel
    for panel in (
        Panel(PROPERTY_CELLS["A"], -70.0, _step(10.0, 14.0), 100.0),
        Panel(PROPERTY_CELLS["B"], -64.0, _step(20.0, 0.5), 200.0),
        Panel(PROPERTY_CELLS["C"], -70.0, _step(22.0, 15.0), 220.0),
        Panel(PROPERTY_CELLS["D"], -64.0, _step(20.0, 0.6), 200.0, tau=0.2),
        Panel(PROPERTY_CELLS["E"], -70.0, _step(16.0, 10.0), 160.0),
        Panel(PROPERTY_CELLS["F"], -70.0, _step(8.5, 30.0), 85.0),
        Panel(PROPERTY_CELLS["G"], -60.0, _CLASS_1_RAMP, 300.0),
        Panel(PROPERTY_CELLS["H"], -64.0, _CLASS_2_RAMP, 300.0),
        Panel(PROPERTY_CELLS["I"], -70.0, _pulses(7.04, (10.0, 13.0)), 100.0, tau=0.2),
        Panel(PROPERTY_CELLS["J"], -62.0, _pulses(2.0, (20.0, 25.0)), 200.0),
        Panel(PROPERTY_CELLS["K"], -62.0, _K_PULSES, 400.0),
        Panel(PROPERTY_CELLS["L"], -60.0, _L_PULSES, 100.0),
        Panel(PROPERTY_CELLS["M"], -64.0, _pulses(-15.0, (20.0, 25.0)), 200.0, tau=0.2),
        Panel(PROPERTY_CELLS["N"], -64.0, _pulses(-15.0, (20.0, 25.0)), 200.0, tau=0.2),
        Panel(PROPERTY_CELLS["O"], -64.0, _O_PULSES, 100.0),
        Panel(PROPERTY_CELLS["P"], -61.0, _bistable_current(216.0), 300.0),
        Panel(PROPERTY_CELLS["Q"], -70.0, _pulses(20.0, (9.0, 11.0)), 50.0, tau=0.1),
        Panel(PROPERTY_CELLS["R"], -65.0, _R_RAMPS, 400.0, tau=0.5, U_0=-16.0),
        Panel(PROPERTY_CELLS["S"], -63.8, _INHIBITION, 350.0, tau=0.5),
        Panel(PROPERTY_CELLS["T"], -63.8, _INHIBITION, 350.0, tau=0.5),
    )
}
# The converged firing of P has another phase; this pulse meets it as the script's does its own.
RETIMED_PANEL = replace(PANELS["P"], current=_bistable_current(207.0))


@dataclass(frozen=True)
class Course:
    """What a cell does.

    Attributes
    ----------
    times, V_m : numpy.ndarray, shape (n_samples,)
        Times [ms] and membrane potential [mV].
    spikes : numpy.ndarray, shape (n_spikes,)
        Spike times [ms].
    """

    times: np.ndarray
    V_m: np.ndarray
    spikes: np.ndarray

    @checked(start=checks.number(unit="ms"), stop=checks.number(unit="ms", finite=False))
    def window(self, start, stop):
        """Cut out the course from a time to another [ms]."""
        samples = (self.times >= start) & (self.times < stop)
        spikes = (self.spikes >= start) & (self.spikes < stop)
        return Course(self.times[samples], self.V_m[samples], self.spikes[spikes])

    @checked(name=checks.one_of(PANELS))
    def shows(self, name):
        """Decide whether the course shows the property of a panel, see `PROPERTIES`."""
        return all(requirement.is_met_by(self) for requirement in PROPERTIES[name])


@dataclass(frozen=True)
class Requirement:
    """Bounds of a feature.

    Attributes
    ----------
    feature : str
        One of the keys of ``FEATURES``.
    low, high : float
        Bounds of the feature, both allowed.
    start, stop : float
        Window of time in which the feature is taken [ms].
    """

    feature: str
    low: float = -math.inf
    high: float = math.inf
    start: float = 0.0
    stop: float = math.inf

    @checked(course=checks.instance(Course, "a Course"))
    def is_met_by(self, course):
        """Decide whether a course has the feature; one without a value has not."""
        value = FEATURES[self.feature](course.window(self.start, self.stop))
        return bool(self.low <= value <= self.high)


def _last_interval_ratio(course):
    intervals = np.diff(course.spikes)
    return intervals[-1] / intervals[-2] if intervals.size >= 2 else math.nan


def _silence_at_end(course):
    intervals = np.diff(course.spikes)
    return (course.times[-1] - course.spikes[-1]) / intervals[-1] if intervals.size else math.nan


def _burst_sizes(course):
    return [len(burst) for burst in analysis.bursts(course.spikes, BURST)]


def _maxima_after_spike(course):
    V_m = course.V_m[course.times > course.spikes[0] + 10.0] if course.spikes.size else np.empty(0)
    return np.sum((V_m[1:-1] > V_m[:-2]) & (V_m[1:-1] >= V_m[2:]))


def _peak_after_spike(course):
    after = course.V_m[course.times > course.spikes[0] + 0.5] if course.spikes.size else np.empty(0)
    return after.max(initial=-math.inf)


FEATURES = {
    "spikes": lambda course: course.spikes.size,
    "first spike": lambda course: course.spikes[0] if course.spikes.size else math.nan,  # [ms]
    "last spike": lambda course: course.spikes[-1] if course.spikes.size else math.nan,  # [ms]
    "first interval": lambda course: (
        course.spikes[1] - course.spikes[0] if course.spikes.size > 1 else math.nan
    ),  # [ms]
    # Smallest and largest change from one interval to the next [ms].
    "least growth": lambda course: np.diff(course.spikes, 2).min(initial=math.inf),
    "most growth": lambda course: np.diff(course.spikes, 2).max(initial=-math.inf),
    "last interval ratio": _last_interval_ratio,  # of the last two intervals [1]
    "silence at the end": _silence_at_end,  # in last intervals [1]
    "bursts": lambda course: len(_burst_sizes(course)),
    "spikes of the first burst": lambda course: (_burst_sizes(course) or [0])[0],
    "fewest spikes of a burst": lambda course: min(_burst_sizes(course), default=0),
    "most spikes of a later burst": lambda course: max(_burst_sizes(course)[1:], default=0),
    "maxima after the spike": _maxima_after_spike,  # of V_m, from 10 ms after it on
    "peak after the spike": _peak_after_spike,  # of V_m, from 0.5 ms after it on [mV]
    "V_m at the end": lambda course: course.V_m[-1],  # [mV]
}


def _exactly(count, feature, start=0.0, stop=math.inf):
    return Requirement(feature, count, count, start, stop)


_TRAIN = Requirement("spikes", low=4)
_ONE_SPIKE = _exactly(1, "spikes")
_ONE_BURST = (_exactly(1, "bursts"), Requirement("spikes", low=3))
_STEP = 0.01  # a change of interval by less is none [ms]
PROPERTIES = {
    # As long as the current lasts, in the end regularly.
    "A": (
        _TRAIN,
        Requirement("last interval ratio", 0.9, 1.1),
        Requirement("silence at the end", high=1.1),
    ),
    "B": (_ONE_SPIKE, Requirement("first spike", high=50.0)),
    "C": (Requirement("bursts", low=3), Requirement("fewest spikes of a burst", low=3)),
    "D": (*_ONE_BURST, Requirement("last spike", high=100.0)),
    # A burst, and then single spikes.
    "E": (
        Requirement("bursts", low=3),
        Requirement("spikes of the first burst", low=2),
        _exactly(1, "most spikes of a later burst"),
    ),
    # Each interval is longer than the one before.
    "F": (_TRAIN, Requirement("least growth", low=_STEP)),
    # Along the ramp of the current, from a low rate, or at 40 spikes/s from the first.
    "G": (_TRAIN, Requirement("first interval", low=40.0), Requirement("most growth", high=-_STEP)),
    "H": (_TRAIN, Requirement("first interval", high=25.0)),
    # A while after the pulse, which ends at 13 ms.
    "I": (_ONE_SPIKE, Requirement("first spike", low=16.0)),
    "J": (_ONE_SPIKE, Requirement("maxima after the spike", low=3)),
    # Two pulses 40 ms apart fire the cell, two that are 20 ms apart do not.
    "K": (_exactly(0, "spikes", stop=320.0), _exactly(1, "spikes", 320.0, 360.0)),
    # Two pulses 5 ms apart fire the cell, two that are 10 ms apart do not.
    "L": (_ONE_SPIKE, _exactly(1, "spikes", 14.1, 30.0)),
    # After inhibition, which ends at 25 ms.
    "M": (_ONE_SPIKE, Requirement("first spike", low=25.0)),
    "N": (*_ONE_BURST, Requirement("first spike", low=25.0)),
    # A pulse fires the cell only if inhibition preceded it.
    "O": (_exactly(0, "spikes", stop=80.0), _exactly(1, "spikes", 80.0, 100.0)),
    # Rest, firing from the first pulse to the second, at 200 ms or later, and rest again.
    "P": (
        _exactly(0, "spikes", stop=37.5),
        Requirement("spikes", 3, start=37.5, stop=200.0),
        Requirement("silence at the end", high=1.1, start=37.5, stop=200.0),
        _exactly(0, "spikes", 230.0, 300.0),
    ),
    # V_m rises once more from its reset at -60 mV, and then goes to rest at -70 mV.
    "Q": (
        _ONE_SPIKE,
        Requirement("peak after the spike", low=-55.0),
        Requirement("V_m at the end", -71.0, -69.0),
    ),
    # The small, steep ramp after 300 ms fires the cell, the high, slow one does not.
    "R": (_exactly(0, "spikes", stop=300.0), _exactly(1, "spikes", 300.0, 325.0)),
    # While inhibited, from 50 to 250 ms; one spike under way may follow.
    "S": (
        _exactly(0, "spikes", stop=50.0),
        Requirement("spikes", 3, start=50.0, stop=250.0),
        _exactly(0, "spikes", 270.0, 350.0),
    ),
    "T": (
        Requirement("bursts", low=2),
        Requirement("fewest spikes of a burst", low=3),
        _exactly(0, "spikes", stop=50.0),
        _exactly(0, "spikes", start=250.0),
    ),
}
