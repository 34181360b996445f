# SPDX-License-Identifier: GPL-2.0-or-later
"""A Brian2 NeuronGroup as a NESTML neuron.

A step has Brian2's order: code of ``run_regularly``, refractoriness, integration, threshold,
incoming spikes, reset. The state that NEST records at t is the one that Brian2 records at t.

In a network with delays of 0 the incoming spikes are those of the step before: they come first, and
after them the reset if it has to do with them. With NEST's delays a step longer than Brian2's, the
spikes act between the same integrations.
"""

import re

import numpy as np
import sympy
from brian2.core.variables import Constant
from brian2.equations.codestrings import Expression
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    SUBEXPRESSION,
    Equations,
    SingleEquation,
)
from brian2.parsing.statements import parse_statement
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException
from brian2.units.allunits import second
from brian2.units.fundamentalunits import DIMENSIONLESS, Quantity
from brian2.utils.stringtools import get_identifiers, word_substitute

from izhisyn.brian2_import.checks import RANDOM, check_neuron, equation_line
from izhisyn.brian2_import.errors import Brian2ImportError, located
from izhisyn.brian2_import.expressions import Term
from izhisyn.brian2_import.names import (
    Names,
    indent,
    refuse_reserved_name,
    split_statements,
    type_text,
    value_text,
)
from izhisyn.brian2_import.parts import Neuron, refuse_two_effects, written_from
from izhisyn.brian2_import.quadratic import FUNCTIONS, find_membrane, step_lines
from izhisyn.brian2_import.units import number, unit_text
from izhisyn.import_output.nestml import write_block, write_header

# What differs between neurons, or between the times at which it is looked at.
OF_ONE_NEURON = {"i", "N", "t", "lastspike", "not_refractory", "rand", "randn", "poisson"}

KINDS = {"float": "real", "integer": "integer", "boolean": "boolean"}

_METHODS = {
    "euler": "Forward Euler, as in Brian2, step for step.",
    "exact": "Brian2's exact solution of linear equations, step for step.",
    "quadratic": "The exact quadratic step, of second order; `spike_offset` is how long before the "
    "end of its step the last spike was.",
}


def neuron_to_nestml(
    group,
    name,
    run_namespace,
    ports=(),
    regularly=(),
    source="",
    initial=None,
    integrator=None,
    notes=(),
    spikes_first=False,
    values_follow=False,
):
    """Write a NESTML neuron that does what a Brian2 NeuronGroup does.

    Parameters
    ----------
    group : brian2.NeuronGroup or brian2.Subgroup
    name : str
        Name of the model.
    run_namespace : dict
        Values of names that the group does not know.
    ports : sequence of Port
    regularly : sequence of Regularly
    source : str
        Where the model comes from.
    initial : dict, optional
        Brian2 expressions of initial values; a variable without one has the group's present value.
    integrator : str, optional
        ``exact`` for the exact quadratic step; otherwise the group's method decides.
    notes : sequence of str
        What the user must know beside what is found here.
    spikes_first : bool
        Let spikes act at the start of the step in which they arrive, for delays of 0.
    values_follow : bool
        Whether a script goes with the model that sets what differs between neurons.

    Returns
    -------
    Neuron

    Raises
    ------
    Brian2ImportError
        If NESTML cannot express the model, with the line at fault.
    """
    whole = getattr(group, "source", group)  # of a Subgroup
    check_neuron(whole, run_namespace)
    if integrator not in (None, "exact"):
        raise Brian2ImportError(f"there is no integrator {integrator!r}; choose 'exact' or none")
    writer = _NeuronWriter(
        notes,
        group,
        whole,
        run_namespace,
        ports,
        regularly,
        initial or {},
        integrator,
        spikes_first,
        values_follow,
    )
    return writer.write(name, source)


