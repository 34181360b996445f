# SPDX-License-Identifier: GPL-2.0-or-later
"""The check of the built site finds what does not work for a reader without a network."""

import pytest
from izhisyn_docs.check_site import broken_references, main


@pytest.fixture
def site(tmp_path):
    """Write a site of two pages; what the first contains is given."""

    def write(body):
        (tmp_path / "below").mkdir(exist_ok=True)
        (tmp_path / "index.html").write_text(f'<h1 id="top">Index</h1>{body}')
        (tmp_path / "below" / "page.html").write_text('<a id="here" href="../index.html#top"></a>')
        (tmp_path / "style.css").write_text("")
        return tmp_path

    return write


def test_whole_site_passes(site, capsys):
    """Links to pages, anchors and files, and links that a reader may follow into the web."""
    folder = site(
        '<link rel="stylesheet" href="style.css?v=1"><a href="below/page.html#here"></a>'
        '<a href="#top"></a><a href="https://example.org/x"></a><img src="data:image/png;base64,">'
    )
    assert main([str(folder)]) == 0
    assert capsys.readouterr().out.startswith("2 pages: ")


@pytest.mark.parametrize(
    "body, fault",
    [
        ('<a href="none.html"></a>', "none.html does not exist"),
        ('<a href="below/"></a>', "below/ does not exist"),
        ('<img src="none.png">', "none.png does not exist"),
        ('<a href="below/page.html#none"></a>', "below/page.html#none has no such anchor"),
        ('<a href="#none"></a>', "#none has no such anchor"),
        (
            '<script src="https://example.org/x.js"></script>',
            "https://example.org/x.js needs the network",
        ),
        (
            '<link rel="stylesheet" href="//example.org/x.css">',
            "//example.org/x.css needs the network",
        ),
    ],
)
def test_fault_is_named_with_its_page(site, body, fault):
    """One line for each."""
    assert broken_references(site(body)) == [f"index.html: {fault}"]


def test_failure_is_told(site, tmp_path):
    """As exit code and message, also if nothing was built."""
    assert main([str(site('<a href="none.html"></a>'))]).endswith("error: 1 references are broken")
    assert "build them first with make docs" in main([str(tmp_path / "nowhere")])
