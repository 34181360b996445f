# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings from files of all kinds give the same sweeps; what is no recording is refused."""

import neo
import numpy as np
import pytest
import quantities as pq

from izhisyn.errors import ParameterError
from izhisyn.fitting import read_recording, readers, sweep
from izhisyn.fitting.__main__ import main

INTERVAL = 0.25  # [ms]
CURRENTS = np.array([[0.0] * 20 + [100.0] * 20, [10.0] * 20 + [-50.0] * 20])  # [pA]
VOLTAGES = np.full((2, 40), -70.0)  # [mV]
VOLTAGES[0, 30] = 30.0  # 10 % of the rise from sample 29 are 10 mV below the threshold of -10 mV


def check(sweeps):
    """Compare sweeps with the numbers above."""
    assert [one.name for one in sweeps] == ["sweep 0", "sweep 1"]
    for one, current, voltage in zip(sweeps, CURRENTS, VOLTAGES, strict=True):
        assert one.duration == pytest.approx(10.0)
        assert one.interval == pytest.approx(INTERVAL)
        assert one.current_in_steps(INTERVAL) == pytest.approx(current)
        assert one.voltage == pytest.approx(voltage)
        assert one.holding == pytest.approx(current[0])
    assert sweeps[0].spike_times == pytest.approx([INTERVAL * (29 + 60 / 100)])
    assert sweeps[1].spike_times.size == 0


def write_csv(path, header="sweep,time_ms,current_pA,voltage_mV", factors=(1.0, 1.0, 1.0)):
    """Write the table, with other units if wanted."""
    lines = [header]
    for number, (currents, voltages) in enumerate(zip(CURRENTS, VOLTAGES, strict=True)):
        for step, values in enumerate(zip(currents, voltages, strict=True)):
            row = np.array([1000.0 * number + step * INTERVAL, *values]) * factors
            lines.append(",".join([str(number), *(f"{value:.9g}" for value in row)]))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    "header, factors",
    [
        ("sweep,time_ms,current_pA,voltage_mV", (1.0, 1.0, 1.0)),
        ("sweep,time_s,current_nA,voltage_V", (1e-3, 1e-3, 1e-3)),
        ("sweep,time_us,current_uA,voltage_uV", (1e3, 1e-6, 1e3)),
    ],
)
def test_csv_in_any_units(tmp_path, header, factors):
    """Times may run on from sweep to sweep."""
    check(read_recording(write_csv(tmp_path / "cell.csv", header, factors)))


def test_csv_with_spikes_beside_it(tmp_path):
    """Its times are those of the table; a silent sweep has no line."""
    path = write_csv(tmp_path / "cell.csv")
    (tmp_path / "cell_spikes.csv").write_text("sweep,time_ms\n1,1002.5\n1,1001.5\n")
    sweeps = read_recording(path)
    assert [one.spike_times.tolist() for one in sweeps] == [[], [1.5, 2.5]]


def test_npz_with_and_without_spikes(tmp_path):
    """With the interval or the times."""
    path = tmp_path / "cell.npz"
    arrays = {"current_nA": CURRENTS / 1000.0, "voltage_mV": VOLTAGES}
    np.savez(path, interval_ms=INTERVAL, **arrays)
    check(read_recording(path))
    np.savez(path, time_ms=INTERVAL * np.arange(40), **arrays)
    check(read_recording(path))
    spikes = {"spike_time_ms": [3.0, 4.0, 5.0], "spike_sweep": [1, 0, 1]}
    np.savez(path, interval_ms=INTERVAL, **arrays, **spikes)
    assert [one.spike_times.tolist() for one in read_recording(path)] == [[4.0], [3.0, 5.0]]


def neo_block(with_current=True):
    """Make a block as Neo's readers do: volts and ampere, a segment for each sweep."""
    block = neo.Block()
    for number, (current, voltage) in enumerate(zip(CURRENTS, VOLTAGES, strict=True)):
        segment = neo.Segment()
        start = number * pq.s
        period = INTERVAL * pq.ms
        signals = [neo.AnalogSignal(voltage / 1000, "V", t_start=start, sampling_period=period)]
        if with_current:
            one = neo.AnalogSignal(current / 1000, "nA", t_start=start, sampling_period=period)
            signals.append(one)
        segment.analogsignals.extend(signals)
        block.segments.append(segment)
    return block


def test_file_of_neo(tmp_path):
    """A file that Neo writes and reads without another package."""
    path = tmp_path / "cell.pkl"
    neo.PickleIO(str(path)).write_block(neo_block())
    check(read_recording(path))


def test_command_waveforms_of_an_abf_file():
    """They stand apart from the recorded signals, as ``neo.AxonIO.read_protocol`` gives them."""
    protocol = [neo.Segment() for _ in CURRENTS]
    for segment, current in zip(protocol, CURRENTS, strict=True):
        segment.analogsignals.append(
            neo.AnalogSignal(current, "pA", sampling_period=INTERVAL * pq.ms)
        )
    segments = neo_block(with_current=False).segments
    sweeps = [sweep(**one) for one in readers.from_segments("cell.abf", segments, protocol)]
    check(sweeps)


