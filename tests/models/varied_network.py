# SPDX-License-Identifier: GPL-2.0-or-later
"""A recurrent network of neurons that differ in everything, for any of our neuron models.

``python varied_network.py MODULE THREADS MIN_DELAY FILE`` simulates one of every model
of a module and writes all spikes and traces to ``FILE`` (.npz), the keys beginning with the model.
"""

import re
import sys
from pathlib import Path

import numpy as np

from izhisyn.wiring import receptor_types

MODELS_FOLDER = Path(__file__).resolve().parents[2] / "models"
PSC = "izhikevich_psc_multisyn_neuron"
COND = "izhikevich_cond_multisyn_neuron"
COND_2007 = "izhikevich2007_cond_multisyn_neuron"
DELTA = "izhikevich_psc_delta_neuron"
TUTORIAL = "izhikevich_tutorial_neuron"
AS_POSTED = "izhikevich_as_posted_neuron"
ASTROCYTE = "astrocyte_li_rinzel_neuron"
MODELS = (PSC, COND, COND_2007, DELTA, TUTORIAL, AS_POSTED, ASTROCYTE)

# Weights that keep the neurons active and none saturated; powers of two, so that sums of them do
# not depend on the order of arrival.
WEIGHTS = {PSC: 1.0, COND: 2**-6, COND_2007: 0.25, DELTA: 1.0, TUTORIAL: 1.0, AS_POSTED: 64.0}
SHARES = {"AMPA": 1.0, "NMDA": 0.125, "GABA_A": 0.5, "AMPA_NMDA": 0.125, "GABA_B": 0.25}
SHORTEST_DELAY = 3.2  # [ms]
N_INTEGRATORS = {PSC: 3, COND: 3, COND_2007: 2, DELTA: 3}


def varied_parameters(model, n):
    """Values of ``nest.Create`` for n neurons, no two alike, integrators side by side.

    Parameters
    ----------
    model : str
    n : int

    Returns
    -------
    dict
        Parameter or state variable to a list of n values.
    """
    uniform = np.random.default_rng(len(model)).uniform
    if model == ASTROCYTE:
        return {"IP3": uniform(0.5, 1.5, n).tolist(), "Ca_astro": uniform(0.1, 0.6, n).tolist()}
    scale = 25.0 if model == COND_2007 else 1.0
    potential = "v" if model == TUTORIAL else "V_m"
    parameters = {
        "a": uniform(0.02, 0.1, n),
        "d": scale * uniform(2.0, 8.0, n),
        "I_e": scale * uniform(3.0, 6.0, n),
        potential: uniform(-75.0, -55.0, n),
    }
    if model == DELTA:
        parameters["t_pulse"] = np.resize([0.0, 0.0, 0.5, 2.0], n)
    if model in (PSC, COND, COND_2007):
        parameters["tau_decay_AMPA"] = uniform(2.0, 4.0, n)
        parameters["conc_Mg2"] = uniform(0.5, 1.5, n)
    if model in N_INTEGRATORS:
        parameters["integrator"] = np.arange(n) % N_INTEGRATORS[model]
    return {name: column.tolist() for name, column in parameters.items()}


def settable(model):
    """Names of a model's state variables and parameters, from its source."""
    text = (MODELS_FOLDER / f"{model}.nestml").read_text()
    blocks = re.findall(r"^    (?:state|parameters):\n((?: {8}.*\n|\n)+)", text, re.MULTILINE)
    return re.findall(r"^ {8}(\w+)", "".join(blocks), re.MULTILINE)


def drive(nest, neurons, duration=200.0, model=None, synapse_model="static_synapse"):
    """Send the same irregular trains to all neurons, and a current to every second.

    Everything is written down beforehand: random generators would draw other numbers on another
    number of threads.

    Parameters
    ----------
    nest : module
    neurons : nest.NodeCollection
    duration : float
        Time that the input takes, from now on [ms].
    model : str, optional
        The one of `MODELS` that the neurons' models are copies of, if they are copies.
    synapse_model : str
        Of the connections that bring spikes.
    """
    model = model or neurons[0].model
    if model == ASTROCYTE:
        return
    rng = np.random.default_rng(1)
    now = nest.biological_time
    for weight, port in _ports(model):
        steps = np.unique(rng.integers(1, round(10 * duration), round(duration / 4)))
        times = np.round(now + steps / 10, 1)
        generator = nest.Create("spike_generator", params={"spike_times": times})
        for delay in (SHORTEST_DELAY, 5.7):
            connection = {"weight": 4.0 * weight, "delay": delay, **port}
            connection["synapse_model"] = synapse_model
            nest.Connect(generator, neurons, syn_spec=connection)
    current = nest.Create(
        "step_current_generator",
        params={
            "amplitude_times": np.round(now + duration * np.array([0.1, 0.6, 1.0]), 1),
            "amplitude_values": [3.0, -1.0, 0.0],
        },
    )
    nest.Connect(current, neurons[::2], syn_spec={"delay": 4.1})


