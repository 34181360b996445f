# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests; a package, or that of this name which NESTML installs would hide the folder."""
