# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors a user can mend; each message names the value at fault and the remedy."""

from contextlib import contextmanager


class IzhisynError(Exception):
    """Base of the errors that scripts report as one sentence instead of a traceback."""


class ParameterError(IzhisynError, ValueError):
    """A value that cannot be used."""


class ModuleMissingError(IzhisynError, RuntimeError):
    """The NEST extension module cannot be loaded."""


@contextmanager
def reporting_failure_to_write(path):
    """Turn the system's refusal to write into a `ParameterError`.

    Parameters
    ----------
    path : pathlib.Path
        File or folder to be written.
    """
    try:
        yield
    except OSError as error:
        raise ParameterError(
            f"cannot write {path}: {error.strerror or error}; choose another folder with --output"
        ) from error
