# SPDX-License-Identifier: GPL-2.0-or-later
"""A Brian2 script executed to its end without a simulation, and what it does on the way."""

import ast
import contextlib
import sys
from dataclasses import dataclass, field
from unittest import mock

import brian2
import numpy as np
from brian2.core.base import BrianObject
from brian2.core.magic import MagicNetwork
from brian2.core.namespace import get_local_namespace
from brian2.core.variables import ArrayVariable, VariableView
from brian2.monitors.spikemonitor import EventMonitor
from brian2.units.allunits import second
from brian2.units.fundamentalunits import fail_for_dimension_mismatch

from izhisyn.brian2_import.errors import Brian2ImportError
from izhisyn.brian2_import.inventory import objects_that_run, run_calls
from izhisyn.brian2_import.script import (
    ScriptStopped,
    instead_of_run,
    outer_level,
    read_script,
    running,
)

MONITORS = (EventMonitor, brian2.StateMonitor, brian2.PopulationRateMonitor)
_GROUPS = (brian2.NeuronGroup, brian2.PoissonGroup, brian2.SpikeGeneratorGroup)
MAX_RUNS = 50  # a script with more is a loop over trials, not one simulation


@dataclass(frozen=True)
class Assignment:
    """A statement such as ``G.v[:10] = 'rand()*mV'``.

    Attributes
    ----------
    variable
        Brian2's variable.
    owner
        Name of the group or subgroup through which it was set.
    span
        First index of that group in the whole one, and the index behind its last one.
    item
        Index, slice, array or condition; ``slice(None)`` for all.
    value
        Number, array or expression.
    namespace
        Names that an expression may use.
    line
        Line of the script.
    """

    variable: object
    owner: str
    span: tuple
    item: object
    value: object
    namespace: dict
    line: int | None


@dataclass(frozen=True)
class Connection:
    """A call of ``connect``.

    Attributes
    ----------
    arguments
        By name.
    namespace
        Names that an expression may use.
    first, end
        Range of the synapses that it made.
    """

    arguments: dict
    namespace: dict
    first: int
    end: int


@dataclass
class Run:
    """A call of ``run()``.

    Attributes
    ----------
    duration
        Simulated time [s].
    namespace
        Names with which Brian2 would have run.
    line
        Line of the script.
    assignments
        Those since the run before.
    monitors
        Those that did not run before.
    """

    duration: float
    namespace: dict
    line: int | None
    assignments: list = field(default_factory=list)
    monitors: list = field(default_factory=list)


@dataclass
class WholeScript:
    """What a script does.

    Attributes
    ----------
    objects
        The names where ``run()`` was called first.
    running
        The objects that run.
    schedule
        The order of a step.
    runs
        The calls of ``run()`` for these objects.
    connections
        For each Synapses object, by its name, its calls of ``connect``.
    left_behind
        What happened that is not in `runs`, a sentence for each.
    """

    objects: dict = field(default_factory=dict)
    running: set = field(default_factory=set)
    schedule: list = field(default_factory=list)
    runs: list = field(default_factory=list)
    connections: dict = field(default_factory=dict)
    left_behind: list = field(default_factory=list)

    def duration(self):
        """Give the simulated time of all runs [s]."""
        return sum(run.duration for run in self.runs)


