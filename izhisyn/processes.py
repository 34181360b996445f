# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of the processes that an MPI launcher started this one is, and how much memory it takes.

NEST tells its MPI rank only if it was built with MPI and for the launcher's own library; the
launcher's environment variables are there in any case.
"""

import os
import resource
import sys
from pathlib import Path

# Rank and number of processes; Slurm's are those of a step, which only srun starts.
LAUNCHERS = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),  # Open MPI
    ("PMI_RANK", "PMI_SIZE"),  # MPICH, Intel MPI
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)


def launched_rank():
    """Rank of this process, 0 if no launcher started it."""
    return _launched()[0]


def launched_size():
    """Count the processes that the launcher started, 1 if none did."""
    return _launched()[1]


def peak_memory():
    """Give the largest memory this process has held [MiB]."""
    status = Path("/proc/self/status")
    if status.is_file():
        # getrusage also counts what the parent held before it started this program.
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


def _launched():
    for rank, size in LAUNCHERS:
        if rank in os.environ and size in os.environ:
            return int(os.environ[rank]), int(os.environ[size])
    return 0, 1
