# SPDX-License-Identifier: GPL-2.0-or-later
"""What was recorded: an injected current, and the spikes and the voltage that it caused."""

from dataclasses import dataclass

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import ParameterError

SPIKE_THRESHOLD = -10.0  # voltage whose upward crossing is a spike [mV]

# Beyond these, no cell is recorded: the numbers are in another unit.
_FAINTEST_CURRENT = 1.0  # [pA]
_STRONGEST_CURRENT = 1e5  # [pA]
_SMALLEST_VOLTAGE = 1.0  # [mV]
_LARGEST_VOLTAGE = 500.0  # [mV]
_SHORTEST_SWEEP = 5.0  # [ms]
_LONGEST_INTERVAL = 5.0  # between two samples of a voltage [ms]


@dataclass(frozen=True)
class Sweep:
    """One sweep of a recording; `sweep` makes and checks it.

    Attributes
    ----------
    name : str
    duration : float
        [ms]
    current : numpy.ndarray, shape (n_steps, 2)
        Times [ms], the first 0, from which an amplitude [pA] holds.
    holding : float
        Current before the sweep, under which the cell had come to rest [pA].
    spike_times : numpy.ndarray, shape (n_spikes,)
        In ascending order [ms].
    voltage : numpy.ndarray of shape (n_samples,) or None
        Membrane potential [mV].
    interval : float or None
        Time between two samples of the voltage, the first of which is at 0 [ms].
    """

    name: str
    duration: float
    current: np.ndarray
    holding: float
    spike_times: np.ndarray
    voltage: np.ndarray | None = None
    interval: float | None = None

    @property
    def rate(self):
        """Firing rate [spikes/s]."""
        return 1000.0 * self.spike_times.size / self.duration

    @checked(resolution=checks.number(above=0, unit="ms"))
    def current_in_steps(self, resolution):
        """Mean current in each step of a simulation.

        Parameters
        ----------
        resolution : float
            Length of a step [ms].

        Returns
        -------
        numpy.ndarray, shape (n_steps,)
            [pA]
        """
        times, amplitudes = self.current.T
        ends = np.append(times, np.inf)
        # The charge since the start is linear between the changes; its differences are exact.
        charge = np.concatenate([[0.0], np.cumsum(amplitudes[:-1] * np.diff(times))])
        grid = resolution * np.arange(n_steps(self.duration, resolution) + 1)
        row = np.searchsorted(ends, grid, side="right") - 1
        return np.diff(charge[row] + amplitudes[row] * (grid - times[row])) / resolution

    @checked(times=checks.array("1d"))
    def voltage_at(self, times):
        """Voltage at other times than those of its samples, by straight lines [mV]."""
        return np.interp(times, self.interval * np.arange(self.voltage.size), self.voltage)


def n_steps(duration, resolution):
    """Count the whole steps in a duration, which may have been rounded."""
    return int(duration / resolution + 1e-6)


@checked(
    duration=checks.number(above=0, unit="ms"),
    spike_times=checks.array("1d"),
    voltage=checks.array("1d"),
    interval=checks.number(above=0, unit="ms"),
    holding=checks.number(unit="pA"),
    spike_threshold=checks.number(unit="mV"),
    name=checks.text,
)
def sweep(
    current,
    duration=None,
    spike_times=None,
    voltage=None,
    interval=None,
    holding=None,
    spike_threshold=SPIKE_THRESHOLD,
    name="sweep",
):
    """Make a sweep of a recording, and refuse what cannot be one.

    Parameters
    ----------
    current : float, sequence of (float, float), or array_like of shape (n_samples,)
        Injected current [pA]: constant; pairs of a time [ms] and the amplitude from then on, the
        first at 0; or samples, each of which holds for `interval`.
    duration : float, optional
        Length of the sweep [ms]; that of the samples of the current or voltage if not given.
    spike_times : array_like, shape (n_spikes,), optional
        Spike times [ms]; where the voltage crosses `spike_threshold` upwards if not given.
    voltage : array_like, shape (n_samples,), optional
        Membrane potential, the first sample at 0 [mV].
    interval : float, optional
        Time between two samples of the current and of the voltage [ms].
    holding : float, optional
        Current before the sweep, under which the cell had come to rest [pA]; 0 for a constant
        current, otherwise the first amplitude, if not given.
    spike_threshold : float
        Voltage whose upward crossing is a spike [mV].
    name : str
        Name of the sweep, for messages and figures.

    Returns
    -------
    Sweep

    Raises
    ------
    ParameterError
        If a value cannot be right, such as a current in another unit.
    """
    is_sampled = np.ndim(current) == 1
    current = _steps(name, current, interval)
    if duration is None:
        duration = _duration(name, current if is_sampled else None, voltage, interval)
    if voltage is not None:
        voltage = _checked_voltage(name, voltage, interval, duration)
    _check_duration(name, duration, current)
    _check_current(name, current)
    if spike_times is None:
        if voltage is None:
            raise ParameterError(
                f"{name} has neither spike_times nor a voltage; give one of them, an empty list "
                f"of spike_times for a cell that was silent"
            )
        spike_times = crossings(voltage, interval, spike_threshold)
    spike_times = np.sort(np.asarray(spike_times, dtype=float))
    _check_spikes(name, spike_times, duration)
    if holding is None:
        holding = 0.0 if len(current) == 1 else current[0, 1]
    return Sweep(
        name=name,
        duration=float(duration),
        current=current,
        holding=float(holding),
        spike_times=spike_times,
        voltage=voltage,
        interval=None if voltage is None else float(interval),
    )