def execute_whole(path, number=1):
    """Execute a script up to the last ``run()`` of a network; none of them happens.

    Parameters
    ----------
    path : pathlib.Path
    number : int
        Which of the networks that the script simulates one after the other; the first is 1.

    Returns
    -------
    WholeScript

    Raises
    ------
    Brian2ImportError
        If the script fails before its first ``run()``, or has none.
    """
    source, code = read_script(path)
    recorder = _Recorder(path, source, number)
    names = {"__name__": "__main__", "__file__": str(path)}
    with instead_of_run(recorder.run), recorder.watching():
        try:
            with running(path):
                exec(code, names)
        except ScriptStopped:
            pass
        except Brian2ImportError as error:
            if not recorder.script.runs:
                raise
            recorder.note_end_of_script(error)
    for variable, values in recorder.initial:
        variable.set_value(values)
    if not recorder.script.runs:
        raise Brian2ImportError(
            f"{path} does not call run(), so nothing is known of what it simulates; call run() in "
            "it, or name a group with --neuron"
        )
    if recorder.number < number:
        raise Brian2ImportError(
            f"{path} simulates {recorder.number} networks, so that there is no network {number}; "
            f"choose --network 1 to {recorder.number}"
        )
    return recorder.script


class _Recorder:
    """Notes what a script does; `script` has the result."""

    def __init__(self, path, source, wanted):
        self.path = path
        self.wanted = wanted
        self.number = 1
        self.source = source
        self.run_lines = run_calls(source)
        self.last_lines = _lines_after_which_nothing_runs(source)
        self.assignments, self.every_assignment = [], []
        self.initial = []
        self.in_library = False
        self.connections = {}  # by id; two objects may have the same name, one after the other
        self.script = WholeScript()

    def run(self, network, duration, namespace, objects):
        """Stand in for ``run()``."""
        fail_for_dimension_mismatch(duration, second, "the duration of run() is a time")
        line = self._line()
        is_magic = isinstance(network, MagicNetwork)
        found = objects_that_run(None if is_magic else network, objects)
        if self.script.runs and not self._is_same_network(found):
            self._begin_network(found, line)
        script = self.script
        if not script.runs:
            script.objects, script.running = dict(objects), found
            script.schedule = list(network.schedule)
            for synapses, calls in self.connections.values():
                if any(synapses is thing for thing in found):
                    script.connections[synapses.name] = calls
            self.initial = [
                (variable, np.array(variable.get_value()))
                for thing in found
                if hasattr(thing, "variables")
                for variable in thing.variables.values()
                if isinstance(variable, ArrayVariable)
            ]
        elif len(script.runs) == MAX_RUNS:
            self._stop(
                f"what follows the first {MAX_RUNS} runs: so many are a loop over trials; write it "
                "around simulate() in run.py"
            )
        for name, thing in objects.items():
            script.objects.setdefault(name, thing)
        names = dict(objects if namespace is None else namespace)  # which may change later
        known = {thing.name for thing in script.running}
        monitors = [thing for thing in found if thing.name not in known] if script.runs else []
        script.running |= set(monitors)
        script.runs.append(Run(float(duration), names, line, self.assignments, monitors))
        self.assignments = []
        _advance(script.running, float(duration))
        if line in self.last_lines:
            raise ScriptStopped

    def _begin_network(self, found, line):
        """Forget the networks before the wanted one; stop behind it."""
        if self.number == self.wanted:
            self._stop(
                f"what runs from line {line} on, which is another network: --network "
                f"{self.number + 1} imports it"
            )
        self.number += 1
        self.script = WholeScript()
        self.assignments = list(self.every_assignment)
        for thing in found:
            if hasattr(thing, "clock"):
                thing.clock.variables["t"].set_value(0.0)
                thing.clock.variables["timestep"].set_value(0)

    def _is_same_network(self, found):
        """Whether the same objects run as before, but for additional monitors."""
        known = {thing.name: thing for thing in self.script.running}
        names = {thing.name for thing in found}
        for thing in found:
            if thing.name not in known and not isinstance(thing, MONITORS):
                return False
            if isinstance(thing, (*_GROUPS, brian2.Synapses)) and known[thing.name] is not thing:
                return False  # another object of the same name
        return known.keys() <= names

    def note_end_of_script(self, error):
        """Say what is missing if the script fails after a run, which had no results."""
        rest = [line for line in self.run_lines if line > self.script.runs[-1].line]
        if rest:
            self.script.left_behind.append(
                f"the runs in line {', '.join(map(str, rest))}: the script needs results of the "
                f"runs before, and none happens while it is imported ({_without_remedy(error)}); "
                "write them into run.py"
            )

    def _stop(self, sentence):
        self.script.left_behind.append(sentence)
        raise ScriptStopped

    def _line(self):
        frame = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename == str(self.path):
                return frame.f_lineno
            frame = frame.f_back
        return None

    @contextlib.contextmanager
    def watching(self):
        """Context in which assignments, connections and ``restore`` are noted."""
        set_item, connect = VariableView.set_item, brian2.Synapses.connect
        recorder = self

        def noting_set_item(view, item, value, level=0, namespace=None):
            if namespace is None:
                namespace = get_local_namespace(outer_level(1))
            if not recorder.in_library:
                recorder._note_assignment(view, item, value, namespace)
            set_item(view, item, value, namespace=namespace)

        def noting_connect(synapses, *arguments, **keywords):
            names = ("condition", "i", "j", "p", "n", "skip_if_invalid", "namespace", "level")
            given = dict(zip(names, arguments, strict=False)) | keywords
            given.pop("level", None)
            namespace = given.pop("namespace", None)
            if namespace is None:
                namespace = get_local_namespace(outer_level(1))
            first = len(synapses)
            recorder.in_library = True
            try:
                connect(synapses, **given, namespace=namespace)
            finally:
                recorder.in_library = False
            _, calls = recorder.connections.setdefault(id(synapses), (synapses, []))
            calls.append(Connection(given, dict(namespace), first, len(synapses)))

        def restore(*_, **__):
            if recorder.script.runs:
                recorder._stop(
                    f"what follows restore() in line {recorder._line()}: NEST cannot go back in "
                    "time; run run.py again instead"
                )

        with (
            mock.patch.object(VariableView, "set_item", noting_set_item),
            mock.patch.object(brian2.Synapses, "connect", noting_connect),
            mock.patch.object(brian2.Network, "restore", restore),
            mock.patch.object(MagicNetwork, "restore", restore),
        ):
            yield

    def _note_assignment(self, view, item, value, namespace):
        group = view.group
        start = getattr(group, "start", 0)
        span = (start, start + len(group)) if hasattr(group, "__len__") else (0, 0)
        if not isinstance(value, str):
            namespace, value = {}, _copy(value)
        noted = Assignment(
            view.variable, group.name, span, item, value, dict(namespace), self._line()
        )
        self.assignments.append(noted)
        self.every_assignment.append(noted)


