# SPDX-License-Identifier: GPL-2.0-or-later
"""Brian2 models that are run in both simulators: the threads' and Brian2's public examples."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from brian2 import (
    Hz,
    Mohm,
    TimedArray,
    cm,
    mM,
    ms,
    msiemens,
    mV,
    nA,
    nS,
    pA,
    pF,
    ufarad,
    umetre,
)

THREADS = Path(__file__).parent / "threads"


@dataclass(frozen=True)
class Case:
    """A model, its input, and what to compare.

    Attributes
    ----------
    model
        Arguments of `to_nestml`.
    record
        Variables to compare.
    spikes
        Times of the spikes that arrive at each port [ms].
    duration, dt
        Simulated time and time step [ms].
    min_spikes
        The neuron must spike at least so often for the comparison to say something.
    """

    model: dict
    record: tuple[str, ...]
    spikes: dict[str, tuple[float, ...]] = field(default_factory=dict)
    duration: float = 100.0
    dt: float = 0.1
    min_spikes: int = 1


def spike_train(seed, rate, duration, dt=0.1):
    """Draw times [ms] on the grid, at most one in a step."""
    draws = np.random.default_rng(seed).random(round(duration / dt) - 1) < rate * dt / 1000
    return tuple(np.round((np.flatnonzero(draws) + 1) * dt, 6).tolist())


def biexponential_factor(rise, decay):
    """Compute the factor that makes the peak of exp(-t/decay) - exp(-t/rise) one."""
    peak = decay * rise / (decay - rise) * np.log(decay / rise)
    return 1 / (np.exp(-peak / decay) - np.exp(-peak / rise))


AMPA_NMDA_GABA = Case(
    {
        "equations": (THREADS / "ampa_nmda_gaba.txt").read_text(),
        "threshold": "v>30",
        "reset": "v=c; u+= d;",
        "method": "euler",
        "on_pre": {
            "AMPA_NMDA": "s_e1_ampa+=g_peak_e_ampa; s_e1_nmda +=g_peak_e_nmda",
            "GABA_A": "s_i1+=g_peak_i",
        },
        "initial_values": {
            **{"v": -70, "a": 0.02, "b": 0.2, "c": -65, "d": 2, "u": "b*v", "I_offset": 10},
            **{"I_noise": 0.5},
        },
        "namespace": {
            "tau_e_rise_ampa": 0.5 * ms,
            "tau_e_decay_ampa": 2.4 * ms,
            "f_e_ampa": biexponential_factor(0.5, 2.4),
            "g_peak_e_ampa": 0.05,
            "tau_e_rise_nmda": 8 * ms,
            "tau_e_decay_nmda": 200 * ms,
            "f_e_nmda": biexponential_factor(8.0, 200.0),
            "g_peak_e_nmda": 0.075,
            "tau_i_rise": 1 * ms,
            "tau_i_decay": 7 * ms,
            "f_i": biexponential_factor(1.0, 7.0),
            "g_peak_i": 0.33,
        },
    },
    record=("v", "u", "s_e1_ampa", "s_e2_nmda", "I_syn", "g_nmda"),
    spikes={"AMPA_NMDA": spike_train(1, 300, 200, 0.01), "GABA_A": spike_train(2, 50, 200, 0.01)},
    duration=200.0,
    dt=0.01,
    min_spikes=3,
)

DIMENSIONED = Case(
    {
        "equations": (THREADS / "dimensioned.txt").read_text(),
        "threshold": "v > v_th",
        "reset": "v = c ; u = u + d",
        "method": "euler",
        "initial_values": {"v": -50 * mV, "u": 0 * mV},
        "namespace": {
            **{"a": 0.02 / ms, "b": 0.2, "c": -50 * mV, "d": 2 * mV, "v_th": 30 * mV},
            **{"C1": 0.04 * 1 / mV, "C2": 5.0, "C3": 140 * mV, "C5": 1.0},
            "I_app_fn": TimedArray([0, 10] * mV, dt=20 * ms),
        },
    },
    record=("v", "u", "I_app"),
    duration=250.0,
    min_spikes=15,
)

LIF_CURRENT = Case(
    {
        "equations": "dv/dt = (v0 - v) / tau : volt (unless refractory)\nv0 : volt",
        "threshold": "v > 10*mV",
        "reset": "v = 0*mV",
        "refractory": 5 * ms,
        "method": "exact",
        "initial_values": {"v0": 20 * mV},
        "namespace": {"tau": 10 * ms},
    },
    record=("v",),
    min_spikes=5,
)

CUBA = Case(
    {
        "equations": """dv/dt  = (ge+gi-(v-El))/taum : volt (unless refractory)
