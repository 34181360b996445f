# SPDX-License-Identifier: GPL-2.0-or-later
"""The exact quadratic step for a membrane whose derivative is quadratic in v.

With all else held at its value in the middle of a step, v' = A v^2 + B v + C has a closed solution
which also gives the time at which v reaches the threshold. The step is cut there, and goes on after
the reset. What else changes follows the explicit midpoint rule, so that the whole is of second
order. Time always goes on: after 1000 pieces the rest of the step is taken as it comes.
"""

from dataclasses import dataclass

import sympy
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.units.allunits import second
from brian2.utils.stringtools import get_identifiers

from izhisyn.brian2_import.errors import Brian2ImportError
from izhisyn.brian2_import.expressions import Term, literal
from izhisyn.brian2_import.names import indent, type_text

# S is tan(omega t) / omega, with tanh for negative omega^2. |omega t| <= 1/2 keeps tan far from
# its pole and its rational approximation good to 1e-9.
_LOCAL = (
    *("threshold", "left", "n_spikes", "n_pieces", "beta", "slope", "S_end", "crosses", "piece"),
    *("trial", "whole", "v_half", "square", "linear", "omega2", "approach", "spike_offset"),
    *("way", "S_half", "smooth_part", "flow", "flow_time", "rise_of"),
)
_PARTS = ("start", "first", "middle", "last")

FUNCTIONS = """\
    # the part of a duration in which v grows by a factor of e at most, far from the pole of tan
    function smooth_part(duration real, beta real, omega2 real) real:
        part real = beta * duration > 1 ? 1 / beta : duration
        return omega2 * part * part > 0.25 ? 0.5 / pow(omega2, 0.5) : part

    # S(duration) = tan(omega duration) / omega, for omega duration < 1.2
    function flow(duration real, omega2 real) real:
        q real = omega2 * duration * duration
        if q < -0.25:
            x real = pow(-q, 0.5)
            return duration * tanh(x) / x
        q = min(q, 1.4)
        return duration * (945 + q * (q - 105)) / (945 + q * (15 * q - 420))

    # the inverse of flow: atan(omega S) / omega
    function flow_time(S_end real, omega2 real) real:
        p real = omega2 * S_end * S_end
        if p < -0.25:
            x real = min(pow(-p, 0.5), 0.9999999999999998)    # 1 is reached after infinite time only
            return S_end * 0.5 * ln((1 + x) / (1 - x)) / x
        return S_end * (1155 + p * (1190 + 231 * p)) / (1155 + p * (1575 + p * (525 + 25 * p)))

    # V - V_0 where the flow is S; the bound is for a V that leaves every bound within the step
    function rise_of(S real, beta real, slope real) real:
        return slope * S / max(1 - 0.5 * beta * S, 1e-29)
"""  # noqa: E501 - the text of our models


@dataclass(frozen=True)
class Membrane:
    """A quadratic membrane equation.

    Attributes
    ----------
    name
        The variable v.
    threshold
        Brian2 expression of the threshold.
    coefficients
        Brian2 expressions of A, B and C in v' = A v^2 + B v + C. Functions of v, such as a voltage
        gate, are part of C.
    """

    name: str
    threshold: str
    coefficients: tuple[str, str, str]


def find_membrane(equations, variables, condition):
    """Recognise a quadratic membrane with a threshold.

    Parameters
    ----------
    equations : brian2.Equations
    variables : dict
        Brian2's variables and constants.
    condition : str
        Brian2's threshold condition.

    Returns
    -------
    Membrane

    Raises
    ------
    Brian2ImportError
        If the equation or the condition has another form.
    """
    name, threshold = _split_condition(condition, equations)
    if changing := sorted(get_identifiers(threshold) & equations.diff_eq_names):
        raise Brian2ImportError(
            f"in the threshold `{condition}`, {', '.join(changing)} changes within a step, which "
            "the exact quadratic step does not follow; leave out the option"
        )
    code = dict(equations.get_substituted_expressions(variables))[name].code
    v = sympy.Symbol(name, real=True)
    expression = sympy.expand(str_to_sympy(code, variables))
    coefficients = [sympy.Integer(0)] * 3
    for term in sympy.Add.make_args(expression):
        if term.is_polynomial(v) and sympy.degree(term, v) <= 2:
            power = sympy.degree(term, v)
            coefficients[2 - power] += term.coeff(v, power)
        else:
            coefficients[2] += term
    if coefficients[0] == 0:
        raise Brian2ImportError(f"d{name}/dt has no term in {name}**2; leave out the option")
    return Membrane(name, threshold, tuple(sympy_to_str(term) for term in coefficients))


