# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds that fail late, meet each other, are killed, or come in by another door."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import build_module

pytestmark = pytest.mark.slow

ROOT = Path(build_module.__file__).parent
EULER = ("--numeric-solver", "forward-Euler")


def start(arguments: list[str]) -> subprocess.Popen:
    """Start a build in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, ROOT / "build_module.py", *arguments, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def loads(fresh_python, folder: Path) -> bool:
    """Tell whether a bare process can use the neuron of ``tinymodule`` in this folder."""
    snippet = "import nest; nest.Install('tinymodule'); nest.Create('tiny_neuron')"
    return fresh_python(snippet, LD_LIBRARY_PATH=str(folder)).returncode == 0


def test_module_that_does_not_load_gives_the_missing_symbol(tmp_path, neuron, build):
    """A compiler that slips a call of an absent function into every file."""
    header = tmp_path / "absent.h"
    header.write_text(
        "#ifdef __cplusplus\nvoid absent_function();\n"
        "namespace { struct Caller { Caller() { absent_function(); } } caller; }\n#endif\n"
    )
    compiler = tmp_path / "compiler"
    real = shutil.which("g++") or shutil.which("c++")
    compiler.write_text(
        f'#!/bin/sh\ncase "$*" in *nestmlmodule.cpp*) exec {real} -include "{header}" "$@";; esac\n'
        f'exec {real} "$@"\n'
    )
    compiler.chmod(0o755)
    folder = tmp_path / "out"
    result = build("--models", neuron, *EULER, "--install-dir", folder, CXX=str(compiler))
    assert result.returncode == 1
    assert "compiled but does not load" in result.stderr
    assert "undefined symbol: absent_function()" in result.stderr
    assert not list(folder.glob("*.so"))


def test_pool_that_does_not_compile_costs_nobody_the_module(tmp_path, neuron, build, fresh_python):
    """A compiler that refuses the pooled code of one of two models; that one gets stock code."""
    other = tmp_path / "other_neuron.nestml"
    other.write_text(neuron.read_text().replace("tiny_neuron", "other_neuron"))
    real = build_module.find_compiler(build_module.find_nest(None))
    compiler = tmp_path / "compiler"
    compiler.write_text(
        '#!/bin/sh\nfor file; do case "$file" in *other_neuron.ii) [ "$1" = -E ] || '
        'grep -q "class PooledNode" "$file" && case "$*" in *" -c "*) '
        'echo "other_neuron.h:1:1: error: no pools today" >&2; exit 1;; esac;; esac; done\n'
        f'exec {real} "$@"\n'
    )
    compiler.chmod(0o755)
    arguments = ("--models", neuron, other, *EULER, "--install-dir", tmp_path / "out", "--json")
    result = build(*arguments, CXX=str(compiler))
    assert result.returncode == 0, result.stderr
    reason = "does not compile as a pool (no pools today)"
    assert json.loads(result.stdout)["stock_neurons"] == {"other_neuron": reason}
    assert f"other_neuron gets stock code and no pooled nodes, because it {reason}" in result.stderr
    script = """
    import nest
    nest.Install("nestmlmodule")
    for model in ("tiny_neuron", "other_neuron"):
        nest.Create(model)
    nest.Simulate(1.0)
    """
    assert fresh_python(script, LD_LIBRARY_PATH=str(tmp_path / "out")).returncode == 0


def test_changed_model_is_built_again(tmp_path, neuron, build, fresh_python):
    """The new module replaces the old one, and a second call has nothing to do."""
    folder = tmp_path / "out"
    arguments = ("--models", neuron, *EULER, "--install-dir", folder, "--json")
    first = json.loads(build(*arguments).stdout)
    neuron.write_text(neuron.read_text().replace("-70 mV", "-65 mV"))
    second = json.loads(build(*arguments).stdout)
    assert [first["built"], second["built"]] == [True, True]
    assert json.loads(build(*arguments).stdout)["built"] is False
    result = fresh_python(
        "import nest; nest.Install('nestmlmodule'); print(nest.Create('tiny_neuron').get('V_m'))",
        LD_LIBRARY_PATH=str(folder),
    )
    assert result.stdout.splitlines()[-1] == "-65.0"


def test_two_builds_at_once(tmp_path, neuron, fresh_python):
    """The second waits for the first and finds nothing left to do."""
    folder = tmp_path / "out"
    arguments = ["--models", str(neuron), *EULER, "--install-dir", str(folder)]
    arguments += ["--module-name", "tinymodule"]
    builds = [start(arguments) for _ in range(2)]
    outputs = [process.communicate() for process in builds]
    assert [process.returncode for process in builds] == [0, 0], outputs
    assert sorted(json.loads(output)["built"] for output, _ in outputs) == [False, True]
    assert loads(fresh_python, folder)


@pytest.mark.parametrize("delay", [0.5, 3.0, 6.0])
def test_killed_build_leaves_the_old_module(tiny_module, fresh_python, delay):
    """SIGKILL while NESTML or the compiler works: the module stays, and building goes on later."""
    library = tiny_module.folder / "tinymodule.so"
    before = build_module.hash_file(library)
    process = start([*tiny_module.arguments, "--force"])
    while not list(tiny_module.folder.glob(".tinymodule-*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert build_module.hash_file(library) == before
    assert loads(fresh_python, tiny_module.folder)
    again = start(tiny_module.arguments)
    output, errors = again.communicate()
    assert again.returncode == 0, errors
    assert json.loads(output)["built"] is False


def test_leftovers_of_a_killed_build_are_removed(tiny_module, build):
    """A later build tidies up behind a killed one."""
    leftover = tiny_module.folder / ".tinymodule-killed"
    leftover.mkdir()
    (leftover / "tinymodule.so").write_bytes(b"half a module")
    assert build(*tiny_module.arguments, "--force").returncode == 0
    assert not leftover.exists()


def has_gsl_headers() -> bool:
    """Tell whether the compiler finds GSL."""
    compiler = build_module.find_compiler(build_module.find_nest(None))
    probe = [compiler, "-fsyntax-only", "-x", "c++", "-"]
    return subprocess.run(probe, input="#include <gsl/gsl_odeiv.h>\n", text=True).returncode == 0


RK45_NEURON = """\
model decaying_neuron:
    state:
        y real = 1
    equations:
        y' = -y**2 / (1 ms)
    input:
        spikes <- spike
    output:
        spike
    update:
        integrate_odes()
