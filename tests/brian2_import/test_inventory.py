# SPDX-License-Identifier: GPL-2.0-or-later
"""What acts on an imported neuron is in its model, refused, or listed as left behind."""

import os
import runpy
import sys

import numpy as np
import pytest
from brian2 import magic_network

from izhisyn.brian2_import import Brian2ImportError
from izhisyn.brian2_import.__main__ import main
from tests.brian2_import.conftest import compile_models

SCRIPT = """
from brian2 import *
set_device('cpp_standalone', directory='never_written')
defaultclock.dt = 0.5*ms
G = NeuronGroup(10, '''dv/dt = (I + x - v)/(10*ms) : 1
x = 1.0*i/N : 1
I : 1''', threshold='v > 1', reset='v = 0', method='euler', name='cells')
part = G[8:]
H = NeuronGroup(3, 'v : 1', threshold='v > 1', reset='v = 0')
P = PoissonInput(G, 'v', 20, 5*Hz, weight=0.1)
S = Synapses(H, G, on_pre='v_post += 1')
S.connect()
K = Synapses(G, G, 'I_post = v_pre : 1 (summed)')
K.connect()
B = Synapses(G, H, on_pre='v_pre += 0.1')
B.connect()
M = SpikeMonitor(G)
#EXTRA
@network_operation
def stir():
    G.v = 0
run(10*ms)
G.I = 3
run(10*ms)
"""


@pytest.fixture
def carry(tmp_path, monkeypatch):
    """Import a group of the script, with lines added to it; returns the NESTML text."""
    monkeypatch.chdir(tmp_path)

    def carry(extra="", neuron="G"):
        (tmp_path / "model.py").write_text(SCRIPT.replace("#EXTRA", extra))
        main(["model.py", "--neuron", neuron, "--name", "a_neuron", "--output", "out"])
        assert not (tmp_path / "never_written").exists()
        return (tmp_path / "out" / "a_neuron.nestml").read_text()

    yield carry
    magic_network.schedule = None  # there is one for the whole process


def test_the_importing_process_is_as_before(carry, monkeypatch):
    """A script gets its own arguments, and a backend without windows, for as long as it runs."""
    monkeypatch.delenv("MPLBACKEND", raising=False)
    before = dict(os.environ), list(sys.argv), list(sys.path)
    carry("import os; assert os.environ['MPLBACKEND'] == 'Agg'; os.environ['OF_SCRIPT'] = '1'")
    assert (dict(os.environ), list(sys.argv), list(sys.path)) == before


def test_what_acts_on_the_neuron_and_is_not_in_its_model_is_listed(carry, capsys):
    """On the terminal and at the top of the file, each object once; monitors do not act."""
    text = " ".join(carry().replace("\n# ", " ").split())
    printed = capsys.readouterr().out
    for sentence in (
        "Left behind: the network_operation stir()",
        "Left behind: the PoissonInput of 20 trains of 5. Hz to v with weight 0.1",
        "Left behind: the Synapses S: name them by --synapse",
        "Left behind: the summed variable I of the Synapses K",
        "Left behind: what the Synapses B change in their source",
        "Left behind: what the script does after its first run(), which it calls again in line 24",
        "nest.resolution = 0.5",
    ):
        assert sentence in printed
        assert sentence in text
    assert printed.count("Left behind") == 6


def test_objects_outside_the_network_do_not_act(carry, capsys):
    """An explicit Network consists of what it was given."""
    carry("Network(G, M).run(5*ms)")
    printed = capsys.readouterr().out
    assert printed.count("Left behind") == 1
    assert "calls again in line 22, 24" in printed


def test_index_and_size_of_a_part_are_those_of_the_whole(carry):
    """G[8:] of ten neurons has the indices 8 and 9, and N is 10 in its equations."""
    text = carry(neuron="part")
    assert "set it to range(8, 10)" in text
    lines = [line.split("  #")[0].strip() for line in text.splitlines()]
    assert {"i integer = 8", "N integer = 10"} <= set(lines)


def test_regular_code_of_a_part_goes_to_that_part_alone(carry):
    """Brian2 runs it for these neurons, also if the part has no name."""
    extra = "G[8:].run_regularly('I = 2*randn()')"
    assert "I = 2 * random_normal(0, 1)" in carry(extra, "part")
    assert "random_normal" not in carry(extra.replace("8:", ":8"), "part")
    with pytest.raises(Brian2ImportError, match=r"`I = 2\*randn\(\)` runs for the neurons 8 to 9"):
        carry(extra, "G")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("magic_network.schedule = ['start', 'synapses', 'groups', 'end']", "the schedule start"),
        ("G.resetter['spike'].when = 'end'", "cells_spike_resetter runs in slot 'end'"),
        ("G.thresholder['spike'].order = 1", "cells_spike_thresholder .* order 1"),
    ],
)
def test_another_order_within_a_step_is_refused(carry, extra, message):
    """The update block has Brian2's default order."""
    with pytest.raises(Brian2ImportError, match=message):
        carry(extra)


REGULARLY = """
from brian2 import *
G = NeuronGroup(1, '''dv/dt = (I - v)/(2*ms) : 1
I : 1''', threshold='v > 1', reset='v = 0', method='euler')
G.I = 0.5
G.run_regularly('I += 0.3*(1 + sin(t/ms))*int(I < 2); I -= 0.9*int(I >= 2)', dt=0.7*ms)
M = StateMonitor(G, 'v', record=True)
prefs.codegen.target = 'numpy'
run(30*ms)
"""


@pytest.mark.slow
def test_regular_code_with_a_step_of_its_own_runs_in_the_same_steps(tmp_path):
    """Every 0.7 ms at 0.1 ms, step for step as in Brian2; rounding stays far below 1e-9."""
    import nest

    script = tmp_path / "model.py"
    script.write_text(REGULARLY)
    main([str(script), "--neuron", "G", "--name", "reg_neuron", "--output", str(tmp_path)])
    text = (tmp_path / "reg_neuron.nestml").read_text()
    build = tmp_path / "build"
    build.mkdir()
    module = compile_models(build, {"reg_neuron": text}, "regmodule")
    expected = runpy.run_path(str(script))["M"].v[0][1:]
    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.resolution = 0.1
    nest.Install(module)
    neuron = nest.Create("reg_neuron")
    meter = nest.Create("multimeter", params={"record_from": ["v"], "interval": 0.1})
    nest.Connect(meter, neuron, syn_spec={"delay": 0.1})
    nest.Simulate(30.0)
    values = meter.get("events")["v"]
    assert np.ptp(expected) > 0.9
    np.testing.assert_allclose(values[: len(expected)], expected[: len(values)], atol=1e-9)
