# SPDX-License-Identifier: GPL-2.0-or-later
"""From a recording to a cell: parameters of Izhikevich neurons that answer currents as recorded.

All candidates of a generation are neurons of one simulation, each in all sweeps::

    from izhisyn.fitting import fit, read_recording

    sweeps = read_recording("cell.abf")
    result = fit(sweeps, model="2007", held_out=["sweep 3"])
    print(result.parameters, result.mean_score("held_out", "gamma"))
    print(result.snippet())
"""

from izhisyn.fitting.fitting import fit
from izhisyn.fitting.readers import read_recording
from izhisyn.fitting.result import Fit
from izhisyn.fitting.scores import (
    adaptation_index,
    gamma_factors,
    outside_spikes,
    van_rossum_distances,
)
from izhisyn.fitting.sweeps import Sweep, crossings, sweep

__all__ = [
    "Fit",
    "Sweep",
    "adaptation_index",
    "crossings",
    "fit",
    "gamma_factors",
    "outside_spikes",
    "read_recording",
    "sweep",
    "van_rossum_distances",
]
