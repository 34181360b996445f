# SPDX-License-Identifier: GPL-2.0-or-later
"""The closed forms of the magnesium block and of plasticity."""

import math

import numpy as np

from izhisyn import synapses


def test_nmda_gate_is_that_of_the_forum_thread():
    """The post's 1 / (1 + exp(-v/16.13) / 3.57), worked out apart from here."""
    V_m = [-80, -70, -65, -60, -40, -20, 0, 20]
    published = [0.0244, 0.0445, 0.0597, 0.0796, 0.2302, 0.508, 0.781, 0.925]
    # Rounded to three digits.
    np.testing.assert_allclose(synapses.nmda_gate(V_m), published, rtol=2e-3)
    assert synapses.nmda_gate(-80.0, conc_Mg2=0.0) == 1.0


def test_tsodyks_markram_course_between_and_at_spikes():
    """Two spikes 50 ms apart, worked out by hand; a spike counts at its own time."""
    before, first, between, second = 9.9, 10.0, 40.0, 60.0
    u, x = synapses.tsodyks_markram(
        [first, second], U_0=0.6, tau_f=30.0, tau_d=50.0, times=[before, first, between, second]
    )
    # 0.6 and 0.4 after the first spike; a time constant of recovery later, at the second,
    # u = 0.6 e^(-5/3) + 0.6 (1 - 0.6 e^(-5/3)) and x = (1 - 0.6 / e) (1 - u).
    u_second = 0.6 + 0.4 * 0.6 * math.exp(-5 / 3)
    x_second = (1 - 0.6 / math.e) * (1 - u_second)
    np.testing.assert_allclose(u, [0.0, 0.6, 0.6 / math.e, u_second], rtol=1e-14)
    np.testing.assert_allclose(x, [1.0, 0.4, 1 - 0.6 * math.exp(-0.6), x_second], rtol=1e-14)


def test_tsodyks_markram_without_spikes_is_at_rest():
    """At any time."""
    u, x = synapses.tsodyks_markram([], U_0=0.6, tau_f=30.0, tau_d=50.0, times=[0.0, 1e6])
    assert (u.tolist(), x.tolist()) == ([0.0, 0.0], [1.0, 1.0])
