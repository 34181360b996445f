# SPDX-License-Identifier: GPL-2.0-or-later
"""A reference page for each module of the library, from its docstrings."""

import ast

from izhisyn_docs.rst import heading, page_list


def write_api_pages(package, folder):
    """Write a page for each module and subpackage, and ``index.rst``.

    Parameters
    ----------
    package : pathlib.Path
        Folder of the package. Of a subpackage, what it exports is documented.
    folder : pathlib.Path
        Folder of the pages.
    """
    sources = {f"{package.name}.{path.stem}": path for path in package.glob("[!_]*.py")}
    sources |= {
        f"{package.name}.{path.parent.name}": path for path in package.glob("[!_]*/__init__.py")
    }
    for module in sources:
        page = f"{heading(module, '=')}.. automodule:: {module}\n   :members:\n"
        (folder / f"{module}.rst").write_text(page, encoding="utf-8")
    index = heading("Library", "=") + (
        "What the scripts are written with, and yours may be. Times are in ms, potentials in mV, "
        "currents in pA, conductances in nS and rates in spikes/s.\n\n"
    )
    about = {module: first_line(sources[module]) for module in sorted(sources)}
    (folder / "index.rst").write_text(index + page_list(about), encoding="utf-8")


def first_line(path):
    """Give the first line of a module's docstring.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    str
    """
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    return docstring.partition("\n")[0]
