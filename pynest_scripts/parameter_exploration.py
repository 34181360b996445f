# SPDX-License-Identifier: GPL-2.0-or-later
"""Firing patterns of the Izhikevich neuron over its parameters: the NESTML tutorial's Task 2.

Maps the planes (a, b) and (c, d) at several input currents. All points of all maps are neurons of
one simulation, each at rest until a step of current for one second; one more neuron for each
(a, b, c, d) is released from hyperpolarisation and may rebound. `izhisyn.firing_patterns` has the
rules by which the spikes are classified; their times are those of the grid, which frays the edges
of regions with intervals of few steps. Writes the maps and a table with a line for each point.

The maps go through the published cell types: RS, IB and CH share a = 0.02 and b = 0.2, while FS,
LTS and RZ share c = -65 and d = 2.

``--point A B C D I`` draws and describes single points instead.
"""

import csv
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from izhisyn import analysis, command_line, plotting, recording
from izhisyn.errors import ParameterError
from izhisyn.firing_patterns import (
    PATTERNS,
    SWING,
    equilibrium,
    excitability,
    firing_pattern,
    late_intervals,
    ringing,
)
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.parameters import CELL_TYPES
from izhisyn.wiring import create_cells

SCRIPT = "parameter_exploration"
MODEL = "izhikevich_psc_delta_neuron"
V_PEAK = 30.0  # threshold of the model and peak of a drawn spike [mV]
STEP = 1000.0  # length of the current step [ms]
# The thalamo-cortical cell of figure 2 is released from this current.
RELEASE_CURRENT = -25.0  # [pA]
RELEASE_WINDOW = 200.0  # time in which spikes count as a rebound [ms]

# Node ids of a point's two neurons, and their spike times [ms].
DETAILS = ("sender", "released_sender", "spike_times", "rebound_times")

RANGES = {"a": (0.01, 0.12), "b": (0.15, 0.28), "c": (-70.0, -45.0), "d": (0.0, 10.0)}
UNITS = {"a": " (1/ms)", "b": " (1/mV)", "c": " (mV)", "d": ""}
COLORS = dict(
    zip(
        PATTERNS,
        (
            "#E8E8E8",
            plotting.SKY_BLUE,
            plotting.BLUE,
            plotting.GREEN,
            plotting.YELLOW,
            plotting.ORANGE,
            plotting.VERMILION,
        ),
        strict=True,
    )
)


@dataclass(frozen=True)
class Plane:
    """A grid over two parameters, with the other two held.

    Attributes
    ----------
    x, y : str
        Names of the parameters along the axes.
    values : dict of str to numpy.ndarray, shape (n_points_of_axis,)
        Grid points of these.
    held : dict of str to float
        The other two parameters.
    """

    x: str
    y: str
    values: dict
    held: dict

    def cells(self):
        """Parameters of the grid's cells, dict of str to array of shape (n_y, n_x)."""
        x, y = np.meshgrid(self.values[self.x], self.values[self.y])
        return {self.x: x, self.y: y} | {
            name: np.full(x.shape, value) for name, value in self.held.items()
        }

    def published(self):
        """Those of the published cell types that lie in the plane and in its ranges."""
        return [
            cell
            for cell in CELL_TYPES.values()
            if all(cell.parameters[name] == value for name, value in self.held.items())
            and all(
                axis[0] <= cell.parameters[name] <= axis[-1] for name, axis in self.values.items()
            )
        ]


