# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes into a neuron besides its equations, and the words with which a model opens."""

from dataclasses import dataclass, field

from izhisyn.brian2_import.errors import Brian2ImportError
from izhisyn.import_output.nestml import Nestml


@dataclass(frozen=True)
class Port:
    """A spike port: what a spike of weight 1 adds to which variables.

    Attributes
    ----------
    name
        Name of the port.
    effects
        Variable, operator (``+=`` or ``-=``; ``=`` if any spike sets it) and Brian2 expression.
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
    part
        First neuron for which it runs, and the one behind the last; None for all.
    """

    statements: str
    interval: float | None = None
    part: tuple[int, int] | None = None


@dataclass
class Neuron(Nestml):
    """A generated neuron model, and what a script that uses it must know.

    Attributes
    ----------
    defaults
        Name of each variable and constant to its default, in the units of NEST.
    recordables
        Names of the variables that NEST records.
    constants
        Names of the constants that are parameters.
    pattern
        The model without its name and the defaults of its variables: models with equal patterns
        differ in these alone.
    has_index
        Whether it has a parameter ``i``, the neuron's index.
    touched
        Variables that spikes or the reset change.
    functions
        Names of the functions that it calls and has.
    tables
        TimedArrays whose values a script has to set, by their names.
    renamed
        Name in the model of each variable or constant that is called otherwise there. All other
        attributes have Brian2's names.
    """

    defaults: dict[str, float] = field(default_factory=dict)
    recordables: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)
    pattern: str = ""
    has_index: bool = False
    touched: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    tables: dict = field(default_factory=dict)


@dataclass
class Synapse(Nestml):
    """A generated synapse model, and what NESTML must know to generate code for it.

    Attributes
    ----------
    post_port
        Port for the spikes of the target; empty if it does not listen to them.
    weight
        The parameter that is NEST's weight.
    constants
        Names of the constants that are parameters.
    states
        Its state variables.
    lateness
        The parameter that is the time by which NEST dates spikes later than Brian2; empty if it
        does not ask for the time.
    renamed
        Name in the model of each variable or constant that is called otherwise there.
    """

    post_port: str = ""
    weight: str = "weight"
    constants: set[str] = field(default_factory=set)
    states: list[str] = field(default_factory=list)
    lateness: str = ""
    renamed: dict[str, str] = field(default_factory=dict)


def refuse_two_effects(effects):
    """Refuse what sets a variable that something else changes in the same step.

    Parameters
    ----------
    effects : iterable of tuple of str
        As those of a `Port`, of one port or of several.
    """
    for variable in sorted({variable for variable, operator, _ in effects if operator == "="}):
        if len([one for one, *_ in effects if one == variable]) > 1:
            raise Brian2ImportError(
                f"{variable} is set by spikes and changed by others, too; NEST lets all spikes of "
                "a step act together, so that the order is lost; use a variable for each"
            )


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
