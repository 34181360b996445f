# SPDX-License-Identifier: GPL-2.0-or-later
"""From equation strings to NESTML, through Brian2 objects that nobody runs."""

import math
import re

import brian2
from brian2.core.namespace import get_local_namespace
from brian2.equations.equations import SUBEXPRESSION

from izhisyn.brian2_import.checks import (
    NEURON_FLAGS,
    SYNAPSE_FLAGS,
    check_expression,
    check_statements,
    parse_equations,
)
from izhisyn.brian2_import.errors import Brian2ImportError, located
from izhisyn.brian2_import.names import refuse_reserved_name
from izhisyn.brian2_import.neuron import neuron_to_nestml
from izhisyn.brian2_import.parts import Regularly
from izhisyn.brian2_import.synapse import neuron_port, synapse_port


def to_nestml(
    equations,
    *,
    threshold=None,
    reset=None,
    refractory=False,
    method=None,
    namespace=None,
    on_pre=None,
    run_regularly=None,
    initial_values=None,
    integrator=None,
    name="brian2_neuron",
):
    """Write a NESTML neuron from Brian2's equation strings.

    Parameters
    ----------
    equations : str or brian2.Equations
        As for ``brian2.NeuronGroup``, and so are the next four.
    threshold, reset : str, optional
    refractory : brian2.Quantity or str, optional
    method : str, optional
        One of Brian2's methods with a fixed step, whose own code is carried over; Brian2's own
        choice if not given.
    namespace : dict, optional
        Values of external names; the caller's variables if not given, as in Brian2.
    on_pre : dict, optional
        For each spike port its name and what a spike of weight 1 does, such as
        ``{"exc": "g += w"}``.
    run_regularly : str, optional
        Statements for the start of every step.
    initial_values : dict, optional
        Initial value of a variable or value of a parameter, with its unit or as a string.
    integrator : str, optional
        ``exact`` for the exact quadratic step, if the membrane's equation is quadratic in v.
    name : str
        Name of the model.

    Returns
    -------
    str
        NESTML source.

    Raises
    ------
    Brian2ImportError
        If the model is wrong or NESTML cannot express it; the message names the line.
    """
    check_model_name(name)
    run_namespace = get_local_namespace(1) if namespace is None else dict(namespace)
    model = parse_equations(equations, NEURON_FLAGS)
    for part, code in (("threshold", threshold), ("reset", reset)):
        if code is not None and not isinstance(code, str):
            raise Brian2ImportError(f"{part} {code!r} is not a string; put the code in quotes")
    with located("model", ""):
        group = leave_out_of_networks(
            brian2.NeuronGroup(
                1,
                model,
                threshold=threshold,
                reset=reset,
                refractory=refractory,
                method=method or ("exact", "euler", "heun"),
            )
        )
    expressions = _set_values(group, model, initial_values or {}, run_namespace)
    ports = [neuron_port(port, code, group, run_namespace) for port, code in (on_pre or {}).items()]
    regularly = [Regularly(run_regularly)] if run_regularly else []
    for code in regularly:
        check_statements(code.statements, "run_regularly", group, run_namespace)
    source = "equation strings"
    neuron = neuron_to_nestml(
        group, name, run_namespace, ports, regularly, source, expressions, integrator
    )
    return neuron.text


def synapse_to_nestml(
    model,
    *,
    on_pre,
    target="",
    delay=None,
    namespace=None,
    transmit=None,
    initial_values=None,
    name="brian2_synapse",
):
    """Write a NESTML synapse from Brian2's strings.

    Parameters
    ----------
    model : str or brian2.Equations
        As for ``brian2.Synapses``, and so are `on_pre` and `delay`.
    on_pre : str
    target : str or brian2.Equations
        Equations of the target neuron, if `on_pre` adds to its variables.
    delay : brian2.Quantity, optional
    namespace : dict, optional
        Values of external names; the caller's variables if not given, as in Brian2.
    transmit : str, optional
        What a spike carries, for an `on_pre` that adds to no variable of the target.
    initial_values : dict, optional
        Initial value of a variable or value of a parameter, with its unit.
    name : str
        Name of the model.

    Returns
    -------
    str
        NESTML source.

    Raises
    ------
    Brian2ImportError
        If the model is wrong or NESTML cannot express it; the message names the line.
    """
    check_model_name(name)
    run_namespace = get_local_namespace(1) if namespace is None else dict(namespace)
    equations = parse_equations(model, SYNAPSE_FLAGS)
    with located("model", ""):
        group = leave_out_of_networks(brian2.NeuronGroup(1, parse_equations(target, NEURON_FLAGS)))
        spikes = leave_out_of_networks(brian2.SpikeGeneratorGroup(1, [], [] * brian2.second))
        synapses = leave_out_of_networks(
            brian2.Synapses(spikes, group, equations, on_pre=on_pre, delay=delay, name=name)
        )
        synapses.connect(i=0, j=0)
    _set_values(synapses, equations, initial_values or {}, run_namespace)
    port, synapse = synapse_port(
        "spikes", synapses, group, run_namespace, name, "equation strings", transmit
    )
    if synapse is None:
        raise Brian2ImportError(
            f"{name} has no state, so NEST's static_synapse does: {port.weight}; give on_pre to "
            "to_nestml for the neuron's port"
        )
    return synapse.text


def check_model_name(name):
    """Refuse a name that NESTML or C++ could not take."""
    if not re.fullmatch(r"[A-Za-z]\w*", name) or name in dir(math):
        # NESTML makes a C++ class of this name, beside the functions of C's math.h.
        raise Brian2ImportError(
            f"{name!r} cannot be a model's name; use letters, digits and underscores, and no "
            "name of a mathematical function"
        )
    refuse_reserved_name(name, "model")


def leave_out_of_networks(thing):
    """Keep a Brian2 object that is only read out of its user's next ``run()``, without a warning.

    Parameters
    ----------
    thing : brian2.core.base.BrianObject

    Returns
    -------
    brian2.core.base.BrianObject
    """
    thing.add_to_magic_network = False
    thing._network = "izhisyn.brian2_import"
    return thing


def _set_values(group, equations, values, run_namespace):
    """Set numbers in the group, and check and return the strings."""
    for name, value in values.items():
        with located("initial value", f"{name} = {value}"):
            if name not in equations.names or equations[name].type == SUBEXPRESSION:
                known = (eq.varname for eq in equations.values() if eq.type != SUBEXPRESSION)
                raise Brian2ImportError(
                    f"there is no variable {name}; there are {', '.join(known)}"
                )
            if isinstance(value, str):
                check_expression(value, equations[name].dim, group, run_namespace)
            else:
                setattr(group, name, value)
    return {name: value for name, value in values.items() if isinstance(value, str)}