def _without_remedy(error):
    """Say what failed, without what to do about it in Brian2, where it would not have failed."""
    return str(error).rpartition("; ")[0]


def _copy(value):
    """Copy an array, which the script may go on to change."""
    return value.copy() if hasattr(value, "copy") else value


def _advance(objects, duration):
    """Let the clocks show the time after a run."""
    clocks = {id(thing.clock): thing.clock for thing in objects if hasattr(thing, "clock")}
    for clock in clocks.values():
        end = float(clock.variables["t"].get_value().item()) + duration
        clock.variables["t"].set_value(end)
        clock.variables["timestep"].set_value(round(end / float(clock.dt)))


def _lines_after_which_nothing_runs(source):
    """Find calls of ``run()`` that are a statement of their own, outside of loops, and the last."""
    lines = []
    calls = run_calls(source)
    for node in ast.parse(source).body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            lines.append(node.lineno)
    last = [line for line in lines if line in calls and line == max(calls)]
    return set(last)


def objects_by_name(objects):
    """Give each Brian2 object the name that the script's author knows.

    Parameters
    ----------
    objects : dict

    Returns
    -------
    dict of str to str
        Brian2's name of each object to that of the script.
    """
    names = {}
    for name, thing in objects.items():
        if isinstance(thing, BrianObject) and name.isidentifier():
            names.setdefault(thing.name, name)
    return names