def find_method(group, run_namespace):
    """Name the method with which Brian2 would integrate a group.

    Returns
    -------
    name : str
        ``exact`` for a linear system's exact solution, otherwise Brian2's name.
    method : str or callable
        What Brian2 applies.
    """
    names = group.equations.names | group.equations.identifiers | {"dt"}
    variables = group.resolve_all(names, run_namespace, user_identifiers=set())
    choice = group.state_updater.method_choice
    choices = [choice] if isinstance(choice, str) or callable(choice) else list(choice)
    for method in choices:
        if str(method).lower().startswith("gsl"):
            raise Brian2ImportError(
                f"method `{method}`: its steps depend on the error within the step, which NESTML "
                "has for all neurons together only; use method='rk4' with a short step"
            )
        try:
            StateUpdateMethod.apply_stateupdater(group.equations, variables, method)
        except UnsupportedEquationsException:
            if method == choices[-1]:
                raise
            continue
        except sympy.polys.polyerrors.BasePolynomialError as error:
            raise Brian2ImportError(
                f"Brian2 itself fails here ({error}), as it does for a condition in a linear "
                "equation; use method='euler'"
            ) from error
        name = method.lower() if isinstance(method, str) else method.__class__.__name__
        return "exact" if name in ("exact", "linear") else name, method
    raise Brian2ImportError("method: the list of methods is empty; choose 'euler'")


