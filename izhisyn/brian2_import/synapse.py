# SPDX-License-Identifier: GPL-2.0-or-later
"""Brian2's Synapses as a spike port of their target and, where they have a state, a NESTML synapse.

What ``on_pre`` adds to the target's variables is split into a part that only the synapse knows,
which the weight of the spike carries, and a part that the neuron computes when the spike arrives.
"""

import ast
import re
from dataclasses import dataclass, field

import numpy as np
import sympy
from brian2.equations.equations import DIFFERENTIAL_EQUATION, SUBEXPRESSION, Equations
from brian2.parsing.statements import parse_statement
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.stateupdaters.exact import linear
from brian2.units.allunits import second
from brian2.units.fundamentalunits import DIMENSIONLESS
from brian2.utils.stringtools import get_identifiers

from izhisyn.brian2_import.checks import (
    SYNAPSE_FLAGS,
    check_equation,
    check_statements,
    equation_line,
    parse_equations,
)
from izhisyn.brian2_import.errors import Brian2ImportError, located
from izhisyn.brian2_import.expressions import Term, literal
from izhisyn.brian2_import.names import (
    Names,
    split_statements,
    type_text,
    value_text,
)
from izhisyn.brian2_import.neuron import KINDS, all_names, by_dependence
from izhisyn.brian2_import.parts import Port, Synapse, refuse_two_effects, written_from
from izhisyn.brian2_import.units import unit_size, unit_text
from izhisyn.import_output.nestml import write_block, write_header

_SPECIAL = {
    "i": "the index of the source neuron",
    "j": "the index of the target neuron",
    "N": "the number of synapses",
    "N_pre": "the number of source neurons",
    "N_post": "the number of target neurons",
    "N_incoming": "the number of synapses of the target",
    "N_outgoing": "the number of synapses of the source",
}


def neuron_port(name, code, group, run_namespace):
    """Make a port from code that adds to a neuron's variables.

    Parameters
    ----------
    name : str
        Name of the port.
    code : str
        What a spike does.
    group : brian2.NeuronGroup
    run_namespace : dict
        Values of names that the group does not know.

    Returns
    -------
    Port
    """
    where = f"on_pre of {name}"
    code = _unsuffixed(code)
    effects = []
    for line in split_statements(code):
        with located(where, line):
            target, operator, amount, _ = parse_statement(line)
            _check_target(target, operator, group)
            _refuse_random(amount)
            effects.append((target, operator, amount))
    check_statements(code, where, group, run_namespace)
    _check_additive(effects, where, code, group)
    origin = "; ".join(split_statements(code))
    return Port(name, tuple(effects), origin, "a spike of weight 1 is one in Brian2")


def synapse_port(name, synapses, group, run_namespace, model_name, source, transmit=None):
    """Split Brian2's Synapses into a port of their target and a NESTML synapse.

    Parameters
    ----------
    name : str
        Name of the port.
    synapses : brian2.Synapses
    group : brian2.NeuronGroup
        Their target.
    run_namespace : dict
        Values of names that the synapses do not know.
    model_name : str
        Name of the NESTML synapse.
    source : str
        Where the synapses come from.
    transmit : str, optional
        Expression that a spike carries, for synapses that add to no variable of the target.

    Returns
    -------
    port : Port or None
        None if `on_pre` adds to no variable of the target.
    synapse : Synapse or None
        None if NEST's ``static_synapse`` suffices.
    """
    pathway = _single_pathway(synapses)
    reader = _Synapse(synapses, group, pathway, run_namespace)
    return reader.split(name, model_name, source, transmit)


