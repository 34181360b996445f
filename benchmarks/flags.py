# SPDX-License-Identifier: GPL-2.0-or-later
"""Cost of a step and equality of the spikes under other compiler flags than build_module.py's.

Each flag is left out, replaced or added alone. Spikes are those of the driven cells of the
work-precision benchmark, compared bit by bit.
"""

import functools

import build_module
from benchmarks import nest_runs, report, tasks
from benchmarks.builds import ROOT, PeerError
from benchmarks.measure import Process, take_turns
from benchmarks.nest_runs import Contestant
from benchmarks.neuron_cost import AMPA_NMDA_AND_GABA_A, DURATION, INPUT_RATE, N_NEURONS, STEP
from izhisyn import command_line

NAME = "flags"
MODEL = "izhikevich_psc_multisyn_neuron"
AS_BUILT = "as built"


def main(arguments=None):
    """Run the benchmark with these command line arguments."""
    options = report.parser(NAME, __doc__.partition("\n")[0]).parse_args(arguments)
    task = tasks.driven()
    processes, contestants, spikes = {}, {}, {}
    for number, (name, (flags, march)) in enumerate(variants().items()):
        with Process() as process:
            module = process(build, number, flags, march, options.cache)
        processes[name] = Process()
        contestants[name] = {i: Contestant(module, MODEL, {"integrator": i}) for i in (0, 1)}
        exact = Contestant(module, MODEL, has_offset=True)
        trains = processes[name](nest_runs.spike_times, exact, STEP, task.cells, task.duration)
        spikes[name] = [train.tolist() for train in trains]
        print(f"{name}: built", flush=True)
    columns = {
        f"integrator {integrator}, {state}": take_turns(
            {
                name: functools.partial(
                    processes[name],
                    nest_runs.seconds_per_step,
                    of_variant[integrator],
                    AMPA_NMDA_AND_GABA_A,
                    rate,
                    STEP,
                    N_NEURONS,
                    DURATION,
                )
                for name, of_variant in contestants.items()
            },
            options.repetitions,
        )
        for integrator in (0, 1)
        for state, rate in (("silent", 0.0), ("5000 spikes/s", INPUT_RATE))
    }
    measured = {
        name: {column: 1e9 * costs[name] for column, costs in columns.items()}
        | {"same_spikes": spikes[name] == spikes[AS_BUILT]}
        for name in contestants
    }
    rows = [
        [name, *(of[column] for column in columns), "yes" if of["same_spikes"] else "no"]
        for name, of in measured.items()
    ]
    report.write(
        NAME,
        options,
        {"flags": build_module.OPTIMISATION, "nanoseconds_per_step": measured},
        {f"{MODEL}, ns a step": report.table(["", *columns, "same spikes"], rows)},
    )


def variants():
    """Give name to (flags, processor) of all modules to compare."""
    flags = build_module.OPTIMISATION
    others = tuple(flag for flag in flags if flag != "-O3")
    return {
        AS_BUILT: (flags, "native"),
        "-march none": (flags, "none"),
        "-O2 for -O3": (("-O2", *others), "native"),
        **{
            f"without {flag}": (tuple(other for other in flags if other != flag), "native")
            for flag in others
        },
        "with -ffp-contract=fast": ((*flags, "-ffp-contract=fast"), "native"),
        "with -ffast-math": ((*flags, "-ffast-math"), "native"),
    }


def build(number, flags, march, cache):
    """Build the model with these flags, in this process; return what ``nest.Install`` takes."""
    build_module.OPTIMISATION = flags
    name = f"variant{number}module"
    folder = cache.resolve() / "flags"
    model = ROOT / "models" / f"{MODEL}.nestml"
    arguments = ["--models", model, "--module-name", name, "--march", march, "--force"]
    arguments += ["--install-dir", folder, "--numeric-solver", "forward-Euler"]
    if build_module.main([str(argument) for argument in arguments]) != 0:
        raise PeerError(f"{MODEL} cannot be built with {' '.join(flags)}; see the message above")
    return str(folder / name)


if __name__ == "__main__":
    command_line.run(main)
