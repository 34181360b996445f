# SPDX-License-Identifier: GPL-2.0-or-later
"""Izhikevich (2004), figure 1: twenty neurocomputational properties, one cell and input each.

Parameters, initial values and inputs are those of the author's script of the figure. Each panel is
run twice: as that script does it, with Euler steps of 0.1 to 0.5 ms that advance u with the new v,
and by the exact quadratic step, which has the spikes of the converged solution. Whether a course
shows the property its panel is named after is decided by a rule for each (``PROPERTIES``).

With the same inputs, three panels need the coarse steps of the script: the second pulse of P no
longer meets the phase in which it stops the firing (one 9 ms earlier does), the after-potential of
Q fires again and again, and the bursts of T never end.
"""

from dataclasses import dataclass, replace

import numpy as np

from izhisyn import analysis, command_line, plotting, recording
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.parameters import PROPERTY_CELLS, PropertyCell
from izhisyn.wiring import step_current

SCRIPT = "izhikevich_2004_properties"
MODEL = "izhikevich_psc_multisyn_neuron"
V_PEAK = 30.0  # threshold of the model and peak of a drawn spike [mV]
DURATION = 400.0  # of the longest panel [ms]
BURST = 15.0  # longest interval between spikes of a burst [ms]
MAX_LISTED = 50  # spike times of a panel in the results


@dataclass(frozen=True)
class Panel:
    """What one panel of the figure shows.

    Attributes
    ----------
    cell : izhisyn.parameters.PropertyCell
    V_0 : float
        Initial membrane potential [mV].
    current : tuple of (float, float, float)
        Start of each piece [ms], the current there [pA] and its slope [pA/ms]; 1 pA is one unit of
        the paper's I.
    duration : float
        Length of the trace [ms].
    tau : float
        Time step of the author's script [ms].
    U_0 : float, optional
        Initial recovery variable, b V_0 if not given.
    """

    cell: PropertyCell
    V_0: float
    current: tuple
    duration: float
    tau: float = 0.25
    U_0: float | None = None

    @property
    def initial_state(self):
        """``V_m`` [mV] and ``U_m``."""
        state = self.cell.initial_state(self.V_0)
        return state if self.U_0 is None else state | {"U_m": self.U_0}


@dataclass(frozen=True)
class Course:
    """What a cell does.

    Attributes
    ----------
    times, V_m : numpy.ndarray, shape (n_samples,)
        Times [ms] and membrane potential [mV].
    spikes : numpy.ndarray, shape (n_spikes,)
        Spike times [ms].
    """

    times: np.ndarray
    V_m: np.ndarray
    spikes: np.ndarray

    @property
    def bursts(self):
        """Spike times of each burst."""
        return analysis.bursts(self.spikes, BURST)

    def within(self, start, stop):
        """Spikes from a time to another [ms]."""
        return self.spikes[(self.spikes >= start) & (self.spikes < stop)]


def step(time, amplitude):
    """Pieces of a current that steps from 0 to an amplitude [pA] at a time [ms]."""
    return ((0.0, 0.0, 0.0), (time, amplitude, 0.0))


def pulses(amplitude, *windows, base=0.0):
    """Pieces of a current [pA] that leaves its base in windows of (start, stop) [ms]."""
    pieces = [(0.0, base, 0.0)]
    for start, stop in windows:
        pieces += [(start, amplitude, 0.0), (stop, base, 0.0)]
    return tuple(pieces)


CLASS_1_RAMP = ((0.0, 0.0, 0.0), (30.0, 0.0, 0.075))
CLASS_2_RAMP = ((0.0, -0.5, 0.0), (30.0, -0.5, 0.015))
# Two doublets, a close and a wide one. The script starts the close one of L at 100 / 11 ms; on its
# grid that is the same.
K_PULSES = pulses(0.65, (40.0, 44.0), (60.0, 64.0), (280.0, 284.0), (320.0, 324.0))
L_PULSES = pulses(9.0, (9.1, 11.1), (14.1, 16.1), (70.0, 72.0), (80.0, 82.0))
O_PULSES = (
    *pulses(1.0, (10.0, 15.0)),
    *((70.0, -6.0, 0.0), (75.0, 0.0, 0.0), (80.0, 1.0, 0.0), (85.0, 0.0, 0.0)),
)
R_RAMPS = (
    *((0.0, 0.0, 1 / 25), (200.0, 0.0, 0.0)),
    *((300.0, 0.0, 4 / 12.5), (312.5, 0.0, 0.0)),
)
INHIBITION = pulses(75.0, (50.0, 250.0), base=80.0)


