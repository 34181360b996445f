# SPDX-License-Identifier: GPL-2.0-or-later
"""Cell types and receptor constants, each with unit and source.

The cells are those of Izhikevich's papers of 2003 [1]_ and 2004 [2]_ and of his book [3]_.

References
----------
.. [1] E. M. Izhikevich, "Simple model of spiking neurons", IEEE Transactions on Neural
   Networks 14(6), 2003.
.. [2] E. M. Izhikevich, "Which model to use for cortical spiking neurons?", IEEE Transactions on
   Neural Networks 15(5), 2004.
.. [3] E. M. Izhikevich, "Dynamical systems in neuroscience", MIT Press, 2007, chapter 8.
"""

import math
from dataclasses import asdict, dataclass, replace

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked


@dataclass(frozen=True)
class CellType:
    """One cell type of the Izhikevich (2003) model.

    Attributes
    ----------
    name : str
        Abbreviation used in the paper.
    title : str
        Full name.
    a : float
        Rate of the recovery variable [1/ms].
    b : float
        Sensitivity of the recovery variable to the membrane potential [1/mV].
    c : float
        Membrane potential after a spike [mV].
    d : float
        Increment of the recovery variable at a spike [1].
    """

    name: str
    title: str
    a: float
    b: float
    c: float
    d: float

    @property
    def parameters(self):
        """Dictionary of a, b, c and d, as ``nest.Create`` and ``.set`` take it."""
        return {"a": self.a, "b": self.b, "c": self.c, "d": self.d}

    @checked(V_m=checks.number(unit="mV"))
    def initial_state(self, V_m):
        """State with the recovery variable at its steady value, U_m = b V_m.

        Parameters
        ----------
        V_m : float
            Membrane potential [mV].

        Returns
        -------
        dict
            ``V_m`` [mV] and ``U_m`` [1].
        """
        return {"V_m": V_m, "U_m": self.b * V_m}


# Figure 2 of [1]; RZ with b = 0.26, d = 2, as there and in the author's own script of the figure.
CELL_TYPES = {
    cell.name: cell
    for cell in (
        CellType("RS", "regular spiking", a=0.02, b=0.2, c=-65.0, d=8.0),
        CellType("IB", "intrinsically bursting", a=0.02, b=0.2, c=-55.0, d=4.0),
        CellType("CH", "chattering", a=0.02, b=0.2, c=-50.0, d=2.0),
        CellType("FS", "fast spiking", a=0.1, b=0.2, c=-65.0, d=2.0),
        CellType("LTS", "low-threshold spiking", a=0.02, b=0.25, c=-65.0, d=2.0),
        CellType("TC", "thalamo-cortical", a=0.02, b=0.25, c=-65.0, d=0.05),
        CellType("RZ", "resonator", a=0.1, b=0.26, c=-65.0, d=2.0),
    )
}

# The Brian2 thread on cell types, which tabulates another resonator.
FORUM_CELL_TYPES = CELL_TYPES | {
    "RZ": replace(CELL_TYPES["RZ"], title="resonator of the Brian2 thread", b=0.25, d=8.0)
}


@dataclass(frozen=True)
class PropertyCell(CellType):
    """One of the cells of [2], v' = 0.04 v^2 + linear v + constant - u + I.

    Attributes
    ----------
    linear : float
        Coefficient of the membrane potential in its derivative [1/ms].
    constant : float
        Constant of that derivative [mV/ms].
    V_u : float
        Membrane potential at which the recovery variable relaxes to 0 [mV].
    """

    linear: float = 5.0
    constant: float = 140.0
    V_u: float = 0.0

    @property
    def parameters(self):
        """Dictionary of all parameters, as ``nest.Create`` and ``.set`` take it."""
        return super().parameters | {
            "linear": self.linear,
            "constant": self.constant,
            "V_u": self.V_u,
        }


