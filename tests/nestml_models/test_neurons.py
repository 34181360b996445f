# SPDX-License-Identifier: GPL-2.0-or-later
"""Every neuron of NESTML's model library is pooled, and does what stock code does, or says why not.

The library lies where NESTML's wheel installs it: below the prefix of the environment.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import BUILD_MODULE

pytestmark = pytest.mark.slow

LIBRARY = Path(sys.prefix) / "models" / "neurons"
NETWORK = Path(__file__).with_name("network.py")
ONE_SIGN = "has spike ports for weights of one sign"
# What keeps a model out of a pool, by a piece of the reason. Ports for excitatory and inhibitory
# spikes share a receptor, and the sign of the weight chooses between them.
REASONS = {
    **dict.fromkeys((file.stem for file in LIBRARY.glob("*.nestml")), ONE_SIGN),
    "iaf_psc_delta_neuron": None,
    "iaf_psc_delta_fixed_timestep_neuron": "has an onReceive block",
    "izhikevich_neuron": None,
    "ignore_and_fire_neuron": "emits spikes outside onCondition",
    "hill_tononi_neuron": None,
    "traub_cond_multisyn_neuron": None,
    "wb_cond_multisyn_neuron": None,
}


def build(folder: Path, name: str, solver: str, files: list[Path], *arguments: str) -> dict:
    """Compile models into a module, and give its record."""
    command = [sys.executable, BUILD_MODULE, "--models", *files, "--module-name", name, "--json"]
    command += ["--numeric-solver", solver, "--install-dir", folder, *arguments]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if "needs GSL's headers" in result.stderr:
        pytest.skip("needs GSL's headers (libgsl-dev)")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module", params=["forward-Euler", "rk45"])
def modules(request, tmp_path_factory):
    """Compile the library, and what is pooled of it with stock code, too; give both and the solver.

    What is not pooled is the same code in both.
    """
    folder = tmp_path_factory.mktemp("library")
    files = sorted(LIBRARY.glob("*.nestml"))
    pooled = build(folder, "librarymodule", request.param, files)
    those = [file for file in files if file.stem not in pooled["stock_neurons"]]
    stock = build(folder, "stockmodule", request.param, those, "--stock-codegen")
    assert set(stock["stock_neurons"]) == {file.stem for file in those}
    return request.param, pooled, stock


def test_all_build_and_the_reasons_are_these(modules):
    """No model is left out, and none costs another one the module."""
    solver, pooled, _ = modules
    assert len(REASONS) == 30
    assert set(pooled["models"]) == set(REASONS)
    for model, reason in REASONS.items():
        found = pooled["stock_neurons"].get(model)
        if solver == "rk45" and found == "is solved by rk45":
            continue
        assert (found is None) == (reason is None), f"{model} {found}"
        assert reason is None or reason in found, f"{model} {found}"


def simulate(record: dict, n: int, threads: int, file: Path, models: list[str]) -> dict:
    """Run the network in a fresh process, and give what it has recorded, by model."""
    module = str(Path(record["path"]).with_suffix(""))
    command = [sys.executable, NETWORK, module, n, threads, file, *models]
    environment = {**os.environ, "PYNEST_QUIET": "1"}
    subprocess.run(list(map(str, command)), env=environment, check=True)
    recorded = defaultdict(dict)
    with np.load(file) as arrays:
        for name in arrays.files:
            model, _, rest = name.partition("/")
            recorded[model][rest] = arrays[name]
    return recorded


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("n", [1, 33, 70])
def test_pooled_neurons_do_what_stock_code_does(modules, tmp_path, n, threads):
    """The same spikes, and traces to 1e-9 of their size; pools hold 32 neurons a block."""
    _, pooled, stock = modules
    models = sorted(set(stock["stock_neurons"]))
    ours = simulate(pooled, n, threads, tmp_path / "pooled.npz", models)
    theirs = simulate(stock, n, threads, tmp_path / "stock.npz", models)
    for model in models:
        for name, expected in theirs[model].items():
            found = ours[model][name]
            if name.startswith("spikes/"):
                np.testing.assert_array_equal(found, expected, f"{model} {name}")
            else:
                size = np.abs(expected).max() + 1e-30
                np.testing.assert_allclose(
                    found / size, expected / size, rtol=0, atol=1e-9, err_msg=f"{model} {name}"
                )
        assert np.ptp(theirs[model]["traces/senders"]) == n - 1
    # Equal for want of input would prove nothing.
    assert all(len(theirs[model]["spikes/times"]) for model in models) or n == 1