class _NeuronWriter:
    """The blocks of one neuron, collected while its equations are rendered."""

    def __init__(
        self,
        notes,
        group,
        whole,
        run_namespace,
        ports,
        regularly,
        initial,
        integrator,
        spikes_first,
        values_follow,
    ):
        self.group = group
        self.whole = whole
        self.equations = with_noise_in_place(whole.user_equations)
        self.ports = ports
        self.regularly = regularly
        self.initial = initial
        self.notes = list(notes)
        self.spikes_first = spikes_first
        self.values_follow = values_follow
        self.defaults = {}
        self.varying = {}
        self.recordables = set()
        self.has_threshold = "spike" in whole.events
        self.is_refractory = whole._refractory is not False
        self.reset = whole.event_codes.get("spike", "")
        self.of_type = {
            kind: [eq for eq in by_dependence(self.equations) if eq.type == kind]
            for kind in (DIFFERENTIAL_EQUATION, SUBEXPRESSION, PARAMETER)
        }
        self.frozen = [eq for eq in self.of_type[SUBEXPRESSION] if "constant over dt" in eq.flags]
        self.held = {
            eq.varname
            for eq in self.of_type[DIFFERENTIAL_EQUATION]
            if "unless refractory" in eq.flags
        }
        self.membrane = None
        if integrator == "exact":
            self.method = "quadratic"
            with located("integrator", integrator):
                self.membrane = self._find_membrane(run_namespace)
        else:
            with located("method", str(whole.method_choice)):
                self.method, self.brian2_method = find_method(whole, run_namespace)
        self.assigned = self._assigned_variables()
        self.propagators = {}
        self.names = Names(whole, run_namespace, self._special_terms(), self._codes())
        self.names.tables = {} if values_follow else None
        self._declare_variables()
        self.spiking = self.names.fresh("spiking")
        self.expression = self.names.renderer.expression

    def write(self, name, source):
        """Write the whole file."""
        # The clock is declared and advanced if anything has asked for it, hence this order.
        equations = self._equations()
        update = self._update()
        state = self._state()
        parameters = self._parameters()
        self._check_port_names()
        self._check_ports()
        blocks = [("state", state), ("equations", equations), ("parameters", parameters)]
        internals = [line for line, _ in self.propagators.values()]
        if "dt" in self.names.used:
            internals.insert(0, "dt ms = resolution()    # Brian2's time step")
        blocks.append(("internals", internals))
        inputs = [f"{port.name} <- spike    # {port.weight}" for port in self.ports]
        blocks.append(("input", inputs))
        blocks.append(("output", ["spike"] if self.has_threshold else []))
        blocks.append(("update", update))
        body = "\n".join(write_block(title, lines) for title, lines in blocks if lines)
        functions = "".join(f"\n{text}" for text in self.names.functions.values())
        self.notes += self.names.rename_notes()
        pattern = body + functions
        pattern += "".join(str(id(array)) for array in (self.names.tables or {}).values())
        for line, without_value in self.varying.items():
            pattern = pattern.replace(line, without_value)
        return Neuron(
            name,
            f"{self._header(name, source)}model {name}:\n\n{body}{functions}",
            self.notes,
            self.defaults,
            self.recordables,
            set(self.names.externals),
            pattern,
            "i" in self.names.used,
            {target for port in self.ports for target, *_ in port.effects}
            | {parse_statement(line)[0] for line in split_statements(self.reset)},
            set(self.names.functions),
            self.names.renamed,
            self.names.tables or {},
        )

    # What the names are

    def _codes(self):
        expressions = [eq.expr.code for eq in self.equations.values() if eq.expr is not None]
        amounts = [amount for port in self.ports for *_, amount in port.effects]
        others = [self.whole.events.get("spike", ""), self.reset, str(self.whole._refractory)]
        names = [*self.equations.names, *(port.name for port in self.ports)]
        return [
            *expressions,
            *amounts,
            *others,
            *(code.statements for code in self.regularly),
            *names,
        ]

    def _assigned_variables(self):
        codes = [self.reset, *(code.statements for code in self.regularly)]
        assigned = {parse_statement(line)[0] for code in codes for line in split_statements(code)}
        return assigned | {target for port in self.ports for target, *_ in port.effects}

    def _check_ports(self):
        every = [effect for port in self.ports for effect in port.effects]
        with located("ports", ", ".join(port.name for port in self.ports)):
            refuse_two_effects(every)

    def _check_port_names(self):
        taken = {*self.equations.names, *self.names.externals, *self.names.renamed.values()}
        for port in self.ports:
            refuse_reserved_name(port.name, "port")
            if port.name in taken:
                raise Brian2ImportError(
                    f"port {port.name}: a variable, a constant or another port has this name; "
                    "choose another"
                )
            taken.add(port.name)

    def _special_terms(self):
        """Give the terms of Brian2's special symbols."""
        terms = {
            "t": Term("time", second.dim),
            "dt": Term("dt", second.dim),
            "t_in_timesteps": Term("n_steps", kind="integer"),
            "i": Term("i", kind="integer"),
            "N": Term("N", kind="integer"),
        }
        if self.is_refractory:
            terms["not_refractory"] = Term("not_refractory", kind="boolean")
            terms["lastspike"] = Term("lastspike", second.dim)
        return terms

    def _declare_variables(self):
        for equation in self.equations.values():
            if self.method == "euler":
                for noise in equation.stochastic_variables:
                    self.names.variables[noise] = Term(noise, second.dim**-0.5, bare=True)
            name = self.names.nestml_name(equation.varname)
            term = Term(name, equation.dim, KINDS[equation.var_type])
            self.names.variables[equation.varname] = term

    # Blocks

    def _header(self, name, source):
        summary = [
            _METHODS.get(
                self.method,
                f"Brian2's method `{self.method}`, step for step.",
            ),
        ]
        if self.has_threshold:
            summary.append(
                f"It spikes if {' '.join(self.whole.events['spike'].split())}; NEST's spike time "
                "is the end of the step, Brian2's its start."
            )
        if self.spikes_first and self.ports:
            before_reset = ", and before the reset" * self._reset_comes_later()
            summary.append(
                "Connect it with Brian2's delays plus one step: incoming spikes act at the start "
                "of a step, which is the end of the one before. What is recorded at t is without "
                f"the spikes of t{before_reset}."
            )
        return write_header(name, "Brian2", [*written_from(source), *summary, *self.notes])

    def _state(self):
        lines = []
        states = [eq for eq in self.equations.values() if self._is_state(eq)]
        for equation in self._in_order_of_values(states):
            lines.append(self._declaration(equation))
        if self.is_refractory:
            lines.append("not_refractory boolean = true    # false in the refractory period")
            lines.append("lastspike ms = -1e7 ms    # start of the step with the last spike")
        if self.membrane:
            lines.append("spike_offset ms = 0 ms    # see above")
        if self.has_threshold and self._reset_comes_later():
            lines.append(f"{self.spiking} boolean = false    # whether the threshold was crossed")
        own = {new: name for name, new in self.names.renamed.items()}
        declared = (line.split()[0] for line in lines)
        self.recordables |= {own.get(name, name) for name in declared} - {
            eq.varname for eq in states if eq.var_type == "boolean"
        }
        if {"t", "t_in_timesteps"} & self.names.used:
            lines.append("n_steps integer = 0    # steps since the start")
            lines.append("time ms = 0 ms    # Brian2's t, the start of a step")
        return lines

    def _equations(self):
        lines = []
        for equation in self.of_type[SUBEXPRESSION]:
            if equation in self.frozen:
                continue
            term = self._right_side(equation)
            kind = KINDS[equation.var_type]
            recordable = "" if kind == "boolean" else "recordable "
            lines.append(f"# {equation_line(equation)}")
            unit = type_text(equation.dim, kind)
            name = self.names.nestml_name(equation.varname)
            lines.append(f"{recordable}inline {name} {unit} = {term.text}")
            if recordable:
                self.recordables.add(equation.varname)
        return lines

    def _parameters(self):
        parameters = [eq for eq in self.of_type[PARAMETER] if not self._is_state(eq)]
        declarations = [self._declaration(eq) for eq in self._in_order_of_values(parameters)]
        lines = []
        for name, (term, value) in self.names.externals.items():
            unit = type_text(term.dim, term.kind)
            lines.append(f"{term.text} {unit} = {value_text(value, term.dim, term.kind)}")
            self.defaults[name] = number(value, term.dim)
        for name, array in (self.names.tables or {}).items():
            unit, size = unit_text(array.dim), len(array.values)
            zero = "0.0" if unit == "real" else f"0 {unit}"
            interval = value_text(float(array.dt), second.dim, "real")
            new = self.names.nestml_name(name)
            lines.append(f"{new} [{size}] {unit} = {zero}    # TimedArray, a value each {interval}")
        lines = declarations + lines if not self.initial else lines + declarations
        first = getattr(self.group, "start", 0)
        if "i" in self.names.used:
            indices = f"range({first}, {first + len(self.group)})" if first else "range(N)"
            lines.append(f"i integer = {first}    # Brian2's index; set it to {indices}")
        if "N" in self.names.used:
            lines.append(f"N integer = {len(self.whole)}    # number of neurons of the whole group")
        return lines

    def _update(self):
        lines = []
        if self.spikes_first:
            for port in self.ports:
                lines += self._port(port)
            if self.has_threshold and self._reset_comes_later():
                lines += self._reset()
        for equation in self.frozen:
            lines.append(f"# {equation_line(equation)}")
            name = self.names.nestml_name(equation.varname)
            lines.append(f"{name} = {self._right_side(equation).text}")
        for code in self.regularly:
            self._refuse_random_for_shared(code.statements)
            with self.names.scope():
                body = self.names.statements(
                    code.statements, "run_regularly", self._assign_unless_held
                )
            if code.part is not None:
                self.names.used.add("i")
                first, end = code.part
                body = [f"if i >= {first} and i < {end}:", *indent(body)]
            if code.interval is None:
                lines += ["# run_regularly", *body]
                continue
            self.names.used.add("t_in_timesteps")
            interval = value_text(code.interval, second.dim, "real")
            steps = self.names.fresh("interval")
            lines.append(f"# run_regularly every {interval}")
            lines.append(f"{steps} integer = steps({interval})")
            lines += [f"if n_steps % {steps} == 0:", *indent(body)]
        if self.is_refractory:
            lines += self._refractoriness()
        if self.membrane:
            lines += self._quadratic_step()
        else:
            lines += self._integration()
            if self.has_threshold:
                lines += self._threshold()
        if not self.spikes_first:
            for port in self.ports:
                lines += self._port(port)
        if self.has_threshold and not self.membrane:
            if self.spikes_first and self._reset_comes_later():
                lines += [f"if {self.spiking}:", "    emit_spike()"]
            else:
                lines += self._reset()
        if {"t", "t_in_timesteps"} & self.names.used or self.is_refractory:
            self.names.used.add("t")
            lines += ["n_steps += 1", "time = n_steps * timestep()"]
        return lines

    def _refuse_random_for_shared(self, code):
        shared = {eq.varname for eq in self.equations.values() if "shared" in eq.flags}
        for line in split_statements(code):
            name, _, right, _ = parse_statement(line)
            if name in shared and get_identifiers(right) & RANDOM:
                with located("run_regularly", line):
                    raise Brian2ImportError(
                        f"all neurons share {name}, but each neuron of NEST draws its own random "
                        "numbers; set it in PyNEST, between two calls of simulate"
                    )

    def _refractoriness(self):
        ref = self.whole._refractory
        if isinstance(ref, Quantity):
            length = value_text(float(ref), second.dim, "real")
            self.names.externals["refractory"] = (Term("refractory", second.dim), float(ref))
            ref, line = "refractory", f"# refractory for {length}"
        else:
            line = f"# refractory: {' '.join(ref.split())}"
        with located("refractory", ref):
            if ref == "refractory":
                term = Term("refractory", second.dim)
            else:
                term = self.names.renderer.render_expr(ref)
            if term.kind == "boolean":
                return [line, f"not_refractory = not_refractory or (not ({term.text}))"]
            step = Term("timestep()", second.dim)
            elapsed = self.names.renderer.render_expr("t - lastspike")
            steps = [self.names.renderer.whole_steps(time, step).text for time in (elapsed, term)]
            return [line, f"not_refractory = {steps[0]} >= {steps[1]}"]

    def _integration(self):
        odes = self.of_type[DIFFERENTIAL_EQUATION]
        if not odes:
            return []
        if self.method == "euler":
            return self._euler(odes)
        return self._brian2_step(odes)

    def _euler(self, odes):
        lines = []
        noises = sorted({noise for equation in odes for noise in equation.stochastic_variables})
        for noise in noises:
            lines.append(
                f"{noise} real = random_normal(0, 1) / (timestep() / (1 ms))**0.5"
                "    # white noise [1/sqrt(ms)]"
            )
        steps = []
        for equation in odes:
            line = f"# {equation_line(equation)}"
            rate = self._right_side(equation)
            change = self.names.renderer.product(Term("timestep()", second.dim), rate)
            name = self.names.nestml_name(equation.varname)
            if len(odes) == 1:
                return [
                    *lines,
                    line,
                    *self._hold([f"{name} += {change.text}"], equation.varname in self.held),
                ]
            local = self.names.fresh(f"d{equation.varname}")
            lines += [line, f"{local} {type_text(equation.dim, 'real')} = {change.text}"]
            steps.append((equation.varname, f"{name} += {local}"))
        lines += [step for name, step in steps if name not in self.held]
        return lines + self._hold([step for name, step in steps if name in self.held], True)

    def _brian2_step(self, odes):
        """Write Brian2's own code for a step, with another one for the refractory period."""
        lines = [f"# {equation_line(equation)}" for equation in odes]
        held = self.held if self.is_refractory else ()
        if not held:
            return lines + self._updater_lines(self.equations)
        still = [
            SingleEquation(PARAMETER, equation.varname, equation.dim)
            if equation.varname in held
            else equation
            for equation in self.equations.values()
        ]
        lines += ["if not_refractory:", *indent(self._updater_lines(self.equations))]
        if len(held) < len(odes):
            lines += ["else:", *indent(self._updater_lines(Equations(still)))]
        return lines

    def _updater_lines(self, equations):
        """Render the code with which Brian2's method integrates equations."""
        names = equations.names | equations.identifiers | {"dt"}
        variables = self.whole.resolve_all(names, self.names.run_namespace, user_identifiers=set())
        updater = self.whole.state_updater
        with located("method", str(self.whole.method_choice)):
            code = StateUpdateMethod.apply_stateupdater(
                equations, variables, self.brian2_method, method_options=updater.method_options
            )
            statements = [parse_statement(line)[:3] for line in split_statements(code)]
            if self.method == "exact":
                statements = self._with_propagators(statements, variables)
            code = "\n".join(" ".join(statement) for statement in statements)
            for name in dict.fromkeys(name for name, *_ in statements):
                if name.startswith("_"):
                    plain = name.lstrip("_")
                    plain = f"new_{plain}" if plain in self.names.variables else plain
                    code = re.sub(rf"\b{name}\b", self.names.fresh(plain), code)
            with self.names.scope():
                return self.names.statements(code, "method", self._assign)

    def _with_propagators(self, statements, variables):
        """Move the coefficients of an exact solution that stay the same into the internals."""
        parameters = {eq.varname for eq in self.of_type[PARAMETER]} - self.assigned
        constants = {"dt"} | {
            name
            for name, variable in variables.items()
            if name in parameters or isinstance(variable, Constant)
        }
        result = []
        for name, operator, code in statements:
            if not name.startswith("_"):
                result.append((name, operator, code))
                continue
            update = str_to_sympy(code, variables)
            states = sorted(
                symbol for symbol in get_identifiers(code) if symbol in self.equations.diff_eq_names
            )
            symbols = {state: sympy.Symbol(state, real=True) for state in states}
            parts = [(state, sympy.diff(update, symbol)) for state, symbol in symbols.items()]
            parts.append(("", update.subs({symbol: 0 for symbol in symbols.values()})))
            terms = []
            for state, coefficient in parts:
                if coefficient == 0:
                    continue
                factor = sympy_to_str(coefficient)
                if get_identifiers(factor) <= constants | {"exp", "sqrt", "sin", "cos"}:
                    factor = self._propagator(name[1:], state, factor)
                terms.append(f"({factor})*{state}" if state else f"({factor})")
            result.append((name, operator, " + ".join(terms) or "0"))
        return result

    def _propagator(self, name, state, code):
        """Declare a coefficient in the internals; returns its name."""
        dim = self.equations[name].dim
        if state:
            dim = dim / self.equations[state].dim
        for known, (_, origin) in self.propagators.items():
            if (name, state, code) == origin:
                return known
        propagator = self.names.fresh(f"P_{name}_{state}" if state else f"P_{name}")
        term = self.names.renderer.expression(code, dim)
        unit = type_text(term.dim, "real")
        declaration = f"{propagator} {unit} = {term.text}"
        self.propagators[propagator] = (declaration, (name, state, code))
        self.names.variables[propagator] = Term(propagator, dim)
        self.names.used.add("dt")
        return propagator

    def _find_membrane(self, run_namespace):
        """Find the quadratic equation; what the step does not know is refused."""
        if not self.has_threshold:
            raise Brian2ImportError("the exact quadratic step needs a threshold")
        if self.is_refractory:
            raise Brian2ImportError(
                "a refractory period is counted in steps, but the exact quadratic step resets "
                "within one; leave out the option"
            )
        names = self.whole.equations.names | self.whole.equations.identifiers
        variables = self.whole.resolve_all(names, run_namespace, user_identifiers=set())
        return find_membrane(self.whole.equations, variables, self.whole.events["spike"])

    def _quadratic_step(self):
        odes = self.of_type[DIFFERENTIAL_EQUATION]
        if any(equation.stochastic_variables for equation in odes):
            raise Brian2ImportError(
                "the exact quadratic step has no noise within a step; leave out the option"
            )
        if self.names.renamed:
            raise Brian2ImportError(
                " ".join(self.names.rename_notes()) + " Rename it in the script"
            )
        dims = {equation.varname: equation.dim for equation in odes}
        rates = {equation.varname: self._right_side(equation) for equation in odes}
        self.names.functions["flow"] = FUNCTIONS
        comments = [f"# {equation_line(equation)}" for equation in odes]
        spike = [*self._reset_lines(), "emit_spike()"]
        return [*comments, *step_lines(self.membrane, self.names, dims, rates, spike)]

    def _threshold(self):
        condition = self.whole.events["spike"]
        later = self._reset_comes_later()
        declared = "" if later else " boolean"
        with located("threshold", condition):
            term = self.expression(condition, DIMENSIONLESS, "boolean")
        lines = [f"# threshold: {' '.join(condition.split())}"]
        if not self.is_refractory:
            return [*lines, f"{self.spiking}{declared} = {term.text}"]
        lines.append(f"{self.spiking}{declared} = not_refractory and ({term.text})")
        return [
            *lines,
            f"if {self.spiking}:",
            "    not_refractory = false",
            "    lastspike = time",
        ]

    def _port(self, port):
        lines = [f"# {port.origin}"]
        for target, operator, code in port.effects:
            with located(f"on_pre of {port.name}", port.origin):
                known = self.names.variables[target]
                amount = self.expression(code, known.dim, known.kind)
                spikes = Term(f"{port.name} * (1 s)")
                if operator == "=":
                    setting = self._hold([f"{known.text} = {amount.text}"], target in self.held)
                    lines += [f"if {spikes.text} != 0:", *indent(setting)]
                    continue
                is_one = amount.value == 1 and amount.dim is DIMENSIONLESS
                change = spikes if is_one else self.names.renderer.product(amount, spikes)
            lines += self._hold([f"{known.text} {operator} {change.text}"], target in self.held)
        return lines

    def _reset_lines(self):
        with self.names.scope():
            return self.names.statements(self.reset, "reset", self._assign)

    def _reset(self):
        lines = self._reset_lines()
        origin = "; ".join(split_statements(self.reset))
        comment = [f"# reset: {origin}"] if origin else []
        if not self._reset_comes_later():
            lines = [*lines, "emit_spike()"]
        return [*comment, f"if {self.spiking}:", *indent(lines)] if lines else []

    def _reset_comes_later(self):
        """Whether spikes and reset touch the same variables, so that their order counts."""
        if not (self.spikes_first and self.ports):
            return False
        added_to, read_by_ports = set(), set()
        for port in self.ports:
            for target, _, amount in port.effects:
                added_to.add(target)
                read_by_ports |= all_names(amount, self.equations)
        assigned, read_by_reset = set(), set()
        for line in split_statements(self.reset):
            name, _, code, _ = parse_statement(line)
            assigned.add(name)
            read_by_reset |= all_names(code, self.equations)
        return bool(assigned & (added_to | read_by_ports) or read_by_reset & added_to)

    # Pieces

    def _is_state(self, equation):
        if equation.type == SUBEXPRESSION:
            return equation in self.frozen
        return equation.type == DIFFERENTIAL_EQUATION or equation.varname in self.assigned

    def _declaration(self, equation):
        name, kind = self.names.nestml_name(equation.varname), KINDS[equation.var_type]
        unit = type_text(equation.dim, kind)
        comment = f"    # {equation_line(equation)}" if equation.type == PARAMETER else ""
        line = f"{name} {unit} = {self._initial_value(equation)}"
        self.varying[line] = f"{name} {unit}"
        return f"{line}{comment}"

    def _in_order_of_values(self, equations):
        """Order declarations so that each initial value comes after those that it depends on.

        NEST sets parameters before states, and each kind in the order of their declaration.
        """
        known = set() if equations and not self._is_state(equations[0]) else None
        ordered = {}

        def add(equation, path):
            code = self.initial.get(equation.varname)
            for name in sorted(get_identifiers(code) if isinstance(code, str) else ()):
                if name in path:
                    raise Brian2ImportError(f"{name} has an initial value that depends on itself")
                if name not in self.equations.names:
                    continue
                other = self.equations[name]
                if other.type == SUBEXPRESSION or (known is not None and self._is_state(other)):
                    raise Brian2ImportError(
                        f"initial value of {equation.varname} `{code}`: {name} has no value yet "
                        "when NEST creates the neuron; write a number, or the formula of "
                        f"{name}"
                    )
                if self._is_state(other) == self._is_state(equation):
                    add(other, {*path, name})
            ordered.setdefault(equation.varname, equation)

        for equation in equations:
            add(equation, {equation.varname})
        return list(ordered.values())

    def _initial_value(self, equation):
        kind = KINDS[equation.var_type]
        code = self.initial.get(equation.varname)
        if isinstance(code, str):
            with located(f"initial value of {equation.varname}", code):
                if found := sorted(get_identifiers(code) & OF_ONE_NEURON):
                    raise Brian2ImportError(
                        f"{', '.join(found)} gives each neuron another value, which a model's "
                        f"default cannot; leave it out and set it in PyNEST, as in neurons."
                        f"{equation.varname} = [...]"
                    )
                return self.expression(code, equation.dim, kind).text
        if equation in self.frozen:
            return value_text(0, equation.dim, kind)
        values = np.atleast_1d(getattr(self.group, f"{equation.varname}_")[:])
        differ = len({float(value) for value in values}) > 1
        if differ and self.values_follow and equation.type == DIFFERENTIAL_EQUATION:
            values = [0.0]
        self.defaults[equation.varname] = number(values[0], equation.dim)
        if differ and not self.values_follow:
            self.notes.append(
                f"{equation.varname} differs between the neurons of the group; here it has the "
                "first one's value."
            )
        return value_text(values[0], equation.dim, kind)

    def _right_side(self, equation):
        is_rate = equation.type == DIFFERENTIAL_EQUATION
        dim = equation.dim / second.dim if is_rate else equation.dim
        with located("equation", equation_line(equation)):
            if equation.type == SUBEXPRESSION and equation.stochastic_variables:
                raise Brian2ImportError("write xi into the differential equation itself")
            return self.expression(equation.expr.code, dim, KINDS[equation.var_type])

    def _assign(self, name, operator, term):
        return [f"{self.names.variables[name].text} {operator} {term.text}"]

    def _assign_unless_held(self, name, operator, term):
        return self._hold(self._assign(name, operator, term), name in self.held)

    def _hold(self, lines, is_held):
        """Brian2 protects a variable `(unless refractory)` from all but the reset."""
        if not (is_held and self.is_refractory and lines):
            return lines
        return ["if not_refractory:", *indent(lines)]


