# SPDX-License-Identifier: GPL-2.0-or-later
"""The scaling of the network keeps what its state follows from."""

import numpy as np
import pytest

from izhisyn.network_design import NETWORK, NEURON_MODELS, NetworkSize, inputs_of


def moments(kind, in_degree, inputs):
    """Mean of the background and variance of all inputs of a kind, with their Poisson rates."""
    variance_of_network = in_degree * NETWORK[f"rate_{kind}"] * inputs.weight**2
    variance_of_network *= 1.0 + NETWORK["weight_variation"] ** 2
    background = inputs.background_rate * inputs.background_weight
    return background, variance_of_network + background * inputs.background_weight


@pytest.mark.parametrize("K", [200, 1000, 20000])
def test_scaling_keeps_mean_and_variance_of_the_inputs(K):
    """The theory that the module cites: what K inputs of rate r and weight w add up to."""
    model = NEURON_MODELS["cond"]
    size = NetworkSize(8 * K, 2 * K, round(0.8 * K), round(0.2 * K))
    inputs = inputs_of("E", size, model)
    # The mean of the network's inputs, K w, is that of the design.
    assert size.K_E * inputs["E"].weight == pytest.approx(800 * NETWORK["w_E"])
    assert size.K_I * inputs["I"].weight == pytest.approx(200 * NETWORK["w_I"])
    for kind, in_degree in (("E", size.K_E), ("I", size.K_I)):
        mean, variance = moments(kind, in_degree, inputs[kind])
        assert mean == pytest.approx(NETWORK[f"background_mean_{kind}"])
        assert variance == pytest.approx(NETWORK[f"total_variance_{kind}"])


def test_small_in_degrees_keep_at_least_the_mean():
    """20 inputs alone have more than the design's variance."""
    size = NetworkSize(800, 200, 16, 4)
    inputs = inputs_of("E", size, NEURON_MODELS["cond"])
    mean, variance = moments("I", 4, inputs["I"])
    assert mean == pytest.approx(NETWORK["background_mean_I"])
    assert variance > NETWORK["total_variance_I"]
    assert np.isfinite(inputs["I"].background_rate)


def test_currents_stand_for_conductances():
    """Weights and background in pA, the same rates."""
    size = NetworkSize(800, 200, 80, 20)
    cond, psc = (inputs_of("I", size, NEURON_MODELS[name]) for name in ("cond", "psc"))
    for kind, unit in (("E", 28.0), ("I", 5.0)):
        assert psc[kind].weight == pytest.approx(unit * cond[kind].weight)
        assert psc[kind].background_weight == pytest.approx(unit * cond[kind].background_weight)
        assert psc[kind].background_rate == cond[kind].background_rate
