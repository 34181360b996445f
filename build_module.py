#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compile NESTML models into a module of the NEST that this Python imports.

``python build_module.py`` turns ``models/`` into ``izhisynmodule`` and puts it where NEST looks, so
that ``nest.Install("izhisynmodule")`` works in every new process. It works with the PyPI wheel,
whose ``nest-config`` names folders of the machine that built it, as well as with a NEST from conda
or from source, with and without MPI. Run it once, outside ``mpirun``, before the ranks start.

The steps, in the order of this file: find NEST without importing it, compare a content hash with
the record beside the installed module, let NESTML generate and compile in a process of its own,
load the result in a fresh interpreter, rename it into place, load it once more by its bare name.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import mmap
import os
import platform
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
# In a clone the sources lie beside this file; pip puts them into the package (see pyproject.toml).
SOURCES = HERE / "izhisyn" if (HERE / "izhisyn" / "models").is_dir() else HERE
OWN_MODELS = SOURCES / "models"
OWN_TEMPLATES = SOURCES / "nestml_templates"
OWN_MODULE = "izhisynmodule"

# Why each flag is there; none of them may change a result, hence no -ffast-math.
OPTIMISATION = (
    "-O3",  # the update loops are worth every optimisation that keeps IEEE arithmetic
    "-DNDEBUG",  # as NEST's own release builds: no asserts in the ring buffers and event handlers
    "-ffp-contract=off",  # no fused multiply-add: -march=native must not change a spike
    "-fno-math-errno",  # nobody reads errno; lets sqrt be one instruction
    "-fno-trapping-math",  # nobody reads floating-point traps; allows branch-free selects
)
GCC_ONLY = (
    "-fno-gnu-unique",  # else a process that installs a rebuilt module would go on with the old one
    # Let the loop over the neurons of a pool become vector instructions although it is long:
    "--param=max-unswitch-insns=5000",  # a loop of its own for each integrator
    "--param=max-tree-if-conversion-phi-args=16",  # and selections where the source has branches
    # On most processors GCC uses half the width of AVX-512, which costs a fifth of the speed.
    *(("-mprefer-vector-width=512",) if platform.machine() == "x86_64" else ()),
)

# These would change the build behind the content hash's back, or break NESTML's call of make.
IGNORED_ENVIRONMENT = (
    "CFLAGS CXXFLAGS CPPFLAGS LDFLAGS DESTDIR MAKEFLAGS MFLAGS MAKELEVEL"
    " CMAKE_GENERATOR CMAKE_INSTALL_PREFIX CMAKE_BUILD_TYPE"
).split()

MISSING_HEADERS = {
    "gsl/": "GSL's headers (for NESTML's rk45 solver): install libgsl-dev (Debian, "
    "Ubuntu) or gsl-devel (Fedora), or use --numeric-solver forward-Euler",
    "boost/": "Boost's headers: pip install boost-headers, or install libboost-dev",
    "mpi.h": "MPI's headers: install libopenmpi-dev, or load the MPI that NEST was built with",
    "omp.h": "OpenMP's headers: install g++, or set CXX to a compiler that has them",
}

# NEST's headers want libtool's, for the type of one pointer; the wheel does not bring it.
LTDL_STAND_IN = """\
#pragma once
typedef struct lt__handle* lt_dlhandle;
"""

# Where launchers give the number of ranks: Open MPI; MPICH and Intel MPI; a step of Slurm's srun.
RANK_COUNTS = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")

PROOF_MARK = "izhisyn-proof:"
PROBE = f"""
import json, nest
build = nest.build_info
print({PROOF_MARK!r} + json.dumps([nest.__file__, build["version"], build["prefix"]]))
"""
PROOF = f"""
import ctypes, json, os, sys
import nest
name, library = sys.argv[1:]
if library:
    # NEST itself would say no more than "could not be opened", and would look at functions lazily.
    ctypes.CDLL(library, mode=os.RTLD_NOW | os.RTLD_GLOBAL)
before = {{*nest.node_models, *nest.synapse_models}}
nest.Install(name)
models = sorted({{*nest.node_models, *nest.synapse_models}} - before)
with open("/proc/self/maps") as maps:
    files = {{line.split(maxsplit=5)[-1].strip() for line in maps}}
loaded = [f for f in files if os.path.basename(f) == os.path.basename(name) + ".so"]
print({PROOF_MARK!r} + json.dumps({{"models": models, "loaded": loaded}}))
"""

NESTML_STEP = "--nestml-step"


class BuildError(Exception):
    """What went wrong, with which value, and what to do, in one sentence."""


# The request and the NEST it is for


@dataclass(frozen=True)
class Request:
    """What is to be built, and where it is to go.

    Attributes
    ----------
    models
        NESTML files, sorted.
    module
        Name for ``nest.Install``.
    march
        ``native``, ``none`` or a name the compiler knows.
    numeric_solver
        ``rk45`` or ``forward-Euler``, for models that leave their equations to NESTML.
    codegen_options
        The user's own code-generation options for NESTML; they win over ours.
    install_dir
        Folder of the finished module; None for the folder in which NEST looks.
    build_dir
        Folder that keeps the generated code; None for a temporary one.
    stock_codegen
        Whether every neuron is to have stock code, and none pooled nodes.
    """

    models: tuple[Path, ...]
    module: str
    march: str
    numeric_solver: str
    codegen_options: dict = field(default_factory=dict)
    install_dir: Path | None = None
    build_dir: Path | None = None
    stock_codegen: bool = False


