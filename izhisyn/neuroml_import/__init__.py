# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks of NeuroML's Izhikevich cells, carried over to a PyNEST script.

``izhisyn import-neuroml network.net.nml`` reads a file, `read_network` and `pynest_script` are its
two halves. Needs ``pip install 'izhisyn[neuroml]'``, but no NEST.
"""

import importlib

_HOMES = {"read_network": "network", "pynest_script": "script"}
__all__ = list(_HOMES)


def __getattr__(name):
    """Import on first use: ``--help`` and the error that libNeuroML is missing do without it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
