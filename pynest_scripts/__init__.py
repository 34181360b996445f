# SPDX-License-Identifier: GPL-2.0-or-later
"""Runnable experiments; ``python -m pynest_scripts.<script> --help`` describes one."""

import sys
from pathlib import Path

# Python's argument "-m" is here while it looks for the module that it has to run.
if sys.argv[0] == "-m" or Path(sys.argv[0]).name == "izhisyn":
    from izhisyn.processes import end_at_once_on_interrupt

    end_at_once_on_interrupt()
