# SPDX-License-Identifier: GPL-2.0-or-later
"""Spikes and traces come out of NEST complete, in order, at their true times."""

import numpy as np
import pytest

from izhisyn import recording
from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, simulate, start_kernel

MODEL = "izhikevich_psc_delta_neuron"


@pytest.fixture
def population(module_build):
    """Three neurons on two threads that spike at different times."""
    start_kernel(resolution=0.1, threads=2)
    neurons = nest.Create(MODEL, 3)
    neurons.I_e = [10.0, 15.0, 20.0]
    return neurons


def test_traces_are_those_of_their_neurons(population):
    """Two threads deliver samples in their own order; each neuron is also recorded alone."""
    together = recording.record_traces(population, ["V_m", "U_m"])
    alone = [recording.record_traces(neuron, ["V_m"]) for neuron in population]
    simulate(20.0)
    traces = recording.traces(together)
    assert traces.senders.tolist() == population.tolist()
    assert set(traces.values) == {"V_m", "U_m"}
    np.testing.assert_allclose(traces.times, np.arange(1, 200) * 0.1, rtol=1e-12)
    for neuron, multimeter in zip(population, alone, strict=True):
        np.testing.assert_array_equal(
            traces.values_of(neuron.global_id, "V_m"), multimeter.events["V_m"]
        )


def test_traces_are_sampled_at_the_interval(population):
    """A coarser grid than that of the simulation."""
    multimeter = recording.record_traces(population, ["V_m"], interval=2.5)
    simulate(10.1)
    assert recording.traces(multimeter).times.tolist() == [2.5, 5.0, 7.5, 10.0]


def test_spikes_are_ordered_and_those_of_their_neurons(population):
    """Spikes come sorted; each neuron is also recorded alone."""
    together = recording.record_spikes(population)
    alone = [recording.record_spikes(neuron) for neuron in population]
    simulate(200.0)
    spikes = recording.spikes(together)
    assert np.all(np.diff(spikes.times) >= 0)
    for neuron, recorder in zip(population, alone, strict=True):
        times = spikes.times_of(neuron.global_id)
        assert times.size > 0
        np.testing.assert_array_equal(times, np.sort(recorder.events["times"]))


def test_nothing_recorded_is_empty(population):
    """Reading before simulating is no error."""
    spike_recorder = recording.record_spikes(population)
    multimeter = recording.record_traces(population, ["V_m", "spike_offset"])
    spikes = recording.exact_spikes(spike_recorder, multimeter)
    assert (spikes.times.size, spikes.senders.size) == (0, 0)
    assert recording.traces(multimeter).values["V_m"].shape == (0, 0)


def test_exact_spikes_are_those_of_the_closed_form(module_build):
    """With a = d = 0 and U = 0, V' = 0.04 V^2 + 5 V + 140 + I is a Riccati equation.

    With w = V + 62.5 it reads w' = 0.04 w^2 + K, K = 140 + I - 156.25, so that the time from V_1
    to V_2 is (atan(w_2 r) - atan(w_1 r)) / sqrt(0.04 K) with r = sqrt(0.04 / K).
    """
    current, threshold, reset, start, duration = 20.0, 30.0, -65.0, -70.0, 60.0
    K = 140.0 + current - 156.25

    def time_between(V_1, V_2):
        angle = np.arctan((np.array([V_1, V_2]) + 62.5) * np.sqrt(0.04 / K))
        return (angle[1] - angle[0]) / np.sqrt(0.04 * K)

    first, interval = time_between(start, threshold), time_between(reset, threshold)
    expected = np.arange(first, duration, interval)

    start_kernel(resolution=0.1)
    neuron = nest.Create(
        MODEL,
        params={"a": 0.0, "b": 0.0, "d": 0.0, "c": reset, "V_th": threshold, "I_e": current},
    )
    neuron.set(V_m=start, U_m=0.0)
    spike_recorder = recording.record_spikes(neuron)
    multimeter = recording.record_traces(neuron, ["spike_offset"])
    simulate(duration)

    assert expected.size > 3
    exact = recording.exact_spikes(spike_recorder, multimeter)
    # The step solves this equation exactly, up to its truncated series.
    np.testing.assert_allclose(exact.times, expected, rtol=0.0, atol=1e-6)
    on_grid = recording.spikes(spike_recorder)
    assert np.all(on_grid.times - exact.times >= 0.0)
    assert np.all(on_grid.times - exact.times <= 0.1)
    assert np.ptp(on_grid.times - exact.times) > 0.01


