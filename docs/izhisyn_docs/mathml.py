# SPDX-License-Identifier: GPL-2.0-or-later
"""Equations as MathML, which browsers draw themselves.

A page from disk has no network to fetch MathJax from, and no small package on PyPI brings a copy;
pictures would need a LaTeX installation and do not follow the reader's font size or colours.
Docutils, which Sphinx needs anyway, converts LaTeX to MathML.
"""

import re

from docutils import nodes
from docutils.utils.math import latex2mathml

LONGEST_SUM = 4  # terms on a line


def setup(app):
    """Register the renderer ``mathml`` with Sphinx."""
    app.add_html_math_renderer(
        "mathml", inline_renderers=(_visit_inline, None), block_renderers=(_visit_block, None)
    )


def to_mathml(latex, as_block):
    r"""Convert an equation.

    Parameters
    ----------
    latex : str
        In the form of Sphinx's math directive: ``&`` and ``\\`` align several lines.
    as_block : bool
        Whether the equation has a line of its own.

    Returns
    -------
    str
    """
    rows = rows_of(latex) if as_block else []
    if len(rows) > 1 or "&" in latex:
        latex = r"\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}"
    return latex2mathml.tex2mathml(latex, as_block=as_block)


def rows_of(latex):
    r"""Write one equation a line, and long sums on several.

    A page shows about 60 characters on a line, a phone half of that.

    Parameters
    ----------
    latex : str
        Equations, separated by ``\\``, or by ``\quad`` or ``\qquad`` on the same line.

    Returns
    -------
    list of str
        Rows of an ``aligned`` environment: at the relation if the source aligns there, otherwise
        at the left.
    """
    rows = []
    for equation in re.split(r",?\s*\\q?quad\b\s*|\\\\", latex):
        if "&" in latex and "&" not in equation:
            equation = re.sub(r"=|\\to\b", lambda match: f"&{match[0]}", equation, count=1)
        if "&" not in equation:
            equation = f"& {equation}"
        first, *more = _terms(equation)
        rows.append(" ".join([first, *more[: LONGEST_SUM - 1]]))
        for start in range(LONGEST_SUM - 1, len(more), LONGEST_SUM):
            rows.append(r"& \quad " + " ".join(more[start : start + LONGEST_SUM]))
    return rows


def _terms(equation):
    """Split a sum at its signs outside of brackets; the relation stays with the first term."""
    terms, depth = [""], 0
    for word in re.split(r"(\s+[+-]\s+)", equation):
        if depth == 0 and re.fullmatch(r"\s+[+-]\s+", word):
            terms.append(word.strip())
            continue
        depth += sum(word.count(bracket) for bracket in "({[")
        depth -= sum(word.count(bracket) for bracket in ")}]")
        terms[-1] += f" {word.strip()}"
    return [term.strip() for term in terms]


def _visit_inline(translator, node):
    translator.body.append(to_mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def _visit_block(translator, node):
    translator.body.append(f'<div class="math">{to_mathml(node.astext(), as_block=True)}</div>\n')
    raise nodes.SkipNode