def bistable_current(second_pulse):
    """Pieces of the current of P, with its second pulse at a time [ms]."""
    windows = ((37.5, 42.5), (second_pulse, second_pulse + 5.0))
    return pulses(1.24, *windows, base=0.24)


PANELS = {
    panel.cell.name: panel
    for panel in (
        Panel(PROPERTY_CELLS["A"], -70.0, step(10.0, 14.0), 100.0),
        Panel(PROPERTY_CELLS["B"], -64.0, step(20.0, 0.5), 200.0),
        Panel(PROPERTY_CELLS["C"], -70.0, step(22.0, 15.0), 220.0),
        Panel(PROPERTY_CELLS["D"], -64.0, step(20.0, 0.6), 200.0, tau=0.2),
        Panel(PROPERTY_CELLS["E"], -70.0, step(16.0, 10.0), 160.0),
        Panel(PROPERTY_CELLS["F"], -70.0, step(8.5, 30.0), 85.0),
        Panel(PROPERTY_CELLS["G"], -60.0, CLASS_1_RAMP, 300.0),
        Panel(PROPERTY_CELLS["H"], -64.0, CLASS_2_RAMP, 300.0),
        Panel(PROPERTY_CELLS["I"], -70.0, pulses(7.04, (10.0, 13.0)), 100.0, tau=0.2),
        Panel(PROPERTY_CELLS["J"], -62.0, pulses(2.0, (20.0, 25.0)), 200.0),
        Panel(PROPERTY_CELLS["K"], -62.0, K_PULSES, 400.0),
        Panel(PROPERTY_CELLS["L"], -60.0, L_PULSES, 100.0),
        Panel(PROPERTY_CELLS["M"], -64.0, pulses(-15.0, (20.0, 25.0)), 200.0, tau=0.2),
        Panel(PROPERTY_CELLS["N"], -64.0, pulses(-15.0, (20.0, 25.0)), 200.0, tau=0.2),
        Panel(PROPERTY_CELLS["O"], -64.0, O_PULSES, 100.0),
        Panel(PROPERTY_CELLS["P"], -61.0, bistable_current(216.0), 300.0),
        Panel(PROPERTY_CELLS["Q"], -70.0, pulses(20.0, (9.0, 11.0)), 50.0, tau=0.1),
        Panel(PROPERTY_CELLS["R"], -65.0, R_RAMPS, 400.0, tau=0.5, U_0=-16.0),
        Panel(PROPERTY_CELLS["S"], -63.8, INHIBITION, 350.0, tau=0.5),
        Panel(PROPERTY_CELLS["T"], -63.8, INHIBITION, 350.0, tau=0.5),
    )
}
# The converged firing of P has another phase; this pulse meets it as the script's does its own.
RETIMED = "P, second pulse at 207 ms"
RETIMED_PANEL = replace(PANELS["P"], current=bistable_current(207.0))


def tonic_spiking(course):
    """Expect single spikes as long as the current lasts, in the end regularly."""
    intervals = np.diff(course.spikes)
    return (
        intervals.size >= 3
        and abs(intervals[-1] / intervals[-2] - 1.0) < 0.1
        and course.times[-1] - course.spikes[-1] < 1.1 * intervals[-1]
    )


def phasic_spiking(course):
    """Expect one spike at the onset of a current that lasts."""
    return course.spikes.size == 1 and course.spikes[0] < 50.0


def tonic_bursting(course):
    """Expect bursts as long as the current lasts."""
    return len(course.bursts) >= 3 and min(map(len, course.bursts)) >= 3


def phasic_bursting(course):
    """Expect one burst at the onset of a current that lasts."""
    return len(course.bursts) == 1 and course.spikes.size >= 3 and course.spikes[-1] < 100.0


def mixed_mode(course):
    """Expect a burst at the onset, single spikes after it."""
    sizes = [len(burst) for burst in course.bursts]
    return len(sizes) >= 3 and sizes[0] >= 2 and set(sizes[1:]) == {1}


def adaptation(course):
    """Each interval is longer than the one before."""
    intervals = np.diff(course.spikes)
    return intervals.size >= 3 and bool(np.all(np.diff(intervals) > 0.0))


def class_1(course):
    """Expect a low rate at first, which grows as the current does."""
    intervals = np.diff(course.spikes)
    return intervals.size >= 3 and intervals[0] > 40.0 and bool(np.all(np.diff(intervals) < 0.0))


def class_2(course):
    """Expect 40 spikes/s or more from the first although the current grows as slowly."""
    intervals = np.diff(course.spikes)
    return intervals.size >= 3 and intervals[0] < 25.0


def latency(course):
    """Expect one spike, a while after the pulse of 10 to 13 ms has ended."""
    return course.spikes.size == 1 and course.spikes[0] > 16.0


