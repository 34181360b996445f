#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compile NESTML models into a module of the NEST that this Python imports.

``python build_module.py`` turns ``models/`` into ``izhisynmodule`` and puts it where NEST looks, so
that ``nest.Install("izhisynmodule")`` works in every new process. It works with the PyPI wheel,
whose ``nest-config`` names folders of the machine that built it, as well as with a NEST from conda
or from source, with and without MPI. Run it once, outside ``mpirun``, before the ranks start.

The steps, in the order of this file: find NEST without importing it, compare a content hash with
the record beside the installed module, let NESTML generate code and compile it, or take both from
the cache where nothing has changed, load the result in a fresh interpreter, rename it into place,
load it once more by its bare name.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import functools
import hashlib
import importlib.metadata
import importlib.util
import io
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
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
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

# Words that NESTML takes as the name of a model, and C++ does not as that of a class.
KEYWORDS = frozenset(
    "alignas alignof and asm auto bitand bitor bool break case catch char class compl concept"
    " const consteval constexpr constinit continue decltype default delete do double else enum"
    " explicit export extern false float for friend goto if inline int long mutable namespace"
    " new noexcept not nullptr operator or private protected public register requires return"
    " short signed sizeof static struct switch template this throw true try typedef typeid"
    " typename union unsigned using virtual void volatile while xor".split()
)

# What NESTML's options may be, where it takes another value for one of these.
CODEGEN_CHOICES = {"solver": ("analytic", "numeric"), "numeric_solver": ("rk45", "forward-Euler")}

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
models = [*nest.node_models, *nest.synapse_models]
print({PROOF_MARK!r} + json.dumps([nest.__file__, build["version"], build["prefix"], models]))
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

RUN_STEP = "--run-step"
MISSING_PARTS = "izhisyn: missing in NESTML"
NAMES = "names.json"  # an entry of the cache has, beside the code, the names of the models in it
STOCK_MARK = re.compile(r"^// izhisyn: stock code, because (\w+) (.*)$", re.MULTILINE)
# Distributions whose version may change the code that NESTML generates.
USED_BY_NESTML = "odetoolbox sympy astropy jinja2 antlr4-python3-runtime".split()


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
        files = [path]
        if path.is_dir():
            files = sorted(file for file in path.rglob("*.nestml") if not file.is_dir())
        if not path.exists():
            raise BuildError(
                f"there is no file or folder {path}; name a NESTML file or a folder of them"
            )
        if not files:
            raise BuildError(f"there is no .nestml file in {path}; name a folder that has one")
        found.update(file.resolve() for file in files)
    return tuple(sorted(found))


def read_model(file: Path) -> str:
    """Read a NESTML file."""
    try:
        return file.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
    except UnicodeDecodeError as error:
        raise BuildError(f"{file} is not UTF-8 ({error}); store it as such") from error
    except OSError as error:
        raise BuildError(
            f"cannot read {file} ({error.strerror}); move it away, or mend its permissions"
        ) from error


def refuse_unusable_names(file: Path, names: list[str]) -> None:
    """Refuse a file without a model, and names that cannot be classes of C++."""
    if not names:
        raise BuildError(f"{file} has no model; a model begins with a line such as model NAME:")
    for name in names:
        if name in KEYWORDS:
            raise BuildError(f"{file}: {name} is a word of C++; give this model another name")


def check_codegen_options(options: dict, file: Path) -> None:
    """Refuse options whose form NESTML does not check, or of which it ignores a wrong value."""
    pairs = options.get("neuron_synapse_pairs", [])
    if not isinstance(pairs, list) or not all(map(is_pair, pairs)):
        example = {"neuron": "NEURON", "synapses": {"SYNAPSE": {"post_ports": ["PORT"]}}}
        raise BuildError(
            f"{file}: neuron_synapse_pairs must be a list of pairs such as {json.dumps(example)}, "
            f"not {json.dumps(pairs)}"
        )
    for key in ("weight_variable", "delay_variable"):
        chosen = options.get(key, {})
        is_table = isinstance(chosen, dict)
        if not is_table or not all(isinstance(name, str) for name in chosen.values()):
            raise BuildError(
                f'{file}: {key} must give each synapse a variable, such as {{"SYNAPSE": "w"}}, '
                f"not {json.dumps(chosen)}"
            )
    for key, known in CODEGEN_CHOICES.items():
        if key in options and options[key] not in known:
            raise BuildError(f"{file}: {key} must be {' or '.join(known)}, not {options[key]!r}")


