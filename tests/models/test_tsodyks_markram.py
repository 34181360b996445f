# SPDX-License-Identifier: GPL-2.0-or-later
"""``tsodyks_markram_synapse``: what it releases, onto which receptors, and what it refuses."""

import numpy as np
import pytest

from tests.models.plastic_synapse import WEIGHT, irregular_train, junction, tsodyks_markram

MODEL = "tsodyks_markram_synapse"
THREAD = {"U_0": 0.6, "tau_f": 30.0, "tau_d": 50.0}  # the constants of the Brian2 thread
ROUNDING = 1e-12  # a few dozen spikes, each a few operations of relative error 1e-16


def releases(nest, spike_times, parameters=None, model=MODEL):
    """Released fraction at each spike."""
    synapse = junction(nest, model, spike_times, parameters)
    nest.Simulate(max(spike_times) + 10.0)
    return synapse.delivered() / WEIGHT


# First five releases and the limit of the closed recursion, to the digits given.
@pytest.mark.parametrize(
    "U_0, rate, first, limit",
    [
        (0.6, 20.0, [0.6, 0.5029, 0.4761, 0.4718, 0.4712], 0.47109),
        (0.6, 50.0, [0.6, 0.4323, 0.3298, 0.3045, 0.2992], 0.29783),
        (0.8, 20.0, [0.8, 0.5859, 0.5622, 0.5604, 0.5603], 0.56030),
    ],
)
def test_regular_train(nest_kernel, U_0, rate, first, limit):
    """From rest to the steady release."""
    times = 5.0 + 1000.0 / rate * np.arange(30)
    released = releases(nest_kernel(), times, {"U_0": U_0})
    np.testing.assert_allclose(released[:5], first, atol=5e-5)
    assert released[-1] == pytest.approx(limit, abs=5e-6)


def test_irregular_train_follows_the_recursion(nest_kernel):
    """Also with other constants than the defaults."""
    times = irregular_train(seed=1, n_spikes=60, mean_interval=40.0)
    parameters = {"U_0": 0.25, "tau_f": 400.0, "tau_d": 130.0}
    np.testing.assert_allclose(
        releases(nest_kernel(), times, parameters),
        tsodyks_markram(times, **parameters),
        rtol=ROUNDING,
    )


