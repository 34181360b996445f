# SPDX-License-Identifier: GPL-2.0-or-later
"""Plan large networks: memory, nodes, spikes and time, from what was measured here.

It computes with the results of ``benchmarks.memory`` and of the run with one worker of
``benchmarks.scaling``, for random networks like those of ``pynest_scripts.population_network``. The
times are what remains if nothing gets slower at scale: cores share the bandwidth of their memory,
and processes wait for the slowest.
"""

import json
import math
from dataclasses import dataclass

from benchmarks import report
from izhisyn import command_line
from izhisyn.command_line import positive_integer, positive_number
from izhisyn.errors import ParameterError

NEURON = "izhikevich_cond_multisyn_neuron"
SYNAPSE = "static_synapse"
ENTRY = 8  # a spike in a message, and a neuron's note of a process where it has targets [bytes]
CONNECTIONS_PER_THREAD = 2**27 - 1  # of one synapse model; NEST counts them in 27 bits
GiB = 2**30
# Options that the JSON repeats.
ASSUMED = (
    "indegree",
    "rate",
    "resolution",
    "min_delay",
    "cores",
    "ranks_per_node",
    "node_memory",
    "bandwidth",
    "latency",
)


@dataclass(frozen=True)
class Costs:
    """What was measured.

    Attributes
    ----------
    process, neuron, connection, source : float
        Memory [bytes]; `source` for a neuron on each process where it has targets.
    connect, update, deliver : float
        Time [s] to make a connection, to advance a neuron with its background by a step, and to
        deliver a spike through a connection.
    """

    process: float
    neuron: float
    connection: float
    source: float
    connect: float
    update: float
    deliver: float


@dataclass(frozen=True)
class Estimate:
    """A network on so many nodes.

    Attributes
    ----------
    nodes : int
    of_neurons, of_connections, of_sources, of_processes : float
        Memory of a node for each of these [bytes].
    per_thread : float
        Connections of a thread.
    spikes : float
        Spikes that a process receives in each interval of communication.
    connect : float
        Time to make the connections [s].
    update, deliver, communicate : float
        Time of each phase per simulated second [s].
    """

    nodes: int
    of_neurons: float
    of_connections: float
    of_sources: float
    of_processes: float
    per_thread: float
    spikes: float
    connect: float
    update: float
    deliver: float
    communicate: float

    @property
    def memory(self):
        """Memory of a node [bytes]."""
        return self.of_neurons + self.of_connections + self.of_sources + self.of_processes


def main(arguments=None):
    """Plan with these command line arguments."""
    options = parse_arguments(arguments)
    costs = read_costs(options.output)
    plans = []
    for neurons in options.neurons:
        nodes = least_nodes(neurons, costs, options)
        plans += [(neurons, estimate(neurons, factor * nodes, costs, options)) for factor in (1, 8)]
    largest = largest_network(costs, options)
    measured = {
        "costs": vars(costs),
        "assumed": {name: getattr(options, name) for name in ASSUMED},
        "plans": [{"neurons": neurons, **vars(plan)} for neurons, plan in plans],
        "largest": largest,
    }
    tables = {
        f"Memory of a node with {options.cores} cores and {options.ranks_per_node} processes": (
            memory_table(plans)
        ),
        "Time for a simulated second": time_table(plans),
        "Where it breaks": report.table(
            ("limit", "neurons"), [(limit, f"{neurons:.1e}") for limit, neurons in largest.items()]
        ),
    }
    report.write("plan", options, measured, tables)


def parse_arguments(arguments):
    """Parse the command line."""
    parser = report.parser("plan", __doc__.partition("\n")[0], repetitions=1)
    add = parser.add_argument
    add("--neurons", nargs="+", type=positive_integer, default=[10**6, 10**8], metavar="N")
    add("--indegree", type=positive_integer, default=10**4, metavar="K", help="inputs of each")
    add("--rate", type=positive_number, default=5.0, metavar="HZ", help="rate of a neuron")
    add("--resolution", type=positive_number, default=0.1, metavar="MS", help="time step [ms]")
    add("--min-delay", type=positive_number, default=0.5, metavar="MS", help="shortest delay [ms]")
    add("--cores", type=positive_integer, default=128, metavar="N", help="cores of a node")
    add("--ranks-per-node", type=positive_integer, default=2, metavar="N", help="one a socket")
    add("--node-memory", type=positive_number, default=230.0, metavar="GIB", help="free memory")
    add("--bandwidth", type=positive_number, default=12.5, metavar="GB/S", help="of a node")
    add("--latency", type=positive_number, default=2.0, metavar="US", help="of a message")
    return parser.parse_args(arguments)