_CLASS_1 = {"linear": 4.1, "constant": 108.0}
# The recovery variable of R does not decay in the author's script: u' = 0.02 (v + 65). That is the
# limit of a (b (v - V_u) - u) for small a at a b = 0.02; here u decays by 1e-5 in 400 ms.
_NO_DECAY = 2e-8  # [1/ms]

# Figure 1 of [2] with the numbers of the author's script of the figure (figure1.m, which is part
# of izhi2003.m in OpenSourceBrain/IzhikevichModel).
PROPERTY_CELLS = {
    cell.name: cell
    for cell in (
        PropertyCell("A", "tonic spiking", a=0.02, b=0.2, c=-65.0, d=6.0),
        PropertyCell("B", "phasic spiking", a=0.02, b=0.25, c=-65.0, d=6.0),
        PropertyCell("C", "tonic bursting", a=0.02, b=0.2, c=-50.0, d=2.0),
        PropertyCell("D", "phasic bursting", a=0.02, b=0.25, c=-55.0, d=0.05),
        PropertyCell("E", "mixed mode", a=0.02, b=0.2, c=-55.0, d=4.0),
        PropertyCell("F", "spike frequency adaptation", a=0.01, b=0.2, c=-65.0, d=8.0),
        PropertyCell("G", "class 1 excitable", a=0.02, b=-0.1, c=-55.0, d=6.0, **_CLASS_1),
        PropertyCell("H", "class 2 excitable", a=0.2, b=0.26, c=-65.0, d=0.0),
        PropertyCell("I", "spike latency", a=0.02, b=0.2, c=-65.0, d=6.0),
        PropertyCell("J", "subthreshold oscillations", a=0.05, b=0.26, c=-60.0, d=0.0),
        PropertyCell("K", "resonator", a=0.1, b=0.26, c=-60.0, d=-1.0),
        PropertyCell("L", "integrator", a=0.02, b=-0.1, c=-55.0, d=6.0, **_CLASS_1),
        PropertyCell("M", "rebound spike", a=0.03, b=0.25, c=-60.0, d=4.0),
        PropertyCell("N", "rebound burst", a=0.03, b=0.25, c=-52.0, d=0.0),
        PropertyCell("O", "threshold variability", a=0.03, b=0.25, c=-60.0, d=4.0),
        PropertyCell("P", "bistability", a=0.1, b=0.26, c=-60.0, d=0.0),
        PropertyCell("Q", "depolarizing after-potential", a=1.0, b=0.2, c=-60.0, d=-21.0),
        PropertyCell(
            "R", "accommodation", a=_NO_DECAY, b=0.02 / _NO_DECAY, c=-55.0, d=4.0, V_u=-65.0
        ),
        PropertyCell("S", "inhibition-induced spiking", a=-0.02, b=-1.0, c=-60.0, d=8.0),
        PropertyCell("T", "inhibition-induced bursting", a=-0.026, b=-1.0, c=-45.0, d=-2.0),
    )
}


@dataclass(frozen=True)
class CellType2007:
    """One cell type of the Izhikevich (2007) model, in physical units.

    The steady recovery current is b (v - v_r) for most cells. In general its slope is b below v_b
    and b_ratio b above, through b_ratio b (v - v_r) at v_b, plus b_cubic (v - v_b)^3 above v_b.

    Attributes
    ----------
    name : str
        Abbreviation used in the book.
    title : str
        Full name.
    C : float
        Membrane capacitance [pF].
    k : float
        Curvature of the membrane current [nS/mV].
    v_r, v_t, v_peak : float
        Resting potential, instantaneous threshold potential, and peak of a spike [mV].
    a : float
        Rate of the recovery current [1/ms].
    b : float
        Sensitivity of the recovery current to the membrane potential [nS].
    c : float
        Membrane potential after a spike [mV].
    d : float
        Increment of the recovery current at a spike [pA].
    v_b : float
        Where the steady recovery current changes its law [mV].
    b_ratio : float
        Its slope above v_b over that below [1].
    b_cubic : float
        Its cubic coefficient above v_b [pA/mV^3].
    v_peak_U, c_U : float
        Changes of the peak of a spike, and of the potential after it, with the recovery current
        [mV/pA].
    U_max : float
        Upper bound of the recovery current after a spike [pA].
    """

    name: str
    title: str
    C: float
    k: float
    v_r: float
    v_t: float
    v_peak: float
    a: float
    b: float
    c: float
    d: float
    v_b: float = -65.0
    b_ratio: float = 1.0
    b_cubic: float = 0.0
    v_peak_U: float = 0.0
    c_U: float = 0.0
    U_max: float = math.inf

    @property
    def parameters(self):
        """Dictionary of all parameters, as ``nest.Create`` and ``.set`` take it."""
        return {key: value for key, value in asdict(self).items() if key not in ("name", "title")}

    @property
    def initial_state(self):
        """Resting state: ``V_m`` [mV] and ``U_m`` [pA]."""
        return {"V_m": self.v_r, "U_m": 0.0}


