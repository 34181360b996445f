# SPDX-License-Identifier: GPL-2.0-or-later
# ruff: noqa: F403, F405
"""A network without random input while it runs, in which each kind of connection occurs."""

from brian2 import *

defaultclock.dt = 0.2 * ms
tau = 10.0000000123 * ms  # with more digits than NESTML prints by itself
tau_s = 3 * ms
E_s = 20 * mV
threshold_ = 10 * mV
stimulus = TimedArray([0, 4, 2] * mV, dt=20 * ms)
wave = TimedArray(np.sin(np.arange(150)) * mV, dt=0.7 * ms)
each = TimedArray(0.2 * rand(30, 60) * mV, dt=2 * ms)

cells = NeuronGroup(
    60,
    """dv/dt = (I + given + s*(E_s - v)/(5*mV)*mV - v)/tau : volt (unless refractory)
    given = delay + stimulus(t) + wave(t - 1.3*ms) + each(t, i) : volt
    ds/dt = -s/tau_s : 1
    I : volt
    delay : volt""",
    threshold="v > threshold_",
    reset="v = 0*mV",
    refractory=2 * ms,
    method="euler",
)
relays = NeuronGroup(20, "dv/dt = -v/tau : 1", threshold="v > 1", reset="v -= 1", method="exact")
excitatory, inhibitory = cells[:45], cells[45:]
cells.v = "rand()*threshold_"
excitatory.I = "(9 + 4.0*i/N)*mV"
inhibitory.I = 12 * mV
cells.I[3] = 14 * mV

feed = SpikeGeneratorGroup(3, [0, 1, 2, 0, 2], [0, 1, 2.2, 31, 50] * ms)

to_cells = Synapses(excitatory, cells, "w : 1", on_pre="s += w")
to_cells.connect("i != j", p=0.15)
to_cells.w = "0.02 + 0.02*rand()"
to_cells.delay = "0.4*ms + 2*ms*rand()"
inhibition = Synapses(inhibitory, cells, on_pre="s -= 0.05")
inhibition.connect(p=0.3)
to_relays = Synapses(cells, relays, on_pre="v += 0.7")
to_relays.connect(j="k for k in range(N_post) if k == i % N_post")
between = Synapses(relays, relays, on_pre="v_post += 0.2", delay=1 * ms)
between.connect("i < 10 and i != j")
fed = Synapses(
    feed, cells, on_pre={"now": "v += 4*mV", "late": "v -= 1*mV"}, delay={"late": 3 * ms}
)
fed.connect(i=[0, 1, 2], j=[5, 50, 7])
kicked = Synapses(feed, cells, on_pre="delay_post = 0.1*I")
kicked.connect(i=[0, 1, 2, 2], j=[9, 30, 31, 9])
dated = Synapses(
    relays, cells, "last : second", on_pre="s_post += 0.01*exp(-(t - last)/tau_s); last = t"
)
dated.connect(j="k for k in range(N_post) if k % N_pre == i")
dated.delay = "0.2*ms*int(3*rand())"
inhibitory.run_regularly("I += 0.05*mV*sin(t/ms)", dt=1 * ms)

spikes_of_cells = SpikeMonitor(cells)
spikes_of_relays = SpikeMonitor(relays)
trace = StateMonitor(cells, ["v", "s"], record=[0, 7, 59], when="after_thresholds")
run(50 * ms)
cells.I = "I + 1*mV"
tau = 12 * ms
late_trace = StateMonitor(relays, "v", record=3, when="after_thresholds")
run(70 * ms)
