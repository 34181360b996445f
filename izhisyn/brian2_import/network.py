# SPDX-License-Identifier: GPL-2.0-or-later
"""The groups, synapses and monitors of a Brian2 script, with the models that they become."""

import builtins
import re
from dataclasses import dataclass, field

import brian2
import numpy as np
from brian2.core.operations import NetworkOperation
from brian2.monitors.spikemonitor import EventMonitor
from brian2.spatialneuron.spatialneuron import SpatialNeuron
from brian2.utils.stringtools import get_identifiers

from izhisyn.brian2_import.checks import RANDOM
from izhisyn.brian2_import.errors import Brian2ImportError
from izhisyn.brian2_import.inventory import check_order, regular_code
from izhisyn.brian2_import.names import is_reserved
from izhisyn.brian2_import.neuron import neuron_to_nestml
from izhisyn.brian2_import.parts import Neuron, Port, refuse_two_effects
from izhisyn.brian2_import.python_code import RESERVED
from izhisyn.brian2_import.synapse import deliveries, unit_of_variable
from izhisyn.brian2_import.whole_script import objects_by_name

_SOURCES = (brian2.PoissonGroup, brian2.SpikeGeneratorGroup)
_MONITORS = (EventMonitor, brian2.StateMonitor, brian2.PopulationRateMonitor)
_NAMED = (brian2.NeuronGroup, *_SOURCES, brian2.Synapses, brian2.PoissonInput, *_MONITORS)


@dataclass
class Population:
    """A group that becomes nodes of NEST.

    Attributes
    ----------
    name
        In the written script.
    group
        The whole Brian2 group.
    model
        The neuron model; None for PoissonGroup and SpikeGeneratorGroup.
    spikes_first
        Whether connections to it have Brian2's delays plus one step.
    ports
        Names of its spike ports, by what their spikes do.
    """

    name: str
    group: object
    model: Neuron | None = None
    spikes_first: bool = False
    ports: dict = field(default_factory=dict)


@dataclass
class Projection:
    """The connections that a pathway of Synapses needs.

    Attributes
    ----------
    name
        Of the Synapses in the script.
    synapses, pathway
        Brian2's.
    source, target : Population
    deliveries : list of Delivery
    """

    name: str
    synapses: object
    pathway: object
    source: Population
    target: Population
    deliveries: list

    def plastic(self):
        """Give the synapse model that listens to its target as well; None if there is none."""
        models = [one.model for one in self.deliveries if one.model is not None]
        return next((model for model in models if model.post_port), None)


@dataclass
class Network:
    """What a script simulates.

    Attributes
    ----------
    stem
        The script's name, for the models'.
    resolution
        Time step [s].
    populations
        By the name of their Brian2 group.
    projections, inputs, monitors
        The connections; the PoissonInputs and their ports; the monitors.
    models
        All NESTML models, each once.
    names
        Name in the script of each Brian2 object.
    left_behind
        What is not carried over: pairs of what it is and why, or what to do.
    """

    stem: str
    resolution: float = 0.0
    populations: dict = field(default_factory=dict)
    projections: list = field(default_factory=list)
    inputs: list = field(default_factory=list)
    monitors: list = field(default_factory=list)
    models: list = field(default_factory=list)
    names: dict = field(default_factory=dict)
    left_behind: list = field(default_factory=list)

    def pairs(self):
        """Give the synapse models that listen to a neuron model, by its name."""
        pairs = {}
        for projection in self.projections:
            if (synapse := projection.plastic()) is not None:
                pairs.setdefault(projection.target.model.name, []).append(synapse)
        return pairs

    def paired_names(self):
        """Give NESTML's names for the models that it generates together.

        Returns
        -------
        dict of str to tuple of (list of str, str or None)
            By the model's own name: the parts of the other one, and the model whose new name
            follows behind them.
        """
        names = {}
        for neuron, synapses in self.pairs().items():
            first, *others = (synapse.name for synapse in synapses)
            parts = [f"{neuron}__with_{first}", *(f"_and_{other}" for other in others)]
            names[neuron] = (parts, None)
            for synapse in synapses:
                begin = f"{synapse.name}__with_"
                names[synapse.name] = ([begin], neuron) if others else ([begin + neuron], None)
        return names

    def nestml_options(self):
        """Give the options with which NESTML generates code for pairs; empty without pairs."""
        pairs = self.pairs()
        synapses = [synapse for found in pairs.values() for synapse in found]
        if not pairs:
            return {}
        return {
            "neuron_synapse_pairs": [
                {
                    "neuron": neuron,
                    "synapses": {one.name: {"post_ports": [one.post_port]} for one in found},
                }
                for neuron, found in pairs.items()
            ],
            "weight_variable": {synapse.name: synapse.weight for synapse in synapses},
            # their values need both ports, so that none may move into the neuron
            "strictly_synaptic_vars": {synapse.name: synapse.states for synapse in synapses},
        }


