# SPDX-License-Identifier: GPL-2.0-or-later
"""The scripts of ``cluster/`` start what they say, with the numbers that they were given."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

NETWORK = ("--neurons", "200", "--indegree", "50", "--simtime", "50", "--presimtime", "50")
# Stands for Slurm's: leaves out the options and starts as many processes as the job has.
SRUN = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
exec mpirun -n "$SLURM_NTASKS" "$@"
"""


@pytest.fixture
def run_job(mpi_environment: dict, tmp_path: Path):
    """Run a script of ``cluster/``, and give what the network's JSON says."""

    def run(script: str, *arguments: str, **environment: str) -> dict:
        output = tmp_path / "results"
        result = subprocess.run(
            [ROOT / "cluster" / script, *arguments, *NETWORK, "--output", output],
            env={**mpi_environment, "PYTHON": sys.executable, **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert result.returncode == 0, result.stderr
        return json.loads((output / "population_network.json").read_text())

    return run


def assert_job(measured: dict, ranks: int, threads: int) -> None:
    """Check the split, and that spikes went to files."""
    assert (measured["num_processes"], measured["threads_per_process"]) == (ranks, threads)
    assert measured["parameters"]["total_vps"] == ranks * threads
    assert measured["parameters"]["spikes_to"] == "ascii"
    assert measured["parameters"]["N_E"] == 160, "options are passed on"


def test_mpirun(run_job) -> None:
    """Two processes of one thread; several may share a core on the machine of the test."""
    measured = run_job("mpirun.sh", "2", "1", MPIRUN_OPTIONS="--bind-to core:overload-allowed")
    assert_job(measured, ranks=2, threads=1)


def test_slurm(run_job, tmp_path: Path) -> None:
    """The variables of a job of one node with two sockets of two cores."""
    srun = tmp_path / "bin" / "srun"
    srun.parent.mkdir()
    srun.write_text(SRUN)
    srun.chmod(0o755)
    measured = run_job(
        "slurm.sh",
        PATH=f"{srun.parent}:{os.environ['PATH']}",
        SLURM_SUBMIT_DIR=str(ROOT),
        SLURM_JOB_ID="7",
        SLURM_NTASKS="2",
        SLURM_CPUS_PER_TASK="2",
    )
    assert_job(measured, ranks=2, threads=2)
