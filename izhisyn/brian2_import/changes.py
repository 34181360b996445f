# SPDX-License-Identifier: GPL-2.0-or-later
"""What a Brian2 script changes between two ``run()``, as statements of a PyNEST script."""

import numpy as np
from brian2.core.variables import Constant
from brian2.input.timedarray import TimedArray
from brian2.utils.stringtools import get_identifiers

from izhisyn.brian2_import.network import sliced
from izhisyn.brian2_import.python_code import (
    CannotExpressError,
    array_code,
    in_our_units,
    is_random,
)
from izhisyn.brian2_import.units import number
from izhisyn.import_output.pynest import call, comment, statement


class Changes:
    """Writes the statements before each further ``run()``.

    Parameters
    ----------
    network : izhisyn.brian2_import.network.Network
    runs : list of izhisyn.brian2_import.whole_script.Run
    constants : izhisyn.brian2_import.python_code.Constants
    drawn : dict of str to numpy.ndarray
        Gets the arrays that the script cannot compute.
    model : callable
        Writes the name of a model.
    leave : callable
        Notes a sentence about what is left behind.

    Attributes
    ----------
    uses_random : bool
        Whether a statement draws numbers.
    """

    def __init__(self, network, runs, constants, drawn, model, leave):
        self.network = network
        self.runs = runs
        self.constants = constants
        self.drawn = drawn
        self.model = model
        self.leave = leave
        self.uses_random = False

    def before(self, run):
        """Write what the script does before a further run."""
        lines = []
        for assignment in run.assignments:
            lines += self._change(assignment)
        previous = self.runs[self.runs.index(run) - 1]
        for population in self.network.populations.values():
            if population.model is not None:
                constants = population.model.constants - {"refractory"}
                for name, now in _changed(population.group, constants, previous, run):
                    new = population.model.renamed.get(name, name)
                    lines.append(f"{population.name}.{new} = {number(now.get_value(), now.dim)!r}")
                names = population.model.functions | population.model.tables.keys()
                names &= run.namespace.keys()
            else:
                names = get_identifiers(str(getattr(population.group, "_rates", "")))
                names &= run.namespace.keys()
            for name, _ in _changed(population.group, names, previous, run):
                lines += self._leave_change(f"{name} of {population.name}", run.line)
        for projection in self.network.projections:
            lines += self._changed_synapses(projection, previous, run)
        return lines

    def _changed_synapses(self, projection, previous, run):
        """Write the changes of constants on which the synapses of a projection depend."""
        lines, synapses = [], projection.synapses
        for delivery in projection.deliveries:
            if delivery.model is None:
                names = get_identifiers(f"{delivery.weight} + {delivery.chance}")
                for name, _ in _changed(synapses, names & run.namespace.keys(), previous, run):
                    lines += self._leave_change(
                        f"{name} in the weights of {projection.name}", run.line
                    )
                continue
            connections = call("nest.GetConnections", synapse_model=self.model(delivery.model))
            for name, now in _changed(synapses, delivery.model.constants, previous, run):
                value = repr(number(now.get_value(), now.dim))
                new = delivery.model.renamed.get(name, name)
                lines += statement(connections, after=f".{new} = {value}")
                if delivery.model.post_port:
                    self.leave(
                        f"{projection.name}: spikes of the target count when the next one of the "
                        f"source passes, so that those before line {run.line} may count with the "
                        f"{name} that is set there"
                    )
                else:
                    self.leave(
                        f"{projection.name}: a synapse in NEST acts when its spike is sent, so "
                        f"that spikes under way in line {run.line} act with the other {name}"
                    )
        return lines

    def _leave_change(self, what, line):
        sentence = f"the change of {what} before line {line}"
        self.leave(sentence)
        return comment(f"left behind: {sentence}")

    def _change(self, assignment):
        where = f"line {assignment.line}"
        for population in self.network.populations.values():
            group = population.group
            names = [
                name
                for name in (population.model.defaults if population.model else ())
                if name in group.variables and group.variables[name] is assignment.variable
            ]
            if not names:
                continue
            (name,) = names
            try:
                return self._set(population, name, assignment)
            except CannotExpressError:
                break
        owner = self.network.names.get(assignment.owner, assignment.owner)
        what = f"the change of {owner}.{assignment.variable.name} in {where}"
        sentence = f"{what}: {self._why_not_changed(assignment)}"
        self.leave(sentence)
        return comment(f"left behind: {sentence}")

    def _why_not_changed(self, assignment):
        owner = assignment.variable.owner
        known = [projection.synapses.name for projection in self.network.projections]
        if getattr(owner, "name", None) in known:
            return "it belongs to synapses; set it by nest.GetConnections, between the runs"
        if getattr(owner, "name", None) in self.network.populations:
            return "its index or value has no counterpart in numpy; set it between the runs"
        return "it belongs to nothing that is carried over"

    def _set(self, population, name, assignment):
        first, end = assignment.span
        item = assignment.item
        if isinstance(item, slice) and item != slice(None):
            start, stop, step = item.indices(end - first)
            if step != 1:
                raise CannotExpressError
            first, end = first + start, first + stop
        elif isinstance(item, int | np.integer):
            first, end = first + int(item), first + int(item) + 1
        elif not (isinstance(item, slice) or (isinstance(item, str) and item == "True")):
            raise CannotExpressError
        neurons = sliced(population, first, end)
        value = assignment.value
        dim = population.group.variables[name].dim
        if isinstance(value, str):
            group = population.group

            def resolve(one):
                return group.resolve_all({one}, assignment.namespace, user_identifiers=set())[one]

            variables = {"i": f"np.arange({end - first})"}
            for other in get_identifiers(value) & set(population.model.defaults):
                if other not in population.model.constants:
                    new = population.model.renamed.get(other, other)
                    variables[other] = f"np.array({neurons}.{new})"
            text = array_code(value, resolve, variables, str(end - first), self.constants)
            self.uses_random |= is_random(value)
        else:
            array = in_our_units(np.asarray(value, dtype=float), dim)
            if array.size == 1:
                text = repr(number(np.asarray(value).item(), dim))
            else:
                key = f"{population.name}_{name}_line_{assignment.line}"
                self.drawn[key] = array
                text = f'drawn["{key}"]'
        late = population.model.touched & {name} if population.spikes_first else ()
        note = ["# the spikes of the step before still follow"] if late else []
        return [*note, f"{neurons}.{population.model.renamed.get(name, name)} = {text}"]


def _changed(thing, names, previous, run):
    """Find constants and functions of a Brian2 object that a further run has with other values."""
    for name in sorted(names):
        before, now = (
            thing.resolve_all({name}, one.namespace, user_identifiers=set())[name]
            for one in (previous, run)
        )
        if isinstance(now, TimedArray):
            same = float(before.dt) == float(now.dt) and np.array_equal(before.values, now.values)
        elif isinstance(now, Constant):
            same = before.get_value() == now.get_value()
        else:
            same = True  # a variable, or a function of Brian2's own
        if not same:
            yield name, now
