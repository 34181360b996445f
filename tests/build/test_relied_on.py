# SPDX-License-Identifier: GPL-2.0-or-later
"""All of NESTML that we rely on is there; what another release lacks is listed, and all at once."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import build_module

ROOT = Path(build_module.__file__).parent
TEMPLATES = ROOT / "nestml_templates"

NEURON = """\
model some_neuron:
    state:
        V_m mV = -70 mV
    parameters:
        tau_a ms = 1 ms [[tau_a > 0 ms]]
        count integer = 1
    internals:
        half real = 0.5
        start mV = V_m
        min_weight_first real = 0
    input:
        first <- spike
        second <- spike
    output:
        spike
    update:
        V_m += half * 1 mV
    onCondition(V_m > 0 mV):
        emit_spike()
"""


def generate(folder: Path, nestml: Path | None = None) -> tuple[subprocess.CompletedProcess, dict]:
    """Generate code of a neuron and a synapse for which every template of ours has work to do.

    Returns
    -------
    tuple
        The process, and of both models what was expected and what was missing.
    """
    build_module.assemble_templates(folder / "templates")
    templates = {
        "path": str(folder / "templates"),
        "model_templates": {
            "neuron": ["@NEURON_NAME@.cpp.jinja2", "@NEURON_NAME@.h.jinja2"],
            "synapse": ["@SYNAPSE_NAME@.cpp.jinja2", "@SYNAPSE_NAME@.h.jinja2"],
        },
        "module_templates": [],
    }
    synapse = (ROOT / "models" / "gliotransmission_synapse.nestml").read_text()
    units = [
        {
            "sources": [[f"{name}.nestml", text]],
            "models": {name: f"{name}.nestml"},
            "folder": str(folder / name),
            "options": {"numeric_solver": "forward-Euler", "templates": templates},
            "stock_reason": "is to have it",
        }
        for name, text in (("some_neuron", NEURON), ("gliotransmission_synapse", synapse))
    ]
    step = {"missing_solver": "", "nest_version": "v3.10.0", "at_once": 2, "units": units}
    (folder / "step.json").write_text(json.dumps(step))
    process = subprocess.run(
        [sys.executable, TEMPLATES / "generate.py", folder / "step.json"],
        env={**os.environ, "PYTHONPATH": str(nestml or ""), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    facts = {"expected": [], "missing": [], "errors": []}
    for unit in units:
        file = Path(unit["folder"]) / "result.json"
        result = json.loads(file.read_text()) if file.exists() else {}
        for kind, found in facts.items():
            found += result.get(kind, [])
    return process, facts


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    """Generate with the installed NESTML."""
    process, facts = generate(tmp_path_factory.mktemp("intact"))
    assert process.returncode == 0, process.stderr
    return facts


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """Copy the installed NESTML, for a test to damage; this process finds it there, too."""
    installed = build_module.nestml_folder()
    shutil.copytree(installed, tmp_path / "copy" / "pynestml")
    monkeypatch.setattr(build_module, "nestml_folder", lambda: tmp_path / "copy" / "pynestml")
    return tmp_path / "copy"


def test_nothing_is_missing(intact):
    """And every text that the templates replace was looked for, in one model or the other."""
    assert intact["errors"] == []
    assert intact["missing"] == []
    calls = sum(
        len(re.findall(r"= replace_\w+\(|\{\{ replace_\w+\(", file.read_text()))
        for file in TEMPLATES.rglob("*.jinja2")
        if file.name != "Rewriting.jinja2"
    )
    assert calls > 20
    assert len({tuple(each) for each in intact["expected"]}) >= calls


def test_all_missing_texts_are_listed_at_once(tmp_path, copy, intact):
    """NESTML with other words: one of each text is another one wherever its templates print it."""
    tag = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})", re.DOTALL)
    files = list(build_module.stock_templates(copy / "pynestml").rglob("*.jinja2"))
    printed = " ".join("".join(tag.split(file.read_text())[::2]) for file in files)
    known = set(re.findall(r"\w{5,}", printed))  # not nest or __d, which our templates give
    words, checked = set(), []
    for template, text in intact["expected"]:
        if of_text := known & set(re.findall(r"\w+", text)):
            checked.append((template, text))
            words |= set() if words & of_text else {max(of_text, key=len)}
    # Of those that show the four internals, only the punctuation is NESTML's.
    assert len(checked) >= len(intact["expected"]) - 4
    for file in files:
        parts = tag.split(file.read_text())
        for number in range(0, len(parts), 2):
            parts[number] = re.sub(rf"\b({'|'.join(words)})\b", r"\1_now", parts[number])
        file.write_text("".join(parts))
    process, facts = generate(tmp_path, copy)
    assert process.returncode == 0, process.stderr
    assert facts["errors"] == []
    for template, text in checked:
        assert any(each.startswith(f"{template}: {text!r}") for each in facts["missing"]), text


def test_all_missing_names_and_files_are_listed_at_once(tmp_path, copy):
    """Each name is gone from its module, and a template that ours include is gone."""
    sys.path.insert(0, str(TEMPLATES))
    try:
        import relied_on
    finally:
        sys.path.remove(str(TEMPLATES))
    expected = []
    for module, names in relied_on.NAMES.items():
        file = copy / f"{module.replace('.', '/')}.py"
        if module.startswith("pynestml."):
            assert file.is_file()
            for name in names:
                own = name.rpartition(".")[2]
                text = re.sub(rf"\b{own}\b", f"{own}_of_old", file.read_text())
                file.write_text(text)
                expected.append(f"{module}: {name}")
    stock = build_module.stock_templates(copy / "pynestml")
    (stock / "directives_cpp" / "StmtsBody.jinja2").unlink()
    process, _ = generate(tmp_path, copy)
    assert process.returncode == 1
    first, *listed = process.stderr.splitlines()
    assert first == build_module.MISSING_PARTS
    assert set(expected) <= set(listed)
    assert any(each.endswith("StmtsBody.jinja2: the whole file") for each in listed)


def test_build_says_it_in_a_sentence(tmp_path, copy, build, neuron):
    """The list comes with what to do."""
    stock = build_module.stock_templates(copy / "pynestml")
    (stock / "directives_cpp" / "StmtsBody.jinja2").unlink()
    (stock / "directives_cpp" / "Assignment.jinja2").unlink()
    arguments = ("--models", neuron, "--install-dir", tmp_path / "out")
    result = build(*arguments, PYTHONPATH=str(copy))
    assert result.returncode == 1
    assert "lacks what izhisyn's templates rely on; pip install nestml==9.0.0" in result.stderr
    assert "StmtsBody.jinja2: the whole file" in result.stderr
    assert "Assignment.jinja2: the whole file" in result.stderr
