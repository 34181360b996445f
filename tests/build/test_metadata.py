# SPDX-License-Identifier: GPL-2.0-or-later
"""Versions stand in pyproject.toml and constraints.txt; whatever else names one agrees."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import izhisyn

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONSTRAINTS = (ROOT / "constraints.txt").read_text()
# The first of several is for the lowest Python.
PINS = dict(reversed(re.findall(r"^([\w.-]+)==([\w.]+)", CONSTRAINTS, re.MULTILINE)))
PYTHONS = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if " :: Python :: 3." in line]
# How prose calls some packages.
TITLES = {"NEST": "nest-simulator", "NESTML": "nestml", "Brian2": "brian2"}

FILES = [
    ROOT / name
    for name in (
        *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "codemeta.json"),
        *("Makefile", "CMakeLists.txt", "build_module.py", ".ci/run", "conda/recipe.yaml"),
    )
]
for folder, pattern in (
    ("docs", "*.md"),
    ("docs", "*.ipynb"),
    ("cluster", "*.sh"),
    ("izhisyn", "**/*.py"),
    ("pynest_scripts", "**/*.py"),
):
    FILES += sorted((ROOT / folder).glob(pattern))


def citation():
    """Read CITATION.cff."""
    return yaml.safe_load((ROOT / "CITATION.cff").read_text())


def codemeta():
    """Read codemeta.json."""
    return json.loads((ROOT / "codemeta.json").read_text())


def recipe():
    """Read the conda recipe."""
    return yaml.safe_load((ROOT / "conda" / "recipe.yaml").read_text())


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_versions_named_elsewhere_are_the_pinned_ones(file):
    """As ``name==version``, or in prose: "NEST 3.10.0", also shortened, as in "NEST 3.10"."""
    text = file.read_text()
    named = [
        (name, version)
        for name, version in re.findall(r"([A-Za-z][\w-]*) ?==(\d[\w.]*\w)", text)
        if name in PINS
    ]
    titles = "|".join(TITLES)
    for title, version in re.findall(rf"\b({titles}) (\d+(?:\.\d+)+)", text):
        named.append((TITLES[title], version))
    for name, version in named:
        assert f"{PINS[name]}.".startswith(f"{version}."), f"{name} {version}"
    for version in re.findall(r"\bPython3? (3\.\d+)", text):
        assert version in PYTHONS, f"Python {version}"


def test_the_reader_of_versions_sees_them():
    """The test above must not pass because it finds nothing."""
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert f"NEST {PINS['nest-simulator']}, NESTML {PINS['nestml']}" in changes
    assert f"nestml=={PINS['nestml']}" in (ROOT / "build_module.py").read_text()


def test_lowest_python():
    """The one that pip demands, that ruff checks for, and that make and CMake look for."""
    lowest = PYTHONS[0]
    assert PROJECT["requires-python"] == f">={lowest}"
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{lowest.replace('.', '')}"
    assert f"sys.version_info < ({lowest.replace('.', ', ')})" in (ROOT / "Makefile").read_text()
    assert f"find_package(Python3 {lowest} " in (ROOT / "CMakeLists.txt").read_text()
    assert codemeta()["runtimePlatform"] == f"Python {lowest} or newer"


def test_version_of_izhisyn():
    """In what people cite, in what harvesters read, and at the top of the changes."""
    version = izhisyn.__version__
    assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "izhisyn.__version__"}
    assert citation()["version"] == version
    assert codemeta()["version"] == version
    assert recipe()["package"]["version"] == version
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == version


def test_authors_licence_and_keywords_agree():
    """Said three times, because three kinds of program read them."""
    assert citation()["authors"] == PROJECT["authors"]
    assert [author["name"] for author in codemeta()["author"]] == [
        author["name"] for author in PROJECT["authors"]
    ]
    assert citation()["license"] == recipe()["about"]["license"] == PROJECT["license"]
    assert codemeta()["license"].endswith(f"/{PROJECT['license']}")
    assert citation()["keywords"] == codemeta()["keywords"] == PROJECT["keywords"]
    assert codemeta()["description"] == recipe()["about"]["summary"] == PROJECT["description"]


def requirements(*lists):
    """Parse requirements of pyproject.toml, without the extras that they name."""
    parsed = (Requirement(text) for texts in lists for text in texts)
    return {canonicalize_name(one.name): one for one in parsed if one.name != "izhisyn"}


def test_constraints_have_all_requirements_within_their_ranges():
    """Of every extra, each file with its hash, and no address of an index."""
    for name, requirement in requirements(PROJECT["dependencies"], *EXTRAS.values()).items():
        assert requirement.specifier.contains(PINS[name]), name
    blocks = re.split(r"^(?=\w)", CONSTRAINTS, flags=re.MULTILINE)[1:]
    assert len(blocks) > len(PINS) / 2
    for block in blocks:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), block
    assert "://" not in CONSTRAINTS


def test_a_library_dictates_only_what_its_binaries_need():
    """NEST, for which the module was compiled, and NESTML, over whose templates ours are laid."""
    needed = requirements(*(EXTRAS[extra] for extra in EXTRAS), PROJECT["dependencies"])
    exact = {name for name, one in needed.items() if "==" in str(one.specifier)}
    assert exact == {"nest-simulator", "nestml"}


def test_conda_recipe_has_the_same_requirements():
    """What running and building need, under conda's names."""
    names = {"libboost-headers": "boost-headers", "matplotlib-base": "matplotlib"}
    run = dict(re.findall(r"^(\S+) ([=>]=\S+)$", "\n".join(recipe()["requirements"]["run"]), re.M))
    assert run.pop("python") == PROJECT["requires-python"]
    needed = requirements(PROJECT["dependencies"], EXTRAS["build"])
    assert {names.get(name, name): version for name, version in run.items()} == {
        name: str(one.specifier) for name, one in needed.items()
    }


def test_conda_recipe_starts_the_same_command():
    """An entry point of a noarch package is the recipe's matter, not pip's."""
    [entry_point] = recipe()["build"]["python"]["entry_points"]
    assert dict([entry_point.split(" = ")]) == PROJECT["scripts"]
