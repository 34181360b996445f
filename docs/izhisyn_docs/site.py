# SPDX-License-Identifier: GPL-2.0-or-later
"""Sphinx extension that writes the generated pages before Sphinx looks for pages."""

import shutil
from pathlib import Path

from sphinx.errors import ConfigError

from izhisyn.nestml_source import SourceError
from izhisyn_docs import mathml
from izhisyn_docs.api_pages import write_api_pages
from izhisyn_docs.command_page import write_command_page
from izhisyn_docs.gallery import find_scripts, write_gallery
from izhisyn_docs.markdown import front_page, with_site_links, write_notebook
from izhisyn_docs.model_pages import write_model_pages

GENERATED = ("api", "gallery", "models", "notebooks", "reference")


def setup(app):
    """Connect to Sphinx."""
    mathml.setup(app)
    app.connect("config-inited", _write_pages)
    app.connect("source-read", _adapt_markdown)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(docs):
    """Write all pages that are not in the repository, in place of those of the last build.

    Parameters
    ----------
    docs : pathlib.Path
        Source folder of the site.
    """
    root = docs.parent
    for name in GENERATED:
        shutil.rmtree(docs / name, ignore_errors=True)
        (docs / name).mkdir()
    notebooks = sorted(docs.glob("*.ipynb"))
    index = docs / "index.md"
    guides = [page.stem for page in docs.glob("*.md") if page != index]
    guides += [f"notebooks/{notebook.stem}" for notebook in notebooks]
    project = []
    for source in sorted(root.glob("*.md")):
        if source.name != "README.md":
            name = f"reference/{source.stem.lower()}"
            page = docs / f"{name}.md"
            text = source.read_text(encoding="utf-8")
            page.write_text(with_site_links(text, source, page, root), encoding="utf-8")
            project.append(name)
    front = front_page(root / "README.md", guides, project, index, root)
    index.write_text(front, encoding="utf-8")
    write_api_pages(root / "izhisyn", docs / "api")
    write_command_page(docs / "reference" / "command.rst")
    models = sorted((root / "models").glob("*.nestml"))
    scripts = find_scripts(root / "pynest_scripts", docs / "figures")
    write_gallery(scripts, [model.stem for model in models], docs / "gallery")
    for notebook in notebooks:
        write_notebook(notebook, docs / "notebooks" / f"{notebook.stem}.md", root)
    write_model_pages(models, docs / "models")


def _write_pages(app, _):
    try:
        write_pages(Path(app.srcdir))
    except SourceError as error:
        raise ConfigError(str(error)) from error  # Sphinx prints it in one line


def _adapt_markdown(app, page_name, text):
    path = Path(app.env.doc2path(page_name))
    if path.suffix == ".md" and path.parent == Path(app.srcdir) and path.name != "index.md":
        text[0] = with_site_links(text[0], path, path, path.parent.parent)