def read_costs(folder):
    """Read the results of the other benchmarks."""
    memory, scaling = (read_result(folder / f"{name}.json") for name in ("memory", "scaling"))
    run = scaling["strong"][0]
    if run["ranks"] * run["threads"] != 1 or "processor_update" not in run["seconds"]:
        raise ParameterError(
            f"the first run in {folder / 'scaling.json'} must have one worker and NEST's detailed "
            f"timers; run benchmarks.scaling with the NEST of make mpi and --splits 1x1 ..."
        )
    connections = run["neurons"] * run["in_degree"]
    return Costs(
        process=memory["process"],
        neuron=memory["neuron"][NEURON],
        connection=memory["connection"][SYNAPSE]["peak"],
        source=memory["source"],
        connect=run["seconds"]["connect"] / connections,
        update=run["seconds"]["processor_update"] / (run["neurons"] * run["steps"]),
        deliver=run["seconds"]["processor_deliver"] / (run["spikes"] * run["in_degree"]),
    )


def read_result(path):
    """Read the JSON file of a benchmark."""
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise ParameterError(
            f"cannot read {path} ({error.strerror}); run python -m benchmarks.{path.stem} first"
        ) from error


def estimate(neurons, nodes, costs, options):
    """Estimate a network on this number of nodes.

    The sources of the n K connections of a process are random: it has targets of a share
    1 - exp(-n K / N) of all N neurons, and with P processes n = N / P.

    Returns
    -------
    Estimate
    """
    processes, threads = nodes * options.ranks_per_node, nodes * options.cores
    share = -math.expm1(-options.indegree / processes)
    connections = neurons * options.indegree
    intervals = 1000.0 / options.min_delay  # in a second
    spikes = neurons * share * options.rate / intervals
    bytes_sent = ENTRY * spikes * options.ranks_per_node
    steps = 1000.0 / options.resolution
    return Estimate(
        nodes=nodes,
        of_neurons=neurons / nodes * (costs.neuron + ENTRY * processes * share),
        of_connections=connections / nodes * costs.connection,
        of_sources=options.ranks_per_node * neurons * share * costs.source,
        of_processes=options.ranks_per_node * costs.process,
        per_thread=connections / threads,
        spikes=spikes,
        connect=connections / threads * costs.connect,
        update=neurons / threads * steps * costs.update,
        deliver=connections * options.rate / threads * costs.deliver,
        communicate=intervals
        * ((processes - 1) * 1e-6 * options.latency + bytes_sent / (1e9 * options.bandwidth)),
    )


def fits(plan, options):
    """Tell whether memory and NEST's counter of connections suffice."""
    has_memory = plan.memory <= options.node_memory * GiB
    return has_memory and plan.per_thread <= CONNECTIONS_PER_THREAD


def least_nodes(neurons, costs, options, most=10**6):
    """Give the least number of nodes on which a network fits.

    Raises
    ------
    ParameterError
        If it fits on no number up to `most`.
    """
    nodes = 1
    while not fits(estimate(neurons, nodes, costs, options), options):
        nodes += max(1, nodes // 100)
        if nodes > most:
            raise ParameterError(
                f"{neurons} neurons with {options.indegree} inputs fit on no number of nodes up to "
                f"{most}; choose fewer processes on a node, or nodes with more memory"
            )
    return nodes


def largest_network(costs, options):
    """Give the largest networks that the limits of NEST and of a node allow.

    Returns
    -------
    dict of str to float
        Limit to the number of neurons.
    """
    return {
        "one node": options.node_memory
        * GiB
        / (costs.neuron + options.indegree * costs.connection + costs.source),
        "table of sources fills a node, if every process has targets of every neuron": (
            options.node_memory * GiB / (options.ranks_per_node * costs.source)
        ),
        f"{CONNECTIONS_PER_THREAD} connections on each thread of one node": (
            CONNECTIONS_PER_THREAD * options.cores / options.indegree
        ),
    }


def memory_table(plans):
    """Format the memory of a node."""
    return report.table(
        ("neurons", "nodes", "neurons (GiB)", "connections (GiB)", "sources (GiB)", "sum (GiB)"),
        [
            (
                f"{neurons:.0e}",
                plan.nodes,
                plan.of_neurons / GiB,
                plan.of_connections / GiB,
                plan.of_sources / GiB,
                plan.memory / GiB,
            )
            for neurons, plan in plans
        ],
    )


def time_table(plans):
    """Format the times, and the spikes that are communicated."""
    return report.table(
        (
            "neurons",
            "nodes",
            "connect once (s)",
            "update (s)",
            "deliver (s)",
            "communicate (s)",
            "spikes to a process in an interval",
        ),
        [
            (
                f"{neurons:.0e}",
                plan.nodes,
                plan.connect,
                plan.update,
                plan.deliver,
                plan.communicate,
                plan.spikes,
            )
            for neurons, plan in plans
        ],
    )


if __name__ == "__main__":
    command_line.run_script(main)