@dataclass(frozen=True)
class Nest:
    """The installed NEST, as its files describe it.

    Attributes
    ----------
    kernel
        ``nestkernel_api*.so``, the extension that ``import nest`` loads.
    headers
        Folder with ``config.h`` and the other headers.
    version, prefix, module_folder
        As compiled in; ``module_folder`` is relative to the prefix, for instance ``lib64/nest``.
        The prefix of a wheel does not exist on this machine.
    config
        A ``nest-config`` that belongs to this NEST, if there is one.
    """

    kernel: Path
    headers: Path
    version: str
    prefix: Path
    module_folder: str
    config: Path | None

    def ask(self, question: str) -> str:
        """Answer of ``nest-config``, or nothing without one."""
        return ask_nest_config(self.config, question) if self.config else ""

    def module_dirs(self) -> list[Path]:
        """Folders in which ``nest.Install`` looks without any environment variable."""
        folders = []
        if self.prefix.is_dir():
            folders.append((self.prefix / self.module_folder).resolve())
        rpath = ":".join(dynamic_entries(self.kernel, "RPATH"))  # a RUNPATH would not be consulted
        for entry in rpath.split(":"):
            folder = Path(entry.replace("$ORIGIN", str(self.kernel.parent))).resolve()
            if folder.match(self.module_folder) and folder not in folders:
                folders.append(folder)
        return folders


def find_models(paths: list[Path]) -> tuple[Path, ...]:
    """List the NESTML files that ``paths`` (files, or folders searched to any depth) name."""
    found: set[Path] = set()
    for path in paths:
        files = sorted(path.rglob("*.nestml")) if path.is_dir() else [path]
        if not path.exists():
            raise BuildError(
                f"there is no file or folder {path}; name a NESTML file or a folder of them"
            )
        if not files:
            raise BuildError(f"there is no .nestml file in {path}; name a folder that has one")
        found.update(file.resolve() for file in files)
    return tuple(sorted(found))


def model_names(files: tuple[Path, ...]) -> list[str]:
    """Read the names of the models from their ``model NAME:`` lines."""
    lines = (re.findall(r"^model\s+(\w+)\s*:", file.read_text(), re.MULTILINE) for file in files)
    return [name for names in lines for name in names]


def find_nest(explicit_config: Path | None) -> Nest:
    """Find the NEST that this interpreter would import, without importing it."""
    spec = importlib.util.find_spec("nest")
    if spec is None or spec.origin is None:
        raise BuildError(
            f"{sys.executable} cannot import nest; run build_module.py with the Python that has "
            "NEST, or pip install nest-simulator"
        )
    package = Path(spec.origin).resolve().parent
    kernels = sorted(package.glob("nestkernel_api*.so"))
    if not kernels:
        raise BuildError(f"{package} has no nestkernel_api*.so; izhisyn needs NEST 3.10 or newer")

    headers = find_headers(package, explicit_config)
    text = (headers / "config.h").read_text()
    defined = dict(re.findall(r'^#define (NEST_\w+) "(.*)"$', text, re.MULTILINE))
    version, prefix = defined["NEST_VERSION"], Path(defined["NEST_INSTALL_PREFIX"])
    return Nest(
        kernel=kernels[0],
        headers=headers,
        version=version,
        prefix=prefix,
        module_folder=defined["NEST_INSTALL_LIBDIR"],
        config=find_nest_config(explicit_config, version, prefix),
    )


def find_headers(package: Path, explicit_config: Path | None) -> Path:
    """Find NEST's headers beside its Python package: a wheel has them inside, a build above."""
    candidates = [parent / "include" / "nest" for parent in (package, *package.parents)]
    candidates.append(Path(sys.prefix) / "include" / "nest")
    if explicit_config:
        prefix = Path(ask_nest_config(explicit_config, "--prefix"))
        candidates.append(prefix / "include" / "nest")
    for folder in candidates:
        if (folder / "config.h").is_file():
            return folder
    raise BuildError(
        f"no NEST headers (include/nest/config.h) belong to {package}; install NEST with its "
        "headers, or name its nest-config with --nest-config"
    )


def find_nest_config(explicit: Path | None, version: str, prefix: Path) -> Path | None:
    """Find the ``nest-config`` of the NEST with this version and compiled-in prefix."""
    candidates = [prefix / "bin" / "nest-config", Path(sys.executable).parent / "nest-config"]
    for candidate in [explicit] if explicit else candidates:
        if not candidate.is_file():
            continue
        found = (
            ask_nest_config(candidate, "--version"),
            Path(ask_nest_config(candidate, "--prefix")),
        )
        if found == (version, prefix):
            return candidate
        if explicit:
            raise BuildError(
                f"{explicit} describes NEST {found[0]} in {found[1]}, but {sys.executable} imports "
                f"NEST {version} of {prefix}; run build_module.py with the Python of that NEST"
            )
    return None