def main(arguments=None):
    """Explore the parameters with these command line arguments."""
    options = parse_arguments(arguments)
    planes = [] if options.point else planes_of(options)
    points = points_of(options.point) if options.point else points_on(planes, options.currents)
    check(points)
    endings = ("csv", "json", "npz", "png")
    results = command_line.Results(SCRIPT, options.output, options.quiet, endings)

    start_kernel(options.resolution, options.threads, options.seed)
    stepped, released, release_of_point = create(points, options.integrator)
    spike_recorder = recording.record_spikes(stepped + released)
    multimeter = None
    if options.point:
        multimeter = recording.record_traces(stepped + released, ["V_m", "spike_offset"])
    simulate(STEP, command_line.Progress(SCRIPT, options.quiet))

    spikes = recording.gather_spikes(spike_recorder, options.output, multimeter)
    traces = recording.gather_traces(multimeter, options.output) if options.point else None
    if nest.Rank() > 0:
        return

    responses = trains(spikes, stepped)
    rebounds = [train[train <= RELEASE_WINDOW] for train in trains(spikes, released)]
    rebounds = [rebounds[row] for row in release_of_point]
    rows = [
        describe(*described) for described in zip(as_rows(points), responses, rebounds, strict=True)
    ]
    with results.file("csv") as path:
        write_table(path, rows)
    run = {
        "model": MODEL,
        "resolution": options.resolution,
        "integrator": options.integrator,
        "nest_version": nest.__version__,
        "step": STEP,
        "release_current": RELEASE_CURRENT,
    }
    if options.point:
        ids = stepped.tolist(), np.array(released.tolist())[release_of_point].tolist()
        details = [
            row | dict(zip(DETAILS, values, strict=True))
            for row, *values in zip(rows, *ids, responses, rebounds, strict=True)
        ]
        write_details(results, run, details, spikes, traces)
    else:
        write_maps(results, run, options, planes, rows)


def write_details(results, run, details, spikes, traces):
    """Write and report what named points do.

    Parameters
    ----------
    results : izhisyn.command_line.Results
    run : dict
        What was run.
    details : sequence of dict
        From `describe`, with ``DETAILS``.
    spikes : izhisyn.recording.Spikes
    traces : izhisyn.recording.Traces
        With the variable V_m [mV].
    """
    times = {"spike_times", "rebound_times"}
    points = [
        {key: value.tolist() if key in times else value for key, value in row.items()}
        for row in details
    ]
    results.write_json(run | {"points": points})
    with results.file("npz") as path:
        recording.save(path, spikes, traces)
    results.write_figure(draw_points(details, traces))
    results.finish(*(f"{cell_text(row)}: {behaviour_text(row)}" for row in details))


def write_maps(results, run, options, planes, rows):
    """Write and report how the patterns are spread over the maps.

    Parameters
    ----------
    results : izhisyn.command_line.Results
    run : dict
        What was run.
    options : argparse.Namespace
    planes : sequence of Plane
    rows : sequence of dict
        From `describe`, in the order of `points_on`.
    """
    patterns = np.array([PATTERNS.index(row["pattern"]) for row in rows])
    rebounding = np.array([bool(row["rebound_spikes"]) for row in rows])
    shares = np.bincount(patterns, minlength=len(PATTERNS)) / len(rows)
    shares = dict(zip(PATTERNS, shares.tolist(), strict=True))
    results.write_json(
        run
        | {
            "ranges": {name: getattr(options, name) for name in RANGES},
            "held_ab": options.held_ab,
            "held_cd": options.held_cd,
            "currents": options.currents,
            "n_points": len(rows),
            "shares": shares,
        }
    )
    results.write_figure(draw_maps(planes, options.currents, patterns, rebounding))
    results.finish(
        f"{len(rows)} points: "
        + ", ".join(f"{pattern} {100 * share:.1f} %" for pattern, share in shares.items())
    )


