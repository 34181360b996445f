# SPDX-License-Identifier: GPL-2.0-or-later
"""A page for each script with its figure, its text, its options and its source."""

import ast
import os
from dataclasses import dataclass
from pathlib import Path

from izhisyn.nestml_source import SourceError
from izhisyn_docs.command_page import help_of
from izhisyn_docs.rst import code_block, heading, listing


@dataclass(frozen=True)
class Script:
    """A runnable experiment.

    Attributes
    ----------
    name : str
    title : str
        First line of its docstring.
    text : str
        The rest of the docstring, reStructuredText.
    source : str
    figure : pathlib.Path
    """

    name: str
    title: str
    text: str
    source: str
    figure: Path


def find_scripts(folder, figures):
    """Read the scripts of a folder: its public modules, as the command izhisyn finds them.

    Parameters
    ----------
    folder, figures : pathlib.Path
        Folder of the scripts and that of their figures, ``<script>.png``.

    Returns
    -------
    list of Script

    Raises
    ------
    SourceError
        If a script has no docstring or no figure.
    """
    scripts = []
    for path in sorted(folder.glob("[!_]*.py")):
        source = path.read_text(encoding="utf-8")
        docstring = ast.get_docstring(ast.parse(source))
        if not docstring:
            raise SourceError(f"{path.name} has no docstring; say in it what the script shows")
        figure = figures / f"{path.stem}.png"
        if not figure.is_file():
            raise SourceError(
                f"there is no figure of {path.name}; run the script and put its figure, smaller "
                f"than 150 kB, at docs/figures/{figure.name}"
            )
        title, _, text = docstring.partition("\n")
        scripts.append(Script(path.stem, title, text.strip() + "\n", source, figure))
    return scripts


def write_gallery(scripts, models, folder):
    """Write ``<script>.rst`` for each script and ``index.rst`` with all figures.

    Parameters
    ----------
    scripts : list of Script
    models : list of str
        Names of the models that have a page.
    folder : pathlib.Path
        Folder of the pages.
    """
    index = heading("Gallery", "=") + (
        "Each figure is what ``python -m pynest_scripts.<name>`` draws; every script also writes "
        "its numbers as JSON.\n\n"
    )
    index += ".. container:: gallery\n\n"
    for script in scripts:
        index += (
            f"   .. figure:: {_from(folder, script.figure)}\n"
            f"      :target: {script.name}.html\n"
            f"      :alt: Figure of the script {script.name}\n\n"
            f"      :doc:`{script.name}`: {script.title}\n\n"
        )
        usage = help_of(f"pynest_scripts.{script.name}")
        page = script_page(script, models, _from(folder, script.figure), usage)
        (folder / f"{script.name}.rst").write_text(page, encoding="utf-8")
    names = "".join(f"   {script.name}\n" for script in scripts)
    index += f".. toctree::\n   :hidden:\n\n{names}"
    (folder / "index.rst").write_text(index, encoding="utf-8")


def script_page(script, models, figure, usage):
    """Write the page of a script.

    Parameters
    ----------
    script : Script
    models : list of str
        Names of the models that have a page.
    figure : str
        Path of the figure from the page.
    usage : str
        What ``--help`` prints.

    Returns
    -------
    str
        reStructuredText.
    """
    text, separator, references = script.text.partition("References\n----------\n")
    used = [name for name in models if name in script.source]
    parts = [
        heading(script.name, "="),
        f"{script.title}\n\n",
        code_block(f"python -m pynest_scripts.{script.name}", "sh"),
        f".. figure:: {figure}\n   :target: ../_images/{script.figure.name}\n"
        f"   :alt: What the script draws\n\n",
        text + "\n",
    ]
    if used:
        parts.append("Models: " + ", ".join(f":doc:`../models/{name}`" for name in used) + ".\n\n")
    parts += [
        heading("Options", "-"),
        code_block(usage, "text"),
        separator + references + "\n",
        heading("Source", "-"),
        listing(script.source, "python"),
    ]
    return "".join(parts)


def _from(folder, path):
    return Path(os.path.relpath(path, folder)).as_posix()
