# SPDX-License-Identifier: GPL-2.0-or-later
"""Markdown of the repository as pages of the site: links, the front page, notebooks.

The Markdown files have links that work where they lie. On the site a link to a model, a script or
a notebook leads to its page instead.
"""

import base64
import json
import os
import re
from pathlib import Path, PurePosixPath

LINK = re.compile(r"(\]\()([^)#\s]+)((?:#[^)\s]*)?\))")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
# Guides in the order in which a newcomer needs them; others follow by name.
READING_ORDER = (
    "notebooks/tutorial",
    "from-nest",
    "from-brian2",
    "brian2-constructs",
    "from-pynn",
    "from-neuroml",
    "heterogeneous-populations",
    "parameter-sweeps",
    "fitting",
    "learning",
    "plasticity",
    "elephant",
    "your-own-model",
    "your-own-receptor",
    "neurocomputational-properties",
    "performance",
    "cluster",
    "nest-desktop",
)


def with_site_links(text, source, page, root):
    """Rewrite the relative links of a Markdown text for its place on the site.

    Parameters
    ----------
    text : str
    source : pathlib.Path
        The file it comes from.
    page : pathlib.Path
        Where its page lies.
    root : pathlib.Path
        The repository.

    Returns
    -------
    str
        Links to pages lead to these, links to other files to the files.
    """

    def rewritten(match):
        opening, link, ending = match.groups()
        if re.match(r"[a-z]+:", link):
            return match.group()
        target = (source.parent / link).resolve()
        if not target.is_relative_to(root):
            return match.group()
        place = root / site_place(PurePosixPath(target.relative_to(root)))
        return f"{opening}{Path(os.path.relpath(place, page.parent)).as_posix()}{ending}"

    parts, end = [], 0
    for code in CODE.finditer(text):
        parts += [LINK.sub(rewritten, text[end : code.start()]), code.group()]
        end = code.end()
    return "".join([*parts, LINK.sub(rewritten, text[end:])])


def site_place(path):
    """Give the source of the page that stands for a file or folder of the repository.

    Parameters
    ----------
    path : pathlib.PurePosixPath
        From the root of the repository.

    Returns
    -------
    pathlib.PurePosixPath
        The path itself if it has no page of its own.
    """
    folders = {"models": ("models", ".nestml"), "pynest_scripts": ("gallery", ".py")}
    folders["izhisyn"] = ("api", ".py")
    folder, ending = folders.get(path.parts[0], ("", ""))
    docs = PurePosixPath("docs")
    if folder and len(path.parts) == 1:
        return docs / folder / "index.rst"
    if folder and len(path.parts) == 2 and path.suffix == ending:
        stem = f"izhisyn.{path.stem}" if folder == "api" else path.stem
        return docs / folder / f"{stem}.rst"
    if path.parts[0] == "docs" and path.suffix == ".ipynb":
        return docs / "notebooks" / f"{path.stem}.md"
    if path == PurePosixPath("README.md"):
        return docs / "index.md"
    if len(path.parts) == 1 and path.suffix == ".md":
        return docs / "reference" / f"{path.stem.lower()}.md"
    return path


def front_page(readme, guides, project, page, root):
    """Make the front page: the README and the list of all pages.

    Parameters
    ----------
    readme : pathlib.Path
    guides : list of str
        Names of the pages that are neither generated from code nor from models.
    project : list of str
        Names of the pages about the project itself.
    page, root : pathlib.Path
        The front page and the repository.

    Returns
    -------
    str
        Markdown.
    """
    ordered = [name for name in READING_ORDER if name in guides]
    ordered += sorted(set(guides) - set(ordered))
    return (
        with_site_links(readme.read_text(encoding="utf-8"), readme, page, root)
        + _contents("Guides", ordered)
        + _contents("Scripts", ["gallery/index"])
        + _contents("Reference", ["models/index", "api/index", "reference/command"])
        + _contents("Project", project)
    )


def write_notebook(notebook, page, root):
    """Write a notebook as a Markdown page, with its figures beside it.

    Parameters
    ----------
    notebook, page, root : pathlib.Path
        The ``.ipynb`` file, the page and the repository.
    """
    content = json.loads(notebook.read_text(encoding="utf-8"))
    parts = []
    figures = 0
    for cell in content["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(with_site_links(source, notebook, page, root))
        elif cell["cell_type"] == "code" and source.strip():
            language = "ipython3" if re.search(r"^[%!]", source, re.MULTILINE) else "python"
            parts.append(f"```{language}\n{source}\n```")
            for output in cell["outputs"]:
                data = output.get("data", {})
                if "image/png" in data:
                    figures += 1
                    picture = page.with_name(f"{page.stem}_{figures}.png")
                    picture.write_bytes(base64.b64decode("".join(data["image/png"])))
                    parts.append(f"![Figure drawn by the cell above]({picture.name})")
                else:
                    text = "".join(output.get("text", data.get("text/plain", "")))
                    parts.append(f"```text\n{text.rstrip()}\n```")
    download = Path(os.path.relpath(notebook, page.parent)).as_posix()
    parts.append(f"This page is a notebook: {{download}}`{notebook.name} <{download}>`.")
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _contents(caption, names):
    return "\n".join(
        ["", "```{toctree}", f":caption: {caption}", ":hidden:", "", *names, "```", ""]
    )
