# SPDX-License-Identifier: GPL-2.0-or-later
"""Izhikevich neurons with AMPA, NMDA and GABA-A synapses for NEST: what the scripts share.

The functions that the README shows are here as well: ``izhisyn.start_kernel``. NEST is imported
when the first of them is used.
"""

import importlib
from pathlib import Path

__version__ = "0.1.0"

_HOME = {
    "connect_in_degree": "wiring",
    "poisson_drive": "wiring",
    "receptor_types": "wiring",
    "simulate": "kernel",
    "start_kernel": "kernel",
    "step_current": "wiring",
    "syn_spec": "wiring",
}
__all__ = ["__version__", "models_folder", *_HOME]


def models_folder():
    """Find the NESTML sources of the models.

    Returns
    -------
    pathlib.Path
        In an installation inside the package, in a clone beside it.
    """
    package = Path(__file__).resolve().parent
    installed = package / "models"
    return installed if installed.is_dir() else package.parent / "models"


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'izhisyn' has no attribute {name!r}")
    return getattr(importlib.import_module(f"izhisyn.{_HOME[name]}"), name)


def __dir__():
    return sorted({*globals(), *_HOME})
