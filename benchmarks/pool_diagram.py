# SPDX-License-Identifier: GPL-2.0-or-later
"""Draw how pooled nodes are stored and stepped, for docs/performance.md."""

import argparse
from pathlib import Path

from matplotlib.patches import Rectangle

from benchmarks.report import ROOT
from izhisyn import command_line, plotting

LANES = 8
ROWS = ("V_m", "U_m", "I_AMPA", "…")
CHANNELS = ("AMPA", "NMDA", "GABA_A")
CHOSEN = 2  # the neuron that is followed through both halves


def main(arguments=None):
    """Draw with these command line arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pool_diagram", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "docs" / "figures" / "pools.png",
        metavar="FILE",
        help="figure to write (default: docs/figures/pools.png)",
    )
    output = parser.parse_args(arguments).output
    with plotting.style():
        figure = plotting.new_figure(width=17.0, height=8.6)
        stock, pooled = figure.subplots(1, 2, width_ratios=(1.0, 1.6))
        draw_stock(stock)
        draw_pooled(pooled)
        for axes in (stock, pooled):
            axes.set_ylim(12.6, 0.4)
            axes.set_axis_off()
        figure.savefig(output, dpi=200)
    print(f"Wrote {output}")


def draw_stock(axes):
    """Draw objects that have everything themselves, one for each neuron."""
    axes.set_title("Stock code: an object for each neuron", loc="left", fontsize=8)
    axes.set_xlim(-0.1, 9.4)
    for number, (left, top) in enumerate(((0.0, 0.6), (4.9, 1.0), (0.2, 6.0), (5.1, 6.5))):
        colour = plotting.VERMILION if number == 1 else plotting.BLUE
        box(axes, left, top, 4.2, 4.8, "none", colour)
        parts = "state", "parameters", "ring buffers", "unused buffers", "propagators"
        for row, part in enumerate(parts):
            box(axes, left + 0.2, top + 0.2 + 0.9 * row, 3.8, 0.75, shade(colour), "none", part)
    note(axes, 0.0, 12.1, "update() steps one neuron for a slice,\nthen the next one")


def draw_pooled(axes):
    """Draw handles, and the rows of one block."""
    axes.set_title("Pooled: a node is a handle to a lane of a block", loc="left", fontsize=8)
    axes.set_xlim(-0.1, 14.5)
    left = 2.8
    note(axes, 0.0, 1.1, "nodes")
    for lane in range(LANES):
        box(axes, left + lane, 0.6, 0.8, 0.8, *colours(lane), str(lane + 1))
        axes.annotate(
            "",
            (left + lane + 0.4, 2.3),
            (left + lane + 0.4, 1.45),
            arrowprops={"arrowstyle": "->", "linewidth": 0.6, "color": colours(lane)[1]},
        )
    note(axes, 11.0, 1.1, "NEST connects,\nsets, records them")
    top = 2.4
    for name in ROWS:
        row_of_lanes(axes, left, top, name)
        top += 0.85
    note(axes, 11.0, 3.9, "state: one instruction\nsteps 2, 4 or 8 neurons")
    top += 0.3
    for name, value in (("a", "0.02"), ("tau_decay", "2.4")):
        note(axes, 0.0, top + 0.4, name)
        box(axes, left, top, LANES - 0.2, 0.7, "#eeeeee", "#777777", value)
        top += 0.85
    note(axes, 11.0, top - 0.8, "parameters: a row that\nblocks share if equal")
    top += 0.3
    for slot in range(2):
        for name in CHANNELS:
            row_of_lanes(axes, left, top, name if slot == 0 else "", height=0.5)
            top += 0.55
        top += 0.2
    note(axes, 0.0, top - 1.05, "a step later")
    note(
        axes,
        11.0,
        top - 2.1,
        "spikes to come: a row\nfor each port and step;\nan event adds one number",
    )
    note(
        axes,
        0.0,
        12.1,
        "the first update() of a slice steps all neurons;\n"
        "the rare rest, such as a spike, is done for single ones",
    )


def row_of_lanes(axes, left, top, name, height=0.7):
    """Draw one number of all neurons of a block."""
    note(axes, 0.0, top + height / 2, name)
    for lane in range(LANES):
        box(axes, left + lane, top, 0.8, height, *colours(lane))


def colours(lane):
    """Give face and edge of a neuron."""
    edge = plotting.VERMILION if lane == CHOSEN else plotting.BLUE
    return shade(edge), edge


def shade(colour):
    """Give a colour that text can be read on."""
    return {plotting.VERMILION: "#f7d9c6", plotting.BLUE: "#cfe3f1"}[colour]


def box(axes, left, top, width, height, face, edge, text=""):
    """Draw a rectangle with a text."""
    axes.add_patch(Rectangle((left, top), width, height, fc=face, ec=edge, linewidth=0.8))
    middle = left + width / 2, top + height / 2
    axes.text(*middle, text, ha="center", va="center", fontsize=6.5)


def note(axes, left, middle, text):
    """Write beside what is drawn."""
    axes.text(left, middle, text, ha="left", va="center", fontsize=6.5)


if __name__ == "__main__":
    command_line.run_script(main)