@dataclass(frozen=True)
class Delivery:
    """What spikes of one pathway do to a variable of the target, or to several.

    Attributes
    ----------
    effects
        As those of a `Port`.
    origin
        The Brian2 code.
    weight
        Brian2 expression of a connection's weight, from variables of the synapse and constants.
    dim
        Its dimension.
    model
        NESTML synapse; None if one of NEST's own suffices.
    chance
        Brian2 expression of the probability with which a spike passes; None for all spikes.
    """

    effects: tuple
    origin: str
    weight: str = "1"
    dim: object = DIMENSIONLESS
    model: Synapse | None = None
    chance: str | None = None

    def meaning(self):
        """Say what the weight of a connection to the port is, for the model's comment."""
        if self.model is not None:
            return f"connect with {self.model.name}"
        if len(self.effects) == 1 and self.effects[0][2] == (_product(_unit_expression(self.dim))):
            unit = "" if self.dim is DIMENSIONLESS else f" [{unit_text(self.dim)}]"
            return f"a spike adds its weight{unit} to {self.effects[0][0]}"
        return "a spike of weight 1 is one in Brian2"


def deliveries(synapses, pathway, group, run_namespace, model_name, source):
    """Split a pathway of Brian2's Synapses into what connections and what the target's ports do.

    Parameters
    ----------
    synapses : brian2.Synapses
    pathway : brian2.synapses.synapses.SynapticPathway
    group : brian2.NeuronGroup
        Their target.
    run_namespace : dict
        Values of names that the synapses do not know.
    model_name : str
        Name of the NESTML synapse, if there is one.
    source : str
        Where the synapses come from.

    Returns
    -------
    list of Delivery
        One for each connection that a pair of neurons needs.
    """
    _check_events(synapses)
    post = _post_pathway(synapses)
    return _Synapse(synapses, group, pathway, run_namespace, post).deliveries(model_name, source)


