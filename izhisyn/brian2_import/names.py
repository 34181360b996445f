# SPDX-License-Identifier: GPL-2.0-or-later
"""What the names in a Brian2 model stand for, and which of them NESTML can declare."""

import contextlib
import math
import re

import numpy as np
from brian2.core.functions import Function, SymbolicConstant
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Constant
from brian2.input.timedarray import TimedArray
from brian2.parsing.statements import parse_statement
from brian2.units.allunits import second
from brian2.units.fundamentalunits import DIMENSIONLESS
from brian2.utils.stringtools import get_identifiers

from izhisyn.brian2_import.errors import Brian2ImportError, located
from izhisyn.brian2_import.expressions import NestmlRenderer, Term, literal
from izhisyn.brian2_import.units import number_text, unit_text

MAX_TIMED_ARRAY = 100  # lines that a person would still read
MAX_TABLE = 5e7  # numbers, of all neurons of a group, which take 0.4 GB

# NESTML's keywords and predefined names, C++'s keywords, and what NEST's own status holds.
_RESERVED = {
    "NESTML": (
        "and boolean continuous convolve delay delta else elif emit_spike end equations false for"
        " function if in info inf inline input integer integrate_odes internals is kernel ln max"
        " min model not on onCondition onReceive or output parameters pi pow print println priority"
        " random_normal random_poisson random_uniform real recordable resolution return round spike"
        " state step steps string t timestep true update void warning while e erf erfc"
    ),
    "C++": (
        "alignas alignof asm auto bitand bitor bool break case catch char class compl const"
        " constexpr continue decltype default delete do double enum explicit export extern float"
        " friend goto inline int long mutable namespace new noexcept nullptr operator private"
        " protected public register reinterpret_cast requires short signed sizeof static struct"
        " switch template this thread_local throw try typedef typeid typename union unsigned using"
        " virtual volatile wchar_t xor"
    ),
    "C++ (as a macro)": (
        "BUFSIZ EOF EXIT_FAILURE EXIT_SUCCESS HUGE_VAL INFINITY NAN NDEBUG NULL RAND_MAX assert"
        " errno linux major makedev minor offsetof stderr stdin stdout unix va_arg va_end va_list"
    ),
    "the carried-over model": "time n_steps",
    "NEST": (
        "archiver_length beta_Ca Ca element_type frozen global_id history K_value K_values local"
        " local_device_id LTD_value model_id name node_id node_uses_wfr post_trace recordables"
        " shift spiketime_ms status supports_precise_spikes synaptic_elements t_spike tau_Ca"
        " tau_minus tau_minus_triplet thread thread_lid thread_local_id tmp_nc_index vp"
    ),
}
_OWNERS = {name: owner for owner, names in _RESERVED.items() for name in names.split()}

_EXPREL = """\
    # (exp(x) - 1) / x, also at 0
    function exprel(x real) real:
        return abs(x) < 1e-16 ? 1.0 : expm1(x) / x
"""