def test_exact_spikes_include_the_last_step(population):
    """The sample of the last step is out only after a further step; both readings agree."""
    spike_recorder = recording.record_spikes(population)
    multimeter = recording.record_traces(population, ["spike_offset"])
    while nest.biological_time not in recording.spikes(spike_recorder).times:
        simulate(0.1)
    from_state = recording.exact_spikes(spike_recorder, multimeter)
    simulate(0.1)
    from_sample = recording.exact_spikes(spike_recorder, multimeter)
    assert from_state.times[-1] < recording.spikes(spike_recorder).times[-1]
    assert from_state.times.tolist() == from_sample.times[: from_state.times.size].tolist()


def test_exact_spikes_need_the_offset(population):
    """Grid times are not passed off as exact."""
    spike_recorder = recording.record_spikes(population)
    multimeter = recording.record_traces(population, ["V_m"])
    with pytest.raises(ParameterError, match="records V_m; add spike_offset"):
        recording.exact_spikes(spike_recorder, multimeter)


def test_exact_spikes_need_every_step(population):
    """A later sample could hold the offset of a later spike."""
    spike_recorder = recording.record_spikes(population)
    multimeter = recording.record_traces(population, ["spike_offset"], interval=10.0)
    simulate(50.0)
    with pytest.raises(ParameterError, match=r"spike of neuron \d at .* ms; record it from every"):
        recording.exact_spikes(spike_recorder, multimeter)


def test_exact_spikes_need_every_neuron(population):
    """The neuron that was left out is named."""
    spike_recorder = recording.record_spikes(population)
    multimeter = recording.record_traces(population[:2], ["spike_offset"])
    simulate(50.0)
    missed = population[2].global_id
    with pytest.raises(ParameterError, match=f"spike of neuron {missed} at .* every neuron"):
        recording.exact_spikes(spike_recorder, multimeter)


def test_weights_are_those_of_their_connection(population):
    """Three sources and a target, each connection with its own weight."""
    target = nest.Create("parrot_neuron")
    recorder = recording.record_deliveries("static_synapse", "recorded_synapse")
    spec = {"synapse_model": "recorded_synapse", "weight": [[2.0, 3.0, 4.0]]}
    nest.Connect(population, target, "all_to_all", spec)
    spike_recorder = recording.record_spikes(population)
    simulate(60.0)
    spikes, recorded = recording.spikes(spike_recorder), recording.deliveries(recorder)
    assert np.all(np.diff(recorded.times) >= 0)
    for source, weight in zip(population.tolist(), (2.0, 3.0, 4.0), strict=True):
        times, weights = recorded.times_and_weights(source, target.global_id)
        # The last spikes may still wait for delivery.
        sent = spikes.times_of(source)
        np.testing.assert_array_equal(times, sent[: times.size])
        assert times.size >= sent.size - 1 > 0
        assert weights.tolist() == [weight] * times.size


