# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated models, compiled once for all tests that simulate them."""

import subprocess
import sys
from pathlib import Path

import pytest
from brian2 import ms, mV

from izhisyn.brian2_import import synapse_to_nestml, to_nestml
from tests.brian2_import.cases import (
    AMPA_NMDA_GABA,
    CASES,
    OTHER_CASES,
    QUADRATIC,
    SHORT_TERM_PLASTICITY,
)
from tests.brian2_import.random_models import random_case

BUILD_MODULE = Path(__file__).resolve().parents[2] / "build_module.py"


def compile_models(folder: Path, texts: dict[str, str], module: str) -> str:
    """Compile NESTML sources by name; give the argument for ``nest.Install``."""
    for name, text in texts.items():
        (folder / f"{name}.nestml").write_text(text)
    command = [
        *(sys.executable, BUILD_MODULE, "--models", folder, "--module-name", module),
        *("--install-dir", folder / "installed", "--numeric-solver", "forward-Euler"),
        "--json",
    ]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return str(folder / "installed" / module)


@pytest.fixture(scope="session")
def threads_module(tmp_path_factory) -> str:
    """Compile the models of the threads and those that cover the constructs."""
    texts = {
        f"{name}_neuron": to_nestml(**case.model, name=f"{name}_neuron")
        for name, case in CASES.items()
    }
    texts["stp_synapse"] = synapse_to_nestml(**SHORT_TERM_PLASTICITY, name="stp_synapse")
    texts["quadratic_neuron"] = to_nestml(**QUADRATIC, name="quadratic_neuron")
    return compile_models(tmp_path_factory.mktemp("threads"), texts, "threadsmodule")


@pytest.fixture(scope="session")
def examples_module(tmp_path_factory) -> str:
    """Compile the models of Brian2's public examples."""
    texts = {
        f"{name}_neuron": to_nestml(**case.model, name=f"{name}_neuron")
        for name, case in OTHER_CASES.items()
    }
    driven = to_nestml(**AMPA_NMDA_GABA.model, integrator="exact", name="driven_neuron")
    texts["driven_neuron"] = driven
    return compile_models(tmp_path_factory.mktemp("examples"), texts, "examplesmodule")


@pytest.fixture(scope="session")
def random_module(tmp_path_factory) -> str:
    """Compile random systems of equations."""
    texts = {
        f"random_{seed}_neuron": to_nestml(**random_case(seed).model, name=f"random_{seed}_neuron")
        for seed in range(6)
    }
    return compile_models(tmp_path_factory.mktemp("random"), texts, "randommodule")


@pytest.fixture(scope="session")
def noise_module(tmp_path_factory) -> str:
    """Compile two Ornstein-Uhlenbeck processes that share a noise."""
    equations = """
    dv/dt = -v/tau + sigma*sqrt(2/tau)*xi_v : volt
    dw/dt = -w/tau + sigma/tau**.5*(xi_v + xi_w) : volt
    z = rand() : 1 (constant over dt)
    """
    namespace = {"tau": 10 * ms, "sigma": 3 * mV}
    text = to_nestml(equations, method="euler", namespace=namespace, name="noise_neuron")
    return compile_models(tmp_path_factory.mktemp("noise"), {"noise_neuron": text}, "noisemodule")
