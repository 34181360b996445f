# SPDX-License-Identifier: GPL-2.0-or-later
"""Synapses become a port, and a NESTML synapse where they have a state."""

import subprocess
import sys
from pathlib import Path

import pytest
from brian2 import ms, nS

from izhisyn.brian2_import import synapse_to_nestml
from izhisyn.brian2_import.__main__ import main
from tests.brian2_import.cases import SHORT_TERM_PLASTICITY

TARGET = "dv/dt = -v/tau : volt\ndge/dt = -ge/tau : siemens\ndgi/dt = -gi/tau : siemens"
VALUES = {"tau": 10 * ms, "we": 2 * nS, "tau_f": 30 * ms, "tau_d": 50 * ms, "U_0": 0.6}


def synapse_lines(model, on_pre, **arguments):
    """Lines of a synapse's source, without indentation and comments."""
    arguments = {"target": TARGET, "namespace": VALUES, **arguments}
    text = synapse_to_nestml(model, on_pre=on_pre, **arguments)
    return [line.strip().split("  #")[0].strip() for line in text.splitlines()]


def test_event_driven_equations_are_solved_between_spikes():
    """Brian2's own exact solution over the time since the last spike, then on_pre in its order."""
    lines = synapse_lines(**{**SHORT_TERM_PLASTICITY, "target": ""})
    start = lines.index("elapsed ms = t - lastupdate")
    assert [line for line in lines[start + 1 :] if line and not line.startswith("#")] == [
        "u_S = u_S * exp(-elapsed / tau_f)",
        "x_S = x_S * exp(-elapsed / tau_d) + 1 - exp(-elapsed / tau_d)",
        "u_S += u_S_0 * (1 - u_S)",
        "r_S real = u_S * x_S",
        "x_S -= r_S",
        "emit_spike(weight * r_S)",
        "lastupdate = t",
    ]


def test_synapse_that_adds_to_no_target_sends_nothing_and_says_so():
    """As in the thread, where r_S is computed and used nowhere."""
    model = {**SHORT_TERM_PLASTICITY, "transmit": None}
    text = synapse_to_nestml(**model)
    assert "emit_spike" not in text
    assert "adds to no variable of its target" in text


def test_weight_carries_the_synapses_share():
    """Neuron's share (2 and v) stays behind; the spike carries w x in the unit of w."""
    lines = synapse_lines(
        "w : siemens\ndx/dt = (1 - x)/tau_d : 1 (event-driven)",
        "x -= U_0*x\nge_post += 2*w*x\ngi_post += w*x*v_post/mV",
    )
    assert "emit_spike(weight * (w * x) / (1 nS))" in lines


def test_parameters_and_subexpressions_of_a_synapse():
    """A parameter that on_pre changes is state; a subexpression is evaluated where it is used."""
    lines = synapse_lines(
        "n : integer\nU : 1 (constant)\nrelease = U*y : 1\nactive : boolean\n"
        "dy/dt = -y/tau_d : 1 (event-driven)",
        "n += 1; y += 1 - release; ge_post += release*nS",
        initial_values={"U": 0.3, "active": True},
    )
    assert lines.index("n integer = 0") < lines.index("parameters:") < lines.index("U real = 0.3")
    assert "y += 1 - U * y" in lines
    assert "active boolean = true" in lines


def test_delay_is_told():
    """NEST keeps the delay with the connection."""
    model = {"model": "dx/dt = -x/tau_d : 1 (event-driven)", "on_pre": "x += 1; ge_post += x*nS"}
    text = synapse_to_nestml(**model, target=TARGET, namespace=VALUES, delay=1.5 * ms)
    assert "Connect with Brian2's delay, 1.5 ms." in text
    text = synapse_to_nestml(**model, target=TARGET, namespace=VALUES)
    assert "NEST's shortest is one time step" in text


SCRIPT = """
from brian2 import *
defaultclock.dt = 0.1*ms
tau = 10*ms
gain = 2.0
P = PoissonGroup(2, rates=10*Hz)
G = NeuronGroup(4, '''dv/dt = -(v + x*mV)/tau : volt
x : 1
noise : 1''', threshold='v > gain*mV', reset='v = 0*mV', method='euler')
G_sub = G[1:3]
G.v = [1, 2, 3, 4]*mV
G.x = 'i'
S_static = Synapses(P, G, 'w : volt', on_pre='v += w', delay=2*ms)
S_stp = Synapses(P, G_sub, '''dr/dt = (1 - r)/tau : 1 (event-driven)
w : volt''', on_pre='v_post += w*r; r -= 0.5*r')
S_static.connect()
S_stp.connect()
S_static.w = 1*mV
S_stp.w = 3*mV
S_stp.r = 1
G.run_regularly('noise = randn()')
def main():
    local = 3*ms
    run(10*ms)
    raise RuntimeError('the script runs on')
main()
"""


@pytest.fixture
def import_script(tmp_path, monkeypatch):
    """Run the command line on the script above, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(SCRIPT)
    return lambda *arguments: main(["model.py", *arguments])


def test_command_line_writes_the_neuron_and_its_synapses(tmp_path, import_script, capsys):
    """The script stops at run(); values are those of the subgroup; a port for each Synapses."""
    import_script(
        *("--neuron", "G_sub", "--synapse", "S_static:kick", "--synapse", "S_stp:depressed"),
        *("--output", "out", "--name", "sub_neuron"),
    )
    assert capsys.readouterr().out.splitlines()[:2] == [
        "out/sub_neuron.nestml",
        "out/model_s_stp_synapse.nestml",
    ]
    neuron = (tmp_path / "out" / "sub_neuron.nestml").read_text()
    for line in (
        "v mV = 2 mV",
        "x real = 1  # x : 1",
        "kick <- spike       # the weight of a connection is w in mV",
        "v += (1 mV) * kick * (1 s)",
        "v += (1 mV) * depressed * (1 s)",
        "noise = random_normal(0, 1)",
        "gain real = 2",
        "v differs between the neurons",
    ):
        assert line in neuron, line
    synapse = (tmp_path / "out" / "model_s_stp_synapse.nestml").read_text()
    assert "w mV = 3 mV" in synapse
    assert "emit_spike(weight * (r * w) / (1 mV))" in synapse


def test_importing_twice_gives_the_same_files(tmp_path, import_script):
    """Nothing in them depends on when or how often."""
    arguments = ("--neuron", "G", "--synapse", "S_stp:in_", "--output", "out")
    texts = []
    for _ in range(2):
        import_script(*arguments)
        texts.append({path.name: path.read_text() for path in (tmp_path / "out").iterdir()})
    assert texts[0] == texts[1]
    assert len(texts[0]) == 2


def test_importer_does_not_import_nest(tmp_path):
    """It works where there is only Brian2."""
    code = (
        "import sys; sys.modules['nest'] = None; sys.modules['pynestml'] = None\n"
        "import izhisyn.brian2_import, izhisyn.brian2_import.script"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