@dataclass
class _Synapse:
    """The parts of one Synapses object.

    Attributes
    ----------
    post
        Brian2's pathway of ``on_post``, if there is one.
    effects
        Target variable, operator and the neuron's share of what is added.
    weight
        The synapse's share, a sympy expression; None before the first effect.
    """

    synapses: object
    group: object
    pathway: object
    run_namespace: dict
    post: object = None
    effects: list = field(default_factory=list)
    weight: object = None

    def deliveries(self, model_name, source):
        """Do what the function of this name promises."""
        self._prepare()
        lines = split_statements(self.pathway.code)
        changed = {parse_statement(line)[0] for line in lines} & self.equations.names
        if changed or self.equations.diff_eq_names or self.post is not None:
            body = self._statements()
            if not self.effects:
                raise Brian2ImportError(
                    f"{self.where} `{self.origin}`: adds to no variable of the target, so that "
                    "nothing would reach it; add one of the synapse's variables to one of its own"
                )
            _check_additive(self.effects, self.where, self.pathway.code, self.group)
            model = self._write(model_name, source, body)
            return [Delivery(tuple(self.effects), self.origin, model=model)]
        parts = [part for line in lines for part in self._static_effect(line)]
        effects = [
            (variable, "=", share)
            if weight is None
            else (variable, "+=", _unsuffixed(sympy_to_str(share)))
            for variable, share, weight, _ in parts
        ]
        _check_additive(effects, self.where, self.pathway.code, self.group)
        return self._joined(parts)

    def split(self, name, model_name, source, transmit):
        """Do what `synapse_port` promises."""
        self._prepare()
        body = self._statements()
        if transmit is not None:
            with located("transmit", transmit):
                term = self.names.renderer.expression(transmit, DIMENSIONLESS)
                body.append(self._emission(term))
        has_state = any(
            equation.type == DIFFERENTIAL_EQUATION for equation in self.equations.values()
        ) or bool(self.assigned)
        port = self._port(name, has_state)
        return port, self._write(model_name, source, body) if has_state or transmit else None

    def _prepare(self):
        self.origin = "; ".join(split_statements(self.pathway.code))
        self.where = f"on_pre of {self.synapses.name}"
        self._check_source_untouched()
        check_statements(self.pathway.code, self.where, self.pathway, self.run_namespace)
        self.equations = self._check_equations()
        codes = [self.pathway.code, *self._codes()]
        if self.post is not None:
            self.where_post = f"on_post of {self.synapses.name}"
            check_statements(self.post.code, self.where_post, self.post, self.run_namespace)
            codes.append(self.post.code)
        special = {name: Term(name, second.dim) for name in ("t", "lastupdate")}
        reserved = {"weight": "NEST"}
        self.names = Names(self.pathway, self.run_namespace, special, codes, reserved)
        for equation in self.equations.values():
            name = self.names.nestml_name(equation.varname)
            term = Term(name, equation.dim, KINDS[equation.var_type])
            self.names.variables[equation.varname] = term
        # NESTML's code for a pair of models does not compile with a variable called weight
        self.weight_name = "weight" if self.post is None else self.names.fresh("factor")
        self.lateness = ""
        if set().union(*map(get_identifiers, codes)) & {"t", "lastupdate"}:
            self.lateness = self.names.fresh("lateness")
            for name in ("t", "lastupdate"):
                term = Term(f"({name} - {self.lateness})", second.dim)
                self.names.variables[name] = term
        for equation in by_dependence(self.equations):
            if equation.type == SUBEXPRESSION:
                code, kind = equation.expr.code, KINDS[equation.var_type]
                term = self.names.renderer.expression(code, equation.dim, kind)
                self.names.variables[equation.varname] = term

    # What there is

    def _check_source_untouched(self):
        for line in split_statements(self.pathway.code):
            with located(self.where, line):
                if parse_statement(line)[0].endswith("_pre"):
                    raise Brian2ImportError(
                        "a synapse in NEST cannot change its source neuron; let the source's own "
                        "reset do it"
                    )

    def _check_equations(self):
        if self.synapses.multisynaptic_index is not None:
            raise Brian2ImportError(
                f"multisynaptic_index='{self.synapses.multisynaptic_index}' of "
                f"{self.synapses.name}: NEST's synapses have no number; connect once for each "
                "synapse of a pair, with its own parameters"
            )
        for variable in self.synapses.summed_updaters:
            raise Brian2ImportError(
                f"equation `{variable} = ... (summed)` of {self.synapses.name}: NEST sums spikes, "
                "not variables; let on_pre add to a variable of the target"
            )
        if self.synapses.subexpression_updater is not None:
            raise Brian2ImportError(
                f"a subexpression (constant over dt) of {self.synapses.name}: a synapse in NEST "
                "has no time steps; compute it in on_pre"
            )
        step, own = float(self.synapses.source.clock.dt), float(self.synapses.clock.dt)
        if self.synapses.event_driven is not None and own != step:
            raise Brian2ImportError(
                f"{self.synapses.name} has a dt of its own, {own * 1e3:g} ms, on whose grid Brian2 "
                "takes the time between spikes; leave out the dt of the Synapses"
            )
        equations = list(self.synapses.equations.values())
        if self.synapses.event_driven is not None:
            names = {equation.varname for equation in equations}
            equations += [
                equation
                for equation in self.synapses.event_driven.values()
                if equation.varname not in names
            ]
        equations = Equations([eq for eq in equations if eq.varname != "lastupdate"])
        parse_equations(equations, SYNAPSE_FLAGS)
        for equation in equations.values():
            check_equation(equation, self.synapses, self.run_namespace)
            is_ode = equation.type == DIFFERENTIAL_EQUATION
            with located("equation", equation_line(equation)):
                if is_ode and "event-driven" not in equation.flags:
                    raise Brian2ImportError(
                        "a synapse in NEST runs only when a spike passes; make the equation "
                        "(event-driven), or move it into the target neuron"
                    )
        return equations

    def _codes(self):
        equations = self.equations.values()
        expressions = [eq.expr.code for eq in equations if eq.expr is not None]
        return [*self.equations.names, *expressions]

    # What happens at a spike

    def _statements(self):
        """Render on_pre; note what it adds to the target."""
        self.assigned = set()
        lines = []
        for line in split_statements(self.pathway.code):
            target, operator, code, _ = parse_statement(line)
            if target in self.equations.names:
                self.assigned.add(target)
            with located(self.where, line):
                self._check_names(code)
                _refuse_random(code)
                variable = target.removesuffix("_post")
                in_target = target.endswith("_post") or (
                    target not in self.equations.names and target in self.group.variables
                )
                if in_target:
                    lines += self._effect(variable, operator, code)
                    continue
                self._check_of_target(code)
            lines += self.names.statements(line, self.where, self._assign)
        return lines

    def _post_statements(self):
        """Render on_post, which reaches the synapse alone."""
        lines = []
        for line in split_statements(self.post.code):
            target, _, code, _ = parse_statement(line)
            with located(self.where_post, line):
                self._check_names(code)
                if target.endswith(("_pre", "_post")) or (
                    target not in self.equations.names and target in self.group.variables
                ):
                    raise Brian2ImportError(
                        f"a spike of the target changes variables of the synapse in NEST, not "
                        f"{target}; let the target's own reset change what is the target's"
                    )
                self._check_of_target(code)
            if target in self.equations.names:
                self.assigned.add(target)
            lines += self.names.statements(line, self.where_post, self._assign)
        return lines

    def _assign(self, name, operator, term):
        return [f"{self.names.variables[name].text} {operator} {term.text}"]

    def _check_of_target(self, code):
        """Refuse what a synapse would compute from variables of its target."""
        if found := sorted(name for name in get_identifiers(code) if self._is_of_neuron(name)):
            raise Brian2ImportError(
                f"a synapse in NEST does not see {found[0]}, a variable of its target, when a "
                "spike passes; write a NESTML synapse with a continuous post port, or use NEST's "
                "clopath_synapse or urbanczik_synapse for rules that depend on voltages"
            )

    def _check_names(self, code):
        for name in sorted(get_identifiers(code)):
            if name in _SPECIAL and name not in self.equations.names:
                raise Brian2ImportError(
                    f"a synapse in NEST does not know {name}, {_SPECIAL[name]}; make what depends "
                    "on it a parameter of the synapse"
                )
            if name.endswith("_pre"):
                raise Brian2ImportError(
                    f"a synapse in NEST does not see {name}, a variable of its source neuron"
                    "; make it a parameter of the synapse"
                )

    def _effect(self, variable, operator, code):
        """Split an addition to the target; the first one also sends the spike."""
        _check_target(variable, operator, self.group)
        if operator == "=":
            self._check_setting(variable, code)
            self.effects.append((variable, operator, " ".join(_unsuffixed(code).split())))
            if self.weight is None:
                self.weight, self.weight_dim = sympy.Integer(1), DIMENSIONLESS
                return [self._emission(Term("1", value=1))]
            self._check_weight(sympy.Integer(1))
            return []
        neuron = {name for name in get_identifiers(code) if self._is_of_neuron(name)}
        known = self.pathway.resolve_all(
            get_identifiers(code) - set(self.names.variables),
            self.run_namespace,
            user_identifiers=set(),
        )
        variables = {**self.synapses.variables, **known}
        expression = str_to_sympy(code, variables)
        own = [
            symbol
            for symbol in expression.free_symbols
            if symbol.name in self.names.variables and symbol.name not in neuron
        ]
        share, weight = expression.as_independent(*own, as_Add=False)
        if any(symbol.name in neuron for symbol in weight.free_symbols):
            raise Brian2ImportError(
                "variables of the neuron and of the synapse do not separate into a product; "
                "move the neuron's part into its equations"
            )
        first = self.weight is None
        if first:
            self.weight = weight
        else:
            self._check_weight(weight)
        code = sympy_to_str(share)
        term = self.names.renderer.expression(sympy_to_str(weight), DIMENSIONLESS)
        self.weight_dim = term.dim
        if not own:
            self.effects.append((variable, operator, " ".join(_unsuffixed(code).split())))
            return [self._emission(term)] if first else []
        factors = [_unsuffixed(code)] if share != 1 else []
        amount = " * ".join(factors + _unit_expression(term.dim)) or "1"
        self.effects.append((variable, operator, amount))
        return [self._emission(term)] if first else []

    def _check_weight(self, weight):
        if sympy.simplify(weight - self.weight) != 0:
            raise Brian2ImportError(
                "one spike cannot carry two weights; use one Synapses object for each"
            )

    def _check_setting(self, target, code):
        """Refuse values of which the last spike of a step would decide."""
        if own := sorted(get_identifiers(code) & set(self.names.variables)):
            raise Brian2ImportError(
                f"spikes of a step act together in NEST, so that all have to set {target} to the "
                f"same value, which may not depend on {', '.join(own)}; write `{target} += ...`, "
                "or set a constant"
            )

    def _static_effect(self, line):
        """Split an addition into the neuron's share and the weight, both sympy expressions."""
        with located(self.where, line):
            target, operator, code, _ = parse_statement(line)
            self._check_names(code)
            code, chance = _split_chance(code)
            _refuse_random(code)
            variable = target.removesuffix("_post")
            _check_target(variable, operator, self.group)
            if operator == "=":
                self._check_setting(variable, code)
                return [(variable, _unsuffixed(code), None, chance)]
            known = self.pathway.resolve_all(
                get_identifiers(code) - set(self.names.variables),
                self.run_namespace,
                user_identifiers=set(),
            )
            expression = str_to_sympy(code, {**self.synapses.variables, **known})
            of_neuron = [
                symbol for symbol in expression.free_symbols if self._is_of_neuron(symbol.name)
            ]
            weight, share = expression.as_independent(*of_neuron, as_Add=False)
            if not of_neuron:
                weight, share = expression, sympy.Integer(1)
            if self._depends_on_time(weight):
                raise Brian2ImportError(
                    "the weight of a connection in NEST does not change with time; move what "
                    "does into the target's equations"
                )
            if any(symbol.name in self.names.variables for symbol in share.free_symbols):
                raise Brian2ImportError(
                    "variables of the neuron and of the synapse do not separate into a product; "
                    "move the neuron's part into its equations"
                )
            return [(variable, share, -weight if operator == "-=" else weight, chance)]

    def _depends_on_time(self, weight):
        names = {symbol.name for symbol in weight.free_symbols}
        names = set().union(*(all_names(name, self.equations) for name in names))
        return bool(names & {"t", "t_in_timesteps", "lastupdate"})

    def _joined(self, parts):
        """Join additions to several variables whose weights are in a constant ratio."""
        own = set(self.names.variables)

        def of_synapse(weight):
            symbols = [symbol for symbol in weight.free_symbols if symbol.name in own]
            return weight.as_independent(*symbols, as_Add=False)[1] if symbols else None

        if len(parts) == 1 or any(chance for *_, chance in parts):  # each line draws for itself
            return [
                self._delivery([(variable, share)], weight, chance)
                for variable, share, weight, chance in parts
            ]
        settings = [(variable, share) for variable, share, weight, _ in parts if weight is None]
        found = [self._delivery(settings, None)] if settings else []
        groups = {}
        for variable, share, weight, _ in parts:
            if weight is None:
                continue
            factor = of_synapse(weight)
            rest = weight if factor is None else sympy.simplify(weight / factor)
            factor = sympy.Integer(1) if factor is None else factor
            groups.setdefault(factor, []).append((variable, share * rest))
        return found + [self._delivery(effects, weight) for weight, effects in groups.items()]

    def _delivery(self, effects, weight, chance=None):
        if weight is None:
            setting = tuple((name, "=", " ".join(value.split())) for name, value in effects)
            return Delivery(setting, self.origin, chance=chance)
        code = sympy_to_str(weight)
        dim = self.names.renderer.expression(code, DIMENSIONLESS).dim
        unit = _unit_expression(dim)
        written = []
        for variable, share in effects:
            factors = ([] if share == 1 else [_unsuffixed(sympy_to_str(share))]) + unit
            written.append((variable, "+=", _product(factors)))
        return Delivery(tuple(written), self.origin, code, dim, chance=chance)

    def _is_of_neuron(self, name):
        if name in self.names.variables:
            return False
        return name.endswith("_post") or (
            name in self.group.variables
            and name not in self.synapses.equations.names
            and name not in ("t", "dt", "N", "i")
        )

    def _emission(self, term):
        if term.value == 1 and term.dim is DIMENSIONLESS:
            return f"emit_spike({self.weight_name})"
        product = self.names.renderer.product(Term(self.weight_name), term)
        if term.dim is not DIMENSIONLESS:
            product = self.names.renderer.product(
                product, literal(unit_size(term.dim), term.dim), "/"
            )
        return f"emit_spike({product.text})"

    # What comes of it

    def _port(self, name, has_state):
        if not self.effects:
            return None
        _check_additive(self.effects, self.where, self.pathway.code, self.group)
        if has_state:
            meaning = "connect with the synapse model that goes with it"
        elif self.weight.free_symbols:
            unit = "" if self.weight_dim is DIMENSIONLESS else f" in {unit_text(self.weight_dim)}"
            meaning = f"the weight of a connection is {sympy_to_str(self.weight)}{unit}"
        else:
            meaning = "a spike of weight 1 is one in Brian2"
        return Port(name, tuple(self.effects), self.origin, meaning)

    def _write(self, name, source, body):
        post_body = None
        if self.post is not None:
            with self.names.scope():
                post_body = self._post_statements()
        if self.synapses.event_driven is not None:
            solution = self._event_driven()
            body = [*solution, *body, "lastupdate = t"]
            post_body = post_body and [*solution, *post_body, "lastupdate = t"]
        state, parameters = [], []
        for equation in self.equations.values():
            if equation.type == SUBEXPRESSION:
                continue
            is_state = equation.type == DIFFERENTIAL_EQUATION or equation.varname in self.assigned
            kind = KINDS[equation.var_type]
            value = value_text(self._initial_value(equation), equation.dim, kind)
            unit = type_text(equation.dim, kind)
            name_here = self.names.nestml_name(equation.varname)
            line = f"{name_here} {unit} = {value}    # {equation_line(equation)}"
            (state if is_state else parameters).append(line)
        if self.synapses.event_driven is not None:
            state.append("lastupdate ms = 0 ms    # time of the last spike")
        for term, value in self.names.externals.values():
            unit = type_text(term.dim, term.kind)
            parameters.append(f"{term.text} {unit} = {value_text(value, term.dim, term.kind)}")
        parameters.append(
            f"{self.weight_name} real = 1    # NEST's weight of the connection, a factor"
        )
        if self.lateness:
            value = value_text(self._lateness(), second.dim, "real")
            parameters.append(
                f"{self.lateness} ms = {value}    # NEST's time of a spike minus Brian2's: the "
                "resolution minus the delay"
            )
        notes = [self._delay(), *self.names.rename_notes()]
        if not self.effects and "emit_spike" not in "\n".join(body):
            notes.append("As in Brian2, it adds to no variable of its target, so it sends nothing.")
        blocks = [
            ("state", state),
            ("parameters", parameters),
            ("input", ["pre_spikes <- spike"]),
            ("output", ["spike"]),
            ("onReceive(pre_spikes)", [f"# on_pre: {self.origin}", *body]),
        ]
        if post_body is not None:
            origin = "; ".join(split_statements(self.post.code))
            blocks[2][1].append("post_spikes <- spike")
            blocks.append(("onReceive(post_spikes)", [f"# on_post: {origin}", *post_body]))
        text = "\n".join(write_block(title, lines) for title, lines in blocks if lines)
        functions = "".join(f"\n{function}" for function in self.names.functions.values())
        header = write_header(name, "Brian2", [*written_from(source), *notes])
        return Synapse(
            name,
            f"{header}model {name}:\n\n{text}{functions}",
            notes,
            post_port="" if post_body is None else "post_spikes",
            weight=self.weight_name,
            constants=set(self.names.externals),
            states=[line.split()[0] for line in state],
            lateness=self.lateness,
            renamed=self.names.renamed,
        )

    def _event_driven(self):
        """Render Brian2's own solution of the event-driven equations since the last spike."""
        equations = self.synapses.event_driven
        names = equations.names | equations.identifiers
        variables = {
            **self.synapses.variables,
            **self.synapses.resolve_all(names, self.run_namespace, user_identifiers=set()),
        }
        with located("event-driven equations of", self.synapses.name):
            code = linear(equations, variables)
        elapsed = self.names.fresh("elapsed")
        self.names.variables["dt"] = Term(elapsed, second.dim)
        solutions = [parse_statement(line)[::2][:2] for line in split_statements(code)]
        solutions = {name[1:]: right for name, right in solutions if name.startswith("_")}
        lines, stores = [f"{elapsed} ms = t - lastupdate"], []
        for name, right in solutions.items():
            term = self.names.renderer.expression(right, equations[name].dim)
            new = self.names.nestml_name(name)
            lines.append(f"# {equation_line(equations[name])}")
            if any(
                get_identifiers(other) & {name} for key, other in solutions.items() if key != name
            ):
                local = self.names.fresh(f"new_{name}")
                lines.append(f"{local} {type_text(term.dim, 'real')} = {term.text}")
                stores.append(f"{new} = {local}")
            else:
                lines.append(f"{new} = {term.text}")
        return lines + stores

    def _initial_value(self, equation):
        if len(self.synapses) == 0:
            return 0
        values = np.atleast_1d(getattr(self.synapses, f"{equation.varname}_")[:])
        return values[0]

    def _lateness(self):
        """Give the time by which NEST dates the spike of a first synapse later than Brian2 [s]."""
        step = float(self.synapses.source.clock.dt)
        if self.post is not None:
            return step
        return step - float(np.atleast_1d(self.pathway.variables["delay"].get_value())[0])

    def _delay(self):
        """Tell the delay; NEST keeps it with the connection."""
        if self.post is not None:
            return (
                "It is generated together with its target. Connect with a delay of one time step, "
                "which is Brian2's delay of 0; a longer delay belongs in front of it, to a "
                "parrot_neuron. A spike of the target counts when the next spike passes."
            )
        delays = np.unique(self.pathway.variables["delay"].get_value())
        if len(delays) != 1:
            return "Give each connection its delay, as in Brian2."
        if delays[0] == 0:
            return (
                "Brian2's delay is 0, NEST's shortest is one time step; spikes between neurons act "
                "one step later."
            )
        return f"Connect with Brian2's delay, {value_text(delays[0], second.dim, 'real')}."


