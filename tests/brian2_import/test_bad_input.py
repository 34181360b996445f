# SPDX-License-Identifier: GPL-2.0-or-later
"""A wrong model is one clear error with the line at fault, and nothing is written."""

import os
import subprocess
import sys

import pytest
from brian2 import Function, TimedArray, check_units, ms

from izhisyn.brian2_import import Brian2ImportError, synapse_to_nestml, to_nestml
from izhisyn.brian2_import.__main__ import main

LIF = "dv/dt = -v/tau : volt"
VALUES = {"tau": 10 * ms}
BAD_EQUATIONS = {
    "no unit": (f"{LIF}\ndw/dt = -w/tau", r"line 2 of the equations `dw/dt = -w/tau`: .*: unit`"),
    "open parenthesis": ("dv/dt = -v/(tau : volt", r"`dv/dt = -v/\(tau : volt`"),
    "not a base unit": ("dv/dt = -v/tau : mV", r"`dv/dt = -v/tau : mV`: .*not a base unit"),
    "units differ": ("dv/dt = (v + 1)/tau : volt", r"`dv/dt = \(v \+ 1\)/tau : V`: .*inconsistent"),
    "wrong unit": ("dv/dt = v : volt", r"`dv/dt = v : V`: .*expected unit"),
    "unknown name": ("dv/dt = -v/tau_m : volt", r'`dv/dt = -v/tau_m : V`: .*"tau_m" could not'),
    "unknown function": ("dv/dt = foo(v)/tau : volt", r"`dv/dt = foo\(v\)/tau : V`: .*foo"),
    "no inverse": (
        f"{LIF}\nx = arctan(v/mV) : 1",
        r"`x = arctan\(v/mV\) : 1`: NESTML has no arctan",
    ),
    "rounded unit": (f"{LIF}\nx = floor(v)/mV : 1", r"floor\(v\)/mV.*depends on the unit"),
    "random": (f"{LIF}\nx = rand() : 1", r"`x = rand\(\) : 1`: .*constant over dt"),
    "wrong flag": (f"{LIF} (event-driven)", r"`dv/dt = -v/tau : V \(event-driven\)`: .*flag"),
    "defined twice": (f"{LIF}\n{LIF}", r"[Dd]uplicate"),
    "underscore": (f"{LIF}\n_x : 1", r"line 2 of the equations `_x : 1`"),
    "synapse's name": (f"{LIF}\nx_post : 1", r"x_post"),
}


@pytest.mark.parametrize(("equations", "message"), BAD_EQUATIONS.values(), ids=BAD_EQUATIONS)
def test_wrong_equation_is_named(equations, message):
    """One sentence without line breaks, that tells the equation."""
    with pytest.raises(Brian2ImportError, match=message) as error:
        to_nestml(equations, method="euler", namespace=VALUES)
    assert "\n" not in str(error.value)


