# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameters of a network in the asynchronous irregular state, and how they scale with its size.

80 % regular spiking and 20 % fast spiking cells, their parameters spread as in Izhikevich (2003),
each with the same number of random inputs. `izhisyn.random_network` creates and connects them.

The state is the same for any number of neurons N and in-degree K: inputs are scaled such that the
mean and the variance of each conductance (or current) stay those of the design, the principle of
van Albada, Helias and Diesmann (2015). Weights go as 1/K, which keeps the means. The variance from
the network then goes as 1/K, too, and the background makes up for it: its spikes keep their mean
and become fewer and larger. Weights that go as 1/sqrt(K) (van Vreeswijk and Sompolinsky 1998) would
keep the variance of a current, but the mean conductances would grow with sqrt(K), shorten the
membrane's time constant and weaken the fluctuations that make it fire irregularly (Sanzeni, Histed
and Brunel 2022); with delays they also make the network oscillate. Below an in-degree of about 130
the network alone has more variance than the design, and the state changes.

References
----------
S. J. van Albada, M. Helias, M. Diesmann, "Scalability of asynchronous networks is limited by
one-to-one mapping between effective connectivity and correlations", PLoS Computational Biology
11(9), e1004490, 2015.
C. van Vreeswijk, H. Sompolinsky, "Chaotic balanced state in a model of cortical circuits", Neural
Computation 10(6), 1998.
A. Sanzeni, M. H. Histed, N. Brunel, "Emergence of irregular activity in networks of strongly
coupled conductance-based neurons", Physical Review X 12, 011044, 2022.
"""

from dataclasses import dataclass

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import ParameterError

NETWORK = {
    "share_E": 0.8,  # excitatory share of the cells, and of the inputs of each cell
    "K_design": 1000,  # in-degree for which the weights are given
    "w_E": 0.004,  # mean weight of an excitatory input of an excitatory cell [nS at the peak]
    "w_E_to_I": 1.2,  # that of an inhibitory cell, in units of w_E
    "w_I": 0.08,  # mean weight of an inhibitory input [nS at the peak]
    "NMDA_ratio": 0.2,  # NMDA weight for each unit of AMPA weight
    "weight_variation": 0.5,  # standard deviation of the weights over their mean
    "delay_E": 1.5,  # mean delay of excitatory inputs [ms]
    "delay_I": 0.8,  # mean delay of inhibitory inputs [ms]
    "delay_variation": 0.5,  # standard deviation of the delays over their mean
    "delay_min": 0.5,  # shortest delay [ms]
    "delay_max": 5.0,  # longest delay [ms]
    "rate_E": 4.0,  # rate of excitatory cells in the design [spikes/s]
    "rate_I": 8.0,  # rate of inhibitory cells in the design [spikes/s]
    # Mean and variance that spikes at a rate r with weights w give are proportional to r w and
    # r w^2. The background gives all of the mean here, and what the network lacks of the variance.
    "background_mean_E": 27.0,  # excitatory background [nS/s]
    "total_variance_E": 3.2,  # excitatory background and network [nS^2/s]
    "background_mean_I": 90.0,  # inhibitory background [nS/s]
    "total_variance_I": 104.0,  # inhibitory background and network [nS^2/s]
    "V_0": (-75.0, -60.0),  # initial membrane potentials are uniform in this range [mV]
}


@dataclass(frozen=True)
class NeuronModel:
    """A neuron model, and what the weights of the design mean to it.

    Attributes
    ----------
    name : str
        Name of the NEST model.
    unit_E, unit_I : float
        What stands for a conductance of 1 nS at excitatory and inhibitory synapses: 1 nS, or the
        current [pA] that gives the current-based network about the same state. The currents are
        less than conductance times driving force, because they do not shunt the membrane.
    inputs : tuple of str
        Recordables of the receptors.
    """

    name: str
    unit_E: float
    unit_I: float
    inputs: tuple


NEURON_MODELS = {
    "cond": NeuronModel(
        "izhikevich_cond_multisyn_neuron",
        unit_E=1.0,
        unit_I=1.0,
        inputs=("g_AMPA", "g_NMDA", "g_GABA_A"),
    ),
    "psc": NeuronModel(
        "izhikevich_psc_multisyn_neuron",
        unit_E=28.0,
        unit_I=5.0,
        inputs=("I_AMPA", "I_NMDA", "I_GABA_A"),
    ),
}


@dataclass(frozen=True)
class NetworkSize:
    """Numbers of cells and of inputs.

    Attributes
    ----------
    N_E, N_I : int
        Excitatory and inhibitory cells.
    K_E, K_I : int
        Excitatory and inhibitory inputs of each cell.
    """

    N_E: int
    N_I: int
    K_E: int
    K_I: int

    @property
    def N(self):
        """Number of cells."""
        return self.N_E + self.N_I

    @property
    def K(self):
        """In-degree."""
        return self.K_E + self.K_I

    @property
    def populations(self):
        """Node ids of the populations, which are created first."""
        return {"E": range(1, self.N_E + 1), "I": range(self.N_E + 1, self.N + 1)}


@dataclass(frozen=True)
class Inputs:
    """Inputs of one kind to the cells of one population.

    Attributes
    ----------
    weight : float
        Mean weight of the inputs from the network [nS, or pA with current-based synapses].
    background_weight : float
        Weight of the background's spikes [the same].
    background_rate : float
        Rate of the background's spikes at each cell [spikes/s].
    """

    weight: float
    background_weight: float
    background_rate: float


@checked(
    neurons=checks.whole_number(1), in_degree=checks.whole_number(1), scale=checks.number(above=0)
)
def network_size(neurons, in_degree, scale=1.0):
    """Share cells and inputs out between the two populations.

    Parameters
    ----------
    neurons : int
        Number of cells.
    in_degree : int
        Inputs of each cell.
    scale : float
        Factor of both.

    Returns
    -------
    NetworkSize

    Raises
    ------
    ParameterError
        If there is no such network.
    """
    N, K = round(neurons * scale), round(in_degree * scale)
    if K > N:
        raise ParameterError(f"in-degree {K} is more than the {N} neurons; choose at most {N}")
    if K < 5:
        raise ParameterError(f"in-degree {K} is too small for both populations; choose 5 or more")
    if N < 10:
        raise ParameterError(f"{N} neurons are too few for two populations; choose 10 or more")
    N_E, K_E = round(NETWORK["share_E"] * N), round(NETWORK["share_E"] * K)
    return NetworkSize(N_E, N - N_E, K_E, K - K_E)


@checked(
    population=checks.one_of(("E", "I")),
    size=checks.instance(NetworkSize, "a NetworkSize"),
    model=checks.instance(NeuronModel, "one of the NEURON_MODELS"),
)
def inputs_of(population, size, model):
    """Scale the inputs of a population to the in-degree.

    Parameters
    ----------
    population : str
        "E" or "I".
    size : NetworkSize
    model : NeuronModel

    Returns
    -------
    dict of str to Inputs
        Excitatory and inhibitory inputs, "E" and "I".
    """
    scale = NETWORK["K_design"] / size.K
    factor = NETWORK["w_E_to_I"] if population == "I" else 1.0
    return {
        kind: _completed_by_background(kind, weight * scale, in_degree, unit)
        for kind, weight, in_degree, unit in (
            ("E", NETWORK["w_E"] * factor, size.K_E, model.unit_E),
            ("I", NETWORK["w_I"], size.K_I, model.unit_I),
        )
    }


def _completed_by_background(kind, weight, in_degree, unit):
    """Find the background that completes the inputs from the network.

    The spikes of the network have the variance K r <w^2>, those of the background R W^2 and the
    mean R W, from which W and R follow.

    Parameters
    ----------
    kind : str
        "E" for excitatory inputs, "I" for inhibitory ones.
    weight : float
        Mean weight of the inputs from the network [nS].
    in_degree : int
        Number of these inputs.
    unit : float
        What stands for 1 nS.

    Returns
    -------
    Inputs
    """
    mean_square = weight**2 * (1.0 + NETWORK["weight_variation"] ** 2)
    variance_of_network = in_degree * NETWORK[f"rate_{kind}"] * mean_square
    mean, total = NETWORK[f"background_mean_{kind}"], NETWORK[f"total_variance_{kind}"]
    # The network alone may exceed the total; a background without variance would need an infinite
    # rate.
    variance = max(total - variance_of_network, 0.02 * total)
    return Inputs(weight * unit, variance / mean * unit, mean**2 / variance)
