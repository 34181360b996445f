# SPDX-License-Identifier: GPL-2.0-or-later
"""NeuroML networks of Izhikevich cells become PyNEST scripts with the published spikes."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from izhisyn import command_line
from izhisyn.errors import ParameterError
from izhisyn.neuroml_import import __main__ as command
from izhisyn.neuroml_import import pynest_script, read_network
from izhisyn.neuroml_import.network import number
from izhisyn.neuroml_import.script import steps_of_pulses
from tests.conftest import ROOT

DOCUMENT = """\
<?xml version="1.0" encoding="UTF-8"?>
<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="document">
{components}
    <network id="net">
{network}
    </network>
</neuroml>
"""
# Tonic spiking of Izhikevich (2004), and a regular spiking cell of Izhikevich (2007).
TONIC = '<izhikevichCell id="tonic" v0="-70mV" thresh="30mV" a="0.02" b="0.2" c="-65" d="6"/>'
REGULAR = (
    '<izhikevich2007Cell id="RS" v0="-60mV" C="100 pF" k="0.7 nS_per_mV" vr="-60 mV" vt="-40 mV" '
    'vpeak="35 mV" a="0.03 per_ms" b="-2 nS" c="-50 mV" d="100 pA"/>'
)
# OpenSourceBrain's test of its model FiveCells, population A, and of its 2007 cells, RS: times [ms]
# at which the potential crosses 0 mV upwards.
FIVE_CELLS_A = (
    f'{TONIC}<pulseGeneratorDL id="i" delay="10ms" duration="90ms" amplitude="14"/>',
    '<population id="popA" component="tonic" size="1"/><inputList id="inputs" component="i" '
    'population="popA"><input id="0" target="../popA[0]" destination="synapses"/></inputList>',
)
PUBLISHED_TONIC = [12.51, 16.02, 28.87, 55.89, 82.66]
PUBLISHED_REGULAR = [47.04, 120.46, 196.55, 272.54, 348.55, 424.54, 500.54]


@pytest.fixture
def write(tmp_path):
    """Write a NeuroML file; give its path."""

    def document(components, network):
        path = tmp_path / "network.nml"
        path.write_text(DOCUMENT.format(components=components, network=network))
        return path

    return document


@pytest.fixture
def run_imported(module_build, tmp_path):
    """Import a file and run the script, both as commands; give spikes by population."""

    def run(path, simtime, resolution=0.1):
        output = tmp_path / "imported"
        options = ["--simtime", str(simtime), "--resolution", str(resolution)]
        for arguments in (
            ["-m", "izhisyn", "import-neuroml", path, "--output", output, *options],
            [output / "run.py"],
        ):
            result = subprocess.run(
                [sys.executable, *map(str, arguments)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
                env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            )
            assert result.returncode == 0, result.stderr
        return json.loads((output / "run.json").read_text())

    return run


def reference(derivatives, start, reset, peak, intervals):
    """Integrate a cell adaptively; give the times at which V crosses 0 mV, and its peak.

    Parameters
    ----------
    derivatives : callable
        Of V, U and current.
    start : (float, float)
        V and U.
    reset : (float, float)
        V after a spike, and what is added to U.
    peak : float
        V at which the cell is reset [mV].
    intervals : list of (float, float, float)
        Start, end [ms] and current.
    """
    crossings, peaks = [], []
    state = np.array(start)
    for first, last, current in intervals:
        now = first
        while now < last:

            def crosses_zero(_, y):
                return y[0]

            def reaches_peak(_, y):
                return y[0] - peak

            crosses_zero.direction = reaches_peak.direction = 1
            reaches_peak.terminal = True
            solution = solve_ivp(
                lambda _, y, current=current: derivatives(*y, current),
                (now, last),
                state,
                events=(crosses_zero, reaches_peak),
                rtol=1e-9,
                atol=1e-9,
            )
            crossings += solution.t_events[0].tolist()
            now, state = solution.t[-1], solution.y[:, -1]
            if solution.t_events[1].size:
                peaks += solution.t_events[1].tolist()
                state = np.array([reset[0], state[1] + reset[1]])
    return crossings, peaks


def tonic(V, U, current):
    """Izhikevich (2003)."""
    return 0.04 * V**2 + 5 * V + 140 - U + current, 0.02 * (0.2 * V - U)


def regular(V, U, current):
    """Izhikevich (2007), with the numbers of `REGULAR`."""
    return (0.7 * (V + 60) * (V + 40) - U + current) / 100, 0.03 * (-2 * (V + 60) - U)


def test_tonic_cell_spikes_as_published(write, run_imported):
    """Five spikes; NEST's are at the peak, on the grid, at most a step after those of a solver."""
    path = write(*FIVE_CELLS_A)
    intervals = [(0.0, 10.0, 0.0), (10.0, 100.0, 14.0), (100.0, 200.0, 0.0)]
    crossings, peaks = reference(tonic, (-70.0, -14.0), (-65.0, 6.0), 30.0, intervals)
    assert len(crossings) == len(PUBLISHED_TONIC)
    spikes = run_imported(path, 200.0)["popA"]
    late = np.array(spikes["times"]) - peaks
    assert np.all((late > -0.02) & (late < 0.1 + 0.02)), late


