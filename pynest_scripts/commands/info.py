# SPDX-License-Identifier: GPL-2.0-or-later
"""Show which NEST, NESTML, compiler and module are in use, and whether they fit.

The last line is the verdict. The exit code is 0 if NEST loads the module of these models, and 1
otherwise. What building needs may be missing as long as the module fits.
"""

import argparse
import importlib.metadata
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path

from izhisyn import __version__, command_line

from . import build_module, project

BuildError = build_module.BuildError

# In a process of its own: what NEST prints, and how it fails, stays there.
ASK_NEST = f"""
import json, nest
build = nest.build_info
print({build_module.PROOF_MARK!r} + json.dumps([build["have_threads"], build["have_mpi"]]))
"""
ONLY_FOR_BUILDING = ("NESTML", "compiler")


def main(arguments=None):
    """Print what is there, a line for each part, and the verdict.

    Returns
    -------
    int
        Exit code: 0 if NEST and the module fit, 1 otherwise.
    """
    parse_arguments(arguments)
    misfits = []
    for part, look in parts():
        try:
            state = look()
        except BuildError as error:
            state = str(error)
            misfits.append(part)
        print(f"{part:<10}{state}", flush=True)
    text, code = verdict(misfits)
    print(f"{'verdict':<10}{text}")
    return code


def parse_arguments(arguments=None):
    """Parse the command line."""
    return argparse.ArgumentParser(
        prog=command_line.program("pynest_scripts info"),
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args(arguments)


def verdict(misfits):
    """Conclude from the parts that do not fit.

    Parameters
    ----------
    misfits : list of str
        Names of parts.

    Returns
    -------
    str, int
        The verdict, and the exit code.
    """
    if not misfits:
        return "everything fits", 0
    names = ", ".join(misfits)
    if set(misfits) <= set(ONLY_FOR_BUILDING):
        return f"the module fits; building needs {names}, see above", 0
    return f"{names} {'does' if len(misfits) == 1 else 'do'} not fit, see above", 1


def parts():
    """List what is looked at.

    Yields
    ------
    name : str
    look : callable
        Describes the part, or raises `BuildError` with what does not fit and what to do.
    """
    yield "izhisyn", lambda: f"{__version__}, {build_module.SOURCES}"
    yield "Python", lambda: f"{platform.python_version()}, {sys.executable}"
    yield "NEST", find_nest
    yield "NESTML", find_nestml
    yield "compiler", lambda: program(build_module.find_compiler(build_module.find_nest(None)))
    yield "module", find_module


def find_nest():
    """Start NEST in this environment; another version than the tested one is no fault."""
    nest = build_module.find_nest(None)
    result = build_module.run_program([sys.executable, "-c", ASK_NEST], check=False)
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
    version, pinned = importlib.metadata.version("nestml"), project.pins()["nestml"]
    if version != pinned:
        raise BuildError(
            f"izhisyn needs NESTML {pinned}, not {version}; pip install nestml=={pinned}"
        )
    return f"{version}, {folder}"


def program(path):
    """Ask a program for its version."""
    version = build_module.run_program([path, "--version"]).stdout.splitlines()[0]
    return f"{version}, {path}"


def find_module():
    """Load the module as a simulation would, and compare it with the models that are here."""
    nest = build_module.find_nest(None)
    request = build_module.read_request(build_module.parse_arguments([]))
    try:
        loaded = build_module.load(request.module, dict(os.environ))
    except BuildError as error:
        target = build_module.target_folder(request, nest) / f"{request.module}.so"
        if target.is_file():
            raise BuildError(f"{error}; run izhisyn build --force") from error
        raise BuildError(
            f"there is no {target}; run izhisyn build, or set LD_LIBRARY_PATH to the folder that "
            "you gave to --install-dir"
        ) from error
    [path] = map(Path, loaded["loaded"])
    if is_prebuilt(path, request, nest):
        state = "for any processor of this platform (izhisyn build compiles for yours)"
    elif is_up_to_date(path, request, nest):
        state = "up to date"
    else:
        target = build_module.target_folder(request, nest)
        elsewhere = "" if path.parent == target else f" --install-dir {path.parent}"
        raise BuildError(
            f"{path} was not built from the models, NEST, NESTML and processor that are here; "
            f"run izhisyn build{elsewhere}"
        )
    return f"{len(loaded['models'])} models, {state}, {path}"


def is_prebuilt(module, request, nest):
    """Whether a module has these models for this NEST, and was compiled for any processor.

    As the wheel's, which another machine built with its own NESTML and compiler.
    """
    record = read_record(module)
    return (
        processor_of(record) == "none"
        and record.get("nest_version") == nest.version
        and record.get("source_hash") == build_module.source_hash(request)
        and record.get("library_hash") == build_module.hash_file(module)
    )


def is_up_to_date(module, request, nest):
    """Whether a module is what ``build`` would make with the ``--march`` it was made with."""
    request = replace(request, march=processor_of(read_record(module)))
    return build_module.read_record(module, build_module.content_hash(request, nest)) is not None


def read_record(module):
    """Read what a module was made from and with; empty if that is not known."""
    file = build_module.record_file(module)
    return build_module.read_json(file) if file.is_file() else {}


def processor_of(record):
    """Read from a module's flags what it was compiled for, as ``--march`` has it."""
    flags = record.get("flags", [])
    processors = [flag.partition("=")[2] for flag in flags if flag.startswith("-march=")]
    return processors[0] if processors else "none"


if __name__ == "__main__":
    command_line.run_script(lambda: sys.exit(main()))
