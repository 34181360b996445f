# SPDX-License-Identifier: GPL-2.0-or-later
"""No access outside an object and no undefined behaviour, as the compiler's sanitizers see it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import build_module
from tests.conftest import ROOT
from tests.models.varied_network import MODELS

pytestmark = pytest.mark.slow

RUN = Path(__file__).with_name("sanitized_run.py")
LATE_NETWORK = Path(__file__).with_name("late_network.py")
RUNTIMES = ("libasan.so", "libubsan.so")


def runtimes() -> list[str]:
    """Find the sanitizers' libraries of the compiler that builds the module."""
    compiler = build_module.find_compiler(build_module.find_nest(None))
    libraries = []
    for name in RUNTIMES:
        asked = [compiler, f"-print-file-name={name}"]
        path = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        if not Path(path).is_absolute():  # the name itself, if the compiler has no such file
            pytest.skip(f"{compiler} has no {name}")
        libraries.append(str(Path(path).resolve()))
    return libraries


def sanitized_module(folder: Path, models: tuple[str, ...]) -> Path:
    """Compile models with the sanitizers, by the steps of build_module.py up to installing.

    Nothing is linked with the sanitizers: like OpenMP, their libraries are in the process before.
    """
    nest = build_module.find_nest(None)
    request = build_module.Request(
        models=tuple(ROOT / "models" / f"{model}.nestml" for model in models),
        module=build_module.OWN_MODULE,  # under this name alone the pooled synapses are registered
        march="native",
        numeric_solver="forward-Euler",
    )
    built = build_module.build(request, nest, folder)
    assert built.stock_neurons == {}
    return built.module


@pytest.fixture(scope="module")
def module(tmp_path_factory) -> Path:
    """Compile all models with the sanitizers."""
    runtimes()
    flags = ("-O1", "-g1", "-fsanitize=address,undefined", "-fno-sanitize=vptr")
    # Without vptr, which would want the type information of NEST's own classes. A report ends the
    # process, so that it cannot go unnoticed.
    flags += ("-fno-sanitize-recover=all", "-fno-omit-frame-pointer")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_module, "OPTIMISATION", (*build_module.OPTIMISATION, *flags))
        return sanitized_module(tmp_path_factory.mktemp("sanitized"), MODELS)


def run_sanitized(script: Path, module: Path, *arguments: object) -> subprocess.CompletedProcess:
    """Run a script with the sanitizers' libraries; the interpreter itself is as ever."""
    return subprocess.run(
        [sys.executable, script, module.with_suffix(""), *map(str, arguments)],
        env={
            **os.environ,
            "LD_PRELOAD": ":".join(runtimes()),
            "ASAN_OPTIONS": "detect_leaks=0",  # Python leaves much behind
            "UBSAN_OPTIONS": "print_stacktrace=1",
            "PYTHONPATH": str(ROOT),
            "OMP_WAIT_POLICY": "passive",
        },
        capture_output=True,
        text=True,
    )


def test_no_reports(module):
    """Every model and what connects them, in all the ways of `sanitized_run`."""
    result = run_sanitized(RUN, module, *MODELS)
    assert result.returncode == 0, result.stderr[-5000:]
    assert result.stdout.splitlines()[-1] == "done"
    assert "runtime error" not in result.stderr


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("synapse", ["static_synapse", "static_synapse_pooled"])
def test_no_reports_of_a_network_that_changes(module, tmp_path, synapse, n_threads):
    """First connections, new nodes and removed connections while input is on its way."""
    result = run_sanitized(LATE_NETWORK, module, synapse, n_threads, tmp_path)
    assert result.returncode == 0, result.stderr[-5000:]
    assert "runtime error" not in result.stderr
    ways = {"Simulate", "Run", *(["grown"] if n_threads == 1 else [])}
    assert {file.name.split(".")[0] for file in tmp_path.glob("*.npz")} == ways
