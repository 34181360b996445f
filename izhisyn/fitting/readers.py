# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings from files: CSV, NumPy's ``.npz``, and what Neo reads, such as ABF and NWB.

Columns of a CSV file, and arrays of an ``.npz`` file, are named ``<quantity>_<unit>``: ``time_ms``,
``current_pA``, ``voltage_mV``; other units are converted. A CSV file with more than one sweep has a
column ``sweep``. Spikes may be given in ``<stem>_spikes.csv`` beside it, with the columns
``time_ms`` and ``sweep``, or as arrays ``spike_time_ms`` and ``spike_sweep``; otherwise they are
found in the voltage.
"""

import csv
import sys
from pathlib import Path

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import ParameterError
from izhisyn.files import read_arrays
from izhisyn.fitting.sweeps import SPIKE_THRESHOLD, sweep

# Factors to ms, pA and mV.
UNITS = {
    "time": {"s": 1e3, "ms": 1.0, "us": 1e-3},
    "current": {"A": 1e12, "uA": 1e6, "nA": 1e3, "pA": 1.0},
    "voltage": {"V": 1e3, "mV": 1.0, "uV": 1e-3},
}
UNITS["interval"] = UNITS["spike_time"] = UNITS["time"]
_EXAMPLE = "time_ms, current_pA and voltage_mV"


@checked(
    path=checks.path,
    spike_threshold=checks.number(unit="mV"),
    holding=checks.number(unit="pA"),
)
def read_recording(path, spike_threshold=SPIKE_THRESHOLD, holding=None):
    """Read a recording.

    Parameters
    ----------
    path : path-like
        A file with the ending ``.csv`` or ``.npz``, or one that Neo reads.
    spike_threshold : float
        Voltage whose upward crossing is a spike, where the file has no spike times [mV].
    holding : float, optional
        Current before each sweep, under which the cell had come to rest [pA]; the first sample of
        the sweep if not given.

    Returns
    -------
    list of izhisyn.fitting.sweeps.Sweep

    Raises
    ------
    ParameterError
        If the file is missing, or is no recording.
    """
    path = Path(path)
    if not path.is_file():
        raise ParameterError(f"there is no file {path}; name a recording")
    read = {".csv": _read_csv, ".npz": _read_npz}.get(path.suffix.lower(), _read_neo)
    sweeps = [sweep(spike_threshold=spike_threshold, holding=holding, **one) for one in read(path)]
    if not sweeps:
        raise ParameterError(f"{path} has no sweeps; name a file with at least one")
    return sweeps


def _read_csv(path):
    columns = _table(path)
    spikes_path = path.with_name(f"{path.stem}_spikes.csv")
    spikes = _table(spikes_path) if spikes_path.is_file() else None
    rows = columns.pop("sweep", None)
    quantities = _converted(path, columns)
    times, current = _required(path, quantities, "time"), _required(path, quantities, "current")
    names = np.zeros(times.size) if rows is None else rows
    if times.size == 0:
        raise ParameterError(f"{path} has no samples; give at least one line below its header")
    for number in np.unique(names):
        chosen = names == number
        interval = _interval(path, times[chosen])
        yield {
            "name": f"sweep {number:g}",
            "current": current[chosen],
            "duration": interval * np.count_nonzero(chosen),
            "interval": interval,
            "voltage": quantities["voltage"][chosen] if "voltage" in quantities else None,
            "spike_times": _spikes_of(spikes_path, spikes, number, times[chosen][0]),
        }


def _spikes_of(path, spikes, number, start):
    if spikes is None:
        return None
    spikes = dict(spikes)
    rows = spikes.pop("sweep", None)
    times = _required(path, _converted(path, spikes), "time")
    return (times if rows is None else times[rows == number]) - start


def _table(path):
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = [row for row in csv.reader(file) if row]
        values = np.array(rows, dtype=float).reshape(len(rows), len(header))
    except (ValueError, UnicodeDecodeError) as error:
        raise ParameterError(
            f"{path} is no table of numbers below a header ({error}); give columns such as "
            f"{_EXAMPLE}"
        ) from error
    if not np.isfinite(values).all():
        raise ParameterError(f"{path} has nan or infinity in it; leave out these samples")
    return {name.strip(): values[:, column] for column, name in enumerate(header)}


def _read_npz(path):
    refusal = ParameterError(f"{path} is no NumPy archive of numbers; write it with numpy.savez")
    stored = read_arrays(path)
    if stored is None:
        raise refusal
    try:
        arrays = {name: np.asarray(values, dtype=float) for name, values in stored.items()}
    except ValueError as error:
        raise refusal from error
    spike_sweeps = arrays.pop("spike_sweep", None)
    quantities = _converted(path, arrays)
    currents = np.atleast_2d(_required(path, quantities, "current"))
    voltages = quantities.get("voltage")
    if voltages is not None and np.atleast_2d(voltages).shape != currents.shape:
        raise ParameterError(
            f"{path} has currents of shape {currents.shape} and voltages of shape "
            f"{np.shape(voltages)}; give a voltage for each sample of the current"
        )
    if currents.size == 0:
        raise ParameterError(f"{path} has no samples; give currents of shape (sweeps, samples)")
    if "interval" in quantities:
        interval = float(quantities["interval"])
    else:
        interval = _interval(path, _required(path, quantities, "time"))
    spikes = quantities.get("spike_time")
    for number, current in enumerate(currents):
        of_sweep = spikes
        if spikes is not None and spike_sweeps is not None:
            of_sweep = spikes[spike_sweeps == number]
        yield {
            "name": f"sweep {number}",
            "current": current,
            "duration": interval * current.size,
            "interval": interval,
            "voltage": None if voltages is None else np.atleast_2d(voltages)[number],
            "spike_times": of_sweep,
        }


def _read_neo(path):
    try:
        import neo
    except ImportError as error:
        raise ParameterError(
            f"{sys.executable} cannot import neo, which reads {path.name} ({error}); "
            f"pip install 'izhisyn[neo]', or convert the recording to .csv or .npz"
        ) from error
    try:
        io = neo.io.get_io(str(path))
        segments = [segment for block in io.read() for segment in block.segments]
    except Exception as error:  # each of Neo's readers has its own
        raise ParameterError(
            f"Neo cannot read {path} ({' '.join(str(error).split()) or type(error).__name__}); "
            f"install what Neo's reader of this format needs, or convert it to .csv or .npz"
        ) from error
    return from_segments(path, segments, _protocol(io))


def _protocol(io):
    """Give the command waveforms that an ABF file keeps apart from its recorded signals."""
    try:
        return io.read_protocol()
    except Exception:  # other formats have none, and ABF files may lack it
        return []


def from_segments(path, segments, protocol=()):
    """Take sweeps from Neo's segments.

    Parameters
    ----------
    path : path-like
        For messages.
    segments : sequence of neo.Segment
        Each with a signal in a unit of current, and one of voltage or a spike train.
    protocol : sequence of neo.Segment
        Signals that are used where the segment has none.

    Yields
    ------
    dict
        Arguments of `izhisyn.fitting.sweep`.
    """
    for number, segment in enumerate(segments):
        signals = list(segment.analogsignals)
        if number < len(protocol):
            signals += protocol[number].analogsignals
        current, voltage = _signal(signals, "pA"), _signal(signals, "mV")
        if current is None:
            raise ParameterError(
                f"segment {number} of {path} has no signal in a unit of current; add the injected "
                f"current, or convert the recording to .csv with columns such as {_EXAMPLE}"
            )
        interval = float(current.sampling_period.rescale("ms"))
        values = current[:, 0].rescale("pA").magnitude.ravel()
        if voltage is not None:
            start = voltage.t_start
            voltage = voltage[:, 0].rescale("mV").magnitude.ravel()
            if voltage.size != values.size:
                raise ParameterError(
                    f"segment {number} of {path} has {values.size} samples of current and "
                    f"{voltage.size} of voltage; record both at the same times"
                )
        else:
            start = current.t_start
        trains = [(train - start).rescale("ms").magnitude for train in segment.spiketrains[:1]]
        yield {
            "name": f"sweep {number}",
            "current": values,
            "duration": interval * values.size,
            "interval": interval,
            "voltage": voltage,
            "spike_times": trains[0] if trains else None,
        }


def _signal(signals, unit):
    """Give the first signal that can be converted to a unit."""
    for signal in signals:
        try:
            signal.rescale(unit)
        except ValueError:
            continue
        return signal
    return None


def _converted(path, columns):
    """Convert columns to ms, pA and mV by the units in their names."""
    converted = {}
    for name, values in columns.items():
        quantity, _, unit = name.rpartition("_")
        if quantity not in UNITS:
            raise ParameterError(
                f"{path} has a column {name!r}, which is no quantity with its unit; name the "
                f"columns as {_EXAMPLE}"
            )
        if unit not in UNITS[quantity]:
            raise ParameterError(
                f"{path} has a column {name!r} with the unit {unit!r}; choose one of "
                f"{', '.join(UNITS[quantity])}"
            )
        converted[quantity] = values * UNITS[quantity][unit]
    return converted


def _required(path, quantities, name):
    if name not in quantities:
        raise ParameterError(f"{path} has no {name}; name the columns as {_EXAMPLE}")
    return quantities[name]


def _interval(path, times):
    if times.size < 2:
        raise ParameterError(f"{path} has a sweep with {times.size} samples; give at least 2")
    gaps = np.diff(times)
    interval = (times[-1] - times[0]) / (times.size - 1)
    # Times are often written with few digits.
    if interval <= 0.0 or np.abs(gaps - interval).max() > 0.5 * interval:
        raise ParameterError(
            f"the times of {path} are not evenly spaced: {gaps.min():g} to {gaps.max():g} ms; "
            f"give samples at even intervals, and a column sweep where there are several sweeps"
        )
    return float(interval)
