# SPDX-License-Identifier: GPL-2.0-or-later
"""The synapses of NESTML's model library build and run onto our neurons, or say what they need.

Those that learn from the spikes of their targets are generated together with a neuron, which
stays pooled. Each sends the weights of its own rule, written as sums over pairs of spikes.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import BUILD_MODULE
from tests.learning import test_nest_synapses as rules

pytestmark = pytest.mark.slow

LIBRARY = Path(sys.prefix) / "models" / "synapses"
NETWORK = Path(__file__).with_name("plastic_network.py")
PSC = Path(__file__).parents[2] / "models" / "izhikevich_psc_multisyn_neuron.nestml"
TUTORIAL = PSC.with_name("izhikevich_tutorial_neuron.nestml")

PAIR = {
    "tau_tr_pre": rules.TAU_PLUS,
    "lambda": rules.LAMBDA,
    "alpha": rules.ALPHA,
    "mu_plus": rules.MU_PLUS,
    "mu_minus": rules.MU_MINUS,
    "Wmax": rules.W_MAX,
}
TRIPLET = {
    "tau_plus": rules.TAU_PLUS,
    "tau_x": rules.TRIPLET["tau_plus_triplet"],
    "A2_plus": rules.TRIPLET["Aplus"],
    "A3_plus": rules.TRIPLET["Aplus_triplet"],
    "A2_minus": rules.TRIPLET["Aminus"],
    "A3_minus": rules.TRIPLET["Aminus_triplet"],
    "Wmax": rules.W_MAX,
}
POST_PAIR = {"tau_tr_post": rules.TAU_MINUS}
POST_TRIPLET = {"tau_minus": rules.TAU_MINUS, "tau_y": rules.TAU_MINUS_TRIPLET}
# Parameters of the synapse, those that NESTML moves to the neuron, and the rule. NEST has synapses
# of most of these names, so that the library's get others.
RULES = {
    "my_stdp_synapse": (PAIR, POST_PAIR, rules.all_to_all),
    "my_stdp_nn_symm_synapse": (PAIR, POST_PAIR, rules.nearest_symmetric),
    "my_stdp_nn_pre_centered_synapse": (PAIR, POST_PAIR, rules.nearest_centred),
    "my_stdp_nn_restr_symm_synapse": (PAIR, POST_PAIR, rules.nearest_restricted),
    "my_stdp_triplet_synapse": (TRIPLET, POST_TRIPLET, rules.triplets),
}
ORDERED = {"my_stdp_nn_pre_centered_synapse", "my_stdp_nn_restr_symm_synapse"}


def renamed(folder: Path, name: str) -> Path:
    """Copy a synapse of the library, called my_NAME there."""
    source = (LIBRARY / f"{name.removeprefix('my_')}.nestml").read_text()
    file = folder / f"{name}.nestml"
    file.write_text(source.replace(f"model {name.removeprefix('my_')}:", f"model {name}:"))
    return file


def build(folder: Path, files: list[Path], options: dict, *arguments: str) -> tuple[dict, str]:
    """Compile models, and give the module's record, if there is one, and the messages."""
    (folder / "options.json").write_text(json.dumps(options))
    command = [sys.executable, BUILD_MODULE, "--models", *files, "--module-name", "pairsmodule"]
    command += ["--codegen-opts", folder / "options.json", "--numeric-solver", "forward-Euler"]
    command += ["--install-dir", folder, "--json", *arguments]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    return json.loads(result.stdout) if result.returncode == 0 else {}, result.stderr


def pair(neuron: str, synapses: list[str]) -> dict:
    """Code-generation options for synapses that listen to one neuron."""
    ports = {name: {"post_ports": ["post_spikes"]} for name in synapses}
    return {
        "neuron_synapse_pairs": [{"neuron": neuron, "synapses": ports}],
        "weight_variable": dict.fromkeys(synapses, "w"),
    }


@pytest.fixture(scope="module", params=["pooled", "stock"])
def module(request, tmp_path_factory):
    """Build the rules with a neuron of ours, or some with a neuron that gets stock code."""
    folder = tmp_path_factory.mktemp("pairs")
    if request.param == "pooled":
        names, neuron, arguments = list(RULES), PSC, ()
    else:
        names = ["my_stdp_synapse", "my_stdp_triplet_synapse"]
        neuron, arguments = TUTORIAL, ("--stock-codegen",)
    files = [neuron, *(renamed(folder, name) for name in names)]
    record, messages = build(folder, files, pair(neuron.stem, names), *arguments)
    assert record, messages
    return request.param, names, neuron.stem, record


