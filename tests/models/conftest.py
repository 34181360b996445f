# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the model tests."""

import json
import subprocess
import sys

import pytest

from tests.conftest import BUILD_MODULE, ROOT
from tests.models.single_neuron import COND, COND_2007, PSC
from tests.models.varied_network import MODELS


@pytest.fixture(params=[PSC, COND], ids=["psc", "cond"])
def multisyn_model(request):
    """Name of each of the two Izhikevich (2003) models with receptors."""
    return request.param


@pytest.fixture(params=[PSC, COND, COND_2007], ids=["psc", "cond", "cond2007"])
def receptor_model(request):
    """Name of each model with receptors."""
    return request.param


@pytest.fixture(scope="session")
def stock_module(tmp_path_factory) -> str:
    """Compile our models with stock code; give the argument for ``nest.Install``."""
    folder = tmp_path_factory.mktemp("stock")
    command = [
        *(sys.executable, BUILD_MODULE, "--models", ROOT / "models"),
        *("--module-name", "izhisynstockmodule", "--stock-codegen"),
        *("--numeric-solver", "forward-Euler", "--install-dir", folder, "--json"),
    ]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert set(json.loads(result.stdout)["stock_neurons"]) == set(MODELS)
    return str(folder / "izhisynstockmodule")
