# SPDX-License-Identifier: GPL-2.0-or-later
"""What figures are drawn from."""

import numpy as np
import pytest

from izhisyn import plotting
from izhisyn.recording import Spikes


def test_spikes_rise_to_the_peak_between_samples():
    """Peak and reset stand at the true time of the spike."""
    times, V_m = plotting.with_spikes([1.0, 2.0, 3.0], [-60, -20, -64], [2.25], 30.0, -65.0)
    assert times.tolist() == [1.0, 2.0, 2.25, 2.25, 3.0]
    assert V_m.tolist() == [-60.0, -20.0, 30.0, -65.0, -64.0]


def test_spikes_have_peaks_and_resets_of_their_own():
    """Each spike goes up to its own peak and down to its own reset."""
    _, V_m = plotting.with_spikes([1.0, 3.0], [-60, -61], [1.5, 2.0], [30.0, 20.0], [-65.0, -55.0])
    assert V_m.tolist() == [-60.0, 30.0, -65.0, 20.0, -55.0, -61.0]


def test_a_sample_at_the_time_of_a_spike_follows_the_reset():
    """A spike on the grid: the sample there is the state after it."""
    times, V_m = plotting.with_spikes([1.0, 2.0], [-20, -65], [2.0], 30.0, -65.0)
    assert times.tolist() == [1.0, 2.0, 2.0, 2.0]
    assert V_m.tolist() == [-20.0, 30.0, -65.0, -65.0]


def test_spikes_may_share_a_gap_and_lie_outside_the_samples():
    """Every spike is drawn, in order of time."""
    times, V_m = plotting.with_spikes([1.0, 2.0], [-60, -61], [2.5, 1.75, 1.25], 30.0, -65.0)
    assert times.tolist() == [1.0, 1.25, 1.25, 1.75, 1.75, 2.0, 2.5, 2.5]
    assert V_m.tolist() == [-60.0, 30.0, -65.0, 30.0, -65.0, -61.0, 30.0, -65.0]


def test_trace_without_spikes_is_unchanged():
    """Nothing is added."""
    times, V_m = plotting.with_spikes([1.0, 2.0], [-60, -61], np.array([]), 30.0, -65.0)
    assert (times.tolist(), V_m.tolist()) == ([1.0, 2.0], [-60.0, -61.0])


def test_steps_hold_until_the_next_and_to_the_end():
    """The line has the edges and the heights of the steps."""
    axes = plotting.new_figure(5.0, 5.0).subplots()
    plotting.draw_steps(axes, [(0.0, -2.0), (10.0, 3.0)], 25.0)
    (drawn,) = axes.patches
    assert drawn.get_data().edges.tolist() == [0.0, 10.0, 25.0]
    assert drawn.get_data().values.tolist() == [-2.0, 3.0]


def test_figures_have_the_stated_size():
    """Centimetres become inches."""
    figure = plotting.new_figure(width=18.0, height=9.0)
    assert figure.get_size_inches() * 2.54 == pytest.approx([18.0, 9.0])


def test_style_ends_with_its_context():
    """A user's own matplotlib settings return."""
    import matplotlib as mpl

    before = mpl.rcParams["font.size"]
    with plotting.style():
        assert mpl.rcParams["font.size"] == plotting.STYLE["font.size"]
    assert mpl.rcParams["font.size"] == before


def test_legend_is_one_row_above_the_axes():
    """Whatever the number of curves."""
    figure = plotting.new_figure(9.0, 5.0)
    axes = figure.subplots()
    for label in ("first", "second", "third"):
        axes.plot([0.0, 1.0], label=label)
    plotting.legend_above(axes)
    figure.draw_without_rendering()
    box = axes.get_legend().get_window_extent()
    assert box.y0 >= axes.bbox.y0 + 0.95 * axes.bbox.height
    texts = [text.get_window_extent() for text in axes.get_legend().get_texts()]
    assert len({text.y0 for text in texts}) == 1


def test_raster_stacks_samples_of_populations():
    """Every second cell of ids 1-4 and of 5-6; the spike of 2 is not of the sample, 7 of none."""
    spikes = Spikes(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([3, 2, 1, 5, 7]))
    axes = plotting.new_figure(8.0, 6.0).subplots()
    plotting.draw_raster(axes, spikes, [(range(1, 5), "C0"), (range(5, 7), "C1")], sample=0.5)
    first, second = (line.get_xydata().tolist() for line in axes.lines)
    assert first == [[1.0, 1.0], [3.0, 0.0]]
    assert second == [[4.0, 2.0]]
    assert axes.get_ylim() == (-0.5, 2.5)


def test_raster_without_a_sample_has_every_cell():
    """Rows in the order of the node ids."""
    spikes = Spikes(np.array([1.0, 2.0]), np.array([2, 1]))
    axes = plotting.new_figure(8.0, 6.0).subplots()
    plotting.draw_raster(axes, spikes, [(range(1, 3), "C0")])
    assert axes.lines[0].get_xydata().tolist() == [[1.0, 1.0], [2.0, 0.0]]


def test_spectrum_is_drawn_on_logarithmic_axes():
    """As given."""
    axes = plotting.new_figure(8.0, 6.0).subplots()
    plotting.draw_spectrum(axes, np.array([1.0, 10.0]), np.array([2.0, 0.2]))
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.lines[0].get_xydata().tolist() == [[1.0, 2.0], [10.0, 0.2]]