def _check_events(synapses):
    for pathway in synapses._pathways:
        if pathway.event != "spike":
            raise Brian2ImportError(
                f"on_event of {synapses.name}: a synapse in NEST reacts to spikes, not to "
                f"{pathway.event}"
            )


def _post_pathway(synapses):
    """Find the pathway of ``on_post``; refuse what NEST has no counterpart of."""
    found = [pathway for pathway in synapses._pathways if pathway.prepost == "post"]
    if not found:
        return None
    others = [pathway for pathway in synapses._pathways if pathway.prepost == "pre"]
    with located(f"on_post of {synapses.name}", found[0].code):
        if len(found) > 1 or len(others) > 1:
            raise Brian2ImportError(
                "NEST's synapses react in one way to spikes of the source and in one to those of "
                f"the target, but there are {len(others)} and {len(found)}; write them as one"
            )
        if np.any(np.atleast_1d(found[0].variables["delay"].get_value()) != 0):
            raise Brian2ImportError(
                "it has a delay, but the importer takes spikes of the target to the synapse at "
                "once; leave out delay={'post': ...}"
            )
        if others and np.ptp(np.atleast_1d(others[0].variables["delay"].get_value())) > 0:
            raise Brian2ImportError(
                "the synapses have different delays, but the importer holds spikes back before "
                "they reach synapses of this kind, all for the same time; give them one delay, or "
                "write a Synapses object for each"
            )
        order = [(one.when, one.order) for one in (*others, *found)]
        if order != [("synapses", -1), ("synapses", 1)]:
            raise Brian2ImportError(
                "a synapse in NEST runs on_pre before on_post, as Brian2 does unless told "
                "otherwise; leave `when` and `order` as they are"
            )
    return found[0]


