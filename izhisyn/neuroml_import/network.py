# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a NeuroML network of Izhikevich cells, in the names and units of NEST."""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from neuroml.loaders import read_neuroml2_file

from izhisyn.errors import ParameterError

# In NEST's units: ms, mV, pA, nS and pF.
UNITS = {
    **{"": 1.0, "ms": 1.0, "s": 1e3, "us": 1e-3, "mV": 1.0, "V": 1e3},
    **{"pA": 1.0, "nA": 1e3, "uA": 1e6, "A": 1e12, "pS": 1e-3, "nS": 1.0, "uS": 1e3, "mS": 1e6},
    **{"S": 1e9, "pF": 1.0, "nF": 1e3, "uF": 1e6, "F": 1e12},
    **{"per_ms": 1.0, "per_s": 1e-3, "Hz": 1e-3, "nS_per_mV": 1.0, "uS_per_mV": 1e3},
}
# The NMDA receptor without magnesium is one as the others.
RECEPTORS = ("AMPA", "GABA_A", "GABA_B", "NMDA")
# NeuroML's expOneSynapse jumps: a rise that is over within any step.
NO_RISE = 1e-6  # [ms]


@dataclass
class Cells:
    """A population.

    Attributes
    ----------
    name, model : str
        Name in the file, and of the NEST model.
    parameters : dict of str to float
        Parameters and initial state.
    ids : list of int
        Ids of the instances in the file, in the order of the cells.
    origin : str
        Component of the file, for a comment.
    receptors : dict of str to str
        Synapse component to receptor of the model.
    currents : dict of int to list of (float, float, float)
        Cell to its pulses: start, end [ms] and amplitude [pA].
    """

    name: str
    model: str
    parameters: dict
    ids: list
    origin: str
    receptors: dict = field(default_factory=dict)
    currents: dict = field(default_factory=lambda: defaultdict(list))


@dataclass
class Projection:
    """Connections between two populations by one synapse component.

    Attributes
    ----------
    name, source, target, receptor : str
    pairs : list of (int, int)
        Indices of the cells.
    weights : list of float
        Multiples of the receptor's peak.
    delays : list of float
        [ms]
    """

    name: str
    source: str
    target: str
    receptor: str
    pairs: list = field(default_factory=list)
    weights: list = field(default_factory=list)
    delays: list = field(default_factory=list)


@dataclass
class Network:
    """What is carried over, and the names of what is not."""

    populations: dict = field(default_factory=dict)
    projections: list = field(default_factory=list)
    left_behind: list = field(default_factory=list)


def read_network(path):
    """Read a file and those that it includes.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    Network

    Raises
    ------
    ParameterError
        If the file is not NeuroML 2, has no Izhikevich cells in a network, or contradicts itself.
    """
    if not path.is_file():
        raise ParameterError(f"there is no file {path}; name a NeuroML 2 file")
    try:
        document = read_neuroml2_file(str(path), include_includes=True)
    except Exception as error:  # libNeuroML and lxml raise what they like for a bad file
        raise ParameterError(f"{path} cannot be read as NeuroML 2: {error}") from error
    if len(document.networks) != 1:
        raise ParameterError(
            f"{path} has {len(document.networks)} networks; name a file that has one"
        )
    return _Reader(document, path).read()


