# SPDX-License-Identifier: GPL-2.0-or-later
"""Tell which NEST, NESTML, compiler and module are in use, and whether they fit.

The last line is the verdict: the first thing that does not fit and what to do about it, if there is
one. The exit code is 0 if everything fits and 1 otherwise.
"""

import argparse
import importlib.metadata
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path

import build_module
from build_module import BuildError
from izhisyn import command_line
from pynest_scripts.commands import project

# In a process of its own: what NEST prints, and how it fails, stays there.
ASK_NEST = f"""
import json, nest
build = nest.build_info
print({build_module.PROOF_MARK!r} + json.dumps([build["have_threads"], build["have_mpi"]]))
"""


def main(arguments=None):
    """Print what is there, a line for each part, and the verdict.

    Returns
    -------
    int
        Exit code: 0 if everything fits, 1 otherwise.
    """
    parse_arguments(arguments)
    verdict = "everything fits"
    misfits = 0
    for part, look in parts():
        try:
            state = look()
        except BuildError as error:
            state = str(error)
            verdict = verdict if misfits else f"{part} does not fit: {error}"
            misfits += 1
        tell(part, state)
    tell("verdict", verdict)
    return 1 if misfits else 0


def parse_arguments(arguments=None):
    """Parse the command line."""
    return argparse.ArgumentParser(
        prog=command_line.program("pynest_scripts info"),
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args(arguments)


def parts():
    """List what is looked at.

    Yields
    ------
    name : str
    look : callable
        Describes the part, or raises `BuildError` with what does not fit and what to do.
    """
    yield "izhisyn", lambda: f"{project.version()}, {build_module.SOURCES}"
    yield "Python", lambda: f"{platform.python_version()}, {sys.executable}"
    yield "NEST", find_nest
    yield "NESTML", find_nestml
    yield "compiler", lambda: program(build_module.find_compiler(build_module.find_nest(None)))
    for tool in ("cmake", "make"):
        yield tool, lambda tool=tool: program(build_module.find_tool(tool, tool))
    yield "module", find_module


def tell(part, state):
    """Print a line as soon as it is known."""
    print(f"{part:<10}{state}", flush=True)


def find_nest():
    """Start NEST in this environment; another version than the tested one is no fault."""
    nest = build_module.find_nest(None)
    result = build_module.run([sys.executable, "-c", ASK_NEST], check=False)
    if result.returncode != 0:
        reason = build_module.last_words(result)
        raise BuildError(f"NEST in {nest.kernel.parent} does not start ({reason}); reinstall it")
    abilities = dict(zip(("OpenMP", "MPI"), build_module.marked_line(result), strict=True))
    built = ", ".join(f"{name} {'yes' if has else 'no'}" for name, has in abilities.items())
    tested = project.pins()["nest-simulator"]
    note = "" if nest.version == tested else f" (izhisyn is tested with {tested})"
    return f"{nest.version}{note}, {built}, {nest.kernel.parent}"


def find_nestml():
    """Find NESTML; the templates laid over its own belong to one version."""
    folder = build_module.nestml_folder()
    version, wanted = importlib.metadata.version("nestml"), project.pins()["nestml"]
    if version != wanted:
        raise BuildError(
            f"izhisyn needs NESTML {wanted}, not {version}; pip install nestml=={wanted}"
        )
    return f"{version}, {folder}"


def program(path):
    """Ask a program for its version."""
    version = build_module.run([path, "--version"]).stdout.splitlines()[0]
    return f"{version}, {path}"


def find_module():
    """Load the module as a simulation would, and compare it with the models that are here."""
    nest = build_module.find_nest(None)
    request = build_module.read_request(build_module.parse_arguments([]))
    target = build_module.target_folder(request, nest) / f"{request.module}.so"
    try:
        loaded = build_module.load(request.module, dict(os.environ))
    except BuildError as error:
        if target.is_file():
            raise BuildError(f"{error}; run izhisyn build --force") from error
        raise BuildError(
            f"there is no {target}; run izhisyn build, or set LD_LIBRARY_PATH to the folder that "
            "you gave to --install-dir"
        ) from error
    [path] = map(Path, loaded["loaded"])
    if not is_up_to_date(path, request, nest):
        elsewhere = "" if path == target else f" --install-dir {path.parent}"
        raise BuildError(
            f"{path} was not built from the models, NEST, NESTML and processor that are here; "
            f"run izhisyn build{elsewhere}"
        )
    return f"{len(loaded['models'])} models, up to date, {path}"


def is_up_to_date(module, request, nest):
    """Tell whether a module is what ``build`` would make with the ``--march`` it was made with."""
    record = build_module.record_file(module)
    if record.is_file():
        flags = build_module.read_json(record)["flags"]
        processors = [flag.partition("=")[2] for flag in flags if flag.startswith("-march=")]
        request = replace(request, march=processors[0] if processors else "none")
    return build_module.read_record(module, build_module.content_hash(request, nest)) is not None


if __name__ == "__main__":
    command_line.run_script(lambda: sys.exit(main()))