dge/dt = -ge/taue : volt
dgi/dt = -gi/taui : volt
""",
        "threshold": "v>Vt",
        "reset": "v = Vr",
        "refractory": 5 * ms,
        "method": "exact",
        "on_pre": {"exc": "ge += we", "inh": "gi += wi"},
        "initial_values": {"v": "Vr"},
        "namespace": {
            **{"taum": 20 * ms, "taue": 5 * ms, "taui": 10 * ms, "Vt": -50 * mV},
            **{"Vr": -60 * mV, "El": -49 * mV, "we": 4 * mV},
            "wi": -20 * 4.5 / 10 * mV,
        },
    },
    record=("v", "ge", "gi"),
    spikes={"exc": spike_train(3, 500, 100), "inh": spike_train(4, 50, 100)},
)

COBA = Case(
    {
        "equations": """
dv/dt = (ge * (Ee-v) + gi * (Ei-v) + El - v) / taum : volt (unless refractory)
dge/dt = -ge / taue : 1
dgi/dt = -gi / taui : 1
""",
        "threshold": "v > Vt",
        "reset": "v = Vr",
        "refractory": 5 * ms,
        "method": "euler",
        "on_pre": {"exc": "ge += we", "inh": "gi += wi"},
        "initial_values": {"v": -60 * mV},
        "namespace": {
            **{"taum": 20 * ms, "taue": 5 * ms, "taui": 10 * ms, "Vt": -50 * mV, "Vr": -60 * mV},
            **{"El": -60 * mV, "Ee": 0 * mV, "Ei": -80 * mV, "we": 0.6, "wi": 6.7},
        },
    },
    record=("v", "ge", "gi"),
    spikes={"exc": spike_train(5, 200, 100), "inh": spike_train(6, 20, 100)},
)

ADAPTIVE_THRESHOLD = Case(
    {
        "equations": "dv/dt = -v/(10*ms) : volt\ndvt/dt = (10*mV - vt)/(15*ms) : volt\n",
        "threshold": "v>vt",
        "reset": "v = 0*mV\nvt += 3*mV",
        "method": "euler",
        "on_pre": {"kick": "v += 3*mV"},
        "initial_values": {"vt": 10 * mV},
    },
    record=("v", "vt"),
    spikes={"kick": spike_train(7, 1000, 100)},
)

ADEX = Case(
    {
        "equations": """dvm/dt = (gL*(EL - vm) + gL*DeltaT*exp((vm - VT)/DeltaT) + I - w)/C : volt
dw/dt = (a*(vm - EL) - w)/tauw : amp
I : amp
""",
        "threshold": "vm>Vcut",
        "reset": "vm=Vr; w+=b",
        "method": "euler",
        "initial_values": {"vm": "EL", "w": "a*(vm-EL)", "I": 1 * nA},
        "namespace": {
            **{"C": 281 * pF, "gL": 30 * nS, "EL": -70.6 * mV, "VT": -50.4 * mV, "DeltaT": 2 * mV},
            **{"Vcut": -40.4 * mV, "tauw": 40 * ms, "a": 4 * nS, "b": 0.08 * nA, "Vr": -70.6 * mV},
        },
    },
    record=("vm", "w"),
    min_spikes=3,
)

_AREA = 20000 * umetre**2
HODGKIN_HUXLEY = Case(
    {
        "equations": """
