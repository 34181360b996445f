# SPDX-License-Identifier: GPL-2.0-or-later
"""``docs/tutorial.ipynb`` runs from top to bottom, and shows what it then gives."""

import base64
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOTEBOOK = DOCS / "tutorial.ipynb"


def outputs(notebook):
    """Give all outputs of a notebook with the numbers of their cells."""
    return [
        (number, output)
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
        for output in cell.outputs
    ]


def texts(notebook):
    """Give what a notebook prints, with the numbers of the cells."""
    found = []
    for number, output in outputs(notebook):
        text = output.text if output.output_type == "stream" else output.data["text/plain"]
        if not text.startswith("<"):  # the object whose picture is shown
            found.append((number, text))
    return found


def pictures(notebook):
    """Give the sizes of the figures of a notebook [bytes], with the numbers of the cells."""
    return [
        (number, len(base64.b64decode(output.data["image/png"])))
        for number, output in outputs(notebook)
        if "image/png" in output.get("data", {})
    ]


@pytest.fixture(scope="module")
def committed():
    """Read the notebook as the clone has it."""
    return nbformat.read(NOTEBOOK, as_version=4)


def test_committed_notebook_was_run_from_top_to_bottom(committed):
    """Cells are numbered in their order, without errors and messages."""
    nbformat.validate(committed)
    counts = [cell.execution_count for cell in committed.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert {output.get("name", "stdout") for _, output in outputs(committed)} == {"stdout"}
    assert "error" not in {output.output_type for _, output in outputs(committed)}


def test_committed_notebook_is_small_and_tells_no_folders(committed):
    """Four figures of less than 300 kB together."""
    sizes = [size for _, size in pictures(committed)]
    assert len(sizes) == 4
    assert sum(sizes) < 300_000
    assert not any("/tmp" in text or "/home" in text for _, text in texts(committed))


@pytest.mark.slow
def test_notebook_runs_and_gives_what_it_shows(committed, module_build, tmp_path):
    """In a copy of the two files, elsewhere; every number that is printed is the same."""
    for name in ("tutorial.ipynb", "izhikevich_task.nestml"):
        shutil.copy(DOCS / name, tmp_path)
    notebook = nbformat.read(tmp_path / NOTEBOOK.name, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()  # raises at the first error
    assert texts(notebook) == texts(committed)
    assert [number for number, _ in pictures(notebook)] == [
        number for number, _ in pictures(committed)
    ]
