# SPDX-License-Identifier: GPL-2.0-or-later
"""Sphinx configuration of the documentation site; ``make docs`` builds it."""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

from izhisyn import __version__ as release  # noqa: E402 - Sphinx reads it

project = "izhisyn"
author = "the izhisyn developers"
project_copyright = author

extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_parser", "izhisyn_docs.site"]
exclude_patterns = ["_build"]
default_role = "literal"  # docstrings name parameters and options in single backticks
smartquotes = False  # would make one dash of the two of an option

autodoc_member_order = "bysource"
numpydoc_show_class_members = False
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]

html_theme = "furo"
html_title = f"izhisyn {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