BAD_PARTS = {
    "threshold not a condition": ({"threshold": "v"}, r"threshold `v`: .*compare"),
    "threshold not a string": ({"threshold": 3}, "threshold 3 is not a string"),
    "threshold with units": ({"threshold": "v > 1"}, "threshold `v > 1`: .*units"),
    "reset with units": ({"threshold": "v > 1*mV", "reset": "v = 1"}, "reset `v = 1`"),
    "reset unknown": ({"threshold": "v > 1*mV", "reset": "v = c"}, "reset `v = c`.*c"),
    "reset syntax": ({"threshold": "v > 1*mV", "reset": "v ="}, "reset `v =`"),
    "refractory unit": (
        {"threshold": "v > 1*mV", "refractory": "v"},
        "refractory `v`: .*time",
    ),
    "method": ({"method": "rk5"}, "method `rk5`"),
    "not linear": ({"method": "exact", "equations": "dv/dt = v**2/tau : 1"}, "method `exact`"),
    "condition": (
        {"method": "exact", "equations": f"{LIF[:-7]} + int(n > 1)*mV/ms : volt\nn : integer"},
        "method `exact`: Brian2 itself fails.*use method='euler'",
    ),
    "initial value": ({"initial_values": {"w": 1}}, "`w = 1`: there is no variable w; there are v"),
    "initial unit": ({"initial_values": {"v": 1}}, "`v = 1`"),
    "model name": ({"name": "2nd neuron"}, "'2nd neuron' cannot be a model's name"),
    "math function": ({"name": "exp2"}, "'exp2' cannot be a model's name"),
    "port that multiplies": ({"on_pre": {"p": "v *= 2"}}, r"on_pre of p `v \*= 2`: .*v \+="),
    "ports in any order": ({"on_pre": {"p": "v = 0*mV", "q": "v += 1*mV"}}, "the order is lost"),
    "port random": ({"on_pre": {"p": "v += rand()*mV"}}, r"for each spike.*bernoulli_synapse"),
    "whole division": (
        {"threshold": "v > 1*mV", "reset": "n //= 2", "equations": f"{LIF}\nn : integer"},
        r"reset `n //= 2`: .*write `n = n // 2`",
    ),
    "port unknown": ({"on_pre": {"p": "g += 1"}}, "on_pre of p `g .= 1`: .*g is no variable"),
    "port not additive": ({"on_pre": {"p": "v += -v/2"}}, r"on_pre of p `v \+= -v/2`: .*adds up"),
    "port like a variable": (
        {"on_pre": {"v": "v += 1*mV"}},
        "port v: a variable, a constant or another port has",
    ),
    "port like a constant": ({"on_pre": {"tau": "v += 1*mV"}}, "port tau: a variable, a constant"),
    "port reserved": ({"on_pre": {"input": "v += 1*mV"}}, "port input has a name that NESTML"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD_PARTS.values(), ids=BAD_PARTS)
def test_wrong_part_is_named(arguments, message):
    """Threshold, reset, refractoriness, method, values, names and ports."""
    model = {"equations": LIF, "method": "euler", "namespace": VALUES, **arguments}
    with pytest.raises(Brian2ImportError, match=message) as error:
        to_nestml(**model)
    assert "\n" not in str(error.value)


def test_user_function_is_refused_by_name():
    """Only Brian2's own functions have a formula in NESTML."""

    @check_units(x=1, result=1)
    def triple(x):
        return 3 * x

    triple = Function(triple, arg_units=[1], return_unit=1)
    with pytest.raises(Brian2ImportError, match=r"the function triple\(\) is not one of Brian2's"):
        to_nestml(f"{LIF}\nx = triple(v/mV) : 1", namespace={**VALUES, "triple": triple})


@pytest.mark.parametrize(
    ("values", "message"), [([[1, 2], [3, 4]], "a column for each"), (range(200), "changes 199")]
)
def test_timed_array_that_is_no_readable_function_is_refused(values, message):
    """A file beside the written script has them."""
    array = TimedArray(list(values), dt=1 * ms)
    call = "array(t, i)" if "column" in message else "array(t)"
    with pytest.raises(Brian2ImportError, match=f"{message}.*--all"):
        to_nestml(f"{LIF}\nx = {call} : 1", namespace={**VALUES, "array": array})


TARGET = "dv/dt = -v/tau : volt\ndg/dt = -g/tau : 1"
BAD_SYNAPSES = {
    "clock-driven": (
        {"model": "dx/dt = -x/tau : 1 (clock-driven)", "on_pre": "x += 1"},
        r"`dx/dt = -x/tau : 1 \(clock-driven\)`: .*event-driven",
    ),
    "summed": (
        {"model": "I_post = 3*mV : volt (summed)", "on_pre": "", "target": "I : volt"},
        r"`I_post = 3\*mV : V \(summed\)`: NEST sums spikes",
    ),
    "multiplies the target": ({"model": "", "on_pre": "v_post *= 2"}, r"`v_post \*= 2`: .*v \+="),
    "sets the target to its own": (
        {"model": "w : volt", "on_pre": "v_post = w"},
        r"`v_post = w`: .*may not depend on w; .*set a constant",
    ),
    "sets and adds": (
        {"model": "x : 1", "on_pre": "x += 1; v_post = 0*mV; v_post += x*mV"},
        "two weights|the order is lost",
    ),
    "changes the source": (
        {"model": "", "on_pre": "v_pre += 1*mV"},
        r"`v_pre \+= 1\*mV`: .*source",
    ),
    "reads the source": ({"model": "", "on_pre": "g_post += v_pre/mV"}, r"v_pre/mV`: .*v_pre"),
    "index": ({"model": "", "on_pre": "g_post += j"}, r"`g_post \+= j`: .*index of the target"),
    "does not separate": (
        {"model": "w : 1", "on_pre": "g_post += w + v_post/mV"},
        r"`g_post \+= w \+ v_post/mV`: .*separate",
    ),
    "two weights": (
        {"model": "w : 1\nq : volt", "on_pre": "g_post += w\nv_post += q"},
        r"`v_post \+= q`: one spike cannot carry two weights",
    ),
    "random": (
        {"model": "w : 1", "on_pre": "g_post += w*int(rand() < 0.5)"},
        r"`g_post \+= w\*int\(rand\(\) < 0.5\)`: .*bernoulli_synapse",
    ),
    "unknown name": ({"model": "", "on_pre": "g_post += U_0"}, '"U_0" could not be resolved'),
    "no state": ({"model": "w : 1", "on_pre": "g_post += w"}, "static_synapse"),
    "linked": ({"model": "w : 1 (linked)", "on_pre": "g_post += w"}, r"`w : 1 \(linked\)`"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD_SYNAPSES.values(), ids=BAD_SYNAPSES)
def test_synapse_that_nest_cannot_express_is_refused(arguments, message):
    """By name, with the line and the nearest way."""
    with pytest.raises(Brian2ImportError, match=message) as error:
        synapse_to_nestml(**{"target": TARGET, "namespace": VALUES, **arguments})
    assert "\n" not in str(error.value)


SCRIPT = """
from brian2 import *
tau = 10*ms
G = NeuronGroup(2, 'dv/dt = -v/tau : 1\\nx : 1', threshold='v > 1', reset='v = 0', method='euler')
S = Synapses(G, G, 'w : 1', on_pre='v_post += w', on_post='w += 1')
M = Synapses(G, G, on_pre='v_post += 1', multisynaptic_index='k')
J = Synapses(G, G, 'x_post = v_pre : 1 (summed)')
E = NeuronGroup(1, 'v : 1', events={'burst': 'v > 2'})
G.run_regularly('v += 1', dt=0.25*ms)
"""


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        (SCRIPT, ["--neuron", "H"], "no NeuronGroup H.*there are E, G"),
        (SCRIPT, ["--neuron", "G", "--synapse", "T:exc"], "no Synapses T.*there are J, M, S"),
        (SCRIPT, ["--neuron", "E", "--synapse", "S:exc"], "S does not go to E"),
        (SCRIPT, ["--neuron", "G", "--synapse", "S:exc"], "on_post of .* `w .= 1`: .*--all"),
        (SCRIPT, ["--neuron", "G", "--synapse", "M:exc"], "multisynaptic_index='k'"),
        (SCRIPT, ["--neuron", "G", "--synapse", "J:gap"], "no on_pre.*gap_junction"),
        (SCRIPT, ["--neuron", "E"], "event burst"),
        (SCRIPT, ["--neuron", "G"], r"run_regularly `v \+= 1`: runs every 250. us"),
        ("import sys\nsys.exit(0)", ["--neuron", "G"], r"line 2: .*ends itself.*sys\.exit"),
        ("x = 1 +", ["--neuron", "G"], "line 1: invalid syntax"),
        ("\nraise ValueError('no data')", ["--neuron", "G"], "line 2: ValueError: no data"),
        (None, ["--neuron", "G"], "cannot read"),
    ],
)
def test_command_line_refuses_and_writes_nothing(tmp_path, script, arguments, message):
    """One sentence, and no folder."""
    path, output = tmp_path / "model.py", tmp_path / "out"
    if script is not None:
        path.write_text(script)
    with pytest.raises(Brian2ImportError, match=message) as error:
        main([str(path), "--output", str(output), *arguments])
    assert "\n" not in str(error.value)
    assert not output.exists()


