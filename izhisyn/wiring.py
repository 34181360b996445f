# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections by receptor name, random weights and delays, input currents and noise."""

import itertools
import math

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import ParameterError
from izhisyn.kernel import (
    is_distribution,
    nest,
    node_model,
    nodes,
    steps_of,
    synapse_model,
    values_or_distribution,
)

# What to do instead of giving a negative weight.
_SIGN = "; weights are positive on every receptor, and GABA_A inhibits by its own sign"
DISTRIBUTIONS = ("lognormal", "normal")

# What connects pooled neurons fastest, and the models that it connects.
POOLED_SYNAPSE = "static_synapse_pooled"
POOLED_GENERATOR = "poisson_generator_pooled"
POOLED_MODELS = (
    "izhikevich_psc_multisyn_neuron",
    "izhikevich_cond_multisyn_neuron",
    "izhikevich2007_cond_multisyn_neuron",
    "izhikevich_as_posted_neuron",
)


@checked(model=node_model)
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
    types = nest.GetDefaults(model).get("receptor_types", {})
    return dict(sorted(types.items(), key=lambda port: port[1]))


@checked(
    receptor=checks.text,
    weight=values_or_distribution(0, _SIGN),
    delay=values_or_distribution(),
    model=node_model,
    synapse_model=synapse_model,
)
def syn_spec(
    receptor,
    weight=1.0,
    delay=1.0,
    model="izhikevich_psc_multisyn_neuron",
    synapse_model=None,
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
    synapse_model : str, optional
        Synapse model; what `static_synapse_for` chooses if it is not given.

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
    if not is_distribution(delay):
        for one in np.unique(delay).tolist():
            _check_delay(one)
    return {
        "synapse_model": synapse_model or static_synapse_for(model),
        "receptor_type": types[receptor],
        "weight": weight,
        "delay": delay,
    }


@checked(model=checks.text)
def static_synapse_for(model):
    """Choose the static synapse for a target.

    Parameters
    ----------
    model : str
        Neuron model of the target.

    Returns
    -------
    str
        ``static_synapse_pooled`` for izhisyn's own models with receptors; NEST's
        ``static_synapse``, which costs more time and memory and gives the same spikes, for all
        other models, copies under another name among them, and if the installed module has no
        pooled neurons (``--stock-codegen``).
    """
    is_pooled = model in POOLED_MODELS and POOLED_SYNAPSE in nest.synapse_models
    return POOLED_SYNAPSE if is_pooled else "static_synapse"


@checked(model=node_model, n_cells=checks.whole_number(1), parameters=checks.dictionary)
def create_cells(model, n_cells, parameters):
    """Create neurons whose parameters differ.

    PyNEST sets arrays only where all neurons are of one MPI process; here each process takes those
    of its own neurons.

    Parameters
    ----------
    model : str
        Name of a neuron model.
    n_cells : int
        Number of neurons.
    parameters : dict of str to float or numpy.ndarray, shape (n_cells,)
        Parameters and state, for all neurons or for each; the same in each process.

    Returns
    -------
    nest.NodeCollection
    """
    defaults = nest.GetDefaults(model)
    for name, values in parameters.items():
        if name not in defaults:
            raise ParameterError(f"{model} has no parameter {name!r}; nest.GetDefaults lists them")
        fault = checks.array(finite=False)(values)
        if fault:
            raise ParameterError(f"{name} is {values!r}; {fault}")
        if np.ndim(values) > 0 and np.shape(values) != (n_cells,):
            raise ParameterError(
                f"{name} has {np.size(values)} values for {n_cells} cells; give one for each, or "
                f"one for all"
            )
    parameters = {
        name: np.asarray(values) if np.ndim(values) else values
        for name, values in parameters.items()
    }
    cells = nest.Create(model, int(n_cells))
    # Asking each cell takes as long as setting its parameters.
    rows = np.arange(n_cells) if nest.num_processes == 1 else np.flatnonzero(cells.local)
    if rows.size:
        cells[rows.tolist()].set(
            {
                name: values[rows] if isinstance(values, np.ndarray) else values
                for name, values in parameters.items()
            }
        )
    return cells


# Weights that are multiples of this have exact sums, below 2^29 of their unit: neither the order
# in which spikes arrive nor the processes and threads that deliver them change the result.
WEIGHT_GRID = 2.0**-24


@checked(
    distribution=checks.one_of(DISTRIBUTIONS),
    mean=checks.number(above=0),
    variation=checks.number(0),
    lower=checks.number(finite=False),
    upper=checks.number(finite=False),
)
def random_values(distribution, mean, variation, lower=0.0, upper=math.inf):
    """Random weights or delays, for ``syn_spec``.

    Parameters
    ----------
    distribution : str
        "lognormal" or "normal".
    mean : float
        Mean before values beyond the bounds are drawn again, in the unit of the value; positive.
    variation : float
        Standard deviation over the mean [1].
    lower, upper : float
        Bounds of the values.

    Returns
    -------
    nest.Parameter or float
        The mean itself without variation.

    Raises
    ------
    ParameterError
        If there is no such distribution, or the mean is not within the bounds.
    """
    if not lower <= mean <= upper:
        raise ParameterError(
            f"a mean of {mean:g} is not from {lower:g} to {upper:g}; choose a mean within the "
            f"bounds"
        )
    if variation == 0:
        return mean
    if distribution == "normal":
        values = nest.random.normal(mean, variation * mean)
    else:
        log_variance = math.log1p(variation**2)
        values = nest.random.lognormal(math.log(mean) - 0.5 * log_variance, math.sqrt(log_variance))
    return nest.math.redraw(values, lower, upper)


@checked(values=values_or_distribution())
def round_to_weight_grid(values):
    """Round weights to multiples of `WEIGHT_GRID`.

    Parameters
    ----------
    values : nest.Parameter or float

    Returns
    -------
    nest.Parameter or float
    """
    # A sum with this cannot hold bits below the grid; the difference is exact.
    shift = 1.5 * 2.0**52 * WEIGHT_GRID
    return (values + shift) - shift


@checked(
    sources=nodes,
    targets=nodes,
    in_degree=checks.whole_number(1),
    syn_spec=checks.dictionary,
    progress=checks.function,
)
def connect_in_degree(sources, targets, in_degree, syn_spec, progress=None):
    """Connect each target with the same number of random sources, never with itself.

    A pair may be connected more than once. The calls that share the work out, for the progress,
    are always the same, so that the connections depend only on the seed and on the number of
    virtual processes.

    Parameters
    ----------
    sources, targets : nest.NodeCollection
    in_degree : int
        Connections to each target.
    syn_spec : dict
        What `syn_spec` gives.
    progress : callable, optional
        Called with the number of connections made since the last call.
    """
    if len(sources) == 1 and sources.tolist()[0] in targets.tolist():
        raise ParameterError(
            f"neuron {sources.tolist()[0]} is the only source and among the targets, which are "
            f"not connected with themselves; choose more sources, or leave it out of the targets"
        )
    _check_syn_spec(syn_spec)
    n_calls = min(20, len(targets))
    borders = [len(targets) * call // n_calls for call in range(n_calls + 1)]
    rule = {"rule": "fixed_indegree", "indegree": in_degree, "allow_autapses": False}
    for first, last in itertools.pairwise(borders):
        nest.Connect(sources, targets[first:last], rule, syn_spec)
        if progress is not None:
            progress(in_degree * (last - first))


@checked(
    sources=nodes,
    targets=nodes,
    pairs=checks.sequence_of(checks.array("1d", low=0), 2, "indices of sources and of targets"),
    syn_spec=checks.dictionary,
)
def connect_pairs(sources, targets, pairs, syn_spec):
    """Connect given pairs of neurons.

    Parameters
    ----------
    sources, targets : nest.NodeCollection
    pairs : sequence of two sequences of int, shape (2, n)
        Indices into `sources`, and into `targets`. A pair may be connected more than once.
    syn_spec : dict
        Result of `syn_spec`; weight and delay are numbers or arrays of shape (n,).
    """
    checks.refuse_different_lengths(sources=pairs[0], targets=pairs[1])
    first, second = np.asarray(pairs, dtype=int)
    for name, chosen, population in (("sources", first, sources), ("targets", second, targets)):
        if chosen.size and chosen.max() >= len(population):
            raise ParameterError(
                f"pairs has the index {chosen.max()} of {len(population)} {name}; the first is 0"
            )
    _check_syn_spec(syn_spec, "weight", "delay", "receptor_type")
    each = {
        name: np.broadcast_to(np.asarray(syn_spec[name], dtype=float), first.shape).copy()
        for name in ("weight", "delay")
    }
    each["receptor_type"] = np.full(first.shape, syn_spec["receptor_type"])
    nest.Connect(
        np.array(sources.tolist())[first],
        np.array(targets.tolist())[second],
        "one_to_one",
        {**syn_spec, **each},
    )


@checked(
    targets=nodes,
    rate=checks.number(0, unit="spikes/s"),
    syn_spec=checks.dictionary,
    generator_model=node_model,
)
def poisson_drive(targets, rate, syn_spec, generator_model=None):
    """Send independent Poisson spikes to each target.

    Parameters
    ----------
    targets : nest.NodeCollection
    rate : float
        Rate of the spikes at each target [spikes/s].
    syn_spec : dict
        What `syn_spec` gives.
    generator_model : str, optional
        Model of the generator; ``poisson_generator_pooled`` if it is not given, or NEST's
        ``poisson_generator`` if the installed module has no pooled neurons.

    Returns
    -------
    nest.NodeCollection
        The generator.
    """
    _check_syn_spec(syn_spec)
    if generator_model is not None and "rate" not in nest.GetDefaults(generator_model):
        raise ParameterError(
            f"generator_model {generator_model} has no rate; choose for example poisson_generator"
        )
    if generator_model is None:
        is_known = POOLED_GENERATOR in nest.node_models
        generator_model = POOLED_GENERATOR if is_known else "poisson_generator"
    generator = nest.Create(generator_model, params={"rate": float(rate)})
    nest.Connect(generator, targets, syn_spec=syn_spec)
    return generator


@checked(neurons=nodes, steps=checks.steps_of_current)
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
    check_current_steps(steps)
    without = sorted(model for model in _models(neurons) if "I_e" not in nest.GetDefaults(model))
    if without:
        raise ParameterError(f"{without[0]} has no I_e; inject the current with a generator")
    (_, first_amplitude), *later = steps
    resolution = nest.resolution
    neurons.I_e = float(first_amplitude)
    if not later:
        return
    generator = nest.Create(
        "step_current_generator",
        params={
            "amplitude_times": [
                (steps_of(float(time), "current step") - 1) * resolution for time, _ in later
            ],
            "amplitude_values": [amplitude - first_amplitude for _, amplitude in later],
        },
    )
    nest.Connect(generator, neurons, syn_spec={"delay": resolution})


@checked(steps=checks.steps_of_current)
def check_current_steps(steps):
    """Refuse steps of current that `step_current` cannot keep.

    Parameters
    ----------
    steps : sequence of (float, float)
        As for `step_current`.

    Raises
    ------
    ParameterError
        If a time is not on the grid of the current resolution, or too early.
    """
    for time, _ in steps[1:]:
        if steps_of(float(time), "current step") < 2:
            raise ParameterError(
                f"a current step at {time:g} ms is too early; the first change can be at "
                f"{2 * nest.resolution:g} ms, two steps of the simulation"
            )


@checked(sigma=checks.number(0, unit="pA"), redraw_interval=checks.number(above=0, unit="ms"))
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
    return {"std": sigma * math.sqrt(redraw_interval / nest.resolution), "dt": nest.resolution}


@checked(
    neurons=nodes,
    sigma=checks.number(0, unit="pA"),
    redraw_interval=checks.number(above=0, unit="ms"),
    delay=checks.number(above=0, unit="ms"),
)
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
    _check_delay(delay)
    generator = nest.Create("noise_generator", params=noise_settings(sigma, redraw_interval))
    nest.Connect(generator, neurons, syn_spec={"delay": delay})
    return generator


def _models(neurons):
    models = neurons.model
    return {models} if isinstance(models, str) else set(models)


def _check_delay(delay):
    if steps_of(delay, "delay") < 1:
        raise ParameterError(
            f"delay is {delay:g} ms; choose at least a step of the simulation, "
            f"{nest.resolution:g} ms"
        )


def _check_syn_spec(spec, *needed):
    missing = [name for name in needed if name not in spec]
    if missing:
        raise ParameterError(f"syn_spec has no {missing[0]!r}; give what `syn_spec` returns")
    name = spec.get("synapse_model", "static_synapse")
    fault = synapse_model(name)
    if fault:
        raise ParameterError(f"synapse_model is {name!r}; {fault}")
    known = nest.GetDefaults(name).keys() | {"synapse_model", "receptor_type"}
    unknown = sorted(spec.keys() - known)
    if unknown:
        raise ParameterError(f"{name} has no {unknown[0]!r}; nest.GetDefaults lists what it has")
    delay = spec.get("delay", 1.0)
    if isinstance(delay, int | float):
        _check_delay(delay)
