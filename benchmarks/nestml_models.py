# SPDX-License-Identifier: GPL-2.0-or-later
"""Cost of a step of NESTML's own neurons, pooled and with stock code.

The library lies where NESTML's wheel installs it, below the prefix of the environment. Its models
are built with forward Euler. The input is that of the benchmark neuron_cost, too weak to make a
neuron fire; hill_tononi_neuron fires from its default state on.
"""

import functools
import re
import sys
from pathlib import Path

from benchmarks import builds, nest_runs, report
from benchmarks.measure import Process, take_turns
from benchmarks.nest_runs import Contestant
from benchmarks.neuron_cost import DURATION, INPUT_RATE, STEP, WEIGHT
from izhisyn import command_line
from izhisyn.kernel import nest

NAME = "nestml_models"
LIBRARY = Path(sys.prefix) / "models" / "neurons"
N_NEURONS = 1000
STATES = {"silent": 0.0, "5000 spikes/s": INPUT_RATE}
COLUMNS = ("pooled", "stock", "stock over pooled")


def main(arguments=None):
    """Run the benchmark with these command line arguments."""
    options = report.parser(NAME, __doc__.partition("\n")[0]).parse_args(arguments)
    library, reasons = builds.library_module(LIBRARY, options.cache)
    models = [file for file in sorted(LIBRARY.glob("*.nestml")) if file.stem not in reasons]
    stock = builds.stock_library_module(models, options.cache)
    modules = {"pooled": library, "stock": stock}
    processes = {kind: Process() for kind in modules}
    costs = {model.stem: {} for model in models}
    for state, rate in STATES.items():
        turns = {}
        for model in costs:
            for kind, module in modules.items():
                contestant = Contestant(module, model)
                ports = processes[kind](ports_of, contestant)
                turns[model, kind] = functools.partial(
                    processes[kind],
                    nest_runs.seconds_per_step,
                    contestant,
                    ports,
                    rate,
                    STEP,
                    N_NEURONS,
                    DURATION,
                )
        for (model, kind), cost in take_turns(turns, options.repetitions).items():
            costs[model][f"{kind}, {state}"] = 1e9 * cost
    rows = [[model, *cells(of)] for model, of in costs.items()]
    head = ["", *(f"{column}, {state}" for state in STATES for column in COLUMNS)]
    others = {}
    for model, reason in reasons.items():
        others.setdefault(re.sub(r" \(.*?\)", "", reason), []).append(
            model
        )  # without names of ports
    kept = [[reason, len(names), ", ".join(sorted(names))] for reason, names in others.items()]
    report.write(
        NAME,
        options,
        {"nanoseconds_per_step": costs, "stock_code_because": reasons},
        {
            "NESTML's neurons that are pooled, ns a step": report.table(head, rows),
            "Those that are not": report.table(["because the model", "number", "models"], kept),
        },
    )


def cells(costs):
    """Give costs and their ratio for both states, as the columns of the table are."""
    values = []
    for state in STATES:
        pooled, stock = costs[f"pooled, {state}"], costs[f"stock, {state}"]
        values += [pooled, stock, stock / pooled]
    return values


def ports_of(contestant):
    """Give all receptor types of a model with the weight that goes there."""
    nest_runs.start(contestant, STEP)
    types = nest.GetDefaults(contestant.model).get("receptor_types", {"spikes": 0})
    return tuple((port, WEIGHT) for port in types.values())


if __name__ == "__main__":
    command_line.run_script(main)
