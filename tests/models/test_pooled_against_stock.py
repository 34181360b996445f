# SPDX-License-Identifier: GPL-2.0-or-later
"""Pooled nodes do what NESTML's own nodes do: the same network, with both."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.models.varied_network import ASTROCYTE, DELTA, MODELS, TUTORIAL

pytestmark = pytest.mark.slow

NETWORK = Path(__file__).with_name("varied_network.py")
WITHOUT_EXP = (DELTA, TUTORIAL, ASTROCYTE)  # in what is done at every step

# At each step the two exponential functions, 2 units in the last place apart, move V_m by
# 0.1 ms * I_NMDA * 4.4e-16 < 5e-14 mV (I_NMDA < 1000 pA). Until the next spike this grows as V'
# does, by 0.08 V + 5 per ms: a factor of 100 from rest to threshold, more for a neuron that lingers
# at its unstable equilibrium; 3e-10 mV were seen. An input that is lost is 1e-3 mV at least. The
# currents and step_dV are V_m times conductances or slopes, up to a few hundred.
TOLERANCE = {"V_m": 1e-8, "U_m": 1e-8, "spike_offset": 1e-8}
TOLERANCE_OF_PRODUCTS = 3e-6


@pytest.fixture(scope="module", params=[(1, 3.2), (2, 3.2), (1, 0.1)], ids=str)
def both(request, module_build, stock_module, tmp_path_factory):
    """Simulate with both, with some number of threads and min_delay [ms]; give all recordings."""
    threads, min_delay = request.param
    folder = tmp_path_factory.mktemp("both")
    assert module_build["stock_neurons"] == {}
    recordings = []
    for module in (module_build["module"], stock_module):
        file = folder / f"{Path(module).name}.npz"
        subprocess.run(
            [sys.executable, NETWORK, module, str(threads), str(min_delay), file],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
        )
        with np.load(file) as arrays:
            recordings.append(dict(arrays))
    return recordings


@pytest.mark.parametrize("model", MODELS)
def test_same_spikes_in_the_same_order(both, model):
    """As the recorder got them: the order within a slice is NEST's, node by node."""
    pooled, stock = both
    assert np.unique(pooled[f"{model}.spikes.senders"]).size > 15, "few spikes would prove little"
    for name in ("times", "senders"):
        key = f"{model}.spikes.{name}"
        np.testing.assert_array_equal(pooled[key], stock[key])


@pytest.mark.parametrize("model", MODELS)
def test_same_traces(both, model):
    """All recordables, at every step: identical unless they depend on an exponential function."""
    pooled, stock = both
    own = {key for key in pooled if key.startswith(f"{model}.")}
    assert own >= {key for key in stock if key.startswith(f"{model}.")}
    for key in own:
        name = key.removeprefix(f"{model}.").replace("step_U", "U_m").replace("step_V", "V_m")
        if model in WITHOUT_EXP or name.startswith(("g_", "drive_", "step_I", "times", "spikes.")):
            np.testing.assert_array_equal(pooled[key], stock[key], err_msg=key)
        else:
            atol = TOLERANCE.get(name, TOLERANCE_OF_PRODUCTS)
            np.testing.assert_allclose(pooled[key], stock[key], rtol=0, atol=atol, err_msg=key)
