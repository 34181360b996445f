# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections by receptor name, and input currents that act at the stated time."""

from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, steps_of


def receptor_types(model):
    """Receptor ports of a neuron model, asked from NEST.

    Parameters
    ----------
    model : str
        Name of a neuron model.

    Returns
    -------
    dict
        Receptor name to ``receptor_type``, in the order of the latter; empty for a model with a
        single port.

    Raises
    ------
    ParameterError
        If NEST does not know the model.
    """
    try:
        defaults = nest.GetDefaults(model)
    except nest.NESTErrors.UnknownComponent:
        known = [name for name in nest.node_models if name.startswith("izhikevich")]
        raise ParameterError(
            f"NEST knows no model {model!r}; call start_kernel() first, and choose for example "
            f"one of {', '.join(known)}"
        ) from None
    types = defaults.get("receptor_types", {})
    return dict(sorted(types.items(), key=lambda port: port[1]))


def syn_spec(
    receptor,
    weight=1.0,
    delay=1.0,
    model="izhikevich_psc_multisyn_neuron",
    synapse_model="static_synapse",
):
    """Specify a connection to a receptor, for ``nest.Connect(..., syn_spec=...)``.

    Parameters
    ----------
    receptor : str
        Receptor port of the target, for example "AMPA", "GABA_A" or "AMPA_NMDA".
    weight : float or nest.Parameter
        Multiple of the receptor's peak (``I_peak_R`` or ``g_peak_R``), positive for every
        receptor.
    delay : float or nest.Parameter
        Transmission delay [ms].
    model : str
        Neuron model of the target.
    synapse_model : str
        Synapse model.

    Returns
    -------
    dict

    Raises
    ------
    ParameterError
        If the model has no such receptor.
    """
    types = receptor_types(model)
    if receptor not in types:
        remedy = (
            f"choose one of {', '.join(types)}" if types else "connect to it without a receptor"
        )
        raise ParameterError(f"{model} has no receptor {receptor!r}; {remedy}")
    return {
        "synapse_model": synapse_model,
        "receptor_type": types[receptor],
        "weight": weight,
        "delay": delay,
    }


def step_current(neurons, steps):
    """Inject a current that changes in steps.

    The first amplitude is set as ``I_e``, because no generator acts at time 0; a
    ``step_current_generator`` adds the later differences to it. A change that the generator makes
    at t reaches the neuron through a delay of one step, and models made by NESTML (like most of
    NEST's own) apply an input current one step after it arrives; the generator allows for the
    first of these, so that it is programmed one step early here.

    Parameters
    ----------
    neurons : nest.NodeCollection
        Neurons with a parameter ``I_e``, which is overwritten.
    steps : sequence of (float, float)
        Time [ms] from which an amplitude [pA] holds, in ascending order; the first time is 0, the
        others are at least two steps of the simulation and multiples of it.

    Raises
    ------
    ParameterError
        If a time cannot be kept.
    """
    (first_time, first_amplitude), *later = steps
    if first_time != 0:
        raise ParameterError(
            f"the current starts at {first_time:g} ms; begin with (0.0, amplitude)"
        )
    neurons.I_e = first_amplitude
    if not later:
        return
    resolution = nest.resolution
    early_steps = [steps_of(time, "current step") - 1 for time, _ in later]
    if early_steps[0] < 1:
        raise ParameterError(
            f"a current step at {later[0][0]:g} ms is too early; the first change can be at "
            f"{2 * resolution:g} ms, two steps of the simulation"
        )
    generator = nest.Create(
        "step_current_generator",
        params={
            "amplitude_times": [step * resolution for step in early_steps],
            "amplitude_values": [amplitude - first_amplitude for _, amplitude in later],
        },
    )
    nest.Connect(generator, neurons, syn_spec={"delay": resolution})