def ask_nest_config(config: Path, question: str) -> str:
    """Put one question, such as ``--cflags``, to a ``nest-config``."""
    try:
        answer = subprocess.run([config, question], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(
            f"{config} does not answer {question}; --nest-config wants the path of a nest-config"
        ) from error
    return answer.stdout.strip()


def dynamic_entries(library: Path, tag: str) -> list[str]:
    """Read the entries of a library's dynamic section with this tag, such as ``NEEDED``."""
    listing = run([find_tool("readelf", "binutils"), "-d", library], env={"LC_ALL": "C"}).stdout
    return re.findall(rf"\({tag}\).*\[(.*)\]", listing)


def uses_cxx11_abi(library: Path) -> bool:
    """Find from NEST's own symbols which ``std::string`` it was compiled with."""
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return re.search(rb"_ZNK?4nest[^\0]*__cxx11", data) is not None


# The content hash: what decides whether there is anything to do


def content_hash(request: Request, nest: Nest) -> str:
    """Hash everything that the finished module depends on.

    A module for ``-march=native`` depends on the processor: a cluster's nodes may share one disk.
    """
    nestml = nestml_folder()
    files = [*request.models, Path(__file__).resolve(), nest.kernel, nest.headers / "config.h"]
    files += own_templates()
    files += sorted(stock_templates(nestml).rglob("*.jinja2"))
    facts = {
        "files": [(file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files],
        "nestml": importlib.metadata.version("nestml"),
        "module": request.module,
        "march": request.march,
        "processor": processor_features() if request.march == "native" else None,
        "numeric_solver": request.numeric_solver,
        "codegen_options": request.codegen_options,
        "stock_codegen": request.stock_codegen,
        "compiler": os.environ.get("CXX"),
        "nest_config": [
            nest.ask(question) for question in ("--compiler", "--cflags", "--includes")
        ],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def source_hash(request: Request) -> str:
    """Hash what the module is made from, whatever it is made with.

    It says whether a module that was compiled elsewhere has the models that are here.
    """
    files = [*request.models, Path(__file__).resolve()]
    files += own_templates()
    content = [(file.name, hash_file(file)) for file in files]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def own_templates() -> list[Path]:
    """List our templates and headers; a page about them is none."""
    files = (file for file in sorted(OWN_TEMPLATES.rglob("*")) if file.is_file())
    return [file for file in files if file.suffix != ".md"]


def nestml_folder() -> Path:
    """Find the installed NESTML without importing it."""
    spec = importlib.util.find_spec("pynestml")
    if spec is None or spec.origin is None:
        missing = {
            "NESTML": True,
            "CMake": shutil.which("cmake", path=tool_path()) is None,
            "Boost's headers": boost_include() is None and not Path("/usr/include/boost").is_dir(),
        }
        raise BuildError(
            f"building models needs {' and '.join(name for name in missing if missing[name])}, "
            f"which {sys.executable} does not have; pip install 'izhisyn[build]', or beside a NEST "
            "that is not from pip: pip install nestml==9.0.0 cmake boost-headers"
        )
    return Path(spec.origin).resolve().parent


def stock_templates(nestml: Path) -> Path:
    """Locate the templates for NEST point neurons that NESTML brings."""
    return nestml / "codegeneration" / "resources_nest" / "point_neuron"


def processor_features() -> str:
    """List the instruction sets of this machine's processor, as Linux names them."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


# The build


@dataclass(frozen=True)
class Toolchain:
    """The programs of one build and the flags they get.

    Attributes
    ----------
    compiler
        Path of the C++ compiler.
    includes
        Folders with headers, NEST's own first.
    flags
        Flags for compiling; linking gets none of them, see `find_toolchain`.
    """

    compiler: str
    includes: tuple[Path, ...]
    flags: tuple[str, ...]


def find_toolchain(request: Request, nest: Nest) -> Toolchain:
    """Choose compiler, include folders and flags for modules of this NEST.

    NEST's headers open parallel regions and ask for the thread's number, so that code compiled
    without -fopenmp would register its synapses for the first thread alone. Only the compiler gets
    the flag: the module must use the OpenMP runtime that NEST has loaded, not bring a second one.
    """
    for tool, package in (("make", "make"), ("cmake", "cmake")):
        find_tool(tool, package)
    compiler = find_compiler(nest)

    theirs = shlex.split(nest.ask("--cflags"))
    needed = dynamic_entries(nest.kernel, "NEEDED")
    standard = [flag for flag in theirs if flag.startswith("-std=")] or ["-std=c++20"]
    defined = [flag for flag in theirs if flag.startswith("-D") and flag != "-DNDEBUG"]
    has_openmp = "-fopenmp" in theirs or any("omp" in library for library in needed)
    is_clang = "clang" in run([compiler, "--version"], check=False).stdout
    flags = (
        *standard,
        *defined,
        f"-D_GLIBCXX_USE_CXX11_ABI={uses_cxx11_abi(nest.kernel):d}",
        "-fopenmp" if has_openmp else "-fopenmp-simd",
        *OPTIMISATION,
        *(() if request.march == "none" else (f"-march={request.march}",)),
        *(() if is_clang else GCC_ONLY),
    )

    asked = (
        Path(flag[2:]) for flag in shlex.split(nest.ask("--includes")) if flag.startswith("-I")
    )
    includes = [nest.headers, *(folder for folder in asked if folder.is_dir())]
    return Toolchain(compiler, tuple(dict.fromkeys(includes)), flags)


def find_tool(name: str, package: str) -> str:
    """Find a program in the interpreter's own folder or in PATH."""
    path = shutil.which(name, path=tool_path())
    if path is None:
        raise BuildError(
            f"there is no {name} in PATH; install {package}, for instance: apt install {package}"
        )
    return path


def tool_path() -> str:
    """PATH with the scripts folder of this interpreter in front, where pip puts CMake."""
    return os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])


def find_compiler(nest: Nest) -> str:
    """Find $CXX, else the compiler NEST was built with, else whatever C++ compiler there is."""
    chosen = os.environ.get("CXX")
    candidates = [chosen] if chosen else [nest.ask("--compiler"), "g++", "c++", "clang++"]
    for candidate in filter(None, candidates):
        if path := shutil.which(candidate):
            return path
    raise BuildError(
        f"no C++ compiler found (tried {', '.join(filter(None, candidates))}); install g++, "
        "for instance: apt install g++, or set CXX"
    )


def boost_include() -> Path | None:
    """Find Boost's headers in this environment; a system's own need no flag."""
    own = Path(sys.prefix) / "include"
    if (own / "boost").is_dir():
        return own
    spec = importlib.util.find_spec("boost_headers")
    return Path(spec.origin).parent / "include" if spec and spec.origin else None


def build(request: Request, nest: Nest, folder: Path) -> tuple[Path, Toolchain, dict[str, str]]:
    """Generate and compile the module below ``folder``.

    Parameters
    ----------
    folder
        Empty folder, without white space in its path, for everything the build needs.

    Returns
    -------
    tuple of Path, Toolchain and dict
        The compiled module, what it was compiled with, and the neurons without pooled nodes, each
        with the reason.
    """
    toolchain = find_toolchain(request, nest)
    count = len(request.models)
    files = "1 NESTML file" if count == 1 else f"{count} NESTML files"
    report(f"compiling {files} for NEST {nest.version}, a minute or two")
    write_nest_config(folder, nest, toolchain)
    has_gsl = check_compiler(request, toolchain, folder)
    assemble_templates(folder / "templates", request)
    code = request.build_dir or folder / "code"
    code.mkdir(parents=True, exist_ok=True)
    module = folder / "module" / f"{request.module}.so"
    step = {
        "models": [str(file) for file in request.models],
        "errors": str(folder / "errors.json"),
        "has_gsl": has_gsl,
        "arguments": {
            "target_path": str(code),
            "install_path": str(module.parent),
            "module_name": request.module,
            "codegen_opts": {
                "nest_path": str(folder),
                "numeric_solver": request.numeric_solver,
                "templates": {
                    "path": str(folder / "templates"),
                    "model_templates": {
                        "neuron": ["@NEURON_NAME@.cpp.jinja2", "@NEURON_NAME@.h.jinja2"],
                        "synapse": ["@SYNAPSE_NAME@.h.jinja2"],
                    },
                    "module_templates": ["setup"],
                },
                **request.codegen_options,
            },
        },
    }
    (folder / "step.json").write_text(json.dumps(step))
    environment = {k: v for k, v in os.environ.items() if k not in IGNORED_ENVIRONMENT}
    environment["PATH"] = tool_path()
    environment["LC_ALL"] = "C.UTF-8"  # `explain_failure` reads English
    result = run_in_session(
        [sys.executable, Path(__file__).resolve(), NESTML_STEP, folder / "step.json"],
        env=environment,
        cwd=folder,
    )
    log = result.stdout + result.stderr
    errors = Path(step["errors"])
    if errors.exists() and (messages := json.loads(errors.read_text())):
        raise BuildError("NESTML refuses the models:\n  " + "\n  ".join(messages))
    if result.returncode != 0 or not module.exists():
        raise BuildError(explain_failure(log))
    return module, toolchain, find_stock_neurons(code)


def run_in_session(command: list, env: dict, cwd: Path) -> subprocess.CompletedProcess:
    """Run a program that starts others, and end them all if this process ends, in whatever way.

    Its standard input is a pipe that nobody writes to. It closes when this process is no more, even
    after SIGKILL, and `end_with_parent` sees that.
    """
    reading, writing = os.pipe()
    with open(writing, "wb"):
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            env=env,
            cwd=cwd,
            stdin=reading,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        os.close(reading)
        try:
            output, errors = process.communicate()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def end_with_parent() -> None:
    """End this session, compilers included, as soon as the process that started it is gone."""

    def wait_for_end() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os.killpg(os.getpid(), signal.SIGKILL)  # fails unless this process leads its group

    threading.Thread(target=wait_for_end, daemon=True).start()


def find_stock_neurons(code: Path) -> dict[str, str]:
    """Read from the generated code which neurons have stock code, and why."""
    headers = "\n".join(header.read_text() for header in sorted(code.glob("*.h")))
    return dict(re.findall(r"^// izhisyn: stock code, because (\w+) (.*)$", headers, re.MULTILINE))


def write_nest_config(folder: Path, nest: Nest, toolchain: Toolchain) -> None:
    """Write ``bin/nest-config`` with true answers for NESTML's CMake recipe.

    The recipe splits the include flags at white space, hence a link for each folder. It gets no
    libraries to link: NEST has loaded all that it was linked with before it opens a module.
    """
    links = folder / "include"
    links.mkdir(parents=True)
    flags = list(toolchain.flags)
    for number, include in enumerate(toolchain.includes):
        (links / str(number)).symlink_to(include)
    if boost := boost_include():
        (links / "boost").symlink_to(boost)
        flags += ["-isystem", str(links / "boost")]
    stand_ins = links / "stand-ins"
    stand_ins.mkdir()
    (stand_ins / "ltdl.h").write_text(LTDL_STAND_IN)
    flags += ["-idirafter", str(stand_ins)]  # the system's own ltdl.h wins where there is one
    answers = {
        "--compiler": toolchain.compiler,
        "--cflags": " ".join(flags),
        "--includes": " ".join(f"-I{links / str(n)}" for n in range(len(toolchain.includes))),
        "--libs": "",
        "--prefix": str(folder),
        "--libdir": "lib",
        "--static-libraries": "OFF",
        "--version": nest.version,
    }
    cases = "".join(
        f"  {question}) echo {shlex.quote(answer)} ;;\n" for question, answer in answers.items()
    )
    script = folder / "bin" / "nest-config"
    script.parent.mkdir()
    script.write_text(
        f'#!/bin/sh\ncase "$1" in\n{cases}  *) echo "no answer to $1" >&2; exit 1 ;;\nesac\n'
    )
    script.chmod(0o755)


def check_compiler(request: Request, toolchain: Toolchain, folder: Path) -> bool:
    """Try flags and headers before the minutes of generating, and say whether GSL is there."""
    config = folder / "bin" / "nest-config"
    flags = shlex.split(
        f"{ask_nest_config(config, '--cflags')} {ask_nest_config(config, '--includes')}"
    )

    def complaint(source: str, mode: str, output: str = os.devnull) -> str:
        (folder / "probe.cpp").write_text(source)
        command = [toolchain.compiler, *flags, mode, "probe.cpp", "-o", output]
        result = run(command, env={**os.environ, "LC_ALL": "C"}, cwd=folder, check=False)
        return "" if result.returncode == 0 else result.stderr.strip() or "it gives no reason"

    if words := complaint("", "-c", "probe.o"):
        line = next((text for text in words.splitlines() if "error" in text), words)
        if request.march != "none" and "march" in words:
            raise BuildError(
                f"{toolchain.compiler} does not know --march {request.march} ({line}); give a "
                "processor that it knows, native or none"
            )
        raise BuildError(
            f"{toolchain.compiler} cannot compile an empty file ({line}); set CXX to a compiler "
            "for C++20, such as GCC 11"
        )
    if words := complaint('#include "archiving_node.h"\n', "-E"):
        raise BuildError(explain_failure(words))
    return not complaint("#include <gsl/gsl_odeiv.h>\n", "-E")


def assemble_templates(folder: Path, request: Request) -> None:
    """Lay our templates over a copy of NESTML's: its option takes a single root."""
    shutil.copytree(stock_templates(nestml_folder()), folder)
    if OWN_TEMPLATES.is_dir():
        shutil.copytree(OWN_TEMPLATES, folder, dirs_exist_ok=True)
        # The module's own templates are looked up in a folder of their own.
        shutil.copytree(OWN_TEMPLATES / "pooled", folder / "setup" / "pooled")
    if request.stock_codegen:
        (folder / "pooled" / "StockAsked.jinja2").write_text("was to have it (--stock-codegen)")


def print_logic_without_branches() -> None:
    """Let NESTML print `and` and `or` as & and | where the right side may always be computed.

    A loop over neurons with && in it does not become vector instructions. What can fail, or do more
    than give a value, stays behind && and ||: a division or modulo of integers, an element of a
    vector, and every function but the mathematical ones.
    """
    from pynestml.codegeneration import nest_code_generator
    from pynestml.meta_model.ast_expression import ASTExpression
    from pynestml.symbols.integer_type_symbol import IntegerTypeSymbol
    from pynestml.symbols.predefined_functions import PredefinedFunctions
    from pynestml.visitors.ast_visitor import ASTVisitor

    harmless = {
        getattr(PredefinedFunctions, name)
        for name in (
            "EXP EXPM1 LN LOG10 POW COS SIN TAN COSH SINH TANH ERF ERFC"
            " MAX MIN ABS CEIL FLOOR ROUND"
        ).split()
    }

    class Search(ASTVisitor):
        can_fail = False

        def visit_expression(self, node: ASTExpression) -> None:
            operator = node.get_binary_operator()
            whole = getattr(operator, "is_integer_div_op", False)
            if (
                whole
                or getattr(operator, "is_modulo_op", False)
                or (
                    getattr(operator, "is_div_op", False)
                    and isinstance(node.get_lhs().type, IntegerTypeSymbol)
                    and isinstance(node.get_rhs().type, IntegerTypeSymbol)
                )
            ):
                self.can_fail = True

        def visit_function_call(self, node: object) -> None:
            self.can_fail |= node.get_name() not in harmless

        def visit_variable(self, node: object) -> None:
            self.can_fail |= node.has_vector_parameter()

    class Printer(nest_code_generator.CppExpressionPrinter):
        def _print_logical_operator_expression(self, node: ASTExpression) -> str:
            search = Search()
            node.get_rhs().accept(search)
            if search.can_fail:
                return super()._print_logical_operator_expression(node)
            sign = "&" if node.get_binary_operator().is_logical_and else "|"
            return f"{self.print(node.get_lhs())} {sign} {self.print(node.get_rhs())}"

    nest_code_generator.CppExpressionPrinter = Printer


def run_nestml(step_file: Path) -> None:
    """Check all models, then generate and compile; runs in a process of its own.

    `generate_nest_target` throws NESTML's error flag away and compiles what is left when a model is
    wrong. So the models are checked first, file by file because not every message of NESTML names
    its file, and all error messages are written for the parent to read.
    """
    import odetoolbox
    from pynestml.exceptions.generated_code_build_exception import GeneratedCodeBuildException
    from pynestml.frontend.pynestml_frontend import generate_nest_target, generate_target

    print_logic_without_branches()
    sys.setrecursionlimit(10_000)  # as NESTML's own command sets it: expressions may be deep
    odetoolbox.PLOT_DEPENDENCY_GRAPH = False  # it would call dot, which need not be installed
    step = json.loads(step_file.read_text())
    if not step["has_gsl"]:
        refuse_rk45()
    arguments = step["arguments"]
    messages = []
    for file in step["models"]:
        try:
            if generate_target(file, "none", target_path=arguments["target_path"]):
                messages += logged_errors({}, file)
        except OSError:
            raise
        except Exception as error:  # a reader's bug is the user's message, too
            messages.append(explain_exception(error, {}, file))
    if not messages:
        files = {name: file for file in step["models"] for name in model_names((Path(file),))}
        try:
            generate_nest_target(step["models"], **arguments)
            messages = logged_errors(files)
        except Exception as error:
            messages = logged_errors(files)
            if not messages and isinstance(error, (GeneratedCodeBuildException, OSError)):
                raise  # the reason is in what CMake and the compiler wrote, or is the disk's
            messages = messages or [explain_exception(error, files)]
    Path(step["errors"]).write_text(json.dumps(messages))


def logged_errors(files: dict[str, str], default: str = "models") -> list[str]:
    """List the errors that NESTML has logged, each with file and line.

    Parameters
    ----------
    files
        The file of each model, by the model's name.
    default
        File of the errors that belong to no model.
    """
    from pynestml.utils.logger import Logger, LoggingLevel

    messages = []
    for _, model, _, _, at, text in Logger.get_messages(level=LoggingLevel.ERROR):
        # In a pair, each partner's name becomes NAME__with_PARTNER.
        name = model.get_name().partition("__with_")[0] if model else ""
        line = f":{at.start_line}" if at else ""
        messages.append(f"{files.get(name, default)}{line}: {text}")
    return list(dict.fromkeys(messages))


def explain_exception(error: Exception, files: dict[str, str], default: str = "models") -> str:
    """Say in a sentence at which model NESTML or ODE-toolbox failed, and with which words."""
    from pynestml.meta_model.ast_model import ASTModel

    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    # NESTML's main loop still has the model that it checked last, which need not be to blame.
    inner = [frame for frame in frames if "frontend" not in frame.f_code.co_filename]
    names = [
        value.get_name()
        for frame in reversed(inner)
        for value in frame.f_locals.values()
        if isinstance(value, ASTModel)
    ]
    by_toolbox = any("odetoolbox" in Path(frame.f_code.co_filename).parts for frame in frames)
    program = "ODE-toolbox" if by_toolbox else "NESTML"
    name = names[0].partition("__with_")[0] if names else ""
    file = files.get(name, default)
    text = " ".join(str(error).split())
    if isinstance(error, UnsolvedModel):
        return f"{file}: {name} {text}"
    if isinstance(error, RecursionError) or "too many nested parentheses" in text:
        text = "an expression is nested too deeply; give parts of it a name with inline"
    elif isinstance(error, KeyError):
        text = f"{text} is missing; see the names in --codegen-opts"
    elif type(error) is not Exception:  # the plain ones hold a sentence of NESTML's
        text = f"{type(error).__name__}: {text}"
    return f"{file}: {program} cannot process {name or 'the models'}: {text[:300]}"


class UnsolvedModel(Exception):
    """A model needs a solver that this machine does not have."""


def refuse_rk45() -> None:
    """Let NESTML stop at the first model that needs rk45, before it generates any code."""
    from pynestml.frontend.pynestml_frontend import FrontendConfiguration
    from pynestml.transformers import ode_toolbox_transformer

    class WithoutGsl(ode_toolbox_transformer.ODEToolboxTransformer):
        def ode_toolbox_analysis(self, model, kernel_buffers, metadata):
            super().ode_toolbox_analysis(model, kernel_buffers, metadata)
            solver = FrontendConfiguration.get_codegen_opts().get("numeric_solver")
            if metadata[model.name]["numeric_solver"] and solver == "rk45":
                raise UnsolvedModel(f"needs {MISSING_HEADERS['gsl/']}")

    ode_toolbox_transformer.ODEToolboxTransformer = WithoutGsl


def explain_failure(log: str) -> str:
    """Say in a sentence why generating or compiling failed, with the end of its log."""
    if missing := re.search(r"fatal error: (\S+): No such file", log):
        for start, remedy in MISSING_HEADERS.items():
            if missing[1].startswith(start):
                return f"the compiler cannot find {missing[1]}, one of {remedy}"
    if os.strerror(errno.ENOSPC) in log:
        return full_disk()
    if weightless := re.search(r"class nest::(\w+)::.*\bset_weight\b", log):
        options = json.dumps({"weight_variable": {weightless[1]: "w"}})
        return (
            f"{weightless[1]} has no weight, which NEST wants of every synapse; name the variable "
            f"that is its weight in --codegen-opts, for instance {options}"
        )
    errors = re.findall(r"^.*(?:error: |CMake Error|undefined reference).*$", log, re.MULTILINE)
    lines = list(dict.fromkeys(errors))[:10] or log.splitlines()[-20:]
    return "the module could not be generated and compiled:\n  " + "\n  ".join(lines)


def full_disk() -> str:
    """Say which disks may be the full one, and what to do."""
    return (
        f"there is no space left on the disk of {tempfile.gettempdir()} or of the target; free "
        "some, or choose other folders with TMPDIR, --build-dir and --install-dir"
    )


# Installing


def install(request: Request, nest: Nest, target: Path, key: str) -> dict:
    """Build the module aside, prove that it loads, and rename it to ``target``."""
    started = time.monotonic()
    environment = bare_environment(nest)
    with temporary_folder() as folder, staging_folder(target) as stage:
        built, toolchain, stock_neurons = build(request, nest, folder)
        staged = stage / target.name
        shutil.copyfile(built, staged)
        proof = load(str(staged.with_suffix("")), environment, library=staged)
        check_models(request, proof["models"])
        record = {
            "module": request.module,
            "nest_version": nest.version,
            "nest_prefix": str(nest.prefix),
            "compiler": toolchain.compiler,
            "flags": list(toolchain.flags),
            "models": proof["models"],
            "stock_neurons": stock_neurons,
            "content_hash": key,
            "source_hash": source_hash(request),
            "library_hash": hash_file(staged),
            "seconds": round(time.monotonic() - started, 1),
        }
        staged_record = stage / record_file(target).name
        staged_record.write_text(json.dumps(record, indent=2) + "\n")
        record_file(target).unlink(missing_ok=True)
        os.replace(staged, target)
        prove_installed(target, nest, environment)
        os.replace(staged_record, record_file(target))
    return record


def prove_installed(target: Path, nest: Nest, environment: dict[str, str]) -> None:
    """Load the installed module as its user will, in a fresh process and from another folder."""
    name, setting = how_to_load(target, nest)
    if inherited := environment.get("LD_LIBRARY_PATH"):
        setting = {variable: f"{value}:{inherited}" for variable, value in setting.items()}
    loaded = load(name, {**environment, **setting})["loaded"]
    if [Path(path) for path in loaded] != [target]:
        raise BuildError(
            f"nest.Install({name!r}) loads {', '.join(loaded)} and not {target}; "
            f"delete that module, or write nest.Install({str(target.with_suffix(''))!r})"
        )


def how_to_load(target: Path, nest: Nest) -> tuple[str, dict[str, str]]:
    """Give the argument for ``nest.Install`` and the environment variables it needs.

    NEST prefers a module of the same name in its own folders to one in LD_LIBRARY_PATH. Then the
    full path is the way, which ``nest.Install`` takes as well.
    """
    if target.parent in nest.module_dirs():
        return target.stem, {}
    if any((folder / target.name).exists() for folder in nest.module_dirs()):
        return str(target.with_suffix("")), {}
    return target.stem, {"LD_LIBRARY_PATH": str(target.parent)}


def load(name: str, environment: dict[str, str], library: Path | None = None) -> dict:
    """Install a module in a fresh interpreter; return its models and the file it came from."""
    result = run(
        [sys.executable, "-c", PROOF, name, library or ""], env=environment, cwd="/", check=False
    )
    if result.returncode == 0:
        return marked_line(result)
    raise BuildError(f"the module compiled but does not load: {last_words(result)}")


def last_words(result: subprocess.CompletedProcess) -> str:
    """Give a failed process's last line on stderr, with C++ names as in the source."""
    lines = result.stderr.strip().splitlines()
    words = lines[-1] if lines else f"the process ended with status {result.returncode}"
    if demangler := shutil.which("c++filt"):
        words = subprocess.run([demangler], input=words, capture_output=True, text=True).stdout
    return words.strip()


def check_models(request: Request, registered: list[str]) -> None:
    """Refuse a module that lacks a model of its sources; pairs get names such as A__with_B."""
    for name in model_names(request.models):
        if not any(known == name or known.startswith(f"{name}__with_") for known in registered):
            raise BuildError(f"the module does not register {name}, only {', '.join(registered)}")


def bare_environment(nest: Nest) -> dict[str, str]:
    """Give the smallest environment in which this interpreter imports this NEST: usually none.

    Open MPI wants PATH; a NEST from source may need PYTHONPATH, its libraries LD_LIBRARY_PATH.
    """
    path = {"PATH": os.environ.get("PATH", os.defpath)}
    for environment in ({}, path, dict(os.environ)):
        result = run([sys.executable, "-c", PROBE], env=environment, cwd="/", check=False)
        if result.returncode == 0:
            file, version, prefix = marked_line(result)
            if Path(file).resolve().parent == nest.kernel.parent:
                break
    else:
        raise BuildError(
            f"{sys.executable} cannot import the NEST in {nest.kernel.parent}: {last_words(result)}"
        )
    if (version, Path(prefix)) != (nest.version, nest.prefix):
        raise BuildError(
            f"{nest.headers} belongs to NEST {nest.version} of {nest.prefix}, but {sys.executable} "
            f"imports NEST {version} of {prefix}; install NEST with its own headers"
        )
    return environment


def marked_line(result: subprocess.CompletedProcess) -> dict | list | None:
    """Read what `PROBE` or `PROOF` printed, among the lines that NEST prints itself."""
    for line in result.stdout.splitlines():
        if line.startswith(PROOF_MARK):
            return json.loads(line.removeprefix(PROOF_MARK))
    return None


def target_folder(request: Request, nest: Nest) -> Path:
    """Choose where the module goes."""
    if request.install_dir:
        return request.install_dir.resolve()
    if folders := nest.module_dirs():
        return folders[0]
    raise BuildError(
        f"this NEST looks for modules only in {nest.prefix / nest.module_folder}, which does not "
        "exist on this machine; choose a folder with --install-dir"
    )


def refuse_obstacle(target: Path) -> None:
    """Refuse, before the build, what a file cannot replace."""
    for file in (target, record_file(target)):
        if file.is_dir():
            raise BuildError(
                f"{file} is a folder where a file belongs; move it away, or choose another folder "
                "with --install-dir"
            )


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Hold the lock of one module; a second build waits here for the first."""
    lock = target.parent / f".{target.stem}.lock"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    except OSError as error:
        raise BuildError(
            f"cannot write to {target.parent} ({error.strerror}); "
            "choose a folder with --install-dir"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"waiting for another build of {target}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def staging_folder(target: Path) -> Iterator[Path]:
    """Make a folder on the target's file system, so that renaming is atomic; needs the lock."""
    prefix = f".{target.stem}-"
    for leftover in target.parent.glob(f"{prefix}*"):
        if is_own_folder(leftover):  # of a build that was killed
            shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=target.parent) as stage:
        yield Path(stage)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder whose path has no white space, which NESTML's recipe could not take.

    A lock on the folder lasts as long as its build, so that what is not locked is left over from a
    build that was killed.
    """
    parent = tempfile.gettempdir()
    if re.search(r"\s", parent):
        parent = "/tmp"
    prefix = "izhisyn-build-"
    for leftover in Path(parent).glob(f"{prefix}*"):
        remove_if_left_over(leftover)
    while True:
        with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as folder:
            try:
                lock = os.open(folder, os.O_RDONLY)
            except FileNotFoundError:
                continue  # another build took it for a leftover before it was locked
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if Path(folder).is_dir():
                    yield Path(folder)
                    return
            finally:
                os.close(lock)


def remove_if_left_over(folder: Path) -> None:
    """Remove a temporary folder of ours unless its build still runs."""
    if not is_own_folder(folder):
        return
    with contextlib.suppress(OSError):  # what cannot be removed is no reason not to build
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def is_own_folder(path: Path) -> bool:
    """Find whether this user owns what is there and it is a folder, and no link to one."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def record_file(target: Path) -> Path:
    """Name the JSON file that records what an installed module was made from."""
    return target.with_suffix(".json")