dv/dt = (gl*(El-v) + ge*(Ee-v) - g_na*(m*m*m)*h*(v-ENa) - g_kd*(n*n*n*n)*(v-EK) + I)/Cm : volt
dm/dt = alpha_m*(1-m)-beta_m*m : 1
dn/dt = alpha_n*(1-n)-beta_n*n : 1
dh/dt = alpha_h*(1-h)-beta_h*h : 1
dge/dt = -ge*(1./taue) : siemens
alpha_m = 0.32*(mV**-1)*4*mV/exprel((13*mV-v+VT)/(4*mV))/ms : Hz
beta_m = 0.28*(mV**-1)*5*mV/exprel((v-VT-40*mV)/(5*mV))/ms : Hz
alpha_h = 0.128*exp((17*mV-v+VT)/(18*mV))/ms : Hz
beta_h = 4./(1+exp((40*mV-v+VT)/(5*mV)))/ms : Hz
alpha_n = 0.032*(mV**-1)*5*mV/exprel((15*mV-v+VT)/(5*mV))/ms : Hz
beta_n = .5*exp((10*mV-v+VT)/(40*mV))/ms : Hz
I : amp
""",
        "threshold": "v>-20*mV",
        "reset": "",
        "refractory": "v > -40*mV",
        "method": "euler",
        "on_pre": {"exc": "ge += 6*nS"},
        "initial_values": {"v": -65 * mV, "h": 0.6, "n": 0.3, "I": 0.1 * nA},
        "namespace": {
            **{"Cm": 1 * ufarad * cm**-2 * _AREA, "gl": 5e-5 * 1000 * msiemens * cm**-2 * _AREA},
            **{"g_na": 100 * msiemens * cm**-2 * _AREA, "g_kd": 30 * msiemens * cm**-2 * _AREA},
            **{"El": -65 * mV, "EK": -90 * mV, "ENa": 50 * mV, "VT": -63 * mV, "Ee": 0 * mV},
            "taue": 5 * ms,
        },
    },
    record=("v", "m", "n", "h", "alpha_m"),
    spikes={"exc": spike_train(8, 200, 100)},
    dt=0.02,
    min_spikes=2,
)

IZHIKEVICH = Case(
    {
        "equations": """
dv/dt = (0.04/ms/mV)*v**2 + (5/ms)*v + 140*mV/ms - w + I : volt (unless refractory)
dw/dt = a*(b*v - w) : volt/second (unless refractory)
I : volt/second
""",
        "threshold": "v >= 30*mV",
        "reset": "v = -65*mV; w += 8*mV/ms",
        "refractory": "v >= 30*mV",
        "method": "euler",
        "initial_values": {"v": -65 * mV, "w": -13 * mV / ms, "I": 10 * mV / ms},
        "namespace": {"a": 0.02 / ms, "b": 0.2 / ms},
    },
    record=("v", "w"),
    min_spikes=2,
)

PHASE_LOCKING = Case(
    {
        "equations": """dv/dt = (-v+a*sin(2*pi*freq*t)+b+held)/tau : 1
a : 1
slow = int(t_in_timesteps/100) : 1
held = clip(v, 0, 0.5) % 0.2 : 1 (constant over dt)
""",
        "threshold": "v>1",
        "reset": "v=0",
        "method": "euler",
        "initial_values": {"a": 0.7},
        "namespace": {"tau": 20 * ms, "b": 1.2, "freq": 10 * Hz},
    },
    record=("v", "slow"),
)

ALPHA_SYNAPSE = Case(
    {
        "equations": """dV/dt = (-(V-Vr)+x)/tau : volt
dx/dt = (-x+y)/taupsp : volt
dy/dt = -y/taupsp : volt
since = t - lastspike : second
free = int(not_refractory)*i + 2*N : 1
""",
        "threshold": "V>Vt",
        "reset": "V=Vr",
        "refractory": "1*ms + 0.1*ms*x/mV",
        "method": "euler",
        "on_pre": {"exc": "y += 30*mV"},
        "initial_values": {"V": -70 * mV},
        "namespace": {"Vr": -70 * mV, "Vt": -55 * mV, "tau": 10 * ms, "taupsp": 0.325 * ms * 4},
    },
    record=("V", "x", "y", "since", "free"),
    spikes={"exc": spike_train(9, 1000, 100)},
)

CALCIUM = Case(
    {
        "equations": """dc_Ca/dt = -c_Ca/tau_c + influx : mM