class _Reader:
    """Carries one document over."""

    def __init__(self, document, path):
        self.path = path
        self.source = document.networks[0]
        self.network = Network()
        self.components = {
            component.id: component
            for member in document.member_data_items_
            for component in _listed(document, member.get_name())
            if getattr(component, "id", None)
        }

    def read(self):
        """Read populations, inputs and projections; name everything else in the network."""
        for population in self.source.populations:
            self.add_population(population)
        if not self.network.populations:
            raise ParameterError(
                f"{self.path} has no population of izhikevichCell or izhikevich2007Cell; izhisyn "
                "carries over no other cells"
            )
        for inputs in self.source.input_lists:
            for one in inputs.input:
                self.add_input(inputs.component, one.target, 1.0)
            for one in inputs.input_ws:
                self.add_input(inputs.component, one.target, float(one.weight))
        for one in self.source.explicit_inputs:
            self.add_input(one.input, one.target, 1.0)
        for projection in self.source.projections:
            self.add_projection(projection)
        for one in self.source.synaptic_connections:
            self.add_connections(f"{one.from_} to {one.to}", one.synapse, [(one.from_, one.to)])
        known = ("populations", "input_lists", "explicit_inputs", "projections")
        for member in self.source.member_data_items_:
            name = member.get_name()
            if name in (*known, "synaptic_connections"):
                continue
            found = _listed(self.source, name)
            if found:
                self.leave(f"{name} of the network ({len(found)})")
        return self.network

    def leave(self, what):
        """Note what is not carried over, once."""
        if what not in self.network.left_behind:
            self.network.left_behind.append(what)

    def add_population(self, population):
        """Translate a population and its cell component."""
        component = self.component(population.component, f"population {population.id}")
        translate = TRANSLATIONS.get(type(component).__name__)
        if translate is None:
            self.leave(f"population {population.id} of {_described(component)}, with its synapses")
            return
        if population.instances:
            ids = [int(instance.id) for instance in population.instances]
            self.leave("positions of the cells")
        else:
            ids = list(range(int(population.size)))
        model, parameters = translate(component)
        origin = _described(component)
        name = population.id
        self.network.populations[name] = Cells(name, model, parameters, ids, origin)

    def add_input(self, component_id, target, weight):
        """Translate a pulse into a cell."""
        place = self.cell(target)
        component = self.component(component_id, f"input into {target}")
        if place is None or type(component).__name__ not in ("PulseGenerator", "PulseGeneratorDL"):
            self.leave(f"input of {_described(component)} into {target}")
            return
        cells, index = place
        start = number(component.delay)
        pulse = (start, start + number(component.duration), weight * number(component.amplitude))
        cells.currents[index].append(pulse)

    def add_projection(self, projection):
        """Translate a projection."""
        connections = [
            (one.pre_cell_id, one.post_cell_id, 1.0, 0.0) for one in projection.connections
        ]
        connections += [
            (one.pre_cell_id, one.post_cell_id, float(one.weight), number(one.delay))
            for one in projection.connection_wds
        ]
        self.add_connections(f"projection {projection.id}", projection.synapse, connections)

    def add_connections(self, name, synapse_id, connections):
        """Translate connections, given by the addresses of their cells, weight and delay."""
        synapse = self.component(synapse_id, name)
        for source, target, *rest in connections:
            weight, delay = rest or (1.0, 0.0)
            pre, post = self.cell(source), self.cell(target)
            if pre is None or post is None:
                self.leave(f"{name}, which has a cell that is not carried over")
                return
            receptor = self.receptor(post[0], synapse, name)
            if receptor is None:
                return
            key = (name, pre[0].name, post[0].name, receptor)
            last = self.network.projections[-1] if self.network.projections else None
            if last is None or (last.name, last.source, last.target, last.receptor) != key:
                self.network.projections.append(Projection(*key))
            found = self.network.projections[-1]
            found.pairs.append((pre[1], post[1]))
            found.weights.append(weight)
            found.delays.append(delay)

    def receptor(self, cells, synapse, name):
        """Give a synapse component a receptor of its target, the first time it is used there."""
        if synapse.id in cells.receptors:
            return cells.receptors[synapse.id]
        if type(synapse).__name__ not in ("ExpOneSynapse", "ExpTwoSynapse"):
            self.leave(f"{name} by {_described(synapse)}")
            return None
        if cells.model != MODEL_2007:
            self.leave(
                f"{name}: conductances do not act on the dimensionless izhikevichCell, use "
                "izhikevich2007Cell"
            )
            return None
        free = [receptor for receptor in RECEPTORS if receptor not in cells.receptors.values()]
        if not free:
            raise ParameterError(
                f"population {cells.name} has more than {len(RECEPTORS)} kinds of synapses, the "
                f"last is {synapse.id}; a cell of {cells.model} has {len(RECEPTORS)} receptors"
            )
        receptor = cells.receptors[synapse.id] = free[0]
        one = type(synapse).__name__ == "ExpOneSynapse"
        cells.parameters |= {
            f"tau_rise_{receptor}": NO_RISE if one else number(synapse.tau_rise),
            f"tau_decay_{receptor}": number(synapse.tau_decay),
            f"g_peak_{receptor}": number(synapse.gbase),
            f"E_rev_{receptor}": number(synapse.erev),
        }
        if receptor == "NMDA":
            cells.parameters["conc_Mg2"] = 0.0
        return receptor

    def component(self, name, user):
        """Find a component by its id."""
        if name not in self.components:
            raise ParameterError(f"{self.path}: {user} names {name!r}, which is not in the file")
        return self.components[name]

    def cell(self, address):
        """Find a cell by its address; give None for one of a population that is left behind."""
        match = re.fullmatch(r"(?:\.\./)?(\w+)(?:/(\d+)(?:/\w*)?|\[(\d+)\])", address)
        if match is None:
            raise ParameterError(
                f"{self.path}: {address!r} is not the address of a cell, as ../population/0/cell"
            )
        cells = self.network.populations.get(match[1])
        if cells is None:
            return None
        number_in_file = int(match[2] or match[3])
        if number_in_file not in cells.ids:
            raise ParameterError(f"{self.path}: population {match[1]} has no cell {number_in_file}")
        return cells, cells.ids.index(number_in_file)


MODEL_2003 = "izhikevich_psc_delta_neuron"
MODEL_2007 = "izhikevich2007_cond_multisyn_neuron"


def _izhikevich_cell(cell):
    """Translate the cell of Izhikevich (2003); its start has u = b v."""
    v0, b = number(cell.v0), number(cell.b)
    parameters = {name: number(getattr(cell, name)) for name in ("a", "b", "c", "d")}
    return MODEL_2003, {**parameters, "V_th": number(cell.thresh), "V_m": v0, "U_m": b * v0}


def _izhikevich_2007_cell(cell):
    """Translate the cell of Izhikevich (2007); its start has u = 0."""
    names = {"C": "C", "k": "k", "vr": "v_r", "vt": "v_t", "vpeak": "v_peak"}
    names |= {name: name for name in ("a", "b", "c", "d")}
    parameters = {ours: number(getattr(cell, theirs)) for theirs, ours in names.items()}
    return MODEL_2007, {**parameters, "V_m": number(cell.v0), "U_m": 0.0}


TRANSLATIONS = {"IzhikevichCell": _izhikevich_cell, "Izhikevich2007Cell": _izhikevich_2007_cell}


def number(text):
    """Convert a quantity of NeuroML, such as ``10 ms`` or ``0.9nA``, to NEST's units.

    Parameters
    ----------
    text : str

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        If the unit is not known.
    """
    match = re.fullmatch(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\w*)\s*", str(text))
    if match is None or match[2] not in UNITS:
        raise ParameterError(
            f"{text!r} is not a number with a unit that izhisyn knows ({', '.join(UNITS)[2:]})"
        )
    return float(f"{float(match[1]) * UNITS[match[2]]:.15g}")  # 0.9 nA is 900 pA, not 900.0000001


def _listed(parent, name):
    found = getattr(parent, name, None)
    return found if isinstance(found, list) else []


def _described(component):
    kind = type(component).__name__
    return f"{kind[0].lower()}{kind[1:]} {component.id}"