def parse_arguments(arguments=None):
    """Parse the command line."""
    parser = command_line.argument_parser(SCRIPT, __doc__.partition("\n")[0])
    number = command_line.number
    parser.add_argument(
        "--point",
        nargs=5,
        type=number,
        action="append",
        metavar=tuple("ABCDI"),
        help="look at this point in detail instead of at maps; may be repeated",
    )
    for name, limits in RANGES.items():
        parser.add_argument(
            f"--{name}",
            nargs=2,
            type=number,
            default=limits,
            metavar=("MIN", "MAX"),
            help=f"range of {name}{UNITS[name]}",
        )
    parser.add_argument(
        "--held-ab",
        nargs=2,
        type=number,
        default=(0.02, 0.2),
        metavar=("A", "B"),
        help="a and b in the maps of (c, d)",
    )
    parser.add_argument(
        "--held-cd",
        nargs=2,
        type=number,
        default=(-65.0, 2.0),
        metavar=("C", "D"),
        help="c and d in the maps of (a, b)",
    )
    parser.add_argument(
        "--currents",
        nargs="+",
        type=number,
        default=(4.0, 10.0, 20.0),
        metavar="I",
        help="input currents (pA), a column of maps for each",
    )
    parser.add_argument(
        "--size",
        type=command_line.positive_integer,
        default=41,
        metavar="N",
        help="points along each side of a map",
    )
    command_line.add_integrator(parser)
    return parser.parse_args(arguments)


def planes_of(options):
    """Planes that the command line asks for."""
    if options.size < 2:
        raise ParameterError(f"a map of --size {options.size} has no sides; choose at least 2")
    values = {}
    for name in RANGES:
        low, high = getattr(options, name)
        if not low < high:
            raise ParameterError(
                f"--{name} ranges from {low:g} to {high:g}; give the smaller number first"
            )
        values[name] = np.linspace(low, high, options.size)
    held_ab = dict(zip("ab", options.held_ab, strict=True))
    held_cd = dict(zip("cd", options.held_cd, strict=True))
    return [
        Plane("a", "b", {name: values[name] for name in "ab"}, held_cd),
        Plane("c", "d", {name: values[name] for name in "cd"}, held_ab),
    ]


def points_of(named):
    """Points from rows of a, b, c, d, I: dict of str to array of shape (n_points,)."""
    return dict(zip("abcdI", np.array(named, dtype=float).T, strict=True))


def points_on(planes, currents):
    """Points of all maps, one plane after the other, in it one current after the other.

    Parameters
    ----------
    planes : sequence of Plane
    currents : sequence of float
        Input currents [pA].

    Returns
    -------
    dict of str to numpy.ndarray, shape (n_points,)
        a, b, c, d and I.
    """
    maps = [
        plane.cells() | {"I": np.full((plane.values[plane.y].size, plane.values[plane.x].size), I)}
        for plane in planes
        for I in currents  # noqa: E741
    ]
    return {name: np.concatenate([one[name].ravel() for one in maps]) for name in "abcdI"}


def as_rows(points):
    """Points as a list of dictionaries."""
    columns = (values.tolist() for values in points.values())
    return [dict(zip(points, row, strict=True)) for row in zip(*columns, strict=True)]


def check(points):
    """Refuse what the model would refuse, before NEST starts."""
    highest = points["c"].max()
    if highest >= V_PEAK:
        raise ParameterError(
            f"a reset to c = {highest:g} mV is not below the threshold of {V_PEAK:g} mV; "
            f"choose a lower c"
        )


def create(points, integrator):
    """Create a neuron at rest for each point, and one to be released for each a, b, c, d.

    Neurons start where they would have settled, so that the step and the release are at 0 ms.

    Parameters
    ----------
    points : dict of str to numpy.ndarray, shape (n_points,)
    integrator : int
        Integrator of the model.

    Returns
    -------
    stepped, released : nest.NodeCollection
    release_of_point : numpy.ndarray of int, shape (n_points,)
        Index of each point's released neuron.
    """
    kinds, release_of_point = np.unique(
        np.stack([points[name] for name in "abcd"]), axis=1, return_inverse=True
    )
    kinds = dict(zip("abcd", kinds, strict=True))
    common = {"V_th": V_PEAK, "integrator": integrator}
    stepped = create_cells(
        MODEL,
        points["I"].size,
        common
        | {name: points[name] for name in "abcd"}
        | settled(points["a"], points["b"], 0.0)
        | {"I_e": points["I"]},
    )
    released = create_cells(
        MODEL, kinds["a"].size, common | kinds | settled(kinds["a"], kinds["b"], RELEASE_CURRENT)
    )
    return stepped, released, release_of_point.ravel()


