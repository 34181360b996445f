# SPDX-License-Identifier: GPL-2.0-or-later
"""Cell types and receptor constants, each with unit and source.

References
----------
.. [1] E. M. Izhikevich, "Simple model of spiking neurons", IEEE Transactions on Neural
   Networks 14(6), 2003.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from izhisyn.errors import ParameterError


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
THREAD_CELL_TYPES = CELL_TYPES | {
    "RZ": replace(CELL_TYPES["RZ"], title="resonator of the Brian2 thread", b=0.25, d=8.0)
}


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
    try:
        return CELL_TYPES[name]
    except KeyError:
        raise ParameterError(
            f"unknown cell type {name!r}; choose one of {', '.join(CELL_TYPES)}"
        ) from None


def between(first, second, fraction):
    """Parameters of cells on the straight line between two cell types.

    Parameters
    ----------
    first, second : str
        Keys of ``CELL_TYPES``.
    fraction : array_like, shape (n_cells,)
        Where each cell lies, from 0 for the first type to 1 for the second [1].

    Returns
    -------
    dict of str to numpy.ndarray, shape (n_cells,)
        a, b, c and d, as ``nest.Create`` and ``.set`` take them.
    """
    start, end = cell_type(first).parameters, cell_type(second).parameters
    fraction = np.asarray(fraction, dtype=float)
    return {name: start[name] + fraction * (end[name] - start[name]) for name in start}


# Figure 3 of [1]: r is drawn between 0 and 1 for each cell. The paper's c = -65 + 15 r^2,
# d = 8 - 6 r^2 leads from RS to CH, its a = 0.02 + 0.08 r, b = 0.25 - 0.05 r from LTS to FS.
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
    return between("RS", "CH", heterogeneity * np.square(r))


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
    return between("FS", "LTS", heterogeneity * (1.0 - np.asarray(r)))


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


def nmda_gate(V_m, conc_Mg2=1.0):
    """Open fraction of the NMDA channels under the magnesium block of Jahr and Stevens (1990).

    Parameters
    ----------
    V_m : array_like
        Membrane potential [mV].
    conc_Mg2 : float
        Extracellular magnesium concentration [mM].

    Returns
    -------
    numpy.ndarray
        Fraction, of the shape of `V_m`.
    """
    return 1.0 / (1.0 + conc_Mg2 / 3.57 * np.exp(-np.asarray(V_m) / 16.13))