def connect_recurrently(
    nest, neurons, in_degree=5, longest_delay=6.0, synapse_model="static_synapse"
):
    """Connect the neurons among each other on every port, with delays on the grid."""
    model, n = neurons[0].model, len(neurons)
    if model == ASTROCYTE:
        return
    rng = np.random.default_rng(2)
    steps = (round(10 * SHORTEST_DELAY), round(10 * longest_delay))
    nodes = np.array(neurons.tolist())
    for weight, port in _ports(model):
        n_connections = in_degree * n
        specification = {
            "synapse_model": synapse_model,
            "weight": np.full(n_connections, weight),
            "delay": rng.integers(*steps, n_connections) / 10,
            **{name: np.full(n_connections, value) for name, value in port.items()},
        }
        sources = nodes[rng.integers(0, n, n_connections)]
        targets = np.repeat(nodes, in_degree)
        nest.Connect(sources, targets, "one_to_one", specification)


def _ports(model):
    """Weight, and what ``syn_spec`` must say of the receptor, for every port of a model."""
    types = receptor_types(model)
    if not types:
        return [(WEIGHTS[model], {})]
    return [
        (WEIGHTS[model] * SHARES[receptor], {"receptor_type": number})
        for receptor, number in types.items()
    ]


def record(nest, neurons, interval=0.1):
    """Attach a spike recorder and a multimeter for everything there is to record."""
    spikes = nest.Create("spike_recorder")
    nest.Connect(neurons, spikes, syn_spec={"delay": SHORTEST_DELAY})
    variables = nest.GetDefaults(neurons[0].model)["recordables"]
    multimeter = nest.Create("multimeter", params={"record_from": variables, "interval": interval})
    nest.Connect(multimeter, neurons, syn_spec={"delay": SHORTEST_DELAY})
    return spikes, multimeter


def recorded(spikes, multimeter):
    """Spikes as NEST wrote them, and traces by neuron.

    Returns
    -------
    dict
        "spikes.times" [ms] and "spikes.senders", shape (n_spikes,); each recordable and "times",
        shape (n_neurons, n_samples).
    """
    events = multimeter.events
    order = np.lexsort((events["times"], events["senders"]))
    n_neurons = np.unique(events["senders"]).size
    result = {f"spikes.{name}": spikes.events[name] for name in ("times", "senders")}
    for name in events.keys() - {"senders"}:
        result[name] = events[name][order].reshape(n_neurons, -1)
    return result


def spikes_by_neuron(result):
    """Sort the spike times [ms] of a result into an array for each neuron that spiked."""
    senders, times = result["spikes.senders"], result["spikes.times"]
    return {int(sender): np.sort(times[senders == sender]) for sender in np.unique(senders)}


def varied_network(nest, model, n=70, duration=200.0, synapse_model="static_synapse"):
    """Create the network in a kernel that is set up; give its recorders."""
    neurons = nest.Create(model, n, varied_parameters(model, n))
    drive(nest, neurons, duration=duration, synapse_model=synapse_model)
    connect_recurrently(nest, neurons, synapse_model=synapse_model)
    return record(nest, neurons)


def main(module, threads, min_delay, file):
    """Simulate all models of a module and write what they did."""
    import nest

    everything = {}
    for model in MODELS:
        nest.ResetKernel()
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.Install(module)
        nest.set(resolution=0.1, local_num_threads=threads)
        nest.set(min_delay=min_delay, max_delay=6.0)
        recorders = varied_network(nest, model)
        nest.Simulate(200.0)
        results = recorded(*recorders)
        everything |= {f"{model}.{name}": values for name, values in results.items()}
    np.savez(file, **everything)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
