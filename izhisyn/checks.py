# SPDX-License-Identifier: GPL-2.0-or-later
"""What a function allows as its arguments, checked before it does anything.

``@checked(duration=number(above=0))`` refuses a wrong argument in one sentence with its name, its
value and what is allowed. None is allowed where it is the default; a default is not checked. What
depends on several arguments, or on NEST, the function itself checks, first of all.
"""

import functools
import inspect
import json
import math
import numbers
import os
from collections.abc import Mapping

import numpy as np

from izhisyn.errors import ParameterError


def checked(**checks):
    """Decorate a function with checks of its arguments.

    Parameters
    ----------
    **checks
        For a parameter a callable that returns None for an allowed value, and otherwise what is
        allowed. That of ``**parameters`` is called with each of them.
    """

    def decorate(function):
        signature = inspect.signature(function)
        unknown = checks.keys() - signature.parameters.keys()
        if unknown:
            raise TypeError(f"{function.__qualname__} has no parameter {', '.join(unknown)}")
        several = {
            name
            for name, parameter in signature.parameters.items()
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        }

        @functools.wraps(function)
        def check_and_call(*args, **kwargs):
            given = signature.bind(*args, **kwargs).arguments
            for name, check in checks.items():
                if name not in given:
                    continue
                if name in several:
                    values = given[name]
                    named = values if isinstance(values, dict) else dict.fromkeys([name], values)
                    for each, value in named.items():
                        _refuse(each, value, check)
                elif given[name] is not None or signature.parameters[name].default is not None:
                    _refuse(name, given[name], check)
            return function(*args, **kwargs)

        return check_and_call

    return decorate


def number(low=-math.inf, high=math.inf, above=None, below=None, unit="", finite=True):
    """Allow a number within bounds.

    Parameters
    ----------
    low, high : float
        Bounds that are allowed.
    above, below : float, optional
        Bounds that are not.
    unit : str
        For the message.
    finite : bool
        Whether infinity is refused even where it is within the bounds.
    """
    low_text = f" above {above:g}" if above is not None else f" from {low:g}" * (low > -math.inf)
    high_text = f" below {below:g}" if below is not None else f" up to {high:g}" * (high < math.inf)
    text = f"give a {'finite ' * finite}number{low_text}{high_text}{f' [{unit}]' if unit else ''}"

    def check(value):
        allowed = (
            _is_number(value)
            and low <= value <= high
            and (above is None or value > above)
            and (below is None or value < below)
            and (math.isfinite(value) or not finite)
        )
        return None if allowed else text

    return check


def whole_number(low=-math.inf, high=math.inf):
    """Allow a whole number within bounds, which are allowed."""
    text = f"give a whole number{f' from {low}' * (low > -math.inf)}" + (
        f" up to {high}" * (high < math.inf)
    )

    def check(value):
        allowed = _is_number(value) and value == math.floor(value) and low <= value <= high
        return None if allowed else text

    return check


def text(value):
    """Allow a text that is not empty."""
    return None if isinstance(value, str) and value else "give a text"


def one_of(options):
    """Allow some texts or other values."""
    options = tuple(options)
    allowed = f"choose one of {', '.join(map(str, options))}"

    def check(value):
        # An array would be compared with each option element by element.
        return None if isinstance(value, str | int) and value in options else allowed

    return check


def array(shape=None, low=-math.inf, high=math.inf, finite=True):
    """Allow numbers within bounds.

    Parameters
    ----------
    shape : str, optional
        "1d" for a sequence; any shape, also that of a single number, if not given.
    low, high : float
        Bounds that are allowed.
    finite : bool
        Whether nan and infinity are refused.
    """
    text = (
        f"give {'finite ' * finite}numbers{f' from {low:g}' * (low > -math.inf)}"
        f"{f' up to {high:g}' * (high < math.inf)}{' in one dimension' if shape else ''}"
    )

    def check(value):
        try:
            values = np.asarray(value)
        except ValueError:  # rows of different lengths
            return text
        allowed = (
            (values.dtype.kind in "iuf" or values.size == 0)
            and (shape is None or values.ndim == 1)
            and (not finite or bool(np.all(np.isfinite(values.astype(float)))))
            and bool(np.all((values >= low) & (values <= high) | np.isnan(values.astype(float))))
        )
        return None if allowed else text

    return check


def instance(kind, text):
    """Allow an object of a class, or one that has all attributes of a tuple of names."""

    def check(value):
        names = kind if isinstance(kind, tuple) else ()
        has_all = all(hasattr(value, name) for name in names) if names else isinstance(value, kind)
        return None if has_all else f"give {text}"

    return check


def sequence_of(check_item, least=0, what="a sequence"):
    """Allow a list or tuple, or the like, of allowed values."""

    def check(value):
        if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
            return f"give {what}"
        values = list(value)
        if len(values) < least:
            return f"give {what} with at least {least}"
        faults = (check_item(item) for item in values)
        return next((f"in it, {fault}" for fault in faults if fault), None)

    return check


def path(value):
    """Allow a path or its text."""
    return None if isinstance(value, str | os.PathLike) and str(value) else "give a path"


def function(value):
    """Allow what can be called."""
    return None if callable(value) else "give a function"


def dictionary(value):
    """Allow a dictionary whose keys are names."""
    allowed = isinstance(value, Mapping) and all(isinstance(name, str) for name in value)
    return None if allowed else "give a dictionary with names as keys"


def boolean(value):
    """Allow True and False."""
    return None if isinstance(value, bool | np.bool_) else "give True or False"


def steps(value):
    """Allow times [ms] from which amplitudes [pA] hold, in ascending order."""
    text = "give pairs of a time [ms] and an amplitude [pA], in ascending order"
    if array()(value):
        return text
    pairs = np.asarray(value, dtype=float)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or len(pairs) == 0:
        return text
    return None if np.all(np.diff(pairs[:, 0]) > 0.0) else text


def steps_of_current(value):
    """Allow `steps` that begin at time 0."""
    fault = steps(value)
    if fault is None and value[0][0] == 0.0:
        return None
    return "give pairs of a time [ms] and an amplitude [pA], in ascending order from (0.0, ...)"


def node_ids(value):
    """Allow a range of node ids with a step of 1."""
    allowed = isinstance(value, range) and len(value) > 0 and value.step == 1 and value.start >= 0
    return None if allowed else "give a range of node ids, such as range(1, 101)"


def json_text(name, value):
    """Write JSON, and refuse what it cannot hold.

    Parameters
    ----------
    name : str
        Name of the value, for the message.
    value : object

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        If there is something in it that JSON cannot hold, such as nan.
    """
    try:
        return json.dumps(value, indent=2, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"{name} has what JSON cannot hold ({error}); use finite numbers, texts, lists and "
            f"dictionaries"
        ) from error


def refuse_different_lengths(**arrays):
    """Refuse arrays of which each element belongs to one of the other's.

    Parameters
    ----------
    **arrays
        Two arrays by their names.

    Raises
    ------
    ParameterError
        If they are not of the same length.
    """
    sizes = {name: np.size(values) for name, values in arrays.items()}
    if len(set(sizes.values())) > 1:
        (first, n_first), (second, n_second) = sizes.items()
        raise ParameterError(
            f"{first} has {n_first} values and {second} {n_second}; give one for each other"
        )


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and value == value


def _refuse(name, value, check):
    allowed = check(value)
    if allowed is not None:
        raise ParameterError(f"{name} is {_shortened(value)}; {allowed}")


def _shortened(value):
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."
