# SPDX-License-Identifier: GPL-2.0-or-later
"""Noise has the same effect at any resolution."""

import numpy as np
import pytest
from scipy.linalg import expm, solve_discrete_lyapunov

from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.recording import record_spikes, record_traces, traces
from izhisyn.wiring import noise_current, noise_settings

MODEL = "izhikevich_psc_multisyn_neuron"
RESOLUTIONS = (0.01, 0.1, 0.5)  # [ms]

# The neurons of the Brian2 thread: constant current [pA], rate of recovery [1/ms], sigma [pA].
EXCITATORY = {"I_e": 3.47, "a": 0.02, "d": 2.0}, 5.0
INHIBITORY = {"I_e": 3.85, "a": 0.1, "d": 2.0}, 2.0


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_power_is_that_of_the_redraws(module_build, resolution):
    """Variance times interval is sigma^2 times the redraw interval; one draw in each step."""
    start_kernel(resolution)
    settings = noise_settings(5.0, redraw_interval=0.01)
    assert settings["dt"] == resolution
    assert settings["std"] ** 2 * settings["dt"] == pytest.approx(0.25)


def test_redraws_of_the_step_itself_keep_their_sigma(module_build):
    """The thread's noise at the thread's step."""
    start_kernel(0.01)
    assert noise_settings(5.0)["std"] == 5.0


def test_each_neuron_has_its_own_noise_in_each_step(module_build):
    """Read the current back from forward Euler's steps: independent in time and across neurons."""
    start_kernel(resolution=0.1)
    neurons = nest.Create(MODEL, 2, params={"integrator": 1})
    noise_current(neurons, sigma=1.0, redraw_interval=0.1, delay=0.1)
    multimeter = record_traces(neurons, ["V_m", "U_m"])
    simulate(1000.0)
    V_m, U_m = (traces(multimeter).values[name] for name in ("V_m", "U_m"))
    V, U = V_m[:, :-1], U_m[:, :-1]
    current = np.diff(V_m) / 0.1 - (0.04 * V**2 + 5.0 * V + 140.0 - U)
    n = current.shape[1]
    # Of n independent normal numbers: standard errors of mean, deviation and correlation, by 4.
    np.testing.assert_allclose(current.mean(axis=1), 0.0, atol=4 / np.sqrt(n))
    np.testing.assert_allclose(current.std(axis=1), 1.0, atol=4 / np.sqrt(2 * n))
    assert abs(np.corrcoef(current)[0, 1]) < 4 / np.sqrt(n)
    assert abs(np.corrcoef(current[0, 1:], current[0, :-1])[0, 1]) < 4 / np.sqrt(n)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_variance_of_the_membrane_potential_follows_from_the_power(module_build, resolution):
    """Around rest the neuron is linear, and its stationary variance is known.

    With x = (V, U) - (-70, -14), x' = A x + (noise, 0). Noise held for a step h gives
    x -> E x + B noise with E = exp(A h), B = A^-1 (E - 1) (1, 0), whose covariance P solves
    P = E P E' + B B' sigma^2 redraw_interval / h.
    """
    start_kernel(resolution, seed=3)
    neurons = nest.Create(MODEL, 1000)
    noise_current(neurons, sigma=2.0)
    # The slow mode needs 1 / 0.027 ms to forget; it is a hundredth of the variance.
    multimeter = record_traces(neurons, ["V_m"], interval=20.0)
    simulate(300.0)
    V_m = traces(multimeter).values["V_m"][:, 4:]

    A = np.array([[-0.6, -1.0], [0.02 * 0.2, -0.02]])
    E = expm(A * resolution)
    B = np.linalg.solve(A, (E - np.eye(2)) @ [[1.0], [0.0]])
    variance = solve_discrete_lyapunov(E, B @ B.T * 2.0**2 * 0.01 / resolution)[0, 0]
    # 1000 x 11 samples, nearly independent; 4 standard errors.
    assert np.var(V_m) == pytest.approx(variance, rel=4 * np.sqrt(2 / V_m.size))
    # And the step itself hardly matters: 1 / (2 x 0.6) of the power at any resolution.
    assert variance == pytest.approx(0.04 / 1.2, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("neuron", [EXCITATORY, INHIBITORY], ids=["E", "I"])
def test_rates_are_the_same_at_any_resolution(module_build, neuron):
    """The thread's neurons, three seeds each, against the rate at the thread's own step.

    Had the noise kept its sigma instead of its power, 0.1 ms would give three times the spikes.
    """
    counts = {resolution: spike_counts(neuron, resolution) for resolution in RESOLUTIONS}
    error = np.sqrt(sum(np.var(count) / count.size for count in counts.values()))
    for resolution in RESOLUTIONS[1:]:
        assert counts[resolution].mean() == pytest.approx(counts[0.01].mean(), abs=4 * error)
    # The error must be small enough to tell.
    assert error < 0.03 * counts[0.01].mean()


def spike_counts(neuron, resolution):
    """Count the spikes of 3 x 200 neurons in their first second."""
    parameters, sigma = neuron
    counts = []
    for seed in (1, 2, 3):
        start_kernel(resolution, seed=seed)
        neurons = nest.Create(MODEL, 200, params=parameters)
        noise_current(neurons, sigma)
        recorder = record_spikes(neurons)
        simulate(1000.0)
        counts.append(np.bincount(recorder.events["senders"], minlength=201)[1:])
    return np.concatenate(counts)


@pytest.mark.parametrize(
    "values, named",
    [
        ({"sigma": -1.0}, r"sigma is -1.0; give"),
        ({"sigma": float("nan")}, r"sigma is nan; give"),
        ({"sigma": 1.0, "redraw_interval": 0.0}, r"redraw_interval is 0.0; give"),
        ({"sigma": 1.0, "redraw_interval": float("inf")}, r"redraw_interval is inf; give"),
    ],
)
def test_value_without_meaning_is_named(module_build, values, named):
    """The message has the value."""
    start_kernel()
    with pytest.raises(ParameterError, match=named):
        noise_settings(**values)
