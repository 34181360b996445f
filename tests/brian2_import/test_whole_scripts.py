# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole Brian2 script becomes a PyNEST script that does the same."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from izhisyn.brian2_import import __main__ as command
from izhisyn.brian2_import.errors import Brian2ImportError
from tests.brian2_import.cases import THREADS
from tests.brian2_import.whole_scripts import compare, run_imported, run_python
from tests.conftest import ROOT

SCRIPTS = Path(__file__).parent / "scripts"


def test_small_network_has_the_same_spikes_and_traces(tmp_path):
    """Every kind of connection, with delays of none, one and several steps, and two runs."""
    counts = compare(SCRIPTS / "small_network.py", tmp_path)
    assert counts["spikes_of_cells"] > 200
    assert counts["spikes_of_relays"] > 50


@pytest.mark.slow
def test_plastic_network_has_the_same_spikes_and_traces(tmp_path):
    """Three rules, with two traces and without, delays of none, one and many steps, two threads."""
    counts = compare(SCRIPTS / "plastic_network.py", tmp_path)
    assert counts["spikes_of_cells"] > 2000
    found = np.load(tmp_path / "results.npz")
    run_python(tmp_path / "run.py", "--threads", 2)
    again = np.load(tmp_path / "results.npz")
    trains = [
        sorted(zip(one["spikes_of_cells_t"], one["spikes_of_cells_i"], strict=True))
        for one in (found, again)
    ]
    assert trains[0] == trains[1]


@pytest.mark.parametrize("name", ["small_network", "plastic_network"])
def test_scripts_that_are_written_are_formatted(name, tmp_path):
    """As a person's are: ruff finds nothing in them but the names of the script's author."""
    command.main([str(SCRIPTS / f"{name}.py"), "--all", "--output", str(tmp_path)])
    for action in (["check"], ["format", "--check"]):
        arguments = ["-m", "ruff", *action, "--config", ROOT / "pyproject.toml"]
        ignored = ["--ignore", "E741"] if action == ["check"] else []
        run_python(*arguments, *ignored, tmp_path / "run.py")


@pytest.fixture
def write_script(tmp_path):
    """Write a Brian2 script, and give the text of the PyNEST script."""

    def write(lines, *options):
        path = tmp_path / "model.py"
        path.write_text(f"from brian2 import *\n{lines}\nrun(10*ms)\n")
        command.main([str(path), "--all", "--output", str(tmp_path / "out"), *options])
        return (tmp_path / "out" / "run.py").read_text()

    return write


CELLS = """
tau = 10*ms
G = NeuronGroup(100, '''dv/dt = (I - v)/tau : volt
I : volt''', threshold='v > 10*mV', reset='v = 0*mV', method='exact')
"""


def test_conditions_that_are_rules_of_nest(write_script):
    """As a person would write them; the pairs of the others are carried over."""
    text = write_script(
        f"""{CELLS}
A, B = G[:80], G[80:]
w = 0.1*mV
every = Synapses(A, B, on_pre='v += w', delay=1*ms)
every.connect()
some = Synapses(G, G, on_pre='v += 2*w', delay=2*ms)
some.connect('i != j', p=0.1)
part = Synapses(G, G, 'x : volt', on_pre='v -= x', delay=1*ms)
part.connect('i < 20 and j >= 50', p=0.25)
part.x = '(1 + 0.1*randn())*w'
one = Synapses(A, A, on_pre='v += w', delay=1*ms)
one.connect(j='i')
lossy = Synapses(A, B, 'u : 1', on_pre='v += w*int(rand() < u)', delay=1*ms)
lossy.connect()
lossy.u = 0.3
ring = Synapses(G, G, on_pre='v += w', delay=1*ms)
ring.connect(i=arange(100), j=(arange(100) + 1) % 100)
"""
    )
    for line in (
        'nest.Connect(G[:80], G[80:], "all_to_all", {"weight": w, "delay": 1.0})',
        '{"rule": "pairwise_bernoulli", "p": 0.1, "allow_autapses": False},',
        '{"weight": 2 * w, "delay": 2.0},',
        "G[:20],\n        G[50:],",
        '{"weight": 0.0 - (1 + 0.1 * nest.random.normal()) * w, "delay": 1.0},',
        'nest.Connect(G[:80], G[:80], "one_to_one", {"weight": w, "delay": 1.0})',
        '{"synapse_model": "bernoulli_synapse", "p_transmit": 0.3, "weight": w, "delay": 1.0},',
        'drawn["ring_pairs"]',
    ):
        assert line in text, line