def settled(a, b, current):
    """State of cells that have settled under a current.

    Parameters
    ----------
    a, b : numpy.ndarray, shape (n_cells,)
        Rate [1/ms] and sensitivity [1/mV] of the recovery variable.
    current : float
        Input [pA].

    Returns
    -------
    dict of str to numpy.ndarray, shape (n_cells,)
        ``V_m`` [mV] and ``U_m`` [1]; for cells that cannot settle, where V_m changes most slowly.
    """
    frequency, _ = ringing(a, b, current)
    V_m = np.where(np.isnan(frequency), -(5.0 - b) / 0.08, equilibrium(b, current))
    return {"V_m": V_m, "U_m": b * V_m}


def trains(spikes, neurons):
    """Spike trains of a population whose node ids are consecutive."""
    first = neurons[0].global_id
    return analysis.trains(spikes.times, spikes.senders, range(first, first + len(neurons)))


def describe(point, response, rebound):
    """Tell what a cell does.

    Parameters
    ----------
    point : dict
        a, b, c, d and I.
    response, rebound : numpy.ndarray
        Spike times after the step and after the release [ms].

    Returns
    -------
    dict
        The point, its pattern and what the pattern follows from; None where there is no number.
    """
    gaps = analysis.intervals(response)
    late = late_intervals(response, STEP)
    frequency, _ = ringing(point["a"], point["b"])
    kind = excitability(point["a"], point["b"])
    return point | {
        "pattern": firing_pattern(response, STEP),
        "excitability": kind,
        "spikes": response.size,
        "latency": float(response[0]) if response.size else None,
        "first_interval": float(gaps[0]) if gaps.size else None,
        "steady_interval": float(np.median(late)) if late.size else None,
        "ringing_frequency": None if kind == "no rest" else float(frequency),
        # A cell that never rests fires after the release in any case.
        "rebound_spikes": None if kind == "no rest" else rebound.size,
    }


def cell_text(row):
    """Name a point."""
    return ", ".join(f"{name} = {row[name]:g}" for name in "abcdI")


def behaviour_text(row):
    """Say in a line what a cell does."""
    parts = [f"{row['pattern']} ({row['spikes']} spikes in {STEP:g} ms)", row["excitability"]]
    if row["excitability"] == "resonator":
        parts[-1] += f" at {row['ringing_frequency']:.0f} Hz"
    if row["excitability"] != "no rest":
        parts.append(f"rebound spikes: {row['rebound_spikes'] or 'none'}")
    return "; ".join(parts)