def with_noise_in_place(equations):
    """Write subexpressions with noise into the differential equations that use them.

    Parameters
    ----------
    equations : brian2.Equations

    Returns
    -------
    brian2.Equations
        Without these subexpressions.
    """
    noisy = {}
    for equation in by_dependence(equations):
        if equation.type == SUBEXPRESSION:
            code = word_substitute(equation.expr.code, noisy)
            if any(name.split("_")[0] == "xi" for name in get_identifiers(code)):
                noisy[equation.varname] = f"({code})"
    kept = []
    for equation in equations.values():
        if equation.varname in noisy:
            continue
        if equation.type == DIFFERENTIAL_EQUATION and equation.identifiers & noisy.keys():
            code = Expression(word_substitute(equation.expr.code, noisy))
            name, dim, kind = equation.varname, equation.dim, equation.var_type
            equation = SingleEquation(equation.type, name, dim, kind, code, equation.flags)
        kept.append(equation)
    return Equations(kept) if noisy else equations


def by_dependence(equations):
    """Order equations as written, but each subexpression before what uses it.

    Parameters
    ----------
    equations : brian2.Equations

    Returns
    -------
    list of brian2.equations.equations.SingleEquation
    """
    ordered = {}

    def add(equation):
        for name in sorted(equation.identifiers & equations.names):
            if equations[name].type == SUBEXPRESSION:
                add(equations[name])
        ordered.setdefault(equation.varname, equation)

    for equation in equations.values():
        add(equation)
    return list(ordered.values())


def all_names(code, equations):
    """Find the names in an expression, those in its subexpressions included.

    Parameters
    ----------
    code : str
        Brian2 expression.
    equations : brian2.Equations

    Returns
    -------
    set of str
    """
    names = set()
    for name in get_identifiers(code):
        names.add(name)
        if name in equations.names and equations[name].type == SUBEXPRESSION:
            names |= all_names(equations[name].expr.code, equations)
    return names