def description(module, delay):
    """Describe the network for plastic_network.py."""
    kind, names, neuron, record = module
    [target] = [name for name in record["models"] if name.startswith(f"{neuron}__with_")]
    suffix = f"__with_{target}"
    synapses = {name: name + suffix for name in names}
    assert set(synapses.values()) <= set(record["models"])
    moved = {f"{key}__for_{name}": v for name in names for key, v in RULES[name][1].items()}
    return {
        "neuron": target,
        "neuron_parameters": moved,
        "current": 12.0,  # [pA], for 10 to 40 spikes/s
        "receptor_type": int(kind == "pooled"),
        "delay": delay,
        "synapses": {
            model: {**RULES[name][0], "w": rules.WEIGHT} for name, model in synapses.items()
        },
    }


def simulate(module, threads, folder, delay=rules.DELAY):
    """Run the network in a fresh process, and give what it has recorded."""
    (folder / "network.json").write_text(json.dumps(description(module, delay)))
    path = str(Path(module[3]["path"]).with_suffix(""))
    command = [sys.executable, NETWORK, path, threads, folder / "out.npz", folder / "network.json"]
    subprocess.run(list(map(str, command)), check=True)
    with np.load(folder / "out.npz") as arrays:
        return dict(arrays)


def test_neuron_of_ours_stays_pooled(module):
    """Only --stock-codegen makes stock code of it; the reason is that one."""
    kind, _, _, record = module
    for reason in record["stock_neurons"].values():
        assert reason == "was to have it (--stock-codegen)"
    assert bool(record["stock_neurons"]) == (kind == "stock")


@pytest.mark.parametrize("threads", [1, 2])
def test_weights_are_those_of_the_rule(module, tmp_path, threads):
    """Each synapse onto each neuron; 1e-9 is far above rounding, far below one pair's effect.

    A spike of the target reaches the synapse one delay after it, as in NEST. Where it meets one of
    the source, two of NESTML's rules pair the latter as if it came later, which the papers do not.
    """
    recorded = simulate(module, threads, tmp_path)
    pre, tested = recorded["pre"], 0
    for name, (_, _, rule) in RULES.items():
        if name not in module[1]:
            continue
        [synapse] = {key.partition("/")[0] for key in recorded if key.startswith(f"{name}__")}
        targets = np.unique(recorded[f"{synapse}/targets"])
        assert targets.size == 40
        for target in targets:
            post = recorded["spikes/times"][recorded["spikes/senders"] == target]
            post = np.sort(post + rules.DELAY).round(1)
            if name in ORDERED and np.isin(post, pre).any():
                continue
            sent = recorded[f"{synapse}/weights"][recorded[f"{synapse}/targets"] == target]
            expected = rule(pre, post)
            np.testing.assert_allclose(sent, expected, rtol=1e-9, err_msg=f"{name} {target}")
            tested += post.size >= 15 and np.ptp(expected) > 0.05 * rules.WEIGHT
    assert tested > 20 * len(module[1])


def test_synapse_refuses_other_targets_and_leaves_nests_own_alone(module, fresh_python):
    """NESTML ends the process at a wrong target. NEST's synapses keep a history of their own."""
    folder = Path(module[3]["path"])
    told = description(module, rules.DELAY)
    output = fresh_python(
        """
        import json, sys, nest
        nest.verbosity = nest.VerbosityLevel.ERROR
        told = json.loads(sys.argv[2])
        nest.Install(sys.argv[1])
        synapse, port = next(iter(told["synapses"])), told["receptor_type"]
        neurons = nest.Create(told["neuron"], 2)
        other = nest.Create("parrot_neuron")
        try:
            nest.Connect(neurons[0], other, syn_spec={"synapse_model": synapse})
        except nest.NESTError as error:
            print(f"refused: {error}")
        try:
            nest.SetDefaults(synapse, {"tau_tr_pre": 11.0, "tau_tr_post": 12.0})
        except nest.NESTError as error:
            print(f"refused: {error}")
        kept = nest.GetDefaults(synapse)
        assert kept["tau_tr_pre"] == kept["tau_tr_post"] == 20.0
        nest.SetDefaults(synapse, {"tau_tr_pre": 20.0, "tau_tr_post": 20.0})
        source = nest.Create("parrot_neuron")
        driver = nest.Create("spike_generator", params={"spike_times": [10.0, 50.0]})
        nest.Connect(driver, source)
        nest.Connect(nest.Create("dc_generator", params={"amplitude": 15.0}), neurons)
        both = [("stdp_synapse", neurons[0])]
        both += [("stdp_synapse", neurons[1]), (synapse, neurons[1])]
        for model, target in both:
            spec = {"synapse_model": model, "receptor_type": port, "delay": 1.0}
            silent = {} if model == "stdp_synapse" else {"w": 0.0, "lambda": 0.0}
            nest.Connect(source, target, syn_spec=spec | silent)
        nest.Simulate(100.0)
        print(*nest.GetConnections(synapse_model="stdp_synapse").weight)
        """,
        str(folder.with_suffix("")),
        json.dumps(told),
        LD_LIBRARY_PATH=str(folder.parent),
    )
    assert output.returncode == 0, output.stderr
    *_, refused, moved, weights = output.stdout.splitlines()
    assert f"must be a {told['neuron']} and is a parrot_neuron" in refused
    assert f"set tau_tr_post__for_my_stdp_synapse of the {told['neuron']}" in moved
    alone, beside = map(float, weights.split())
    assert alone == beside != 1.0


