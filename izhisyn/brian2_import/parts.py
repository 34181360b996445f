# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes into a neuron besides its equations, and the words with which a model opens."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """A spike port: what a spike of weight 1 adds to which variables.

    Attributes
    ----------
    name
        Name of the port.
    effects
        Variable, sign (``+=`` or ``-=``) and Brian2 expression of what is added.
    origin
        The Brian2 code, for the comment.
    weight
        What the weight of a connection means.
    """

    name: str
    effects: tuple[tuple[str, str, str], ...]
    origin: str
    weight: str


@dataclass(frozen=True)
class Regularly:
    """Code of ``run_regularly``, for the start of a step.

    Attributes
    ----------
    statements
        Brian2 code.
    interval
        Time between two runs [s], a multiple of the time step; None for every step.
    """

    statements: str
    interval: float | None = None


def written_from(source):
    """Write the paragraph with which each model opens.

    Parameters
    ----------
    source : str
        Where the model comes from.

    Returns
    -------
    list of str
        For `izhisyn.import_output.nestml.write_header`.
    """
    return [
        f"Written by izhisyn.brian2_import from {source}. Each line of Brian2 stands beside or "
        "above what became of it.",
        "",
    ]
