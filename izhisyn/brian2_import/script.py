# SPDX-License-Identifier: GPL-2.0-or-later
"""The objects of a Brian2 script as they stand when it calls ``run()`` for the first time."""

import contextlib
import os
import sys
from dataclasses import dataclass, field
from unittest import mock

import brian2
from brian2.core.magic import MagicNetwork
from brian2.core.namespace import get_local_namespace

from izhisyn.brian2_import.errors import Brian2ImportError, first_sentence
from izhisyn.brian2_import.inventory import (
    check_order,
    left_behind,
    objects_that_run,
    regular_code,
    run_calls,
)
from izhisyn.brian2_import.neuron import neuron_to_nestml
from izhisyn.brian2_import.one_process import in_one_process
from izhisyn.brian2_import.strings import check_model_name
from izhisyn.brian2_import.synapse import synapse_port


def import_script(path, neuron, synapses=(), name=None, integrator=None):
    """Write NESTML models of a script's objects.

    The script is executed up to its first ``run()``, which does not happen.

    Parameters
    ----------
    path : pathlib.Path
        The Brian2 script.
    neuron : str
        Name of a NeuronGroup or a subgroup in the script.
    synapses : sequence of tuple of str
        Name of a Synapses object and the port to make of it, for each.
    name : str, optional
        Name of the neuron model; from the script's and the group's if not given.
    integrator : str, optional
        ``exact`` for the exact quadratic step.

    Returns
    -------
    list of Nestml
        The neuron, then the synapses that need a model of their own.

    Raises
    ------
    Brian2ImportError
        If the script fails, lacks an object, or has one that NESTML cannot express.
    """
    script = execute(path)
    objects, run_namespace = script.objects, script.namespace
    group = _find(objects, neuron, (brian2.NeuronGroup, brian2.Subgroup), "NeuronGroup", path)
    whole = getattr(group, "source", group)
    name = name or f"{path.stem}_{neuron}_neuron".lower()
    check_model_name(name)
    check_order(whole, script.schedule)
    ports, models, carried = [], [], []
    for synapse_name, port_name in synapses:
        found = _find(objects, synapse_name, brian2.Synapses, "Synapses", path)
        # a subgroup's source is a weak proxy, so that names distinguish groups
        if getattr(found.target, "source", found.target).name != whole.name:
            raise Brian2ImportError(
                f"{synapse_name} does not go to {neuron}; name the group it goes to by --neuron"
            )
        carried.append(found)
        model_name = f"{path.stem}_{synapse_name}_synapse".lower()
        source = f"Synapses {synapse_name} of {path.name}"
        port, model = synapse_port(port_name, found, whole, run_namespace, model_name, source)
        if port is not None:
            ports.append(port)
        if model is not None:
            models.append(model)
    source = f"{type(group).__name__} {neuron} of {path.name}"
    missing = left_behind(
        objects_that_run(script.network, objects),
        objects,
        group,
        whole,
        carried,
        script.other_runs,
    )
    notes = [
        f"Brian2's time step is {whole.clock.dt}; the steps are the same with nest.resolution = "
        f"{float(whole.clock.dt) * 1e3:.12g}.",
        *(f"Left behind: {sentence}." for sentence in missing),
    ]
    model = neuron_to_nestml(
        group,
        name,
        run_namespace,
        ports,
        regular_code(group, whole),
        source,
        integrator=integrator,
        notes=notes,
    )
    return [model, *models]


@dataclass
class Script:
    """A script that has come to its first ``run()``.

    Attributes
    ----------
    objects
        The names where ``run()`` was called.
    namespace
        The names with which Brian2 would have run.
    network
        What would have run; None for the magic network, which consists of `objects`.
    schedule
        The order of a step; None for a script without ``run()``.
    other_runs
        Lines with further calls of ``run()``.
    """

    objects: dict
    namespace: dict
    network: object = None
    schedule: list | None = None
    other_runs: list = field(default_factory=list)


def execute(path):
    """Execute a script up to its first ``run()``.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    Script
    """
    source, code = read_script(path)

    def stop(network, _, namespace, objects):
        raise ScriptStopped(
            Script(
                objects,
                objects if namespace is None else namespace,
                None if isinstance(network, MagicNetwork) else network,
                list(network.schedule),
            )
        )

    names = {"__name__": "__main__", "__file__": str(path)}
    with instead_of_run(stop):
        try:
            with running(path):
                exec(code, names)
        except ScriptStopped as stopped:
            stopped.result.other_runs = [
                line for line in run_calls(source) if line != last_line(stopped, path)
            ]
            return stopped.result
    return Script(names, names)


