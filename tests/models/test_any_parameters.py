# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever parameters the models accept: states stay finite and within bounds, and time goes on.

Hypothesis draws, for each parameter, how far its values lie from the default, and shrinks these
distances to the few that matter. The values of the many neurons of a simulation follow from a seed.
"""

import re
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.models.single_neuron import COND, COND_2007, DELTA, PSC

ASTROCYTE = "astrocyte_li_rinzel_neuron"
BOUND = 1e12  # where states stop, as the models say
LARGEST = 1e300
STEPS = 60
RECEPTORS = ("AMPA", "NMDA", "GABA_A", "GABA_B")
THRESHOLD = {PSC: "V_th", COND: "V_th", COND_2007: "v_peak", DELTA: "V_th"}
INTEGRATORS = {PSC: [0, 1, 2], COND: [0, 1, 2], COND_2007: [0, 1], DELTA: [0, 1, 2], ASTROCYTE: []}
# Parameters whose bounds depend on others, see `values`.
APART = {"V_th", "v_peak", "V_min", "c", "t_pulse", "integrator"}
NOT_NEGATIVE = ("quadratic", "conc_Mg2", "half_Mg2", "V_Mg2", "NMDA_ratio", "C", "k")
# The distances, in powers of ten: 0 is the default itself.
DISTANCES = st.sampled_from([0, 1, 3, 12, 300])
DEFAULTS = {}  # of the parameters of each model, from NEST


@dataclass(frozen=True)
class Draw:
    """What the neurons of one simulation are drawn from."""

    model: str
    integrator: int
    resolution: float
    distances: dict[str, int]  # of each parameter and of "weight" from the default
    seed: int


def parameters_of(nest, model):
    """Give the parameters of a model that are real numbers, with their defaults."""
    text = (ROOT / "models" / f"{model}.nestml").read_text()
    names = re.findall(r"^ {8}(\w+) \S+ = [^#]*\[\[.*\]\]", text, re.MULTILINE)
    defaults = nest.GetDefaults(model)
    return {name: defaults[name] for name in names if type(defaults[name]) is float}


@st.composite
def draws(draw, models=tuple(INTEGRATORS)):
    """Draw a simulation; nothing is ever rejected."""
    model = draw(st.sampled_from(models))
    return Draw(
        model,
        draw(st.sampled_from(INTEGRATORS[model] or [0])),
        draw(st.sampled_from([0.1, 1.0, 0.01, 0.001])),
        {name: draw(DISTANCES) for name in [*DEFAULTS[model], "weight"]},
        draw(st.integers(0, 1000)),
    )


def spread(rng, default, distance, n, negative=True):
    """Draw n numbers whose logarithm is uniform within a distance of that of the default or 1."""
    size = abs(default) if np.isfinite(default) and default != 0.0 else 1.0
    drawn = size * 10.0 ** rng.uniform(-distance, distance, n)
    drawn = np.minimum(drawn, LARGEST)
    if negative and distance > 0:
        drawn = np.where(rng.random(n) < 0.5, -drawn, drawn)
    elif negative:
        drawn = np.full(n, default)
    return np.where(rng.random(n) < 0.3, default, drawn) if np.isfinite(default) else drawn


def values(drawn, defaults, n):
    """Give the parameters of n neurons, as arrays."""
    rng = np.random.default_rng(drawn.seed)
    far = drawn.distances
    found = {}
    for name, default in defaults.items():
        if name in APART or name.startswith("tau_rise_"):
            continue
        positive = drawn.model == ASTROCYTE or name in NOT_NEGATIVE
        positive = positive or name.startswith(("tau_", "g_peak", "I_peak"))
        found[name] = spread(rng, default, far[name], n, negative=not positive)
        if name.startswith("E_rev"):
            found[name] = np.clip(found[name], -0.99 * BOUND, 0.99 * BOUND)
    for receptor in RECEPTORS:
        if (decay := f"tau_decay_{receptor}") in found:
            # Rise times from none at all to that of the decay, also a hair shorter.
            share = rng.choice([0.0, 1e-9, 0.1, 0.5, 1.0 - 1e-12, 1.0], n)
            found[f"tau_rise_{receptor}"] = found[decay] * share
    if drawn.model == ASTROCYTE:
        return found
    threshold = THRESHOLD[drawn.model]
    c = np.clip(spread(rng, defaults["c"], far["c"], n), -0.99 * BOUND, 0.99 * BOUND)
    above = spread(rng, 1e2, far[threshold], n, negative=False)
    top = np.where(rng.random(n) < 0.1, np.inf, c + above)
    top = np.where(top > c, top, np.nextafter(c, np.inf))
    below = spread(rng, 1e2, far["V_min"], n, negative=False)
    bottom = np.where(rng.random(n) < 0.5, -np.inf, np.minimum(c, 0.0) - below)
    found |= {"c": c, threshold: top, "V_min": bottom}
    if "t_pulse" in defaults:
        found["t_pulse"] = rng.choice([0.0, 1.0, 99.0], n) * drawn.resolution
    found["integrator"] = np.full(n, drawn.integrator)
    return found


@pytest.fixture(scope="module", autouse=True)
def names_of_parameters(module_build):
    """Look up the parameters once, for all draws."""
    import nest

    nest.ResetKernel()
    nest.Install(module_build["module"])
    for model in INTEGRATORS:
        DEFAULTS[model] = parameters_of(nest, model)


def simulate(start, drawn, n, ranges):
    """Simulate n neurons of a draw, and compare all that can be recorded with its bounds."""
    nest = start(resolution=drawn.resolution)
    found = values(drawn, DEFAULTS[drawn.model], n)
    neurons = nest.Create(drawn.model, n)
    neurons.set({name: array.tolist() for name, array in found.items()})
    for name, array in found.items():
        low, high = ranges.get((drawn.model, name), (np.inf, -np.inf))
        ranges[drawn.model, name] = min(low, array.min()), max(high, array.max())
    if drawn.model != ASTROCYTE:
        rng = np.random.default_rng(drawn.seed + 1)
        ports = nest.GetDefaults(drawn.model).get("receptor_types", {"spikes": 0})
        times = np.array([2.0, 5.0, 6.0, 30.0]) * drawn.resolution
        generator = nest.Create("spike_generator", params={"spike_times": times})
        for port in ports.values():
            weight = spread(rng, 1.0, drawn.distances["weight"], n, negative=port == 0)
            spec = {"receptor_type": port, "weight": weight[:, None], "delay": drawn.resolution}
            nest.Connect(generator, neurons, "all_to_all", spec)
    nest.Simulate(STEPS * drawn.resolution)
    status = neurons[0].get()
    recordables = [name for name in status["recordables"] if name in status]
    recordables = [name for name in recordables if not name.startswith("step_")]
    for name in recordables:
        state = np.array(neurons.get(name))
        bound = BOUND if name in ("V_m", "U_m") else np.finfo(float).max
        [wrong] = np.nonzero(~(np.abs(state) <= bound))
        if wrong.size:
            cell = {key: float(array[wrong[0]]) for key, array in found.items()}
            pytest.fail(f"{name} is {state[wrong[0]]} with {cell}")


def attack(nest_kernel, examples, n):
    """Let hypothesis draw simulations, and print the ranges of all parameters."""
    ranges = {}

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(drawn=draws())
    def all_stays_finite(drawn):
        simulate(nest_kernel, drawn, n, ranges)

    all_stays_finite()
    for (model, name), (low, high) in sorted(ranges.items()):
        print(f"{model} {name}: {low:.3g} to {high:.3g}")


def test_states_stay_finite(nest_kernel):
    """A few simulations of many neurons each, in a few seconds."""
    attack(nest_kernel, 15, 100)


@pytest.mark.slow
def test_states_stay_finite_in_many_simulations(nest_kernel):
    """The same with thousands of neurons a simulation, hundreds of times."""
    attack(nest_kernel, 200, 2000)
