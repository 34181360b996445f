# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the tests under mpirun; pytest itself stays a single process without MPI."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.conftest import ROOT

# For Open MPI, which counts cores, binds processes to them and distrusts root; others ignore it.
# Threads and processes that wait should leave the core to those they wait for: with more of them
# than free cores, a run of seconds takes minutes otherwise.
LAUNCHER_SETTINGS = {
    "OMP_WAIT_POLICY": "passive",
    "OMPI_MCA_mpi_yield_when_idle": "1",
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
}


@pytest.fixture(scope="session")
def mpi_environment(module_build: dict) -> dict:
    """Environment for a launcher; skips the tests if NEST has no MPI, as the wheel from PyPI."""
    script = 'import nest, sys; sys.exit(not nest.build_info["have_mpi"])'
    if subprocess.run([sys.executable, "-c", script], capture_output=True).returncode != 0:
        pytest.skip("this NEST has no MPI; make test-mpi runs these tests")
    return {**os.environ, **LAUNCHER_SETTINGS, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def run_ranks(mpi_environment: dict) -> Callable[..., subprocess.CompletedProcess]:
    """Run ``python ARGUMENTS`` in the clone, on this many ranks, or without a launcher on none."""
    mpirun = shutil.which("mpirun")

    def run(ranks: int, *arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [
                *([mpirun, "-n", str(ranks)] if ranks else []),
                sys.executable,
                *map(str, arguments),
            ],
            env=mpi_environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,  # processes that wait for each other would do so forever
        )

    return run
