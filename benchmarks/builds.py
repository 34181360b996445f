# SPDX-License-Identifier: GPL-2.0-or-later
"""Compile what the benchmarks run: our models, pooled and not, NESTML's own route, a C++ loop."""

import json
import os
import subprocess
import sys
from pathlib import Path

from izhisyn.errors import IzhisynError

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).resolve().parent / "peers"
STOCK_MODELS = (
    "izhikevich_psc_multisyn_neuron",
    "izhikevich_cond_multisyn_neuron",
    "izhikevich_psc_delta_neuron",
)


class PeerError(IzhisynError):
    """A peer that could not be built or run."""


def own_module():
    """Build izhisyn's module if it is not up to date; return what ``nest.Install`` takes."""
    return _module([])


def stock_module(cache):
    """Build `STOCK_MODELS` with the nodes that NESTML generates, in place of pooled ones.

    Parameters
    ----------
    cache : pathlib.Path
        Folder that keeps the module.

    Returns
    -------
    str
        What ``nest.Install`` takes.
    """
    models = [ROOT / "models" / f"{name}.nestml" for name in STOCK_MODELS]
    return _stock(models, "izhisyn_stock_module", "forward-Euler", cache)


def ode_module(solver, cache):
    """Build the peer that leaves its equations to NESTML, and its nodes, too.

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
    return _stock([PEERS], f"ode_{solver.replace('-', '_').lower()}_module", solver, cache)


def library_module(models, cache):
    """Build a folder of models as users would, with forward Euler.

    Returns
    -------
    str
        What ``nest.Install`` takes.
    dict
        Name of each neuron that is not pooled to the reason.
    """
    arguments = ["--models", models, "--module-name", "librarymodule"]
    arguments += ["--numeric-solver", "forward-Euler", "--install-dir", cache.resolve() / "modules"]
    record = _record(arguments)
    return str(Path(record["path"]).with_suffix("")), record["stock_neurons"]


def stock_library_module(models, cache):
    """Build these models with NESTML's own nodes; return what ``nest.Install`` takes."""
    return _stock(models, "library_stock_module", "forward-Euler", cache)


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


def _stock(models, name, solver, cache):
    arguments = ["--models", *models, "--module-name", name, "--numeric-solver", solver]
    folder = cache.resolve() / "modules"
    return _module([*arguments, "--stock-codegen", "--install-dir", folder])


def _module(arguments):
    # The full path also works in a folder where NEST does not look by itself.
    return str(Path(_record(arguments)["path"]).with_suffix(""))


def _record(arguments):
    return json.loads(run([sys.executable, ROOT / "build_module.py", "--json", *arguments]))
