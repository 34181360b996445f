# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of ``izhisyn``: where each is, and what it does."""

import ast
import importlib.util
import pkgutil
from pathlib import Path

from . import build_module

# pynest_scripts in a clone, izhisyn.pynest_scripts in an installation
SCRIPTS = __package__.rpartition(".")[0]
TOOLS = {
    "build": build_module.__name__,
    "info": f"{__package__}.info",
    "import-brian2": "izhisyn.brian2_import.__main__",
    "import-neuroml": "izhisyn.neuroml_import.__main__",
    "fit": "izhisyn.fitting.__main__",
    "nest-desktop": f"{__package__}.nest_desktop",
    "completion": f"{__package__}.completion",
}
ALIASES = {"network": "population-network"}


def scripts():
    """Find the experiments: every public module of `pynest_scripts`.

    Returns
    -------
    dict of str to str
        Name of the command, and of the module whose ``main`` it runs.
    """
    modules = pkgutil.iter_modules([str(Path(__file__).resolve().parents[1])])
    names = (module.name for module in modules if not module.ispkg)
    return {
        name.replace("_", "-"): f"{SCRIPTS}.{name}" for name in names if not name.startswith("_")
    }


def commands():
    """Give all commands, as `scripts` does."""
    return TOOLS | scripts()


def summary(module):
    """Read the first line of a module's docstring.

    From its source: importing it would import NEST or Brian2, which may be missing.

    Parameters
    ----------
    module : str

    Returns
    -------
    str
        Without the full stop.
    """
    file = Path(importlib.util.find_spec(module).origin)
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    return docstring.partition("\n")[0].removesuffix(".")
