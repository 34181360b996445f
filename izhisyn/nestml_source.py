# SPDX-License-Identifier: GPL-2.0-or-later
"""Read what a NESTML file says about its model: its text, its variables and its ports."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from pynestml.symbol_table.symbol_table import SymbolTable
from pynestml.symbols.predefined_functions import PredefinedFunctions
from pynestml.symbols.predefined_types import PredefinedTypes
from pynestml.symbols.predefined_units import PredefinedUnits
from pynestml.symbols.predefined_variables import PredefinedVariables
from pynestml.utils.ast_source_location import ASTSourceLocation
from pynestml.utils.logger import Logger, LoggingLevel
from pynestml.utils.model_parser import ModelParser

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import IzhisynError


class SourceError(IzhisynError):
    """A source file cannot be documented."""


@dataclass(frozen=True)
class Variable:
    """A state variable, a parameter or a recordable expression.

    Attributes
    ----------
    name : str
    unit : str
        Empty for a plain number.
    value : str
        Initial value, default or expression, without the unit if it is a plain quantity.
    meaning : str
        From the comment; empty if there is none.
    allowed : str
        Condition that a value must meet, or it is refused; empty if there is none.
    finite : bool
        Whether infinite values are refused.
    """

    name: str
    unit: str
    value: str
    meaning: str
    allowed: str = ""
    finite: bool = False


@dataclass(frozen=True)
class Model:
    """What a NESTML file says.

    Attributes
    ----------
    name, title : str
        Name of the model and what it is, from the first line.
    text : str
        The rest of the opening comment, reStructuredText.
    state, parameters : tuple of Variable
        Without the state named ``step_*``, which the headers declare to be no interface.
    recordables : tuple of Variable
        The recordable expressions, without the state.
    spike_ports, current_ports : tuple of str
        In the order of their declaration, which is that of NEST's receptor types.
    """

    name: str
    title: str
    text: str
    state: tuple
    parameters: tuple
    recordables: tuple
    spike_ports: tuple
    current_ports: tuple

    @property
    def is_synapse(self):
        """Whether it is a synapse."""
        return self.name.endswith("_synapse")


@checked(path=checks.path)
def read_model(path):
    """Read a NESTML file.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    Model

    Raises
    ------
    SourceError
        If NESTML cannot read it, or if its opening comment lacks the title.
    """
    path = Path(path)
    if not path.is_file():
        raise SourceError(f"there is no file {path}; name a NESTML file")
    _prepare_nestml()
    parsed = ModelParser.parse_file(str(path))
    if parsed is None or len(parsed.get_model_list()) != 1:
        raise SourceError(f"{path.name} is not one valid NESTML model; build_module.py says why")
    (model,) = parsed.get_model_list()
    title, text = read_header(path.read_text(encoding="utf-8"), path.name)
    inputs = [port for block in model.get_input_blocks() for port in block.get_input_ports()]
    state = _variables(model.get_state_blocks())
    return Model(
        name=model.get_name(),
        title=title,
        text=text,
        state=tuple(one for one in state if not one.name.startswith("step_")),
        parameters=_variables(model.get_parameters_blocks()),
        recordables=tuple(
            _variable(expression, expression.variable_name)
            for block in model.get_equations_blocks()
            for expression in block.get_inline_expressions()
            if expression.is_recordable
        ),
        spike_ports=tuple(port.name for port in inputs if port.is_spike()),
        current_ports=tuple(port.name for port in inputs if port.is_continuous()),
    )


@checked(source=checks.text, file_name=checks.text)
def read_header(source, file_name):
    """Split the opening comment of a model into its title and its text.

    Parameters
    ----------
    source : str
        Content of the file.
    file_name : str
        For the message.

    Returns
    -------
    title, text : str
        What follows ``name -`` on the first line, and the rest without its licence line.

    Raises
    ------
    SourceError
        If the first two lines are not a title with its underline.
    """
    comment = re.match(r"(?:#.*\n)*", source).group()
    lines = [re.sub("^# ?", "", line).rstrip() for line in comment.splitlines()]
    first = re.fullmatch(r"\w+ - (.+)", lines[0]) if len(lines) > 2 else None
    if first is None or set(lines[1]) != {"#"}:
        raise SourceError(
            f"{file_name} does not begin with a title; write '# <model> - <what it is>' and a "
            f"line of # below it"
        )
    text = [line for line in lines[2:] if not line.startswith("SPDX-License-Identifier")]
    return first.group(1), textwrap.dedent("\n".join(text)).strip() + "\n"


def _prepare_nestml():
    Logger.init_logger(LoggingLevel.ERROR)
    PredefinedUnits.register_units()
    PredefinedTypes.register_types()
    PredefinedFunctions.register_functions()
    PredefinedVariables.register_variables()
    SymbolTable.initialize_symbol_table(ASTSourceLocation(0, 0, 0, 0))


def _variables(blocks):
    return tuple(
        _variable(declaration, str(variable), declaration.invariant)
        for block in blocks
        for declaration in block.get_declarations()
        for variable in declaration.get_variables()
    )


def _variable(declaration, name, invariant=None):
    unit = str(declaration.get_data_type())
    meaning = (declaration.in_comment or "").strip()
    if unit in ("real", "integer", "boolean"):
        # Quantities that NESTML knows no unit for are plain numbers with the unit in the comment.
        named = re.fullmatch(r"(.*) \[(.+)\]", meaning)
        meaning, unit = named.groups() if named else (meaning, "")
    allowed, finite = _conditions(invariant)
    value = str(declaration.get_expression()).removesuffix(f" {unit}")
    return Variable(
        name=name,
        unit=unit,
        value=value.removesuffix(" * 1"),
        meaning=meaning,
        allowed=allowed,
        finite=finite,
    )


def _conditions(invariant):
    """Split a condition into its comparisons with infinity, which make a value finite, and others.

    Returns
    -------
    allowed : str
    finite : bool
    """
    parts = str(invariant).split(" and ") if invariant is not None else []
    others = [part for part in parts if not re.search(r"< inf\b", part)]
    return " and ".join(others), len(others) < len(parts)