def read_record(target: Path, key: str) -> dict | None:
    """Read the record of an installed module if it is the one that ``key`` asks for."""
    if not target.is_file() or not record_file(target).is_file():
        return None
    try:
        record = read_json(record_file(target))
    except BuildError:
        return None  # a damaged record says nothing about the module: build again
    wanted = {"content_hash": key, "library_hash": hash_file(target)}
    return record if wanted.items() <= record.items() else None


def read_json(path: Path) -> dict:
    """Read a JSON file that holds one object."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BuildError(f"cannot read {path} as JSON ({error}); mend it or delete it") from error
    if not isinstance(content, dict):
        raise BuildError(f"{path} must hold a JSON object, not {content!r}")
    return content


def hash_file(path: Path) -> str:
    """Hash the content of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


# The command line


def run(command: list, *, env=None, cwd=None, check=True) -> subprocess.CompletedProcess:
    """Run a program and keep what it writes."""
    return subprocess.run(
        [os.fspath(part) for part in command],
        env=env,
        cwd=cwd,
        check=check,
        capture_output=True,
        text=True,
    )


def report(sentence: str) -> None:
    """Print what is going on; stdout is for results."""
    print(f"build_module: {sentence}", file=sys.stderr, flush=True)


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Compile NESTML models into a module of the NEST that this Python imports."
    )
    parser.add_argument(
        "--models", nargs="+", type=Path, metavar="DIR_OR_FILE", help="your own models"
    )
    parser.add_argument(
        "--module-name",
        metavar="NAME",
        help=f"name for nest.Install, ending in 'module' (default {OWN_MODULE}; "
        "nestmlmodule with --models)",
    )
    parser.add_argument("--install-dir", type=Path, metavar="DIR", help="folder for the module")
    parser.add_argument("--nest-config", type=Path, metavar="PATH", help="NEST's nest-config")
    parser.add_argument(
        "--march",
        default="native",
        metavar="native|none|ARCH",
        help="processor to compile for; changes speed, never a result (default native: this one)",
    )
    parser.add_argument(
        "--numeric-solver",
        choices=["rk45", "forward-Euler"],
        help="for equations that NESTML cannot solve exactly (default forward-Euler for izhisyn's "
        "models, which solve their own; rk45, which needs GSL, with --models)",
    )
    parser.add_argument(
        "--codegen-opts", type=Path, metavar="FILE", help="JSON with more options for NESTML"
    )
    parser.add_argument(
        "--build-dir", type=Path, metavar="DIR", help="keep the generated C++ code here"
    )
    parser.add_argument(
        "--stock-codegen",
        action="store_true",
        help="NESTML's own neurons, one object each, instead of pooled nodes (for comparison)",
    )
    parser.add_argument("--force", action="store_true", help="build even if nothing has changed")
    parser.add_argument("--json", action="store_true", help="print what was built as JSON")
    parser.add_argument(
        "--show-install-dir", action="store_true", help="print the folder for the module and stop"
    )
    return parser.parse_args(arguments)


