# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated pages: the gallery is complete, links lead to pages, the front page lists all."""

import base64
import json

import pytest
from izhisyn_docs.gallery import find_scripts, script_page
from izhisyn_docs.markdown import front_page, with_site_links, write_notebook
from izhisyn_docs.mathml import rows_of

from izhisyn.nestml_source import SourceError
from pynest_scripts.commands import catalogue

LARGEST_FIGURE = 150_000  # bytes that a clone should hold for a figure


@pytest.fixture
def scripts(tmp_path):
    """Make a folder with a script, without its figure."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Not a script."""\n')
    (folder / "one.py").write_text(
        '"""What it shows.\n\nMore.\n\nReferences\n----------\nX.\n"""\n'
    )
    return folder


def test_gallery_has_every_script_of_the_command(pytestconfig):
    """Each with a figure that is not too large."""
    root = pytestconfig.rootpath
    found = find_scripts(root / "pynest_scripts", root / "docs" / "figures")
    assert {f"pynest_scripts.{one.name}" for one in found} == {*catalogue.scripts().values()}
    for script in found:
        assert script.figure.stat().st_size < LARGEST_FIGURE, script.name


def test_script_without_a_figure_is_an_error(scripts, tmp_path):
    """The message says where the figure belongs."""
    with pytest.raises(SourceError, match=r"no figure of one\.py; .* docs/figures/one\.png"):
        find_scripts(scripts, tmp_path)


def test_page_of_a_script(scripts, tmp_path):
    """Title, figure, text, options, models, references and source, in this order."""
    (tmp_path / "one.png").write_bytes(b"")
    (script,) = find_scripts(scripts, tmp_path)
    assert (script.name, script.title) == ("one", "What it shows.")
    page = script_page(script, ["izhikevich_absent_neuron"], "../one.png", "usage: one")
    parts = ["What it shows.", ".. figure:: ../one.png", "More.", "usage: one", "References"]
    parts += ["Source\n------"]
    places = [page.index(part) for part in parts]
    assert places == sorted(places)
    assert "izhikevich_absent_neuron" not in page


@pytest.mark.parametrize(
    "source, page, text, expected",
    [
        ("README.md", "docs/index.md", "[a](docs/a.md#b)", "[a](a.md#b)"),
        ("README.md", "docs/index.md", "![f](docs/figures/f.png)", "![f](figures/f.png)"),
        ("README.md", "docs/index.md", "[models/](models)", "[models/](models/index.rst)"),
        ("README.md", "docs/index.md", "[c](CHANGES.md)", "[c](reference/changes.md)"),
        ("README.md", "docs/index.md", "[l](LICENSE)", "[l](../LICENSE)"),
        ("README.md", "docs/index.md", "[w](https://a.b/c)", "[w](https://a.b/c)"),
        ("docs/a.md", "docs/a.md", "[m](../models/m.nestml)", "[m](models/m.rst)"),
        ("docs/a.md", "docs/a.md", "[s](../pynest_scripts/s.py)", "[s](gallery/s.rst)"),
        ("docs/a.md", "docs/a.md", "[k](../izhisyn/kernel.py)", "[k](api/izhisyn.kernel.rst)"),
        ("docs/a.md", "docs/a.md", "[n](n.ipynb)", "[n](notebooks/n.md)"),
        ("docs/n.ipynb", "docs/notebooks/n.md", "[a](a.md)", "[a](../a.md)"),
        ("docs/a.md", "docs/a.md", "[r](../README.md)", "[r](index.md)"),
        ("docs/a.md", "docs/a.md", "```\n[m](../models)\n```", "```\n[m](../models)\n```"),
    ],
)
def test_links_of_the_repository_lead_to_pages(tmp_path, source, page, text, expected):
    """Those to other files stay, and code is left alone."""
    assert with_site_links(text, tmp_path / source, tmp_path / page, tmp_path) == expected


@pytest.mark.parametrize(
    "latex, rows",
    [
        (r"a = b", ["& a = b"]),
        (r"a = b, \qquad c \to d", ["& a = b", r"& c \to d"]),
        (r"a &= b, \quad c = d \\ e &= f", ["a &= b", "c &= d", "e &= f"]),
        (r"x &= (a + b) + c - d + e + f - g", ["x &= (a + b) + c - d + e", r"& \quad + f - g"]),
    ],
)
def test_equations_stand_one_a_line(latex, rows):
    """So that no page cuts them; sums of more than four terms are broken."""
    assert rows_of(latex) == rows


def test_front_page_lists_all_guides(tmp_path):
    """Known ones in reading order, new ones behind them."""
    (tmp_path / "README.md").write_text("# Title\n")
    guides = ["zebra", "cluster", "apple", "from-brian2"]
    index = tmp_path / "docs" / "index.md"
    page = front_page(tmp_path / "README.md", guides, ["reference/changes"], index, tmp_path)
    assert page.startswith("# Title\n")
    assert "\nfrom-brian2\ncluster\napple\nzebra\n" in page
    assert "\nreference/changes\n" in page


def test_notebook_becomes_a_page(tmp_path):
    """Text, code, printed output and figure."""
    picture = b"not really a picture"
    outputs = [
        {"output_type": "stream", "text": ["15\n"]},
        {"output_type": "display_data", "data": {"image/png": base64.b64encode(picture).decode()}},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "[c](cluster.md)"]},
        {"cell_type": "code", "source": ["print(15)"], "outputs": outputs},
    ]
    (tmp_path / "docs" / "notebooks").mkdir(parents=True)
    notebook = tmp_path / "docs" / "n.ipynb"
    notebook.write_text(json.dumps({"cells": cells}))
    page = tmp_path / "docs" / "notebooks" / "n.md"
    write_notebook(notebook, page, tmp_path)
    assert page.read_text().startswith(
        "# Title\n[c](../cluster.md)\n\n```python\nprint(15)\n```\n\n```text\n15\n```\n\n"
    )
    assert page.with_name("n_1.png").read_bytes() == picture