def read_network(script, stem, title):
    """Find out what NEST needs for what a script simulates.

    Parameters
    ----------
    script : izhisyn.brian2_import.whole_script.WholeScript
    stem : str
        What the names of models begin with.
    title : str
        Name of the script's file.

    Returns
    -------
    Network

    Raises
    ------
    Brian2ImportError
        If no group can be carried over.
    """
    return _Reader(script, stem, title).read()


def whole_group(group):
    """Give the group that a subgroup is part of; a group is its own."""
    return getattr(group, "source", group) if isinstance(group, brian2.Subgroup) else group


class _Reader:
    def __init__(self, script, stem, title):
        self.script = script
        self.title = title
        self.namespace = script.runs[0].namespace
        self.network = Network(stem, names=_python_names(script))
        order = {name: number for number, name in enumerate(self.network.names)}
        self.things = sorted(
            script.running, key=lambda thing: (order.get(thing.name, len(order)), thing.name)
        )

    def read(self):
        """Do what `read_network` promises."""
        groups = self._of(brian2.NeuronGroup)
        sources = self._of(*_SOURCES)
        self._find_resolution(groups + sources)
        refused = {}
        found = {group.name: self._deliveries_to(group) for group in groups}
        inputs = {group.name: self._inputs_to(group) for group in groups}
        for group in groups:
            try:
                self._add_neurons(group, found[group.name], inputs[group.name])
            except Brian2ImportError as error:
                refused[group.name] = error
                self._leave(f"NeuronGroup {self._name(group)}", str(error))
        if refused and len(refused) == len(groups):
            raise next(iter(refused.values()))
        for group in sources:
            self.network.populations[group.name] = Population(self._name(group), group)
        for group in groups:
            self._add_projections(found[group.name])
            self._add_inputs(inputs[group.name])
        self._add_monitors()
        self._leave_others()
        return self.network

    def _of(self, *kinds):
        return [thing for thing in self.things if isinstance(thing, kinds)]

    def _name(self, thing):
        return self.network.names.get(thing.name, thing.name)

    def _leave(self, what, why):
        if (what, why) not in self.network.left_behind:
            self.network.left_behind.append((what, why))

    def _find_resolution(self, groups):
        if not groups:
            raise Brian2ImportError(
                f"{self.title} simulates no NeuronGroup, PoissonGroup or SpikeGeneratorGroup, so "
                "that there is nothing to carry over"
            )
        steps = {float(group.clock.dt): self._name(group) for group in groups}
        if len(steps) > 1:
            several = ", ".join(f"{name} {step * 1e3:g} ms" for step, name in steps.items())
            raise Brian2ImportError(
                f"the groups have time steps of their own ({several}), but NEST has one; give all "
                "of them the same dt"
            )
        (self.network.resolution,) = steps

    def _deliveries_to(self, group):
        """Find what arrives at a group: Synapses, pathway and deliveries."""
        found = []
        changes = {
            (thing.target_var, "+=", "")
            for thing in self._of(brian2.PoissonInput)
            if whole_group(thing._group).name == group.name
        }
        for synapses in self._of(brian2.Synapses):
            if whole_group(synapses.target).name != group.name:
                continue
            name = f"{self.network.stem}_{self._name(synapses)}_synapse".lower()
            source = f"Synapses {self._name(synapses)} of {self.title}"
            try:
                if not synapses._pathways and not synapses.summed_updaters:
                    continue
                if len(synapses) == 0:
                    self._leave(f"Synapses {self._name(synapses)}", "it connects nothing")
                    continue
                if synapses.summed_updaters:
                    raise Brian2ImportError(
                        f"the summed variable {', '.join(synapses.summed_updaters)}: NEST sums "
                        f"spikes, not variables; {_instead_of_sum(synapses)}"
                    )
                parts = []
                sending = [one for one in synapses._pathways if one.prepost == "pre"]
                if not sending:
                    raise Brian2ImportError("it has no on_pre, so no spike passes it")
                for number, pathway in enumerate(sending):
                    model_name = name if number == 0 else f"{name}_{pathway.objname}"
                    parts += [
                        (synapses, pathway, one)
                        for one in deliveries(
                            synapses, pathway, group, self.namespace, model_name, source
                        )
                    ]
                effects = changes.union(*(delivery.effects for *_, delivery in parts))
                refuse_two_effects(effects)
                found += parts
                changes = effects
            except Brian2ImportError as error:
                self._leave(f"Synapses {self._name(synapses)}", str(error))
        return found

    def _inputs_to(self, group):
        """Find the PoissonInputs of a group, whose weights draw no numbers."""
        found = []
        for thing in self._of(brian2.PoissonInput):
            if whole_group(thing._group).name != group.name:
                continue
            if isinstance(thing.weight, str) and get_identifiers(thing.weight) & RANDOM:
                self._leave(
                    f"PoissonInput {self._name(thing)}",
                    f"its weight {thing.weight} is random; give its mean as a number",
                )
                continue
            found.append(thing)
        return found

    def _add_neurons(self, group, found, inputs):
        name = self._name(group)
        if isinstance(group, SpatialNeuron):
            raise Brian2ImportError(
                "it is a SpatialNeuron with many compartments, and a neuron of NEST is a point; "
                "use NEST's own multi-compartment models, such as cm_default"
            )
        check_order(group, self.script.schedule)
        # the delay of a synapse that listens to its target is that of its spikes back, too
        spikes_first = any(
            (delivery.model is not None and delivery.model.post_port)
            or (
                not isinstance(whole_group(synapses.source), brian2.PoissonGroup)
                and np.min(delay_steps(pathway, self.network.resolution)) == 0
            )
            for synapses, pathway, delivery in found
        )
        ports, names = self._ports(group, found, inputs, spikes_first)
        model = neuron_to_nestml(
            group,
            f"{self.network.stem}_{name}_neuron".lower(),
            self.namespace,
            ports,
            regular_code(group, group, with_parts=True),
            f"NeuronGroup {name} of {self.title}",
            spikes_first=spikes_first,
            values_follow=True,
        )
        model = next(
            (known for known in self._neuron_models() if known.pattern == model.pattern), model
        )
        if model not in self.network.models:
            self.network.models.append(model)
        self.network.populations[group.name] = Population(name, group, model, spikes_first, names)

    def _neuron_models(self):
        return [model for model in self.network.models if isinstance(model, Neuron)]

    def _ports(self, group, found, inputs, spikes_first):
        """Make a spike port for each effect, named by the variable or by the Synapses."""
        ports, names = [], {}
        taken = {*group.variables, *group.user_equations.identifiers}

        def add(effects, origin, wanted, meaning):
            if effects in names:
                return
            wanted = wanted.upper()  # as NESTML writes them in NEST's receptor_types
            while len(wanted) == 1 or wanted in taken or is_reserved(wanted):
                wanted += "_SPIKES"
            taken.add(wanted)
            names[effects] = wanted
            ports.append(Port(wanted, effects, origin, meaning))

        for synapses, _, delivery in found:
            effects = delivery.effects
            is_plain = len(effects) == 1 and delivery.model is None
            wanted = effects[0][0] if is_plain else self._name(synapses)
            add(effects, delivery.origin, wanted, delivery.meaning())
        for thing in inputs:
            variable = thing.target_var
            if has_number(thing):
                origin, meaning = (
                    f"PoissonInput to {variable}",
                    f"a spike adds its weight to {variable}",
                )
            else:
                origin, meaning = f"PoissonInput, {thing.weight}", "connect with a weight of 1"
            add(input_effects(thing, spikes_first), origin, variable, meaning)
        return ports, names

    def _add_projections(self, found):
        for synapses, pathway, delivery in found:
            source = self.network.populations.get(whole_group(synapses.source).name)
            target = self.network.populations.get(whole_group(synapses.target).name)
            name = self._name(synapses)
            if source is None or target is None:
                end = synapses.source if source is None else synapses.target
                self._leave(
                    f"Synapses {name}", f"{self._name(whole_group(end))} is not carried over"
                )
                continue
            if delivery.model is not None and delivery.model not in self.network.models:
                self.network.models.append(delivery.model)
            known = self.network.projections[-1] if self.network.projections else None
            if known is not None and known.pathway is pathway:
                known.deliveries.append(delivery)
                continue
            self.network.projections.append(
                Projection(name, synapses, pathway, source, target, [delivery])
            )

    def _add_inputs(self, inputs):
        for thing in inputs:
            target = self.network.populations.get(whole_group(thing._group).name)
            if target is None:
                name = self._name(whole_group(thing._group))
                self._leave(f"PoissonInput {self._name(thing)}", f"{name} is not carried over")
                continue
            self.network.inputs.append((thing, target))

    def _add_monitors(self):
        for thing in self._of(*_MONITORS):
            name = self._name(thing)
            population = self.network.populations.get(whole_group(thing.source).name)
            if isinstance(thing.source, brian2.Synapses):
                self._leave(
                    f"StateMonitor {name}",
                    "it records variables of synapses; read them by nest.GetConnections between "
                    "two calls of simulate",
                )
            elif population is None:
                self._leave(f"monitor {name}", "what it records is not carried over")
            elif isinstance(thing, EventMonitor) and thing.event != "spike":
                self._leave(f"monitor {name}", f"NEST has no event {thing.event}")
            else:
                self.network.monitors.append((thing, name, population))

    def _leave_others(self):
        for thing in self._of(NetworkOperation):
            self._leave(
                f"network_operation {thing.function.__name__}()",
                "it is Python code; call it between two calls of simulate",
            )
        for synapses in self._of(brian2.Synapses):
            changes = " ".join(pathway.code for pathway in synapses._pathways)
            target = whole_group(synapses.target)
            if not isinstance(target, brian2.NeuronGroup):
                self._leave(
                    f"Synapses {self._name(synapses)}",
                    f"its target {self._name(target)} is no NeuronGroup, and a connection in NEST "
                    "goes to a neuron",
                )
            elif not synapses._pathways and not synapses.summed_updaters:
                self._leave(
                    f"Synapses {self._name(synapses)}", "it has no on_pre, so no spike passes it"
                )
            elif "_pre" in changes:
                continue  # refused above, with the line
        for thing in self.things:
            if isinstance(thing, (*_NAMED, NetworkOperation, brian2.Subgroup)):
                continue
            if thing.name not in self.network.names:
                continue
            self._leave(f"{type(thing).__name__} {self._name(thing)}", "NEST has no counterpart")


