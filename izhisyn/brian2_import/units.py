# SPDX-License-Identifier: GPL-2.0-or-later
"""Brian2's dimensions in the units of NEST: ms, mV, pA, nS, pF, GOhm.

These units are coherent, so that products of values need no factor: 1 nS * 1 mV = 1 pA and
1 pA * 1 ms / 1 pF = 1 mV. Length in um, amount in amol and temperature in K go with them, and
make the unit of a concentration, amol/um**3, equal to Brian2's mM.
"""

import functools
import itertools
import math

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS

# Each unit's exponents of m, kg, s, A, K, mol and cd, in Brian2's order.
_ELECTRICAL = {
    "mV": (2, 1, -3, -1, 0, 0, 0),
    "pA": (0, 0, 0, 1, 0, 0, 0),
    "nS": (-2, -1, 3, 2, 0, 0, 0),
    "pF": (-2, -1, 4, 2, 0, 0, 0),
    "GOhm": (2, 1, -3, -2, 0, 0, 0),
}
_BASE = ("um", "ng", "ms", "pA", "K", "amol", "cd")
_BASE_DECIMALS = (-6, -12, -3, -12, 0, -18, 0)  # their sizes in SI units, as powers of ten


def has_whole_exponents(dim):
    """Whether NESTML has a unit for a dimension; not so for the square root of a time."""
    return all(float(exponent).is_integer() for exponent in dim._dims)


def unit_size(dim):
    """Size of our unit of a dimension in SI units, in which Brian2 keeps its values.

    Parameters
    ----------
    dim : brian2.units.fundamentalunits.Dimension

    Returns
    -------
    float
    """
    return float(f"1e{_decimal(dim)}") if has_whole_exponents(dim) else 10.0 ** _decimal(dim)


def unit_text(dim):
    """Write our unit of a dimension in NESTML, such as ``mV/ms``; ``real`` for a plain number.

    Parameters
    ----------
    dim : brian2.units.fundamentalunits.Dimension
        With whole exponents.

    Returns
    -------
    str
    """
    return "real" if dim is DIMENSIONLESS else product_text(unit_powers(dim))


def unit_powers(dim):
    """Split our unit of a dimension into ``((unit, power), ...)``."""
    return _fewest_units(tuple(int(exponent) for exponent in dim._dims))


def product_text(powers):
    """Write a product of units, at least one, in NESTML.

    Parameters
    ----------
    powers : tuple of tuple
        Unit and whole exponent of each factor.

    Returns
    -------
    str
    """
    above = [_power(unit, power) for unit, power in powers if power > 0]
    below = [_power(unit, -power) for unit, power in powers if power < 0]
    if above:
        # NESTML 9.0 fails on parentheses in the unit of a number.
        return "/".join(["*".join(above), *below])
    return f"1/{below[0]}" if len(below) == 1 else f"1/({'*'.join(below)})"


def number_text(value, dim=DIMENSIONLESS):
    """Write an SI value as a number of our units.

    Parameters
    ----------
    value : float
    dim : brian2.units.fundamentalunits.Dimension

    Returns
    -------
    str
    """
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if dim is DIMENSIONLESS:
        # The shortest text that is the same number again.
        return f"{float(value):.17g}" if float(f"{value:.15g}") != value else f"{value:.15g}"
    # Scaling by a power of ten rounds; fifteen digits give 0.2 nS back as 0.2.
    return f"{float(value) / unit_size(dim):.15g}"


def number(value, dim=DIMENSIONLESS):
    """Convert an SI value to a number of our units, without the rounding of the conversion.

    Parameters
    ----------
    value : float or bool
    dim : brian2.units.fundamentalunits.Dimension

    Returns
    -------
    float or int or bool
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer) and dim is DIMENSIONLESS:
        return int(value)
    return float(number_text(value, dim))


def real_text(value, dim=DIMENSIONLESS):
    """Write an SI value as a number of our units that C++ takes for a real one.

    Parameters
    ----------
    value : float
    dim : brian2.units.fundamentalunits.Dimension

    Returns
    -------
    str
    """
    text = number_text(value, dim)
    return f"{text}.0" if text.lstrip("-").isdigit() else text


def _decimal(dim):
    decimal = sum(float(n) * size for n, size in zip(dim._dims, _BASE_DECIMALS, strict=True))
    return int(decimal) if float(decimal).is_integer() else decimal


@functools.cache
def _fewest_units(wanted):
    """Find the shortest product of units with these exponents, as ``((unit, power), ...)``."""
    choices = [(unit, power) for unit in _ELECTRICAL for power in (0, 1, -1, 2, -2)]
    products = []
    for pair in itertools.combinations_with_replacement(choices, 2):
        powers = {}
        rest = list(wanted)
        for unit, power in pair:
            powers[unit] = powers.get(unit, 0) + power
            own = _ELECTRICAL[unit]
            rest = [have - power * one for have, one in zip(rest, own, strict=True)]
        for unit, power in zip(_BASE, rest, strict=True):
            powers[unit] = powers.get(unit, 0) + power
        products.append(tuple((unit, power) for unit, power in powers.items() if power))
    return min(products, key=_length)


def _length(powers):
    """Sort key: no mass, then few units, low powers, and a unit above the line."""
    has_mass = any(unit == "ng" for unit, _ in powers)
    size = sum(abs(power) for _, power in powers)
    return has_mass, len(powers), size, -sum(power for _, power in powers), powers


def _power(unit, power):
    return unit if power == 1 else f"{unit}**{power}"
