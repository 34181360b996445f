# SPDX-License-Identifier: GPL-2.0-or-later
"""Error of spike times over cost, for each integrator and peer, at steps of 0.01 to 1 ms.

The seven cell types fire at a constant current of 10 pA for 1 s, or are driven through all three
receptors for 400 ms. A contestant's error is the largest error of any spike of a cell, averaged
geometrically over the cells; its cost is the processor time of a neuron for a simulated second,
from 980 neurons at once without recording.

Simulators that reset on the grid report a spike at the end of its step (Brian2: at the beginning),
half a step from where it was on average. Errors are given as reported and with that half step taken
off; the figure shows the latter, the smaller ones.
"""

import functools
import itertools

import numpy as np
from matplotlib.ticker import NullLocator

from benchmarks import builds, report, tasks
from benchmarks.measure import take_turns
from benchmarks.nest_runs import Contestant
from benchmarks.tasks import InBrian2, InNest, VectorLoop
from izhisyn import command_line, plotting

NAME = "work_precision"
STEPS = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)  # [ms]
PSC = "izhikevich_psc_multisyn_neuron"
ODE = "izhikevich_psc_ode_neuron"
EXACT = "izhisyn, exact quadratic step"
TASKS = {"constant current": tasks.constant_current(), "driven": tasks.driven()}
GREEN, PURPLE, GREY = (
    "#009E73",
    "#CC79A7",
    "#777777",
)  # of the palette of izhisyn.plotting, and grey
# Colour, marker and line of each contestant in the figure.
LOOKS = {
    EXACT: (plotting.VERMILION, "o", "-"),
    "izhisyn, forward Euler": (plotting.VERMILION, "v", ":"),
    "izhisyn, Izhikevich (2003)": (plotting.VERMILION, "^", ":"),
    "NESTML, rk45": (plotting.BLUE, "s", "-"),
    "NESTML, rk45 to 1e-9": (plotting.BLUE, "D", "--"),
    "NESTML, forward Euler": (plotting.BLUE, "v", ":"),
    "NEST's izhikevich": (GREEN, "P", ":"),
    "Brian2 standalone, Euler": (PURPLE, "v", ":"),
    "Brian2 standalone, RK4": (PURPLE, "X", "--"),
    "plain C++ loop, Euler": (GREY, "v", ":"),
}


def main(arguments=None):
    """Run the benchmark with these command line arguments."""
    options = report.parser(NAME, __doc__.partition("\n")[0]).parse_args(arguments)
    contestants = all_contestants(options.cache)
    curves = []
    for name, task in TASKS.items():
        able = {
            contestant: runs
            for contestant, runs in contestants.items()
            if runs.takes_input or task is TASKS["constant current"]
        }
        curves += measure(name, task, able, options.repetitions)
    report.write(
        NAME,
        options,
        {
            "spikes": {name: [len(t) for t in task.truth] for name, task in TASKS.items()},
            "curves": curves,
            "faster_and_more_accurate": faster_and_more_accurate(curves),
        },
        {f"{name}, step 0.1 ms": table_at(0.1, curves, name) for name in TASKS}
        | {f"{name}, cost at equal error": table_of_factors(curves, name) for name in TASKS},
        draw(curves),
    )


def all_contestants(cache):
    """Build all contestants; gives them by name."""
    own = builds.own_module()
    rk45 = builds.ode_module("rk45", cache)
    euler = builds.ode_module("forward-Euler", cache)
    tight = {"gsl_abs_error_tol": 1e-9, "gsl_rel_error_tol": 1e-9}
    contestants = (
        InNest(Contestant(own, PSC, {"integrator": 0}, has_offset=True)),
        InNest(Contestant(own, PSC, {"integrator": 1})),
        InNest(Contestant(own, PSC, {"integrator": 2})),
        InNest(Contestant(rk45, ODE)),
        InNest(Contestant(rk45, ODE, tight)),
        InNest(Contestant(euler, ODE)),
        InNest(Contestant(own, "izhikevich"), takes_input=False),
        InBrian2("euler", cache),
        InBrian2("rk4", cache),
        VectorLoop(cache),
    )
    return dict(zip(LOOKS, contestants, strict=True))


