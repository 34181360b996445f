# SPDX-License-Identifier: GPL-2.0-or-later
"""A user's neuron is pooled if it fits; else the build says why, and stock code runs it."""

import json
from dataclasses import dataclass

import pytest

pytestmark = pytest.mark.slow

SPIKES = "spikes <- spike"


@dataclass(frozen=True)
class Case:
    """A model of which x tells whether it runs.

    Attributes
    ----------
    reason
        What the build says of the model; None for one that fits.
    x
        Its value after 1 ms in steps of 0.1 ms and a spike of weight 3 that arrived at 0.5 ms,
        or None if it is random.
    state, inputs, update, blocks
        Lines of the model.
    """

    reason: str | None
    x: float | None
    state: str = "x real = 0"
    parameters: str = "w real = 1"
    inputs: str = SPIKES
    update: str = "x += w"
    blocks: str = ""


CASES = {
    "fitting": Case(None, 10.0),
    "dividing": Case(  # by 0, if the right side of `and` and `or` were computed for its own sake
        None,
        10.0,
        parameters="w real = 1\n        n integer = 0",
        update="if (n > 0 and 6 % n == 0) or (n == 0 or 6 / n > 1):\n            x += w",
    ),
    "listening": Case(
        "has an onReceive block",
        13.0,
        blocks="onReceive(spikes):\n        x += spikes * (1 s)",
    ),
    "signed": Case(
        "has spike ports for weights of one sign (spikes)",
        13.0,
        inputs="spikes <- excitatory spike",
        update="x += w + spikes * (1 s)",
    ),
    "many_ports": Case(
        "has the vector spikes as a spike port",
        10.0,
        inputs="spikes[2] <- spike",
    ),
    "many_parameters": Case(
        "has the vector w, which is not a state variable",
        20.0,
        parameters="w[3] real = 2",
        update="x += w[1]",
    ),
    "many_states": Case(
        "uses the vector xs outside onCondition",
        10.0,
        state="x real = 0\n        xs[3] real = 0",
        update="xs[1] += 1\n        x = xs[1]",
    ),
    "emitting": Case(
        "emits spikes outside onCondition",
        10.0,
        update="x += w\n        if x > 5:\n            emit_spike()",
    ),
    "random": Case("draws random numbers", None, update="x += random_normal(0, 1)"),
}


def source(name, case):
    """Write the NESTML source of a case."""
    text = f"""\
model {name}_neuron:
    state:
        {case.state}
    parameters:
        {case.parameters}
    input:
        {case.inputs}
    output:
        spike
    update:
        {case.update}
    {case.blocks}"""
    return text.rstrip() + "\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory, build):
    """Build all cases into one module; give the record and what the build said."""
    folder = tmp_path_factory.mktemp("fit")
    for name, case in CASES.items():
        (folder / f"{name}_neuron.nestml").write_text(source(name, case))
    arguments = ["--models", folder, "--module-name", "fitmodule", "--install-dir", folder]
    result = build(*arguments, "--numeric-solver", "forward-Euler", "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout), result.stderr


def test_reasons(built):
    """The record has every model that does not fit, and the build one line for each."""
    record, said = built
    reasons = {f"{name}_neuron": case.reason for name, case in CASES.items() if case.reason}
    assert record["stock_neurons"] == reasons
    lines = [line for line in said.splitlines() if "stock code" in line]
    assert lines == [
        f"build_module: {name} gets stock code and no pooled nodes, because it {reason}"
        for name, reason in record["stock_neurons"].items()
    ]


SNIPPET = """
import json, sys
import nest
nest.verbosity = nest.VerbosityLevel.ERROR
nest.Install("fitmodule")
train = nest.Create("spike_generator", params={"spike_times": [0.4]})
x = {}
for name in sys.argv[1:]:
    neurons = nest.Create(name, 3)
    ports = nest.GetDefaults(name).get("receptor_types", {None: 0})
    port = min(ports.values())
    nest.Connect(train, neurons, syn_spec={"weight": 3.0, "delay": 0.1, "receptor_type": port})
    x[name] = neurons
nest.Simulate(1.0)
print(json.dumps({name: neurons.get("x") for name, neurons in x.items()}))
"""


def test_both_kinds_run(built, fresh_python):
    """All in one process; random numbers differ between the neurons."""
    record, _ = built
    names = [f"{name}_neuron" for name in CASES]
    result = fresh_python(SNIPPET, *names, **record["environment"])
    assert result.returncode == 0, result.stderr
    x = json.loads(result.stdout.splitlines()[-1])
    for name, case in CASES.items():
        values = x[f"{name}_neuron"]
        if case.x is None:
            assert len(set(values)) == len(values)
        else:
            assert values == pytest.approx(3 * [case.x], abs=1e-12), name
