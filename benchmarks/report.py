# SPDX-License-Identifier: GPL-2.0-or-later
"""What all benchmarks share: their command line, and results as JSON, tables and figures."""

import argparse
import importlib.metadata
import json
import os
import platform
import re
import subprocess
from pathlib import Path

from izhisyn.command_line import positive_integer
from izhisyn.files import write_text, writing

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = (DOCS / "performance.md", DOCS / "cluster.md", DOCS / "learning.md", ROOT / "README.md")


def parser(name, description, repetitions=5):
    """Parser with the arguments of every benchmark.

    Parameters
    ----------
    name : str
        Name of the benchmark, as in ``python -m benchmarks.<name>``.
    description : str
    repetitions : int
        Default of ``--repetitions``.

    Returns
    -------
    argparse.ArgumentParser
    """
    arguments = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    arguments.add_argument(
        "--output",
        type=Path,
        default=ROOT / "benchmarks" / "results",
        metavar="DIR",
        help="folder for the results; the default also renews the tables of the documentation",
    )
    arguments.add_argument(
        "--cache",
        type=Path,
        default=ROOT / "output" / "benchmarks",
        metavar="DIR",
        help="folder that keeps compiled peers",
    )
    arguments.add_argument(
        "--repetitions",
        type=positive_integer,
        default=repetitions,
        metavar="N",
        help="turns of each contestant, of which the best counts",
    )
    return arguments


def machine():
    """Describe the machine and the versions that were measured."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.MULTILINE)
    compiler = subprocess.run(
        [os.environ.get("CXX", "g++"), "--version"], capture_output=True, text=True, check=True
    )
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
        "compiler": compiler.stdout.splitlines()[0],
        "python": platform.python_version(),
        **{
            package.name: package.version
            for package in importlib.metadata.distributions()
            if package.name in ("nest-simulator", "nestml", "brian2", "numpy")
        },
    }


def table(head, rows):
    """Format a Markdown table; the first column is text, the others are numbers.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of sequences
        Floats are given three digits, None is a dash.

    Returns
    -------
    str
    """
    lines = [head, ["---"] + ["--:"] * (len(head) - 1)]
    lines += [[_cell(value) for value in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write(name, options, measured, tables, figure=None):
    """Write ``<name>.json``, ``<name>.md`` and, if there is one, the figure ``<name>.png``.

    Parameters
    ----------
    name : str
        Name of the benchmark.
    options : argparse.Namespace
        Of `parser`.
    measured : dict
        Everything that was measured, for the JSON file.
    tables : dict of str to str
        Title to a table of `table`.
    figure : matplotlib.figure.Figure, optional
    """
    options.output.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine(), "repetitions": options.repetitions, **measured}
    written = [options.output / f"{name}.{ending}" for ending in ("json", "md")]
    write_text(written[0], json.dumps(content, indent=1, allow_nan=False) + "\n")
    text = "\n".join(f"**{title}**\n\n{body}" for title, body in tables.items())
    write_text(written[1], text)
    if figure is not None:
        written.append(options.output / f"{name}.png")
        with writing(written[-1]) as aside:
            figure.savefig(aside, dpi=200)
    written += renew_pages(name, options, text)
    print(text)
    print(f"Wrote {', '.join(str(os.path.relpath(path)) for path in written)}")


def renew_pages(name, options, text):
    """Put tables between their marks in the documentation, unless the results go elsewhere.

    Returns
    -------
    list of pathlib.Path
        Pages that changed.
    """
    changed = []
    for page in PAGES if options.output == ROOT / "benchmarks" / "results" else ():
        old = page.read_text()
        new = with_tables(old, name, text)
        if new != old:
            write_text(page, new)
            changed.append(page)
    return changed


def with_tables(page, name, text):
    """Put the tables of a benchmark between their two marks in a page.

    The marks are ``<!-- NAME -->`` and ``<!-- end of NAME -->``; without them, nothing changes.
    """
    marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    return marks.sub(lambda found: f"{found[1]}\n{text}\n{found[2]}", page)


def _cell(value):
    if value is None:
        return "-"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
