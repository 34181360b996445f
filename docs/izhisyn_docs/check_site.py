# SPDX-License-Identifier: GPL-2.0-or-later
"""Check a built site: ``python -m izhisyn_docs.check_site FOLDER``.

Every link within the site leads to a file and an anchor that exist, and no page needs the network:
styles, scripts and pictures are files of the site.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {("link", "href"), ("script", "src"), ("img", "src"), ("source", "src")}
LOADED |= {("iframe", "src"), ("object", "data")}
FOLLOWED = {("a", "href"), ("area", "href")}
# Relations of <link> that a browser does not fetch.
NOT_FETCHED = {"canonical", "next", "prev", "index", "search", "author", "copyright"}


class Page(HTMLParser):
    """Anchors and references of a page."""

    def __init__(self, html):
        super().__init__()
        self.anchors = set()
        self.references = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        """Collect what a tag defines and what it refers to."""
        values = dict(attrs)
        self.anchors |= {values[key] for key in ("id", "name") if values.get(key)}
        for key, value in attrs:
            if value is None or (tag, key) not in LOADED | FOLLOWED:
                continue
            fetched = (tag, key) in LOADED and values.get("rel") not in NOT_FETCHED
            self.references.append((value, fetched))


def broken_references(folder):
    """Find what does not work in the pages of a folder.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    list of str
        A sentence for each broken reference.
    """
    pages = {
        path.resolve(): Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")
    }
    broken = []
    for path, page in sorted(pages.items()):
        for reference, fetched in page.references:
            fault = _fault(reference, fetched, path, pages)
            if fault:
                broken.append(f"{path.relative_to(folder.resolve())}: {reference} {fault}")
    return broken


def main(arguments):
    """Check the folder that is named on the command line."""
    folder = Path(arguments[0])
    n_pages = len(list(folder.rglob("*.html")))
    if not n_pages:
        return f"error: there are no pages in {folder}; build them first with make docs"
    broken = broken_references(folder)
    if broken:
        return "\n".join([*broken, f"error: {len(broken)} references are broken"])
    print(f"{n_pages} pages: all references within the site lead somewhere, none needs the network")
    return 0


def _fault(reference, fetched, path, pages):
    parts = urlsplit(reference)
    if parts.scheme == "data":
        return ""
    if parts.scheme or parts.netloc:
        return "needs the network" if fetched else ""
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return "does not exist"
    known = target in pages and parts.fragment
    if known and unquote(parts.fragment) not in pages[target].anchors:
        return "has no such anchor"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
