# SPDX-License-Identifier: GPL-2.0-or-later
"""NEST 3.10 forgets the delays of other processes if connections are asked for too early."""

import pytest

PROGRAM = """
import sys, nest
nest.Install(sys.argv[1])
if "set" in sys.argv:
    nest.set(min_delay=0.5, max_delay=2.0)
neurons = nest.Create("izhikevich_psc_delta_neuron", 4)
nest.Connect(neurons, neurons, syn_spec={"delay": 1.5})
if "ask" in sys.argv:
    nest.GetConnections()
nest.Simulate(3.0)
if "ask later" in sys.argv:
    nest.GetConnections()
nest.Simulate(3.0)
"""


@pytest.mark.parametrize(
    ("ranks", "options", "n_warnings"),
    [(2, ["ask"], 2), (2, ["ask", "set"], 0), (2, ["ask later"], 0), (1, ["ask"], 0)],
)
def test_a_warning_names_what_to_do(run_ranks, module_build, tmp_path, ranks, options, n_warnings):
    """One from each process; the delays are the same here, so that the program ends."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    result = run_ranks(ranks, program, module_build["module"], *options)
    assert result.returncode == 0, result.stderr
    words = " ".join((result.stdout + result.stderr).split())
    assert words.count("Call GetConnections after the first run") == n_warnings
    assert words.count("simulates with 1.5 ms") == n_warnings