def step_lines(membrane, names, dims, rates, spike):
    """Write the integration, threshold and reset of a step.

    Parameters
    ----------
    membrane : Membrane
    names : Names
    dims : dict
        Dimension of each variable with a differential equation.
    rates : dict
        `Term` of the right-hand side for each of them.
    spike : list of str
        Lines for a spike: the reset, and the spike itself.

    Returns
    -------
    list of str

    Raises
    ------
    Brian2ImportError
        If the model has a name that the step needs.
    """
    renderer, v, dim = names.renderer, membrane.name, dims[membrane.name]
    others = [name for name in rates if name != v]
    if clash := sorted(names.taken & {*_LOCAL, *(f"{part}_{n}" for n in rates for part in _PARTS)}):
        raise Brian2ImportError(
            f"the exact quadratic step has variables of its own called {', '.join(clash)}; rename "
            "the model's"
        )

    def plain(code, dim):
        return renderer.bare(renderer.expression(code, dim)).text

    def assign(text, binding=0):
        value = renderer.with_unit(Term(text, dim, binding=binding, bare=True)).text
        return f"{v} = {value}"

    def slopes(part, declares=True):
        kinds = {name: f" {type_text(dims[name], 'real')}" if declares else "" for name in others}
        change = {name: renderer.product(rates[name], literal(1e-3, second.dim)) for name in others}
        return [f"{part}_{name}{kinds[name]} = {change[name].text}" for name in others]

    square, linear, constant = (
        plain(code, dim ** (1 - power) / second.dim)
        for code, power in zip(membrane.coefficients, (2, 1, 0), strict=True)
    )
    trial = [
        "trial += 1",
        "whole real = piece",
        assign(f"start_{v}", binding=9),
        *(f"{name} = start_{name}" for name in others),
        *slopes("first", declares=False),
        f"v_half real = start_{v} + 0.5 * piece * ({renderer.bare(rates[v]).text})",
        *(f"{name} += 0.5 * piece * first_{name}" for name in others),
        assign("min(v_half, threshold)", binding=9),
        f"square real = {square}",
        f"linear real = {linear}",
        f"beta = 2 * square * start_{v} + linear",
        f"slope = (square * start_{v} + linear) * start_{v} + ({constant})",
        "omega2 = square * slope - 0.25 * beta * beta",
        "piece = n_pieces > 1000 ? piece : smooth_part(piece, beta, omega2)",
        "S_end = flow(piece, omega2)",
        f"approach real = slope + 0.5 * beta * (threshold - start_{v})",
        f"way real = threshold - start_{v}",
        "crosses = slope > 0 and approach > 0 and way <= S_end * approach",
        "if crosses:",
        "    S_end = way / approach",
        "    piece = min(flow_time(S_end, omega2), left)",
        "if n_pieces > 1000 or (piece == whole and not crosses):",
        "    trial = 3",
    ]
    end = f"crosses ? threshold : min(start_{v} + rise_of(S_end, beta, slope), threshold)"
    half = f"min(start_{v} + rise_of(S_half, beta, slope), threshold)"
    simpson = "piece / 6 * (first_{0} + 4 * middle_{0} + last_{0})"
    part = [
        "n_pieces += 1",
        f"start_{v} real = {plain(v, dim)}",
        *(f"start_{name} {type_text(dims[name], 'real')} = {name}" for name in others),
        *slopes("first"),
        "beta real = 0",
        "slope real = 0",
        "omega2 real = 0",
        "S_end real = 0",
        f"crosses boolean = start_{v} >= threshold",
        "piece real = crosses ? 0.0 : left",
        "trial integer = 0",
        "# a piece that ends early has another middle, hence up to three trials",
        "while trial < 3 and piece > 0:",
        *indent(trial),
    ]
    if others:
        part += [
            "# the others by Simpson's rule along the course of the first",
            "S_half real = flow(0.5 * piece, omega2)",
            assign(half, binding=9),
            *slopes("middle"),
            *(f"{name} = start_{name} + piece * middle_{name}" for name in others),
            assign(end),
            *slopes("last"),
            *(f"{name} = start_{name} + {simpson.format(name)}" for name in others),
        ]
    part += [
        *([] if others else [assign(end)]),
        "left -= piece",
        "if crosses:",
        *indent(["n_spikes += 1", "spike_offset = left * (1 ms)", *spike]),
    ]
    return [
        "# exact quadratic step, in pieces that end at a spike; plain numbers in ms and our units",
        f"threshold real = {plain(membrane.threshold, dim)}",
        "left real = timestep() / (1 ms)",
        "n_spikes integer = 0",
        "n_pieces integer = 0",
        f"while n_spikes < 10 and n_pieces < 2000 and (left > 0 or {plain(v, dim)} >= threshold):",
        *indent(part),
    ]


def _split_condition(condition, equations):
    for operator in (">=", ">"):
        name, found, threshold = condition.partition(operator)
        if found and name.strip() in equations.diff_eq_names:
            return name.strip(), threshold.strip()
    raise Brian2ImportError(
        f"the threshold `{condition}` is not like `v > value`, which the exact quadratic step needs"
    )
