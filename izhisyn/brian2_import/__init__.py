# SPDX-License-Identifier: GPL-2.0-or-later
"""Brian2 models carried over to NESTML.

``python -m izhisyn.brian2_import model.py --neuron G`` reads a Brian2 script, `to_nestml` and
`synapse_to_nestml` take equation strings. Needs ``pip install izhisyn[brian2]``, but no NEST.
"""

from izhisyn.brian2_import.errors import Brian2ImportError
from izhisyn.brian2_import.strings import synapse_to_nestml, to_nestml

__all__ = ["Brian2ImportError", "synapse_to_nestml", "to_nestml"]
