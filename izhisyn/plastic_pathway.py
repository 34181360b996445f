# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells that steps of current excite drive another cell through plastic synapses."""

from dataclasses import dataclass

from izhisyn.kernel import nest
from izhisyn.wiring import step_current, syn_spec


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
        for source, receptor in zip(self.pre, receptors, strict=True):
            spec = syn_spec(receptor, weight, delay, self.model, synapse_model)
            nest.Connect(source, self.post, syn_spec=spec | plasticity)

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
        times, delivered = deliveries.of(self.pre[source].global_id, self.post.global_id)
        return times, delivered / weight


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
    pre = nest.Create(model, len(pre_currents), params=parameters)
    post = nest.Create(model, params=parameters)
    for neuron, steps in zip(pre + post, (*pre_currents, post_current), strict=True):
        step_current(neuron, steps)
    return Pathway(model, pre, post)