class Names:
    """The names of one Brian2 group, as NESTML terms.

    Parameters
    ----------
    group : brian2.Group
        Where Brian2 looks names up.
    run_namespace : dict
        Values of names that the group does not know.
    variables : dict
        `Term` of each variable of the model and of each special symbol that may be used.
    codes : iterable of str
        All code of the model, whose names no variable of our own may have.
    reserved : dict of str to str
        Names that are reserved besides those of every model, each with its owner.

    Attributes
    ----------
    renamed : dict of str to str
        What is called otherwise in the model, because its name is reserved.
    tables : dict of str to brian2.TimedArray or None
        Those that are no readable function and become vectors, whose values a script sets; None
        if there is no such script.
    """

    def __init__(self, group, run_namespace, variables, codes=(), reserved=()):
        self.group = group
        self.run_namespace = run_namespace
        self.variables = variables
        self.reserved = _OWNERS | dict(reserved)
        self.taken = set().union(*map(get_identifiers, codes), variables, self.reserved)
        self.renamed = {}
        self.tables = None
        self.used = set()
        self.externals = {}
        self.functions = {}
        self.renderer = NestmlRenderer(self._resolve, self._call)

    def external(self, name):
        """Look up a name outside the equations, in Brian2's order."""
        return self.group.resolve_all({name}, self.run_namespace, user_identifiers=set())[name]

    def fresh(self, name):
        """Find a name like this one that nothing else has, and take it."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def nestml_name(self, name):
        """Give the name that a variable or constant has in the model: mostly its own."""
        if name in self.reserved and name not in self.renamed:
            number = 1
            while f"{name}_{number}" in self.taken:
                number += 1
            self.renamed[name] = f"{name}_{number}"
            self.taken.add(self.renamed[name])
        return self.renamed.get(name, name)

    def rename_notes(self):
        """Say what is called otherwise than in Brian2, a sentence for each."""
        return [
            f"{name} is called {new} here: {self.reserved[name]} uses the name {name} itself."
            for name, new in self.renamed.items()
        ]

    def statements(self, code, where, assign):
        """Render the statements of a reset or the like.

        Parameters
        ----------
        code : str
            Statements, separated by line breaks or semicolons.
        where : str
            What the code is, for messages.
        assign : callable
            Called with the name, operator and `Term` of each assignment to a variable; returns
            the lines for it.

        Returns
        -------
        list of str
        """
        lines = []
        for line in split_statements(code):
            with located(where, line):
                name, operator, expression, _ = parse_statement(line)
                known = self.variables.get(name)
                if known is None:
                    term = self.renderer.expression(expression, DIMENSIONLESS)
                    new = self.nestml_name(name)
                    self.variables[name] = Term(new, term.dim, term.kind, bare=term.bare)
                    unit = "real" if term.bare else type_text(term.dim, term.kind)
                    lines.append(f"{new} {unit} = {term.text}")
                    continue
                if operator not in ("=", "+=", "-="):
                    operator, expression = "=", f"{name} {operator[:-1]} ({expression})"
                term = self.renderer.expression(expression, known.dim, known.kind)
                lines += assign(name, operator, term)
        return lines

    @contextlib.contextmanager
    def scope(self):
        """Forget the temporary variables of the statements within."""
        before = dict(self.variables)
        yield
        self.variables.clear()
        self.variables.update(before)

    def _resolve(self, name):
        self.used.add(name)
        if name in self.variables:
            return self.variables[name]
        if name in self.externals:
            return self.externals[name][0]
        found = self.external(name)
        if isinstance(found, SymbolicConstant):
            return Term(name)
        if isinstance(found, Function):
            raise Brian2ImportError(f"{name} is a function; give it an argument, such as {name}(t)")
        if not isinstance(found, Constant):
            raise Brian2ImportError(
                f"{name} belongs to another part of the simulation; make it a parameter of these "
                "equations"
            )
        unit = DEFAULT_UNITS.get(name)
        if unit is not None and unit.dim is found.dim and float(unit) == found.get_value():
            return literal(float(unit), found.dim)
        kind = "boolean" if found.dtype == bool else "real"
        term = Term(self.nestml_name(name), found.dim, kind)
        self.externals[name] = (term, found.get_value())
        return term

    def _call(self, name, arguments):
        if name == "exprel":
            self.functions[name] = _EXPREL
            return Term(f"exprel({arguments[0].text})")
        function = self.external(name)
        if not isinstance(function, TimedArray):
            raise Brian2ImportError(
                f"the function {name}() is not one of Brian2's own; write its formula into the "
                "equations, or compute it outside and use a TimedArray"
            )
        new = self.nestml_name(name)
        if self.tables is not None and not is_readable(function):
            self.tables[name] = function
            return Term(f"{new}[{self._row(name, function, arguments)}]", function.dim)
        self.functions[name] = timed_array(new, function)
        return Term(f"{new}({arguments[0].text})", function.dim)

    def _row(self, name, array, arguments):
        """Write the index of the value of a table at a time, rounded as Brian2 rounds."""
        if array.values.ndim == 2 and (
            arguments[1].text != "i" or array.values.shape[1] < len(self.group)
        ):
            raise Brian2ImportError(
                f"each of the {len(self.group)} neurons has a column of its own of the TimedArray "
                f"{name}, which has {array.values.shape[1]}; write {name}(t, i)"
            )
        size = len(array.values) * len(self.group)
        if size > MAX_TABLE:
            raise Brian2ImportError(
                f"the TimedArray {name} would take {8e-9 * size:.1f} GB, as each neuron has its "
                "values; connect a step_current_generator instead"
            )
        steps = array_steps(array, float(self.group.clock.dt))
        unit = value_text(array.dt / steps, second.dim, "real")
        row = f"floor(({arguments[0].text}) / ({unit}) + 0.5) / {steps}"
        return f"floor(max(0.0, min({len(array.values) - 1}.0, {row})))"


def is_reserved(name):
    """Whether NESTML, C++ or NEST needs a name for itself."""
    return name in _OWNERS


def refuse_reserved_name(name, kind):
    """Refuse a name that NESTML, C++ or NEST needs for itself."""
    if name in _OWNERS:
        raise Brian2ImportError(
            f"the {kind} {name} has a name that {_OWNERS[name]} uses itself; call it {name}_1, for "
            "example"
        )


def type_text(dim, kind):
    """NESTML type of a variable."""
    return unit_text(dim) if kind == "real" else kind


def value_text(value, dim, kind):
    """NESTML literal of an SI value, with its unit."""
    if kind == "boolean":
        return str(bool(value)).lower()
    if kind == "integer":
        return str(int(value))
    if dim is DIMENSIONLESS:
        return number_text(float(value))
    if value in (float("inf"), float("-inf")):
        return f"{number_text(float(value))} * (1 {unit_text(dim)})"
    return literal(float(value), dim).text


def indent(lines):
    """Indent lines by one level."""
    return [f"    {line}" for line in lines]


def split_statements(code):
    """Split a reset or the like into its statements, without comments and empty ones."""
    lines = (line.split("#")[0].strip() for line in re.split(r"[;\n]", code))
    return [line for line in lines if line]


def array_steps(array, step):
    """Give the number of parts of an interval of a TimedArray to which Brian2 rounds a time.

    Parameters
    ----------
    array : brian2.TimedArray
    step : float
        Time step [s].

    Returns
    -------
    int
    """
    return max(2 ** math.ceil(math.log2(8 / step * float(array.dt))), 1)


def is_readable(array):
    """Whether a TimedArray changes as rarely as a person would write in a function."""
    values = array.values
    return values.ndim == 1 and np.count_nonzero(np.diff(values)) <= MAX_TIMED_ARRAY


def timed_array(name, array):
    """Write a TimedArray as a NESTML function of time.

    Parameters
    ----------
    name : str
    array : brian2.TimedArray

    Returns
    -------
    str
    """
    values = array.values
    if values.ndim != 1:
        raise Brian2ImportError(
            f"the TimedArray {name} has a column for each neuron, which no NESTML function has; "
            "import the whole script with --all, which writes the values to a file"
        )
    changes = [k for k in range(1, len(values)) if values[k] != values[k - 1]]
    if len(changes) > MAX_TIMED_ARRAY:
        raise Brian2ImportError(
            f"the TimedArray {name} changes {len(changes)} times, too often for a readable "
            "function; import the whole script with --all, which writes the values to a file"
        )
    unit = unit_text(array.dim)
    lines = [
        "    # 1e-6 ms, below NEST's unit of time, keeps rounding from moving a change by a step",
        f"    function {name}(time ms) {unit}:",
    ]
    for change in changes:
        end = value_text(change * array.dt, second.dim, "real")
        value = value_text(values[change - 1], array.dim, "real")
        lines.append(f"        if time + 1e-6 ms < {end}:")
        lines.append(f"            return {value}")
    lines.append(f"        return {value_text(values[-1], array.dim, 'real')}")
    return "\n".join(lines) + "\n"
