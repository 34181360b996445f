# SPDX-License-Identifier: GPL-2.0-or-later
"""Brian2 models carried over to NESTML.

``python -m izhisyn.brian2_import model.py --neuron G`` reads a Brian2 script, `to_nestml` and
`synapse_to_nestml` take equation strings. Needs ``pip install izhisyn[brian2]``, but no NEST.
"""

import importlib

_HOMES = {"Brian2ImportError": "errors", "synapse_to_nestml": "strings", "to_nestml": "strings"}
__all__ = list(_HOMES)


def __getattr__(name):
    """Import on first use: ``--help`` and the error that Brian2 is missing do without Brian2."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