def _single_pathway(synapses):
    _check_events(synapses)
    for pathway in synapses._pathways:
        if pathway.prepost == "post":
            raise Brian2ImportError(
                f"on_post of {synapses.name} `{' '.join(pathway.code.split())}`: NESTML generates "
                "such a synapse together with its target; import the whole script with --all"
            )
    if not synapses._pathways:
        way = "; a gap junction or a (summed) variable is none" if synapses.summed_updaters else ""
        raise Brian2ImportError(
            f"{synapses.name} has no on_pre, so no spike passes it{way}; for a gap junction use "
            "NEST's gap_junction with a neuron model that has such a port"
        )
    if len(synapses._pathways) != 1:
        raise Brian2ImportError(
            f"{synapses.name} has {len(synapses._pathways)} pathways; give each on_pre a Synapses "
            "object of its own"
        )
    return synapses._pathways[0]


def _check_target(target, operator, group):
    equations = group.user_equations
    if target not in equations.names or equations[target].type == SUBEXPRESSION:
        raise Brian2ImportError(
            f"{target} is no variable of the target; spikes can add to "
            f"{', '.join(name for name in equations if equations[name].type != SUBEXPRESSION)}"
        )
    if operator not in ("+=", "-=", "="):
        raise Brian2ImportError(
            f"a spike in NEST adds to {target} or sets it, it cannot do `{operator}`; write "
            f"`{target} += ...`"
        )


