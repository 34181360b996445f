# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure what a pair of spikes changes in a synapse, and draw it beside the rule."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.report import ROOT
from izhisyn import command_line, plotting, recording
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.wiring import connect_pairs

MODEL = "izhikevich_psc_delta_neuron"
# From the spike that arrives to the cell's own [ms]
INTERVALS = np.arange(-60.0, 60.1, 2.5)
MIDDLE = 100.0  # arrival of the first spike [ms]
DURATION = 200.0  # [ms]
STEP = 0.1  # [ms]
WEIGHT = 1.0  # initial [mV]
# Nothing but pairs of spikes may change what is measured: no decay, no drift, no dopamine.
SYNAPSES = {
    "stdp_izhikevich_synapse": {"update_interval": 1000.0},
    "dopamine_stdp_izhikevich_synapse": {"update_interval": 1000.0},
}


@dataclass(frozen=True)
class Window:
    """What pairs of spikes change.

    Attributes
    ----------
    intervals : numpy.ndarray, shape (n_pairs,)
        From the spike that arrives to the cell's own [ms].
    changes : numpy.ndarray, shape (n_pairs,)
        Of the derivative.
    rule : callable
        Gives the changes of the rule for intervals [ms].
    """

    intervals: np.ndarray
    changes: np.ndarray
    rule: callable


def main(arguments=None):
    """Draw with these command line arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stdp_window", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "docs" / "figures" / "stdp_window.png",
        metavar="FILE",
        help="figure to write (default: docs/figures/stdp_window.png)",
    )
    output = parser.parse_args(arguments).output
    with plotting.style():
        figure = plotting.new_figure(width=14.0, height=6.0)
        both = figure.subplots(1, 2, sharex=True, sharey=True)
        for axes, synapse in zip(both, SYNAPSES, strict=True):
            draw(axes, measure(synapse))
            axes.set_title(synapse, loc="left", fontsize=8)
            axes.set_xlabel("Interval (ms): cell's spike after arrival")
        both[0].set_ylabel("Change of the derivative")
        both[1].legend(frameon=False)
        figure.savefig(output, dpi=150)
    print(f"Wrote {output}")


def measure(synapse):
    """Measure the change of one synapse for each interval.

    Parameters
    ----------
    synapse : str
        Name of the synapse model.

    Returns
    -------
    Window
    """
    start_kernel(STEP)
    if synapse.startswith("dopamine"):
        transmitter = nest.Create("volume_transmitter")
        nest.SetDefaults(synapse, {"volume_transmitter": transmitter})
    nest.SetDefaults(synapse, SYNAPSES[synapse])
    count = INTERVALS.size
    # The spike of the synapse makes V_m jump by 1 mV only; that of the teacher makes the cell fire.
    cells = nest.Create(MODEL, count, {"integrator": 1})
    generators = nest.Create("spike_generator", 2 * count)
    sources, teachers = generators[:count], generators[count:]
    parrots = nest.Create("parrot_neuron", count)
    sources.set([{"spike_times": [MIDDLE - 1.0 - STEP]}] * count)
    teachers.set([{"spike_times": [MIDDLE + interval - 1.0]} for interval in INTERVALS])
    nest.Connect(sources, parrots, "one_to_one", {"delay": 1.0})
    nest.Connect(teachers, cells, "one_to_one", {"weight": 200.0, "delay": 1.0})
    pairs = (range(count), range(count))
    spec = {"synapse_model": synapse, "receptor_type": 0, "weight": WEIGHT, "delay": 1.0}
    connect_pairs(parrots, cells, pairs, spec)
    recorder = recording.record_spikes(cells)
    simulate(DURATION)
    spikes = recording.spikes(recorder)
    arrived = MIDDLE - 1.0 - STEP + 2.0 - STEP  # the beginning of the step in which it acts
    order = np.argsort(spikes.senders)
    found = nest.GetConnections(parrots, cells).get(["target", "derivative"])
    changes = np.asarray(found["derivative"])[np.argsort(found["target"])]
    return Window(spikes.times[order] - arrived, changes, rule_of(nest.GetDefaults(synapse)))


def rule_of(defaults):
    """Give the rule with the parameters of a model."""
    A_minus = defaults.get("A_minus", defaults["A_plus"] * defaults.get("alpha", 1.0))

    def rule(intervals):
        return np.where(
            intervals > 0.0,
            defaults["A_plus"] * np.exp(-(intervals - STEP) / defaults["tau_plus"]),
            -A_minus * np.exp(intervals / defaults["tau_minus"]),
        )

    return rule


def draw(axes, window):
    """Draw the measured changes over the curve of the rule."""
    for side in (np.linspace(-60.0, 0.0, 200), np.linspace(1e-6, 60.0, 200)):
        label = "rule" if side[0] < 0.0 else None
        axes.plot(side, window.rule(side), color=plotting.ORANGE, label=label)
    axes.plot(window.intervals, window.changes, ".", color=plotting.BLUE, label="measured")
    axes.axhline(0.0, color=plotting.BLACK, lw=0.5)


if __name__ == "__main__":
    command_line.run_script(main)
