# SPDX-License-Identifier: GPL-2.0-or-later
"""Brian2's expressions as Python, for initial values, weights and delays of a PyNEST script.

Our units are coherent, so that a unit in an expression is the number that it is in ours, mostly 1.
"""

import ast

from brian2.core.functions import SymbolicConstant
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Constant
from brian2.units.fundamentalunits import DIMENSIONLESS

from izhisyn.brian2_import.units import has_whole_exponents, number, unit_size, unit_text

_NUMPY = {
    **{name: f"np.{name}" for name in ("exp", "expm1", "log", "log10", "log1p", "sqrt", "abs")},
    **{name: f"np.{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "sign")},
    **{name: f"np.{name}" for name in ("arcsin", "arccos", "arctan", "floor", "ceil", "clip")},
    "int": "np.int_",
}
_RANDOM = {"rand": "random", "randn": "standard_normal"}
_NEST_RANDOM = {"rand": "nest.random.uniform()", "randn": "nest.random.normal()"}
_NEST_MATH = {name: f"nest.math.{name}" for name in ("exp", "sin", "cos")}


class CannotExpressError(Exception):
    """An expression that has no counterpart in Python; its values are carried over instead."""


class Constants:
    """The constants of a script that the written one uses, in our units.

    Parameters
    ----------
    reserved : iterable of str
        Names that the written script uses otherwise.

    Attributes
    ----------
    values : dict of str to (number, str)
        Value and unit of each name.
    """

    def __init__(self, reserved=()):
        self.values = {}
        self.reserved = RESERVED | set(reserved)

    def name(self, name, variable):
        """Take a constant along; returns its name in the written script.

        Parameters
        ----------
        name : str
        variable : brian2.core.variables.Constant

        Returns
        -------
        str
        """
        value = variable.get_value()
        if hasattr(value, "ndim") and value.ndim > 0:
            raise CannotExpressError
        unit = unit_text(variable.dim) if has_whole_exponents(variable.dim) else ""
        entry = (number(value, variable.dim), "" if unit == "real" else unit)
        while self.values.get(name, entry) != entry or name in self.reserved:
            name += "_"  # another value of the same name, or a name of the script's own
        self.values[name] = entry
        return name


# What a written script calls its own.
RESERVED = {"np", "nest", "rng", "argparse", "Path", "main", "create", "connect", "record"}
RESERVED |= {"simulate", "start_kernel", "options", "drawn", "recorders", "RESOLUTION", "parser"}
RESERVED |= {"record_spikes", "record_traces", "spikes", "traces", "connect_pairs", "create_cells"}
RESERVED |= {"save", "results", "step_current", "syn_spec", "receptors", "pairs"}


def array_code(code, resolve, variables, size, constants):
    """Write an expression as numpy code for an array.

    Parameters
    ----------
    code : str
        Brian2 expression.
    resolve : callable
        Gives Brian2's variable of a name.
    variables : dict of str to str
        Python code of the names that are not constants.
    size : str
        Python code of the array's length, for random numbers.
    constants : Constants

    Returns
    -------
    str

    Raises
    ------
    CannotExpressError
    """
    return _write(_Arrays(resolve, variables, size, constants), code)


def parameter_code(code, resolve, constants, variables=None):
    """Write an expression as a ``nest.Parameter``, which NEST draws for each connection.

    Parameters
    ----------
    code : str
        Brian2 expression.
    resolve : callable
        Gives Brian2's variable of a name.
    constants : Constants
    variables : dict of str to str
        Python code of the names that are not constants.

    Returns
    -------
    str

    Raises
    ------
    CannotExpressError
    """
    return _write(_Parameters(resolve, variables or {}, "", constants), code)


def is_random(code):
    """Whether an expression draws random numbers."""
    return any(
        isinstance(node, ast.Call) and node.func.id in (*_RANDOM, "poisson")
        for node in ast.walk(ast.parse(code.strip(), mode="eval"))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )


def _write(transformer, code):
    tree = transformer.visit(ast.parse(" ".join(code.split()), mode="eval").body)
    return ast.unparse(ast.fix_missing_locations(tree)).replace("'", '"')


class _Arrays(ast.NodeTransformer):
    def __init__(self, resolve, variables, size, constants):
        self.resolve = resolve
        self.variables = variables
        self.size = size
        self.constants = constants

    def generic_visit(self, node):
        raise CannotExpressError(type(node).__name__)

    def visit_Constant(self, node):
        return node

    def visit_Name(self, node):
        name = node.id
        if name in self.variables:
            return _parsed(self.variables[name])
        if name in ("True", "False"):
            return node
        variable = self.resolve(name)
        if isinstance(variable, SymbolicConstant):
            return _parsed(f"np.{name}")
        if not isinstance(variable, Constant):
            raise CannotExpressError(name)
        unit = DEFAULT_UNITS.get(name)
        if unit is not None and unit.dim is variable.dim and float(unit) == variable.get_value():
            factor = ast.Constant(number(float(unit), unit.dim))
            factor.is_unit = True
            return factor
        return ast.Name(self.constants.name(name, variable), ast.Load())

    def visit_UnaryOp(self, node):
        operand = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return _call("np.logical_not", operand)
        return ast.UnaryOp(node.op, operand)

    def visit_BinOp(self, node):
        left, right = self.visit(node.left), self.visit(node.right)
        is_product = isinstance(node.op, ast.Mult)
        if is_product and _is_one(left):
            return right
        if (is_product or isinstance(node.op, ast.Div)) and _is_one(right):
            return left
        if isinstance(node.op, ast.Pow) and _is_one(left):
            return left
        if is_product and (_is_unit(left) or _is_unit(right)) and _are_numbers(left, right):
            return ast.Constant(left.value * right.value)
        if not isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow):
            return self.other_operator(node, left, right)
        return ast.BinOp(left, node.op, right)

    def other_operator(self, node, left, right):
        return ast.BinOp(left, node.op, right)

    def visit_BoolOp(self, node):
        function = "np.logical_and" if isinstance(node.op, ast.And) else "np.logical_or"
        first, *others = map(self.visit, node.values)
        for other in others:
            first = _call(function, first, other)
        return first

    def visit_Compare(self, node):
        return ast.Compare(self.visit(node.left), node.ops, list(map(self.visit, node.comparators)))

    def visit_Call(self, node):
        name = node.func.id
        arguments = list(map(self.visit, node.args))
        if name in _RANDOM:
            return _parsed(f"rng.{_RANDOM[name]}({self.size})")
        if name == "poisson":
            return _call("rng.poisson", *arguments, _parsed(self.size))
        if name not in _NUMPY:
            raise CannotExpressError(name)
        return _call(_NUMPY[name], *arguments)


