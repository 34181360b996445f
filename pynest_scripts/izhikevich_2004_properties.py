# SPDX-License-Identifier: GPL-2.0-or-later
"""Izhikevich (2004), figure 1: twenty neurocomputational properties, one cell and input each.

Parameters, initial values and inputs are those of the author's script of the figure. Each panel is
run twice: as that script does it, with Euler steps of 0.1 to 0.5 ms that advance u with the new v,
and by the exact quadratic step, which has the spikes of the converged solution. Whether a course
shows the property its panel is named after follows from the requirements of
`izhisyn.neurocomputational_properties`, which also has the panels.

With the same inputs, three panels need the coarse steps of the script: the second pulse of P no
longer meets the phase in which it stops the firing (one 9 ms earlier does), the after-potential of
Q fires again and again, and the bursts of T never end.
"""

import numpy as np

from izhisyn import command_line, plotting, recording
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.neurocomputational_properties import PANELS, RETIMED_PANEL, Course
from izhisyn.wiring import step_current

SCRIPT = "izhikevich_2004_properties"
MODEL = "izhikevich_psc_multisyn_neuron"
V_PEAK = 30.0  # threshold of the model and peak of a drawn spike [mV]
DURATION = 400.0  # of the longest panel [ms]
MAX_LISTED = 50  # spike times of a panel in the results
RETIMED = "P, second pulse at 207 ms"


def main(arguments=None):
    """Run all panels with these command line arguments."""
    options = command_line.argument_parser(SCRIPT, __doc__.partition("\n")[0]).parse_args(arguments)
    results = command_line.Results(SCRIPT, options.output, options.quiet)
    panels = PANELS | {RETIMED: RETIMED_PANEL}

    start_kernel(options.resolution, options.threads, options.seed)
    neurons = create(panels)
    spike_recorder = recording.record_spikes(neurons)
    multimeter = recording.record_traces(neurons, ["V_m", "spike_offset"])
    simulate(DURATION, command_line.Progress(SCRIPT, options.quiet))
    spikes = recording.gather_spikes(spike_recorder, options.output, multimeter)
    traces = recording.gather_traces(multimeter, options.output)
    if nest.Rank() > 0:
        return

    senders = dict(zip(panels, neurons.tolist(), strict=True))
    converged = {
        name: converged_course(panel, senders[name], spikes, traces)
        for name, panel in panels.items()
    }
    published = {name: published_course(panel) for name, panel in PANELS.items()}
    shown = {
        name: {
            "published": published[name].shows(name),
            "converged": converged[name].shows(name),
        }
        for name in PANELS
    }

    results.write_json(
        {
            "resolution": options.resolution,
            "model": MODEL,
            "nest_version": nest.__version__,
            "panels": {
                name: {
                    "property": panel.cell.title,
                    **panel.cell.parameters,
                    **panel.initial_state,
                    "current": panel.current,
                    "duration": panel.duration,
                    "tau": panel.tau,
                    "sender": senders[name],
                    "shown": shown[name],
                    "n_spikes": {
                        "published": published[name].spikes.size,
                        "converged": converged[name].spikes.size,
                    },
                    "first_spikes": {
                        "published": published[name].spikes[:MAX_LISTED].tolist(),
                        "converged": converged[name].spikes[:MAX_LISTED].tolist(),
                    },
                }
                for name, panel in PANELS.items()
            },
            "retimed": {
                "panel": RETIMED,
                "shown": converged[RETIMED].shows("P"),
                "spikes": converged[RETIMED].spikes.tolist(),
            },
        }
    )
    with results.file("npz") as path:
        recording.save(path, spikes, traces)
    results.write_figure(draw(published, converged, shown))
    lost = [name for name in PANELS if shown[name]["published"] and not shown[name]["converged"]]
    results.finish(
        f"Properties shown with the script's steps: {count(shown, 'published')} of {len(PANELS)}",
        f"and with the exact step: {count(shown, 'converged')}"
        + (f" (not {', '.join(lost)})" if lost else ""),
    )


def count(shown, numerics):
    """Count the panels that show their property."""
    return sum(panel[numerics] for panel in shown.values())


def create(panels):
    """Create one neuron for each panel, with its current.

    Parameters
    ----------
    panels : dict of str to Panel

    Returns
    -------
    nest.NodeCollection
        The neurons, in the order of the panels.
    """
    neurons = nest.Create(MODEL, len(panels), params={"V_th": V_PEAK})
    for panel, neuron in zip(panels.values(), neurons, strict=True):
        neuron.set(panel.cell.parameters | panel.initial_state)
        step_current(neuron, staircase(panel.current, panel.duration, nest.resolution))
    return neurons


def staircase(current, duration, resolution):
    """Turn ramps into stairs of one step with the mean of each, an error of second order.

    Parameters
    ----------
    current : sequence of (float, float, float)
        Start [ms], value there [pA] and slope [pA/ms] of each piece.
    duration : float
        End of the last piece [ms].
    resolution : float
        Width of a stair [ms]; the first is twice as wide, for no generator acts before.

    Returns
    -------
    list of (float, float)
        Times [ms] from which amplitudes [pA] hold.
    """
    stairs = []
    ends = [start for start, _, _ in current[1:]] + [duration]
    for (start, value, slope), end in zip(current, ends, strict=True):
        edges = [start]
        if slope:
            first, last = round(start / resolution), round(end / resolution)
            edges += [n * resolution for n in range(max(first + 1, 2), last)]
        for left, right in zip(edges, [*edges[1:], end], strict=True):
            middle = 0.5 * (left + right) if slope else left
            stairs.append((left, value + slope * (middle - start)))
    return stairs