def read_request(options: argparse.Namespace) -> Request:
    """Check the options and fill in what depends on them."""
    module = options.module_name or ("nestmlmodule" if options.models else OWN_MODULE)
    if not re.fullmatch(r"[A-Za-z_]\w*module", module):
        raise BuildError(
            f"{module!r} cannot be a module name; choose a C++ name that ends in 'module'"
        )
    solver = options.numeric_solver or ("rk45" if options.models else "forward-Euler")
    return Request(
        models=find_models(options.models or [OWN_MODELS]),
        module=module,
        march=options.march,
        numeric_solver=solver,
        codegen_options=read_json(options.codegen_opts) if options.codegen_opts else {},
        install_dir=options.install_dir,
        build_dir=options.build_dir.resolve() if options.build_dir else None,
        stock_codegen=options.stock_codegen,
    )


def refuse_ranks() -> None:
    """Refuse to run as one of several MPI ranks, which NESTML's call of NEST does not survive."""
    for variable in RANK_COUNTS:
        if int(os.environ.get(variable, 1)) > 1:
            raise BuildError("build the module once, without mpirun, before the ranks start")


def explain_os_error(error: OSError, target: Path) -> str:
    """Say in a sentence which file could not be written, and what to do."""
    text = str(error)  # shutil.copytree collects several errors in one that has no number
    if any(os.strerror(number) in text for number in (errno.ENOSPC, errno.EDQUOT)):
        return full_disk()
    return (
        f"cannot build {target}, because of {error.filename or 'a file'}: "
        f"{error.strerror or text[:300]}; mend that, or choose other folders with --install-dir, "
        "--build-dir and TMPDIR"
    )


