# SPDX-License-Identifier: GPL-2.0-or-later
"""Compile all that the benchmarks compare, two at a time; what the cache has stays."""

import functools
from concurrent.futures import ThreadPoolExecutor

from benchmarks import brian2_runs, builds, flags, network, report
from benchmarks.neuron_cost import N_NEURONS
from izhisyn import command_line


def main(arguments=None):
    """Compile with these command line arguments."""
    options = report.parser("prepare", __doc__, repetitions=1).parse_args(arguments)
    programs = [(N_NEURONS, "euler", 0), (N_NEURONS, "rk4", 0)]
    programs += [(n_neurons, "euler", 0) for n_neurons, _ in network.SIZES]
    programs += [(network.THREADED[0], "euler", 2)]
    tasks = [
        functools.partial(builds.stock_module, options.cache),
        *(
            functools.partial(builds.ode_module, solver, options.cache)
            for solver in ("rk45", "forward-Euler")
        ),
        *(functools.partial(brian2_runs.program, options.cache, *of) for of in programs),
    ]
    with ThreadPoolExecutor(2) as compilers:
        for done, _ in enumerate(compilers.map(lambda task: task(), tasks), 1):
            print(f"{done} of {len(tasks)} peers: ready", flush=True)
    flags.build_all(options.cache)


if __name__ == "__main__":
    command_line.run_script(main)