def write_table(path, rows):
    """Write the rows to a CSV file; what is None is an empty field."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def draw_maps(planes, currents, patterns, rebounding):
    """Draw a map for each plane (rows) and current (columns).

    Parameters
    ----------
    planes : sequence of Plane
    currents : sequence of float
        Input currents [pA].
    patterns : numpy.ndarray of int, shape (n_points,)
        Index of each point's pattern in ``PATTERNS``.
    rebounding : numpy.ndarray of bool, shape (n_points,)
        Whether each point's released neuron fires.

    Returns
    -------
    matplotlib.figure.Figure
    """
    shape = (len(planes), len(currents), *planes[0].cells()["a"].shape)
    patterns, rebounding = patterns.reshape(shape), rebounding.reshape(shape)
    with plotting.style():
        figure = plotting.new_figure(width=max(18.0, 6.0 * len(currents)), height=13.5)
        axes = figure.subplots(len(planes), len(currents), squeeze=False, sharey="row")
        for row, plane in enumerate(planes):
            for column, current in enumerate(currents):
                draw_map(axes[row, column], plane, patterns[row, column], rebounding[row, column])
                held = ", ".join(f"${name}={value:g}$" for name, value in plane.held.items())
                axes[row, column].set_title(f"$I={current:g}$ pA, {held}", loc="left")
            axes[row, 0].set_ylabel(f"${plane.y}${UNITS[plane.y]}")
        marks = [Patch(color=colour, label=name) for name, colour in COLORS.items()]
        marks += [
            Patch(facecolor="none", edgecolor=plotting.BLACK, hatch="....", lw=0, label="rebounds"),
            Line2D([], [], color=plotting.BLACK, label="resonator above"),
            Line2D([], [], color=plotting.BLACK, ls="--", label="never rests above"),
        ]
        figure.legend(handles=marks, loc="outside lower center", ncols=5, frameon=False)
    return figure


def draw_map(axes, plane, patterns, rebounding):
    """Draw one map, with its regions of rest and the published cell types."""
    x, y = plane.values[plane.x], plane.values[plane.y]
    axes.pcolormesh(
        x,
        y,
        patterns,
        cmap=ListedColormap(list(COLORS.values())),
        vmin=-0.5,
        vmax=len(PATTERNS) - 0.5,
        rasterized=True,
    )
    if rebounding.any():
        with_hatches = axes.contourf(x, y, rebounding, [0.5, 1.5], colors="none", hatches=["...."])
        with_hatches.set_linewidth(0.0)
    if plane.x == "a":
        a, b = np.meshgrid(np.linspace(x[0], x[-1], 301), np.linspace(y[0], y[-1], 301))
        _, swing = ringing(a, b)
        rests = ~np.isnan(swing)
        axes.contour(a, b, np.where(rests, swing, 1.0), [SWING], colors=plotting.BLACK)
        axes.contour(a, b, rests, [0.5], colors=plotting.BLACK, linestyles="--")
    for cell in plane.published():
        place = cell.parameters[plane.x], cell.parameters[plane.y]
        axes.plot(*place, "o", ms=3.0, mfc="white", mec=plotting.BLACK, mew=0.7, clip_on=False)
        axes.annotate(
            cell.name,
            place,
            (3.0, 3.0),
            textcoords="offset points",
            fontsize=7,
            bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8},
        )
    axes.set_xlabel(f"${plane.x}${UNITS[plane.x]}")


def draw_points(details, traces):
    """Draw each point's response to the step, and what it does after the release.

    Parameters
    ----------
    details : sequence of dict
        From `describe`, with ``DETAILS``.
    traces : izhisyn.recording.Traces
        With the variable V_m [mV].

    Returns
    -------
    matplotlib.figure.Figure
    """
    with plotting.style():
        figure = plotting.new_figure(width=18.0, height=1.0 + 3.5 * len(details))
        axes = figure.subplots(len(details), 2, squeeze=False, sharex="col", width_ratios=(3, 1))
        for (left, right), row in zip(axes, details, strict=True):
            for panel, sender, times, end in (
                (left, row["sender"], row["spike_times"], STEP),
                (right, row["released_sender"], row["rebound_times"], RELEASE_WINDOW),
            ):
                shown = traces.times <= end
                V_m = traces.values_of(sender, "V_m")[shown]
                panel.plot(
                    *plotting.with_spikes(traces.times[shown], V_m, times, V_PEAK, row["c"]),
                    color=plotting.BLACK,
                )
                panel.set_xlim(0.0, end)
            left.set_ylabel("$V_m$ (mV)")
            left.set_title(f"{cell_text(row)}\n{behaviour_text(row)}", loc="left")
            right.set_title(f"released from {RELEASE_CURRENT:g} pA", loc="left")
        for panel in axes[-1]:
            panel.set_xlabel("Time (ms)")
    return figure


if __name__ == "__main__":
    command_line.run_script(main)
