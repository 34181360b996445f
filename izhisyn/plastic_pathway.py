# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells that steps of current excite drive another cell through plastic synapses."""

from dataclasses import dataclass

from izhisyn import checks, kernel, recording
from izhisyn.checks import checked
from izhisyn.errors import ParameterError
from izhisyn.kernel import nest
from izhisyn.wiring import check_current_steps, step_current, syn_spec


@dataclass(frozen=True)
class Pathway:
    """Presynaptic cells, and the postsynaptic cell that they drive.

    Attributes
    ----------
    model : str
        Neuron model of all cells.
    pre, post : nest.NodeCollection
    """

    model: str
    pre: object
    post: object

    @checked(
        receptors=checks.sequence_of(checks.text),
        synapse_model=kernel.synapse_model,
        weight=checks.number(0, unit="pA"),
        delay=checks.number(above=0, unit="ms"),
    )
    def connect(self, receptors, synapse_model, weight, delay, **plasticity):
        """Connect each presynaptic cell to its receptor of the postsynaptic cell.

        Parameters
        ----------
        receptors : sequence of str
            Receptor port that each presynaptic cell drives.
        synapse_model : str
            Plastic synapse model, such as `izhisyn.recording.record_deliveries` makes.
        weight : float
            Peak current if a spike releases everything [pA].
        delay : float
            Transmission delay [ms].
        **plasticity
            Parameters of the synapses.
        """
        if len(receptors) != len(self.pre):
            raise ParameterError(
                f"{len(receptors)} receptors for {len(self.pre)} presynaptic cells; give one each"
            )
        unknown = sorted(plasticity.keys() - nest.GetDefaults(synapse_model).keys())
        if unknown:
            raise ParameterError(
                f"{synapse_model} has no {unknown[0]!r}; nest.GetDefaults lists what it has"
            )
        specs = [
            syn_spec(receptor, weight, delay, self.model, synapse_model) for receptor in receptors
        ]
        for source, spec in zip(self.pre, specs, strict=True):
            nest.Connect(source, self.post, syn_spec=spec | plasticity)

    @checked(
        deliveries=checks.instance(recording.Deliveries, "Deliveries"),
        source=checks.whole_number(0),
        weight=checks.number(above=0, unit="pA"),
    )
    def released(self, deliveries, source, weight):
        """Find out what the spikes of a presynaptic cell released.

        Parameters
        ----------
        deliveries : izhisyn.recording.Deliveries
        source : int
            Index of the presynaptic cell.
        weight : float
            Weight of its connection [pA].

        Returns
        -------
        times : numpy.ndarray, shape (n_spikes,)
            Spike times [ms].
        r : numpy.ndarray, shape (n_spikes,)
            Released fraction of the synapse's resources [1].
        """
        if source >= len(self.pre):
            raise ParameterError(
                f"source is {source}; there are {len(self.pre)} presynaptic cells, from 0 on"
            )
        times, delivered = deliveries.times_and_weights(
            self.pre[source].global_id, self.post.global_id
        )
        return times, delivered / weight


@checked(
    model=kernel.node_model,
    parameters=checks.dictionary,
    pre_currents=checks.sequence_of(checks.steps_of_current, 1, "steps of current for each cell"),
    post_current=checks.steps_of_current,
)
def create_pathway(model, parameters, pre_currents, post_current=((0.0, 0.0),)):
    """Create the cells with their currents.

    Parameters
    ----------
    model : str
        Neuron model.
    parameters : dict
        Parameters and initial state of all cells.
    pre_currents : sequence of sequence of (float, float)
        For each presynaptic cell the times [ms] from which amplitudes [pA] hold.
    post_current : sequence of (float, float)
        The same for the postsynaptic cell.

    Returns
    -------
    Pathway
    """
    unknown = sorted(parameters.keys() - nest.GetDefaults(model).keys())
    if unknown:
        raise ParameterError(
            f"{model} has no parameter {unknown[0]!r}; nest.GetDefaults lists them"
        )
    for steps in (*pre_currents, post_current):
        check_current_steps(steps)
    pre = nest.Create(model, len(pre_currents), params=parameters)
    post = nest.Create(model, params=parameters)
    for neuron, steps in zip(pre + post, (*pre_currents, post_current), strict=True):
        step_current(neuron, steps)
    return Pathway(model, pre, post)