influx = k*clip(v - v_rest, 0*mV, 100*mV)**2 : mM/second
dv/dt = (v_rest - v + R*I_m*held)/tau_m + sqrt(D/tau_m)*0.5 : volt
held = 1.3 + 0.02*(clip(v/mV, -59.3, -40) % 0.37) + sin(t/ms)//2 : 1 (constant over dt)
R : ohm (constant)
I_m : amp
count : integer
active : boolean
""",
        "threshold": "v > -50*mV and not active",
        "reset": "v -= 20*mV; two = abs(-2); count += two; active = False",
        "method": "euler",
        "initial_values": {"R": 100 * Mohm, "I_m": 300 * pA, "v": -70 * mV, "active": False},
        "namespace": {
            **{"tau_c": 30 * ms, "v_rest": -70 * mV, "tau_m": 10 * ms, "D": 4 * mV**2 / ms},
            "k": 0.01 * mM / ms / mV**2,
        },
    },
    record=("c_Ca", "v", "influx", "count"),
)

# Near-equal time constants, for which a difference of exponentials loses digits, and divisions of
# whole numbers.
NEAR_EQUAL = Case(
    {
        "equations": """dv/dt = (x - v)/tau_m + 1.0*n/k*mV/ms : volt (unless refractory)
dx/dt = -x/tau_x : volt
n : integer
k : integer
half = 1.0/k : 1
""",
        "threshold": "v > 2*mV",
        "reset": "v = clip(v, 0.0*mV, 1.0*mV); n = (n + 1) % 5",
        "refractory": 3 * ms,
        "method": "exact",
        "on_pre": {"exc": "x_post += 8*mV"},
        "initial_values": {"k": 2},
        "namespace": {"tau_m": 1.001 * ms, "tau_x": 1 * ms},
    },
    record=("v", "x", "n", "half"),
    spikes={"exc": spike_train(13, 300, 100)},
    min_spikes=5,
)

RUNGE_KUTTA = Case(
    {
        "equations": """dv/dt = (v*v/mV - w + c + 5*mV*sin(t/ms))/(8*ms) : volt (unless refractory)
dw/dt = (0.2*v - w)/(20*ms) : volt
""",
        "threshold": "v > 30*mV",
        "reset": "v = -5*mV; w += 2*mV",
        "refractory": 2 * ms,
        "method": "rk4",
        "namespace": {"c": 30 * mV},
    },
    record=("v", "w"),
    min_spikes=5,
)

EXPONENTIAL_EULER = Case(
    {
        **{key: value for key, value in COBA.model.items() if key != "method"},
        "method": "exponential_euler",
    },
    record=("v", "ge", "gi"),
    spikes=COBA.spikes,
)

# A spike releases r_S of x_S; as posted, nothing of it reaches the target.
SHORT_TERM_PLASTICITY = {
    "model": (THREADS / "short_term_plasticity.txt").read_text(),
    "on_pre": (THREADS / "short_term_plasticity_on_pre.txt").read_text(),
    "transmit": "r_S",
    "namespace": {"tau_f": 30 * ms, "tau_d": 50 * ms, "u_S_0": 0.6},
    "initial_values": {"x_S": 1},
}

# For the exact quadratic step, against an adaptive solver.
QUADRATIC = {
    "equations": """
dv/dt = (0.04*v**2 + 5*v + 140 - u + I)/ms : 1
du/dt = a*(b*v - u)/ms : 1
I : 1
a : 1
b : 1
c : 1
d : 1
""",
    "threshold": "v >= 30",
    "reset": "v = c; u += d",
    "namespace": {},
    "integrator": "exact",
}

# Those of `make test`; they cover every construct that is carried over.
CASES = {
    "ampa_nmda_gaba": AMPA_NMDA_GABA,
    "dimensioned": DIMENSIONED,
    "alpha_synapse": ALPHA_SYNAPSE,
    "calcium": CALCIUM,
    "near_equal": NEAR_EQUAL,
    "runge_kutta": RUNGE_KUTTA,
}

OTHER_CASES = {
    "lif_current": LIF_CURRENT,
    "phase_locking": PHASE_LOCKING,
    "cuba": CUBA,
    "coba": COBA,
    "adaptive_threshold": ADAPTIVE_THRESHOLD,
    "adex": ADEX,
    "hodgkin_huxley": HODGKIN_HUXLEY,
    "izhikevich": IZHIKEVICH,
    "exponential_euler": EXPONENTIAL_EULER,
}
