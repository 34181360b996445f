# SPDX-License-Identifier: GPL-2.0-or-later
"""Version and pins of izhisyn: a clone's own pyproject.toml, or what pip keeps of it."""

import importlib.metadata
import re
import tomllib

import build_module


def version():
    """Give the version of izhisyn."""
    return _table()["version"] if _is_clone() else importlib.metadata.version("izhisyn")


def pins():
    """Give the versions of other packages that izhisyn is made for.

    Returns
    -------
    dict of str to str
        Name and version of what ``pip install .`` installs.
    """
    if _is_clone():
        requirements = _table()["dependencies"]
    else:
        requirements = importlib.metadata.requires("izhisyn")
    needed = (requirement for requirement in requirements if "extra ==" not in requirement)
    return dict(re.match(r"([\w.-]+)==([\w.]+)", requirement).groups() for requirement in needed)


def _is_clone():
    return build_module.SOURCES == build_module.HERE


def _table():
    text = (build_module.HERE / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]
