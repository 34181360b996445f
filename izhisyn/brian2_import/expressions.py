# SPDX-License-Identifier: GPL-2.0-or-later
"""Brian2's expressions in NESTML, with Brian2's own parser and its dimensions.

NESTML writes units beside numbers, as in ``10 ms``, and knows only whole powers of them. So a term
carries its dimension along. The rare one whose dimension has no unit, such as ``sqrt(2 / tau)``, is
a plain number in our units until a product has a unit again.
"""

import ast
from dataclasses import dataclass

from brian2.parsing.rendering import NodeRenderer
from brian2.units.fundamentalunits import DIMENSIONLESS

from izhisyn.brian2_import.errors import Brian2ImportError
from izhisyn.brian2_import.units import (
    has_whole_exponents,
    number_text,
    product_text,
    real_text,
    unit_powers,
    unit_text,
)

# Binding strength in NESTML, from loose to tight.
_TERNARY, _LOGIC, _COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(8)

_SAME_NAME = ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "expm1", "log10")
_MISSING = ("arcsin", "arccos", "arctan")


@dataclass(frozen=True)
class Term:
    """A piece of NESTML text.

    Attributes
    ----------
    text
        NESTML source; for a literal its number without the unit.
    dim
        Brian2 dimension of its value.
    kind
        ``real``, ``integer`` or ``boolean``.
    binding
        How tightly the outermost operator binds.
    value
        SI value of a literal, otherwise None.
    bare
        Whether the text is a plain number although `dim` is no plain number's.
    powers
        The unit as NESTML sees it, ``((unit, power), ...)``. NESTML does not know that pA/nS is mV
        where it wants a plain number or compares; None stands for the unit that we write.
    """

    text: str
    dim: object = DIMENSIONLESS
    kind: str = "real"
    binding: int = _ATOM
    value: float | None = None
    bare: bool = False
    powers: tuple | None = None

    def units(self):
        """Give the unit as NESTML sees it."""
        if self.bare or self.kind == "boolean":
            return ()
        return unit_powers(self.dim) if self.powers is None else self.powers


def literal(value, dim):
    """Term of a number with a unit.

    Parameters
    ----------
    value : float
        SI value.
    dim : brian2.units.fundamentalunits.Dimension

    Returns
    -------
    Term
    """
    if not has_whole_exponents(dim):
        return Term(real_text(value, dim), dim, value=value, bare=True)
    if dim is DIMENSIONLESS:
        number = real_text(value)
        binding = _SIGN if number.startswith("-") else _ATOM
        return Term(number, dim, binding=binding, value=value)
    number, unit = number_text(value, dim), unit_text(dim)
    # NESTML would read the 2 ms in `2 ms * x` as 2 in units of "ms * x".
    if unit.startswith("1/"):
        return Term(f"{number} / (1 {unit[2:].strip('()')})", dim, binding=_PRODUCT, value=value)
    return Term(f"{number} {unit}", dim, binding=_SIGN, value=value)


