# SPDX-License-Identifier: GPL-2.0-or-later
"""The spikes of SpikeGeneratorGroups, and the rates of PoissonGroups over time."""

import brian2
import numpy as np
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.input.timedarray import TimedArray
from brian2.units.allunits import hertz, second
from brian2.utils.stringtools import get_identifiers

from izhisyn.brian2_import.errors import Brian2ImportError


def spike_steps(group, duration, resolution):
    """List the spikes of a SpikeGeneratorGroup, those of further periods included.

    Parameters
    ----------
    group : brian2.SpikeGeneratorGroup
    duration : float
        Simulated time [s].
    resolution : float
        Time step [s].

    Returns
    -------
    steps, indices : numpy.ndarray of int
        Step and index of each spike.
    """
    # as Brian2: a thousandth of a step keeps times on the grid in their step
    steps = ((group._spike_time + 1e-3 * resolution) / resolution).astype(int)
    indices = np.asarray(group._neuron_index)
    n_steps = round(duration / resolution)
    period = float(group.period_[:])
    if 0 < period < np.inf:
        shift = round(period / resolution) * np.arange(int(duration / period) + 1)
        inside = steps < round(period / resolution)
        steps, indices = steps[inside], indices[inside]
        indices = np.tile(indices, len(shift))
        steps = (shift[:, np.newaxis] + steps).ravel()
    known = steps < n_steps
    order = np.lexsort((indices[known], steps[known]))
    return steps[known][order], indices[known][order]


def rates_over_time(group, duration, namespace):
    """Evaluate the rates of a PoissonGroup that are given as an expression.

    Parameters
    ----------
    group : brian2.PoissonGroup
    duration : float
        Simulated time [s].
    namespace : dict
        Values of names in the expression.

    Returns
    -------
    times : numpy.ndarray, shape (n_times,)
        When the rates change; the first is 0 [s].
    rates : numpy.ndarray, shape (n_times, n_neurons)
        From then on [spikes/s].

    Raises
    ------
    Brian2ImportError
        If they change all the time.
    """
    code = group._rates
    names = get_identifiers(code)
    values = {**DEFAULT_FUNCTIONS, **DEFAULT_UNITS}
    values |= {name: getattr(brian2, name) for name in names if hasattr(brian2, name)}
    values |= {name: namespace[name] for name in names if name in namespace}
    values |= {key: value for key, value in (group.namespace or {}).items() if key in names}
    arrays = [value for name in names if isinstance(value := values.get(name), TimedArray)]
    times = [0.0]
    if "t" in names:
        if not arrays:
            raise Brian2ImportError(
                f"rates `{code}` change in every step, which no generator of NEST does; give them "
                "as a TimedArray"
            )
        for array in arrays:
            times += [float(array.dt) * k for k in range(len(array.values))]
    times = np.unique([time for time in times if time < duration])
    values |= {"i": np.arange(len(group)), "N": len(group), "dt": group.clock.dt}
    rows = []
    for time in times:
        # the middle of a step, which rounding does not move into another one
        now = (time + 0.5 * float(group.clock.dt)) * second
        result = eval(" ".join(code.split()), {"__builtins__": {}}, {**values, "t": now})
        rows.append(np.broadcast_to(np.asarray(result / hertz, dtype=float), len(group)))
    rates = np.array(rows)
    changes = np.append(True, np.any(np.diff(rates, axis=0) != 0, axis=1))
    return times[changes], rates[changes]
