# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m izhisyn`` is the command ``izhisyn``."""

import importlib
import importlib.util


def main():
    """Run the command, which an installation has inside this package and a clone beside it."""
    installed = importlib.util.find_spec("izhisyn.pynest_scripts")
    scripts = "izhisyn.pynest_scripts" if installed else "pynest_scripts"
    return importlib.import_module(f"{scripts}.__main__").main()


if __name__ == "__main__":
    main()
