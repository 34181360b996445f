# SPDX-License-Identifier: GPL-2.0-or-later
"""The independent programs for networks that learn."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def compiled(name, folder):
    """Compile a program as the published ones were: without fused multiply-add."""
    program = folder / name
    compiler = os.environ.get("CXX") or shutil.which("g++") or "c++"
    flags = ["-std=c++20", "-O2", "-ffp-contract=off"]
    source = (FOLDER / name).with_suffix(".cpp")
    subprocess.run([compiler, *flags, "-o", program, source], check=True)
    return program


@pytest.fixture(scope="session")
def spnet(tmp_path_factory):
    """Give the program of the network of 2006."""
    return compiled("spnet", tmp_path_factory.mktemp("spnet"))


@pytest.fixture(scope="session")
def daspnet(tmp_path_factory):
    """Give the program of the network of 2007."""
    return compiled("daspnet", tmp_path_factory.mktemp("daspnet"))
