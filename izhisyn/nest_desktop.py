# SPDX-License-Identifier: GPL-2.0-or-later
"""Describe models and a first network in the form that NEST Desktop imports.

NEST Desktop knows a model by an object with its name in NEST (``id``), its ``elementType``, its
``params`` and, for neurons, the ``states`` that a multimeter may record. It keeps the value of a
parameter as text in the Python code that it sends to NEST, so an integer stays one. It has no
place for receptor types; but any parameter of a synapse is handed to ``nest.Connect``, therefore
the synapses here have a parameter ``receptor_type``.
"""

import math

from izhisyn import checks
from izhisyn.checks import checked

_VERSION = "4.2"  # of NEST Desktop, whose form this is
RECEPTOR_SYNAPSE = "static_synapse_lbl"  # NEST Desktop's own static_synapse has no receptor_type
_PROJECT = "Izhikevich neuron with AMPA, NMDA and GABA-A"


_MODEL = checks.instance(("name", "parameters", "state"), "a model as read_model returns it")


@checked(model=_MODEL, defaults=checks.dictionary)
def describe_neuron(model, defaults):
    """Describe a neuron.

    Parameters
    ----------
    model : izhisyn.nestml_source.Model
    defaults : dict
        What ``nest.GetDefaults`` gives for it.

    Returns
    -------
    dict
        With the parameters of the model and the initial values of its state that are not zero.
        The label of a neuron with several ports names their receptor types.
    """
    recordables = {str(name) for name in defaults["recordables"]}
    states = [one for one in (*model.state, *model.recordables) if one.name in recordables]
    initial = [one for one in model.state if one.name in recordables and defaults[one.name] != 0.0]
    ports = [f"{number} {port}" for port, number in receptor_types(defaults).items()]
    return {
        "id": model.name,
        "elementType": "neuron",
        "label": _label(model) + (f" (receptors {', '.join(ports)})" if ports else ""),
        "params": [_parameter(one, defaults[one.name]) for one in model.parameters]
        + [_parameter(one, defaults[one.name], "initial ") for one in initial],
        "states": [_state(one) for one in states],
        "version": _VERSION,
    }


@checked(model=_MODEL, defaults=checks.dictionary)
def describe_synapse(model, defaults):
    """Describe a synapse.

    Parameters
    ----------
    model : izhisyn.nestml_source.Model
    defaults : dict
        What ``nest.GetDefaults`` gives for it.

    Returns
    -------
    dict
    """
    params = [_parameter(one, defaults[one.name]) for one in model.parameters]
    return _synapse(model.name, _label(model), defaults, params)


@checked(defaults=checks.dictionary)
def describe_receptor_synapse(defaults):
    """Describe NEST's static synapse with a choice of the receptor.

    Parameters
    ----------
    defaults : dict
        What ``nest.GetDefaults`` gives for `RECEPTOR_SYNAPSE`.

    Returns
    -------
    dict
    """
    return _synapse(RECEPTOR_SYNAPSE, "static synapse to a receptor", defaults, [])


@checked(neuron=checks.text, receptors=checks.dictionary, module=checks.text)
def example_project(neuron, receptors, module):
    """Describe a project: the neuron under excitatory and inhibitory noise, and its recorders.

    Parameters
    ----------
    neuron : str
        Conductance-based model of the cells of Izhikevich (2003).
    receptors : dict of str to int
        Its receptor types.
    module : str
        What NEST Desktop has to install in NEST before it creates the neuron.

    Returns
    -------
    dict
    """
    nodes = [
        _node("poisson_generator", (-150, -75), rate=500.0),
        _node("poisson_generator", (-150, 75), rate=300.0),
        _node(neuron, (0, 0)) | {"params": [{"id": "I_e", "value": 3.0, "unit": "pA"}]},
        _node("multimeter", (150, -75), interval=0.1) | {"records": [{"id": "V_m"}]},
        _node("spike_recorder", (150, 75)),
    ]
    connections = [
        _connection(0, 2, weight=0.02, receptor_type=receptors["AMPA_NMDA"]),
        _connection(1, 2, weight=0.05, receptor_type=receptors["GABA_A"]),
        {"source": 3, "target": 2},
        {"source": 2, "target": 4},
    ]
    return {
        "name": _PROJECT,
        "network": {"nodes": nodes, "connections": connections},
        "simulation": {
            "kernel": {"localNumThreads": 1, "resolution": 0.1, "rngSeed": 1},
            "modules": [module],
            "time": 1000.0,
        },
        "version": _VERSION,
    }


@checked(defaults=checks.dictionary)
def receptor_types(defaults):
    """Give the receptor types of a neuron by port, in their order; none if it has one port."""
    types = dict(defaults.get("receptor_types", {}))
    return dict(sorted(types.items(), key=lambda item: item[1]))


def _label(model):
    words = model.name.removesuffix("_neuron").replace("_", " ")
    return words[0].upper() + words[1:]


def _synapse(name, label, defaults, params):
    connection = [
        {"id": "weight", "label": "synaptic weight", "value": defaults["weight"]},
        {"id": "delay", "label": "synaptic delay", "value": defaults["delay"], "unit": "ms"},
        {"id": "receptor_type", "label": "receptor", "value": defaults["receptor_type"], "step": 1},
    ]
    return {
        "id": name,
        "elementType": "synapse",
        "label": label,
        "params": connection + params,
        "version": _VERSION,
    }


def _parameter(variable, default, prefix=""):
    # Without limits, which it would need for a slider, NEST Desktop shows a field for any number.
    parameter = {
        "id": variable.name,
        "label": prefix + variable.meaning,
        "value": default if math.isfinite(default) else _infinity(default),
    }
    if isinstance(default, int):
        parameter["step"] = 1
    if variable.unit:
        parameter["unit"] = variable.unit
    return parameter


def _infinity(value):
    # JSON has no infinity; NEST Desktop puts a text as it is into Python code, escaped for HTML.
    return "1e999" if value > 0.0 else "-1e999"


def _state(variable):
    state = {"id": variable.name, "label": variable.meaning or variable.name}
    return state | ({"unit": variable.unit} if variable.unit else {})


def _node(model, position, **params):
    return {
        "model": model,
        "params": _values(params),
        "view": {"position": dict(zip("xy", position, strict=True))},
    }


def _connection(source, target, **params):
    synapse = {"model": RECEPTOR_SYNAPSE, "params": _values(params)}
    return {"source": source, "target": target, "synapse": synapse}


def _values(params):
    return [{"id": name, "value": value} for name, value in params.items()]
