# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m pynest_scripts.ampa_nmda_gaba`` runs the first Brian2 thread, corrected or not."""

import numpy as np
import pytest

from izhisyn import recording
from izhisyn.parameters import RECEPTORS
from izhisyn.synapses import nmda_gate
from pynest_scripts import ampa_nmda_gaba

PEAKS = {"AMPA": 0.05, "NMDA": 0.075, "GABA_A": 0.33}  # the post's g_peak [pA]
ENDINGS = {"corrected": "npz", "as_posted": "as_posted.npz"}


@pytest.fixture(scope="module")
def compared(run_script):
    """Run both arithmetics by forward Euler, so that only the synapses differ."""
    run = run_script("ampa_nmda_gaba", "--as-posted", "--integrator", "1")
    assert run.returncode == 0, run.stderr
    return run


@pytest.fixture(scope="module")
def recorded(compared):
    """Give the spikes and the traces of both."""
    return {name: recording.load(compared.path(ending)) for name, ending in ENDINGS.items()}


@pytest.fixture(scope="module")
def small_network(run_script):
    """Run twenty neurons of each kind with connections."""
    return run_script("ampa_nmda_gaba", *SMALL, "--recurrent")


SMALL = ("--neurons", "20", "--resolution", "0.1", "--duration", "300", "--integrator", "1")


def senders(run):
    """Node ids of the first E and the first I neuron."""
    _, traces = recording.load(run.path("npz"))
    return dict(zip("EI", traces.senders.tolist(), strict=True))


def first_input(spikes, run):
    """Time of the first input spike [ms]; the inputs are neither E nor I."""
    inputs = ~np.isin(spikes.senders, list(senders(run).values()))
    return spikes.times[inputs].min()


def test_both_arithmetics_get_the_same_input_and_noise(compared, recorded):
    """V_m is the same until the first input spike arrives, a delay of 1 ms after it was sent."""
    (spikes, traces), (posted_spikes, posted_traces) = recorded.values()
    arrival = first_input(spikes, compared) + 1.0
    assert first_input(posted_spikes, compared) + 1.0 == arrival
    before = traces.times < arrival
    V_m, V_m_posted = traces.values["V_m"], posted_traces.values["V_m"]
    np.testing.assert_array_equal(V_m[:, before], V_m_posted[:, before])
    assert np.ptp(V_m[:, before]) > 1.0
    assert not np.array_equal(V_m, V_m_posted)
    runs = compared.json()["runs"]
    assert runs["corrected"]["input_spikes"] == runs["as_posted"]["input_spikes"] > 0


@pytest.mark.parametrize("receptor", RECEPTORS)
def test_first_input_makes_the_current_that_was_meant_or_the_posted_one(
    compared, recorded, receptor
):
    """Corrected: a peak of g_peak. As posted: a jump to g_peak squared times the normalisation."""
    neuron, sign = ("I", -1.0) if receptor == "GABA_A" else ("E", 1.0)
    variable = "I_NMDA_unblocked" if receptor == "NMDA" else f"I_{receptor}"
    constants = RECEPTORS[receptor]
    fast, slow = constants.tau_rise, constants.tau_decay
    for name, (spikes, traces) in recorded.items():
        arrival = first_input(spikes, compared) + 1.0
        # In the time that the second input leaves to the first.
        inputs = ~np.isin(spikes.senders, list(senders(compared).values()))
        second = np.sort(spikes.times[inputs])[1] + 1.0
        shown = (traces.times > arrival - 1e-6) & (traces.times < second - 1e-6)
        t = traces.times[shown] - arrival
        course = np.exp(-t / slow)
        peak = PEAKS[receptor]
        if name == "corrected":
            course -= np.exp(-t / fast)
        else:
            peak = peak**2
        expected = sign * peak * constants.peak_factor * course
        measured = traces.values_of(senders(compared)[neuron], variable)[shown]
        np.testing.assert_allclose(measured, expected, rtol=1e-9, atol=1e-12)


def test_nmda_current_is_what_the_gate_lets_through(compared, recorded):
    """The three panels of the figure belong together, in both models."""
    for _, traces in recorded.values():
        sender = senders(compared)["E"]
        gate = nmda_gate(traces.values_of(sender, "V_m"))
        through = gate * traces.values_of(sender, "I_NMDA_unblocked")
        np.testing.assert_allclose(traces.values_of(sender, "I_NMDA"), through, rtol=1e-9)


def test_json_has_the_difference_of_the_two_runs(compared, recorded):
    """Spikes and largest currents, as the recordings give them."""
    measured = compared.json()
    runs, ids = measured["runs"], senders(compared)
    for name, (spikes, traces) in recorded.items():
        for population, sender in ids.items():
            times = spikes.times_of(sender)
            of_population = runs[name]["populations"][population]
            assert of_population["first_neuron_spike_times"] == times.tolist()
            assert of_population["spikes"] == of_population["rate"] == times.size > 0
        for current, peak in runs[name]["peak_currents"].items():
            assert peak == np.abs(traces.values[current]).max()
    for population in ids:
        more = measured["difference"]["spikes"][population]
        posted, corrected = (
            runs[name]["populations"][population]["spikes"] for name in ("as_posted", "corrected")
        )
        assert more == posted - corrected
    for current, ratio in measured["difference"]["peak_current_ratios"].items():
        posted, corrected = (
            runs[name]["peak_currents"][current] for name in ("as_posted", "corrected")
        )
        assert ratio == posted / corrected
    # Both neurons have the cells of the post.
    assert runs["corrected"]["populations"]["E"].items() >= {"a": 0.02, "d": 2.0}.items()
    assert runs["corrected"]["populations"]["I"].items() >= {"a": 0.1, "d": 2.0}.items()


