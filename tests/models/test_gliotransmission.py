# SPDX-License-Identifier: GPL-2.0-or-later
"""``gliotransmission_synapse`` and ``astrocyte_li_rinzel_neuron`` against independent solutions."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from izhisyn import recording
from tests.models.plastic_synapse import WEIGHT, irregular_train, junction, parrot

SYNAPSE = "gliotransmission_synapse"
TRANSMITTER = "gliotransmission_volume_transmitter"
ASTROCYTE = "astrocyte_li_rinzel_neuron"
DELAY = 1.0  # from the astrocyte to the transmitter [ms]

# Rates [1/ms] and concentrations [uM] of Stimberg et al. (2019), example 3, as the model's
# defaults have them.
PUBLISHED = {
    "U_0": 0.6,
    "alpha": 0.0,
    "tau_f": 1000.0 / 3.33,
    "tau_d": 500.0,
    "O_G": 1.5e-3,
    "tau_G": 60_000.0 / 0.5,
    "rho_e": 6.5e-4,
    "G_T": 200e3,
    "U_A": 0.6,
    "tau_e": 1000.0 / 60.0,
    "tau_A": 1000.0 / 0.6,
}
SOLVER = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-14}


def integrate(spikes, arrivals, p):
    """Solve the published equations event by event.

    Parameters
    ----------
    spikes, arrivals : sequence of float
        Presynaptic spikes and arrivals of gliotransmitter [ms].
    p : dict
        Parameters, named as the model's.

    Returns
    -------
    r, Gamma_S : numpy.ndarray, shape (n_spikes,)
        At each presynaptic spike.
    """

    def field(t, y):
        u, x, Gamma_S, G_A, x_A = y
        return [
            -u / p["tau_f"],
            (1 - x) / p["tau_d"],
            p["O_G"] * G_A * (1 - Gamma_S) - Gamma_S / p["tau_G"],
            -G_A / p["tau_e"],
            (1 - x_A) / p["tau_A"],
        ]

    y, now, r, bound = np.array([0.0, 1.0, 0.0, 0.0, 1.0]), 0.0, [], []
    events = [(t, "release") for t in arrivals] + [(t, "spike") for t in spikes]
    for time, kind in sorted(events):
        if time > now:
            # Steps of a few tau_e: the solver must not step over the pulse of transmitter.
            y = solve_ivp(field, (now, time), y, max_step=5 * p["tau_e"], **SOLVER).y[:, -1]
            now = time
        if kind == "release":
            y[3] += p["rho_e"] * p["G_T"] * p["U_A"] * y[4]
            y[4] -= p["U_A"] * y[4]
        else:
            U = (1 - y[2]) * p["U_0"] + p["alpha"] * y[2]
            y[0] += U * (1 - y[0])
            r.append(y[0] * y[1])
            y[1] -= r[-1]
            bound.append(y[2])
    return np.array(r), np.array(bound)


def with_releases(nest, spikes, arrivals, parameters):
    """Release and bound fraction at each presynaptic spike, with gliotransmitter from a parrot."""
    transmitter = nest.Create(TRANSMITTER)
    if len(arrivals):
        source = parrot(nest, np.asarray(arrivals) - DELAY)
        nest.Connect(source, transmitter, syn_spec={"delay": DELAY})
    named = {"volume_transmitter": transmitter.global_id}
    synapse = junction(nest, SYNAPSE, spikes, parameters | named)
    connection = nest.GetConnections(source=synapse.source)
    bound = []
    for now, following in zip(spikes, [*spikes[1:], spikes[-1] + 20.0], strict=True):
        # A spike is processed when its slice of one step is over.
        nest.Simulate(round(min(now + 5.0, following) - nest.biological_time, 6))
        bound.append(connection.Gamma_S)
    nest.Simulate(20.0)
    return synapse.delivered() / WEIGHT, np.array(bound), transmitter


SPIKES = 30.0 + np.cumsum([7.0, 40.0, 12.0, 90.0, 300.0, 8.0, 8.0, 60.0, 25.0, 700.0, 50.0])
CASES = {
    "published": {},
    "increasing": {"alpha": 1.0},
    # g = O_G tau_e G_A of 1.95 after one release becomes 39: the other branch of the solution.
    "strong binding": {"O_G": 0.03, "alpha": 0.3},
    "fast unbinding": {"tau_G": 40.0, "alpha": 1.0},
    "unbinding as fast as clearance": {"tau_G": PUBLISHED["tau_e"], "alpha": 1.0},
    "slow clearance": {"tau_e": 400.0, "tau_G": 100.0, "O_G": 1e-4},
}


@pytest.mark.parametrize("changed", CASES.values(), ids=CASES.keys())
def test_prescribed_releases(nest_kernel, changed):
    """Against an adaptive solver; pairs of releases, one at the very time of a spike."""
    arrivals = np.array([20.0, 60.0, 65.0, 65.0, SPIKES[5], 500.0, 502.0, 800.0])
    parameters = PUBLISHED | changed
    r, bound, transmitter = with_releases(nest_kernel(), SPIKES, arrivals, parameters)
    expected_r, expected_bound = integrate(SPIKES, arrivals, parameters)
    np.testing.assert_allclose(transmitter.times, arrivals)
    # The solver's tolerance over a few thousand steps.
    np.testing.assert_allclose(bound, expected_bound, atol=1e-9)
    np.testing.assert_allclose(r, expected_r, atol=1e-9)
    assert bound.max() > 0.3


def test_one_release_binds_the_closed_form(nest_kernel):
    """Without unbinding 1 - exp(-O_G rho_e G_T U_A tau_e (1 - exp(-t / tau_e)))."""
    parameters = PUBLISHED | {"tau_G": float("inf")}
    spikes = np.array([60.0, 70.0, 100.0, 400.0])
    _, bound, _ = with_releases(nest_kernel(), spikes, [50.0], parameters)
    supply = 1.5e-3 * 6.5e-4 * 200e3 * 0.6 * PUBLISHED["tau_e"]
    expected = -np.expm1(supply * np.expm1(-(spikes - 50.0) / PUBLISHED["tau_e"]))
    np.testing.assert_allclose(bound, expected, atol=1e-14)


def test_defaults_are_the_published_constants(nest_kernel):
    """Except for tau_f, where 1 / (3.33/s) is 300.3 ms."""
    defaults = nest_kernel().GetDefaults(SYNAPSE)
    expected = PUBLISHED | {"tau_f": 300.0}
    assert {name: defaults[name] for name in expected} == pytest.approx(expected, rel=1e-14)


def test_published_train_without_glia(nest_kernel):
    """Spikes at 0, 50, ... 200 ms of the public code, to the digits given."""
    nest = nest_kernel()
    synapse = junction(nest, SYNAPSE, 10.0 + 50.0 * np.arange(5), PUBLISHED)
    nest.Simulate(230.0)
    np.testing.assert_allclose(
        synapse.delivered() / WEIGHT, [0.6, 0.3671, 0.1540, 0.1035, 0.0958], atol=5e-5
    )


@pytest.mark.parametrize("with_transmitter", [False, True])
def test_without_releases_it_is_the_tsodyks_markram_synapse(nest_kernel, with_transmitter):
    """No transmitter, or one that receives nothing: the same numbers to the last bit."""
    nest = nest_kernel()
    times = irregular_train(seed=6, n_spikes=40, mean_interval=50.0)
    parameters = {"U_0": 0.4, "tau_f": 70.0, "tau_d": 200.0}
    named = {"volume_transmitter": nest.Create(TRANSMITTER).global_id} if with_transmitter else {}
    pair = [
        junction(nest, SYNAPSE, times, parameters | named | {"alpha": 1.0}),
        junction(nest, "tsodyks_markram_synapse", times, parameters),
    ]
    nest.Simulate(times[-1] + 10.0)
    np.testing.assert_array_equal(pair[0].delivered(), pair[1].delivered())


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_parameter_acts(nest_kernel, name):
    """Ten percent more or less changes what is released."""
    spikes, arrivals = [30.0, 70.0, 110.0, 400.0], [35.0, 60.0]
    base = PUBLISHED | {"alpha": 0.5, "tau_G": 500.0}
    changed = base | {name: 0.9 * base[name]}
    released = [
        with_releases(nest_kernel(), spikes, arrivals, parameters)[0]
        for parameters in (base, changed)
    ]
    assert np.max(np.abs(released[0] - released[1])) > 1e-6


def test_each_synapse_listens_to_the_transmitter_it_names(nest_kernel):
    """Two astrocytes, three synapses of one model; the third listens to none."""
    nest = nest_kernel()
    spikes = [30.0, 60.0, 90.0]
    transmitters = nest.Create(TRANSMITTER, 2)
    for arrival, transmitter in zip((40.0, 70.0), transmitters, strict=True):
        source = parrot(nest, [arrival - DELAY])
        nest.Connect(source, transmitter, syn_spec={"delay": DELAY})
    ids = [*transmitters.tolist(), 0]
    synapses = [junction(nest, SYNAPSE, spikes, PUBLISHED | {"volume_transmitter": i}) for i in ids]
    nest.Simulate(100.0)
    for synapse, arrivals in zip(synapses, ([40.0], [70.0], []), strict=True):
        expected, _ = integrate(spikes, arrivals, PUBLISHED)
        np.testing.assert_allclose(synapse.delivered() / WEIGHT, expected, atol=1e-9)


def test_simultaneous_spikes_of_a_generator(nest_kernel):
    """One after the other, with the same Gamma_S; gliotransmitter comes before both."""
    nest = nest_kernel()
    transmitter = nest.Create(TRANSMITTER)
    nest.Connect(parrot(nest, [19.0]), transmitter, syn_spec={"delay": DELAY})
    spikes = [50.0, 50.0, 90.0]
    named = {"volume_transmitter": transmitter.global_id}
    synapse = junction(nest, SYNAPSE, spikes, PUBLISHED | named)
    nest.Simulate(100.0)
    expected, _ = integrate(spikes, [20.0], PUBLISHED)
    np.testing.assert_allclose(synapse.delivered() / WEIGHT, expected, atol=1e-9)


def test_releases_before_the_synapse_was_connected_count(nest_kernel):
    """Receptors are bound whether or not anybody has looked."""
    nest = nest_kernel()
    transmitter = nest.Create(TRANSMITTER)
    nest.Connect(parrot(nest, [19.0]), transmitter, syn_spec={"delay": DELAY})
    nest.Simulate(100.0)
    named = {"volume_transmitter": transmitter.global_id}
    synapse = junction(nest, SYNAPSE, [150.0], PUBLISHED | named)
    nest.Simulate(100.0)
    expected, _ = integrate([150.0], [20.0], PUBLISHED)
    assert synapse.delivered() / WEIGHT == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "model, receptor",
    [
        ("izhikevich_psc_multisyn_neuron", "AMPA"),
        ("izhikevich_cond_multisyn_neuron", "NMDA"),
        ("izhikevich_tutorial_neuron", None),
        ("iaf_cond_alpha", None),
        ("ht_neuron", "AMPA"),
    ],
)
def test_acts_on_any_target(nest_kernel, model, receptor):
    """NESTML's and NEST's own models, with and without receptors."""
    nest = nest_kernel()
    target = nest.Create(model)
    port = target.receptor_types[receptor] if receptor else 0
    junction(nest, SYNAPSE, [10.0], {"receptor_type": port}, target=target)
    twin = nest.Create(model)
    variable = "v" if model == "izhikevich_tutorial_neuron" else "V_m"
    nest.Simulate(15.0)
    assert abs(target.get(variable) - twin.get(variable)) > 1e-6


@pytest.mark.parametrize(
    "bad, reason",
    [
        ({"U_0": 1.2}, "needs U_0 >= 0 and U_0 <= 1"),
        ({"alpha": -0.1}, "needs alpha >= 0"),
        ({"tau_G": 0.0}, "needs tau_G > 0"),
        ({"tau_e": -1.0}, "needs tau_e > 0"),
        ({"U_A": float("nan")}, "needs U_A >= 0"),
        ({"volume_transmitter": 1}, "node 1 is none"),  # it is a parrot_neuron
        ({"volume_transmitter": 1000}, "node 1000 is none"),
        ({"volume_transmitter": -1}, "node -1 is none"),
    ],
)
def test_bad_values_are_refused(nest_kernel, bad, reason):
    """In Connect and for an existing connection, which stays as it was."""
    nest = nest_kernel()
    neurons = nest.Create("parrot_neuron", 2)
    good = {"synapse_model": SYNAPSE, "weight": 2.0}
    nest.Connect(neurons[0], neurons[1], syn_spec=good)
    synapse = nest.GetConnections(synapse_model=SYNAPSE)
    before = synapse.get()
    with pytest.raises(nest.NESTErrors.BadProperty, match=reason):
        nest.Connect(neurons[0], neurons[1], syn_spec=good | bad)
    with pytest.raises(nest.NESTErrors.BadProperty, match=reason):
        synapse.set(weight=7.0, **bad)
    assert synapse.get() == before


def calcium(IP3, duration, y=(0.073, 0.793)):
    """Solve the equations of Li and Rinzel, in seconds; give a solution with crossings of 0.5 uM.

    Constants are those of Stimberg et al. (2019), example 3.
    """
    d_1, d_2, d_3, d_5, O_2 = 0.13, 1.05, 0.9434, 0.08, 0.2

    def field(t, y):
        C, h = y
        m = IP3 / (IP3 + d_1) * C / (C + d_5)
        Q_2 = d_2 * (IP3 + d_1) / (IP3 + d_3)
        channels = (6.0 * m**3 * h**3 + 0.1) * (2.0 - 1.18 * C)
        return [channels - 0.9 * C**2 / (C**2 + 0.05**2), (Q_2 / (Q_2 + C) - h) * O_2 * (Q_2 + C)]

    def crossing(t, y):
        return y[0] - 0.5

    crossing.direction = 1
    return solve_ivp(
        field,
        (0.0, duration / 1000.0),
        y,
        events=crossing,
        dense_output=True,
        max_step=0.2,
        **SOLVER,
    )


def astrocyte_run(nest, duration, **parameters):
    """Calcium and h at every millisecond, and exact release times [ms]."""
    astrocyte = nest.Create(ASTROCYTE, params=parameters)
    meter = recording.record_traces(astrocyte, ["Ca_astro", "h_IP3R"], interval=1.0)
    every_step = recording.record_traces(astrocyte, ["spike_offset"])
    spikes = recording.record_spikes(astrocyte)
    nest.Simulate(duration)
    releases = recording.exact_spikes(spikes, every_step).times
    return recording.traces(meter), releases


@pytest.mark.parametrize("IP3, n_releases", [(0.5, 0), (0.6, 1), (1.0, 2), (1.2, 3)])
def test_calcium_and_crossings(nest_kernel, IP3, n_releases):
    """Trace and releases over 22 s, against an adaptive solver."""
    duration = 22_000.0
    traces, releases = astrocyte_run(nest_kernel(), duration, IP3=IP3)
    expected = calcium(IP3, duration)
    C, h = expected.sol(traces.times / 1000.0)
    # Two tolerances of the solver add up on the fast upstroke.
    np.testing.assert_allclose(traces.values["Ca_astro"][0], C, atol=1e-8)
    np.testing.assert_allclose(traces.values["h_IP3R"][0], h, atol=1e-8)
    assert releases.size == n_releases
    # Linear interpolation over 0.1 ms of a course that bends within seconds.
    np.testing.assert_allclose(releases, 1000.0 * expected.t_events[0], atol=1e-3)


def test_calcium_equals_astrocyte_lr_1994(nest_kernel):
    """NEST's model, whose IP3 stays where it starts if its rest is there."""
    nest = nest_kernel()
    names = [
        *("Ca_tot", "ratio_ER_cyt", "rate_IP3R", "rate_L", "rate_SERCA", "Km_SERCA"),
        *("Kd_IP3_1", "Kd_IP3_2", "Kd_inh", "Kd_act", "k_IP3R", "Ca_astro", "h_IP3R"),
    ]
    ours = nest.Create(ASTROCYTE, params={"IP3": 0.8})
    theirs = nest.Create("astrocyte_lr_1994", params={"IP3": 0.8, "IP3_0": 0.8, **ours.get(names)})
    meters = [recording.record_traces(node, ["Ca_astro"], interval=1.0) for node in (ours, theirs)]
    nest.Simulate(20_000.0)
    C_ours, C_theirs = (recording.traces(meter).values["Ca_astro"] for meter in meters)
    assert np.ptp(C_ours) > 0.9
    # NEST's solver keeps an error of 1e-3 per step at most; it does better.
    np.testing.assert_allclose(C_ours, C_theirs, atol=1e-4)