def test_tonic_cell_crosses_zero_at_the_published_times(write, nest_kernel):
    """To the last digit, with the numerics of the publication: forward Euler at 0.01 ms.

    A time is that of the last sample below 0 mV.
    """
    path = write(*FIVE_CELLS_A)
    namespace = {"__name__": "imported"}
    exec(compile(pynest_script(read_network(path), "a.nml", 0.01, 200.0), "", "exec"), namespace)
    nest = nest_kernel(resolution=0.01)
    populations = namespace["create"]()
    populations["popA"].integrator = 1
    namespace["inject"](populations)
    meter = nest.Create("multimeter", {"record_from": ["V_m"], "interval": 0.01})
    nest.Connect(meter, populations["popA"])
    nest.Simulate(200.0)
    times, V_m = meter.events["times"], meter.events["V_m"]
    above = V_m >= 0.0
    crossings = times[:-1][~above[:-1] & above[1:]]
    assert np.allclose(crossings, PUBLISHED_TONIC, rtol=0.0, atol=1e-6)


def test_regular_cell_spikes_as_published(write, run_imported):
    """Seven spikes; the sum of two pulses, one of them weighted, into an instance by its id.

    The published times come from steps of 0.02 ms, and OpenSourceBrain accepts this tolerance.
    """
    path = write(
        f'{REGULAR}<pulseGenerator id="i" delay="0ms" duration="520ms" amplitude="0.08 nA"/>'
        '<pulseGenerator id="j" delay="0s" duration="0.52s" amplitude="40 pA"/>',
        '<population id="RS_pop" component="RS" type="populationList" size="1">'
        '<instance id="7"><location x="0" y="0" z="0"/></instance></population>'
        '<explicitInput target="RS_pop/7/RS" input="i" destination="synapses"/>'
        '<inputList id="inputs" component="j" population="RS_pop">'
        '<inputW id="0" target="../RS_pop/7/RS" destination="synapses" weight="0.5"/></inputList>',
    )
    intervals = [(0.0, 520.0, 100.0), (520.0, 700.0, 0.0)]
    crossings, peaks = reference(regular, (-60.0, 0.0), (-50.0, 100.0), 35.0, intervals)
    assert np.allclose(crossings, PUBLISHED_REGULAR, rtol=0.000439525312662, atol=0.0)
    spikes = run_imported(path, 700.0)["RS_pop"]
    late = np.array(spikes["times"]) - peaks
    assert np.all((late > -0.02) & (late < 0.1 + 0.02)), late