def test_drawn_pairs_are_carried_over_on_request(write_script):
    """Also the initial values that the script drew."""
    lines = f"{CELLS}\nG.v = 'rand()*mV'\nS = Synapses(G, G, on_pre='v += 1*mV')\nS.connect(p=0.1)"
    assert "v = rng.random(100)" in write_script(lines)
    text = write_script(lines, "--same-network")
    assert '{"v": drawn["G_v"]}' in text
    assert 'drawn["S_pairs"]' in text
    assert "rng" not in text


def test_input_of_generators(write_script, tmp_path):
    """PoissonGroup, PoissonInput and SpikeGeneratorGroup; Brian2's time 0 is NEST's first step."""
    text = write_script(
        f"""{CELLS}
profile = TimedArray([10, 0, 50]*Hz, dt=4*ms)
P = PoissonGroup(30, rates=20*Hz)
R = PoissonGroup(5, rates='profile(t)*(i + 1)')
K = SpikeGeneratorGroup(1, [0, 0], [0, 5]*ms)
I = PoissonInput(G, 'v', 100, 5*Hz, weight=0.5*mV)
strength = TimedArray([0, 1], dt=5*ms)
J = PoissonInput(G, 'v', 100, 5*Hz, weight='strength(t)*mV')
S1 = Synapses(P, G, on_pre='v += 1*mV', delay=1*ms)
S1.connect()
S2 = Synapses(R, G, on_pre='v += 1*mV', delay=1*ms)
S2.connect()
S3 = Synapses(K, G, on_pre='v += 1*mV', delay=1*ms)
S3.connect()
"""
    )
    for line in (
        'nest.Create("poisson_generator", params={"rate": 20.0})',
        'nest.Create("parrot_neuron", 30)',
        'nest.Create("inhomogeneous_poisson_generator", 5)',
        'nest.Create("spike_generator", params={"spike_times": [0.1, 5.1]})',
        'nest.Create("poisson_generator", params={"rate": 500.0})',
        '{"receptor_type": G_ports["V_SPIKES"], "weight": 0.5, "delay": RESOLUTION},',
        '{"receptor_type": G_ports["V_SPIKES_SPIKES"], "weight": 1.0, "delay": RESOLUTION},',
    ):
        assert line in text, line
    model = (tmp_path / "out" / "model_g_neuron.nestml").read_text()
    assert "v += strength(time) * (1 mV) * V_SPIKES_SPIKES * (1 s)" in model


RULE = "Synapses(G, G, 'w : volt', on_pre='v_post += w', on_post='w *= 0.9'"