def make_module(options: argparse.Namespace) -> dict:
    """Install what the options ask for, unless it is there already, and return its record."""
    request = read_request(options)
    nest = find_nest(options.nest_config)
    nestml_folder()
    folder = target_folder(request, nest)
    target = folder / f"{request.module}.so"
    key = content_hash(request, nest)
    refuse_obstacle(target)
    with locked(target):
        record = None if options.force else read_record(target, key)
        is_new = record is None
        if is_new:
            try:
                record = install(request, nest, target, key)
            except OSError as error:
                raise BuildError(explain_os_error(error, target)) from error
    name, environment = how_to_load(target, nest)
    state = {"path": str(target), "built": is_new, "install": name, "environment": environment}
    return {**state, **record}


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let a signal end the build as Ctrl-C does: compilers stop and temporary files go."""

    def stop(number: int, _frame: object) -> None:
        raise KeyboardInterrupt(number)

    changed = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP, and so do we
                changed[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)


def main(arguments: list[str] | None = None) -> int:
    """Build, and say in one line what is installed or what went wrong."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == [NESTML_STEP]:
        end_with_parent()
        run_nestml(Path(arguments[1]))
        return 0
    options = parse_arguments(arguments)
    try:
        refuse_ranks()
        if options.show_install_dir:
            print(target_folder(read_request(options), find_nest(options.nest_config)))
            return 0
        with stopped_by_signals():
            record = make_module(options)
    except BuildError as error:
        report(str(error))
        return 1
    except KeyboardInterrupt as interrupt:
        report("stopped; a module that was installed before is still whole")
        return 128 + (interrupt.args[0] if interrupt.args else signal.SIGINT)
    if options.json:
        print(json.dumps(record, indent=2))
    else:
        report(
            f"{'built and loaded' if record['built'] else 'nothing to do for'} {record['module']}"
        )
        print(record["path"])
    for name, reason in record["stock_neurons"].items() if not options.stock_codegen else ():
        report(f"{name} gets stock code and no pooled nodes, because it {reason}")
    for variable, value in record["environment"].items():
        setting = f"export {variable}={shlex.quote(value)}"
        report(f"NEST does not look there by itself; set this first: {setting}")
    if record["install"] != record["module"]:
        report(
            f"NEST has another {record['module']} in its own folder; load this one with "
            f"nest.Install({record['install']!r})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
