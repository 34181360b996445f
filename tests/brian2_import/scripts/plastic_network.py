# SPDX-License-Identifier: GPL-2.0-or-later
# ruff: noqa: F403, F405
"""Neurons whose synapses learn from the spikes of both sides, with delays and without."""

from brian2 import *

tau = 10 * ms
tau_pre = 20 * ms
tau_post = 15 * ms
w_max = 1 * mV
up, down = 0.05 * mV, -0.06 * mV

feed = SpikeGeneratorGroup(
    20, [k % 20 for k in range(400)], [(k * 37 % 2000) / 10 for k in range(400)] * ms
)
cells = NeuronGroup(
    30, "dv/dt = -v/tau : volt\ndg/dt = -g/(3*ms) : 1", threshold="v > 4*mV", reset="v -= 4*mV"
)
first, last = cells[:20], cells[20:]
cells.v = "4*mV*rand()"
drive = NeuronGroup(
    10, "dv/dt = (1.5 - v)/tau : 1", threshold="v > 1", reset="v = 0", method="exact"
)
drive.v = "rand()"

pair_rule = """w : volt
dApre/dt = -Apre/tau_pre : volt (event-driven)
dApost/dt = -Apost/tau_post : volt (event-driven)"""
fed = Synapses(
    feed,
    cells,
    pair_rule,
    on_pre="v_post += w; Apre += up; w = clip(w + Apost, 0*mV, w_max)",
    on_post="Apost += down; w = clip(w + Apre, 0*mV, w_max)",
)
fed.connect(p=0.7)
fed.w = "rand()*w_max"
recurrent = Synapses(
    first,
    last,
    pair_rule,
    on_pre="v_post += w; Apre += up; w = clip(w + Apost, 0*mV, w_max)",
    on_post="Apost += down; w = clip(w + Apre, 0*mV, w_max)",
    delay=1.5 * ms,
)
recurrent.connect()
recurrent.w = "rand()*w_max"
counting = Synapses(
    drive,
    first,
    "w : 1\nn : integer",
    on_pre="v_post += w*mV; w = clip(w + 0.02, 0, 1)",
    on_post="n += 1; w = clip(w - 0.01*n/(n + 5.0), 0, 1)",
    delay=0.1 * ms,
)
counting.connect("i != j", p=0.5)
counting.w = 0.5

spikes_of_cells = SpikeMonitor(cells)
trace = StateMonitor(cells, "v", record=[0, 25], when="after_thresholds")
run(200 * ms)