# Chapter 8 of [3]. The nine numbers of each row are also those of OpenSourceBrain/IzhikevichModel
# (NEURON/README.md, MATLAB/izhi2007.m), and of CARLsim for RS. That code keeps v_b of FS in d, and
# its b = -2 for FS acts nowhere. For TC the book has u' = a (b (v + 65) - u), where that code has
# b (v - v_r) = b (v + 60), which jumps by 75 pA at -65 mV; the book's law is taken here.
CELL_TYPES_2007 = {
    name: CellType2007(name, title, *numbers, **changes)
    for name, title, numbers, changes in (
        # C, k, v_r, v_t, v_peak, a, b, c, d
        ("RS", "regular spiking", (100.0, 0.7, -60.0, -40.0, 35.0, 0.03, -2.0, -50.0, 100.0), {}),
        (
            "IB",
            "intrinsically bursting",
            (150.0, 1.2, -75.0, -45.0, 50.0, 0.01, 5.0, -56.0, 130.0),
            {},
        ),
        ("CH", "chattering", (50.0, 1.5, -60.0, -40.0, 25.0, 0.03, 1.0, -40.0, 150.0), {}),
        (
            "LTS",
            "low-threshold spiking",
            (100.0, 1.0, -56.0, -42.0, 40.0, 0.03, 8.0, -53.0, 20.0),
            {"v_peak_U": -0.1, "c_U": 0.04, "U_max": 670.0},
        ),
        (
            "FS",
            "fast spiking",
            (20.0, 1.0, -55.0, -40.0, 25.0, 0.2, 0.0, -45.0, 0.0),
            {"v_b": -55.0, "b_cubic": 0.025},
        ),
        (
            "TC",
            "thalamo-cortical",
            (200.0, 1.6, -60.0, -50.0, 35.0, 0.01, 15.0, -60.0, 10.0),
            {"v_b": -65.0, "b_ratio": 0.0, "v_peak_U": 0.1, "c_U": -0.1},
        ),
        (
            "RTN",
            "reticular thalamic",
            (40.0, 0.25, -65.0, -45.0, 0.0, 0.015, 10.0, -55.0, 50.0),
            {"v_b": -65.0, "b_ratio": 0.2},
        ),
    )
}


@dataclass(frozen=True)
class Integrator:
    """A way to advance V_m and U_m by a step.

    Attributes
    ----------
    value : int
        The models' parameter ``integrator``.
    title : str
    """

    value: int
    title: str


INTEGRATORS = {
    "exact": Integrator(0, "exact quadratic step"),
    "euler": Integrator(1, "forward Euler"),
    "izhikevich2003": Integrator(2, "the scheme of Izhikevich (2003)"),
}


@checked(name=checks.one_of(CELL_TYPES))
def cell_type(name):
    """Look up a cell type.

    Parameters
    ----------
    name : str
        One of the keys of ``CELL_TYPES``.

    Returns
    -------
    CellType

    Raises
    ------
    ParameterError
        If the name is unknown (a ``ValueError``).
    """
    return CELL_TYPES[name]


