# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of the processes of an MPI launcher this one is, how it ends, and how much memory it takes.

NEST gives its MPI rank only if it was built with MPI and for the launcher's own library; the
launcher's environment variables are there in any case.
"""

import contextlib
import os
import resource
import signal
import sys
import time
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


def fail(message, code):
    """Print a message and end; of several processes that fail with the same one, one prints it.

    Parameters
    ----------
    message : str
        What to print on standard error.
    code : int
        Exit code.
    """
    _await_first_process()
    print(message.rstrip(), file=sys.stderr)
    if launched_size() == 1:
        sys.exit(code)
    # A regular exit would wait in MPI for processes that may be waiting for this one.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


INTERRUPTED = "error: interrupted; nothing more is written"
_before_end = []


def end_at_once_on_interrupt():
    """Let Ctrl-C end the process in one sentence, from its imports on.

    An exception would get lost where a library catches all of them: NumPy turns one that is raised
    during its import into its own, and drops one that is raised while it looks for a method.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end_at_once)


def clean_up_on_interrupt(function):
    """Call a function, without arguments, before `end_at_once_on_interrupt` ends the process.

    Parameters
    ----------
    function : callable
        It runs at any point of the program. Registered twice, it is called once.
    """
    if function not in _before_end:
        _before_end.append(function)


def _end_at_once(number, frame):
    signal.signal(number, signal.SIG_DFL)
    try:
        for function in _before_end:
            function()
        _await_first_process()
        os.write(2, f"{INTERRUPTED}\n".encode())
        with contextlib.suppress(RuntimeError):  # the program was about to write there
            sys.stdout.flush()
    finally:
        os._exit(128 + number)


def _await_first_process():
    """Give the first process time to print the same and end, whereupon the launcher ends this."""
    if launched_rank() > 0:
        time.sleep(5.0)


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