def read_script(path):
    """Read and compile a script.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    source : str
    code : code object
    """
    try:
        source = without_magics(path.read_text(encoding="utf-8"))
        return source, compile(source, str(path), "exec")
    except OSError as error:
        raise Brian2ImportError(f"cannot read {path}: {error.strerror}; name a script") from error
    except (SyntaxError, UnicodeDecodeError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise Brian2ImportError(f"{path}{line}: {first_sentence(error)}") from error


def without_magics(source):
    """Blank out lines such as ``%matplotlib inline``, of a notebook, which are no Python."""
    lines = source.splitlines(keepends=True)
    return "".join("#" + line if line.startswith(("%", "!")) else line for line in lines)


class ScriptStopped(BaseException):
    """Ends a script; no ``except Exception`` of the script's own may stop it."""

    def __init__(self, result=None):
        super().__init__()
        self.result = result


@contextlib.contextmanager
def running(path):
    """Context in which a script is executed; its errors become a `Brian2ImportError`."""
    # Nothing of the script ends up in a network that runs; its author knows why.
    brian2.BrianLogger.suppress_name("unused_brian_object")
    brian2.defaultclock.dt = 0.1 * brian2.ms  # whatever a script in this process before has set
    target = brian2.prefs.codegen.target
    # Nothing runs for long, so that compiling it would take longer.
    brian2.prefs.codegen.target = "numpy"
    with _as_main_program(path), in_one_process():
        try:
            yield
        except SystemExit as error:
            raise Brian2ImportError(
                f"{path}{_line_of(error, path)}: the script ends itself before it calls run(); "
                "take out sys.exit, or what leads there"
            ) from error
        except ModuleNotFoundError as error:
            raise Brian2ImportError(
                f"{path}{_line_of(error, path)}: it imports {error.name}, which is not there; "
                "install it beside Brian2, or take out what needs it"
            ) from error
        except Exception as error:
            raise Brian2ImportError(
                f"{path}{_line_of(error, path)}: {type(error).__name__}: {first_sentence(error)}; "
                "mend the script so that it runs in Brian2"
            ) from error
        finally:
            brian2.prefs.codegen.target = target


@contextlib.contextmanager
def instead_of_run(called):
    """Context in which ``run()`` calls a function, and nothing is built.

    Parameters
    ----------
    called : callable
        Called with the network, the duration, the namespace that ``run()`` was given, or None, and
        the names where it was called.
    """

    def set_device(*_, **__):
        """Nothing is built or run, so that the device does not matter."""

    def run(network, duration, report=None, report_period=None, namespace=None, **_):
        called(network, duration, namespace, get_local_namespace(outer_level(1)))

    with (
        mock.patch.object(brian2.Network, "run", run),
        mock.patch.object(MagicNetwork, "run", run),
        mock.patch.object(brian2, "set_device", set_device),
        mock.patch.object(brian2.devices, "set_device", set_device),
        mock.patch.object(sys.modules["brian2.devices.device"], "set_device", set_device),
    ):
        yield


def outer_level(level):
    """Count the frames from the caller up to the first one outside of Brian2.

    Parameters
    ----------
    level : int
        At which to begin; 0 is the caller's own frame.

    Returns
    -------
    int
        For `brian2.core.namespace.get_local_namespace`, called by the caller.
    """
    while sys._getframe(level + 1).f_globals.get("__name__", "").startswith("brian2."):
        level += 1
    return level


@contextlib.contextmanager
def _as_main_program(path):
    """Give the script its own folder for imports, its own arguments, and no window."""
    backend = os.environ.get("MPLBACKEND", "Agg")
    with (
        mock.patch.dict(os.environ, {"MPLBACKEND": backend}),
        mock.patch.object(sys, "argv", [str(path)]),
        mock.patch.object(sys, "path", [str(path.resolve().parent), *sys.path]),
    ):
        yield


def _line_of(error, path):
    line = last_line(error, path)
    return f", line {line}" if line else ""


def last_line(error, path):
    """Line of the script from which an error comes, the innermost one; None if there is none."""
    lines = []
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == str(path):
            lines.append(traceback.tb_lineno)
        traceback = traceback.tb_next
    return lines[-1] if lines else None


def _find(objects, name, kinds, title, path):
    if isinstance(objects.get(name), kinds):
        return objects[name]
    known = sorted(key for key, value in objects.items() if isinstance(value, kinds))
    there = f"there are {', '.join(known)}" if known else "there is none"
    raise Brian2ImportError(f"{path} has no {title} {name} when it calls run(); {there}")