def test_no_release_without_a_crossing(nest_kernel):
    """Calcium that starts above the threshold has not crossed it."""
    _, releases = astrocyte_run(nest_kernel(), 500.0, IP3=0.1, Ca_astro=0.8)
    assert releases.size == 0


ASTROCYTE_PARAMETERS = [
    *("IP3", "Ca_tot", "ratio_ER_cyt", "rate_IP3R", "rate_L", "rate_SERCA", "Km_SERCA"),
    *("Kd_IP3_1", "Kd_IP3_2", "Kd_inh", "Kd_act", "k_IP3R"),
]


def test_every_parameter_of_the_astrocyte_acts(nest_kernel):
    """On calcium after 5 s; the threshold on the release."""
    nest = nest_kernel()
    nodes = nest.Create(ASTROCYTE, len(ASTROCYTE_PARAMETERS) + 2)
    for name, node in zip(ASTROCYTE_PARAMETERS, nodes[:-2], strict=True):
        node.set({name: 1.02 * node.get(name)})
    nodes[-2].Ca_th = 0.6
    recorder = recording.record_spikes(nodes[-2:])
    nest.Simulate(5000.0)
    reference = nodes[-1].Ca_astro
    for name, node in zip(ASTROCYTE_PARAMETERS, nodes[:-2], strict=True):
        assert abs(node.Ca_astro - reference) > 1e-6, name
    first, second = np.sort(recording.spikes(recorder).times)
    assert second > first


