# SPDX-License-Identifier: GPL-2.0-or-later
"""The values that a Brian2 script gives to the neurons of a group, as numpy code."""

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, get_dimensions
from brian2.utils.stringtools import get_identifiers

from izhisyn.brian2_import.python_code import (
    CannotExpressError,
    array_code,
    in_our_units,
    is_random,
)
from izhisyn.brian2_import.units import number

# Values of a script and those computed by the written code differ by rounding.
TOLERANCE = 1e-9


class InitialValues:
    """The values of a population's variables when the simulation begins.

    Parameters
    ----------
    population : izhisyn.brian2_import.network.Population
    assignments : list of izhisyn.brian2_import.whole_script.Assignment
        What the script did before its first ``run()``.
    constants : izhisyn.brian2_import.python_code.Constants
    drawn : dict of str to numpy.ndarray
        Gets the arrays that the script cannot compute.
    keep_random : bool
        Whether to carry over the numbers that the script drew.
    names : dict of str to str
        Name in the script of each Brian2 object.

    Attributes
    ----------
    lines : list of str
        Statements that compute arrays.
    values : dict of str to str
        Python code for the value of each parameter that is not the model's default.
    uses_random : bool
    """

    def __init__(self, population, assignments, constants, drawn, keep_random, names):
        self.names = names
        self.group = population.group
        self.model = population.model
        self.name = population.name
        self.constants = constants
        self.drawn = drawn
        self.keep_random = keep_random
        self.lines, self.values = [], {}
        self.arrays = {}  # variables that differ between neurons, with their values
        self.random = set()
        self._collect()
        own = {id(self.group.variables[name]): name for name in self.arrays}
        relevant = [(own[id(a.variable)], a) for a in assignments if id(a.variable) in own]
        self._write(relevant)
        self.uses_random = any("rng." in line for line in self.lines)
        if self.model.has_index:
            self.values["i"] = f"np.arange({len(self.group)})"

    def _collect(self):
        for name, default in self.model.defaults.items():
            if name in self.model.constants or name not in self.group.variables:
                continue
            values = in_our_units(
                np.atleast_1d(getattr(self.group, f"{name}_")[:]), self.group.variables[name].dim
            )
            if np.all(values == values[0]):
                value = number(
                    np.atleast_1d(getattr(self.group, f"{name}_")[:])[0], self._dim(name)
                )
                if value != default:
                    self.values[name] = repr(value)
                continue
            self.arrays[name] = values

    def _dim(self, name):
        return self.group.variables[name].dim

    def _write(self, relevant):
        """Write code for the arrays; what it does not reproduce is carried over as numbers."""
        stored = set()
        while True:
            lines, computed = self._replay(relevant, stored)
            wrong = {
                name
                for name, values in self.arrays.items()
                if name not in stored and not self._agrees(name, values, computed)
            }
            if not wrong:
                break
            stored |= wrong
        self.lines = lines
        for name in self.arrays:
            if name in stored:
                self.values[name] = self._store(name, self.arrays[name])
            else:
                self.values[name] = name

    def _agrees(self, name, values, computed):
        if name not in computed:
            return False
        if name in self.random:
            return not self.keep_random
        return bool(np.allclose(computed[name], values, rtol=TOLERANCE, atol=0))

    def _replay(self, relevant, stored):
        lines = []
        computed = {}
        self.random = set()
        failed = set()
        namespace = {"np": np, "rng": np.random.default_rng(1)}
        for name, assignment in relevant:
            if name in stored or name in failed:
                continue
            try:
                new = self._statements(name, assignment, computed, stored)
                namespace |= {key: value for key, (value, _) in self.constants.values.items()}
                namespace["drawn"] = self.drawn
                for line in new:
                    exec(line, namespace)
            except Exception as error:
                if not isinstance(error, CannotExpressError | ValueError | TypeError | IndexError):
                    raise
                failed.add(name)
                computed.pop(name, None)
                continue
            computed[name] = namespace[name]
            lines.append((name, new))
        assigned = set(computed)
        kept = [group for group in lines if group[0] in assigned]
        return [line for _, group in kept for line in group], computed

    def _statements(self, name, assignment, computed, stored):
        size = len(self.group)
        part = self._part(assignment)
        n_values = part.stop - part.start
        whole = n_values == size
        value = assignment.value
        if isinstance(value, str):
            code = self._expression(value, assignment, part, computed, stored)
            if is_random(value):
                self.random.add(name)
            if not {"rng", "np"} & get_identifiers(code) and whole and "[" not in code:
                names = get_identifiers(code) & set(self.arrays)
                if not names:
                    code = f"np.full({size}, {code})"
        else:
            array = np.asarray(value, dtype=float)
            dim = get_dimensions(value)
            if dim is DIMENSIONLESS:
                dim = DIMENSIONLESS if self._dim(name) is DIMENSIONLESS else self._dim(name)
            if array.size == 1:
                code = repr(number(array.item(), dim))
                if whole:
                    code = f"np.full({size}, {code})"
            else:
                key = name if whole else f"{name}_{part.start}"
                code = self._store(key, in_our_units(array, dim))
        origin = [f"# {self._origin(name, assignment)}"] if isinstance(value, str) else []
        if whole:
            return [*origin, f"{name} = {code}"]
        declare = [] if name in computed else [f"{name} = np.zeros({size})"]
        return [*declare, *origin, f"{self._sliced(name, part)} = {code}"]

    def _sliced(self, name, part):
        """Write a part of an array."""
        begin = part.start or ""
        end = "" if part.stop == len(self.group) else part.stop
        if len(part) == 1:
            return f"{name}[{part.start}]"
        return f"{name}[{begin}:{end}]"

    def _origin(self, name, assignment):
        """Write an assignment as in Brian2."""
        item = assignment.item
        is_all = isinstance(item, slice) and item == slice(None)
        index = "" if is_all or item == "True" else f"[{item!r}]"
        owner = self.names.get(assignment.owner, assignment.owner)
        return f"{owner}.{name}{index} = {' '.join(assignment.value.split())!r}"

    def _part(self, assignment):
        """Give the range of neurons that an assignment sets."""
        first, end = assignment.span
        item = assignment.item
        if isinstance(item, slice):
            start, stop, step = item.indices(end - first)
            if step != 1:
                raise CannotExpressError
            return range(first + start, first + stop)
        if isinstance(item, int | np.integer):
            return range(first + int(item), first + int(item) + 1)
        if isinstance(item, str) and item == "True":
            return range(first, end)
        raise CannotExpressError

    def _expression(self, code, assignment, part, computed, stored):
        variables = {"N": str(assignment.span[1] - assignment.span[0]), "t": "0.0"}
        offset = part.start - assignment.span[0]
        n_values = part.stop - part.start
        shift = f"{offset}, {offset + n_values}" if offset else f"{n_values}"
        variables["i"] = f"np.arange({shift})"
        for name in get_identifiers(code) & set(self.model.defaults):
            if name in self.model.constants or name not in self.group.variables:
                continue
            if name not in self.arrays:
                variables[name] = self.values.get(name, repr(self.model.defaults[name]))
            elif name in stored:
                raise CannotExpressError
            elif name not in computed:
                raise CannotExpressError
            elif n_values == len(self.group):
                variables[name] = name
            else:
                variables[name] = self._sliced(name, part)
            if name in self.random:
                self.random.add(self._name_of(assignment))

        def resolve(name):
            return self.group.resolve_all({name}, assignment.namespace, user_identifiers=set())[
                name
            ]

        return array_code(code, resolve, variables, str(n_values), self.constants)

    def _name_of(self, assignment):
        return next(
            name for name in self.arrays if self.group.variables[name] is assignment.variable
        )

    def _store(self, key, values):
        key = f"{self.name}_{key}"
        self.drawn[key] = np.asarray(values)
        return f'drawn["{key}"]'
