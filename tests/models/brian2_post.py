# SPDX-License-Identifier: GPL-2.0-or-later
"""The script of the Brian2 thread on AMPA, NMDA and GABA-A, run in Brian2 and recorded.

The neuron's equations, the constants and the calls are the post's. Two choices are added::

    python brian2_post.py {as_posted,corrected} {euler,exact} FILE.npz

The arithmetic is the post's or the one that was meant (both exponentials grow, and the peak is a
factor once). The synapses decay as the post lets them, by forward Euler, or exactly. The noise
starts in the third step, the first that NEST's generators reach.
"""

import sys
from pathlib import Path

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    prefs,
    seed,
)

SEED = 5  # with no input spike in step 0, which NEST's spike_generator cannot send

# Time constants [ms] and synaptic weights of the post.
CONSTANTS = {
    "tau_e_rise_ampa": 0.5,
    "tau_e_decay_ampa": 2.4,
    "g_peak_e_ampa": 0.05,
    "tau_e_rise_nmda": 8.0,
    "tau_e_decay_nmda": 200.0,
    "g_peak_e_nmda": 0.075,
    "tau_i_rise": 1.0,
    "tau_i_decay": 7.0,
    "g_peak_i": 0.33,
}

NEURON = """
dv/dt = (0.04*v**2 + 5*v + 140 - u + I_offset + I_syn + I_noise)/ms : 1
du/dt = (a*(b*v - u))/ms : 1
I_offset : 1
I_noise : 1
a : 1
b : 1
c : 1
d : 1
s_e_ampa = s_e1_ampa - s_e2_ampa : 1
s_e_nmda = s_e1_nmda - s_e2_nmda : 1
s_i = s_i1 - s_i2 : 1
g_nmda = 1 / (1 + exp(-v/16.13) / 3.57) : 1
I_syn_e_ampa = g_peak_e_ampa * f_e_ampa * s_e_ampa : 1
I_syn_e_nmda = g_nmda * g_peak_e_nmda*f_e_nmda*s_e_nmda : 1
I_syn_i = -g_peak_i*f_i*s_i : 1
I_syn = I_syn_e_ampa + I_syn_e_nmda + I_syn_i : 1
"""
EXPONENTIALS = {
    "s_e1_ampa": "tau_e_decay_ampa",
    "s_e2_ampa": "tau_e_rise_ampa",
    "s_e1_nmda": "tau_e_decay_nmda",
    "s_e2_nmda": "tau_e_rise_nmda",
    "s_i1": "tau_i_decay",
    "s_i2": "tau_i_rise",
}
ON_PRE = {
    "as_posted": {
        "e": "s_e1_ampa += g_peak_e_ampa; s_e1_nmda += g_peak_e_nmda",
        "i": "s_i1 += g_peak_i",
    },
    "corrected": {
        "e": "s_e1_ampa += 1; s_e2_ampa += 1; s_e1_nmda += 1; s_e2_nmda += 1",
        "i": "s_i1 += 1; s_i2 += 1",
    },
}
DECAY = {
    "euler": "d{s}/dt = -{s}/{tau} : 1",
    "exact": "{s} : 1",
}


def run(arithmetic, decay):
    """Run the post's script for its second.

    Parameters
    ----------
    arithmetic : str
        "as_posted" or "corrected".
    decay : str
        How the synapses decay, "euler" or "exact".

    Returns
    -------
    dict of str to numpy.ndarray
        ``input_steps``, the steps in which the Poisson input spikes; for the E and the I neuron
        ``V_m`` at the start of each step, ``noise`` during it, shape (2, n_steps), and
        ``E_steps``, ``I_steps``, the steps in which each neuron spikes.
    """
    prefs.codegen.target = "numpy"  # the network is too small for a compiler to pay
    defaultclock.dt = 0.01 * ms
    seed(SEED)
    constants = {
        name: value * ms if name.startswith("tau") else value for name, value in CONSTANTS.items()
    }
    constants |= {
        "f_e_ampa": normalisation(CONSTANTS["tau_e_decay_ampa"], CONSTANTS["tau_e_rise_ampa"]),
        "f_e_nmda": normalisation(CONSTANTS["tau_e_decay_nmda"], CONSTANTS["tau_e_rise_nmda"]),
        "f_i": normalisation(CONSTANTS["tau_i_decay"], CONSTANTS["tau_i_rise"]),
    }
    exponentials = [DECAY[decay].format(s=s, tau=tau) for s, tau in EXPONENTIALS.items()]

    P = PoissonGroup(1, rates=10 * Hz)
    G = NeuronGroup(
        2,
        NEURON + "\n".join(exponentials),
        method="euler",
        threshold="v>30",
        reset="v=c; u+= d;",
        namespace=constants,
    )
    G_exc, G_inh = G[:1], G[1:]
    G.v, G.b, G.c, G.d = -70, 0.2, -65, 2
    G.a = [0.02, 0.1]
    G.u = "b*v"
    G.I_offset = [3.47, 3.85]
    S_e = Synapses(P, G_exc, on_pre=ON_PRE[arithmetic]["e"], namespace=constants)
    S_i = Synapses(P, G_inh, on_pre=ON_PRE[arithmetic]["i"], namespace=constants)
    S_e.connect(j="i")
    S_i.connect(j="i")
    noise_starts = "int(t_in_timesteps >= 2)"
    G_exc.run_regularly(f"I_noise = 5*randn()*{noise_starts}", dt=0.01 * ms)
    G_inh.run_regularly(f"I_noise = 2*randn()*{noise_starts}", dt=0.01 * ms)
    if decay == "exact":
        # After the neurons have used this step's values, before the step's spikes are added.
        G.run_regularly(
            "\n".join(f"{s} *= exp(-dt/{tau})" for s, tau in EXPONENTIALS.items()),
            when="after_groups",
        )
    states = StateMonitor(G, ["v", "I_noise"], record=True, when="before_groups")
    inputs, outputs = SpikeMonitor(P), SpikeMonitor(G)
    network = Network(P, G, S_e, S_i, states, inputs, outputs)
    network.run(1000 * ms)

    trains = outputs.spike_trains()
    return {
        "input_steps": steps_of(inputs.t),
        "V_m": np.array(states.v),
        "noise": np.array(states.I_noise),
        "E_steps": steps_of(trains[0]),
        "I_steps": steps_of(trains[1]),
    }


def steps_of(times):
    """Convert Brian2 times to whole steps."""
    return np.round(np.asarray(times / defaultclock.dt)).astype(int)


def normalisation(tau_decay, tau_rise):
    """Factor that gives exp(-t/tau_decay) - exp(-t/tau_rise) a peak of 1."""
    t_peak = tau_decay * tau_rise / (tau_decay - tau_rise) * np.log(tau_decay / tau_rise)
    return 1 / (np.exp(-t_peak / tau_decay) - np.exp(-t_peak / tau_rise))


if __name__ == "__main__":
    arithmetic, decay, path = sys.argv[1:]
    np.savez(Path(path), **run(arithmetic, decay))
