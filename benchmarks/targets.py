# SPDX-License-Identifier: GPL-2.0-or-later
"""The project's targets for speed and memory, beside what the other benchmarks measured.

It measures nothing itself: it reads the JSON files that they wrote.
"""

import json
from dataclasses import dataclass

from benchmarks import network, report
from benchmarks.builds import STOCK_MODELS
from benchmarks.network import IAF_PSC_EXP, OURS, THREADED, TWO
from benchmarks.neuron_cost import STOCK
from izhisyn import command_line
from izhisyn.errors import ParameterError

NAME = "targets"
PSC, COND, DELTA = STOCK_MODELS
README_ROWS = {
    "`izhikevich_psc_multisyn_neuron`, exact step": f"{PSC}, integrator 0",
    "`izhikevich_cond_multisyn_neuron`, exact step": f"{COND}, integrator 0",
    "`izhikevich_psc_delta_neuron`, exact step": f"{DELTA}, integrator 0",
    "the first with NESTML's own nodes": f"{PSC}, {STOCK}",
    "its equations by NESTML's rk45": "NESTML, rk45",
    "its equations in Brian2 standalone, forward Euler": "Brian2 standalone, euler",
    "NEST's `izhikevich`, no synapses": "NEST's izhikevich",
    "NEST's `iaf_psc_exp`": "NEST's iaf_psc_exp",
    "NEST's `iaf_cond_beta`": "NEST's iaf_cond_beta",
}


@dataclass(frozen=True)
class Target:
    """A number and what it must not exceed."""

    what: str
    measured: float
    most: float

    @property
    def is_met(self):
        """Whether it does not exceed it."""
        return self.measured <= self.most


def main(arguments=None):
    """Compare with these command line arguments."""
    options = report.parser(NAME, __doc__.partition("\n")[0], repetitions=1).parse_args(arguments)
    costs = read(options.output, "neuron_cost")["nanoseconds_per_step"]
    report.renew_pages("readme_costs", options, table_for_readme(costs))
    targets = [
        *of_steps(costs),
        *of_networks(read(options.output, "network")),
        *of_accuracy(read(options.output, "work_precision")),
        *of_memory(read(options.output, "memory")),
    ]
    rows = [[t.what, t.most, t.measured, "yes" if t.is_met else "no"] for t in targets]
    report.write(
        NAME,
        options,
        {"targets": [vars(target) | {"is_met": target.is_met} for target in targets]},
        {"Targets": report.table(["", "at most", "measured", "met"], rows)},
    )


def table_for_readme(costs):
    """Table of the cost of a step of a few models; `costs` [ns] as for `of_steps`."""
    rows = [[name, costs[key]["silent"]] for name, key in README_ROWS.items()]
    return report.table(["", "ns"], rows)


def read(folder, benchmark):
    """Read the results of another benchmark."""
    file = folder / f"{benchmark}.json"
    if not file.exists():
        raise ParameterError(f"there is no {file}; run python -m benchmarks.{benchmark} first")
    return json.loads(file.read_text())


def of_steps(costs):
    """Targets for the cost of a step; `costs` [ns] as `benchmarks.neuron_cost` keeps them."""
    silent = {name: cost["silent"] for name, cost in costs.items()}
    exact = silent[f"{PSC}, integrator 0"]
    return [
        Target("psc model, ns a step", exact, 9.0),
        Target("cond model, ns a step", silent[f"{COND}, integrator 0"], 11.0),
        Target("exact step / forward Euler", exact / silent[f"{PSC}, integrator 1"], 2.0),
        Target("exact step / NESTML's rk45", exact / silent["NESTML, rk45"], 0.2),
        Target("pooled / stock code, psc model", exact / silent[f"{PSC}, {STOCK}"], 1.0),
    ]


def of_networks(results):
    """Targets for events and connections; `results` as `benchmarks.network` keeps them."""
    runs, costs = results["runs"], results["event_costs"]
    neurons, synapses = THREADED

    def event(name):
        (cost,) = (c for c in costs if (c["name"], c["neurons"]) == (name, neurons))
        return cost["events"][str(synapses)]

    def of_connections(name, value):
        busy = network.find(runs, name, neurons, synapses)
        return value(busy) - value(network.quiet_run(runs, name, neurons))

    one_for_two = {
        what: of_connections(OURS, value) / of_connections(TWO, value)
        for what, value in (
            ("memory", lambda run: run["build"]["bytes"]),
            ("delivery time", lambda run: run["processor"]),
        )
    }
    return [
        Target("an event, psc model / iaf_psc_exp", event(OURS) / event(IAF_PSC_EXP), 1.0),
        Target("AMPA_NMDA / two connections, memory", one_for_two["memory"], 0.6),
        Target("AMPA_NMDA / two connections, delivery time", one_for_two["delivery time"], 0.7),
    ]


def of_accuracy(results):
    """Target for spike times; `results` as `benchmarks.work_precision` keeps them."""
    ahead = results["faster_and_more_accurate"]
    return [Target("points of peers both faster and more accurate", len(ahead), 0)]


def of_memory(results):
    """Targets for the memory of a neuron; `results` as `benchmarks.memory` keeps them."""
    pooled, stock = results["neuron"], results["neuron_with_stock_code"]
    of_nest = pooled["parrot_neuron"]
    return [
        Target(
            f"memory of a neuron{beyond}, pooled / stock code, {name} model",
            (pooled[model] - part) / (stock[model] - part),
            0.5,
        )
        for beyond, part in (("", 0.0), (" beyond a parrot_neuron's", of_nest))
        for name, model in (("psc", PSC), ("cond", COND), ("delta", DELTA))
    ]


if __name__ == "__main__":
    command_line.run_script(main)