def test_synapses_of_a_network(write, nest_kernel, tmp_path):
    """Both exponential synapses reach the peak and shape of NeuroML's equations.

    Cell 0 of popA spikes once and sends to both cells of popB, by pairs with their own weights;
    the conductances are compared with NeuroML's closed forms on the grid, from the arrival on.
    """
    path = write(
        f'{REGULAR}<pulseGenerator id="i" delay="1ms" duration="20ms" amplitude="0.9nA"/>'
        '<expOneSynapse id="fast" gbase="2nS" erev="0mV" tauDecay="2ms"/>'
        '<expTwoSynapse id="slow" gbase="0.5nS" erev="-80mV" tauRise="1ms" tauDecay="6ms"/>',
        '<population id="popA" component="RS" size="2"/><population id="popB" component="RS" '
        'size="2"/><projection id="p" presynapticPopulation="popA" postsynapticPopulation="popB" '
        'synapse="fast"><connectionWD id="0" preCellId="../popA[0]" postCellId="../popB[0]" '
        'weight="1" delay="1ms"/><connectionWD id="1" preCellId="../popA[0]" '
        'postCellId="../popB[1]" weight="3" delay="2ms"/></projection>'
        '<projection id="q" presynapticPopulation="popA" postsynapticPopulation="popB" '
        'synapse="slow"><connection id="0" preCellId="../popA/0/RS" postCellId="../popB/0/RS"/>'
        '<connection id="1" preCellId="../popA/1/RS" postCellId="../popB/1/RS"/></projection>'
        '<explicitInput target="popA[0]" input="i" destination="synapses"/>',
    )
    network = read_network(path)
    assert network.left_behind == []
    text = pynest_script(network, path.name, 0.1, 40.0)
    assert '"one_to_one"' in text
    namespace = {"__name__": "imported"}
    exec(compile(text, "run.py", "exec"), namespace)
    nest = nest_kernel(resolution=0.1)
    populations = namespace["create"]()
    namespace["inject"](populations)
    namespace["connect"](populations)
    recorder = nest.Create("spike_recorder")
    nest.Connect(populations["popA"], recorder)
    names = ["g_AMPA", "g_GABA_A"]
    meters = [nest.Create("multimeter", {"record_from": names, "interval": 0.1}) for _ in range(2)]
    for meter, cell in zip(meters, populations["popB"], strict=True):
        nest.Connect(meter, cell)
    nest.Simulate(40.0)
    spikes = recorder.events["times"]
    assert spikes.size

    def fast(since):
        return 2.0 * np.where(since > 1e-9, np.exp(-since / 2.0), 0.0)

    def slow(since):
        peak_time = 6.0 * 1.0 / 5.0 * np.log(6.0)
        scale = 0.5 / (np.exp(-peak_time / 6.0) - np.exp(-peak_time))
        shape = np.exp(-since / 6.0) - np.exp(-since)
        return scale * np.where(since > 0, shape, 0.0)

    for meter, weight, delay, delay_slow in zip(
        meters, (1.0, 3.0), (1.0, 2.0), (0.1, None), strict=True
    ):
        events = meter.events
        expected = sum(weight * fast(events["times"] - spike - delay) for spike in spikes)
        assert np.allclose(events["g_AMPA"], expected, atol=2e-5)
        if delay_slow:
            expected = sum(slow(events["times"] - spike - delay_slow) for spike in spikes)
            assert np.allclose(events["g_GABA_A"], expected, atol=1e-9)
        else:
            assert not events["g_GABA_A"].any()


