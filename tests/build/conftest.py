# SPDX-License-Identifier: GPL-2.0-or-later
"""A module of one small neuron and one small synapse, built once, and the means to build more."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

BUILD_MODULE = Path(__file__).resolve().parents[2] / "build_module.py"

NEURON = """\
model tiny_neuron:
    state:
        V_m mV = -70 mV
        n integer = 0
    parameters:
        tau_a ms = 1 ms [[tau_a > 0 ms]]
        tau_b ms = 2 ms [[tau_a < tau_b]]
    input:
        spikes <- spike
    output:
        spike
    update:
        V_m += 0.1 mV
        n += 1
"""

SYNAPSE = """\
model tiny_synapse:
    state:
        x real = 1
    parameters:
        w real = 1 [[w > -100]]
        d ms = 1 ms
        tau_s ms = 5 ms [[tau_s > 0 ms]]
    input:
        pre_spikes <- spike
    output:
        spike
    onReceive(pre_spikes):
        emit_spike(w)
"""

SYNAPSE_OPTIONS = {
    "weight_variable": {"tiny_synapse": "w"},
    "delay_variable": {"tiny_synapse": "d"},
}


@dataclass(frozen=True)
class TinyModule:
    """A built module and the command that builds it.

    Attributes
    ----------
    folder
        Where the module was installed; NEST does not look there by itself.
    arguments
        Command line for build_module.py, without ``--json`` and ``--force``.
    record
        What ``--json`` printed.
    """

    folder: Path
    arguments: list[str]
    record: dict


def run_build(*arguments: object, **environment: str | None) -> subprocess.CompletedProcess:
    """Run build_module.py; an environment variable given as None is removed."""
    changed = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, BUILD_MODULE, *map(str, arguments)],
        env={name: value for name, value in changed.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def build() -> Callable[..., subprocess.CompletedProcess]:
    """Give `run_build`."""
    return run_build


@pytest.fixture
def neuron(tmp_path: Path) -> Path:
    """Write a model that compiles in seconds."""
    file = tmp_path / "tiny_neuron.nestml"
    file.write_text(NEURON)
    return file


@pytest.fixture(scope="session")
def tiny_module(tmp_path_factory: pytest.TempPathFactory) -> TinyModule:
    """Build the neuron and the synapse into a folder of their own."""
    folder = tmp_path_factory.mktemp("tiny module")
    (folder / "tiny_neuron.nestml").write_text(NEURON)
    (folder / "tiny_synapse.nestml").write_text(SYNAPSE)
    (folder / "options.json").write_text(json.dumps(SYNAPSE_OPTIONS))
    arguments = [
        *("--models", str(folder), "--module-name", "tinymodule"),
        *("--install-dir", str(folder / "installed"), "--numeric-solver", "forward-Euler"),
        *("--codegen-opts", str(folder / "options.json")),
    ]
    result = run_build(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return TinyModule(folder / "installed", arguments, json.loads(result.stdout))
