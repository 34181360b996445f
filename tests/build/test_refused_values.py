# SPDX-License-Identifier: GPL-2.0-or-later
"""A value that an invariant or a parent class refuses changes nothing at all.

NESTML's own code keeps a refused value; the templates in nestml_templates mend that.
"""

import json

import pytest

NEURON_VALUES = ["tau_a", "tau_b", "V_m", "tau_minus", "tau_Ca"]
SYNAPSE_VALUES = ["w", "tau_s", "x", "weight", "delay"]

# Installing with two threads also proves that the module registers its synapse for both.
SNIPPET = """
import json, sys
import nest
action, values, wanted = (json.loads(argument) for argument in sys.argv[1:])
nest.verbosity = nest.VerbosityLevel.ERROR
nest.local_num_threads = 2
nest.Install("tinymodule")
nodes = nest.Create("tiny_neuron", 2)
connection = {"synapse_model": "tiny_synapse", "weight": 2., "delay": 3.}
nest.Connect(nodes, nodes, "one_to_one", connection)
synapse = nest.GetConnections(source=nodes[1])
target, change = {
    "neuron": (nodes[1].get, lambda: nodes[1].set(**values)),
    "synapse": (synapse.get, lambda: synapse.set(**values)),
    "neuron defaults": (lambda names: {n: nest.GetDefaults("tiny_neuron")[n] for n in names},
                        lambda: nest.SetDefaults("tiny_neuron", values)),
    "synapse defaults": (lambda names: {n: nest.GetDefaults("tiny_synapse")[n] for n in names},
                         lambda: nest.SetDefaults("tiny_synapse", values)),
}[action]
before = target(wanted)
error = None
try:
    change()
except nest.NESTError as refusal:
    error = [type(refusal).__name__, str(refusal)]
after = target(wanted)
nest.Simulate(1.)
print(json.dumps({"before": before, "after": after, "error": error}))
"""


@pytest.fixture
def attempt(tiny_module, fresh_python):
    """Try to set values in a fresh NEST; give the values before and after, and NEST's error."""

    def run(action: str, values: dict[str, float], wanted: list[str]) -> dict:
        arguments = [json.dumps(argument) for argument in (action, values, wanted)]
        environment = tiny_module.record["environment"]
        result = fresh_python(SNIPPET, *arguments, **environment)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout.splitlines()[-1])

    return run


@pytest.mark.parametrize(
    ("action", "values", "names", "reason"),
    [
        ("neuron", {"tau_a": -1.0}, NEURON_VALUES, "tau_a > 0 ms"),
        (
            "neuron",
            {"V_m": -50.0, "tau_a": 3.0, "tau_minus": 33.0, "tau_Ca": 44.0},
            NEURON_VALUES,
            "tau_a < tau_b",
        ),
        # tau_Ca is good and NEST's StructuralPlasticityNode takes it before tau_minus is refused.
        (
            "neuron",
            {"V_m": -50.0, "tau_a": 1.5, "tau_Ca": 44.0, "tau_minus": -1.0},
            NEURON_VALUES,
            "time constants",
        ),
        ("neuron defaults", {"V_m": -50.0, "tau_a": -1.0}, NEURON_VALUES, "tau_a > 0 ms"),
        ("synapse", {"tau_s": -1.0}, SYNAPSE_VALUES, "tau_s > 0 ms"),
        (
            "synapse",
            {"x": 4.0, "weight": 7.0, "delay": 5.0, "tau_s": -1.0},
            SYNAPSE_VALUES,
            "tau_s > 0 ms",
        ),
        ("synapse", {"w": -200.0, "tau_s": 8.0}, SYNAPSE_VALUES, "w > -100"),
        (
            "synapse defaults",
            {"weight": 7.0, "delay": 5.0, "tau_s": -1.0},
            SYNAPSE_VALUES,
            "tau_s > 0 ms",
        ),
    ],
)
def test_refused_change_leaves_everything(attempt, action, values, names, reason):
    """Good values given together with a bad one are refused with it."""
    outcome = attempt(action, values, names)
    assert outcome["error"][0] == "BadProperty"
    assert reason in outcome["error"][1]
    assert outcome["after"] == outcome["before"]


def test_refusal_tells_constraint_and_values(attempt):
    """The error names both parameters of the constraint with the values that break it."""
    outcome = attempt("neuron", {"tau_a": 3.0}, ["tau_a"])
    assert "tiny_neuron needs tau_a < tau_b" in outcome["error"][1]
    assert "tau_a = 3, tau_b = 2" in outcome["error"][1]


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("neuron", {"tau_a": 2.5, "tau_b": 3.5, "V_m": -60.0, "tau_minus": 30.0}),
        ("neuron defaults", {"tau_a": 2.5, "tau_b": 3.5, "V_m": -60.0}),
        ("synapse", {"tau_s": 7.0, "weight": 4.0, "delay": 2.0, "x": 3.0}),
        ("synapse defaults", {"tau_s": 7.0, "weight": 4.0, "delay": 2.0}),
    ],
)
def test_good_values_are_taken(attempt, action, values):
    """The guard does not stand in the way of values that hold."""
    outcome = attempt(action, values, list(values))
    assert outcome["error"] is None
    assert outcome["after"] == values