def test_synapses_that_listen_to_their_target(write_script, tmp_path):
    """NESTML pairs them with the neuron; a delay comes before them, as it would delay on_post."""
    text = write_script(
        f"{CELLS}\nS = {RULE})\nS.connect(j='i')\nD = {RULE}, delay=2*ms)\nD.connect(p=0.1)"
    )
    names = "__with_model_s_synapse_and_model_d_synapse"
    for line in (
        "--codegen-opts nestml_options.json",
        f'G_NEURON = "model_g_neuron{names}"',
        'S_SYNAPSE = f"model_s_synapse__with_{G_NEURON}"',
        '{"synapse_model": S_SYNAPSE, "weight": 1.0, "delay": RESOLUTION},',
        'D_relays = nest.Create("parrot_neuron", 100)',
        'nest.Connect(G, D_relays, "one_to_one", {"delay": 2.0})',
        '{"rule": "pairwise_bernoulli", "p": 0.1},',
    ):
        assert line in text, line
    options = json.loads((tmp_path / "out" / "nestml_options.json").read_text())
    ((pair,), states) = options["neuron_synapse_pairs"], options["strictly_synaptic_vars"]
    assert pair["neuron"] == "model_g_neuron"
    assert list(pair["synapses"]) == list(states) == ["model_s_synapse", "model_d_synapse"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (f"S = {RULE}, delay={{'post': 1*ms}})", "`w [*]= 0.9`: it has a delay"),
        (f"S = {RULE.replace('w *=', 'v_post *=')})", "`v_post [*]= 0.9`: .*own reset"),
        (
            f"S = {RULE.replace('w *=', 'w = v_post *')})",
            "does not see v_post, a variable of its target",
        ),
        (f"S = {RULE})\nS.post.order = -2", "leave `when` and `order`"),
        (f"S = {RULE})\nS.delay = 'i*ms'", "different delays"),
        (
            f"S = {RULE})".replace("'v_post += w'", "{'a': 'v_post += w', 'b': 'w += 1*mV'}"),
            "2 and 1",
        ),
        ("S = Synapses(G, G, 'w : 1', on_post='w = 0')", "no on_pre"),
    ],
)
def test_synapses_that_listen_otherwise_are_left_behind(lines, message, write_script, capsys):
    """Each is named, with a way that exists."""
    first, *rest = lines.splitlines()
    write_script("\n".join([CELLS, first, "S.connect(j='i')", *rest]))
    assert re.search(f"left behind: Synapses S: .*{message}", capsys.readouterr().out)


POOLS = {
    "Pool": "with multiprocessing.Pool(2) as p: p.map(simulate, [1, 2])",
    "asynchronous": "p = multiprocessing.Pool(2); p.apply_async(simulate, (1,)).get(); p.close()",
    "Process": "p = multiprocessing.Process(target=simulate, args=(1,)); p.start(); p.join()",
    "executor": "list(concurrent.futures.ProcessPoolExecutor().map(simulate, [1, 2]))",
}


@pytest.mark.parametrize("name", POOLS)
def test_what_a_script_hands_to_other_processes(name, write_script):
    """Its first simulation is carried over, as if the script called it itself."""
    text = write_script(
        f"""import concurrent.futures, multiprocessing
def simulate(rate):
    G = NeuronGroup(3, 'dv/dt = -v/ms : 1', method='exact')
    P = PoissonInput(G, 'v', 10, rate*Hz, weight=0.5)
    run(7*ms)
{POOLS[name]}"""
    )
    assert 'nest.Create("model_g_neuron", 3)' in text
    assert '{"rate": 10.0}' in text
    assert "simulate(7.0)" in text


def test_missing_package_is_named(write_script):
    """With what to do; nothing is written."""
    with pytest.raises(Brian2ImportError, match=r"line 2: it imports no_such_thing, .*install it"):
        write_script("import no_such_thing")


def test_constants_that_change_between_runs(write_script, capsys):
    """Those of models are set; those in weights, tables and rates are listed."""
    text = write_script(
        f"""{CELLS}
w, eta, f = 1*mV, 0.0, TimedArray([10, 20]*Hz, dt=1*ms)
P = PoissonGroup(1, rates='f(t)')
S = Synapses(P, G, on_pre='v += w')
S.connect()
D = Synapses(P, G, 'x : volt', on_pre='v_post += x; x += eta*mV', on_post='x -= eta*mV')
D.connect()
run(1*ms)
w, eta, tau, f = 2*mV, 0.5, 9*ms, TimedArray([10, 30]*Hz, dt=1*ms)"""
    )
    assert "G.tau = 9.0" in text
    assert "nest.GetConnections(synapse_model=D_SYNAPSE).eta = 0.5" in text
    printed = capsys.readouterr().out
    for what in ("f of P", "w in the weights of S"):
        assert f"left behind: the change of {what} before line" in printed
        assert f"# left behind: the change of {what}" in text
    assert "left behind: D: spikes of the target count when" in printed