# What a synapse of the library needs that is built by itself.
NEEDS = {
    **dict.fromkeys(RULES, "generate it together with the neuron that is its target"),
    "my_neuromodulated_stdp_synapse": '"post_ports": ["post_spikes", "mod_spikes"]',
    "my_stdsp_synapse": '"post_ports": ["post_spikes", ["dAP_trace", "VARIABLE_OF_NEURON"]]',
    **dict.fromkeys(
        ["my_noisy_synapse", "my_static_synapse", "my_tsodyks_synapse"],
        "name the variable that is its weight in --codegen-opts",
    ),
}


def test_these_are_all_synapses_of_the_library():
    """So that a new one of another NESTML is noticed."""
    assert {f"my_{file.stem}" for file in LIBRARY.glob("*.nestml")} == set(NEEDS)


@pytest.mark.parametrize("name", NEEDS)
def test_synapse_says_in_a_sentence_what_it_needs(tmp_path, name):
    """Without options: one sentence with the synapse and the option, and no traceback."""
    record, messages = build(tmp_path, [renamed(tmp_path, name)], {})
    assert not record
    assert name in messages
    assert NEEDS[name] in messages
    assert "Traceback" not in messages


def test_synapses_that_hear_only_their_source_run_onto_our_neurons(
    tmp_path, fresh_python, module_build
):
    """Static: the weight; noisy: a normal law; Tsodyks: what NEST's own synapse of it sends."""
    names = ["my_noisy_synapse", "my_static_synapse", "my_tsodyks_synapse"]
    files = [renamed(tmp_path, name) for name in names]
    record, messages = build(tmp_path, files, {"weight_variable": dict.fromkeys(names, "w")})
    assert set(names) <= set(record["models"]), messages
    output = fresh_python(
        """
        import json, sys, nest
        import numpy as np
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.Install(sys.argv[1])
        nest.Install(sys.argv[2])
        times = np.cumsum(np.random.default_rng(1).integers(1, 400, 500) / 10.0).round(1)
        driver = nest.Create("spike_generator", params={"spike_times": times})
        source = nest.Create("parrot_neuron")
        nest.Connect(driver, source)
        neuron = nest.Create("izhikevich_psc_multisyn_neuron")
        short_term = {"U": 0.3, "tau_fac": 50.0, "tau_rec": 200.0, "tau_psc": 3.0, "u": 0.3}
        models = {"my_noisy_synapse": {"w": 5.0}, "my_static_synapse": {"w": 2.5}}
        models["my_tsodyks_synapse"] = {"w": 2.0, **short_term}
        models["tsodyks_synapse"] = {"weight": 2.0, "x": 1.0, **short_term}
        recorders = {}
        for model, parameters in models.items():
            recorders[model] = nest.Create("weight_recorder")
            recorder = {"weight_recorder": recorders[model]}
            nest.CopyModel(model, f"{model}_recorded", recorder | parameters)
            spec = {"synapse_model": f"{model}_recorded", "receptor_type": 1}
            nest.Connect(source, neuron, syn_spec=spec)
        nest.Simulate(times[-1] + 10.0)
        print(json.dumps({m: list(r.events["weights"]) for m, r in recorders.items()}))
        """,
        module_build["path"].removesuffix(".so"),
        record["path"].removesuffix(".so"),
        LD_LIBRARY_PATH=str(tmp_path),
    )
    assert output.returncode == 0, output.stderr
    sent = {key: np.array(v) for key, v in json.loads(output.stdout.splitlines()[-1]).items()}
    assert set(sent["my_static_synapse"]) == {2.5}
    np.testing.assert_allclose(sent["my_tsodyks_synapse"], sent["tsodyks_synapse"], rtol=1e-9)
    noise = (sent["my_noisy_synapse"] - 5.0) / 0.4  # its A_noise
    assert noise.size == 500
    # 4 standard errors of the mean and of the standard deviation of 500 normal numbers.
    assert abs(noise.mean()) < 4 / np.sqrt(500)
    assert abs(noise.std() - 1.0) < 4 / np.sqrt(1000)