@pytest.mark.parametrize("name", [*ASTROCYTE_PARAMETERS, "Ca_th"])
def test_bad_values_of_the_astrocyte_are_refused(nest_kernel, name):
    """None of them can be negative."""
    nest = nest_kernel()
    astrocyte = nest.Create(ASTROCYTE)
    before = astrocyte.get(name)
    with pytest.raises(nest.NESTErrors.BadProperty, match=f"{ASTROCYTE} needs {name} "):
        astrocyte.set({name: -0.1})
    assert astrocyte.get(name) == before


def test_threads_change_nothing(nest_kernel):
    """Astrocytes, pairs of neurons and their synapses, on one thread and on two."""

    def run(threads):
        nest = nest_kernel(local_num_threads=threads)
        n = 6
        astrocytes = nest.Create(ASTROCYTE, 2, params={"IP3": [1.0, 1.1]})
        transmitters = nest.Create(TRANSMITTER, 2)
        nest.Connect(astrocytes, transmitters, "one_to_one", syn_spec={"delay": DELAY})
        pre = nest.Create("izhikevich_psc_delta_neuron", n, params={"I_e": 5.0 + np.arange(n)})
        post = nest.Create("izhikevich_psc_multisyn_neuron", n, params={"I_e": 3.0})
        nest.Connect(
            pre,
            post,
            "one_to_one",
            syn_spec={
                "synapse_model": SYNAPSE,
                "receptor_type": post[0].receptor_types["AMPA"],
                "weight": 20.0,
                "volume_transmitter": np.tile(transmitters.tolist(), n // 2),
            },
        )
        recorder = recording.record_spikes(pre + post)
        nest.Simulate(1500.0)
        connections = nest.GetConnections(synapse_model=SYNAPSE)
        state = connections.get(["source", "Gamma_S", "u", "x", "r"])
        return recording.spikes(recorder), np.array(sorted(zip(*state.values(), strict=True)))

    (spikes, state), (threaded_spikes, threaded_state) = run(1), run(2)
    np.testing.assert_array_equal(spikes.times, threaded_spikes.times)
    np.testing.assert_array_equal(spikes.senders, threaded_spikes.senders)
    np.testing.assert_array_equal(state, threaded_state)
    assert np.all(state[:, 1] > 0.5)  # both astrocytes have released