def test_as_posted_says_the_difference(compared):
    """A line for each run, the difference, and the files."""
    lines = compared.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines[:3]] == [
        "corrected",
        "as posted",
        "as posted against corrected",
    ]
    endings = ("json", "npz", "as_posted.npz", "png")
    assert lines[3] == "Wrote " + ", ".join(str(compared.path(ending)) for ending in endings)
    assert compared.stderr == ""


def test_figure_has_ink_in_all_its_panels(compared):
    """Both arithmetics show."""
    figure = compared.figure()
    height, width, _ = figure.shape
    assert (width, height) == pytest.approx((2126, 1417), abs=1)  # 18 x 12 cm at 300 dpi
    vermilion = (figure[..., 0] > 0.7) & (figure[..., 1] < 0.5) & (figure[..., 2] < 0.3)
    assert np.mean(vermilion) > 0.001
    for column in np.array_split(np.arange(width), 2):
        for row in np.array_split(np.arange(height), 4):
            assert np.mean(figure[np.ix_(row, column)].max(axis=2) < 0.5) > 0.003


def test_populations_scale_and_each_neuron_has_its_own_input(small_network):
    """About 10 spikes/s at each of 20 neurons for 0.3 s; the count's standard error is 8."""
    assert small_network.returncode == 0, small_network.stderr
    run = small_network.json()["runs"]["corrected"]
    assert run["input_spikes"] == pytest.approx(20 * 10 * 0.3, abs=4 * 8)
    spikes, _ = recording.load(small_network.path("npz"))
    assert np.unique(spikes.senders).size > 55  # nearly all of 60 spike
    for population in run["populations"].values():
        assert population["rate"] == pytest.approx(population["spikes"] / (20 * 0.3))


def test_recurrent_connections_act(run_script, small_network):
    """Without them the input is the same and the response another."""
    apart = run_script("ampa_nmda_gaba", *SMALL)
    alone, connected = (run.json()["runs"]["corrected"] for run in (apart, small_network))
    assert alone["peak_currents"]["I_GABA_A"] < connected["peak_currents"]["I_GABA_A"]
    assert alone["populations"]["I"]["spikes"] != connected["populations"]["I"]["spikes"]


def test_two_neurons_can_be_connected_with_each_other(run_script):
    """E drives I through AMPA and NMDA, I drives E through GABA-A; neither drives itself."""
    run = run_script("ampa_nmda_gaba", "--recurrent", "--resolution", "0.1", "--duration", "300")
    assert run.returncode == 0, run.stderr
    _, traces = recording.load(run.path("npz"))
    flows = {
        (neuron, current): np.ptp(traces.values_of(sender, current)) > 0.0
        for neuron, sender in senders(run).items()
        for current in ("I_AMPA", "I_NMDA", "I_GABA_A")
    }
    driven = run.json()["runs"]["corrected"]["input_spikes"] > 0
    assert flows == {
        ("E", "I_AMPA"): driven,
        ("E", "I_NMDA"): driven,
        ("E", "I_GABA_A"): True,
        ("I", "I_AMPA"): True,
        ("I", "I_NMDA"): True,
        ("I", "I_GABA_A"): driven,
    }


def test_result_depends_on_the_seed_alone(run_script, small_network):
    """Threads share out what a fixed number of virtual processes computes."""
    same = run_script("ampa_nmda_gaba", *SMALL, "--recurrent", "--total-vps", "1")
    assert same.json() == small_network.json()
    other = run_script("ampa_nmda_gaba", *SMALL, "--recurrent", "--seed", "2")
    assert other.json()["runs"] != small_network.json()["runs"]


@pytest.mark.slow
def test_posted_rates_are_those_of_the_post(run_script):
    """An independent integration of the post gives 3.4 (E) and 6.4 (I) spikes in the first second.

    Counts of single neurons have a standard deviation of about 1.1 and 3.0; with 150 neurons the
    mean's standard error is 0.09 and 0.25. The tolerance is 3 of them, and 0.1 for the reference.
    """
    run = run_script("ampa_nmda_gaba", "--as-posted", "--neurons", "150")
    rates = {
        name: population["rate"]
        for name, population in run.json()["runs"]["as_posted"]["populations"].items()
    }
    assert rates["E"] == pytest.approx(3.4, abs=0.37)
    assert rates["I"] == pytest.approx(6.4, abs=0.85)


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("--neurons", "0"), "argument --neurons: '0' is not a whole number above 0"),
        (("--duration", "1"), "error: duration 1 ms is too short for an input to arrive"),
        (("--resolution", "0.3"), "error: transmission delay of 1 ms is not a multiple of the res"),
        (
            ("--integrator", "3"),
            "argument --integrator: '3' is none of exact, euler, izhikevich2003",
        ),
        (("--seed", "0"), "argument --seed: '0' is not a whole number above 0"),
    ],
)
def test_bad_value_is_one_sentence_and_code_2(module_build, refusal, arguments, named):
    """Value and remedy, no traceback, no results."""
    assert named in refusal(ampa_nmda_gaba.main, *arguments)
