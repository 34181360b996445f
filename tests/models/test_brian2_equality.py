# SPDX-License-Identifier: GPL-2.0-or-later
"""The Brian2 thread's E and I neuron, run in Brian2 and replayed in NEST, step for step."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from izhisyn import recording
from izhisyn.wiring import syn_spec
from tests.models.single_neuron import PSC

BRIAN2_POST = Path(__file__).with_name("brian2_post.py")
STEP = 0.01  # [ms]
MODELS = {
    "as_posted": ("izhikevich_as_posted_neuron", {}),
    "corrected": (PSC, {"integrator": 1}),
}


@dataclass(frozen=True)
class Replay:
    """What both programs computed for the E and the I neuron, in that order.

    Attributes
    ----------
    V_m, V_m_brian2 : numpy.ndarray, shape (2, n_steps - 1)
        Membrane potential at the end of each step but the last [mV].
    spike_steps, spike_steps_brian2 : list of numpy.ndarray
        Steps in which each neuron spikes.
    first_input : int
        Step in which the first input spike is sent.
    """

    V_m: np.ndarray
    V_m_brian2: np.ndarray
    spike_steps: list
    spike_steps_brian2: list
    first_input: int

    @property
    def difference(self):
        """Distance of the two membrane potentials [mV], shape (2, n_steps - 1)."""
        return np.abs(self.V_m - self.V_m_brian2)


@pytest.fixture
def replay(nest_kernel, tmp_path):
    """Run the post in Brian2 and its input in NEST: ``replay("corrected", "exact")``."""

    def run(arithmetic, decay):
        path = tmp_path / "brian2.npz"
        command = [sys.executable, BRIAN2_POST, arithmetic, decay, path]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stderr
        with np.load(path) as archive:
            recorded = dict(archive)
        V_m, spike_steps = in_nest(nest_kernel(resolution=STEP), *MODELS[arithmetic], recorded)
        return Replay(
            V_m=V_m[:, :-1],
            # Brian2 records at the start of a step, NEST at its end.
            V_m_brian2=recorded["V_m"][:, 1:],
            spike_steps=spike_steps,
            spike_steps_brian2=[recorded["E_steps"], recorded["I_steps"]],
            first_input=recorded["input_steps"][0],
        )

    return run


def in_nest(nest, model, parameters, recorded):
    """Give V_m at the end of each step, shape (2, n_steps), and the spike steps of each neuron."""
    n_steps = recorded["noise"].shape[1]
    neurons = nest.Create(
        model,
        2,
        params=parameters
        | {"c": -65.0, "d": 2.0, "I_peak_AMPA": 0.05, "I_peak_NMDA": 0.075, "I_peak_GABA_A": 0.33},
    )
    neurons.set({"a": [0.02, 0.1], "I_e": [3.47, 3.85]})

    # Brian2 adds a spike of step k to the state at the end of that step, where NEST delivers a
    # spike sent at the step's start with the delay of one step.
    source = nest.Create(
        "spike_generator", params={"spike_times": time_of(recorded["input_steps"])}
    )
    for neuron, receptor in zip(neurons, ("AMPA_NMDA", "GABA_A"), strict=True):
        nest.Connect(source, neuron, syn_spec=syn_spec(receptor, delay=STEP, model=model))
    # An amplitude set for one step before holds during the step.
    reached = np.arange(2, n_steps)
    for neuron, noise in zip(neurons, recorded["noise"], strict=True):
        assert not noise[:2].any()
        generator = nest.Create(
            "step_current_generator",
            params={"amplitude_times": time_of(reached - 1), "amplitude_values": noise[reached]},
        )
        nest.Connect(generator, neuron, syn_spec={"delay": STEP})

    multimeter = recording.record_traces(neurons, ["V_m"])
    recorder = recording.record_spikes(neurons)
    nest.Simulate(n_steps * STEP + STEP)  # NEST hands out the last step's sample one step later
    spikes = recording.spikes(recorder)
    # NEST dates a spike by the end of its step, Brian2 by the start.
    spike_steps = [
        np.rint(spikes.times_of(node) / STEP).astype(int) - 1 for node in neurons.tolist()
    ]
    return recording.traces(multimeter).values["V_m"][:, :n_steps], spike_steps


def time_of(steps):
    """Start of steps [ms], free of the rounding that NEST refuses."""
    return np.round(steps * STEP, 6)


pytestmark = pytest.mark.slow  # Brian2 compiles, 12 s each


@pytest.mark.parametrize("arithmetic", ["corrected", "as_posted"])
def test_membrane_potential_and_spikes_equal_brian2s(replay, arithmetic):
    """With synapses that decay exactly in both programs, over the whole second.

    Both do the same operations in another order: rounding errors of 1e-13 mV grow by the upstroke
    of a spike, where V_m' rises from below 1 to more than 300 mV/ms, up to some 1e-8 mV when the
    noise holds V_m near the threshold of the upstroke for long.
    """
    both = replay(arithmetic, "exact")
    for ours, brian2s in zip(both.spike_steps, both.spike_steps_brian2, strict=True):
        assert brian2s.size >= 3, "too few spikes to compare"
        np.testing.assert_array_equal(ours, brian2s)
    assert both.difference.max() < 1e-6


def test_brian2s_euler_decay_of_the_synapses_is_what_differs(replay):
    """Euler's factor 1 - h/tau decays faster than exp(-h/tau), in the exponent by h / (2 tau).

    After a spike, an exponential of amplitude f is off by f (t / tau) h / (2 tau) exp(-t/tau), at
    most f h / (2 e tau). For the I neuron's rise that is 0.33 x 1.61 x 0.01 / (2 e x 1) = 1e-3 pA,
    for a few ms, and V_m follows by some 1e-3 mV: far above rounding, far below a spike.
    """
    both = replay("corrected", "euler")
    assert both.difference[:, : both.first_input + 1].max() < 1e-6
    response = slice(both.first_input, both.first_input + round(10.0 / STEP))
    assert 5e-4 < both.difference[1, response].max() < 5e-3
