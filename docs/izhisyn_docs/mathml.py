# SPDX-License-Identifier: GPL-2.0-or-later
"""Equations as MathML, which browsers draw themselves.

A page from disk has no network to fetch MathJax from, and no small package on PyPI brings a copy;
pictures would need a LaTeX installation and do not follow the reader's font size or colours.
Docutils, which Sphinx needs anyway, converts LaTeX to MathML.
"""

from docutils import nodes
from docutils.utils.math import latex2mathml


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
    if as_block and ("&" in latex or r"\\" in latex):
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    return latex2mathml.tex2mathml(latex, as_block=as_block)


def _visit_inline(translator, node):
    translator.body.append(to_mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def _visit_block(translator, node):
    translator.body.append(f'<div class="math">{to_mathml(node.astext(), as_block=True)}</div>\n')
    raise nodes.SkipNode