def sliced(population, first, end):
    """Write a range of a population's neurons.

    Parameters
    ----------
    population : Population
    first, end : int
        First neuron, and the one behind the last.

    Returns
    -------
    str
    """
    size = len(population.group)
    if first == 0 and end == size:
        return population.name
    if end == first + 1:
        return f"{population.name}[{first}]"
    begin = "" if first == 0 else str(first)
    return f"{population.name}[{begin}:{'' if end == size else end}]"


def has_number(thing):
    """Whether the weight of a PoissonInput is a number, and no expression."""
    return not (isinstance(thing.weight, str) and get_identifiers(thing.weight))


def _instead_of_sum(synapses):
    """Say what to do instead of a summed variable."""
    codes = [str(updater.expression) for updater in synapses.summed_updaters.values()]
    names = set().union(*(get_identifiers(code) for code in codes))
    if any(name.endswith("_pre") for name in names):
        return (
            "what hands on a variable of the source all the time is NEST's gap_junction for "
            "potentials and rate_connection_instantaneous for rates, between models made for them"
        )
    return "move the equations of what is summed into the target, and let on_pre add to it"


def input_effects(thing, spikes_first):
    """Give the effects of a PoissonInput's spikes: each adds a unit, or an expression.

    Parameters
    ----------
    thing : brian2.PoissonInput
    spikes_first : bool
        Whether its spikes act at the start of the step that follows.

    Returns
    -------
    tuple
        As those of a `Port`.
    """
    amount = thing.weight
    if has_number(thing):
        amount = unit_of_variable(thing._group, thing.target_var)
    elif spikes_first:
        amount = re.sub(r"\bt\b", "(t - dt)", amount)
    return ((thing.target_var, "+=", amount),)


def delay_steps(pathway, resolution):
    """Give the delays of a pathway in time steps, rounded as Brian2 does.

    Parameters
    ----------
    pathway : brian2.synapses.synapses.SynapticPathway
    resolution : float
        Time step [s].

    Returns
    -------
    numpy.ndarray of int
    """
    delays = np.atleast_1d(pathway.variables["delay"].get_value())
    return np.floor(delays / resolution + 0.5).astype(int)


def _python_names(script):
    """Give each object a name that the written script can use, its own if possible."""
    names, taken = {}, set(RESERVED)
    known = objects_by_name(script.objects)
    order = {thing: number for number, thing in enumerate(known)}
    for thing in sorted(
        script.running, key=lambda one: (order.get(one.name, len(order)), one.name)
    ):
        if thing.name not in known and not isinstance(thing, _NAMED):
            continue
        name = re.sub(r"\W", "_", known.get(thing.name, thing.name))
        if isinstance(thing, brian2.NeuronGroup | _SOURCES[0] | _SOURCES[1]):
            while name in taken or name in dir(builtins):
                name += "_"
            taken.add(name)
        names[thing.name] = name
    return names | {thing: name for thing, name in known.items() if thing not in names}