def measure(task_name, task, contestants, repetitions):
    """Measure cost and error of all contestants at all steps.

    Returns
    -------
    list of dict
        For each contestant its ``task``, ``name`` and ``points``: ``step`` [ms], ``cost`` [s of
        processor time for a simulated second], ``error`` and ``error_as_reported`` [ms, averages
        over the cells], the ``errors`` of the cells [ms] and the number of cells with
        ``wrong_counts`` of spikes.
    """
    points = {name: [] for name in contestants}
    for step in STEPS:
        costs = take_turns(
            {
                name: functools.partial(contestant.cost, step, task)
                for name, contestant in contestants.items()
            },
            repetitions,
        )
        for name, contestant in contestants.items():
            reported = contestant.spikes(step, task)
            middles = [times + contestant.to_middle(step) for times in reported]
            errors = tasks.largest_errors(middles, task.truth, task.duration)
            as_reported = tasks.largest_errors(reported, task.truth, task.duration)
            wrong = sum(
                len(found) != len(truth) for found, truth in zip(reported, task.truth, strict=True)
            )
            points[name].append(
                {
                    "step": step,
                    "cost": costs[name],
                    "error": tasks.geometric_mean(errors),
                    "error_as_reported": tasks.geometric_mean(as_reported),
                    "errors": errors.tolist(),
                    "wrong_counts": wrong,
                }
            )
        print(f"{task_name}, step {step:g} ms: done", flush=True)
    return [{"task": task_name, "name": name, "points": of} for name, of in points.items()]


def curve_of(curves, task_name, name):
    """Points of a contestant in a task."""
    (points,) = (c["points"] for c in curves if (c["task"], c["name"]) == (task_name, name))
    return points


def faster_and_more_accurate(curves):
    """Points of peers that cost less and are more accurate than a point of the exact step.

    Returns
    -------
    list of dict
        ``task``, ``name`` and ``step`` of the peer, and the ``beaten`` step of ours.
    """
    return [
        {
            "task": curve["task"],
            "name": curve["name"],
            "step": theirs["step"],
            "beaten": ours["step"],
        }
        for curve in curves
        if curve["name"] != EXACT
        for theirs in curve["points"]
        for ours in curve_of(curves, curve["task"], EXACT)
        if theirs["cost"] < ours["cost"] and theirs["error"] < ours["error"]
    ]


def cost_at_error(points, error):
    """Cost at which a contestant reaches an error, between its points in logarithms.

    Parameters
    ----------
    points : list of dict
        In order of falling step.
    error : float
        [ms].

    Returns
    -------
    float or None
        Least cost [s]; None if no step from 0.01 to 1 ms is that accurate.
    """
    costs = [points[0]["cost"]] if points[0]["error"] <= error else []
    for coarse, fine in itertools.pairwise(points):
        if fine["error"] <= error < coarse["error"]:
            share = np.log(coarse["error"] / error) / np.log(coarse["error"] / fine["error"])
            costs.append(float(coarse["cost"] * (fine["cost"] / coarse["cost"]) ** share))
    return min(costs, default=None)


def table_at(step, curves, task_name):
    """Table of all contestants of a task at one step."""
    rows = []
    for curve in curves:
        if curve["task"] == task_name:
            (point,) = (point for point in curve["points"] if point["step"] == step)
            nanoseconds = 1e6 * step * point["cost"]
            rows.append(
                [
                    curve["name"],
                    nanoseconds,
                    point["error"],
                    point["error_as_reported"],
                    max(point["errors"]),
                    point["wrong_counts"],
                ]
            )
    head = ["", "ns a step", "error (ms)", "as reported (ms)", "worst cell (ms)", "wrong counts"]
    return report.table(head, rows)


def table_of_factors(curves, task_name):
    """Table of what contestants cost, as multiples of the exact step's cost at equal error."""
    errors = (3.0, 1.0, 0.3, 0.1, 0.01)
    own = [cost_at_error(curve_of(curves, task_name, EXACT), error) for error in errors]
    rows = []
    for curve in curves:
        if curve["task"] == task_name:
            theirs = [cost_at_error(curve["points"], error) for error in errors]
            rows.append(
                [curve["name"]]
                + [
                    None if None in (cost, of_own) else cost / of_own
                    for cost, of_own in zip(theirs, own, strict=True)
                ]
            )
    return report.table(["", *(f"{error:g} ms" for error in errors)], rows)


def draw(curves):
    """Draw error over cost, a panel for each task."""
    with plotting.style():
        figure = plotting.new_figure(width=17.0, height=9.5)
        panels = figure.subplots(1, 2, sharey=True)
        for axes, task_name in zip(panels, TASKS, strict=True):
            for curve in curves:
                if curve["task"] == task_name:
                    colour, marker, line = LOOKS[curve["name"]]
                    axes.loglog(
                        [1e6 * point["cost"] for point in curve["points"]],
                        [point["error"] for point in curve["points"]],
                        color=colour,
                        marker=marker,
                        linestyle=line,
                        markersize=3.5,
                        label=curve["name"],
                    )
            axes.set_title(task_name.capitalize(), loc="left")
            axes.set_xlabel("Processor time for a neuron and simulated second (µs)")
            axes.xaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_minor_locator(NullLocator())
            axes.grid(linewidth=0.3, alpha=0.5)
        panels[0].set_ylabel("Largest spike-time error (ms)")
        figure.legend(
            *panels[0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=4,
            frameon=False,
            fontsize=7,
        )
    return figure


if __name__ == "__main__":
    command_line.run_script(main)