def _check_additive(effects, where, code, group):
    """Refuse amounts that spikes of the same step would change for each other."""
    targets = {target for target, *_ in effects}
    with located(where, code):
        refuse_two_effects(effects)
        for target, _, amount in effects:
            if found := all_names(amount, group.user_equations) & targets:
                raise Brian2ImportError(
                    f"what is added to {target} depends on {', '.join(sorted(found))}, which the "
                    "same code changes; NEST adds up all spikes of a step before they act"
                )


def _unsuffixed(code):
    """Neuron's own names instead of those with _post."""
    return re.sub(r"\b([A-Za-z]\w*)_post\b", r"\1", code)


def _split_chance(code):
    """Take a factor such as ``(rand() < p)`` out of an expression.

    Returns
    -------
    rest : str
    chance : str or None
        The probability p.
    """
    factors, chance = [], None
    pending = [ast.parse(" ".join(code.split()), mode="eval").body]
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            pending = [node.left, node.right, *pending]
            continue
        inner = node
        if isinstance(node, ast.Call) and node.func.id == "int":
            (inner,) = node.args
        is_draw = (
            isinstance(inner, ast.Compare)
            and len(inner.ops) == 1
            and isinstance(inner.ops[0], ast.Lt)
            and ast.unparse(inner.left) == "rand()"
        )
        if is_draw and chance is None:
            chance = ast.unparse(inner.comparators[0])
        else:
            factors.append(f"({ast.unparse(node)})")
    if chance is None:
        return code, None
    return " * ".join(factors) or "1", chance


