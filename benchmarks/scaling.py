# SPDX-License-Identifier: GPL-2.0-or-later
"""Strong and weak scaling of the population network over MPI processes and threads.

Strong scaling: the same network on more threads and processes, called workers here. Weak scaling:
as many neurons on each worker, with the same in-degree, up to the network of the strong scaling.
Each run starts its own processes with ``--launcher``; on a cluster, run this in a job with the
launcher of its MPI, for instance ``--launcher "srun -n {ranks} -c {threads}" --splits 1x48 2x48``.
The phases are those of NEST's own timers; a NEST without detailed timers gives only their sum.
Where other programs have a share of the cores, a thread that is kept waiting keeps all others
waiting. The speed-up by processor time, of the work that each thread has, leaves that out; it is
what free cores would give if communication cost nothing.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import report
from izhisyn import command_line, plotting
from izhisyn.command_line import positive_integer, positive_number
from izhisyn.errors import IzhisynError

PHASES = {
    "update": plotting.BLUE,
    "deliver": plotting.VERMILION,
    "communicate": "#009E73",
    "other": "#BBBBBB",
}


class RunError(IzhisynError):
    """A run that failed."""


@dataclass(frozen=True)
class Split:
    """How the work is split.

    Attributes
    ----------
    ranks : int
        MPI processes; a single one is started without the launcher.
    threads : int
        Threads of each.
    """

    ranks: int
    threads: int

    @property
    def workers(self):
        """Number of threads in all processes."""
        return self.ranks * self.threads

    def __str__(self):
        return f"{self.ranks}x{self.threads}"


def main(arguments=None):
    """Run all splits with these command line arguments."""
    options = parse_arguments(arguments)
    most = max(split.workers for split in options.splits)
    strong = [(split, options.neurons) for split in options.splits]
    weak = [(split, options.neurons * split.workers // most) for split in options.splits]
    runs = {}
    for _ in range(options.repetitions):
        for case in dict.fromkeys(strong + weak):
            result = run(*case, options)
            if case not in runs or duration(result) < duration(runs[case]):
                runs[case] = result

    measured = {
        "splits": [str(split) for split in options.splits],
        "launcher": options.launcher,
        **{
            series: [{"ranks": s.ranks, "threads": s.threads, **runs[s, n]} for s, n in cases]
            for series, cases in (("strong", strong), ("weak", weak))
        },
    }
    tables = {
        "Strong scaling: one network": table(measured["strong"]),
        "Weak scaling: as many neurons on each worker": table(measured["weak"]),
    }
    report.write("scaling", options, measured, tables, draw(measured))


def parse_arguments(arguments):
    """Parse the command line."""
    parser = report.parser("scaling", __doc__.partition("\n")[0], repetitions=3)
    add = parser.add_argument
    add(
        "--splits",
        nargs="+",
        type=split,
        default=[Split(1, 1), Split(1, 2), Split(2, 1)],
        metavar="RANKSxTHREADS",
        help="processes and threads of each run",
    )
    add("--launcher", default="mpirun -n {ranks}", help="starts several processes")
    add("--neurons", type=positive_integer, default=10000, metavar="N", help="of the largest run")
    add("--indegree", type=positive_integer, default=1000, metavar="K", help="of every run")
    add("--simtime", type=positive_number, default=500.0, metavar="MS", help="timed time [ms]")
    add("--presimtime", type=positive_number, default=100.0, metavar="MS", help="before [ms]")
    return parser.parse_args(arguments)


def split(text):
    """Convert an argument such as 2x4 to a Split."""
    if not re.fullmatch(r"[1-9]\d*x[1-9]\d*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not RANKSxTHREADS, for example 2x4")
    return Split(*map(int, text.split("x")))


def run(split, neurons, options):
    """Run one network in processes of its own; return what they measured."""
    launcher = options.launcher.format(ranks=split.ranks, threads=split.threads)
    settings = {
        "neurons": neurons,
        "indegree": options.indegree,
        "simtime": options.simtime,
        "presimtime": options.presimtime,
        "total-vps": split.workers,
        "record": 0,
    }
    # All nodes of a cluster see this folder, which they do not of /tmp.
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.output, prefix=".scaling-") as folder:
        command = [
            *(shlex.split(launcher) if split.ranks > 1 else ()),
            *(sys.executable, "-m", "benchmarks.scaling_run", folder),
            *(f"--{name}={value}" for name, value in settings.items()),
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": str(split.threads)}
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        if result.returncode != 0:
            raise RunError(
                f"`{shlex.join(command)}` ended with code {result.returncode}: "
                + "\n".join(result.stderr.strip().splitlines()[-10:])
            )
        return json.loads(Path(folder, "run.json").read_text())


def duration(result):
    """Wall time of the simulation [s]."""
    return result["seconds"]["simulate"]


def phases(result):
    """Wall time of each phase [s]; None of those that NEST did not time."""
    seconds = {name: result["seconds"].get(name) for name in PHASES if name != "other"}
    timed = sum(value for value in seconds.values() if value is not None)
    return seconds | {"other": duration(result) - timed}


def work(result):
    """Processor time that a worker needs to update neurons and deliver spikes [s], or None."""
    parts = [result["seconds"].get(f"processor_{phase}") for phase in ("update", "deliver")]
    return None if None in parts else sum(parts)


def table(runs):
    """Format the runs of a series."""
    first = runs[0]

    def speed_up(result, cost):
        if cost(result) is None:
            return None
        return cost(first) / cost(result) * result["neurons"] / first["neurons"]

    return report.table(
        (
            "ranks x threads",
            "neurons",
            "connect (s)",
            "simulate (s)",
            *(f"{phase} (s)" for phase in PHASES),
            "speed-up",
            "by processor time",
            "memory (MiB)",
        ),
        [
            (
                f"{result['ranks']} x {result['threads']}",
                result["neurons"],
                result["seconds"]["connect"],
                duration(result),
                *phases(result).values(),
                speed_up(result, duration),
                speed_up(result, work),
                round(result["peak_memory_MiB"]),
            )
            for result in runs
        ],
    )


def draw(measured):
    """Draw the phases of each run as stacked bars."""
    with plotting.style():
        figure = plotting.new_figure(width=16.0, height=7.0)
        all_axes = figure.subplots(1, 2, sharey=True)
        for axes, series in zip(all_axes, ("strong", "weak"), strict=True):
            runs = measured[series]
            bottom = [0.0] * len(runs)
            for phase, colour in PHASES.items():
                heights = [phases(result)[phase] or 0.0 for result in runs]
                axes.bar(measured["splits"], heights, bottom=bottom, color=colour, label=phase)
                bottom = [low + high for low, high in zip(bottom, heights, strict=True)]
            axes.set_title(f"{series} scaling")
            axes.set_xlabel("MPI processes x threads")
        all_axes[0].set_ylabel("Time of the simulation (s)")
        figure.legend(*all_axes[0].get_legend_handles_labels(), loc="outside right", frameon=False)
    return figure


if __name__ == "__main__":
    command_line.run_script(main)