def test_equals_tsodyks2(nest_kernel):
    """NEST's model, whose u is the value before a spike is added: u = U is a rested synapse."""
    times = irregular_train(seed=2, n_spikes=60, mean_interval=30.0)
    theirs = {"U": 0.6, "u": 0.6, "x": 1.0, "tau_fac": 30.0, "tau_rec": 50.0}
    np.testing.assert_allclose(
        releases(nest_kernel(), times, THREAD),
        releases(nest_kernel(), times, theirs, model="tsodyks2_synapse"),
        rtol=ROUNDING,
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Brian2's, of pyparsing
def test_equals_brian2(nest_kernel):
    """The thread's own equations and statements, event-driven as there."""
    import brian2

    times = irregular_train(seed=3, n_spikes=40, mean_interval=30.0)
    brian2.prefs.codegen.target = "numpy"
    brian2.start_scope()
    brian2.defaultclock.dt = 0.1 * brian2.ms
    source = brian2.SpikeGeneratorGroup(1, np.zeros(times.size, int), times * brian2.ms)
    target = brian2.NeuronGroup(1, "released : 1")
    synapse = brian2.Synapses(
        source,
        target,
        """
        du_S/dt = -u_S / tau_f : 1 (event-driven)
        dx_S/dt = (1 - x_S) / tau_d : 1 (event-driven)
        """,
        on_pre="""
        u_S += u_S_0 * (1 - u_S)
        r_S = u_S * x_S
        x_S -= r_S
        released_post = r_S
        """,
        namespace={"tau_f": 30 * brian2.ms, "tau_d": 50 * brian2.ms, "u_S_0": 0.6},
    )
    synapse.connect()
    synapse.x_S = 1  # the post leaves it at 0, where there is nothing to release
    monitor = brian2.StateMonitor(target, "released", record=True, when="end")
    brian2.run((times[-1] + 1.0) * brian2.ms)
    steps = np.round(times / 0.1).astype(int)
    np.testing.assert_allclose(
        releases(nest_kernel(), times, THREAD), monitor.released[0][steps], rtol=1e-9
    )  # Brian2's clock is off the grid by up to 1e-12 s


@pytest.mark.parametrize("receptor", ["AMPA", "NMDA", "GABA_A", "AMPA_NMDA"])
def test_acts_on_the_receptor_that_the_connection_names(nest_kernel, receptor):
    """As static synapses with the recursion's weights would."""
    nest = nest_kernel()
    times = [10.0, 20.0, 25.0, 70.0]
    neurons = nest.Create("izhikevich_psc_multisyn_neuron", 2)
    port = neurons[0].receptor_types[receptor]
    junction(nest, MODEL, times, {"receptor_type": port}, target=neurons[0])
    for time, release in zip(times, tsodyks_markram(times, **THREAD), strict=True):
        spike = nest.Create("spike_generator", params={"spike_times": [time]})
        nest.Connect(
            spike,
            neurons[1],
            syn_spec={"receptor_type": port, "weight": WEIGHT * release, "delay": 1.0},
        )
    recordables = ["V_m", "I_AMPA", "I_NMDA", "I_GABA_A"]
    meter = nest.Create("multimeter", params={"record_from": recordables, "interval": 0.1})
    nest.Connect(meter, neurons)
    nest.Simulate(120.0)
    first = np.asarray(meter.events["senders"]) == neurons[0].global_id
    for name in recordables:
        trace = np.asarray(meter.events[name])
        np.testing.assert_allclose(trace[first], trace[~first], rtol=ROUNDING, atol=ROUNDING)
    assert np.ptp(np.asarray(meter.events["V_m"])[first]) > 0.01


@pytest.mark.parametrize(
    "generator",
    [
        {"spike_times": [10.0, 10.0, 30.0]},
        {"spike_times": [10.0, 30.0], "spike_multiplicities": [2, 1]},
    ],
    ids=["twice", "multiplicity"],
)
@pytest.mark.parametrize("through_parrot", [False, True])
def test_simultaneous_spikes_release_one_after_the_other(nest_kernel, generator, through_parrot):
    """0.6, then from what is left: u = 0.84, x = 0.4."""
    nest = nest_kernel()
    source = nest.Create("spike_generator", params=generator)
    if through_parrot:
        parrot = nest.Create("parrot_neuron")
        nest.Connect(source, parrot)
        source = parrot
    target = nest.Create("iaf_psc_delta", params={"tau_m": 1e12, "V_th": 1e3})
    rest = target.V_m
    nest.Connect(source, target, syn_spec={"synapse_model": MODEL, "weight": 1.0})
    nest.Simulate(20.0)
    # A perfect integrator sums the two jumps: V_m leaks 1e-11 of them in 10 ms.
    assert target.V_m - rest == pytest.approx(0.6 + 0.84 * 0.4, abs=1e-9)
    assert nest.GetConnections(synapse_model=MODEL).r == pytest.approx(0.84 * 0.4, abs=1e-15)


def test_rested_after_a_very_long_pause(nest_kernel):
    """2000 time constants: the propagators underflow to rest."""
    times = [10.0, 100_010.0]
    assert releases(nest_kernel(resolution=1.0), times) == pytest.approx([0.6, 0.6], abs=1e-15)


@pytest.mark.parametrize("changed", [{"U_0": 0.3}, {"tau_f": 60.0}, {"tau_d": 90.0}, {"weight": 3}])
def test_every_parameter_acts(nest_kernel, changed):
    """On the second release at the latest."""
    times = [10.0, 40.0]
    assert not np.allclose(releases(nest_kernel(), times, changed), releases(nest_kernel(), times))


@pytest.mark.parametrize(
    "bad",
    [
        {"U_0": -0.1},
        {"U_0": 1.1},
        {"U_0": float("nan")},
        {"tau_f": 0.0},
        {"tau_f": -30.0},
        {"tau_d": 0.0},
        {"tau_d": float("nan")},
    ],
)
def test_bad_values_are_refused(nest_kernel, bad):
    """In Connect, for an existing connection and as defaults; nothing changes."""
    nest = nest_kernel()
    neurons = nest.Create("parrot_neuron", 2)
    good = {"synapse_model": MODEL, "weight": 2.0}
    nest.Connect(neurons[0], neurons[1], syn_spec=good)
    synapse = nest.GetConnections(synapse_model=MODEL)
    before, defaults = synapse.get(), nest.GetDefaults(MODEL)
    (name,) = bad
    for attempt in (
        lambda: nest.Connect(neurons[0], neurons[1], syn_spec=good | bad),
        lambda: synapse.set(weight=7.0, **bad),
        lambda: nest.SetDefaults(MODEL, bad),
    ):
        with pytest.raises(nest.NESTErrors.BadProperty, match=f"{MODEL} needs {name} "):
            attempt()
    assert synapse.get() == before
    assert nest.GetDefaults(MODEL) == defaults


def test_generator_that_draws_for_each_target_is_refused(nest_kernel):
    """It sends an event in every step, each of which would count as a spike."""
    nest = nest_kernel()
    target = nest.Create("parrot_neuron")
    with pytest.raises(nest.NESTErrors.IllegalConnection, match="connect it to a parrot_neuron"):
        nest.Connect(nest.Create("poisson_generator"), target, syn_spec={"synapse_model": MODEL})


def test_target_is_not_made_to_archive_its_spikes(nest_kernel):
    """The history would be kept for ever, because no synapse reads it."""
    nest = nest_kernel()
    target = nest.Create("iaf_psc_alpha", params={"I_e": 1000.0})
    junction(nest, MODEL, [10.0], target=target)
    nest.Simulate(100.0)
    assert target.t_spike > 0.0
    assert target.archiver_length == 0


def test_threads_change_nothing(nest_kernel):
    """Eight synapses of different constants, on one thread and on two."""
    times = irregular_train(seed=4, n_spikes=6, mean_interval=10.0)

    def delivered(threads):
        nest = nest_kernel(local_num_threads=threads)
        synapses = [junction(nest, MODEL, times, {"U_0": 0.1 * n}) for n in range(1, 9)]
        nest.Simulate(times[-1] + 10.0)
        return [synapse.delivered() for synapse in synapses]

    np.testing.assert_array_equal(delivered(1), delivered(2))
