# SPDX-License-Identifier: GPL-2.0-or-later
"""Who imports whom: the library's files know only those below them, and nothing of its users."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import ROOT

# From bottom to top, see "Layout" in CONTRIBUTING.md; what stands in one row knows nothing of each
# other.
LAYERS = (
    ("errors", "processes"),
    ("checks",),
    ("files",),
    ("parameters", "analysis", "synapses", "plotting", "nestml_source", "nest_desktop"),
    ("network_design", "neurocomputational_properties", "firing_patterns"),
    ("kernel",),
    ("wiring", "recording"),
    (
        *("spike_files", "random_network", "learning_network", "plastic_pathway", "neo_export"),
        "pynn",
    ),
    ("command_line", "import_output"),
    ("brian2_import", "neuroml_import", "fitting"),
)
WITHOUT_NEST = {
    *("errors", "processes", "checks", "files", "parameters", "analysis", "synapses", "plotting"),
    *("network_design", "neurocomputational_properties", "firing_patterns", "nestml_source"),
    *("nest_desktop", "command_line", "import_output", "brian2_import", "neuroml_import"),
}
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
SOURCES = sorted((ROOT / "izhisyn").rglob("*.py"))


def imports(source):
    """Give the full names of the modules that a file imports, at any depth of its code."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source} imports relatively"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def subject(source):
    """Name a file of the library by its subject: its own name, or that of its folder."""
    return source.relative_to(ROOT / "izhisyn").parts[0].removesuffix(".py")


def test_every_file_of_the_library_has_its_layer():
    """A new one has to be added above, and in CONTRIBUTING.md."""
    front = {"__init__", "__main__"}  # what users see first; nothing of the library imports it
    assert {subject(source) for source in SOURCES} - front == LEVEL.keys()
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert [name for name in LEVEL if f"`{name}`" not in contributing] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(ROOT)))
def test_a_file_imports_only_from_below(source):
    """Its own folder counts as one subject."""
    top = subject(source)
    if top in ("__init__", "__main__"):  # which hand on to all
        return
    for name in imports(source):
        package, _, rest = name.partition(".")
        assert package not in ("pynest_scripts", "benchmarks", "tests", "build_module"), name
        below = rest.partition(".")[0]
        if package == "izhisyn" and below in LEVEL and top != below:
            assert LEVEL[below] < LEVEL[top], f"{top} imports {below}"


@pytest.mark.parametrize("name", sorted(WITHOUT_NEST))
def test_a_subject_without_nest_does_not_import_it(name):
    """Directly or through others."""
    pending, seen = [name], set()
    while pending:
        one = pending.pop()
        seen.add(one)
        for source in SOURCES:
            if subject(source) == one:
                found = set(imports(source))
                assert "nest" not in found
                pending += {full.split(".")[1] for full in found if full.startswith("izhisyn.")}
                pending = [other for other in pending if other in LEVEL and other not in seen]
    assert "kernel" not in seen


def test_build_module_imports_nothing_of_the_library():
    """It runs before anything else works, and is carried to clusters on its own."""
    assert not [name for name in imports(ROOT / "build_module.py") if name.startswith("izhisyn")]


def test_scripts_do_not_import_each_other():
    """What two of them need is in the library."""
    for source in (ROOT / "pynest_scripts").glob("[!_]*.py"):
        assert not [name for name in imports(source) if name.startswith("pynest_scripts")], source


@pytest.mark.parametrize("module", ["tests.conftest", "tests.models.reference"])
def test_our_tests_are_found_beside_those_of_nestml(module):
    """Outside of pytest, which finds them in any case: NESTML installs a package tests, too."""
    result = subprocess.run(
        [sys.executable, "-c", f"import {module}; print({module}.__file__)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.startswith(str(ROOT))
