# SPDX-License-Identifier: GPL-2.0-or-later
"""The text of NESTML models."""

import textwrap
from dataclasses import dataclass, field


@dataclass
class Nestml:
    """A generated model.

    Attributes
    ----------
    name
        Name of the model and stem of its file.
    text
        NESTML source.
    notes
        What its user must know, in sentences.
    """

    name: str
    text: str
    notes: list[str] = field(default_factory=list)


def write_header(name, origin, summary):
    """Write the comment that opens a file.

    Parameters
    ----------
    name : str
        Name of the model.
    origin : str
        The program that the model comes from.
    summary : list of str
        Sentences, each a paragraph; an empty one ends a block.

    Returns
    -------
    str
    """
    title = f"{name} - carried over from {origin}"
    lines = [title, "#" * len(title), "", "Description", "+++++++++++", ""]
    for sentence in summary:
        lines += textwrap.wrap(sentence, 110) or [""]
    lines += ["", "SPDX-License-Identifier: GPL-2.0-or-later"]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines) + "#\n"


def write_block(title, lines):
    """Write a block, with the comments behind its declarations in one column.

    Parameters
    ----------
    title : str
        What stands before the colon.
    lines : list of str

    Returns
    -------
    str
    """
    parts = [line.partition("    # ") for line in lines]
    widths = [len(text) for text, mark, _ in parts if mark and not text.startswith(" ")]
    width = min(max(widths, default=0), 40)
    lines = [
        f"{text:{width}}  # {comment}" if mark and text.strip() else line
        for line, (text, mark, comment) in zip(lines, parts, strict=True)
    ]
    return f"    {title}:\n" + "".join(f"        {line}\n" for line in lines)
