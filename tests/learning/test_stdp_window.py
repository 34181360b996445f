# SPDX-License-Identifier: GPL-2.0-or-later
"""The figure of the documentation shows the rule."""

import numpy as np
import pytest

from benchmarks import stdp_window


@pytest.mark.parametrize("synapse", stdp_window.SYNAPSES)
def test_measured_window_is_the_rule(module_build, synapse):
    """To the rounding of a trace, a product of up to 600 factors; one point for each interval."""
    window = stdp_window.measure(synapse)
    np.testing.assert_allclose(window.changes, window.rule(window.intervals), rtol=1e-12)
    np.testing.assert_allclose(np.diff(window.intervals), 2.5, atol=1e-9)
    assert window.changes.max() > 0.09
    assert window.changes.min() < -0.1