class NestmlRenderer(NodeRenderer):
    """Render Brian2 expressions as NESTML.

    Parameters
    ----------
    resolve : callable
        Gives the `Term` of a Brian2 name.
    call : callable
        Gives the `Term` of a call of a function that is not Brian2's own, from its name and the
        terms of its arguments.
    """

    def __init__(self, resolve, call):
        super().__init__()
        self.resolve = resolve
        self.call = call

    def expression(self, code, dim, kind="real"):
        """Render an expression whose value goes to a variable of a dimension and kind.

        Parameters
        ----------
        code : str
            Brian2 expression.
        dim : brian2.units.fundamentalunits.Dimension
        kind : str
            ``real``, ``integer`` or ``boolean``.

        Returns
        -------
        Term
        """
        term = self.render_expr(" ".join(code.split()))
        if kind == "boolean":
            return self._as_boolean(term)
        if term.kind == "boolean":
            term = self._as_number(term)
        if dim is not DIMENSIONLESS and term.value == 0 and term.dim is DIMENSIONLESS:
            return literal(0.0, dim)
        return self.with_unit(term)

    def render_Name(self, node):
        """Give the term of a name."""
        return self.resolve(node.id)

    def render_Constant(self, node):
        """Render a number or a truth value."""
        if isinstance(node.value, bool):
            return Term(str(node.value).lower(), kind="boolean")
        kind = "integer" if isinstance(node.value, int) else "real"
        text = str(node.value) if kind == "integer" else real_text(node.value)
        return Term(text, kind=kind, value=node.value)

    def render_UnaryOp(self, node):
        """Render a sign or ``not``."""
        operand = self.render_node(node.operand)
        if isinstance(node.op, ast.Not):
            condition = self._as_boolean(operand)
            return Term(f"not {_inside(condition, _ATOM)}", kind="boolean", binding=_LOGIC)
        operand = self._as_number(operand)
        if isinstance(node.op, ast.UAdd):
            return operand
        if operand.value is not None and operand.dim is not DIMENSIONLESS:
            return literal(-operand.value, operand.dim)
        return Term(
            f"-{_inside(operand, _SIGN + 1)}",
            operand.dim,
            operand.kind,
            _SIGN,
            None if operand.value is None else -operand.value,
            operand.bare,
            operand.powers,
        )

    def render_BoolOp(self, node):
        """Render ``and`` and ``or``."""
        word = " and " if isinstance(node.op, ast.And) else " or "
        terms = [self._as_boolean(self.render_node(value)) for value in node.values]
        text = word.join(_inside(term, _ATOM) for term in terms)
        return Term(text, kind="boolean", binding=_LOGIC)

    def render_Compare(self, node):
        """Render a comparison."""
        if len(node.comparators) > 1:
            raise SyntaxError("Brian2 has no chained comparison; write `a < b and b < c`")
        left, right = self.render_node(node.left), self.render_node(node.comparators[0])
        operator = self.expression_ops[type(node.ops[0]).__name__]
        if left.kind != "boolean" or right.kind != "boolean":
            left, right = self._alike(self._as_number(left), self._as_number(right))
            if left.units() != right.units():
                left, right = _recast(left), _recast(right)
        text = f"{_inside(left, _SUM)} {operator} {_inside(right, _SUM)}"
        return Term(text, kind="boolean", binding=_COMPARISON)

    def render_BinOp(self, node):
        """Render an operation on two numbers."""
        left = self._as_number(self.render_node(node.left))
        right = self._as_number(self.render_node(node.right))
        operation = type(node.op).__name__
        rules = {
            "Add": self._sum,
            "Sub": self._sum,
            "Mult": self.product,
            "Div": self.product,
            "Pow": self._power,
            "FloorDiv": self._floor_division,
            "Mod": self._remainder,
        }
        if operation not in rules:
            return self.render_BinOp_parentheses(node.left, node.right, node.op)  # Brian2's error
        return rules[operation](left, right, self.expression_ops[operation])

    def render_Call(self, node):
        """Render a function call."""
        name = node.func.id
        arguments = [self.render_node(argument) for argument in node.args]
        if name == "int":
            return self._integer_part(arguments[0])
        arguments = [self._as_number(argument) for argument in arguments]
        if name in _SAME_NAME:
            return Term(f"{name}({arguments[0].text})")
        rule = getattr(self, f"_call_{name}", None)
        if rule is not None:
            return rule(*arguments)
        if name in _MISSING:
            raise Brian2ImportError(
                f"NESTML has no {name}; write the model with sin, cos, tan, exp or log instead"
            )
        return self.call(name, arguments)

    # Operators

    def _sum(self, left, right, operator):
        left, right = self._alike(left, right)
        text = f"{_inside(left, _SUM)} {operator} {_inside(right, _SUM + 1)}"
        kind = _joint_kind(left, right)
        return Term(text, left.dim, kind, _SUM, bare=left.bare, powers=left.powers)

    def product(self, left, right, operator="*"):
        """Multiply or divide two terms.

        Parameters
        ----------
        left, right : Term
        operator : str
            ``*`` or ``/``.

        Returns
        -------
        Term
        """
        divides = operator == "/"
        dim = left.dim / right.dim if divides else left.dim * right.dim
        both_literal = left.value is not None and right.value is not None
        if both_literal and not left.dim is right.dim is DIMENSIONLESS:
            value = left.value / right.value if divides else left.value * right.value
            return literal(value, dim)
        if left.bare or right.bare:
            left, right = self.bare(left), self.bare(right)
        if divides and left.kind == right.kind == "integer":
            left = _as_real(left)
        kind = "real" if divides else _joint_kind(left, right)
        text = f"{_factor(left, _PRODUCT)} {operator} {_factor(right, _PRODUCT + 1)}"
        if left.bare or right.bare:
            return self.with_unit(Term(text, dim, kind, _PRODUCT, bare=True))
        powers = _joint_powers(left, right, -1 if divides else 1)
        term = Term(text, dim, kind, _PRODUCT, powers=powers)
        return _recast(term) if dim is DIMENSIONLESS else term

    def whole_steps(self, time, step):
        """Count the whole steps in a time, as Brian2's ``timestep(time, step)`` does."""
        steps = self.product(time, step, "/")
        # as Brian2's: a time that misses a grid point by rounding counts as on it
        return Term(f"floor({_inside(steps, _SUM)} + 0.001)")

    def _power(self, base, exponent, _):
        if base.dim is DIMENSIONLESS:
            base = _as_real(base)
            text = f"{_inside(base, _ATOM)}**{_inside(_unsigned(exponent), _ATOM)}"
            return Term(text, binding=_POWER)
        if exponent.value is None:
            raise Brian2ImportError(
                f"the exponent {exponent.text} of a value with a unit must be a number; divide "
                "the value by its unit first"
            )
        power = exponent.value
        dim = base.dim**power
        if base.value is not None:
            return literal(base.value**power, dim)
        if float(power).is_integer() and not base.bare:
            powers = tuple((unit, own * int(power)) for unit, own in base.units())
            if power > 0:
                text = f"{_factor(base, _ATOM)}**{int(power)}"
                return Term(text, dim, binding=_POWER, powers=powers)
            text = f"1 / {_factor(base, _ATOM)}**{int(-power)}"
            return Term(text, dim, binding=_PRODUCT, powers=powers)
        text = f"{_inside(self.bare(base), _ATOM)}**{_inside(_unsigned(exponent), _ATOM)}"
        return self.with_unit(Term(text, dim, binding=_POWER, bare=True))

    def _floor_division(self, left, right, _):
        quotient = self.product(_as_real(left), right, "/")
        return Term(f"floor({quotient.text})")

    def _remainder(self, left, right, _):
        """Python's %, with the sign of the divisor; NESTML's takes whole numbers only."""
        left, right = self._alike(left, right)
        quotient = self.product(_as_real(left), right, "/")
        whole = Term(f"floor({quotient.text})")
        return self._sum(left, self.product(whole, right, "*"), "-")

    # Functions

    def _call_log(self, x):
        return Term(f"ln({x.text})")

    def _call_log1p(self, x):
        return Term(f"ln(1 + {_inside(x, _SUM + 1)})")

    def _call_exprel(self, x):
        return self.call("exprel", [x])

    def _call_sqrt(self, x):
        return self._power(x, Term("0.5", value=0.5), "**")

    def _call_abs(self, x):
        return Term(f"abs({x.text})", x.dim, x.kind, bare=x.bare, powers=x.powers)

    def _call_ceil(self, x):
        return self._whole("ceil", x)

    def _call_floor(self, x):
        return self._whole("floor", x)

    def _call_sign(self, x):
        zero = literal(0.0, x.dim).text if not x.bare else "0"
        inner = _inside(x, _SUM)
        return Term(f"{inner} > {zero} ? 1.0 : ({inner} < {zero} ? -1.0 : 0.0)", binding=_TERNARY)

    def _call_clip(self, x, low, high):
        # NESTML's min and max do not mix whole and real numbers.
        x, low = self._alike(_as_real(x), _as_real(low))
        x, high = self._alike(x, _as_real(high))
        x, low, high = (term if term.bare else _recast(term) for term in (x, low, high))
        return Term(f"min(max({x.text}, {low.text}), {high.text})", x.dim, bare=x.bare)

    def _call_rand(self):
        return Term("random_uniform(0, 1)")

    def _call_randn(self):
        return Term("random_normal(0, 1)")

    def _call_poisson(self, rate):
        return Term(f"random_poisson({rate.text})", kind="integer")

    def _call_timestep(self, time, step):
        return self.whole_steps(time, step)

    def _integer_part(self, x):
        if x.kind == "boolean":
            return self._as_number(x)
        if x.kind == "integer":
            return x
        inner = _inside(x, _SUM)
        return Term(f"{inner} < 0 ? ceil({x.text}) : floor({x.text})", binding=_TERNARY)

    def _whole(self, function, x):
        if x.dim is not DIMENSIONLESS:
            raise Brian2ImportError(
                f"{function}({x.text}) rounds a value with a unit, which depends on the unit; "
                f"divide it by its unit inside {function}()"
            )
        return Term(f"{function}({x.text})")

    # Units and kinds

    def bare(self, term):
        """Strip the unit: the number that the term is in our unit.

        Parameters
        ----------
        term : Term

        Returns
        -------
        Term
        """
        if term.bare or term.dim is DIMENSIONLESS:
            return term
        if term.value is not None:
            return Term(real_text(term.value, term.dim), term.dim, value=term.value, bare=True)
        text = f"{_factor(term, _PRODUCT)} {_by_unit(term.units(), '/', '*')}"
        return Term(text, term.dim, binding=_PRODUCT, bare=True)

    def with_unit(self, term):
        """Give a bare term its unit, if its dimension has one.

        Parameters
        ----------
        term : Term

        Returns
        -------
        Term
        """
        if not term.bare or not has_whole_exponents(term.dim):
            return term
        if term.dim is DIMENSIONLESS:
            return Term(term.text, term.dim, term.kind, term.binding)
        text = f"{_factor(term, _PRODUCT)} {_by_unit(unit_powers(term.dim), '*', '/')}"
        return Term(text, term.dim, binding=_PRODUCT)

    def _alike(self, left, right):
        """Give both terms a unit, or neither; a literal 0 takes the other's."""
        if left.value == 0 and left.dim is not right.dim:
            left = literal(0.0, right.dim)
        if right.value == 0 and right.dim is not left.dim:
            right = literal(0.0, left.dim)
        if left.bare or right.bare:
            return self.bare(left), self.bare(right)
        return left, right

    def _as_number(self, term):
        if term.kind != "boolean":
            return term
        text = f"{_inside(term, _LOGIC)} ? 1.0 : 0.0"
        return Term(text, binding=_TERNARY)

    def _as_boolean(self, term):
        if term.kind == "boolean":
            return term
        return Term(f"{_inside(term, _SUM)} != 0", kind="boolean", binding=_COMPARISON)


