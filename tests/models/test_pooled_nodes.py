# SPDX-License-Identifier: GPL-2.0-or-later
"""Neurons that are stepped together remain ordinary nodes of NEST, and do not touch each other.

Where nothing but NEST itself can say what is right, its own ``izhikevich`` neuron does: integrator
1 of the delta model is the same scheme.
"""

import re

import numpy as np
import pytest

from izhisyn import recording
from tests.conftest import ROOT
from tests.models.varied_network import (
    ASTROCYTE,
    COND,
    DELTA,
    MODELS,
    PSC,
    SHORTEST_DELAY,
    TUTORIAL,
    drive,
    record,
    recorded,
    settable,
    spikes_by_neuron,
    varied_network,
    varied_parameters,
)

POOL = (ROOT / "nestml_templates" / "pooled" / "ring.h").read_text()
WIDTH = int(re.search(r"WIDTH = (\d+);", POOL)[1])  # neurons of a block
NEURONAL = [model for model in MODELS if model != ASTROCYTE]


def assert_same(result, expected):
    """Demand two results of `recorded` equal to the last bit; neurons may spike in any order."""
    assert result.keys() == expected.keys()
    for name in result.keys() - {"spikes.times", "spikes.senders"}:
        np.testing.assert_array_equal(result[name], expected[name], err_msg=name)
    spikes, expected_spikes = spikes_by_neuron(result), spikes_by_neuron(expected)
    assert spikes.keys() == expected_spikes.keys()
    for sender, times in spikes.items():
        np.testing.assert_array_equal(times, expected_spikes[sender])


def create_varied(nest, model, n, only=None):
    """Create `varied_parameters` neurons, all or one of them."""
    parameters = varied_parameters(model, n)
    if only is None:
        return nest.Create(model, n, parameters)
    return nest.Create(model, params={name: values[only] for name, values in parameters.items()})


def take_over(neurons, twins):
    """Give the twins all that Get tells of the neurons' parameters and state."""
    names = settable(neurons[0].model)
    for neuron, twin in zip(neurons, twins, strict=True):
        twin.set(neuron.get(names))


# Company


def run_alike(nest, neurons, duration=40.0):
    """Drive and simulate; give traces, shape (n_neurons, n_samples), and spike times by row."""
    drive(nest, neurons, duration=duration)
    recorders = record(nest, neurons)
    nest.Simulate(duration)
    result = recorded(*recorders)
    by_neuron = spikes_by_neuron(result)
    times = [by_neuron.get(node, np.array([])) for node in neurons.tolist()]
    del result["spikes.times"], result["spikes.senders"]
    return result, times