def _refuse_random(code):
    """Refuse a random number of each spike: the neuron sees the sum of a step's spikes."""
    if found := sorted(get_identifiers(code) & {"rand", "randn", "poisson"}):
        raise Brian2ImportError(
            f"{found[0]}() draws a number for each spike, but a neuron in NEST sees the sum of the "
            "spikes of a step; leave it out, and connect with NEST's bernoulli_synapse for spikes "
            "that are dropped at random, or draw the weights when you connect"
        )


def _product(factors):
    """Write a product; a sum among the factors needs parentheses."""
    return " * ".join(factors if len(factors) == 1 else map("({})".format, factors)) or "1"


def unit_of_variable(group, name):
    """Write our unit of a variable as a Brian2 expression.

    Parameters
    ----------
    group : brian2.Group
    name : str

    Returns
    -------
    str
    """
    return _product(_unit_expression(group.variables[name].dim))


def _unit_expression(dim):
    """Our unit of a dimension, in which NEST's weight counts, as factors of a Brian2 expression."""
    if dim is DIMENSIONLESS:
        return []
    units = ("meter", "kilogram", "second", "amp", "kelvin", "mole", "candle")
    powers = zip(units, dim._dims, strict=True)
    return [repr(unit_size(dim)), *(f"{unit}**{power:g}" for unit, power in powers if power)]
