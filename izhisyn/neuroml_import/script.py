# SPDX-License-Identifier: GPL-2.0-or-later
"""The PyNEST script of a network that was read from NeuroML."""

from collections import defaultdict

HEAD = '''\
"""{source}, carried over from NeuroML by izhisyn.

{left_behind}
"""

import argparse
import json
from pathlib import Path

{imports}
RESOLUTION = {resolution!r}  # time step [ms]
'''

TAIL = '''

def main():
    """Simulate; print the numbers of spikes, and write their times [ms] beside this script."""
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
    Path(__file__).with_suffix(".json").write_text(json.dumps(spikes) + "\\n")


if __name__ == "__main__":
    main()
'''


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
    notes = "\n".join(f"- {note}" for note in network.left_behind)
    body = "".join([*_create(network), *_inject(network), *_connect(network)])
    head = HEAD.format(
        source=source,
        left_behind=f"Not carried over:\n{notes}" if notes else "Everything is carried over.",
        imports=_imports(body),
        resolution=resolution,
    )
    return head + body + TAIL.format(simtime=simtime)


def _imports(body):
    numpy = "import numpy as np\n\n" if "np." in body else ""
    wiring = [name for name in ("connect_pairs", "step_current", "syn_spec") if f"{name}(" in body]
    lines = numpy + "from izhisyn.kernel import nest, simulate, start_kernel\n"
    return lines + f"from izhisyn.wiring import {', '.join(wiring)}\n" if wiring else lines


def _create(network):
    yield '\n\ndef create():\n    """Create the populations."""\n    return {\n'
    for cells in network.populations.values():
        yield f"        # {cells.origin}\n"
        for synapse, receptor in cells.receptors.items():
            yield f"        # {receptor} is {synapse}\n"
        yield f'        "{cells.name}": nest.Create(\n'
        yield f'            "{cells.model}",\n            {len(cells.ids)},\n            {{\n'
        for name, value in cells.parameters.items():
            yield f'                "{name}": {value!r},\n'
        yield "            },\n        ),\n"
    yield "    }\n"


def _inject(network):
    yield "\n\ndef inject(populations):\n"
    yield '    """Send currents: times [ms], and the current from each time on [pA]."""\n'
    lines = []
    for cells in network.populations.values():
        alike = defaultdict(list)
        for index, pulses in sorted(cells.currents.items()):
            alike[tuple(steps_of_pulses(pulses))].append(index)
        for steps, indices in alike.items():
            chosen = "" if len(indices) == len(cells.ids) else f"[{indices}]"
            lines.append(f'    step_current(populations["{cells.name}"]{chosen}, {list(steps)})\n')
    yield from lines or ["    # no currents\n"]


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
    yield "\n\ndef connect(populations):\n"
    yield '    """Connect the populations; the shortest delay is a step."""\n'
    if not network.projections:
        yield "    # no projections\n"
    for projection in network.projections:
        source = network.populations[projection.source]
        target = network.populations[projection.target]
        yield f"    # {projection.name}\n"
        yield f'    pre, post = populations["{source.name}"], populations["{target.name}"]\n'
        rule = _rule(projection, len(source.ids), len(target.ids))
        spec = f'syn_spec("{projection.receptor}", weight, delay, "{target.model}")'
        if rule and len(set(projection.weights)) == len(set(projection.delays)) == 1:
            yield f"    weight, delay = {projection.weights[0]!r}, {_delay(projection.delays[0])}\n"
            yield f'    nest.Connect(pre, post, "{rule}", {spec})\n'
            continue
        rows = zip(projection.pairs, projection.weights, projection.delays, strict=True)
        yield "    connections = (\n        # source, target, weight, delay [ms]\n"
        for (first, second), weight, delay in rows:
            yield f"        ({first}, {second}, {weight!r}, {_delay(delay)}),\n"
        yield "    )\n    *pairs, weight, delay = np.array(connections).T\n"
        yield f"    connect_pairs(pre, post, pairs, {spec})\n"


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