@pytest.mark.parametrize("model", MODELS)
def test_company_changes_nothing(nest_kernel, model):
    """A neuron alone, in blocks of any filling, and among a thousand: equal to the last bit."""
    kinds = 6
    parameters = varied_parameters(model, kinds)
    alone = []
    for kind in range(0, kinds, 2):  # every second neuron gets a current, as one alone does
        nest = nest_kernel(resolution=0.1)
        own = {name: values[kind] for name, values in parameters.items()}
        alone.append(run_alike(nest, nest.Create(model, params=own)))
    sizes = (2, WIDTH - 1, WIDTH, WIDTH + 1) + ((1000,) if model in (PSC, DELTA) else ())
    for n in sizes:
        nest = nest_kernel(resolution=0.1)
        company = {name: np.resize(values, n).tolist() for name, values in parameters.items()}
        traces, times = run_alike(nest, nest.Create(model, n, company))
        for i in range(0, n, 2):
            own_traces, (own_times,) = alone[i % kinds // 2]
            np.testing.assert_array_equal(times[i], own_times)
            for name, own in own_traces.items():
                np.testing.assert_array_equal(traces[name][i], own[0], err_msg=f"{name} of {i}")


@pytest.mark.parametrize("model", NEURONAL)
@pytest.mark.parametrize("value", [np.nan, 1e300, -1e300])
def test_wild_neighbour_disturbs_no_one(nest_kernel, model, value):
    """Neither a state nor an input beyond all bounds crosses from one neuron to the next."""
    potential = "v" if model == TUTORIAL else "V_m"
    wild = 4
    results = []
    for is_wild in (False, True):
        nest = nest_kernel(resolution=0.1)
        neurons = create_varied(nest, model, WIDTH + 3)
        if is_wild:
            if np.isfinite(value):  # a neuron refuses any other state
                neurons[wild].set({potential: value})
            generator = nest.Create("dc_generator", params={"amplitude": value})
            connection = {"delay": SHORTEST_DELAY}
            nest.Connect(generator, neurons[wild], syn_spec=connection)
        drive(nest, neurons, duration=20.0)
        recorders = record(nest, neurons[:wild] + neurons[wild + 1 :])
        nest.Simulate(20.0)
        results.append(recorded(*recorders))
    assert_same(results[1], results[0])


# Time


def test_min_delay_changes_nothing(nest_kernel):
    """Slices of one step, of three, and as long as the shortest delay."""
    results = []
    for min_delay in (0.1, 0.3, SHORTEST_DELAY):
        nest = nest_kernel(resolution=0.1)
        nest.set(min_delay=min_delay, max_delay=6.0)
        recorders = varied_network(nest, COND, n=40, duration=80.0)
        nest.Simulate(80.0)
        results.append(recorded(*recorders))
        # The multimeter's last data stay with the neurons until their next slice.
        complete = round(80.0 / SHORTEST_DELAY - 1) * 32
        for name, values in results[-1].items():
            if not name.startswith("spikes."):
                results[-1][name] = values[:, :complete]
    for result in results[1:]:
        assert_same(result, results[0])


@pytest.mark.parametrize("model", [PSC, DELTA])
def test_runs_that_end_inside_a_slice(nest_kernel, model):
    """Slices last 3.2 ms; runs of other lengths, with and without Cleanup, join seamlessly."""
    pieces = [0.1, 0.1, 3.0, 0.3, 7.7, 1.6, 3.2, 0.5]
    results = []
    for way in ("one Simulate", "Run after Run", "Simulate after Simulate"):
        nest = nest_kernel(resolution=0.1)
        nest.set(min_delay=SHORTEST_DELAY, max_delay=6.0)
        recorders = varied_network(nest, model, n=40, duration=80.0)
        if way == "one Simulate":
            nest.Simulate(sum(3 * pieces))
        elif way == "Run after Run":
            with nest.RunManager():
                for piece in 3 * pieces:
                    nest.Run(piece)
        else:
            for piece in 3 * pieces:
                nest.Simulate(piece)
        results.append(recorded(*recorders))
    for result in results[1:]:
        assert_same(result, results[0])


def test_two_threads_change_nothing(nest_kernel):
    """Each thread has pools of its own."""
    results = []
    for threads in (1, 2):
        nest = nest_kernel(resolution=0.1, local_num_threads=threads)
        recorders = varied_network(nest, PSC, n=2 * WIDTH + 5, duration=60.0)
        nest.Simulate(60.0)
        results.append(recorded(*recorders))
    assert_same(results[1], results[0])


def test_second_network_in_the_process(nest_kernel):
    """Nothing is left of other models, of more neurons, of another resolution."""
    results = []
    for _ in range(2):
        nest = nest_kernel(resolution=0.1)
        recorders = varied_network(nest, COND, n=40, duration=40.0)
        nest.Simulate(40.0)
        results.append(recorded(*recorders))

        nest = nest_kernel(resolution=0.05, local_num_threads=2)
        others = [create_varied(nest, model, 100) for model in (COND, PSC)]
        for neurons in others:
            drive(nest, neurons, duration=20.0)
        nest.Simulate(10.05)
    assert_same(results[1], results[0])


def test_resolution_after_installing(nest_kernel):
    """The models learn of a resolution that is set when they are already there."""
    traces = []
    for late in (False, True):
        nest = nest_kernel(resolution=0.1 if late else 0.05)
        nest.resolution = 0.05
        neurons = create_varied(nest, PSC, 5)
        drive(nest, neurons, duration=40.0)
        multimeter = recording.record_traces(neurons, ["V_m"], interval=0.05)
        nest.Simulate(50.0)
        traces.append(recording.traces(multimeter).values["V_m"])
    np.testing.assert_array_equal(traces[1], traces[0])


@pytest.mark.parametrize("model", MODELS)
def test_nodes_created_later(nest_kernel, model):
    """Neurons that join a pool after 13.7 ms do what those did that were there at 0 ms.

    The older ones also feel nothing of the growing pool.
    """
    nest = nest_kernel(resolution=0.1, min_delay=0.1, max_delay=8.0)
    early = create_varied(nest, model, WIDTH - 2)
    early_recorders = record(nest, early)
    nest.Simulate(13.7)
    late = create_varied(nest, model, WIDTH - 2)
    late_recorders = record(nest, late)
    nest.Simulate(60.0)
    first, second = recorded(*early_recorders), recorded(*late_recorders)
    assert first["spikes.times"].size > 0
    n_samples = second["times"].shape[1]
    for name in first.keys() - {"times", "spikes.times", "spikes.senders"}:
        np.testing.assert_array_equal(second[name], first[name][:, :n_samples], err_msg=name)


def test_clock_set_back(nest_kernel):
    """After ``biological_time = 0`` the neurons go on from where they were."""
    nest = nest_kernel(resolution=0.1, min_delay=0.1, max_delay=8.0)
    neurons = create_varied(nest, DELTA, 6)
    nest.Simulate(30.3)
    nest.biological_time = 0.0
    twins = nest.Create(DELTA, 6)
    take_over(neurons, twins)
    traces, times = run_alike(nest, neurons + twins)
    assert sum(map(len, times)) > 10
    for own, other in zip(times[:6], times[6:], strict=True):
        np.testing.assert_array_equal(own, other)
    np.testing.assert_array_equal(traces["V_m"][6:], traces["V_m"][:6])


# Status


@pytest.mark.parametrize("model", MODELS)
def test_state_moves_to_another_neuron(nest_kernel, model):
    """What Get tells at any time is all there is: a neuron that is given it goes on alike."""
    nest = nest_kernel(resolution=0.1, min_delay=0.1, max_delay=8.0)
    neurons = create_varied(nest, model, WIDTH + 2)
    drive(nest, neurons, duration=20.0)
    nest.Simulate(40.3)  # the last input has arrived
    copies = nest.Create(model, len(neurons))
    take_over(neurons, copies)
    recorders = [record(nest, nodes) for nodes in (neurons, copies)]
    nest.Simulate(40.0)
    original, copied = (recorded(*own) for own in recorders)
    for name in original.keys() - {"spikes.senders"}:
        np.testing.assert_array_equal(copied[name], original[name], err_msg=name)


@pytest.mark.parametrize("in_run", [False, True], ids=["between Simulates", "between Runs"])
def test_value_set_between_runs_acts_at_once(nest_kernel, in_run):
    """Forward Euler's next step from a potential that was just set, by hand."""
    nest = nest_kernel(resolution=0.1)
    neurons = nest.Create(DELTA, WIDTH + 2, {"integrator": 1})
    multimeter = recording.record_traces(neurons, ["V_m"])
    chosen = neurons[WIDTH]
    run = nest.Run if in_run else nest.Simulate
    if in_run:
        nest.Prepare()
    run(1.3)
    chosen.set(V_m=-50.0, U_m=-9.0, I_e=2.0)
    assert chosen.get(["V_m", "U_m", "I_e"]) == {"V_m": -50.0, "U_m": -9.0, "I_e": 2.0}
    run(1.0)
    if in_run:
        nest.Cleanup()
    traces = recording.traces(multimeter)
    # dV = 0.1 (0.04 * 2500 - 5 * 50 + 140 + 9 + 2) mV = 0.1 mV
    assert traces.values_of(chosen.global_id, "V_m")[13] == pytest.approx(-49.9, abs=1e-12)
    for other in (neurons[0], neurons[WIDTH + 1]):
        V_m = traces.values_of(other.global_id, "V_m")
        np.testing.assert_allclose(V_m, -70.0, rtol=0, atol=1e-12)  # at rest


def test_copied_models_and_defaults(nest_kernel):
    """Each model has defaults of its own, for the neurons created after they were set."""
    nest = nest_kernel(resolution=0.1)
    nest.CopyModel(PSC, "bursting", {"c": -55.0, "d": 4.0})
    nest.CopyModel("bursting", "deaf", {"I_peak_AMPA": 0.0})
    before = nest.Create("bursting")
    nest.SetDefaults("bursting", {"d": 2.0, "V_m": -60.0})
    after = nest.Create("bursting", 2)
    original, deaf = nest.Create(PSC), nest.Create("deaf")
    names = ["c", "d", "V_m", "I_peak_AMPA"]
    for neuron, values in (
        (before, [-55.0, 4.0, -70.0, 1.0]),
        (after[1], [-55.0, 2.0, -60.0, 1.0]),
        (original, [-65.0, 8.0, -70.0, 1.0]),
        (deaf, [-55.0, 4.0, -70.0, 0.0]),
    ):
        assert list(neuron.get(names).values()) == values
    assert after[0].model == "bursting"

    everyone = before + after + original + deaf
    everyone.I_e = 10.0
    as_told = nest.Create(PSC, len(everyone))
    for neuron, twin in zip(everyone, as_told, strict=True):
        twin.set(neuron.get([*names, "I_e"]))
    for neurons in (everyone, as_told):
        drive(nest, neurons, duration=50.0, model=PSC)
    recorders = [record(nest, nodes) for nodes in (everyone, as_told)]
    nest.Simulate(50.0)
    result, expected = (recorded(*own) for own in recorders)
    for name in ("V_m", "I_AMPA"):
        np.testing.assert_array_equal(result[name], expected[name])
    assert np.ptp(result["I_AMPA"][-1]) == 0.0
    assert np.ptp(result["I_AMPA"][0]) > 1.0


def test_several_models_at_once(nest_kernel):
    """Pools of other models on the thread change nothing."""
    results = []
    for companions in ((), MODELS):
        nest = nest_kernel(resolution=0.1)
        others = [create_varied(nest, model, 40) for model in companions]
        neurons = create_varied(nest, PSC, 40)
        for nodes in (*others, neurons):
            drive(nest, nodes, duration=30.0)
        traces, times = run_alike(nest, neurons, 30.0)
        results.append((traces, times))
    (traces, times), (other_traces, other_times) = results
    for name, values in traces.items():
        np.testing.assert_array_equal(other_traces[name], values, err_msg=name)
    for own, other in zip(times, other_times, strict=True):
        np.testing.assert_array_equal(own, other)


# Input


@pytest.mark.parametrize("model", [PSC, COND, DELTA])
def test_input_reaches_its_neuron_alone(nest_kernel, model):
    """One event on each port, each for another neuron: the other neurons stay as without any."""
    nest = nest_kernel(resolution=0.1)
    ports = nest.GetDefaults(model).get("receptor_types", {None: 0})
    neurons = nest.Create(model, WIDTH + len(ports) + 2, {"I_e": 2.0})
    spike = nest.Create("spike_generator", params={"spike_times": [2.0]})
    for i, receptor_type in enumerate(ports.values()):
        receiver = neurons[WIDTH - 2 + i]
        nest.Connect(spike, receiver, syn_spec={"delay": 1.5, "receptor_type": receptor_type})
    current = nest.Create("step_current_generator")
    current.set(amplitude_times=[2.0], amplitude_values=[1.0])
    nest.Connect(current, neurons[-1], syn_spec={"delay": 1.5})
    recorders = record(nest, neurons)
    nest.Simulate(20.0)
    V_m = recorded(*recorders)["V_m"]
    touched = {WIDTH - 2 + i for i in range(len(ports))} | {len(neurons) - 1}
    for i, own in enumerate(V_m):
        assert np.array_equal(own, V_m[0]) == (i not in touched), i


def beside_nests_own(nest, n, values):
    """Neurons of the delta model with Euler's steps, and as many of NEST's ``izhikevich``."""
    start = {"V_m": -70.0, "U_m": -14.0}
    own = nest.Create(DELTA, n, {**start, **values, "integrator": 1})
    return own, nest.Create("izhikevich", n, {**start, **values})


def test_spikes_of_devices_with_any_delay(nest_kernel):
    """Trains with delays from one step to many, beside NEST's own neuron."""
    nest = nest_kernel(resolution=0.1)
    n = WIDTH + 3
    rng = np.random.default_rng(4)
    values = {"d": rng.uniform(2, 8, n).tolist(), "I_e": rng.uniform(0, 6, n).tolist()}
    own, theirs = beside_nests_own(nest, n, values)
    delays = rng.integers(1, 80, n) / 10
    delays[0] = 0.1
    for neurons in (own, theirs):
        for neuron, delay in zip(neurons, delays, strict=True):
            times = (
                np.unique(
                    np.random.default_rng(neuron.global_id - neurons[0].global_id).integers(
                        1, 700, 50
                    )
                )
                / 10
            )
            train = nest.Create("spike_generator", params={"spike_times": times})
            nest.Connect(train, neuron, syn_spec={"delay": delay, "weight": 3.0})
    recorders = [spike_and_potential(nest, neurons) for neurons in (own, theirs)]
    nest.Simulate(80.0)
    assert_equal_to_rounding(*(recorded(*pair) for pair in recorders))


def spike_and_potential(nest, neurons):
    """Record spikes and V_m of neurons of any model."""
    spikes = nest.Create("spike_recorder")
    nest.Connect(neurons, spikes)
    multimeter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": 0.1})
    nest.Connect(multimeter, neurons)
    return spikes, multimeter


def assert_equal_to_rounding(own, theirs):
    """Compare two models that add up in another order.

    An error grows by a factor of 1 + 0.1 (0.08 V + 5) a step, up to 2000 on the way to the
    threshold: from 1e-14 mV to less than 1e-9 mV, also if a train keeps a neuron there.
    """
    assert own["spikes.times"].size > 50, "a silent network would prove nothing"
    first_own, first_theirs = own["spikes.senders"].min(), theirs["spikes.senders"].min()
    offset = first_theirs - first_own
    mine = {sender + offset: times for sender, times in spikes_by_neuron(own).items()}
    others = spikes_by_neuron(theirs)
    assert mine.keys() == others.keys()
    for sender, times in mine.items():
        np.testing.assert_array_equal(times, others[sender])
    np.testing.assert_allclose(own["V_m"], theirs["V_m"], rtol=0, atol=1e-9)


def test_frozen_neurons_keep_state_and_input(nest_kernel):
    """While frozen, and after: as NEST's own neuron, which NEST does not update either.

    Input for a frozen neuron stays in its place of the ring until the neuron reads that again.
    """
    nest = nest_kernel(resolution=0.1, min_delay=0.1, max_delay=8.0)
    n = WIDTH + 3
    values = {"d": np.linspace(2, 8, n).tolist(), "I_e": np.linspace(8, 20, n).tolist()}
    own, theirs = beside_nests_own(nest, n, values)
    train = nest.Create("spike_generator", params={"spike_times": np.arange(1.0, 70.0, 1.7)})
    for neurons in (own, theirs):
        nest.Connect(train, neurons, syn_spec={"delay": 2.3, "weight": 2.0})
    cold = [0, 5, WIDTH]
    nest.Simulate(20.0)
    before = [own[i].get(["V_m", "U_m"]) for i in cold]
    for neurons in (own, theirs):
        for i in cold:
            neurons[i].frozen = True
    nest.Simulate(13.7)
    assert [own[i].get(["V_m", "U_m"]) for i in cold] == before
    for neurons in (own, theirs):
        for i in cold:
            neurons[i].frozen = False
    recorders = [spike_and_potential(nest, neurons) for neurons in (own, theirs)]
    nest.Simulate(60.0)
    assert_equal_to_rounding(*(recorded(*pair) for pair in recorders))


def test_stdp_reads_the_history(nest_kernel):
    """Weights equal those at NEST's parrot neuron that spikes when the neuron did."""
    parameters = {"synapse_model": "stdp_synapse", "weight": 1.0, "delay": 1.4, "Wmax": 4.0}
    trains = [np.unique(np.random.default_rng(i).integers(20, 2900, 60)) / 10 for i in range(3)]

    def weights(nest, targets):
        connections = []
        for train in trains:
            generator = nest.Create("spike_generator", params={"spike_times": train})
            source = nest.Create("parrot_neuron")
            nest.Connect(generator, source)
            for target in targets:
                receptor = 1 if target.model == "parrot_neuron" else 0
                nest.Connect(source, target, syn_spec={**parameters, "receptor_type": receptor})
                connections.append((source, target))
        nest.Simulate(320.0)
        return [nest.GetConnections(*ends, "stdp_synapse").get("weight") for ends in connections]

    nest = nest_kernel(resolution=0.1)
    neurons = create_varied(nest, DELTA, WIDTH + 1)
    neurons.I_e = 12.0
    recorder = recording.record_spikes(neurons)
    chosen = neurons[0] + neurons[WIDTH]
    measured = weights(nest, chosen)
    spikes = recording.spikes(recorder)
    post = [spikes.times_of(neuron.global_id) for neuron in chosen]

    nest = nest_kernel(resolution=0.1)
    parrots = nest.Create("parrot_neuron", len(chosen))
    for times, parrot in zip(post, parrots, strict=True):
        assert times.size > 5
        generator = nest.Create("spike_generator", params={"spike_times": times - 0.1})
        nest.Connect(generator, parrot, syn_spec={"delay": 0.1})
    expected = weights(nest, parrots)
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(measured, expected, rtol=1e-12)


# Recording


def test_multimeters_of_several_intervals(nest_kernel):
    """Coarse recordings are samples of the fine one, for neurons with several multimeters too."""
    nest = nest_kernel(resolution=0.1)
    neurons = create_varied(nest, COND, WIDTH + 4)
    drive(nest, neurons, duration=30.0)
    multimeters = {
        interval: recording.record_traces(neurons[::2], ["V_m", "g_NMDA", "I_NMDA"], interval)
        for interval in (0.1, 0.3, 1.0, 2.5)
    }
    nest.Simulate(30.0)
    fine = recording.traces(multimeters[0.1])
    for interval in (0.3, 1.0, 2.5):
        coarse = recording.traces(multimeters[interval])
        stride = round(interval / 0.1)
        for neuron in neurons[::2].tolist():
            for name in ("V_m", "g_NMDA", "I_NMDA"):
                samples = coarse.values_of(neuron, name)
                expected = fine.values_of(neuron, name)[stride - 1 :: stride][: samples.size]
                np.testing.assert_array_equal(samples, expected)
                assert samples.size >= 29.0 // interval


def test_delays_for_which_there_is_no_memory(fresh_python, module_build):
    """10 GB of input to come, 2 GB of addresses: a sentence, and the next network simulates."""
    result = fresh_python(
        """
        import resource, sys
        import nest

        def network(n, delay):
            nest.ResetKernel()
            nest.verbosity = nest.VerbosityLevel.ERROR
            nest.Install(sys.argv[1])
            neurons = nest.Create("izhikevich_psc_delta_neuron", n)
            nest.Connect(nest.Create("spike_generator"), neurons, syn_spec={"delay": delay})

        network(6400, 1e4)
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        try:
            nest.Simulate(1.0)
        except nest.NESTErrors.KernelException as error:
            print(error)
        network(3, 1.0)
        nest.Simulate(1.0)
        print("simulated")
        """,
        module_build["module"],
    )
    refusal, end = result.stdout.splitlines()[-2:]
    # 201 rows of 256 bytes, one of which holds zeros, in a slot for each step of min_ and max_delay
    assert "no memory" in refusal and "9814 MB" in refusal and "10000 ms" in refusal
    assert end == "simulated"