# Figure 3 of [1]: r is drawn between 0 and 1 for each cell. The paper's c = -65 + 15 r^2,
# d = 8 - 6 r^2 leads from RS to CH, its a = 0.02 + 0.08 r, b = 0.25 - 0.05 r from LTS to FS.
@checked(r=checks.array(low=0, high=1), heterogeneity=checks.number(0, 1))
def excitatory_cells(r, heterogeneity=1.0):
    """Parameters of excitatory cells, regular spiking ones and some towards chattering.

    Parameters
    ----------
    r : array_like, shape (n_cells,)
        Uniform random numbers between 0 and 1.
    heterogeneity : float
        Spread of the parameters: 1 as in Izhikevich (2003), 0 for cells that are all RS.

    Returns
    -------
    dict of str to numpy.ndarray, shape (n_cells,)
        a, b, c and d.
    """
    return _interpolated("RS", "CH", heterogeneity * np.square(r))


@checked(r=checks.array(low=0, high=1), heterogeneity=checks.number(0, 1))
def inhibitory_cells(r, heterogeneity=1.0):
    """Parameters of inhibitory cells, from fast spiking to low-threshold spiking.

    Parameters
    ----------
    r : array_like, shape (n_cells,)
        Uniform random numbers between 0 and 1.
    heterogeneity : float
        Spread of the parameters: 1 as in Izhikevich (2003), 0 for cells that are all FS.

    Returns
    -------
    dict of str to numpy.ndarray, shape (n_cells,)
        a, b, c and d.
    """
    return _interpolated("FS", "LTS", heterogeneity * (1.0 - np.asarray(r)))


@dataclass(frozen=True)
class Receptor:
    """Time course and reversal potential of a receptor.

    Attributes
    ----------
    name : str
        Name of the receptor and of its port.
    tau_rise, tau_decay : float
        Time constants of the biexponential course, tau_rise < tau_decay [ms].
    E_rev : float
        Reversal potential [mV].
    """

    name: str
    tau_rise: float
    tau_decay: float
    E_rev: float

    @property
    def peak_time(self):
        """Time from the arrival of a spike to the peak [ms]."""
        rise, decay = self.tau_rise, self.tau_decay
        return decay * rise / (decay - rise) * math.log(decay / rise)

    @property
    def peak_factor(self):
        """Factor that gives exp(-t/tau_decay) - exp(-t/tau_rise) a peak of 1 [1]."""
        t = self.peak_time
        return 1.0 / (math.exp(-t / self.tau_decay) - math.exp(-t / self.tau_rise))


# Time constants of the Brian2 thread on AMPA/NMDA/GABA-A, which has no reversal potentials: those
# are the customary values of a cation channel and of a chloride channel near rest.
RECEPTORS = {
    receptor.name: receptor
    for receptor in (
        Receptor("AMPA", tau_rise=0.5, tau_decay=2.4, E_rev=0.0),
        Receptor("NMDA", tau_rise=8.0, tau_decay=200.0, E_rev=0.0),
        Receptor("GABA_A", tau_rise=1.0, tau_decay=7.0, E_rev=-70.0),
    )
}
# Potassium channels, opened slowly through G proteins: a rise of some 60 ms and a decay of some
# 200 ms to the reversal potential of potassium.
RECEPTORS_2007 = RECEPTORS | {
    "GABA_B": Receptor("GABA_B", tau_rise=60.0, tau_decay=200.0, E_rev=-90.0)
}


def _interpolated(first, second, fraction):
    """Compute a, b, c and d on the straight line from one cell type to another, by fractions."""
    start, end = cell_type(first).parameters, cell_type(second).parameters
    fraction = np.asarray(fraction, dtype=float)
    return {name: start[name] + fraction * (end[name] - start[name]) for name in start}
