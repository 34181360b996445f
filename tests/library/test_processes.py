# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes of an MPI launcher know their place, and their errors are told once."""

import os
import subprocess
import sys
import textwrap
import time

import pytest

from izhisyn import processes

SCRIPT = """
    from izhisyn import command_line
    from izhisyn.errors import ParameterError

    def main():
        {statement}

    command_line.run_script(main)
"""


def start(statement, rank, root):
    """Start one of two processes as Open MPI's launcher does."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT).format(statement=statement)],
        env=os.environ | {"OMPI_COMM_WORLD_RANK": str(rank), "OMPI_COMM_WORLD_SIZE": "2"},
        cwd=root,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_process_of_no_launcher_is_the_first_and_only_one(monkeypatch):
    """Also in a Slurm batch script, which has a SLURM_PROCID but is no step."""
    for names in processes.LAUNCHERS:
        for name in names:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLURM_PROCID", "0")
    assert (processes.launched_rank(), processes.launched_size()) == (0, 1)


@pytest.mark.parametrize("rank_name, size_name", processes.LAUNCHERS)
def test_each_launcher_is_understood(monkeypatch, rank_name, size_name):
    """Rank 3 of 8."""
    for names in processes.LAUNCHERS:
        for name in names:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(rank_name, "3")
    monkeypatch.setenv(size_name, "8")
    assert (processes.launched_rank(), processes.launched_size()) == (3, 8)


def test_peak_memory_counts_what_was_held(fresh_python, pytestconfig):
    """100 MiB more after an array of 100 MiB was written, even if it is given back."""
    run = fresh_python(
        """
        from izhisyn.processes import peak_memory
        before = peak_memory()
        held = bytearray(100 * 2**20)
        del held
        print(peak_memory() - before)
        """,
        PYTHONPATH=str(pytestconfig.rootpath),
    )
    assert run.returncode == 0, run.stderr
    # Memory that the interpreter had free already can hide a little of it.
    assert 95.0 < float(run.stdout) < 110.0


@pytest.mark.parametrize(
    "statement, code, told",
    [
        ("raise ParameterError('0 neurons are too few')", 2, "error: 0 neurons are too few\n"),
        ("raise ZeroDivisionError('a mistake')", 1, "ZeroDivisionError: a mistake\n"),
        ("command_line.argument_parser('x', '').parse_args(['--threads=0'])", 2, "above 0\n"),
    ],
)
def test_an_error_of_all_processes_is_told_by_the_first(pytestconfig, statement, code, told):
    """The second process waits until the launcher has had the time to end it."""
    second = start(statement, 1, pytestconfig.rootpath)
    first = start(statement, 0, pytestconfig.rootpath)
    _, message = first.communicate()
    assert first.returncode == code
    assert message.endswith(told)
    assert second.poll() is None
    second.kill()
    assert second.communicate()[1] == ""


@pytest.mark.parametrize("use", ["kernel.start_kernel()", "kernel.nest.Create('parrot_neuron')"])
def test_a_launcher_without_mpi_in_nest_is_one_sentence(pytestconfig, use):
    """Before NEST, on import, would end every process with a message of its own."""
    statement = f"from izhisyn import kernel; {use}"
    second = start(statement, 1, pytestconfig.rootpath)
    first = start(statement, 0, pytestconfig.rootpath)
    message = first.communicate()[1]
    assert first.returncode == 2
    assert message.startswith("error: 2 processes were started, but this NEST was built without")
    assert len(message.splitlines()) == 1
    second.kill()
    assert second.communicate()[1] == ""


def test_an_error_of_one_process_is_told_by_it(pytestconfig):
    """When nothing has ended it for a while, nobody else has told it."""
    started = time.monotonic()
    second = start("raise ParameterError('the disk is full')", 1, pytestconfig.rootpath)
    _, message = second.communicate()
    assert second.returncode == 2
    assert message == "error: the disk is full\n"
    assert time.monotonic() - started > 4.0