def test_networks_that_run_one_after_the_other(write_script, capsys):
    """The first one, or the one that is asked for; objects may have the same names again."""
    script = """def simulate(n):
    G = NeuronGroup(n, 'dv/dt = -v/ms : 1', threshold='v > 1', name='cells', method='exact')
    G.v = 0.1*n
    S = Synapses(G, G, on_pre='v += 0.1*n', name='both', delay=1*ms)
    S.connect(j='i') if n == 2 else S.connect()
    run(1*ms*n)
for n in (2, 3, 4):
    simulate(n)
"""
    for number in (1, 2, 3):
        text = write_script(script, *(["--network", str(number)] if number > 1 else []))
        assert f'nest.Create("model_g_neuron", {number + 1})' in text
        assert f"simulate({number + 1}.0)" in text
        rule = "one_to_one" if number == 1 else "all_to_all"
        assert f'"{rule}", {{"weight": 0.1 * n, "delay": 1.0}}' in text
        assert text.startswith('"""model.py' if number == 1 else f'"""Network {number} of model.py')
        assert f"another network: --network {number + 1} imports it" in capsys.readouterr().out
    with pytest.raises(Brian2ImportError, match=r"4 networks, .* choose --network 1 to 4"):
        write_script(script, "--network", "5")


def test_names_and_tables_are_told_where_they_are_set(write_script, capsys, tmp_path):
    """A name that NEST needs itself, and TimedArrays of many values or with a column for each."""
    text = write_script(
        """signed = TimedArray(rand(200), dt=1*ms)
each = TimedArray(rand(5, 4), dt=1*ms)
G = NeuronGroup(3, 'dx/dt = (signed(t) + each(t, i) - update*x)/ms : 1\\nupdate : 1')
G.update = '1 + i'
M = StateMonitor(G, 'x', record=True)
run(1*ms)
G.update = 2"""
    )
    printed = capsys.readouterr().out
    assert "renamed: update is update_1 in model_g_neuron" in printed
    for line in (
        "NESTML, C++ or NEST use themselves: update is update_1 in model_g_neuron",
        'nest.SetDefaults("model_g_neuron", {"signed_1": drawn["G_signed"]})',
        'for neuron, values in zip(neurons, drawn["G_each"].T, strict=True):',
        "neuron.each = values",
        '{"update_1": update',
        "G.update_1 = 2",
    ):
        assert line in text, line
    model = (tmp_path / "out" / "model_g_neuron.nestml").read_text()
    assert "signed_1 [200] real = 0.0" in model


def test_tables_without_a_column_for_each_neuron_are_refused(write_script):
    """And those that would not fit into memory."""
    model = "G = NeuronGroup(1000, 'x = f({}) : 1\\ndv/dt = x/ms : 1', method='euler')"
    for values, argument, message in (
        ("rand(3, 1000)", "t, 999 - i", r"write f\(t, i\)"),
        ("rand(3, 999)", "t, i", "1000 neurons .* which has 999"),
        ("rand(60000)", "t", "0.5 GB"),
    ):
        with pytest.raises(Brian2ImportError, match=message):
            write_script(f"f = TimedArray({values}, dt=1*ms)\n{model.format(argument)}")


def test_numbers_that_are_drawn_between_runs(write_script):
    """From the generator of the script, which is there although nothing was drawn before."""
    text = write_script(f"{CELLS}run(1*ms)\nG.v[50:] = 'rand()*mV'")
    assert text.index("rng = np.random.default_rng") < text.index("G[50:].v = rng.random(50)")