def subthreshold_oscillations(course):
    """Expect one spike, and then oscillations below the threshold."""
    if course.spikes.size != 1:
        return False
    V_m = course.V_m[course.times > course.spikes[0] + 10.0]
    maxima = (V_m[1:-1] > V_m[:-2]) & (V_m[1:-1] >= V_m[2:])
    return int(maxima.sum()) >= 3


def resonator(course):
    """Expect a spike after two pulses 40 ms apart, not after two that are 20 ms apart."""
    return course.within(0.0, 320.0).size == 0 and course.within(320.0, 360.0).size == 1


def integrator(course):
    """Expect a spike after two pulses 5 ms apart, not after two that are 10 ms apart."""
    return course.within(14.1, 30.0).size == course.spikes.size == 1


def rebound_spike(course):
    """Expect one spike after a pulse of inhibition."""
    return course.spikes.size == 1 and course.spikes[0] > 25.0


def rebound_burst(course):
    """Expect one burst after a pulse of inhibition."""
    return len(course.bursts) == 1 and course.spikes.size >= 3 and course.spikes[0] > 25.0


def threshold_variability(course):
    """Expect that a pulse fires the cell only if inhibition preceded it."""
    return course.within(0.0, 80.0).size == 0 and course.within(80.0, 100.0).size == 1


def bistability(course):
    """Expect rest, firing from the first pulse at 37.5 ms, rest from the second, after 200 ms."""
    firing = course.within(37.5, 200.0)
    lasts = firing.size >= 3 and 200.0 - firing[-1] < 1.1 * np.diff(firing)[-1]
    return bool(lasts) and course.within(0.0, 37.5).size == course.within(230.0, 300.0).size == 0


def depolarizing_after_potential(course):
    """Expect one spike; V_m rises once more from its reset at -60 mV, and goes to rest."""
    after = course.V_m[course.times > course.spikes[0] + 0.5] if course.spikes.size == 1 else ()
    return len(after) > 0 and max(after) > -55.0 and abs(after[-1] + 70.0) < 1.0


def accommodation(course):
    """Expect a spike in the small, steep ramp after 300 ms, not in the high, slow one."""
    return course.within(0.0, 300.0).size == 0 and course.within(300.0, 325.0).size == 1


def inhibition_induced_spiking(course):
    """Expect spikes while inhibited, from 50 to 250 ms; one under way may follow."""
    inhibited = course.within(50.0, 250.0)
    return (
        inhibited.size == np.sum(course.spikes < 250.0) >= 3
        and not course.within(270.0, 350.0).size
    )


def inhibition_induced_bursting(course):
    """Expect bursts while inhibited, from 50 to 250 ms."""
    sizes = [len(burst) for burst in course.bursts]
    inhibited = course.within(50.0, 250.0)
    return len(sizes) >= 2 and min(sizes) >= 3 and inhibited.size == course.spikes.size


PROPERTIES = {
    "A": tonic_spiking,
    "B": phasic_spiking,
    "C": tonic_bursting,
    "D": phasic_bursting,
    "E": mixed_mode,
    "F": adaptation,
    "G": class_1,
    "H": class_2,
    "I": latency,
    "J": subthreshold_oscillations,
    "K": resonator,
    "L": integrator,
    "M": rebound_spike,
    "N": rebound_burst,
    "O": threshold_variability,
    "P": bistability,
    "Q": depolarizing_after_potential,
    "R": accommodation,
    "S": inhibition_induced_spiking,
    "T": inhibition_induced_bursting,
}


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
            "published": bool(PROPERTIES[name](published[name])),
            "converged": bool(PROPERTIES[name](converged[name])),
        }
        for name in PANELS
    }

    results.write_figure(draw(published, converged, shown))
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
                "shown": bool(bistability(converged[RETIMED])),
                "spikes": converged[RETIMED].spikes.tolist(),
            },
        }
    )
    with results.file("npz") as path:
        recording.save(path, spikes, traces)
    lost = [name for name in PANELS if shown[name]["published"] and not shown[name]["converged"]]
    results.report(
        f"Properties shown with the script's steps: {count(shown, 'published')} of {len(PANELS)}",
        f"and with the exact step: {count(shown, 'converged')}"
        + (f" (not {', '.join(lost)})" if lost else ""),
    )


def count(shown, numerics):
    """Count the panels that show their property."""
    return sum(of_panel[numerics] for of_panel in shown.values())


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
    times = spikes.of(sender)
    return Course(
        traces.times[in_time],
        traces.of(sender, "V_m")[in_time],
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
    command_line.run(main)