def test_what_is_left_behind_is_named(write, capsys, tmp_path):
    """On the terminal, and at the top of the script."""
    path = write(
        f'{TONIC}{REGULAR}<iafCell id="leaky" leakReversal="-50mV" thresh="-55mV" reset="-70mV" '
        'C="0.2nF" leakConductance="0.01uS"/><sineGenerator id="sine" delay="0ms" phase="0" '
        'duration="100ms" amplitude="1nA" period="50ms"/>'
        '<alphaSynapse id="alpha" gbase="2nS" erev="0mV" tau="2ms"/>'
        '<expOneSynapse id="fast" gbase="2nS" erev="0mV" tauDecay="2ms"/>',
        '<population id="a" component="tonic" size="1"/><population id="b" component="leaky" '
        'size="1"/><population id="c" component="RS" size="1"/>'
        '<projection id="p" presynapticPopulation="a" postsynapticPopulation="c" synapse="alpha">'
        '<connection id="0" preCellId="../a[0]" postCellId="../c[0]"/></projection>'
        '<projection id="q" presynapticPopulation="c" postsynapticPopulation="a" synapse="fast">'
        '<connection id="0" preCellId="../c[0]" postCellId="../a[0]"/></projection>'
        '<explicitInput target="a[0]" input="sine" destination="synapses"/>',
    )
    command.main([str(path), "--output", str(tmp_path / "out")])
    printed = capsys.readouterr().out
    script = (tmp_path / "out" / "run.py").read_text()
    for thing in (
        "population b of iafCell leaky",
        "projection p by alphaSynapse alpha",
        "projection q: conductances do not act on the dimensionless izhikevichCell",
        "input of sineGenerator sine into a[0]",
    ):
        assert f"left behind: {thing}" in printed
        assert f"- {thing}" in script.partition("import argparse")[0]


@pytest.mark.parametrize(
    "components, network, message",
    [
        ("", '<population id="a" component="none" size="1"/>', "names 'none', which is not in"),
        ("", "", "has no population of izhikevichCell"),
        (
            TONIC,
            '<population id="a" component="tonic" size="1"/>'
            '<explicitInput target="a[3]" input="none" destination="synapses"/>',
            "population a has no cell 3",
        ),
        (
            TONIC,
            '<population id="a" component="tonic" size="1"/>'
            '<explicitInput target="a" input="none" destination="synapses"/>',
            "'a' is not the address of a cell",
        ),
    ],
)
def test_a_file_that_contradicts_itself(write, components, network, message):
    """The sentence names what is wrong."""
    with pytest.raises(ParameterError, match=re.escape(message)):
        read_network(write(components, network))


def test_no_file_and_no_neuroml(tmp_path):
    """The sentence names the file."""
    with pytest.raises(ParameterError, match=r"there is no file .*absent\.nml"):
        read_network(tmp_path / "absent.nml")
    (tmp_path / "text.nml").write_text("not XML")
    with pytest.raises(ParameterError, match=r"text\.nml cannot be read as NeuroML 2"):
        read_network(tmp_path / "text.nml")


def test_missing_libneuroml_names_the_extra(monkeypatch, capsys, tmp_path):
    """One sentence, code 2."""
    monkeypatch.setitem(sys.modules, "neuroml", None)
    with pytest.raises(SystemExit) as exit_:
        command_line.run_script(lambda: command.main([str(tmp_path / "x.nml")]))
    assert exit_.value.code == 2
    assert "pip install 'izhisyn[neuroml]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text, value",
    [("10ms", 10.0), ("0.9 nA", 900.0), ("-65", -65.0), (".3 nS_per_mV", 0.3), ("1e-3 s", 1.0)],
)
def test_quantities(text, value):
    """In NEST's units."""
    assert number(text) == value


@pytest.mark.parametrize("text", ["10 furlong", "ms", "10 ms s"])
def test_unknown_units_are_refused(text):
    """With the text at fault."""
    with pytest.raises(ParameterError, match=re.escape(repr(text))):
        number(text)


def test_pulses_add_up():
    """Overlapping ones, and ones that follow each other without a gap."""
    pulses = [(10.0, 30.0, 5.0), (20.0, 40.0, 2.0), (40.0, 50.0, 2.0)]
    expected = [(0.0, 0.0), (10.0, 5.0), (20.0, 7.0), (30.0, 2.0), (50.0, 0.0)]
    assert steps_of_pulses(pulses) == expected
    assert steps_of_pulses([(0.0, 5.0, 1.0)]) == [(0.0, 1.0), (5.0, 0.0)]
