# SPDX-License-Identifier: GPL-2.0-or-later
"""What acts on an imported neuron in a Brian2 network and does not come along.

Every object of the network that changes the neuron is carried over, refused, or listed here.
"""

import ast

import brian2
from brian2.core.base import BrianObject
from brian2.core.network import _get_all_objects
from brian2.core.operations import NetworkOperation
from brian2.groups.group import CodeRunner

from izhisyn.brian2_import.errors import Brian2ImportError
from izhisyn.brian2_import.names import split_statements
from izhisyn.brian2_import.parts import Regularly

SCHEDULE = ["start", "groups", "thresholds", "synapses", "resets", "end"]


def objects_that_run(network, objects):
    """List the objects that ``run()`` would simulate.

    Parameters
    ----------
    network : brian2.Network or None
        None for a script without ``run()``, and for its magic network.
    objects : dict
        The names where ``run()`` is called.

    Returns
    -------
    set of brian2.core.base.BrianObject
    """
    if network is not None:
        return _get_all_objects(network.objects)
    visible = [
        thing
        for thing in objects.values()
        if isinstance(thing, BrianObject)
        and thing.add_to_magic_network
        and thing._scope_key == BrianObject._scope_current_key
    ]
    return _get_all_objects(visible)


def check_order(group, schedule):
    """Refuse a step whose parts have another order than that of the imported neuron.

    Parameters
    ----------
    group : brian2.NeuronGroup
    schedule : list of str or None
        The network's; None for a script without ``run()``.
    """
    if schedule is not None and list(schedule) != SCHEDULE:
        raise Brian2ImportError(
            f"the schedule {', '.join(schedule)}: the steps of an imported neuron have Brian2's "
            f"default order, {', '.join(SCHEDULE)}; leave the schedule as it is"
        )
    parts = [
        (getattr(group, "state_updater", None), "groups"),
        (getattr(group, "thresholder", {}).get("spike"), "thresholds"),
        (getattr(group, "resetter", {}).get("spike"), "resets"),
    ]
    for part, slot in parts:
        if isinstance(part, BrianObject) and (part.when, part.order) != (slot, 0):
            raise Brian2ImportError(
                f"{part.name} runs in slot {part.when!r} with order {part.order}, but an imported "
                f"neuron has Brian2's default order, {', '.join(SCHEDULE)}; leave its `when` and "
                "`order` as they are"
            )


def regular_code(group, whole, with_parts=False):
    """Give the code of ``run_regularly`` for a group.

    Parameters
    ----------
    group : brian2.NeuronGroup or brian2.Subgroup
        What is imported.
    whole : brian2.NeuronGroup
        The group that it is part of.
    with_parts : bool
        Whether code for a part of the group is carried over, with a condition on the index.

    Returns
    -------
    list of Regularly

    Raises
    ------
    Brian2ImportError
        If code runs at other times, or on some of the imported neurons only.
    """
    first, last = _range(group)
    codes = []
    parts = {id(part): part for part in (whole, group, *_subgroups(whole))}
    for part in parts.values():
        begin, end = _range(part)
        for runner in part.contained_objects:
            if type(runner) is not CodeRunner or end <= first or last <= begin:
                continue
            code = "; ".join(split_statements(runner.abstract_code))
            of_part = begin > first or end < last
            if of_part and not with_parts:
                raise Brian2ImportError(
                    f"run_regularly `{code}` runs for the neurons {begin} to {end - 1} only; give "
                    "that part a name in the script, such as part = "
                    f"{whole.name}[{begin}:{end}], and import it by --neuron"
                )
            every, step = float(runner.clock.dt), float(whole.clock.dt)
            ratio = every / step
            if runner.when != "start" or abs(ratio - round(ratio)) > 1e-9 * ratio:
                raise Brian2ImportError(
                    f"run_regularly `{code}`: runs every {runner.clock.dt} in slot "
                    f"{runner.when!r}, but only code for the start of every step "
                    f"({whole.clock.dt}), or of every few steps, is carried over; set the variable "
                    "from PyNEST instead"
                )
            interval = every if round(ratio) > 1 else None
            part = (begin, end) if of_part else None
            codes.append(Regularly(runner.abstract_code, interval, part))
    return codes


def left_behind(running, objects, group, whole, synapses, other_runs=()):
    """List what changes an imported neuron in Brian2 and is not in its model.

    Parameters
    ----------
    running : set of brian2.core.base.BrianObject
    objects : dict
        The script's names, which its author knows better than Brian2's.
    group : brian2.NeuronGroup or brian2.Subgroup
        What is imported.
    whole : brian2.NeuronGroup
        The group that it is part of.
    synapses : list of brian2.Synapses
        Those that are carried over.
    other_runs : sequence of int
        Lines of the script with further calls of ``run()``.

    Returns
    -------
    list of str
        A sentence for each.
    """
    sentences = []
    names = {id(thing): name for name, thing in objects.items()}
    labels = [(names.get(id(thing), thing.name), thing) for thing in running]
    for name, thing in sorted(labels, key=lambda label: label[0]):
        if isinstance(thing, NetworkOperation):
            sentences.append(
                f"the network_operation {thing.function.__name__}(), which is Python code: call "
                "it between two nest.Run"
            )
        elif isinstance(thing, brian2.PoissonInput) and _overlap(thing._group, group, whole):
            sentences.append(
                f"the PoissonInput of {thing.N} trains of {thing.rate} to {thing.target_var} with "
                f"weight {thing.weight}: connect a poisson_generator of their summed rate"
            )
        elif isinstance(thing, brian2.Synapses) and all(thing is not known for known in synapses):
            sentences += _effects_of(name, thing, group, whole)
    if other_runs:
        lines = ", ".join(map(str, other_runs))
        sentences.append(
            f"what the script does after its first run(), which it calls again in line {lines}: "
            "change parameters between two nest.Simulate"
        )
    return sentences


def run_calls(source):
    """List the lines in which a script calls ``run()``.

    Parameters
    ----------
    source : str

    Returns
    -------
    list of int
    """
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return sorted(
        call.lineno
        for call in calls
        if getattr(call.func, "id", getattr(call.func, "attr", "")) == "run"
    )


def _effects_of(name, synapses, group, whole):
    """Say how synapses that are not carried over change the group."""
    summed = sorted(variable.removesuffix("_post") for variable in synapses.summed_updaters)
    to_it = _overlap(synapses.target, group, whole)
    if to_it and summed:
        return [
            f"the summed variable{'s' * (len(summed) > 1)} {', '.join(summed)} of the Synapses "
            f"{name}: NEST sums spikes, not variables"
        ]
    if to_it:
        return [f"the Synapses {name}: name them by --synapse NAME:PORT"]
    codes = " ".join(pathway.code for pathway in synapses._pathways)
    if _overlap(synapses.source, group, whole) and ("_pre" in codes or summed):
        return [
            f"what the Synapses {name} change in their source: a synapse in NEST reaches "
            "its target only"
        ]
    return []


def _subgroups(whole):
    return [part for part in whole.contained_objects if isinstance(part, brian2.Subgroup)]


def _range(group):
    start = getattr(group, "start", 0)
    return start, start + len(group)


def _overlap(other, group, whole):
    """Whether a group, or a subgroup, has neurons of the imported one."""
    if getattr(other, "source", other).name != whole.name:
        return False
    (begin, end), (first, last) = _range(other), _range(group)
    return begin < last and first < end
