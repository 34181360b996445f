# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory of neurons, connections and their sources, ours beside NEST's.

A network's memory is a sum of these, each the difference of two networks of different size over the
difference in size, so that NEST and Python themselves cancel: per neuron; per connection; and per
neuron with targets on an MPI process, on that process, for the table that finds the targets of an
arriving spike. Neurons keep input only of ports that are in use, so one connection leads to each.
"""

from dataclasses import dataclass

from benchmarks import builds, report
from benchmarks.measure import Process, resident_bytes
from izhisyn import command_line
from izhisyn.kernel import nest, start_kernel
from izhisyn.processes import peak_memory

NEURONS = (
    "izhikevich_psc_multisyn_neuron",
    "izhikevich_cond_multisyn_neuron",
    "izhikevich_psc_delta_neuron",
    "iaf_cond_beta",
    "izhikevich",
    "parrot_neuron",  # has nothing but what NEST keeps for every neuron
)
SYNAPSES = ("static_synapse", "tsodyks_markram_synapse", "tsodyks2_synapse")
TARGET = "izhikevich_psc_multisyn_neuron"
MIN_DELAY = 1.0  # the only delay here; a longer one adds a number per port and step [ms]


@dataclass(frozen=True)
class Network:
    """A network whose memory is measured.

    Attributes
    ----------
    neuron : str
        Neuron model.
    n_neurons : int
    synapse : str, optional
        Synapse model.
    in_degree : int
        Connections to each neuron, from random ones.
    is_chain : bool
        Instead, each neuron has one connection, from a neuron of its own.
    module : str
        For ``nest.Install``.
    """

    neuron: str
    n_neurons: int
    synapse: str = "static_synapse"
    in_degree: int = 0
    is_chain: bool = False
    module: str = "izhisynmodule"


def main(arguments=None):
    """Measure with these command line arguments."""
    options = report.parser("memory", __doc__.partition("\n")[0], repetitions=1).parse_args(
        arguments
    )
    neurons = {model: bytes_per_neuron(model) for model in NEURONS}
    module = builds.stock_module(options.cache)
    stock = {model: bytes_per_neuron(model, module) for model in builds.STOCK_MODELS}
    connections = {model: bytes_per_connection(model) for model in SYNAPSES}
    source = bytes_per_source(connections["static_synapse"]["resident"])
    measured = {
        "neuron": neurons,
        "neuron_with_stock_code": stock,
        "connection": connections,
        "source": source,
        "process": Process()(idle_bytes),
        "min_delay": MIN_DELAY,
    }
    tables = {
        "Memory of a neuron": report.table(
            ("model", "bytes", "with stock code"),
            [
                (f"`{model}`", round(size), round(stock[model]) if model in stock else None)
                for model, size in neurons.items()
            ],
        ),
        "Memory of a connection": report.table(
            ("model", "bytes", "peak while it is built"),
            [
                (f"`{model}`", round(size["resident"]), round(size["peak"]))
                for model, size in connections.items()
            ],
        ),
        "Memory of other things": report.table(
            ("", "bytes"),
            [
                ("a neuron, on every process where it has targets", round(source)),
                ("a process with Python, NEST and the models", round(measured["process"])),
            ],
        ),
    }
    report.write("memory", options, measured, tables)


def bytes_per_neuron(model, module=Network.module):
    """Memory of a neuron with all ports in use, without its connections [bytes]."""
    few, many = 20_000, 100_000
    networks = (Network(model, number, module=module) for number in (few, many))
    return difference(*networks)["resident"] / (many - few)


def bytes_per_connection(synapse):
    """Memory of a connection among many from each source [bytes], and its peak."""
    n_neurons, few, many = 2000, 500, 2000
    sizes = difference(
        Network(TARGET, n_neurons, synapse, few), Network(TARGET, n_neurons, synapse, many)
    )
    return {name: size / (n_neurons * (many - few)) for name, size in sizes.items()}


def bytes_per_source(bytes_of_connection):
    """Memory of a neuron with one target, beyond that of the connection [bytes]."""
    n_neurons = 200_000
    sizes = difference(Network(TARGET, n_neurons), Network(TARGET, n_neurons, is_chain=True))
    return sizes["resident"] / n_neurons - bytes_of_connection


def difference(smaller, larger):
    """Give what the larger of two networks takes more, while it runs and at most [bytes]."""
    sizes = []
    for network in (smaller, larger):
        with Process() as process:
            sizes.append(process(build, network))
    return {name: sizes[1][name] - sizes[0][name] for name in sizes[0]}


def build(network):
    """Build a network, run it for one delay, and give its memory [bytes]."""
    start_kernel(module=network.module)
    nest.set(min_delay=MIN_DELAY, max_delay=MIN_DELAY)
    neurons = nest.Create(network.neuron, network.n_neurons)
    for port in nest.GetDefaults(network.neuron).get("receptor_types", {"only": 0}).values():
        use = {"delay": MIN_DELAY, "receptor_type": port}
        nest.Connect(neurons[0], neurons[1], syn_spec=use)
    connection = {"synapse_model": network.synapse, "delay": MIN_DELAY, "receptor_type": 1}
    if network.in_degree:
        rule = {"rule": "fixed_indegree", "indegree": network.in_degree}
        nest.Connect(neurons, neurons, rule, connection)
    if network.is_chain:
        nest.Connect(neurons, neurons, "one_to_one", connection)
    nest.Simulate(MIN_DELAY)
    return {"resident": resident_bytes(), "peak": peak_memory() * 2**20}


def idle_bytes():
    """Memory of a process that has only started NEST [bytes]."""
    start_kernel()
    return resident_bytes()


if __name__ == "__main__":
    command_line.run_script(main)
