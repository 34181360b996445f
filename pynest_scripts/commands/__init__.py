# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of ``izhisyn`` besides the scripts.

An installation has build_module.py inside `izhisyn`, a clone at its top.
"""

try:
    from izhisyn import build_module
except ImportError:
    import build_module

__all__ = ["build_module"]
