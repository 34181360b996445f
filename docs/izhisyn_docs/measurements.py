# SPDX-License-Identifier: GPL-2.0-or-later
"""What the figures of the model pages show, simulated with the installed models.

Currents, weights and durations follow from the model: its rheobase sets the range of currents, the
size of a postsynaptic potential its weight. So a new model needs no numbers here.
"""

from dataclasses import dataclass

import numpy as np

from izhisyn import recording
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.parameters import CELL_TYPES
from izhisyn.wiring import receptor_types, step_current

SETTLING = 1000.0  # before anything is measured [ms]
RATE_WINDOW = 2000.0  # in which spikes are counted [ms]
PULSE = 200.0  # duration of the current pulse [ms]
TRAIN_LENGTH = 10  # spikes in a train to a synapse
TRAIN_RATES = (10.0, 20.0, 50.0)  # [spikes/s]
LARGEST_PSP = 2.0  # [mV]
WEIGHTS = np.array([m * 10.0**e for e in range(-4, 4) for m in (1, 2, 5)])


@dataclass(frozen=True)
class Membrane:
    """Names of a neuron model's potential and recovery variable, and of its threshold."""

    potential: str
    recovery: str
    threshold: str


def membrane(model):
    """Find the names of a neuron's membrane.

    Parameters
    ----------
    model : izhisyn.nestml_source.Model

    Returns
    -------
    Membrane or None
        None if it is no spiking membrane, such as an astrocyte.
    """
    state = {variable.name for variable in model.state}
    parameters = {variable.name for variable in model.parameters}
    for potential, recovery in (("V_m", "U_m"), ("v", "u")):
        for threshold in ("V_th", "v_peak"):
            if {potential, recovery} <= state and threshold in parameters:
                return Membrane(potential, recovery, threshold)
    return None


def one_digit(value):
    """Round to one significant digit."""
    return float(f"{value:.0e}")


def rheobase(model_name):
    """Find the smallest constant current at which a neuron with default parameters goes on firing.

    Parameters
    ----------
    model_name : str

    Returns
    -------
    float
        Current [pA], at most 5 % too large.
    """
    currents = np.geomspace(0.5, 1000.0, 157)
    rates = steady_rates(model_name, {}, currents)
    return float(currents[np.argmax(rates > 0.0)])


def steady_rates(model_name, parameters, currents):
    """Measure firing rates under constant currents, after the transient.

    Parameters
    ----------
    model_name : str
    parameters : dict
        Parameters other than the defaults.
    currents : numpy.ndarray, shape (n_currents,)
        [pA]

    Returns
    -------
    numpy.ndarray, shape (n_currents,)
        Inverse mean interval [spikes/s], 0 for fewer than two spikes.
    """
    start_kernel()
    neurons = nest.Create(model_name, len(currents), params={**parameters, "I_e": currents})
    recorder = recording.record_spikes(neurons, start=SETTLING)
    simulate(SETTLING + RATE_WINDOW)
    spikes = recording.spikes(recorder)
    return np.array([_inverse_mean_interval(spikes.times_of(n)) for n in neurons.tolist()])


def f_I_curves(model, largest_current):
    """Measure firing rates over current, of cell types if the model has their parameters.

    Parameters
    ----------
    model : izhisyn.nestml_source.Model
    largest_current : float
        End of the range [pA].

    Returns
    -------
    currents : numpy.ndarray, shape (n_currents,)
        [pA]
    rates : dict of str to numpy.ndarray, shape (n_currents,)
        [spikes/s] by name of the cell; the key "" stands for the model's defaults.
    """
    currents = np.linspace(0.0, largest_current, 81)
    cells = {"": {}}
    defaults = {variable.name: variable.value for variable in model.parameters}
    regular = CELL_TYPES["RS"].parameters
    if all(name in defaults and float(defaults[name]) == regular[name] for name in regular):
        cells = {name: CELL_TYPES[name].parameters for name in ("RS", "FS", "LTS")}
    return currents, {
        name: steady_rates(model.name, parameters, currents) for name, parameters in cells.items()
    }


def current_pulse(model, amplitude):
    """Measure the response of a neuron with default parameters, at rest, to a pulse of current.

    Parameters
    ----------
    model : izhisyn.nestml_source.Model
    amplitude : float
        [pA]

    Returns
    -------
    times : numpy.ndarray, shape (n_samples,)
        From the onset of the pulse [ms].
    values : dict of str to numpy.ndarray, shape (n_samples,)
        Membrane potential [mV] and recovery variable, by name.
    spike_times : numpy.ndarray, shape (n_spikes,)
        From the onset of the pulse [ms].
    """
    names = membrane(model)
    start_kernel()
    neuron = nest.Create(model.name)
    step_current(neuron, [(0.0, 0.0), (SETTLING, amplitude), (SETTLING + PULSE, 0.0)])
    multimeter = recording.record_traces(neuron, [names.potential, names.recovery])
    recorder = recording.record_spikes(neuron)
    simulate(SETTLING + 2 * PULSE)
    traces = recording.traces(multimeter)
    shown = traces.times >= SETTLING - PULSE / 4
    values = {name: of_neuron[0, shown] for name, of_neuron in traces.values.items()}
    return traces.times[shown] - SETTLING, values, recording.spikes(recorder).times - SETTLING