def is_pair(pair: object) -> bool:
    """Find whether a pair of the code-generation options names a neuron, and ports of synapses."""
    if not isinstance(pair, dict):
        return False
    synapses = pair.get("synapses")
    names_both = isinstance(pair.get("neuron"), str) and isinstance(synapses, dict)
    return names_both and all(isinstance(ports, dict) for ports in synapses.values())


def model_names(source: str) -> list[str]:
    """Read the names of the models from their ``model NAME:`` lines."""
    return re.findall(r"^model\s+(\w+)\s*:", source, re.MULTILINE)


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
    listing = run_program(
        [find_tool("readelf", "binutils"), "-d", library], env={"LC_ALL": "C"}
    ).stdout
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
    files = [Path(__file__).resolve(), nest.kernel, nest.headers / "config.h", *own_templates()]
    facts = {
        "models": [without_comments(read_model(file)) for file in request.models],
        "files": [hash_file(file) for file in files],
        "generator": generator_hash(),
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
    return hash_json(facts)


def generator_hash() -> str:
    """Hash what makes C++ code of models: our templates and printers, NESTML and what it uses.

    Our headers are no part of that; the preprocessor puts them into what gets compiled.
    """
    own = [file for file in own_templates() if file.suffix in (".py", ".jinja2")]
    nestml = nestml_folder()
    theirs = sorted(file for file in nestml.rglob("*") if file.suffix in (".py", ".jinja2"))
    files = [str(file.relative_to(OWN_TEMPLATES)) for file in own]
    files += [str(file.relative_to(nestml)) for file in theirs]
    hashes = [hash_file(file) for file in own + theirs]
    versions = [installed_version(name) for name in ("nestml", *USED_BY_NESTML)]
    return hash_json([files, hashes, versions, platform.python_version()])


def installed_version(distribution: str) -> str | None:
    """Give the version of a distribution, or None if it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def source_hash(request: Request) -> str:
    """Hash what the module is made from, whatever it is made with.

    It says whether a module that was compiled elsewhere has the models that are here.
    """
    files = [*request.models, Path(__file__).resolve(), *own_templates()]
    return hash_json([(file.name, hash_file(file)) for file in files])


def own_templates() -> list[Path]:
    """List our templates, headers and printers; a page about them is none of these."""
    files = (file for file in sorted(OWN_TEMPLATES.rglob("*")) if file.is_file())
    return [file for file in files if file.suffix not in (".md", ".pyc")]


def nestml_folder() -> Path:
    """Find the installed NESTML without importing it."""
    spec = importlib.util.find_spec("pynestml")
    if spec is None or spec.origin is None:
        missing = {
            "NESTML": True,
            "Boost's headers": boost_include() is None and not Path("/usr/include/boost").is_dir(),
        }
        raise BuildError(
            f"building models needs {' and '.join(name for name in missing if missing[name])}, "
            f"which {sys.executable} does not have; pip install 'izhisyn[build]', or beside a NEST "
            "that is not from pip: pip install nestml==9.0.0 boost-headers"
        )
    return Path(spec.origin).resolve().parent


def stock_templates(nestml: Path) -> Path:
    """Locate the templates for NEST point neurons that NESTML brings."""
    return nestml / "codegeneration" / "resources_nest" / "point_neuron"


def processor_features() -> str:
    """List the instruction sets of this machine's processor, as Linux names them."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


# The cache: generated code and objects of earlier builds


class Cache:
    """Files of earlier builds, by a hash of all that they depend on.

    An entry that is damaged, or cannot be read or written, is as good as none. The folder belongs
    to this user alone, because what lies there will run.

    Parameters
    ----------
    folder
        Where the entries are; None for a cache that keeps nothing.
    reads
        Whether to give what is there; entries are written in any case.
    limit
        Size of the folder [bytes] above which the entries go that were not used for longest.
    """

    LIMIT = 256 * 2**20  # some hundred builds of our models

    def __init__(self, folder: Path | None, reads: bool = True, limit: int = LIMIT) -> None:
        self.folder, self.reads, self.limit = folder, reads, limit

    def get(self, key: str) -> dict[str, bytes] | None:
        """Give the files of an entry, or None."""
        if self.folder is None or not self.reads:
            return None
        file = self.folder / key
        try:
            if not belongs_to_this_user_alone(self.folder):
                return None
            content = file.read_bytes()
            digest, packed = content[:32], content[32:]
            if hashlib.sha256(packed).digest() != digest:
                return None
            with zipfile.ZipFile(io.BytesIO(packed)) as archive:
                files = {name: archive.read(name) for name in archive.namelist()}
            os.utime(file)
        except (OSError, zipfile.BadZipFile):
            return None
        return files

    def put(self, key: str, files: dict[str, bytes]) -> None:
        """Keep the files of an entry, if that is possible."""
        if self.folder is None:
            return
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not belongs_to_this_user_alone(self.folder):
                return
            # One writes at a time: a file of this name is left over from a build that was killed.
            unfinished = self.folder / "unfinished"
            with (self.folder / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                try:
                    unfinished.write_bytes(
                        hashlib.sha256(packed.getvalue()).digest() + packed.getvalue()
                    )
                    os.replace(unfinished, self.folder / key)
                finally:
                    unfinished.unlink(missing_ok=True)
                self.remove_oldest()

    def remove_oldest(self) -> None:
        """Bound the size of the folder; needs the lock."""
        files = [(file, file.stat()) for file in self.folder.iterdir() if file.name != "lock"]
        files.sort(key=lambda each: -each[1].st_mtime)
        size = 0
        for file, status in files:
            size += status.st_size
            if size > self.limit:
                file.unlink(missing_ok=True)


def cache_folder() -> Path | None:
    """Find the folder of the cache below the user's own for caches."""
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (chosen if chosen.is_absolute() else Path.home() / ".cache") / "izhisyn" / "build"
    except RuntimeError:  # a user without a home
        return None


def belongs_to_this_user_alone(folder: Path) -> bool:
    """Find whether nobody else may write into a folder."""
    return is_own_folder(folder) and not folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)


# Generating and compiling


@dataclass(frozen=True)
class Toolchain:
    """The compiler of one build and the flags it gets.

    Attributes
    ----------
    compiler
        Path of the C++ compiler.
    flags
        Flags for compiling; linking gets none of them, see `find_toolchain`.
    headers
        Flags that name folders with headers, ours and NEST's first.
    """

    compiler: str
    flags: tuple[str, ...]
    headers: tuple[str, ...]


def find_toolchain(request: Request, nest: Nest, folder: Path) -> Toolchain:
    """Choose compiler, flags and folders with headers for modules of this NEST.

    NEST's headers open parallel regions and ask for the thread's number, so that code compiled
    without -fopenmp would register its synapses for the first thread alone. Only the compiler gets
    the flag: the module must use the OpenMP runtime that NEST has loaded, not bring a second one.
    It is linked with no libraries: NEST has loaded all that it needs before it opens a module.
    """
    compiler = find_compiler(nest)
    theirs = shlex.split(nest.ask("--cflags"))
    needed = dynamic_entries(nest.kernel, "NEEDED")
    standard = [flag for flag in theirs if flag.startswith("-std=")] or ["-std=c++20"]
    defined = [flag for flag in theirs if flag.startswith("-D") and flag != "-DNDEBUG"]
    has_openmp = "-fopenmp" in theirs or any("omp" in library for library in needed)
    is_clang = "clang" in run_program([compiler, "--version"], check=False).stdout
    flags = (
        *standard,
        *defined,
        f"-D_GLIBCXX_USE_CXX11_ABI={uses_cxx11_abi(nest.kernel):d}",
        "-fopenmp" if has_openmp else "-fopenmp-simd",
        "-fPIC",
        *OPTIMISATION,
        *(() if request.march == "none" else (f"-march={request.march}",)),
        *(() if is_clang else GCC_ONLY),
    )

    asked = (
        Path(flag[2:]) for flag in shlex.split(nest.ask("--includes")) if flag.startswith("-I")
    )
    includes = dict.fromkeys([nest.headers, *(folder for folder in asked if folder.is_dir())])
    headers = [f"-I{include}" for include in (OWN_TEMPLATES, *includes)]
    if boost := boost_include():
        headers += ["-isystem", str(boost)]
    stand_ins = folder / "stand-ins"
    stand_ins.mkdir()
    (stand_ins / "ltdl.h").write_text(LTDL_STAND_IN)
    headers += ["-idirafter", str(stand_ins)]  # the system's own ltdl.h wins where there is one
    return Toolchain(compiler, flags, tuple(headers))


def find_tool(name: str, package: str) -> str:
    """Find a program in the interpreter's own folder or in PATH."""
    path = shutil.which(name, path=tool_path())
    if path is None:
        raise BuildError(
            f"there is no {name} in PATH; install {package}, for instance: apt install {package}"
        )
    return path


def tool_path() -> str:
    """PATH with the scripts folder of this interpreter in front, where pip puts programs."""
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


def check_compiler(request: Request, toolchain: Toolchain, folder: Path) -> bool:
    """Try flags and headers before the minutes of generating, and say whether GSL is there."""

    def complaint(source: str, mode: str, output: str = os.devnull) -> str:
        (folder / "probe.cpp").write_text(source)
        flags = [*toolchain.flags, *toolchain.headers]
        command = [toolchain.compiler, *flags, mode, "probe.cpp", "-o", output]
        result = run_program(command, env={**os.environ, "LC_ALL": "C"}, cwd=folder, check=False)
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


@dataclass(frozen=True)
class Unit:
    """Models that NESTML has to see together: those of a file, and of files that form pairs.

    Attributes
    ----------
    sources
        NESTML sources by their files. What was read decides, even if a file changes now.
    options
        Code-generation options for NESTML.
    stock_reason
        Why its neurons are to have stock code although they may fit into pools; empty if not so.
    """

    sources: dict[Path, str]
    options: dict
    stock_reason: str = ""

    def files(self) -> dict[str, Path]:
        """Give the file of each model."""
        return {name: file for file, text in self.sources.items() for name in model_names(text)}

    def key(self, nest: Nest, tools: str) -> str:
        """Hash all that the generated code depends on."""
        sources = [without_comments(text) for text in self.sources.values()]
        return hash_json([sources, self.options, self.stock_reason, nest.version, tools])


@dataclass(frozen=True)
class Code:
    """What NESTML has made of a unit.

    Attributes
    ----------
    sources
        Files to compile.
    neurons, synapses
        Names of the models in them.
    stock_neurons
        The neurons without pooled nodes, each with the reason.
    """

    sources: list[Path]
    neurons: list[str]
    synapses: list[str]
    stock_neurons: dict[str, str]

    def is_pooled(self) -> bool:
        """Find whether any neuron is pooled."""
        return len(self.stock_neurons) < len(self.neurons)


def split_into_units(request: Request) -> list[Unit]:
    """Put each file into a unit of its own, but files whose models form pairs into one."""
    asked = "was to have it (--stock-codegen)" if request.stock_codegen else ""
    options = {"numeric_solver": request.numeric_solver, **request.codegen_options}
    pairs = options.pop("neuron_synapse_pairs", [])
    sources = {file: read_model(file) for file in request.models}
    units = [Unit({file: text}, options, asked) for file, text in sources.items()]
    files: dict[str, Path] = {}
    for unit in units:
        for file, text in unit.sources.items():
            refuse_unusable_names(file, model_names(text))
        for name, file in unit.files().items():
            if name in files:
                raise BuildError(f"{files[name]} and {file} both have a model {name}; rename one")
            files[name] = file
    for pair in pairs:
        words = set(re.findall(r"\w+", json.dumps(pair)))
        # What NESTML has to say about a pair of unknown models, it says with any unit.
        joined = [unit for unit in units if words & unit.files().keys()] or units[:1]
        known = [each for unit in joined for each in unit.options.get("neuron_synapse_pairs", [])]
        together = {file: text for unit in joined for file, text in unit.sources.items()}
        units = [unit for unit in units if unit not in joined]
        paired = {**options, "neuron_synapse_pairs": [*known, pair]}
        units.append(Unit(dict(sorted(together.items())), paired, asked))
    return units


def without_comments(source: str) -> str:
    """Give a NESTML source without comments and empty lines, with the same tokens."""
    parts = re.findall(r'"[^"\n]*"|#[^\n]*|[^"#]+|"', source)
    kept = "".join(part for part in parts if not part.startswith("#"))
    return "".join(f"{line.rstrip()}\n" for line in kept.splitlines() if line.strip())


@dataclass(frozen=True)
class Built:
    """A compiled module.

    Attributes
    ----------
    module, toolchain
        The file, and what it was compiled with.
    stock_neurons
        The neurons without pooled nodes, each with the reason.
    generated, compiled
        Models and C++ files that were not in the cache.
    """

    module: Path
    toolchain: Toolchain
    stock_neurons: dict[str, str] = field(default_factory=dict)
    generated: list[str] = field(default_factory=list)
    compiled: list[str] = field(default_factory=list)


def build(request: Request, nest: Nest, folder: Path, cache: Cache | None = None) -> Built:
    """Generate and compile the module below ``folder``, an empty one, with what the cache has.

    A neuron whose pooled code does not compile gets stock code.
    """
    workshop = Workshop(request, nest, folder, cache or Cache(None))
    units = split_into_units(request)
    codes = workshop.generate(units)
    names = sorted(name for code in codes for name in (*code.neurons, *code.synapses))
    # Another module must not have their names, so that both can be installed.
    connects_pools = request.module == OWN_MODULE and any(code.is_pooled() for code in codes)
    own = [workshop.write_module(names, connects_pools)]
    if connects_pools:
        own.append(OWN_TEMPLATES / "pooled" / "pooled_connections.cpp")
    results = workshop.compile([*own, *(source for code in codes for source in code.sources)])
    again = {}
    for number, code in enumerate(codes):
        # Stock code that does not compile would not do so either the next time.
        pooled = [source for source in code.sources if source.stem not in code.stock_neurons]
        complaints = [log for source in pooled if isinstance(log := results[source], str)]
        if complaints and code.is_pooled():
            reason = f"does not compile as a pool ({first_error(complaints[0])})"
            again[number] = replace(units[number], stock_reason=reason)
    if again:
        for number, code in zip(again, workshop.generate(list(again.values())), strict=True):
            codes[number] = code
        results |= workshop.compile([source for n in again for source in codes[n].sources])
    if complaints := [result for result in results.values() if isinstance(result, str)]:
        weights = request.codegen_options.get("weight_variable")
        raise BuildError(explain_failure("\n".join(complaints), weights))
    return Built(
        module=workshop.link(list(results.values())),
        toolchain=workshop.toolchain,
        stock_neurons={n: why for code in codes for n, why in code.stock_neurons.items()},
        generated=sorted(workshop.generated),
        compiled=sorted(workshop.compiled),
    )


def module_code(module: str, names: list[str]) -> str:
    """Write the C++ code of a module that registers models by functions of these names."""
    declared = "\n".join(f"void register_{name}( const std::string& name );" for name in names)
    calls = "\n".join(f'    register_{name}( "{name}" );' for name in names)
    return f"""\
// Generated by izhisyn; licence: GPL-2.0-or-later.
#include <string>

#include "nest_extension_interface.h"

{declared}

class {module} : public nest::NESTExtensionInterface
{{
public:
  void
  initialize() override
  {{
{calls}
  }}
}};

{module} {module}_LTX_module;
"""


class Workshop:
    """Generates and compiles in one folder what is not in the cache, and knows what that was."""

    def __init__(self, request: Request, nest: Nest, folder: Path, cache: Cache) -> None:
        self.nest, self.folder, self.cache = nest, folder, cache
        self.toolchain = find_toolchain(request, nest, folder)
        self.has_gsl = check_compiler(request, self.toolchain, folder)
        self.code = request.build_dir or folder / "code"
        self.code.mkdir(parents=True, exist_ok=True)
        self.module = folder / f"{request.module}.so"
        self.templates = folder / "templates"
        self.steps = 0
        self.generated: list[str] = []
        self.compiled: list[str] = []

    def step_folder(self) -> Path:
        """Make a new folder for the files of one step."""
        self.steps += 1
        folder = self.folder / f"step{self.steps}"
        folder.mkdir()
        return folder

    # Code

    def generate(self, units: list[Unit]) -> list[Code]:
        """Give the code of all units, and write it into the folder for code."""
        tools = generator_hash()
        keys = [unit.key(self.nest, tools) for unit in units]
        found = [self.cache.get(key) for key in keys]
        missing = [unit for unit, files in zip(units, found, strict=True) if files is None]
        made = iter(self.run_nestml(missing) if missing else [])
        # Somebody may have changed a template meanwhile.
        is_as_hashed = not missing or generator_hash() == tools
        codes = []
        for key, files in zip(keys, found, strict=True):
            if files is None:
                files = next(made)
                if is_as_hashed:
                    self.cache.put(key, files)
            codes.append(self.write(files))
        return codes

    def write(self, files: dict[str, bytes]) -> Code:
        """Write what NESTML has made, and read from the headers which neurons are not pooled."""
        names = json.loads(files[NAMES])
        paths = {self.code / name: text for name, text in files.items() if name != NAMES}
        for path, text in paths.items():
            path.write_bytes(text)
        headers = b"\n".join(text for path, text in paths.items() if path.suffix == ".h")
        sources = [path for path in paths if path.suffix == ".cpp"]
        return Code(sources, **names, stock_neurons=dict(STOCK_MARK.findall(headers.decode())))

    def write_module(self, names: list[str], connects_pools: bool) -> Path:
        """Write the code that registers models, and what connects pooled neurons."""
        file = self.code / f"{self.module.stem}.cpp"
        names = [*names, "pooled_connections"] if connects_pools else names
        file.write_text(module_code(self.module.stem, names))
        return file

    def run_nestml(self, units: list[Unit]) -> list[dict[str, bytes]]:
        """Let NESTML generate the code of these units, in processes of their own."""
        names = sorted(name for unit in units for name in unit.files())
        self.generated += names
        show_progress(f"generating code for {', '.join(names)}")
        folder = self.step_folder()
        if not self.templates.exists():
            assemble_templates(self.templates)
        templates = {
            "path": str(self.templates),
            "model_templates": {
                "neuron": ["@NEURON_NAME@.cpp.jinja2", "@NEURON_NAME@.h.jinja2"],
                "synapse": ["@SYNAPSE_NAME@.cpp.jinja2", "@SYNAPSE_NAME@.h.jinja2"],
            },
            "module_templates": [],
        }
        step = {
            "missing_solver": "" if self.has_gsl else MISSING_HEADERS["gsl/"],
            "nest_version": "main" if "dev" in self.nest.version else f"v{self.nest.version}",
            "at_once": processors(),
            "units": [
                {
                    "sources": [[str(file), text] for file, text in unit.sources.items()],
                    "models": {name: str(file) for name, file in unit.files().items()},
                    "folder": str(folder / str(number)),
                    "options": {**unit.options, "templates": templates},
                    "stock_reason": unit.stock_reason,
                }
                for number, unit in enumerate(units)
            ],
        }
        (folder / "step.json").write_text(json.dumps(step))
        command = [sys.executable, str(OWN_TEMPLATES / "generate.py"), str(folder / "step.json")]
        [result] = self.run_all([command])
        outcomes = [
            read_json(file) if (file := folder / str(number) / "result.json").exists() else {}
            for number in range(len(units))
        ]
        if MISSING_PARTS in result.stderr:
            missing = result.stderr.partition(MISSING_PARTS)[2].split("\n")
        else:
            missing = [text for outcome in outcomes for text in outcome.get("missing", [])]
        if missing := [text for text in dict.fromkeys(missing) if text]:
            raise BuildError(explain_missing(missing))
        errors = [error for outcome in outcomes for error in outcome.get("errors", [])]
        if errors:
            lines = "\n  ".join(dict.fromkeys(errors))
            raise BuildError(f"NESTML refuses the models:\n  {lines}")
        if result.returncode != 0:
            raise BuildError(explain_failure(result.stdout + result.stderr))
        found = []
        for number, outcome in enumerate(outcomes):
            code = sorted((folder / str(number) / "code").iterdir())
            names = {kind: outcome[kind] for kind in ("neurons", "synapses")}
            files = {file.name: file.read_bytes() for file in code if file.is_file()}
            found.append({NAMES: json.dumps(names).encode(), **files})
        return found

    # Objects

    def compile(self, sources: list[Path]) -> dict[Path, Path | str]:
        """Give for each source its object file, or what the compiler has to say against it.

        What the preprocessor makes of a source has in it all that the object depends on, but for
        the compiler and its flags; and that is what gets compiled.
        """
        folder = self.step_folder()
        tools = self.toolchain
        texts = {source: folder / f"{source.stem}.ii" for source in sources}
        command = [tools.compiler, *tools.flags, *tools.headers, "-E"]
        steps = [
            # The compiler's messages name a file as it is given.
            [*command, source.name if source.parent == self.code else str(source), "-o", str(text)]
            for source, text in texts.items()
        ]
        for result in self.run_all(steps):
            if result.returncode != 0:
                raise BuildError(explain_failure(result.stderr))
        keys = {
            source: hash_json([self.compiler_hash, hash_preprocessed(text.read_bytes())])
            for source, text in texts.items()
        }
        results: dict[Path, Path | str] = {source: folder / f"{source.stem}.o" for source in texts}
        missing = []
        for source, key in keys.items():
            if found := self.cache.get(key):
                results[source].write_bytes(found["object"])
            else:
                missing.append(source)
        if missing:
            names = [source.name for source in missing]
            self.compiled += names
            show_progress(f"compiling {', '.join(names)}")
        # The longest first, so that no processor waits long at the end.
        missing.sort(key=lambda source: -texts[source].stat().st_size)
        command = [tools.compiler, *tools.flags, "-c"]
        steps = [[*command, str(texts[source]), "-o", str(results[source])] for source in missing]
        for source, done in zip(missing, self.run_all(steps), strict=True):
            if done.returncode == 0:
                self.cache.put(keys[source], {"object": results[source].read_bytes()})
            else:
                results[source] = done.stdout + done.stderr
        return results

    @functools.cached_property
    def compiler_hash(self) -> str:
        """Hash the compiler and its flags, with what -march=native means on this machine."""
        tools = self.toolchain
        (self.folder / "probe.cpp").touch()
        spelt_out = run_program(
            [tools.compiler, *tools.flags, "-###", "-S", "probe.cpp", "-o", "probe.s"],
            env={**os.environ, "LC_ALL": "C"},
            cwd=self.folder,
        ).stderr.replace(str(self.folder), "")
        assembler = run_program([tools.compiler, "-print-prog-name=as"]).stdout.strip()
        version = run_program([assembler, "--version"], check=False).stdout
        return hash_json([hash_file(Path(tools.compiler)), tools.flags, spelt_out, version])

    def link(self, objects: list[Path]) -> Path:
        """Link the module."""
        command = [self.toolchain.compiler, "-shared", *map(str, objects), "-o", str(self.module)]
        [result] = self.run_all([command])
        if result.returncode != 0:
            raise BuildError(explain_failure(result.stdout + result.stderr))
        return self.module

    def run_all(self, commands: list[list[str]]) -> list[subprocess.CompletedProcess]:
        """Run commands in the folder for code, several at once; end them all if this one ends."""
        if not commands:
            return []
        step = {"commands": commands, "folder": str(self.code), "at_once": processors()}
        file = self.step_folder() / "commands.json"
        file.write_text(json.dumps(step))
        environment = {**os.environ, "PATH": tool_path(), "TMPDIR": str(self.folder)}
        environment["LC_ALL"] = "C.UTF-8"  # `explain_failure` reads English
        environment["PYTHONDONTWRITEBYTECODE"] = "1"  # our templates may lie in a clone
        environment["PYTHONHASHSEED"] = "0"  # NESTML prints some sets in the order of their hashes
        command = [sys.executable, Path(__file__).resolve(), RUN_STEP, file]
        result = run_in_session(command, env=environment, cwd=self.folder)
        if result.returncode != 0:
            raise BuildError(explain_failure(result.stdout + result.stderr))
        return [
            subprocess.CompletedProcess(command, *outcome)
            for command, outcome in zip(commands, json.loads(result.stdout), strict=True)
        ]


def run_step(file: Path) -> None:
    """Run the commands of a step, several at once, and print how they ended."""
    step = read_json(file)

    def outcome(command: list[str]) -> list:
        result = subprocess.run(
            command, cwd=step["folder"], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        return [result.returncode, result.stdout, result.stderr]

    with ThreadPoolExecutor(step["at_once"]) as pool:
        print(json.dumps(list(pool.map(outcome, step["commands"]))))


def hash_preprocessed(text: bytes) -> str:
    """Hash what the preprocessor has left of a source, but for the places where it found it."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith(b"# "))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0))


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


def assemble_templates(folder: Path) -> None:
    """Lay our templates over a copy of NESTML's: its option takes a single root.

    What ours have replaced is in a second copy, for them to include.
    """
    stock = stock_templates(nestml_folder())
    shutil.copytree(stock, folder)
    shutil.copytree(stock, folder / "nestml")
    shutil.copytree(OWN_TEMPLATES, folder, dirs_exist_ok=True)


def explain_missing(parts: list[str]) -> str:
    """Say what the installed NESTML lacks, all at once."""
    lines = "\n  ".join(parts)
    return (
        f"NESTML {installed_version('nestml')} lacks what izhisyn's templates rely on; "
        f"pip install nestml==9.0.0, or adapt nestml_templates to it:\n  {lines}"
    )


def first_error(log: str) -> str:
    """Give the compiler's first complaint without the place."""
    line = next((text for text in log.splitlines() if "error: " in text), log.strip())
    return line.partition("error: ")[2].strip()[:200] or "it gives no reason"


def explain_failure(log: str, weights: dict[str, str] | None = None) -> str:
    """Say in a sentence why generating or compiling failed, with the end of its log.

    `weights` are the variables that the user has named as weights of synapses.
    """
    if missing := re.search(r"fatal error: (\S+): No such file", log):
        for start, remedy in MISSING_HEADERS.items():
            if missing[1].startswith(start):
                return f"the compiler cannot find {missing[1]}, one of {remedy}"
    if os.strerror(errno.ENOSPC) in log:
        return full_disk()
    if weightless := re.search(r"class nest::(\w+)::.*\bset_weight\b", log):
        synapse = weightless[1].partition("__with_")[0]
        if chosen := (weights or {}).get(synapse):
            return (
                f"{synapse} has no variable {chosen}, which weight_variable in --codegen-opts "
                "names as its weight; name one of its parameters or state variables"
            )
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


def install(request: Request, nest: Nest, target: Path, key: str, cache: Cache) -> dict:
    """Build the module aside, prove that it loads, and rename it to ``target``."""
    started = time.monotonic()
    environment, models_of_nest = bare_environment(nest)
    refuse_names_of_nest(request, models_of_nest)
    with temporary_folder() as folder, staging_folder(target) as stage:
        built = build(request, nest, folder, cache)
        staged = stage / target.name
        shutil.copyfile(built.module, staged)
        proof = load(str(staged.with_suffix("")), environment, library=staged)
        check_models(request, proof["models"])
        record = {
            "module": request.module,
            "nest_version": nest.version,
            "nest_prefix": str(nest.prefix),
            "compiler": built.toolchain.compiler,
            "flags": list(built.toolchain.flags),
            "models": proof["models"],
            "stock_neurons": built.stock_neurons,
            "generated": built.generated,
            "compiled": built.compiled,
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
    result = run_program(
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
    names = [name for file in request.models for name in model_names(read_model(file))]
    for name in names:
        if not any(known == name or known.startswith(f"{name}__with_") for known in registered):
            raise BuildError(f"the module does not register {name}, only {', '.join(registered)}")


def bare_environment(nest: Nest) -> tuple[dict[str, str], list[str]]:
    """Give the smallest environment in which this interpreter imports this NEST, and its models.

    It is usually none. Open MPI wants PATH; a NEST from source may need PYTHONPATH, its libraries
    LD_LIBRARY_PATH.
    """
    path = {"PATH": os.environ.get("PATH", os.defpath)}
    for environment in ({}, path, dict(os.environ)):
        result = run_program([sys.executable, "-c", PROBE], env=environment, cwd="/", check=False)
        if result.returncode == 0:
            file, version, prefix, models = marked_line(result)
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
    return environment, models


def refuse_names_of_nest(request: Request, taken: list[str]) -> None:
    """Refuse models that NEST has, too; synapses of a pair get other names."""
    pairs = request.codegen_options.get("neuron_synapse_pairs", [])
    paired = {name for pair in pairs for name in pair["synapses"]}
    for file in request.models:
        for name in model_names(read_model(file)):
            if name in taken and name not in paired:
                raise BuildError(
                    f"{file}: NEST has a model {name} of its own; give this one another name"
                )


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
            show_progress(f"waiting for another build of {target}")
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
    expected = {"content_hash": key, "library_hash": hash_file(target)}
    return record if expected.items() <= record.items() else None


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


def hash_json(facts: object) -> str:
    """Hash what can be written as JSON."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


# The command line


def run_program(command: list, *, env=None, cwd=None, check=True) -> subprocess.CompletedProcess:
    """Run a program and keep what it writes."""
    return subprocess.run(
        [os.fspath(part) for part in command],
        env=env,
        cwd=cwd,
        check=check,
        capture_output=True,
        text=True,
    )


def show_progress(sentence: str) -> None:
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
        help="no pooled nodes: for every neuron a node of NESTML's own, mended only where it keeps "
        "values that it has refused, shows internals as if they could be set, or gives receptors "
        "other numbers than Connect (for comparison)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="build everything anew, even what has not changed",
    )
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
    codegen_options = read_json(options.codegen_opts) if options.codegen_opts else {}
    check_codegen_options(codegen_options, options.codegen_opts)
    solver = options.numeric_solver or ("rk45" if options.models else "forward-Euler")
    return Request(
        models=find_models(options.models or [OWN_MODELS]),
        module=module,
        march=options.march,
        numeric_solver=solver,
        codegen_options=codegen_options,
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
                cache = Cache(cache_folder(), reads=not options.force)
                record = install(request, nest, target, key, cache)
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
    if arguments[:1] == [RUN_STEP]:
        end_with_parent()
        run_step(Path(arguments[1]))
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
        show_progress(str(error))
        return 1
    except KeyboardInterrupt as interrupt:
        show_progress("stopped; a module that was installed before is still whole")
        return 128 + (interrupt.args[0] if interrupt.args else signal.SIGINT)
    if options.json:
        print(json.dumps(record, indent=2))
    else:
        show_progress(
            f"{'built and loaded' if record['built'] else 'nothing to do for'} {record['module']}"
        )
        print(record["path"])
    for name, reason in record["stock_neurons"].items() if not options.stock_codegen else ():
        show_progress(f"{name} gets stock code and no pooled nodes, because it {reason}")
    for variable, value in record["environment"].items():
        setting = f"export {variable}={shlex.quote(value)}"
        show_progress(f"NEST does not look there by itself; set this first: {setting}")
    if record["install"] != record["module"]:
        show_progress(
            f"NEST has another {record['module']} in its own folder; load this one with "
            f"nest.Install({record['install']!r})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