"""


def test_users_model_is_solved_by_rk45(tmp_path, build, fresh_python):
    """From 1, y' = -y^2 gives 1 / (1 + t); the solver's default tolerance is 1e-6 a step."""
    if not has_gsl_headers():
        pytest.skip("needs GSL's headers (libgsl-dev)")
    file = tmp_path / "decaying_neuron.nestml"
    file.write_text(RK45_NEURON)
    folder = tmp_path / "out"
    result = build("--models", file, "--install-dir", folder)
    assert result.returncode == 0, result.stderr
    assert "decaying_neuron gets stock code" in result.stderr
    assert "because it is solved by rk45" in result.stderr
    check = fresh_python(
        "import nest; nest.Install('nestmlmodule'); n = nest.Create('decaying_neuron');"
        "nest.Simulate(3.0); print(n.get('y'))",
        LD_LIBRARY_PATH=str(folder),
    )
    # Euler's steps of 0.1 ms would be off by 0.01.
    assert float(check.stdout.splitlines()[-1]) == pytest.approx(0.25, abs=1e-4)


def test_cmake_builds_and_installs(tmp_path, neuron):
    """Configure, build, install under a prefix and with DESTDIR, and build again after a change."""
    clone = tmp_path / "a clone"
    (clone / "models").mkdir(parents=True)
    shutil.copy(neuron, clone / "models")
    for name in ("build_module.py", "CMakeLists.txt"):
        shutil.copy(ROOT / name, clone)
    shutil.copytree(ROOT / "nestml_templates", clone / "nestml_templates")
    cmake = build_module.find_tool("cmake", "cmake")

    def run(*arguments: object, **environment: str) -> str:
        command = [cmake, *map(str, arguments)]
        result = subprocess.run(
            command, cwd=clone, env={**os.environ, **environment}, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout + result.stderr

    python = f"-DPython3_EXECUTABLE={sys.executable}"
    run("-B", "build", python, f"-DCMAKE_INSTALL_PREFIX={tmp_path / 'prefix'}")
    assert "built and loaded" in run("--build", "build")
    assert "built and loaded" not in run("--build", "build")
    run("--install", "build")
    installed = tmp_path / "prefix" / "lib" / "nest" / "izhisynmodule.so"
    before = build_module.hash_file(installed)

    model = clone / "models" / neuron.name
    model.write_text(model.read_text().replace("-70 mV", "-65 mV"))
    assert "built and loaded" in run("--build", "build")
    run("--install", "build", DESTDIR=str(tmp_path / "package"))
    assert build_module.hash_file(installed) == before
    packaged = tmp_path / "package" / installed.relative_to("/")
    assert build_module.hash_file(packaged) != before
