# SPDX-License-Identifier: GPL-2.0-or-later
"""One picture of accuracy and speed, of what the other benchmarks measured.

It measures nothing itself: it reads the JSON files that they wrote.
"""

from matplotlib.ticker import NullLocator

from benchmarks import report, work_precision
from benchmarks.network import BRIAN2, IAF_COND_BETA, IAF_PSC_EXP, OURS, PLAIN, STOCK, THREADED
from benchmarks.network import find as find_network
from benchmarks.targets import read
from benchmarks.work_precision import EXACT, GREY, LOOKS, PURPLE
from izhisyn import command_line, plotting
from izhisyn.files import writing

NAME = "overview"
TASK = "constant current"
CURVES = (EXACT, "NESTML, rk45", "NEST's izhikevich", "Brian2 standalone, Euler")
BARS = {
    OURS: plotting.VERMILION,
    PLAIN: plotting.VERMILION,
    STOCK: plotting.VERMILION,
    BRIAN2: PURPLE,
    IAF_PSC_EXP: GREY,
    IAF_COND_BETA: GREY,
}


def main(arguments=None):
    """Draw the picture with these command line arguments."""
    options = report.parser(NAME, __doc__.partition("\n")[0], repetitions=1).parse_args(arguments)
    figure = draw(read(options.output, "work_precision"), read(options.output, "network"))
    path = options.output / f"{NAME}.png"
    with writing(path) as aside:
        figure.savefig(aside, dpi=200)
    print(f"Wrote {path}")


def draw(accuracy, speed):
    """Draw error over cost on the left, and the time of a network on the right."""
    with plotting.style():
        figure = plotting.new_figure(width=17.0, height=7.0)
        left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.1))
        for name in CURVES:
            colour, marker, line = LOOKS[name]
            points = work_precision.curve_of(accuracy["curves"], TASK, name)
            left.loglog(
                [1e6 * point["cost"] for point in points],
                [point["error"] for point in points],
                color=colour,
                marker=marker,
                linestyle=line,
                markersize=3.5,
                label=name,
            )
        left.set_title("Seven cell types, steps of 0.01 to 1 ms", loc="left")
        left.set_xlabel("Processor time for a neuron and second (µs)")
        left.set_ylabel("Largest spike-time error (ms)")
        left.xaxis.set_minor_locator(NullLocator())
        left.yaxis.set_minor_locator(NullLocator())
        left.grid(linewidth=0.3, alpha=0.5)
        figure.legend(
            *left.get_legend_handles_labels(),
            loc="outside lower left",
            ncols=2,
            frameon=False,
            fontsize=7,
        )
        runs = {name: find_network(speed["runs"], name, *THREADED) for name in BARS}
        runs = {name: run for name, run in runs.items() if run is not None}
        times = [run["processor"] for run in runs.values()]
        bars = right.barh(list(runs), times, color=[BARS[name] for name in runs], height=0.65)
        right.bar_label(bars, [f"{time:.3g} s" for time in times], padding=3, fontsize=7)
        right.invert_yaxis()
        right.set_xlim(right=1.15 * max(times))
        right.set_title("10 000 neurons, 10 million synapses, 0.1 ms", loc="left")
        right.set_xlabel("Processor time for a simulated second (s)")
    return figure


if __name__ == "__main__":
    command_line.run_script(main)