def test_a_recording_returns_from_its_file(tmp_path):
    """Even a variable with the name of another array."""
    spikes = recording.Spikes(np.array([1.25, 7.0]), np.array([3, 1]))
    traces = recording.Traces(
        np.array([1.0, 2.0]),
        np.array([1, 3]),
        {"V_m": np.array([[-70.0, -69.0], [-60.0, -59.0]]), "times": np.zeros((2, 2))},
    )
    recording.save(tmp_path / "recording.npz", spikes, traces)
    loaded_spikes, loaded_traces = recording.load(tmp_path / "recording.npz")
    np.testing.assert_array_equal(loaded_spikes.times, spikes.times)
    np.testing.assert_array_equal(loaded_spikes.senders, spikes.senders)
    np.testing.assert_array_equal(loaded_traces.times, traces.times)
    np.testing.assert_array_equal(loaded_traces.senders, traces.senders)
    assert loaded_traces.values.keys() == traces.values.keys()
    np.testing.assert_array_equal(loaded_traces.values_of(3, "V_m"), [-60.0, -59.0])


def test_spikes_alone_return_from_their_file(tmp_path):
    """Traces are optional."""
    spikes = recording.Spikes(np.array([1.25]), np.array([3]))
    recording.save(tmp_path / "spikes.npz", spikes)
    loaded_spikes, loaded_traces = recording.load(tmp_path / "spikes.npz")
    assert loaded_spikes.times_of(3).tolist() == [1.25]
    assert loaded_traces is None


def test_tables_hold_the_recording(population, tmp_path):
    """Read back by NumPy, every number to the last bit."""
    spike_recorder = recording.record_spikes(population)
    multimeter = recording.record_traces(population, ["V_m", "U_m"])
    simulate(50.0)
    spikes, traces = recording.spikes(spike_recorder), recording.traces(multimeter)
    recording.save_csv(tmp_path / "run.csv", spikes, traces)

    table = np.genfromtxt(tmp_path / "run.csv", delimiter=",", names=True)
    assert table.dtype.names == ("time", "sender")
    np.testing.assert_array_equal(table["time"], spikes.times)
    np.testing.assert_array_equal(table["sender"], spikes.senders)
    table = np.genfromtxt(tmp_path / "run_traces.csv", delimiter=",", names=True)
    assert table.dtype.names == ("time", "sender", "V_m", "U_m")
    for neuron in population.tolist():
        of_neuron = table[table["sender"] == neuron]
        np.testing.assert_array_equal(of_neuron["time"], traces.times)
        for name in ("V_m", "U_m"):
            np.testing.assert_array_equal(of_neuron[name], traces.values_of(neuron, name))


def test_table_of_spikes_alone(tmp_path):
    """Traces are optional; node ids stay whole numbers."""
    recording.save_csv(tmp_path / "run.csv", recording.Spikes(np.array([1.25]), np.array([3])))
    assert (tmp_path / "run.csv").read_text().splitlines() == ["time,sender", "1.25,3"]
    assert [file.name for file in tmp_path.iterdir()] == ["run.csv"]


def test_one_process_gathers_what_it_has(population, tmp_path):
    """Nothing goes through files."""
    spike_recorder = recording.record_spikes(population)
    multimeter = recording.record_traces(population, ["V_m"])
    simulate(50.0)
    gathered = recording.gather_spikes(spike_recorder, tmp_path)
    np.testing.assert_array_equal(gathered.times, recording.spikes(spike_recorder).times)
    traces = recording.gather_traces(multimeter, tmp_path)
    np.testing.assert_array_equal(traces.values["V_m"], recording.traces(multimeter).values["V_m"])
    assert recording.gather(tmp_path, number=3) == [{"number": 3}]
    assert list(tmp_path.iterdir()) == []


def test_traces_with_a_longer_delay_leave_the_shortest_delay_alone(population):
    """Recording a network should not slow the exchange of its spikes."""
    nest.Connect(population, population, syn_spec={"delay": 0.8})
    multimeter = recording.record_traces(population, ["V_m"], delay=0.8)
    nest.Simulate(8.0)
    assert nest.min_delay == 0.8
    # Samples of the last 0.8 ms have not been delivered.
    assert recording.traces(multimeter).times[-1] == pytest.approx(7.2)
