# SPDX-License-Identifier: GPL-2.0-or-later
"""The importer's error, and Brian2's own errors reported as one."""

import contextlib

from brian2.core.base import BrianObjectException
from brian2.equations.equations import EquationError
from brian2.stateupdaters.base import UnsupportedEquationsException
from brian2.units.fundamentalunits import DimensionMismatchError
from pyparsing import ParseException

from izhisyn.errors import ParameterError

# What Brian2 and Python's own parser raise for a wrong model.
_MODEL_ERRORS = (
    BrianObjectException,
    DimensionMismatchError,
    EquationError,
    KeyError,
    NotImplementedError,
    SyntaxError,
    TypeError,
    UnsupportedEquationsException,
    ValueError,
)


class Brian2ImportError(ParameterError):
    """A model that cannot be carried over: the line, the reason and what to do."""


class LocatedError(Brian2ImportError):
    """The same, with the line in its message."""


@contextlib.contextmanager
def located(where, line):
    """Tell any error that Brian2 or its parsers raise together with the line at fault.

    Parameters
    ----------
    where : str
        The part of the model, such as "threshold".
    line : str
        The line as its author wrote it.

    Raises
    ------
    Brian2ImportError
    """
    try:
        yield
    except LocatedError:
        raise
    except Brian2ImportError as error:
        raise LocatedError(_at(where, line, str(error))) from error
    except _MODEL_ERRORS as error:
        raise LocatedError(_at(where, line, first_sentence(error))) from error


def first_sentence(error):
    """Say what Brian2's error says, in one line and without the parser's markers.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    str
    """
    while isinstance(error, BrianObjectException) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error.__cause__, ParseException) and isinstance(error, EquationError):
        return "not of the form `dx/dt = f : unit`, `x = f : unit` or `x : unit`"
    text = error.args[0] if isinstance(error, KeyError) and error.args else str(error)
    if isinstance(error, KeyError) and str(text).isidentifier():
        return f"nothing here is called {text}"
    lines = [line.strip() for line in str(text).splitlines()]
    message = " ".join(line for line in lines if line.strip("^ "))
    if message.endswith("could not be resolved."):
        message += " Give its value in the namespace."
    return message or type(error).__name__


def _at(where, line, reason):
    text = f" `{' '.join(line.split())}`" if line else ""
    return f"{where}{text}: {reason}"