class _Parameters(_Arrays):
    """The few operations that a ``nest.Parameter`` has."""

    def other_operator(self, node, left, right):
        raise CannotExpressError(type(node.op).__name__)

    def visit_UnaryOp(self, node):
        if isinstance(node.op, ast.USub):
            return ast.BinOp(ast.Constant(0.0), ast.Sub(), self.visit(node.operand))
        raise CannotExpressError(type(node.op).__name__)

    def visit_BoolOp(self, node):
        raise CannotExpressError("condition")

    visit_Compare = visit_BoolOp

    def visit_Call(self, node):
        name = node.func.id
        if name in _NEST_RANDOM:
            return _parsed(_NEST_RANDOM[name])
        if name in _NEST_MATH:
            return _call(_NEST_MATH[name], *map(self.visit, node.args))
        if name == "clip":
            value, low, high = map(self.visit, node.args)
            return _call("nest.math.max", _call("nest.math.min", value, high), low)
        raise CannotExpressError(name)


def _is_unit(node):
    return getattr(node, "is_unit", False)


def _is_one(node):
    return _is_unit(node) and node.value == 1


def _are_numbers(*nodes):
    return all(isinstance(node, ast.Constant) for node in nodes)


def _parsed(code):
    return ast.parse(code, mode="eval").body


def _call(function, *arguments):
    return ast.Call(_parsed(function), list(arguments), [])


def in_our_units(values, dim):
    """Convert an array of SI values to our units."""
    return values if dim is DIMENSIONLESS else values / unit_size(dim)
