# SPDX-License-Identifier: GPL-2.0-or-later
"""Cost of a step and equality of the spikes under other compiler flags than build_module.py's.

Each flag is left out, replaced or added alone. Spikes are those of the driven cells of the
work-precision benchmark, compared bit by bit. Two modules are compiled at a time, before anything
is timed.
"""

import functools
import hashlib
from concurrent.futures import ThreadPoolExecutor

import build_module
from benchmarks import nest_runs, report, tasks
from benchmarks.builds import ROOT, PeerError
from benchmarks.measure import Process, take_turns
from benchmarks.nest_runs import Contestant
from benchmarks.neuron_cost import AMPA_NMDA_AND_GABA_A, DURATION, INPUT_RATE, N_NEURONS, STEP
from izhisyn import command_line

NAME = "flags"
OPTIMISATION, GCC_ONLY = build_module.OPTIMISATION, build_module.GCC_ONLY
MODEL = "izhikevich_psc_multisyn_neuron"
AS_BUILT = "as built"


def main(arguments=None):
    """Run the benchmark with these command line arguments."""
    options = report.parser(NAME, __doc__.partition("\n")[0]).parse_args(arguments)
    task = tasks.driven()
    modules = build_all(options.cache)
    processes, contestants, spikes = {}, {}, {}
    for name, module in modules.items():
        processes[name] = Process()
        contestants[name] = {i: Contestant(module, MODEL, {"integrator": i}) for i in (0, 1)}
        exact = Contestant(module, MODEL, has_offset=True)
        trains = processes[name](nest_runs.spike_times, exact, STEP, task.cells, task.duration)
        spikes[name] = [train.tolist() for train in trains]
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
        {"flags": [*OPTIMISATION, *GCC_ONLY], "nanoseconds_per_step": measured},
        {f"{MODEL}, ns a step": report.table(["", *columns, "same spikes"], rows)},
    )


def variants():
    """Give name to (flags, processor) of all modules to compare."""
    flags = (*OPTIMISATION, *GCC_ONLY)
    optional = tuple(flag for flag in flags if flag not in ("-O3", "-fno-gnu-unique"))
    return {
        AS_BUILT: (flags, "native"),
        "-march none, which chooses when loaded": (flags, "none"),
        "-march x86-64-v3 (AVX2)": (flags, "x86-64-v3"),
        "-O2 for -O3": (tuple("-O2" if flag == "-O3" else flag for flag in flags), "native"),
        **{
            f"without {flag}": (tuple(other for other in flags if other != flag), "native")
            for flag in optional
        },
        "with -ffp-contract=fast": ((*flags, "-ffp-contract=fast"), "native"),
        "with -ffast-math": ((*flags, "-ffast-math"), "native"),
    }


def build_all(cache):
    """Build all variants unless the cache has them; gives name to what ``nest.Install`` takes."""

    def build_one(variant):
        name, (flags, march) = variant
        with Process() as process:
            module = process(build, flags, march, cache)
        print(f"{name}: built", flush=True)
        return name, module

    with ThreadPoolExecutor(2) as builders:
        return dict(builders.map(build_one, variants().items()))


def build(flags, march, cache):
    """Build the model with these flags, in this process; return what ``nest.Install`` takes."""
    build_module.OPTIMISATION, build_module.GCC_ONLY = flags, ()
    # build_module.py builds anew if its source changes, which these flags are not in: name them.
    name = f"flags_{hashlib.sha256(' '.join((*flags, march)).encode()).hexdigest()[:12]}_module"
    folder = cache.resolve() / "flags"
    model = ROOT / "models" / f"{MODEL}.nestml"
    arguments = ["--models", model, "--module-name", name, "--march", march]
    arguments += ["--install-dir", folder, "--numeric-solver", "forward-Euler"]
    if build_module.main([str(argument) for argument in arguments]) != 0:
        raise PeerError(f"{MODEL} cannot be built with {' '.join(flags)}; see the message above")
    return str(folder / name)


if __name__ == "__main__":
    command_line.run_script(main)