def test_command_line_ends_with_exit_code_2_and_a_sentence(tmp_path):
    """No traceback, and nothing written."""
    (tmp_path / "model.py").write_text(SCRIPT.replace("run_regularly", "pre_"))
    command = [sys.executable, "-m", "izhisyn.brian2_import", "model.py"]
    for arguments, message in (
        (["--neuron", "G"], "model.py, line 9: AttributeError"),
        (["--neuron", "G", "--synapse", "S"], "'S' is not like S_e:AMPA"),
    ):
        result = subprocess.run(
            [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert result.returncode == 2
        assert message in result.stderr
        assert "Traceback" not in result.stderr
        assert not (tmp_path / "models").exists()


def test_missing_brian2_is_one_sentence(tmp_path):
    """A Python without it, as after a plain ``pip install``; the help needs none."""
    (tmp_path / "brian2.py").write_text("raise ModuleNotFoundError('no brian2 here')")
    command = [sys.executable, "-m", "izhisyn.brian2_import"]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}"}

    def run(*arguments):
        return subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, check=False
        )

    refused = run("model.py", "--neuron", "G")
    assert refused.returncode == 2
    assert refused.stderr == (
        f"error: {sys.executable} cannot import brian2 (no brian2 here); "
        "pip install 'izhisyn[brian2]'\n"
    )
    assert run("--help").returncode == 0
