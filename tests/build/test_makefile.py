# SPDX-License-Identifier: GPL-2.0-or-later
"""`make` on a machine that lacks something says in one sentence what to install."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Copy what setting up needs into a folder with a space in its name."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder


def make(clone: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run make in a clone, without the flags of a make that runs these tests."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "CXX"))}
    return subprocess.run(
        [shutil.which("make"), *arguments],
        cwd=clone,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def error_of(result: subprocess.CompletedProcess) -> str:
    """Give the only line that a failed set-up writes besides make's own last one."""
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if not line.startswith("make: *** ")]
    return lines[-1]


def test_targets_are_listed(clone):
    """`make` alone tells what there is."""
    result = make(clone)
    targets = {line.split()[1] for line in result.stdout.splitlines()}
    assert {
        "figure2",
        "test",
        "test-slow",
        "test-nest-suite",
        "test-newest",
        "build",
        "wheel",
        "lint",
        "clean",
    } <= targets


def test_no_python(clone):
    """The sentence names the command that is missing and how to give another."""
    message = error_of(make(clone, "build", "PYTHON=python-nowhere"))
    assert "there is no python-nowhere; install Python 3.11" in message


def test_old_python(clone, tmp_path):
    """An interpreter that says it is too old, as any before 3.11 does."""
    python = tmp_path / "python3.8"
    python.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.8.1 && exit 0\nexit 1\n')
    python.chmod(0o755)
    message = error_of(make(clone, "build", f"PYTHON={python}"))
    assert "is Python 3.8.1, too old; install Python 3.11" in message


def test_no_compiler(clone, tmp_path):
    """Found out before anything is downloaded."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "touch", "tail", "sed"):
        (folder / name).symlink_to(shutil.which(name))
    message = error_of(make(clone, "build", f"PYTHON={sys.executable}", PATH=str(folder)))
    assert "there is no C++ compiler; install one (apt install g++)" in message
    assert not (clone / ".venv").exists()


def test_failed_download(clone):
    """Without an index pip fails at once, as it does after its retries without a network."""
    result = make(clone, "build", f"PYTHON={sys.executable}", PIP_NO_INDEX="1")
    assert "check the network and read .venv/pip.log" in error_of(result)
    assert not (clone / ".venv" / "ready").exists()
