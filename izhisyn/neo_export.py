# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings as Neo objects, for analysis with Elephant; needs ``pip install "izhisyn[neo]"``."""

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import ParameterError

try:
    import neo
    import quantities as pq
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "izhisyn.neo_export needs Neo; install it with: pip install neo"
    ) from error

# Recordables of the neuron models; I_* are pA and g_* are nS.
UNITS = {"V_m": "mV", "v": "mV", "U_m": "dimensionless", "u": "dimensionless", "spike_offset": "ms"}
_UNITS_OF_PREFIX = {"I_": "pA", "g_": "nS"}


@checked(
    spikes=checks.instance(("times", "senders"), "Spikes"),
    stop=checks.number(above=0, unit="ms"),
    neurons=checks.sequence_of(checks.whole_number(1), what="node ids"),
    traces=checks.instance(("times", "senders", "values"), "Traces"),
    units=checks.dictionary,
)
def to_neo(spikes, stop, neurons=None, traces=None, units=None):
    """Convert a recording to Neo.

    Parameters
    ----------
    spikes : izhisyn.recording.Spikes
    stop : float
        End of the recording [ms]; it starts at 0.
    neurons : iterable of int, optional
        Node ids that get a spike train, silent ones included; those that spiked if not given.
    traces : izhisyn.recording.Traces, optional
    units : dict of str to str, optional
        Units of recordables that are not of the neuron models, such as ``{"Ca": "uM"}``.

    Returns
    -------
    neo.Block
        With one segment. Its ``spiketrains`` are in the order of `neurons` and annotated with
        their ``sender``; its ``analogsignals`` are one for each variable, named after it, with a
        channel for each neuron and the ``senders`` as array annotation.

    Raises
    ------
    ParameterError
        If a spike is outside of the recording, the unit of a variable is not known, or the traces
        have fewer than two samples.
    """
    outside = (spikes.times < 0.0) | (spikes.times > stop)
    if outside.any():
        raise ParameterError(
            f"a spike at {spikes.times[outside][0]:g} ms is outside of a recording from 0 to "
            f"{stop:g} ms; choose a later stop"
        )
    block = neo.Block(name="izhisyn")
    segment = neo.Segment(name="recording")
    block.segments.append(segment)
    for sender in np.unique(spikes.senders).tolist() if neurons is None else neurons:
        segment.spiketrains.append(
            neo.SpikeTrain(
                spikes.times_of(sender), units="ms", t_start=0.0, t_stop=stop, sender=int(sender)
            )
        )
    if traces is not None:
        for signal in _signals(traces, units or {}):
            segment.analogsignals.append(signal)
    return block


def _signals(traces, units):
    if traces.times.size < 2:
        raise ParameterError(
            f"traces with {traces.times.size} samples have no sampling interval; record at least 2"
        )
    # Over the whole recording, because neighbours differ by rounding.
    interval = (traces.times[-1] - traces.times[0]) / (traces.times.size - 1)
    for name, samples in traces.values.items():
        signal = neo.AnalogSignal(
            samples.T,
            units=_unit(name, units),
            t_start=traces.times[0] * pq.ms,
            sampling_period=interval * pq.ms,
            name=name,
        )
        signal.array_annotate(senders=traces.senders)
        yield signal


def _unit(name, units):
    for known in (units, UNITS):
        if name in known:
            return known[name]
    for prefix, unit in _UNITS_OF_PREFIX.items():
        if name.startswith(prefix):
            return unit
    raise ParameterError(
        f"the unit of {name!r} is not known; name it, as in units={{{name!r}: 'uM'}}"
    )
