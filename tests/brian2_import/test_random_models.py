# SPDX-License-Identifier: GPL-2.0-or-later
"""Random systems of equations give the same in both simulators."""

import numpy as np
import pytest

from tests.brian2_import.random_models import random_case
from tests.brian2_import.simulators import run_brian2, run_nest

SEEDS = range(6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_random_system_gives_the_same(seed, random_module):
    """All state variables and subexpressions, step for step.

    The values stay below 1e3, and nothing in these systems is unstable for long, so that rounding
    at 1e-16 stays below 1e-9. A comparison or a floor that rounding decides would show as a jump
    of order one; with random real numbers that does not happen.
    """
    case = random_case(seed)
    expected, expected_spikes = run_brian2(case)
    traces, spikes = run_nest(case, f"random_{seed}_neuron", random_module)
    np.testing.assert_array_equal(spikes, expected_spikes)
    for name in case.record:
        np.testing.assert_allclose(traces[name], expected[name], rtol=1e-9, atol=1e-9)
