# SPDX-License-Identifier: GPL-2.0-or-later
"""The independent program for networks that learn."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("spnet.cpp")


@pytest.fixture(scope="session")
def spnet(tmp_path_factory):
    """Compile the program as the published one was: without fused multiply-add."""
    program = tmp_path_factory.mktemp("spnet") / "spnet"
    compiler = os.environ.get("CXX") or shutil.which("g++") or "c++"
    flags = ["-std=c++20", "-O2", "-ffp-contract=off"]
    subprocess.run([compiler, *flags, "-o", program, SOURCE], check=True)
    return program
