# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings reach Neo whole, and Elephant measures on them what izhisyn.analysis does."""

import elephant.spectral
import elephant.statistics
import numpy as np
import pytest
from elephant.conversion import BinnedSpikeTrain
from elephant.spike_train_correlation import correlation_coefficient

from izhisyn import analysis, recording
from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.neo_export import to_neo
from izhisyn.recording import Spikes, Traces
from izhisyn.wiring import noise_current

DURATION = 2000.0  # [ms]


@pytest.fixture(scope="module")
def recorded(module_build):
    """Ten noisy neurons on two threads: node ids, spikes at their true times, and traces."""
    start_kernel(resolution=0.1, threads=2, seed=3)
    neurons = nest.Create("izhikevich_psc_multisyn_neuron", 10, params={"I_e": 4.0})
    noise_current(neurons, sigma=10.0, redraw_interval=0.1)
    spike_recorder = recording.record_spikes(neurons)
    multimeter = recording.record_traces(neurons, ["V_m", "U_m", "I_NMDA", "spike_offset"])
    simulate(DURATION)
    spikes = recording.exact_spikes(spike_recorder, multimeter)
    first = neurons[0].global_id
    return range(first, first + len(neurons)), spikes, recording.traces(multimeter)


@pytest.fixture(scope="module")
def segment(recorded):
    """Give the same in Neo."""
    neurons, spikes, traces = recorded
    (segment,) = to_neo(spikes, DURATION, neurons, traces).segments
    return segment


def test_spikes_are_all_there(recorded, segment):
    """Each neuron's, to the last bit, within the recording."""
    neurons, spikes, _ = recorded
    assert [train.annotations["sender"] for train in segment.spiketrains] == list(neurons)
    for neuron, train in zip(neurons, segment.spiketrains, strict=True):
        assert train.size > 10
        np.testing.assert_array_equal(train.rescale("ms").magnitude, spikes.times_of(neuron))
        assert (float(train.t_start), float(train.t_stop)) == (0.0, DURATION)


def test_traces_are_all_there_with_their_units(recorded, segment):
    """A channel for each neuron, sampled when NEST did."""
    _, _, traces = recorded
    signals = {signal.name: signal for signal in segment.analogsignals}
    units = {name: signal.units.dimensionality.string for name, signal in signals.items()}
    assert units == {"V_m": "mV", "U_m": "dimensionless", "I_NMDA": "pA", "spike_offset": "ms"}
    for name, signal in signals.items():
        np.testing.assert_array_equal(signal.magnitude.T, traces.values[name])
        np.testing.assert_array_equal(signal.array_annotations["senders"], traces.senders)
        # 20 000 steps of 0.1 ms, each rounded.
        np.testing.assert_allclose(signal.times.rescale("ms").magnitude, traces.times, rtol=1e-12)


def test_elephant_finds_the_same_interval_cv_and_rate(recorded, segment):
    """Neuron by neuron; both use the standard deviation of the population of intervals."""
    neurons, spikes, _ = recorded
    trains = segment.spiketrains
    theirs = [elephant.statistics.cv(elephant.statistics.isi(train)) for train in trains]
    ours = analysis.interval_cvs(spikes.times, spikes.senders, neurons)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    their_rates = [elephant.statistics.mean_firing_rate(train).rescale("Hz") for train in trains]
    our_rates = analysis.rates(spikes.senders, neurons, DURATION)
    np.testing.assert_allclose(our_rates, [float(rate) for rate in their_rates], rtol=1e-12)


def test_elephant_finds_the_same_correlation(recorded, segment):
    """Mean over the pairs of its matrix; true spike times do not lie on the edges of bins."""
    neurons, spikes, _ = recorded
    binned = BinnedSpikeTrain(segment.spiketrains, bin_size=5.0 * segment.spiketrains[0].units)
    matrix = correlation_coefficient(binned)
    theirs = matrix[np.triu_indices(len(neurons), k=1)].mean()
    ours = analysis.count_correlation(spikes.times, spikes.senders, neurons, 0.0, DURATION, 5.0)
    # Small beside 1, from which both are differences.
    assert ours == pytest.approx(theirs, abs=1e-12)
    assert abs(theirs) > 1e-6


def test_elephant_finds_the_same_spectrum(recorded, segment):
    """Welch's method on a membrane potential: Hann window, half overlap, no mean."""
    neurons, _, traces = recorded
    signal = next(signal for signal in segment.analogsignals if signal.name == "V_m")
    frequencies, theirs = elephant.spectral.welch_psd(
        signal, len_segment=5000, overlap=0.5, window="hann", detrend="constant"
    )
    our_frequencies, ours = analysis.power_spectrum(
        traces.values_of(neurons[3], "V_m"), width=0.1, segment=500.0
    )
    np.testing.assert_allclose(our_frequencies, frequencies.rescale("Hz").magnitude[1:], rtol=1e-9)
    np.testing.assert_allclose(ours, theirs.magnitude[3, 1:], rtol=1e-9)


def test_silent_neurons_have_empty_trains():
    """Only if they are asked for; others are left out."""
    spikes = Spikes(np.array([1.0, 2.0, 3.0]), np.array([4, 6, 9]))
    (segment,) = to_neo(spikes, 10.0, range(4, 7)).segments
    assert [train.magnitude.tolist() for train in segment.spiketrains] == [[1.0], [], [2.0]]
    (segment,) = to_neo(spikes, 10.0).segments
    assert [train.annotations["sender"] for train in segment.spiketrains] == [4, 6, 9]


def calcium(n_samples=3):
    """Trace of a variable that the neuron models do not have."""
    return Traces(0.5 * np.arange(1, n_samples + 1), np.array([7]), {"Ca": np.ones((1, n_samples))})


def test_units_can_be_named():
    """An astrocyte's calcium."""
    block = to_neo(NONE, 2.0, traces=calcium(), units={"Ca": "uM"})
    (signal,) = block.segments[0].analogsignals
    assert signal.units.dimensionality.string == "uM"
    assert float(signal.sampling_period.rescale("ms")) == pytest.approx(0.5)


NONE = Spikes(np.array([]), np.array([], dtype=int))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((Spikes(np.array([5.0]), np.array([1])), 4.0), "spike at 5 ms is outside of a recording"),
        ((NONE, 4.0, None, calcium()), "unit of 'Ca' is not known; name it"),
        ((NONE, 4.0, None, calcium(1)), "traces with 1 samples have no sampling interval"),
    ],
)
def test_what_neo_cannot_hold_is_told(arguments, sentence):
    """In one sentence with the value."""
    with pytest.raises(ParameterError, match=sentence):
        to_neo(*arguments)
