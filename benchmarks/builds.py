# SPDX-License-Identifier: GPL-2.0-or-later
"""Compile what the benchmarks run: our models, NESTML's own route, and the plain C++ loop."""

import json
import os
import subprocess
import sys
from pathlib import Path

from izhisyn.errors import IzhisynError

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).resolve().parent / "peers"


class PeerError(IzhisynError):
    """A peer that could not be built or run."""


def own_module():
    """Build izhisyn's module if it is not up to date; return what ``nest.Install`` takes."""
    return _module([])


def ode_module(solver, cache):
    """Build the peer that leaves its equations to NESTML.

    Parameters
    ----------
    solver : str
        "rk45" or "forward-Euler".
    cache : pathlib.Path
        Folder that keeps the module.

    Returns
    -------
    str
        What ``nest.Install`` takes.
    """
    name = f"ode_{solver.replace('-', '_').lower()}_module"
    folder = cache.resolve() / "modules"
    arguments = ["--models", PEERS, "--module-name", name, "--numeric-solver", solver]
    return _module([*arguments, "--install-dir", folder])


def vector_loop(cache):
    """Compile the plain C++ loop; return the path of the program."""
    program = cache.resolve() / "vector_loop"
    program.parent.mkdir(parents=True, exist_ok=True)
    flags = ["-std=c++17", "-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512"]
    run([os.environ.get("CXX", "g++"), *flags, "-o", program, PEERS / "vector_loop.cpp"])
    return program


def run(command, text=None):
    """Run a program with a text to read, and return what it printed."""
    result = subprocess.run(
        [os.fspath(part) for part in command],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        last_words = (result.stderr.strip() or "it said nothing").splitlines()[-1]
        raise PeerError(f"{Path(command[0]).name} failed: {last_words}")
    return result.stdout


def _module(arguments):
    printed = run([sys.executable, ROOT / "build_module.py", "--json", *arguments])
    # The full path also works in a folder where NEST does not look by itself.
    return str(Path(json.loads(printed)["path"]).with_suffix(""))
