# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors a user can mend; each message names the value at fault and the remedy."""


class IzhisynError(Exception):
    """Base of the errors that scripts report as one sentence instead of a traceback."""


class ParameterError(IzhisynError, ValueError):
    """A value that cannot be used."""


class ModuleMissingError(IzhisynError, RuntimeError):
    """The NEST extension module cannot be loaded."""
