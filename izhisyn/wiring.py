# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections by receptor name, input currents that act at the stated time, and noise."""

import math

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


def noise_settings(sigma, redraw_interval=0.01):
    """Scale a ``noise_generator`` such that its effect does not depend on the resolution.

    Noise that is redrawn every `redraw_interval` acts on a neuron, which is much slower, by its
    power alone, sigma^2 redraw_interval. A normal number drawn in every step of the simulation
    has the same power if its variance is that power over the resolution.

    Parameters
    ----------
    sigma : float
        Standard deviation of the current at each redraw [pA].
    redraw_interval : float
        Interval of the redraws for which `sigma` was chosen [ms]: the time step of a script that
        adds ``sigma * randn()`` in each step.

    Returns
    -------
    dict
        ``std`` [pA] and ``dt`` [ms].

    Raises
    ------
    ParameterError
        If a value is not finite, or `sigma` is below or `redraw_interval` not above 0.
    """
    if not (math.isfinite(sigma) and sigma >= 0):
        raise ParameterError(f"noise with sigma {sigma:g} pA; choose a finite value from 0 up")
    if not (math.isfinite(redraw_interval) and redraw_interval > 0):
        raise ParameterError(
            f"noise redrawn every {redraw_interval:g} ms; choose a finite interval above 0"
        )
    return {"std": sigma * math.sqrt(redraw_interval / nest.resolution), "dt": nest.resolution}


def noise_current(neurons, sigma, redraw_interval=0.01, delay=1.0):
    """Inject white noise, independent for each neuron.

    Parameters
    ----------
    neurons : nest.NodeCollection
    sigma, redraw_interval : float
        Standard deviation [pA] at redraws so far apart [ms], see `noise_settings`.
    delay : float
        Delay of the connection [ms], before which there is no noise. It counts for the kernel's
        ``min_delay``: choose no less than the shortest delay of the network.

    Returns
    -------
    nest.NodeCollection
        The ``noise_generator``.
    """
    generator = nest.Create("noise_generator", params=noise_settings(sigma, redraw_interval))
    nest.Connect(generator, neurons, syn_spec={"delay": delay})
    return generator
