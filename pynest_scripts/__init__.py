# SPDX-License-Identifier: GPL-2.0-or-later
"""Runnable experiments; ``python -m pynest_scripts.<script> --help`` describes one."""

import sys
from pathlib import Path


def _say_interrupted(kind, error, traceback):
    if issubclass(kind, KeyboardInterrupt):
        print("error: interrupted; nothing more is written", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)


# From the start of a script, which then imports for a second, to `run_script`. The interpreter's
# argument "-m" is here while it looks for the module that it has to run.
if sys.argv[0] == "-m" or Path(sys.argv[0]).name == "izhisyn":
    sys.excepthook = _say_interrupted