def converged_course(panel, sender, spikes, traces):
    """Cut the course of a panel's neuron out of the recording."""
    in_time = traces.times <= panel.duration
    times = spikes.times_of(sender)
    return Course(
        traces.times[in_time],
        traces.values_of(sender, "V_m")[in_time],
        times[times <= panel.duration],
    )


def published_course(panel):
    """Run a panel as the author's script does.

    A step is Euler's for v, then for u with the new v; a spike is reset at the end of its step and
    drawn at 30 mV. Comparisons with < and > leave a pulse and a step of current out of the step of
    the simulation that begins with them, a ramp has its value at the start of each.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    Course
        A sample, or a spike, at the start of the step that it results from, as in that script.
    """
    cell, tau = panel.cell, panel.tau
    v, u = panel.initial_state.values()
    times = tau * np.arange(round(panel.duration / tau) + 1)
    V_m, spikes = [], []
    for time in times:
        v += tau * (0.04 * v * v + cell.linear * v + cell.constant - u + current_at(panel, time))
        u += tau * cell.a * (cell.b * (v - cell.V_u) - u)
        if v > V_PEAK:
            spikes.append(time)
            V_m.append(V_PEAK)
            v, u = cell.c, u + cell.d
        else:
            V_m.append(v)
    return Course(times, np.array(V_m), np.array(spikes))


def current_at(panel, time):
    """Input of the author's script in a step [pA]; at a change, the current of smaller size."""
    at_change = 1e-9 * panel.tau  # times are equal up to rounding
    pieces = list(panel.current)
    values = []
    for (start, value, slope), (end, _, _) in zip(
        pieces, [*pieces[1:], (np.inf, 0.0, 0.0)], strict=True
    ):
        if start - at_change <= time <= end + at_change:
            values.append(value + slope * (time - start))
    return min(values, key=abs)


def draw(published, converged, shown):
    """Draw each panel: the converged course, the author's below it, and the input.

    Parameters
    ----------
    published, converged : dict of str to Course
    shown : dict of str to dict of str to bool
        Whether each course shows the property.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with plotting.style():
        figure = plotting.new_figure(width=18.0, height=20.0)
        for axes, (name, panel) in zip(figure.subplots(5, 4).ravel(), PANELS.items(), strict=True):
            course = converged[name]
            axes.plot(
                *plotting.with_spikes(
                    course.times, course.V_m, course.spikes, V_PEAK, panel.cell.c
                ),
                color=plotting.BLACK,
                lw=0.6,
            )
            course = published[name]
            axes.plot(course.times, course.V_m - 140.0, color=plotting.BLUE, lw=0.6)
            draw_current(axes, panel)
            lost = shown[name]["published"] and not shown[name]["converged"]
            axes.set_title(
                f"{name}  {panel.cell.title}",
                loc="left",
                color=plotting.VERMILION if lost else plotting.BLACK,
            )
            axes.set_xlim(0.0, panel.duration)
            axes.set_ylim(-285.0, 40.0)
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
        for last_of_column in figure.axes[-4:]:
            last_of_column.set_xlabel("Time (ms)")
        label_courses(figure.axes[list(PANELS).index("B")])
        magnify_oscillations(figure.axes[list(PANELS).index("J")], converged["J"])
    return figure


def draw_current(axes, panel):
    """Draw the input at the bottom of a panel, 30 mV high."""
    starts = [start for start, _, _ in panel.current]
    ends = [*starts[1:], panel.duration]
    times = np.column_stack([starts, ends]).ravel()
    values = np.array(
        [
            value + slope * (time - start)
            for (start, value, slope), end in zip(panel.current, ends, strict=True)
            for time in (start, end)
        ]
    )
    height = 30.0 * (values - values.min()) / np.ptp(values)
    axes.plot(times, height - 275.0, color=plotting.VERMILION)


def label_courses(axes):
    """Name the three curves of a panel, with a scale for the upper two."""
    right = axes.get_xlim()[1]
    for height, what, colour in (
        (-55.0, "exact step", plotting.BLACK),
        (-195.0, "author's step", plotting.BLUE),
        (-242.0, "input", plotting.VERMILION),
    ):
        axes.text(right, height, what, ha="right", va="bottom", fontsize=6, color=colour)
    axes.plot([right, right], [-15.0, 35.0], color=plotting.BLACK, lw=1.5, clip_on=False)
    axes.text(0.98 * right, 10.0, "50 mV", ha="right", va="center", fontsize=6)


def magnify_oscillations(axes, course):
    """Draw what follows the spike of J once more, ten times as high, above the course."""
    later = course.times > course.spikes[0] + 15.0
    V_m = course.V_m[later]
    axes.plot(course.times[later], 10.0 * (V_m - V_m[-1]) + 10.0, color=plotting.BLACK, lw=0.6)
    axes.text(axes.get_xlim()[1], 15.0, "x 10", ha="right", va="bottom", fontsize=6)


if __name__ == "__main__":
    command_line.run_script(main)
