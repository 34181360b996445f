# SPDX-License-Identifier: GPL-2.0-or-later
"""Processor time per neuron and step of 0.1 ms, silent and with 5000 input spikes/s.

The minimal delay is 1 ms. The input comes from 50 neurons through connections, as in a network, and
is too weak to make a neuron fire; it goes to all receptors of the izhisyn models and of NEST's
ht_neuron, half to each port of the others that have an excitatory and an inhibitory one. "Stock
code" are our models with the nodes that NESTML generates in place of pooled ones.
"""

import functools

from benchmarks import brian2_runs, builds, nest_runs, report
from benchmarks.measure import Process, take_turns
from benchmarks.nest_runs import Contestant
from benchmarks.tasks import COPIES
from benchmarks.work_precision import ODE
from izhisyn import command_line
from izhisyn.parameters import CELL_TYPES

NAME = "neuron_cost"
STEP = 0.1  # [ms]
DURATION = 100.0  # of a turn [ms]
INPUT_RATE = 5000.0  # [spikes/s]
N_NEURONS = COPIES * len(CELL_TYPES)  # those of the Brian2 program
WEIGHT = 1e-3  # in each model's own unit
REFERENCE = "izhikevich_psc_multisyn_neuron"
STOCK = "stock code"

AMPA_NMDA_AND_GABA_A = ((4, WEIGHT), (3, WEIGHT))
SIGNED = ((0, WEIGHT), (0, -WEIGHT))  # one port, the weight's sign chooses the synapse
OWN = {
    "izhikevich_psc_multisyn_neuron": AMPA_NMDA_AND_GABA_A,
    "izhikevich_cond_multisyn_neuron": AMPA_NMDA_AND_GABA_A,
    "izhikevich_psc_delta_neuron": SIGNED,
}
OTHERS = {
    "izhikevich2007_cond_multisyn_neuron": AMPA_NMDA_AND_GABA_A,
    "izhikevich_tutorial_neuron": SIGNED,
}
# Model, settings and ports of NEST's own neurons.
NEST_MODELS = (
    ("izhikevich", {}, SIGNED),
    ("iaf_psc_exp", {}, SIGNED),
    ("iaf_cond_beta", {}, SIGNED),
    (
        "aeif_cond_beta_multisynapse",
        {"E_rev": [0.0, 0.0, -70.0], "tau_rise": [0.5, 8.0, 1.0], "tau_decay": [2.4, 200.0, 7.0]},
        ((1, WEIGHT), (3, WEIGHT)),
    ),
    ("ht_neuron", {}, ((1, WEIGHT), (2, WEIGHT), (3, WEIGHT), (4, WEIGHT))),
    ("iaf_bw_2001_exact", {}, ((1, WEIGHT), (2, WEIGHT))),  # NMDA would add states per connection
)


def main(arguments=None):
    """Run the benchmark with these command line arguments."""
    options = report.parser(NAME, __doc__.partition("\n")[0]).parse_args(arguments)
    contestants = nest_contestants(options.cache)
    processes = {module: Process() for module in {c.module for c, _ in contestants.values()}}
    costs = {}
    for state, rate in (("silent", 0.0), ("with input", INPUT_RATE)):
        turns = {
            name: functools.partial(
                processes[contestant.module],
                nest_runs.seconds_per_step,
                contestant,
                ports,
                rate,
                STEP,
                N_NEURONS,
                DURATION,
            )
            for name, (contestant, ports) in contestants.items()
        }
        for method in ("euler", "rk4"):
            running = brian2_runs.program(options.cache, N_NEURONS, method).start(RATE=rate)
            turns[f"Brian2 standalone, {method}"] = running.seconds_per_step
        for name, cost in take_turns(turns, options.repetitions).items():
            costs.setdefault(name, {})[state] = 1e9 * cost
    unit = costs[f"{REFERENCE}, integrator 0"]["silent"]
    rows = [[name, *of.values(), of["silent"] / unit] for name, of in costs.items()]
    head = ["", "silent (ns)", "5000 spikes/s (ns)", "silent, relative"]
    report.write(
        NAME,
        options,
        {"nanoseconds_per_step": costs},
        {"Processor time per neuron and 0.1 ms step": report.table(head, rows)},
    )


def nest_contestants(cache):
    """Build everything in NEST; gives name to (Contestant, ports)."""
    own = builds.own_module()
    stock = builds.stock_module(cache)
    rk45 = builds.ode_module("rk45", cache)
    euler = builds.ode_module("forward-Euler", cache)
    contestants = {
        f"{model}, integrator {integrator}": (
            Contestant(own, model, {"integrator": integrator}),
            to,
        )
        for model, to in OWN.items()
        for integrator in (0, 1, 2)
    }
    contestants |= {
        f"{model}, {STOCK}": (Contestant(stock, model), to) for model, to in OWN.items()
    }
    for model, to in OTHERS.items():
        contestants[model] = Contestant(own, model), to
    ports = ((1, WEIGHT), (2, WEIGHT), (3, WEIGHT))
    tight = {"gsl_abs_error_tol": 1e-9, "gsl_rel_error_tol": 1e-9}
    contestants["NESTML, rk45"] = Contestant(rk45, ODE), ports
    contestants["NESTML, rk45 to 1e-9"] = Contestant(rk45, ODE, tight), ports
    contestants["NESTML, forward Euler"] = Contestant(euler, ODE), ports
    return contestants | {
        f"NEST's {model}": (Contestant(own, model, settings), to)
        for model, settings, to in NEST_MODELS
    }


if __name__ == "__main__":
    command_line.run_script(main)
