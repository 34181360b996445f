# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs of the package print for ``--help``, and the page of the command izhisyn."""

import os
import subprocess
import sys
from pathlib import Path

from izhisyn_docs.rst import code_block, heading
from pynest_scripts.commands.catalogue import TOOLS, summary

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = 80


def help_of(module, *arguments):
    """Give what a module that can be run prints for ``--help``.

    Parameters
    ----------
    module : str
    *arguments : str
        Arguments before ``--help``.

    Returns
    -------
    str
    """
    return subprocess.run(
        [sys.executable, "-m", module, *arguments, "--help"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": str(COLUMNS), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def write_command_page(page):
    """Write the page of the command ``izhisyn`` and its tools.

    Parameters
    ----------
    page : pathlib.Path
    """
    parts = [heading("The command izhisyn", "="), code_block(help_of("izhisyn"), "text")]
    for tool, module in TOOLS.items():
        parts += [
            heading(f"izhisyn {tool}", "-"),
            f"{summary(module)}.\n\n",
            code_block(help_of("izhisyn", tool), "text"),
        ]
    page.write_text("".join(parts), encoding="utf-8")
