# SPDX-License-Identifier: GPL-2.0-or-later
"""White noise means the same at any time step, and the same as in Brian2."""

import numpy as np
import pytest

TAU, SIGMA, N = 10.0, 3.0, 4000  # [ms], [mV], neurons


@pytest.mark.slow
@pytest.mark.parametrize("dt", [0.1, 0.5])
def test_variance_and_correlation_of_two_noises(dt, noise_module):
    """An Ornstein-Uhlenbeck process has its stationary variance and shares a common noise.

    dv = -v/tau dt + sigma sqrt(2/tau) dW has variance sigma^2; forward Euler gives
    sigma^2 / (1 - dt / (2 tau)). In w the noises of v and one more add up with half the power
    each, so that the correlation of v and w is sqrt(1/2). The process z draws one uniform number
    a step.
    """
    import nest

    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.resolution = dt
    nest.rng_seed = 7
    nest.Install(noise_module)
    neurons = nest.Create("noise_neuron", N)
    nest.Simulate(6 * TAU)  # initial zero forgotten to exp(-12) of the variance
    v, w, z = (np.array(neurons.get(name)) for name in ("v", "w", "z"))
    variance = SIGMA**2 / (1 - dt / (2 * TAU))
    four_errors = 4 * np.sqrt(2 / N)  # relative error of a variance, four standard deviations
    assert v.var() == pytest.approx(variance, rel=four_errors)
    assert w.var() == pytest.approx(variance, rel=four_errors)
    assert np.corrcoef(v, w)[0, 1] == pytest.approx(np.sqrt(0.5), abs=4 * 0.5 / np.sqrt(N))
    assert z.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * N))
    assert z.var() == pytest.approx(1 / 12, rel=four_errors)
