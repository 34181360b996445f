# SPDX-License-Identifier: GPL-2.0-or-later
"""Brian2's own checks of names, units and flags, made line by line so that the line is known."""

import copy

from brian2.codegen.translation import analyse_identifiers
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    SUBEXPRESSION,
    Equations,
    check_subexpressions,
)
from brian2.equations.unitcheck import check_dimensions, check_units_statements
from brian2.parsing.expressions import is_boolean_expression, parse_expression_dimensions
from brian2.units.allunits import second
from brian2.units.fundamentalunits import DIMENSIONLESS, get_dimensions, get_unit_for_display
from brian2.utils.stringtools import get_identifiers

from izhisyn.brian2_import.errors import Brian2ImportError, located

NEURON_FLAGS = {
    DIFFERENTIAL_EQUATION: ("unless refractory",),
    PARAMETER: ("constant", "shared", "linked"),
    SUBEXPRESSION: ("shared", "constant over dt"),
}
SYNAPSE_FLAGS = {
    DIFFERENTIAL_EQUATION: ("event-driven", "clock-driven"),
    PARAMETER: ("constant", "shared", "linked"),
    SUBEXPRESSION: ("summed", "shared", "constant over dt"),
}
RANDOM = {"rand", "randn", "poisson"}
_NOT_IN_NEST = {
    "shared": "NEST has no variable that neurons share, so that each would draw its own random "
    "number; draw it in PyNEST, between two calls of simulate",
    "linked": "NEST has no variable that belongs to another group; send it through a connection, "
    "for example as a current",
    "summed": "NEST sums spikes, not variables; let on_pre add to a variable of the target",
}


def parse_equations(model, flags):
    """Parse equations, and find the line if they are wrong.

    Parameters
    ----------
    model : str or brian2.Equations
    flags : dict
        Flags that Brian2 allows for each type of equation.

    Returns
    -------
    brian2.Equations
    """
    try:
        equations = model if isinstance(model, Equations) else Equations(model)
    except Exception:
        for number, line in enumerate(model.splitlines(), 1):
            with located(f"line {number} of the equations", line):
                Equations(line)
        with located("equations", model):
            Equations(model)
    for equation in equations.values():
        with located("equation", equation_line(equation)):
            for flag in equation.flags:
                if flag in _NOT_IN_NEST and not (flag == "shared" and _is_the_same(equation)):
                    raise Brian2ImportError(_NOT_IN_NEST[flag])
            _alone(equation).check_flags(flags)
    return equations


def _alone(equation):
    """Make equations of a copy of one; of itself, they would forget its place among the others."""
    return Equations([copy.copy(equation)])


def _is_the_same(equation):
    """Whether a shared variable may be one of each neuron, with the same values."""
    return equation.expr is None or not equation.identifiers & RANDOM


def check_neuron(group, run_namespace):
    """Check a NeuronGroup's equations, threshold and reset.

    Parameters
    ----------
    group : brian2.NeuronGroup
    run_namespace : dict
        Values of names that the group does not know.

    Raises
    ------
    Brian2ImportError
        With the line at fault.
    """
    parse_equations(group.user_equations, NEURON_FLAGS)
    for equation in group.user_equations.values():
        check_equation(equation, group, run_namespace)
        if "constant over dt" not in equation.flags:
            with located("equation", equation_line(equation)):
                check_subexpressions(group, _alone(equation), run_namespace)
    check_refractory(group, run_namespace)
    for event, condition in group.events.items():
        if event != "spike":
            raise Brian2ImportError(
                f"event {event}: a neuron in NEST has no events but spikes; make its condition "
                "the threshold, of a group of its own if need be"
            )
        with located("threshold", str(condition)):
            if not isinstance(condition, str):
                raise TypeError("a threshold is a condition in quotes, such as 'v > -50*mV'")
            variables = _variables(group, condition, run_namespace)
            if not is_boolean_expression(condition, variables):
                raise TypeError("not a condition; compare two values")
            check_dimensions(condition, DIMENSIONLESS, variables)
    for code in group.event_codes.values():
        check_statements(code, "reset", group, run_namespace)


def check_refractory(group, run_namespace):
    """Check that the refractory period is a time or a condition."""
    refractory = group._refractory
    if refractory is False:
        return
    with located("refractory", str(refractory)):
        if isinstance(refractory, str):
            variables = _variables(group, refractory, run_namespace)
            dim = parse_expression_dimensions(refractory, variables)
            is_condition = is_boolean_expression(refractory, variables)
        else:
            dim, is_condition = get_dimensions(refractory), False
        if dim is not second.dim and not is_condition:
            raise Brian2ImportError("neither a time, such as 2*ms, nor a condition in quotes")


def check_equation(equation, group, run_namespace):
    """Check the names and units of one equation."""
    if equation.type == PARAMETER:
        return
    dim = equation.dim / second.dim if equation.type == DIFFERENTIAL_EQUATION else equation.dim
    with located("equation", equation_line(equation)):
        check_expression(equation.expr.code, dim, group, run_namespace)


def check_expression(code, dim, group, run_namespace):
    """Check the names in an expression, and that it has a dimension."""
    check_dimensions(code, dim, _variables(group, code, run_namespace))


def check_statements(code, where, group, run_namespace):
    """Check the names and units of a reset or the like."""
    with located(where, str(code)):
        if not isinstance(code, str):
            raise TypeError("statements are a string, such as 'v = -65*mV'")
        if "//=" in code:
            raise Brian2ImportError("Brian2 has no operator `//=`; write `n = n // 2`")
        _, _, unknown = analyse_identifiers(code, group.variables)
        found = group.resolve_all(unknown, run_namespace, user_identifiers=set())
        check_units_statements(code, {**group.variables, **found})


def equation_line(equation):
    """Write an equation as in Brian2, in one line.

    Parameters
    ----------
    equation : brian2.equations.equations.SingleEquation

    Returns
    -------
    str
    """
    left = equation.varname
    if equation.type == DIFFERENTIAL_EQUATION:
        left = f"d{left}/dt"
    right = "" if equation.expr is None else f" = {' '.join(equation.expr.code.split())}"
    kind = equation.var_type
    unit = get_unit_for_display(equation.dim) if kind == "float" else kind
    flags = f" ({', '.join(equation.flags)})" if equation.flags else ""
    return f"{left}{right} : {unit}{flags}"


def _variables(group, code, run_namespace):
    found = group.resolve_all(get_identifiers(code), run_namespace, user_identifiers=set())
    return {**group.variables, **found}