def _inside(term, binding):
    """Text of a term as an operand of an operator that binds this tightly."""
    return term.text if term.binding >= binding else f"({term.text})"


def _factor(term, binding):
    """Text of a factor: a number with a unit always in parentheses, see `literal`."""
    has_unit = term.value is not None and term.dim is not DIMENSIONLESS and not term.bare
    return f"({term.text})" if has_unit else _inside(term, binding)


def _by_unit(powers, operator, inverse):
    """Write the multiplication or division by a unit, of 1/ms as the inverse of that by ms."""
    unit = product_text(powers)
    if unit.startswith("1/"):
        return f"{inverse} (1 {unit[2:].strip('()')})"
    return f"{operator} (1 {unit})"


def _recast(term):
    """Give a term the unit that we write for its dimension, for instance mV in place of pA/nS."""
    written = () if term.dim is DIMENSIONLESS else unit_powers(term.dim)
    if term.bare or set(term.units()) == set(written):
        return term
    text = _factor(term, _PRODUCT)
    if written:
        text += f" {_by_unit(term.units(), '/', '*')}"
        text += f" {_by_unit(written, '*', '/')}"
    else:  # NESTML cannot print a number in units that cancel, such as 1 mV*nS/pA
        for unit, power in term.units():
            operator = "/" if power > 0 else "*"
            text += f" {operator} (1 {product_text(((unit, abs(power)),))})"
    return Term(text, term.dim, binding=_PRODUCT)


def _joint_powers(left, right, sign):
    """Multiply the units of two terms, the second to the power of `sign`."""
    powers = dict(left.units())
    for unit, power in right.units():
        powers[unit] = powers.get(unit, 0) + sign * power
    return tuple((unit, power) for unit, power in powers.items() if power)


def _unsigned(term):
    """Put a negative number in parentheses of its own."""
    return Term(term.text, binding=_SIGN) if term.text.startswith("-") else term


def _as_real(term):
    """Keep C++ from dividing and comparing whole numbers as such."""
    if term.kind != "integer":
        return term
    if term.value is not None:
        return Term(f"{float(term.value)}", term.dim, binding=term.binding, value=term.value)
    return Term(f"1.0 * {_inside(term, _PRODUCT)}", term.dim, binding=_PRODUCT)


def _joint_kind(left, right):
    return "integer" if left.kind == right.kind == "integer" else "real"
