# SPDX-License-Identifier: GPL-2.0-or-later
"""Spikes and traces out of NEST, to files and back."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from izhisyn import checks, kernel
from izhisyn.checks import checked
from izhisyn.errors import ParameterError
from izhisyn.files import read_arrays, writing
from izhisyn.kernel import nest, nodes, steps_of

_SETTINGS = {
    "start": checks.number(0, unit="ms"),
    "stop": checks.number(0, unit="ms", finite=False),
    "origin": checks.number(0, unit="ms"),
    "record_to": checks.one_of(("memory", "ascii", "screen")),
    "label": checks.text,
    "time_in_steps": checks.boolean,
}


def _recorder_of(*models):
    def check(value):
        fault = nodes(value)
        if fault or len(value) != 1 or nest.GetDefaults(value.model)["type_id"] not in models:
            return f"give one {' or '.join(models)}"
        if value.record_to != "memory":
            return "let it record to memory, or read its files with izhisyn.spike_files.recover"
        return None

    return check


@dataclass(frozen=True)
class Spikes:
    """Spikes of a population, ordered by time, then by sender.

    Attributes
    ----------
    times : numpy.ndarray, shape (n_spikes,)
        Spike times [ms].
    senders : numpy.ndarray of int, shape (n_spikes,)
        Node ids of the neurons that spiked.
    """

    times: np.ndarray
    senders: np.ndarray

    def __post_init__(self):
        checks.refuse_different_lengths(times=self.times, senders=self.senders)

    @checked(sender=checks.whole_number(1))
    def times_of(self, sender):
        """Spike times of one neuron [ms], shape (n_spikes_of_sender,)."""
        return self.times[self.senders == sender]


@dataclass(frozen=True)
class Traces:
    """State variables of neurons over time.

    Attributes
    ----------
    times : numpy.ndarray, shape (n_samples,)
        Sampling times [ms]. NEST's first sample is one interval after the start, and its last one
        is before the end: a multimeter receives the sample of a step in the step that follows.
    senders : numpy.ndarray of int, shape (n_neurons,)
        Node ids, ascending.
    values : dict of str to numpy.ndarray, shape (n_neurons, n_samples)
        Recorded variables in the units of the model.
    """

    times: np.ndarray
    senders: np.ndarray
    values: dict

    @checked(sender=checks.whole_number(1), variable=checks.text)
    def values_of(self, sender, variable):
        """Trace of one variable of one neuron, shape (n_samples,)."""
        if variable not in self.values:
            raise ParameterError(
                f"{variable!r} is not recorded; choose one of {', '.join(self.values)}"
            )
        if sender not in self.senders:
            raise ParameterError(f"neuron {sender} is not recorded; see the senders of the traces")
        return self.values[variable][np.searchsorted(self.senders, sender)]


@dataclass(frozen=True)
class Deliveries:
    """What spikes delivered through connections, ordered by time.

    Attributes
    ----------
    times : numpy.ndarray, shape (n_deliveries,)
        Times of the presynaptic spikes [ms].
    sources, targets : numpy.ndarray of int, shape (n_deliveries,)
        Node ids of the two ends of the connection.
    weights : numpy.ndarray, shape (n_deliveries,)
        Weights with which the spikes reached the target, in the unit of the synapse.
    """

    times: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    weights: np.ndarray

    @checked(source=checks.whole_number(1), target=checks.whole_number(1))
    def times_and_weights(self, source, target):
        """Return the times [ms] and weights of the deliveries between two nodes, as arrays."""
        chosen = (self.sources == source) & (self.targets == target)
        return self.times[chosen], self.weights[chosen]


@checked(neurons=nodes)
def record_spikes(neurons, **settings):
    """Attach a spike recorder.

    Parameters
    ----------
    neurons : nest.NodeCollection
    **settings
        Parameters of the recorder, such as ``start`` [ms] or ``record_to``.

    Returns
    -------
    nest.NodeCollection
        The ``spike_recorder``.
    """
    for name, value in settings.items():
        if name not in _SETTINGS:
            raise ParameterError(
                f"a spike_recorder has no setting {name!r}; choose one of {', '.join(_SETTINGS)}"
            )
        fault = _SETTINGS[name](value)
        if fault:
            raise ParameterError(f"{name} is {value!r}; {fault}")
    recorder = nest.Create("spike_recorder", params=settings)
    nest.Connect(neurons, recorder)
    return recorder


@checked(
    neurons=nodes,
    variables=checks.sequence_of(checks.text, 1, "a list of recordables"),
    interval=checks.number(above=0, unit="ms"),
    delay=checks.number(above=0, unit="ms"),
)
def record_traces(neurons, variables, interval=None, delay=None):
    """Attach a multimeter.

    Parameters
    ----------
    neurons : nest.NodeCollection
    variables : sequence of str
        Recordables of the model. ``spike_offset`` at every step is what `exact_spikes` needs.
    interval : float, optional
        Sampling interval [ms]; every simulation step if not given.
    delay : float, optional
        Delay of the connections [ms], the resolution if not given. NEST exchanges spikes once in
        the shortest delay of all: in a network, choose its shortest.

    Returns
    -------
    nest.NodeCollection
        The ``multimeter``.
    """
    models = neurons.model
    for model in {models} if isinstance(models, str) else set(models):
        recordables = [str(name) for name in nest.GetDefaults(model).get("recordables", ())]
        unknown = [name for name in variables if name not in recordables]
        if unknown:
            raise ParameterError(
                f"{model} does not record {unknown[0]!r}; choose from "
                f"{', '.join(recordables) or 'another model'}"
            )
    interval = nest.resolution if interval is None else interval
    steps_of(interval, "interval")
    # The shortest delay, because the samples of the last min_delay are never delivered.
    delay = nest.resolution if delay is None else delay
    steps_of(delay, "delay")
    multimeter = nest.Create(
        "multimeter", params={"record_from": list(variables), "interval": float(interval)}
    )
    nest.Connect(multimeter, neurons, syn_spec={"delay": delay})
    return multimeter


@checked(synapse_model=kernel.synapse_model, name=checks.text)
def record_deliveries(synapse_model, name):
    """Make a synapse model whose connections record what each spike delivers.

    Parameters
    ----------
    synapse_model : str
        Synapse model.
    name : str
        Name of its copy, for the connections to record.

    Returns
    -------
    nest.NodeCollection
        The ``weight_recorder``.
    """
    if name in nest.synapse_models or name in nest.node_models:
        raise ParameterError(f"NEST has a model {name!r} already; choose another name")
    recorder = nest.Create("weight_recorder")
    nest.CopyModel(synapse_model, name, {"weight_recorder": recorder})
    return recorder


@checked(recorder=_recorder_of("weight_recorder"))
def deliveries(recorder):
    """Read a weight recorder.

    Parameters
    ----------
    recorder : nest.NodeCollection
        A ``weight_recorder``.

    Returns
    -------
    Deliveries
        On several MPI processes those of this process's targets.
    """
    events = recorder.events
    return _sorted_deliveries(
        np.asarray(events["times"]),
        np.asarray(events["senders"], dtype=int),
        np.asarray(events["targets"], dtype=int),
        np.asarray(events["weights"]),
    )


@checked(recorder=_recorder_of("spike_recorder"))
def spikes(recorder):
    """Read a spike recorder.

    Parameters
    ----------
    recorder : nest.NodeCollection
        A ``spike_recorder``.

    Returns
    -------
    Spikes
        Times on the grid of the simulation, as NEST delivers them; on several MPI processes those
        of this process's neurons.
    """
    events = recorder.events
    return _sorted_spikes(np.asarray(events["times"]), np.asarray(events["senders"], dtype=int))


@checked(multimeter=_recorder_of("multimeter", "voltmeter"))
def traces(multimeter):
    """Read a multimeter.

    Parameters
    ----------
    multimeter : nest.NodeCollection

    Returns
    -------
    Traces
        On several MPI processes those of this process's neurons.
    """
    events = multimeter.events
    sampled_at = np.asarray(events["times"])
    sampled_from = np.asarray(events["senders"], dtype=int)
    order = np.lexsort((sampled_at, sampled_from))
    senders = np.unique(sampled_from)
    shape = (senders.size, -1) if senders.size else (0, 0)
    values = {
        variable: np.asarray(events.get(variable, ()))[order].reshape(shape)
        for variable in multimeter.record_from
    }
    return Traces(np.unique(sampled_at), senders, values)


@checked(recorder=_recorder_of("spike_recorder"), multimeter=_recorder_of("multimeter"))
def exact_spikes(recorder, multimeter):
    """Read the true times of spikes, which lie between the points of the grid.

    The models keep, as ``spike_offset``, how long before the grid point at which NEST delivered
    it a neuron's last spike crossed the threshold.

    Parameters
    ----------
    recorder : nest.NodeCollection
        A ``spike_recorder``.
    multimeter : nest.NodeCollection
        A multimeter that records ``spike_offset`` of the same neurons at every step.

    Returns
    -------
    Spikes

    Raises
    ------
    ParameterError
        If the offset of a spike was not recorded.
    """
    grid_spikes = spikes(recorder)
    if "spike_offset" not in multimeter.record_from:
        raise ParameterError(
            f"the multimeter records {', '.join(multimeter.record_from)}; "
            f"add spike_offset for exact spike times"
        )
    recorded = traces(multimeter)
    in_last_step = grid_spikes.times == nest.biological_time
    sampled = np.isin(grid_spikes.senders, recorded.senders) & (
        np.isin(grid_spikes.times, recorded.times) | in_last_step
    )
    if not sampled.all():
        missed = int(np.argmin(sampled))
        sender, time = grid_spikes.senders[missed], grid_spikes.times[missed]
        raise ParameterError(
            f"no spike_offset was recorded for the spike of neuron {sender} at {time:g} ms; "
            f"record it from every neuron at every step"
        )
    offsets = np.empty_like(grid_spikes.times)
    rows = np.searchsorted(recorded.senders, grid_spikes.senders[~in_last_step])
    columns = np.searchsorted(recorded.times, grid_spikes.times[~in_last_step])
    offsets[~in_last_step] = recorded.values["spike_offset"][rows, columns]
    # No sample of the last step has been delivered yet, but the neurons are still in that state.
    offsets[in_last_step] = [
        nest.NodeCollection([sender]).spike_offset for sender in grid_spikes.senders[in_last_step]
    ]
    return _sorted_spikes(grid_spikes.times - offsets, grid_spikes.senders)


@checked(folder=checks.path, arrays=checks.array(finite=False))
def gather(folder, **arrays):
    """Bring arrays of all MPI processes to the first one, through files in a common folder.

    Every process has to call this in the same order.

    Parameters
    ----------
    folder : pathlib.Path
        Folder that all processes can write to, such as that of the results.
    **arrays
        Arrays of this process.

    Returns
    -------
    list of dict or None
        Arrays of each process, in the order of the ranks, in the first process; None in others.

    Raises
    ------
    ParameterError
        If a file cannot be written, or not be found by the first process.
    """
    folder = Path(folder)
    n_processes = nest.num_processes
    if n_processes == 1:
        return [arrays]
    files = [folder / f".part-of-rank-{rank}.npz" for rank in range(n_processes)]
    mine = files[nest.Rank()]
    with writing(mine) as aside:
        np.savez(aside, **arrays)
    nest.SyncProcesses()
    parts = [_taken(file) for file in files] if nest.Rank() == 0 else None
    nest.SyncProcesses()  # the next call may write to the same files
    return parts


@checked(
    recorder=_recorder_of("spike_recorder"),
    folder=checks.path,
    multimeter=_recorder_of("multimeter"),
)
def gather_spikes(recorder, folder, multimeter=None):
    """Read a spike recorder on all MPI processes.

    Parameters
    ----------
    recorder : nest.NodeCollection
        A ``spike_recorder``.
    folder : pathlib.Path
        Common folder, see `gather`.
    multimeter : nest.NodeCollection, optional
        A multimeter that records ``spike_offset``, for the true times, see `exact_spikes`.

    Returns
    -------
    Spikes or None
        Spikes of all processes in the first process, None in others.
    """
    local = spikes(recorder) if multimeter is None else exact_spikes(recorder, multimeter)
    parts = gather(folder, times=local.times, senders=local.senders)
    if parts is None:
        return None
    return _sorted_spikes(
        *(np.concatenate([part[name] for part in parts]) for name in ("times", "senders"))
    )


@checked(multimeter=_recorder_of("multimeter", "voltmeter"), folder=checks.path)
def gather_traces(multimeter, folder):
    """Read a multimeter on all MPI processes.

    Parameters
    ----------
    multimeter : nest.NodeCollection
    folder : pathlib.Path
        Common folder, see `gather`.

    Returns
    -------
    Traces or None
        Traces of all processes in the first process, None in others.
    """
    local = traces(multimeter)
    parts = gather(folder, times=local.times, senders=local.senders, **local.values)
    if parts is None:
        return None
    parts = [part for part in parts if part["senders"].size] or parts[:1]
    senders = np.concatenate([part["senders"] for part in parts])
    order = np.argsort(senders)
    values = {name: np.concatenate([part[name] for part in parts])[order] for name in local.values}
    return Traces(parts[0]["times"], senders[order], values)


@checked(recorder=_recorder_of("weight_recorder"), folder=checks.path)
def gather_deliveries(recorder, folder):
    """Read a weight recorder on all MPI processes.

    Parameters
    ----------
    recorder : nest.NodeCollection
        A ``weight_recorder``.
    folder : pathlib.Path
        Common folder, see `gather`.

    Returns
    -------
    Deliveries or None
        Weights of all processes in the first process, None in others.
    """
    parts = gather(folder, **vars(deliveries(recorder)))
    if parts is None:
        return None
    names = ("times", "sources", "targets", "weights")
    return _sorted_deliveries(*(np.concatenate([part[name] for part in parts]) for name in names))


@checked(
    path=checks.path,
    spikes=checks.instance(Spikes, "Spikes"),
    traces=checks.instance(Traces, "Traces"),
)
def save(path, spikes, traces=None):
    """Write a recording to a compressed NumPy archive.

    Parameters
    ----------
    path : path-like
        File to write, with the ending ``.npz``.
    spikes : Spikes
    traces : Traces, optional
    """
    arrays = {"spike_times": spikes.times, "spike_senders": spikes.senders}
    if traces is not None:
        arrays |= {"trace_times": traces.times, "trace_senders": traces.senders}
        arrays |= {f"trace_of_{name}": samples for name, samples in traces.values.items()}
    with writing(path) as aside:
        np.savez_compressed(aside, **arrays)


@checked(path=checks.path)
def load(path):
    """Read a recording that `save` wrote.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    spikes : Spikes
    traces : Traces or None
        None if no traces were saved.
    """
    if not Path(path).is_file():
        raise ParameterError(f"there is no file {path}; name one that `save` has written")
    arrays = read_arrays(path, ("spike_times", "spike_senders"))
    if arrays is None:
        raise ParameterError(f"{path} is no whole recording; name one that `save` has written")
    recorded_spikes = Spikes(arrays["spike_times"], arrays["spike_senders"])
    if "trace_times" not in arrays:
        return recorded_spikes, None
    values = {
        name.removeprefix("trace_of_"): array
        for name, array in arrays.items()
        if name.startswith("trace_of_")
    }
    return recorded_spikes, Traces(arrays["trace_times"], arrays["trace_senders"], values)


@checked(
    path=checks.path,
    spikes=checks.instance(Spikes, "Spikes"),
    traces=checks.instance(Traces, "Traces"),
)
def save_csv(path, spikes, traces=None):
    """Write a recording to text tables, for programs that do not read NumPy's archives.

    Parameters
    ----------
    path : pathlib.Path
        File for the spikes, with the ending ``.csv``: a line with time [ms] and sender for each.
        The traces go to ``<stem>_traces.csv`` beside it: time [ms], sender and each variable.
    spikes : Spikes
    traces : Traces, optional
    """
    path = Path(path)
    _write_rows(path, ("time", "sender"), spikes.times, spikes.senders)
    if traces is not None:
        n_neurons, n_samples = traces.senders.size, traces.times.size
        _write_rows(
            path.with_name(f"{path.stem}_traces.csv"),
            ("time", "sender", *traces.values),
            np.tile(traces.times, n_neurons),
            np.repeat(traces.senders, n_samples),
            *(samples.ravel() for samples in traces.values.values()),
        )


def _write_rows(path, header, *columns):
    with writing(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(zip(*(column.tolist() for column in columns), strict=True))


def _taken(file):
    if not file.is_file():
        raise ParameterError(
            f"{file}, which another process wrote, is not there for the first one; choose a "
            f"folder that all nodes share with --output"
        )
    with np.load(file) as archive:
        arrays = dict(archive)
    file.unlink()
    return arrays


def _sorted_spikes(times, senders):
    order = np.lexsort((senders, times))
    return Spikes(times[order], senders[order])


def _sorted_deliveries(times, sources, targets, weights):
    order = np.argsort(times, kind="stable")
    return Deliveries(times[order], sources[order], targets[order], weights[order])
