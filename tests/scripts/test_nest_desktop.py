# SPDX-License-Identifier: GPL-2.0-or-later
"""What NEST Desktop imports describes the models that NEST has, and runs.

The keys and their types are those that NEST Desktop 4.2 reads (its interfaces IModelProps,
IParamProps, IModelStateProps and their likes for networks); what it does not know it drops.
"""

import ast
import json
import re

import pytest

from izhisyn import nest_desktop
from pynest_scripts.commands import nest_desktop as command

NUMBER = (int, float)
MODEL = {"id": str, "elementType": str, "label": str, "params": list, "version": str}
NEURON = MODEL | {"states": list}
PARAMETER = {"id": str, "label": str, "value": (*NUMBER, str)}
PARAMETER_OPTIONS = {"unit": str, "step": NUMBER}
STATE = {"id": str, "label": str}
STATE_OPTIONS = {"unit": str}


@pytest.fixture(scope="module")
def written(module_build, tmp_path_factory):
    """Run the command, and read its file as a browser does: JSON without infinities."""

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    folder = tmp_path_factory.mktemp("nest_desktop")
    command.main(["--output", str(folder)])
    text = (folder / "nest_desktop.json").read_text(encoding="utf-8")
    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="module")
def neurons(written):
    """Descriptions of the neurons."""
    return [one for one in written if one.get("elementType") == "neuron"]


@pytest.fixture(scope="module")
def synapses(written):
    """Descriptions of the synapses."""
    return [one for one in written if one.get("elementType") == "synapse"]


def check(thing, required, options=None):
    """Compare an object with the keys and types that it must and may have."""
    types = required | (options or {})
    assert required.keys() <= thing.keys() <= types.keys(), thing
    for key, value in thing.items():
        assert isinstance(value, types[key]), (thing, key)
        assert value != "", (thing, key)


def in_nest(parameter):
    """Give the value that reaches NEST.

    JavaScript has one type of numbers, so that 3.0 becomes 3; a text is put into the Python code.
    """
    value = parameter["value"]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return ast.literal_eval(value if isinstance(value, str) else json.dumps(value))


def values(thing):
    """Give the parameters of a model, a node or a synapse as NEST gets them."""
    return {parameter["id"]: in_nest(parameter) for parameter in thing.get("params", [])}


def test_every_model_of_the_module_is_described(neurons, synapses, module_build):
    """Except those that need a volume transmitter, and those without a NESTML source."""
    described = {one["id"] for one in neurons + synapses} - {nest_desktop.RECEPTOR_SYNAPSE}
    left_out = {"gliotransmission_synapse", "gliotransmission_volume_transmitter"}
    left_out |= {"static_synapse_pooled", "static_synapse_pooled_hom_w", "poisson_generator_pooled"}
    left_out |= {"stdp_izhikevich_synapse", "dopamine_stdp_izhikevich_synapse"}
    left_out |= {"uniform_noise_generator"}
    variants = ("_lbl", "_hpc")  # NEST makes them of each synapse
    models = {name for name in module_build["models"] if not name.endswith(variants)}
    assert described == models - left_out


def test_descriptions_have_the_keys_that_nest_desktop_reads(neurons, synapses):
    """No other keys, no empty texts."""
    for one in neurons:
        check(one, NEURON)
    for one in synapses:
        check(one, MODEL)
    for one in neurons + synapses:
        for parameter in one["params"]:
            check(parameter, PARAMETER, PARAMETER_OPTIONS)
        for state in one.get("states", []):
            check(state, STATE, STATE_OPTIONS)


def test_values_are_the_defaults_of_nest_and_can_be_set(neurons, nest_kernel):
    """All at once, and NEST then has them; infinities and integers, too."""
    nest = nest_kernel()
    for one in neurons:
        sent = values(one)
        assert sent == {name: nest.GetDefaults(one["id"], name) for name in sent}, one["id"]
        created = nest.Create(one["id"], params=sent)
        assert {name: created.get(name) for name in sent} == sent, one["id"]
    assert any(values(one).get("V_min") == float("-inf") for one in neurons)
    integers = [p["step"] for one in neurons for p in one["params"] if p["id"] == "integrator"]
    assert set(integers) == {1}


def test_states_can_be_recorded(neurons, nest_kernel):
    """A multimeter takes them, but for the inner state of a step and elements of arrays."""
    nest = nest_kernel()
    for one in neurons:
        states = {state["id"] for state in one["states"]}
        recordables = {str(name) for name in nest.GetDefaults(one["id"], "recordables")}
        inner = {name for name in recordables if name.startswith(("step_", "PULSES_"))}
        assert recordables - inner == states


def test_labels_tell_the_receptor_types(neurons, nest_kernel):
    """NEST Desktop shows nothing else that could."""
    nest = nest_kernel()
    multisynaptic = 0
    for one in neurons:
        for port, number in nest.GetDefaults(one["id"]).get("receptor_types", {}).items():
            assert f" {number} {port}" in one["label"]
            multisynaptic += 1
    assert multisynaptic > 0


def test_synapses_are_connected_with_their_receptor(synapses, nest_kernel):
    """With the described values, but for the receptor: 0 is of neurons with one port."""
    nest = nest_kernel()
    neuron = nest.Create(command.EXAMPLE_NEURON)
    for one in synapses:
        sent = values(one)
        assert sent == {name: nest.GetDefaults(one["id"], name) for name in sent}
        sent["receptor_type"] = 3
        nest.Connect(neuron, neuron, syn_spec={"synapse_model": one["id"], **sent})
        made = nest.GetConnections(synapse_model=one["id"])
        assert {name: made.get(name) for name in ("weight", "delay")} == {"weight": 1, "delay": 1}
        assert made.get("receptor") == 3


def run_project(nest, project):
    """Do what the code does that NEST Desktop makes of a project; give the times of the spikes."""
    nodes = []
    for node in project["network"]["nodes"]:
        records = [record["id"] for record in node.get("records", [])]
        params = values(node) | ({"record_from": records} if records else {})
        nodes.append(nest.Create(node["model"], params=params))
    for connection in project["network"]["connections"]:
        ends = nodes[connection["source"]], nodes[connection["target"]]
        synapse = connection.get("synapse", {})
        model = synapse.get("model", "static_synapse")
        nest.Connect(*ends, syn_spec={"synapse_model": model, **values(synapse)})
    nest.Simulate(project["simulation"]["time"])
    assert len(nodes[3].get("events", "V_m")) > 0
    return list(nodes[4].get("events", "times"))


def test_project_is_the_network_of_the_readme(written, nest_kernel, module_build, pytestconfig):
    """Same spikes as those of the README's code with NEST's own generator and synapse."""
    (project,) = (one for one in written if "network" in one)
    assert project["simulation"]["modules"] == [module_build["module"]]
    kernel = project["simulation"]["kernel"]
    nest = nest_kernel(kernel["resolution"], rng_seed=kernel["rngSeed"])
    times = run_project(nest, project)

    nest = nest_kernel(kernel["resolution"], rng_seed=kernel["rngSeed"])
    readme = (pytestconfig.rootpath / "README.md").read_text(encoding="utf-8")
    code = readme.partition("## From PyNEST")[2].partition("```python\n")[2].partition("```")[0]
    code = re.sub(r"^nest\.Install.*\n", "", code, flags=re.MULTILINE).partition("print(")[0]
    code = code.replace("_pooled", "")  # NEST Desktop has NEST's devices and synapses
    names = {}
    exec(code, names)
    assert len(times) > 10
    assert times == pytest.approx(list(names["recorder"].events["times"]), abs=1e-9)