def test_what_cannot_be_moved_is_a_comment_at_its_place_and_in_the_list(write_script, capsys):
    """On the terminal as well; the rest is written."""
    text = write_script(
        f"""{CELLS}
J = Synapses(G, G, 'I_post = v_pre : volt (summed)')
J.connect(j='i')
B = Synapses(G, G, on_pre='v_pre += 1*mV')
B.connect(j='i')
M = SpikeMonitor(G)
C = Synapses(G, G, 'w : volt', on_pre='v_post += w')
C.connect(j='i')
@network_operation
def stir():
    pass
run(1*ms)
C.w = 2*mV
G.v['i < 3'] = 0*mV
"""
    )
    printed = capsys.readouterr().out
    for what in (
        "Synapses J: the summed variable I_post: NEST sums spikes, not variables; what hands on",
        "Synapses B: on_pre of ",
        "network_operation",
        "the change of C.w in line 18: it belongs to synapses; set it by nest.GetConnections",
        "the change of G.v in line 19: its index or value has no counterpart in numpy",
    ):
        assert f"left behind: {what}" in printed
        assert f"- {what[:80]}" in text
    assert "    # left behind: Synapses J:" in text
    assert "record_spikes(G)" in text


def test_nothing_to_carry_over_is_one_error(write_script):
    """A script without run(), and one with nothing that NEST has."""
    for lines, message in (
        ("raise SystemExit", "ends itself"),
        ("G = NeuronGroup(1, 'dv/dt = -v/ms : 1', method='gsl')", "method `gsl`"),
        ("x = 3", "nothing to carry over"),
        (f"{CELLS}H = NeuronGroup(1, 'v : 1', dt=1*ms)", "time steps of their own"),
    ):
        with pytest.raises(Brian2ImportError, match=message):
            write_script(lines)


def test_equal_groups_share_a_model(post, tmp_path):
    """The thread's presynaptic and postsynaptic neurons, of which the script has two groups."""
    text = post("short_term_plasticity", ("0.001*ms", "0.01*ms"))
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".nestml", ".py"]
    assert text.count('nest.Create("short_term_plasticity_g_pre_neuron"') == 2
    assert "Synapses s: synapses" in text
    assert "20 ms" in text


@pytest.fixture
def post(tmp_path):
    """Import a post, with some of its text replaced; give the text of the PyNEST script."""

    def write(name, *replaced):
        text = (THREADS / f"{name}_post.txt").read_text()
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        command.main([str(path), "--all", "--output", str(tmp_path / "out")])
        return (tmp_path / "out" / "run.py").read_text()

    return write


@pytest.mark.slow
def test_post_on_cell_types_has_the_same_spikes_and_traces(tmp_path):
    """As posted, with a notebook's %matplotlib."""
    script = tmp_path / "cell_types.py"
    text = (THREADS / "cell_types_post.txt").read_text()
    script.write_text(text.replace("%matplotlib", "#%matplotlib"))
    counts = compare(script, tmp_path / "out")
    assert counts["SpikeMon"] == 20  # of the chattering cell, see the page for Brian2's users
    assert counts["M"] > 2000


@pytest.mark.slow
def test_post_on_receptors_has_its_rates(post, tmp_path):
    """Mean spikes in a second, as posted: 3.45 (E) and 6.31 (I), of 1000 neurons each.

    A neuron's count has a standard deviation of 1.3 and 2.5; four standard errors of 100 neurons.
    """
    recorded = "M = SpikeMonitor(G)\nrun(1000*ms)"
    post("ampa_nmda_gaba", ("= 1\n", "= 100\n"), ("run(1000*ms)", recorded))
    indices = run_imported(tmp_path / "out")["M_i"]
    assert abs(np.sum(indices < 100) / 100 - 3.45) < 4 * 0.13
    assert abs(np.sum(indices >= 100) / 100 - 6.31) < 4 * 0.25