def test_neo_file_without_a_current_is_one_sentence(tmp_path):
    """With the remedy."""
    path = tmp_path / "cell.pkl"
    neo.PickleIO(str(path)).write_block(neo_block(with_current=False))
    with pytest.raises(ParameterError, match=r"segment 0 .* no signal in a unit of current; add"):
        read_recording(path)


TABLE = "time_ms,current_pA,voltage_mV\n"
ROWS = "".join(f"{step * 0.5},{100 * (step > 5)},-70\n" for step in range(40))


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "no table of numbers"),
        ("a,b\n1,x\n", "no table of numbers"),
        (TABLE, "no samples"),
        ("time_ms,voltage_mV\n0,-70\n1,-70\n", "has no current"),
        ("time,current_pA\n0,1\n1,1\n", "column 'time', which is no quantity with its unit"),
        ("time_min,current_pA\n0,1\n1,1\n", "with the unit 'min'; choose one of s, ms, us"),
        ("time_ms,current_pA\n0,1\n1,nan\n", "nan or infinity"),
        ("time_ms,current_pA\n0,1\n1,1\n5,1\n", "not evenly spaced"),
        (TABLE + ROWS.replace(",-70", ",-0.07"), "looks like V; give mV"),
        (TABLE + ROWS.replace(",100,", ",0.1,"), "looks like nA; give pA"),
        ("time_ms,current_pA\n" + "0.0,1\n0.001,1\n0.002,1\n", "looks like s; give times in ms"),
        (TABLE.replace(",voltage_mV", "") + ROWS.replace(",-70", ""), "neither spike_times nor"),
    ],
)
def test_what_is_no_recording_is_one_sentence_and_writes_nothing(tmp_path, text, message):
    """Neither a folder nor a file."""
    path = tmp_path / "cell.csv"
    path.write_text(text)
    with pytest.raises(ParameterError, match=message) as raised:
        main([str(path), "--output", str(tmp_path / "fit")])
    assert "\n" not in str(raised.value)
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "options, message",
    [
        ([], "there is no spike in any sweep that is fitted"),
        (["--held-out", "3"], "--held-out names sweep 3, and there are 2"),
        (["--held-out", "0", "1"], "held_out has all sweeps"),
        (["--start", "XX"], "start is 'XX', no published cell; choose one of RS"),
        (["--start", "a"], "start is 'a', no published cell"),
        (["--start", "a=0.02", "a=0.03"], "--start gives a twice"),
        (["--start", "a=0.5", "--bounds", "a=0.01:0.1"], "a = 0.5 is outside of its bounds 0.01"),
        (["--bounds", "a=0.1:0.01"], "lower and its upper bound"),
        (["--bounds", "v_peak=1:2"], "bounds are given for v_peak, which is not free"),
        (["--free", "q"], "has no parameter 'q'; choose from C, k"),
        (["--fixed", "C=100", "--free", "C"], "C is both free and fixed"),
        (["--fixed", "v_peak=-60"], "not below v_peak = -60"),
        (["--bounds", "C=-1:100"], "lower bound of C is -1; choose one above 0"),
        (["--weights", "beauty=1"], "give weights of gamma"),
        (["--weights", "gamma=0"], "at least one above 0"),
        (["--weights", "voltage=1"], "only objective is voltage and sweep 1 has none"),
        (["--precision", "50"], "too coarse for 2 spikes"),
        (["--resume"], "there is no log .* start without"),
    ],
)
def test_wrong_options_are_one_sentence_and_write_nothing(tmp_path, options, message):
    """With a recording that can be used."""
    path = tmp_path / "cell.csv"
    path.write_text(TABLE + ROWS)
    if options:
        (tmp_path / "cell_spikes.csv").write_text("time_ms\n10\n12\n")
    other = tmp_path / "other.npz"
    np.savez(other, interval_ms=0.5, current_pA=np.full(40, 50.0), spike_time_ms=[])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ParameterError, match=message) as raised:
        main([str(path), str(other), "--output", str(tmp_path / "fit"), *options])
    assert "\n" not in str(raised.value)
    assert sorted(tmp_path.iterdir()) == before


def test_missing_file_is_one_sentence(tmp_path):
    """As are a folder, and a format that Neo does not know."""
    with pytest.raises(ParameterError, match=r"there is no file .*cell\.abf; name a recording"):
        read_recording(tmp_path / "cell.abf")
    (tmp_path / "cell.xyz").write_text("?")
    with pytest.raises(ParameterError, match=r"Neo cannot read .*convert it to .csv or .npz"):
        read_recording(tmp_path / "cell.xyz")
    (tmp_path / "cell.npz").write_text("?")
    with pytest.raises(ParameterError, match=r"no NumPy archive .* numpy\.savez"):
        read_recording(tmp_path / "cell.npz")
