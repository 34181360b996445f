# SPDX-License-Identifier: GPL-2.0-or-later
"""The versions of other packages that izhisyn is made for."""

import importlib.metadata
import re
import tomllib

from . import build_module


def pins():
    """Read the pinned versions from a clone's pyproject.toml, or from what pip keeps of it.

    Returns
    -------
    dict of str to str
        Name and version of NEST and NESTML.
    """
    file = build_module.HERE / "pyproject.toml"
    if file.is_file():
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        requirements = [*project["dependencies"], *project["optional-dependencies"]["build"]]
    else:
        requirements = importlib.metadata.requires("izhisyn")
    matches = (re.match(r"([\w.-]+)==([\w.]+)", requirement) for requirement in requirements)
    return dict(match.groups() for match in matches if match)
