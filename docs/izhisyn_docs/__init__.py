# SPDX-License-Identifier: GPL-2.0-or-later
"""What the documentation site is made of, besides the Markdown pages beside this folder."""