@checked(
    voltage=checks.array("1d"),
    interval=checks.number(above=0, unit="ms"),
    threshold=checks.number(unit="mV"),
)
def crossings(voltage, interval, threshold=SPIKE_THRESHOLD):
    """Find where a voltage crosses a threshold upwards, between its samples.

    Parameters
    ----------
    voltage : array_like, shape (n_samples,)
        Membrane potential [mV].
    interval : float
        Time between two samples [ms].
    threshold : float
        [mV]

    Returns
    -------
    numpy.ndarray, shape (n_crossings,)
        Times [ms].
    """
    voltage = np.asarray(voltage, dtype=float)
    before = np.flatnonzero((voltage[:-1] < threshold) & (voltage[1:] >= threshold))
    rise = voltage[before + 1] - voltage[before]
    return interval * (before + (threshold - voltage[before]) / rise)


def _steps(name, current, interval):
    fault = checks.array()(current)
    values = None if fault else np.asarray(current, dtype=float)
    if values is not None and values.size == 0:
        raise ParameterError(f"{name} is empty; give a current with at least one sample")
    if values is not None and values.ndim == 0:
        return np.array([[0.0, float(values)]])
    if values is not None and values.ndim == 1:
        if interval is None:
            raise ParameterError(
                f"the current of {name} has {values.size} samples and no interval; give the time "
                f"between two of them [ms] as interval"
            )
        changes = np.concatenate([[True], np.diff(values) != 0.0])
        return np.stack([interval * np.flatnonzero(changes), values[changes]], axis=1) + 0.0
    fault = fault or checks.steps_of_current(values.tolist())
    if fault:
        raise ParameterError(
            f"the current of {name} cannot be used; give a number [pA], samples [pA], or pairs of "
            f"a time [ms] and an amplitude [pA] in ascending order from (0.0, ...)"
        )
    return values


def _duration(name, sampled, voltage, interval):
    if voltage is not None and interval is not None:
        return interval * np.size(voltage)
    raise ParameterError(f"{name} has no duration; give it [ms], or a voltage with its interval")


def _checked_voltage(name, voltage, interval, duration):
    voltage = np.asarray(voltage, dtype=float)
    if interval is None:
        raise ParameterError(
            f"the voltage of {name} has {voltage.size} samples and no interval; give the time "
            f"between two of them [ms] as interval"
        )
    if voltage.size < 2:
        raise ParameterError(
            f"the voltage of {name} has {voltage.size} samples; give at least 2, or none"
        )
    if interval > _LONGEST_INTERVAL:
        raise ParameterError(
            f"the voltage of {name} has a sample every {interval:g} ms, too few to see a spike; "
            f"give the interval in ms, at most {_LONGEST_INTERVAL:g}"
        )
    largest = np.abs(voltage).max()
    if largest < _SMALLEST_VOLTAGE:
        raise ParameterError(
            f"the voltage of {name} is never beyond {largest:g} mV, which looks like V; give mV"
        )
    if largest > _LARGEST_VOLTAGE:
        raise ParameterError(
            f"the voltage of {name} reaches {largest:g} mV, which looks like uV; give mV"
        )
    # A sample belongs to the interval that it begins, or it is the last point of the sweep.
    if not interval * (voltage.size - 1) <= duration + 1e-6 <= interval * (voltage.size + 1):
        raise ParameterError(
            f"the voltage of {name} lasts {interval * voltage.size:g} ms and the sweep "
            f"{duration:g} ms; give a voltage of the whole sweep"
        )
    return voltage


def _check_duration(name, duration, current):
    if duration < _SHORTEST_SWEEP:
        raise ParameterError(
            f"{name} lasts {duration:g} ms, which looks like s; give times in ms and at least "
            f"{_SHORTEST_SWEEP:g}"
        )
    if current[-1, 0] >= duration:
        raise ParameterError(
            f"the current of {name} changes at {current[-1, 0]:g} ms, after its end at "
            f"{duration:g} ms; give a longer duration"
        )


def _check_current(name, current):
    strongest = np.abs(current[:, 1]).max()
    if 0.0 < strongest < _FAINTEST_CURRENT:
        raise ParameterError(
            f"the current of {name} is never beyond {strongest:g} pA, which looks like nA; give pA"
        )
    if strongest > _STRONGEST_CURRENT:
        raise ParameterError(
            f"the current of {name} reaches {strongest:g} pA, which looks like fA; give pA"
        )


def _check_spikes(name, spike_times, duration):
    outside = spike_times[(spike_times < 0.0) | (spike_times > duration)]
    if outside.size:
        raise ParameterError(
            f"a spike at {outside[0]:g} ms is outside of {name}, which lasts from 0 to "
            f"{duration:g} ms; give spike_times in ms from the start of the sweep"
        )
