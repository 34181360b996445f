# SPDX-License-Identifier: GPL-2.0-or-later
"""The PyNEST script of a network that was read from NeuroML."""

from collections import defaultdict

from izhisyn.import_output.pynest import (
    Function,
    Script,
    call,
    comment,
    dictionary,
    quoted,
    sequence,
    statement,
)

_MAIN = """\
parser = argparse.ArgumentParser(description=__doc__.partition("\\n")[0])
parser.add_argument("--simtime", type=float, default={simtime!r}, help="duration [ms]")
options = parser.parse_args()
start_kernel(resolution=RESOLUTION)
populations = create()
inject(populations)
connect(populations)
recorders = {{name: nest.Create("spike_recorder") for name in populations}}
for name, recorder in recorders.items():
    nest.Connect(populations[name], recorder)
simulate(options.simtime)
spikes = {{}}
for name, recorder in recorders.items():
    events = recorder.events
    first = populations[name].tolist()[0]
    cells = [int(sender) - first for sender in events["senders"]]
    spikes[name] = {{"cells": cells, "times": events["times"].tolist()}}
    print(f"{{name}}: {{len(cells)}} spikes")
Path(__file__).with_suffix(".json").write_text(json.dumps(spikes) + "\\n")"""


def pynest_script(network, source, resolution, simtime):
    """Write the script.

    Parameters
    ----------
    network : izhisyn.neuroml_import.network.Network
    source : str
        Name of the file it was read from.
    resolution : float
        Time step [ms].
    simtime : float
        Default duration [ms].

    Returns
    -------
    str
    """
    main = Function(
        "main",
        "Simulate; print the numbers of spikes, and write their times [ms] beside this script.",
        _MAIN.format(simtime=simtime).splitlines(),
    )
    return Script(
        f"{source}, carried over from NeuroML by izhisyn.",
        [],
        network.left_behind,
        [f"RESOLUTION = {resolution!r}  # time step [ms]"],
        [_create(network), _inject(network), _connect(network), main],
    ).text()


def _create(network):
    lines = ["populations = {}"]
    for cells in network.populations.values():
        lines += comment(cells.origin)
        for synapse, receptor in cells.receptors.items():
            lines += comment(f"{receptor} is {synapse}")
        parameters = {name: repr(value) for name, value in cells.parameters.items()}
        create = call(
            "nest.Create", quoted(cells.model), str(len(cells.ids)), dictionary(parameters)
        )
        lines += statement(create, f"populations[{quoted(cells.name)}] = ")
    return Function("create", "Create the populations.", [*lines, "return populations"])


def _inject(network):
    lines = []
    for cells in network.populations.values():
        alike = defaultdict(list)
        for index, pulses in sorted(cells.currents.items()):
            alike[tuple(steps_of_pulses(pulses))].append(index)
        for steps, indices in alike.items():
            chosen = "" if len(indices) == len(cells.ids) else f"[{indices}]"
            target = f"populations[{quoted(cells.name)}]{chosen}"
            lines += statement(call("step_current", target, sequence(map(repr, steps))))
    return Function(
        "inject",
        "Send currents: times [ms], and the current from each time on [pA].",
        lines or ["# no currents"],
        "populations",
    )


def steps_of_pulses(pulses):
    """Add pulses up to a current that changes in steps.

    Parameters
    ----------
    pulses : list of (float, float, float)
        Start, end [ms] and amplitude [pA].

    Returns
    -------
    list of (float, float)
        Times [ms], the first is 0, and the current from then on [pA].
    """
    times = sorted({0.0, *(time for start, end, _ in pulses for time in (start, end))})
    steps = []
    for time in times:
        current = sum(amplitude for start, end, amplitude in pulses if start <= time < end)
        if not steps or current != steps[-1][1]:
            steps.append((time, float(current)))
    return steps


def _connect(network):
    lines = []
    for projection in network.projections:
        source = network.populations[projection.source]
        target = network.populations[projection.target]
        lines += comment(projection.name)
        lines.append(
            f"pre, post = populations[{quoted(source.name)}], populations[{quoted(target.name)}]"
        )
        rule = _rule(projection, len(source.ids), len(target.ids))
        spec = call(
            "syn_spec", quoted(projection.receptor), "weight", "delay", quoted(target.model)
        )
        if rule and len(set(projection.weights)) == len(set(projection.delays)) == 1:
            lines.append(
                f"weight, delay = {projection.weights[0]!r}, {_delay(projection.delays[0])}"
            )
            lines += statement(call("nest.Connect", "pre", "post", quoted(rule), spec))
            continue
        rows = zip(projection.pairs, projection.weights, projection.delays, strict=True)
        lines += ["connections = (", "    # source, target, weight, delay [ms]"]
        lines += [
            f"    ({first}, {second}, {weight!r}, {_delay(delay)}),"
            for (first, second), weight, delay in rows
        ]
        lines += [")", "*pairs, weight, delay = np.array(connections).T"]
        lines += statement(call("connect_pairs", "pre", "post", "pairs", spec))
    return Function(
        "connect",
        "Connect the populations; the shortest delay is a step.",
        lines or ["# no projections"],
        "populations",
    )


def _delay(delay):
    return "RESOLUTION" if delay == 0 else repr(delay)


def _rule(projection, n_sources, n_targets):
    """Name NEST's rule for the pairs, if one makes exactly these."""
    pairs = sorted(projection.pairs)
    if pairs == [(first, second) for first in range(n_sources) for second in range(n_targets)]:
        return "all_to_all"
    if n_sources == n_targets and pairs == [(index, index) for index in range(n_sources)]:
        return "one_to_one"
    return None