@dataclass(frozen=True)
class PostsynapticResponse:
    """Response of a resting neuron to one spike at a port.

    Attributes
    ----------
    port : str
    weight : float
    times : numpy.ndarray, shape (n_samples,)
        From the arrival of the spike [ms].
    values : dict of str to numpy.ndarray, shape (n_samples,)
        Membrane potential [mV], currents [pA] and conductances [nS] that the spike changes, by
        name.
    """

    port: str
    weight: float
    times: np.ndarray
    values: dict


def postsynaptic_responses(model, holding_current):
    """Measure the response to a spike at each port, of the largest weight that gives 2 mV.

    Parameters
    ----------
    model : izhisyn.nestml_source.Model
    holding_current : float
        Constant current under which the neuron rests [pA].

    Returns
    -------
    list of PostsynapticResponse
        In the order of the receptor types.
    """
    names = membrane(model)
    start_kernel()
    ports = receptor_types(model.name) or {model.spike_ports[0]: 0}
    recordables = nest.GetDefaults(model.name)["recordables"]
    variables = [names.potential] + [
        name for name in recordables if name.startswith(("g_", "I_")) and "unblocked" not in name
    ]
    neurons = nest.Create(model.name, len(ports) * len(WEIGHTS), params={"I_e": holding_current})
    source = nest.Create("spike_generator", params={"spike_times": [SETTLING - 1.0]})
    receptors = np.repeat(list(ports.values()), len(WEIGHTS))
    weights = np.tile(WEIGHTS, len(ports))
    for neuron, receptor, weight in zip(neurons, receptors, weights, strict=True):
        nest.Connect(source, neuron, syn_spec={"receptor_type": receptor, "weight": weight})
    multimeter = recording.record_traces(neurons, variables)
    multimeter.start = SETTLING - 10.0
    simulate(SETTLING + 500.0)
    traces = recording.traces(multimeter)
    times = traces.times - SETTLING
    deviations = {
        name: values - values[:, times < 0.0][:, -1:] for name, values in traces.values.items()
    }
    sizes = np.abs(deviations[names.potential]).max(axis=1).reshape(len(ports), -1)
    responses = []
    for row, port in enumerate(ports):
        column = np.flatnonzero(sizes[row] <= LARGEST_PSP)[-1]
        index = row * len(WEIGHTS) + column
        shown = {
            name: traces.values[name][index]
            for name in variables
            if name == names.potential or np.any(deviations[name][index] != 0.0)
        }
        responses.append(PostsynapticResponse(port, float(WEIGHTS[column]), times, shown))
    return responses


def releases(model_name):
    """Measure the weights of regular trains through a synapse with default parameters.

    Parameters
    ----------
    model_name : str

    Returns
    -------
    dict of float to numpy.ndarray, shape (n_spikes,)
        Rate of the train [spikes/s] to the weights that reach the target.
    """
    start_kernel()
    recorder = recording.record_deliveries(model_name, "recorded_synapse")
    target = nest.Create("parrot_neuron")
    sources = nest.Create("parrot_neuron", len(TRAIN_RATES))
    for rate, source in zip(TRAIN_RATES, sources, strict=True):
        times = np.arange(1, TRAIN_LENGTH + 1) * 1000.0 / rate
        nest.Connect(nest.Create("spike_generator", params={"spike_times": times}), source)
        nest.Connect(source, target, syn_spec={"synapse_model": "recorded_synapse"})
    simulate(TRAIN_LENGTH * 1000.0 / min(TRAIN_RATES) + 10.0)
    delivered = recording.deliveries(recorder)
    return {
        rate: delivered.times_and_weights(source, target.global_id)[1]
        for rate, source in zip(TRAIN_RATES, sources.tolist(), strict=True)
    }


def calcium_course(duration=60000.0, interval=20.0):
    """Measure the calcium of the astrocyte with default parameters, and its releases.

    Parameters
    ----------
    duration, interval : float
        Simulated time and sampling interval [ms].

    Returns
    -------
    times : numpy.ndarray, shape (n_samples,)
        [ms]
    calcium : numpy.ndarray, shape (n_samples,)
        [uM]
    releases : numpy.ndarray, shape (n_releases,)
        [ms]
    """
    start_kernel()
    astrocyte = nest.Create("astrocyte_li_rinzel_neuron")
    multimeter = recording.record_traces(astrocyte, ["Ca_astro"], interval=interval)
    recorder = recording.record_spikes(astrocyte)
    simulate(duration)
    traces = recording.traces(multimeter)
    return traces.times, traces.values["Ca_astro"][0], recording.spikes(recorder).times


def _inverse_mean_interval(times):
    return 1000.0 * (times.size - 1) / (times[-1] - times[0]) if times.size > 1 else 0.0
