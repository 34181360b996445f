# SPDX-License-Identifier: GPL-2.0-or-later
"""Pieces of reStructuredText that the generated pages are made of."""

import textwrap


def heading(text, underline):
    """Write a heading.

    Parameters
    ----------
    text : str
    underline : str
        Character of its line.

    Returns
    -------
    str
    """
    return f"{text}\n{underline * len(text)}\n\n"


def table(header, rows):
    """Write a table.

    Parameters
    ----------
    header : sequence of str
    rows : iterable of sequence of str

    Returns
    -------
    str
    """
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
    for row in (header, *rows):
        lines += [f"   {'  - ' if column else '* - '}{cell}" for column, cell in enumerate(row)]
    return "\n".join(lines) + "\n\n"


def code_block(text, language):
    """Write a block of code.

    Parameters
    ----------
    text, language : str

    Returns
    -------
    str
    """
    return f".. code-block:: {language}\n\n{textwrap.indent(text.rstrip(), '   ')}\n\n"


def listing(source, language):
    """Write a long block of code that the reader opens.

    Parameters
    ----------
    source, language : str

    Returns
    -------
    str
    """
    opening = "<details><summary>Show the file</summary>"
    return f"{_html(opening)}{code_block(source, language)}{_html('</details>')}"


def page_list(pages):
    """Write a list of pages of the same folder, which also makes them known to the site.

    Parameters
    ----------
    pages : dict of str to str
        What each page is about, by the page's name.

    Returns
    -------
    str
    """
    entries = "".join(f":doc:`{name}`\n   {about}\n\n" for name, about in pages.items())
    names = "".join(f"   {name}\n" for name in pages)
    return f"{entries}.. toctree::\n   :hidden:\n\n{names}\n"


def _html(text):
    return f".. raw:: html\n\n   {text}\n\n"
