# SPDX-License-Identifier: GPL-2.0-or-later
"""The PyNEST script that does what a Brian2 script does."""

import math
import re
from dataclasses import dataclass, field

import brian2
import numpy as np
from brian2.monitors.spikemonitor import EventMonitor
from brian2.units.allunits import hertz, second
from brian2.utils.stringtools import get_identifiers

from izhisyn.brian2_import.changes import Changes
from izhisyn.brian2_import.connections import rule_of
from izhisyn.brian2_import.drives import rates_over_time, spike_steps
from izhisyn.brian2_import.initial_values import InitialValues
from izhisyn.brian2_import.network import (
    Population,
    delay_steps,
    has_number,
    input_effects,
    read_network,
    sliced,
)
from izhisyn.brian2_import.python_code import (
    CannotExpressError,
    Constants,
    array_code,
    in_our_units,
    is_random,
    parameter_code,
)
from izhisyn.brian2_import.units import number
from izhisyn.brian2_import.whole_script import execute_whole
from izhisyn.import_output.pynest import (
    WIDTH,
    Brackets,
    Function,
    Script,
    call,
    comment,
    dictionary,
    quoted,
    sequence,
    statement,
)

DRAWN = "drawn.npz"
NESTML_OPTIONS = "nestml_options.json"


_SAVE = Function(
    "save",
    "Write what was recorded to results.npz, such as s_mon_t [ms] and s_mon_i of s_mon.",
    """\
results = {}
for name, (recorder, neurons) in recorders.items():
    if recorder.model == "spike_recorder":
        found = spikes(recorder)
        print(f"{name}: {len(found.times)} spikes")
        results |= {f"{name}_t": found.times, f"{name}_i": found.senders - neurons.tolist()[0]}
    else:
        found = traces(recorder)
        results[f"{name}_t"] = found.times
        results |= {f"{name}_{variable}": values for variable, values in found.values.items()}
rank = f"_{nest.Rank()}" if nest.num_processes > 1 else ""
np.savez(Path(__file__).with_name(f"results{rank}.npz"), **results)""".splitlines(),
    "recorders",
)


@dataclass
class Imported:
    """What an imported script becomes.

    Attributes
    ----------
    models : list of Nestml
    script : str
        The PyNEST script.
    drawn : dict of str to numpy.ndarray
        Numbers that the script reads from the file `DRAWN`.
    left_behind : list of str
        What is not carried over, a sentence for each.
    module : str
        Name of the module that is to be built of the models.
    nestml_options : dict
        What NESTML needs beside the models, for a file `NESTML_OPTIONS`; empty if nothing.
    renamed : list of str
        What is called otherwise than in Brian2, a phrase for each.
    """

    models: list
    script: str
    drawn: dict
    left_behind: list
    module: str
    nestml_options: dict
    renamed: list


def import_whole(path, same_network=False, number=1):
    """Write the models of a Brian2 script, and a PyNEST script that does what it does.

    The script is executed; none of its ``run()`` happens.

    Parameters
    ----------
    path : pathlib.Path
    same_network : bool
        Whether to carry over the connections and initial values that the script drew; NEST draws
        its own otherwise.
    number : int
        Which of the networks that the script simulates one after the other; the first is 1.

    Returns
    -------
    Imported

    Raises
    ------
    Brian2ImportError
        If the script fails, or nothing of it can be carried over.
    """
    script = execute_whole(path, number)
    stem = "".join(letter if letter.isalnum() else "_" for letter in path.stem).lower()
    if not stem[0].isalpha():
        stem = f"n{stem}"
    network = read_network(script, stem, path.name)
    title = path.name if number == 1 else f"Network {number} of {path.name}"
    return _Writer(title, script, network, same_network).write()


@dataclass
class _Writer:
    title: str
    script: object
    network: object
    same_network: bool
    drawn: dict = field(default_factory=dict)
    recorders: list = field(default_factory=list)
    uses_random: bool = False
    random: set = field(default_factory=set)
    connected: list | None = None

    def write(self):
        """Write everything."""
        populations = self.network.populations.values()
        self.paired = self.network.paired_names()
        names = [self._model(model) for model in self.network.models]
        self.constants = Constants([*names, *(population.name for population in populations)])
        self.step_text = repr(number(self.network.resolution, second.dim))
        self.shortest_delay = math.inf
        functions = [self._create(population) for population in populations]
        connect = self._connect()
        record = self._record()
        main = self._main()
        left_behind = [
            *(f"{what}: {why}" for what, why in self.network.left_behind),
            *self.script.left_behind,
        ]
        module = f"{self.network.stem}module"
        script = Script(
            f"{self.title}, carried over from Brian2 by izhisyn.",
            self._paragraphs(module),
            left_behind,
            self._constants(),
            [
                *functions,
                *connect,
                *record,
                *([_SAVE] if self.recorders or self.late else []),
                main,
            ],
        )
        options = self.network.nestml_options()
        text = script.text()
        return Imported(
            self.network.models, text, self.drawn, left_behind, module, options, self._renamed()
        )

    def _paragraphs(self, module):
        build = (
            f"    izhisyn build --models . --module-name {module} --numeric-solver forward-Euler"
        )
        if self.network.pairs():
            build += f" \\\n        --codegen-opts {NESTML_OPTIONS}"
        parts = [
            "Compile the models once, in this folder, and then run this script:",
            f"{build}\n    python run.py",
            "Units are those of NEST: ms, mV, pA, nS, pF, GOhm, spikes/s. NEST dates a spike at "
            "the end of its step, Brian2 at the start.",
        ]
        if any(population.spikes_first for population in self.network.populations.values()):
            parts.append(
                "Brian2's delays of 0: each delay is a step longer here, and the models add up the "
                "spikes at the start of a step, before they integrate, so that the spikes act when "
                "they do in Brian2."
            )
        if not self.network.models:
            parts = parts[2:]
        if renamed := self._renamed():
            parts.append(f"Names that NESTML, C++ or NEST use themselves: {'; '.join(renamed)}.")
        return parts

    def _renamed(self):
        return [
            f"{name} is {new} in {model.name}"
            for model in self.network.models
            for name, new in model.renamed.items()
        ]

    def _constants(self):
        lines = [f"RESOLUTION = {self.step_text}  # time step [ms]"]
        if self.paired:
            lines += ["", "# NESTML's names for models that it generates together"]
        for model in self.network.models:
            if model.name in self.paired:
                lines += self._paired_name(model)
        if self.constants.values:
            lines += ["", "# Constants of the script"]
        for name, (value, unit) in self.constants.values.items():
            lines.append(f"{name} = {value!r}" + (f"  # [{unit}]" if unit else ""))
        if self.drawn:
            lines += ["", "# Numbers that the script drew or computed"]
            lines.append(f"drawn = np.load(Path(__file__).with_name({quoted(DRAWN)}))")
        return lines

    def _model(self, model):
        """Write the name of a model."""
        if model.name not in self.paired:
            return quoted(model.name)
        return model.name.removeprefix(f"{self.network.stem}_").upper()

    def _paired_name(self, model):
        """Write the constant with NESTML's name for a model."""
        parts, neuron = self.paired[model.name]
        if neuron is not None:
            other = next(one for one in self.network.models if one.name == neuron)
            return [f"{self._model(model)} = f{quoted(f'{parts[0]}{{{self._model(other)}}}')}"]
        begin = f"{self._model(model)} = "
        if len(begin + "".join(parts)) + 2 <= WIDTH:
            return [begin + quoted("".join(parts))]
        return [f"{begin}(", *(f"    {quoted(part)}" for part in parts), ")"]

    # Populations

    def _create(self, population):
        if population.model is not None:
            return self._create_neurons(population)
        if isinstance(population.group, brian2.PoissonGroup):
            return self._create_poisson(population)
        return self._create_spikes(population)

    def _create_neurons(self, population):
        before = self.script.runs[0].assignments
        initial = InitialValues(
            population, before, self.constants, self.drawn, self.same_network, self.network.names
        )
        self.uses_random |= initial.uses_random
        if initial.uses_random:
            self.random.add(population.name)
        arguments = [self._model(population.model), str(len(population.group))]
        cells = call("nest.Create", *arguments)
        tables, columns = self._tables(population)
        if initial.values:
            renamed = population.model.renamed
            values = {renamed.get(name, name): code for name, code in initial.values.items()}
            cells = call("create_cells", *arguments, dictionary(values))
        return Function(
            f"make_{population.name}",
            f"Create {population.name}, with its initial values.",
            [
                *initial.lines,
                *tables,
                *statement(cells, "neurons = " if columns else "return "),
                *columns,
            ],
            "rng" if initial.uses_random else "",
        )

    def _tables(self, population):
        """Write the statements that set TimedArrays: before the neurons are created, and after."""
        before, after = [], []
        for name, array in population.model.tables.items():
            new = population.model.renamed.get(name, name)
            values = in_our_units(np.asarray(array.values), array.dim)
            values = values if values.ndim == 1 else values[:, : len(population.group)]
            stored = self._store(f"{population.name}_{name}", values)
            if values.ndim == 1:
                setting = dictionary({new: stored})
                model = self._model(population.model)
                before += statement(call("nest.SetDefaults", model, setting))
            else:
                after += [
                    f"for neuron, values in zip(neurons, {stored}.T, strict=True):",
                    f"    neuron.{new} = values",
                ]
        return before, [*after, "return neurons"] if after else []

    def _create_poisson(self, population):
        group, size = population.group, len(population.group)
        lines = []
        if isinstance(group._rates, str):
            lines += comment(f"rates = {group._rates!r}")
            times, rates = rates_over_time(
                group, self.script.duration(), self.script.runs[0].namespace
            )
        else:
            times, rates = np.zeros(1), np.asarray(group.rates_[:])[np.newaxis]
        is_shared = bool(np.all(rates == rates[:, :1]))
        if len(times) == 1 and is_shared:
            parameters = dictionary({"rate": repr(number(rates[0, 0]))})
            generator = call("nest.Create", '"poisson_generator"', params=parameters)
        elif len(times) == 1:
            rate = dictionary({"rate": self._store(f"{population.name}_rates", rates[0])})
            generator = call("create_cells", '"poisson_generator"', str(size), rate)
        else:
            lines += self._rates(population, times, rates[:, :1] if is_shared else rates)
            generator = "generator"
        if generator != "generator":
            lines += statement(generator, "generator = ")
        lines += statement(call("nest.Create", '"parrot_neuron"', str(size)), "parrots = ")
        ends = ["generator", "parrots", *([] if is_shared else ['"one_to_one"'])]
        spec = dictionary({"delay": "RESOLUTION"})
        lines += statement(call("nest.Connect", *ends, syn_spec=spec))
        return Function(
            f"make_{population.name}",
            f"Create {population.name}: neurons that repeat a generator's spikes, a train each.",
            [*lines, "return parrots"],
        )

    def _rates(self, population, times, rates):
        """Write generators whose rates change, each at the same times."""
        step = number(self.network.resolution, second.dim)
        grid = np.maximum(np.round(times / self.network.resolution), 1) * step
        times = self._store(f"{population.name}_rate_times", np.round(grid, 9))
        values = self._store(f"{population.name}_rates", rates.T)
        create = call("nest.Create", '"inhomogeneous_poisson_generator"', str(rates.shape[1]))
        settings = dictionary({"rate_times": "times", "rate_values": "rates"})
        return [
            *statement(create, "generator = "),
            f"times = {times}",
            f"for one, rates in zip(generator, {values}, strict=True):",
            *(f"    {line}" for line in statement(call("one.set", settings), depth=2)),
        ]

    def _create_spikes(self, population):
        group, size = population.group, len(population.group)
        steps, indices = spike_steps(group, self.script.duration(), self.network.resolution)
        lines = ["# Brian2 dates a spike at the start of its step, NEST at the end"]
        times = np.round((steps + 1) * number(self.network.resolution, second.dim), 9)
        if size == 1 and len(times) <= 10:
            train = dictionary({"spike_times": repr(times.tolist())})
            lines += statement(call("nest.Create", '"spike_generator"', params=train), "return ")
        else:
            lines += [
                f"times = {self._store(f'{population.name}_times', times)}",
                f"indices = {self._store(f'{population.name}_indices', indices)}",
                f'generators = nest.Create("spike_generator", {size})',
                "for index, generator in enumerate(generators):",
                "    generator.spike_times = times[indices == index]",
                "return generators",
            ]
        return Function(
            f"make_{population.name}",
            f"Create {population.name}: a generator for each spike train.",
            lines,
        )

    def _store(self, key, values):
        self.drawn[key] = np.asarray(values)
        return f'drawn["{key}"]'

    # Connections

    def _connect(self):
        lines = []
        for what, why in self.network.left_behind:
            if what.startswith(("Synapses", "PoissonInput")):
                lines += comment(f"left behind: {what}: {why}")
        used = []
        for projection in self.network.projections:
            lines += self._connect_projection(projection)
            used += [projection.source.name, projection.target.name]
        for thing, target in self.network.inputs:
            lines += self._connect_input(thing, target)
            used.append(target.name)
        if not lines:
            return []
        self.connected = parameters = list(dict.fromkeys(used))
        targets = {p.target.name: p.target for p in self.network.projections}
        targets |= {target.name: target for _, target in self.network.inputs}
        ports = [
            f"{name}_ports = receptor_types({self._model(target.model)})"
            for name, target in targets.items()
            if len(target.ports) > 1
        ]
        body = [*ports, *lines]
        return [Function("connect", "Connect the populations.", body, ", ".join(parameters))]

    def _connect_projection(self, projection):
        lines = comment(f"{projection.name}: {_one_line(projection.pathway.code)}")
        synapses = projection.synapses
        relays = self._relays(projection)
        if relays is not None:
            lines += relays
        calls = self.script.connections.get(synapses.name, [])
        rules = [rule_of(synapses, one, one.namespace) for one in calls]
        draws = any(rule is not None and rule.is_random for rule in rules)
        by_rule = bool(rules) and None not in rules
        if draws and (self.same_network or len(projection.deliveries) > 1):
            by_rule = False
        specs = None
        if by_rule:
            try:
                specs = [
                    self._spec(projection, delivery, rules if draws else None, rules[0])
                    for delivery in projection.deliveries
                ]
                if len(rules) > 1 and any("drawn" in str(spec) for spec in specs):
                    specs = None
            except CannotExpressError:
                specs = None
        if specs is not None:
            for rule in rules:
                pre = self._sources(projection, rule.sources, relays)
                post = self._slice(projection.target, synapses.target, rule.targets)
                specification = dictionary(rule.specification)
                if list(rule.specification) == ["rule"]:
                    specification = rule.specification["rule"]
                for spec in specs:
                    lines += statement(
                        call("nest.Connect", pre, post, specification, dictionary(spec))
                    )
            return lines
        key = f"{projection.name}_pairs"
        self.drawn[key] = np.array([synapses.i[:], synapses.j[:]])
        pre = self._sources(projection, range(len(synapses.source)), relays)
        post = self._slice(projection.target, synapses.target, range(len(synapses.target)))
        for delivery in projection.deliveries:
            spec = {"receptor_type": "0", **self._spec(projection, delivery, None, None)}
            lines += statement(
                call("connect_pairs", pre, post, f'drawn["{key}"]', dictionary(spec))
            )
        return lines

    def _relays(self, projection):
        """Write the nodes that hold spikes back for synapses which listen to their target.

        NEST's delay of such a synapse is also that of the target's spikes on the way to it, and
        must be a step, as if there was none. What is longer therefore comes before the synapse.

        Returns
        -------
        list of str or None
            None if there are none.
        """
        if projection.plastic() is None:
            return None
        steps = delay_steps(projection.pathway, self.network.resolution)
        if steps[0] == 0:
            return None
        size = len(projection.synapses.source)
        delay = number(self.network.resolution, second.dim) * int(steps[0])
        pre = self._slice(projection.source, projection.synapses.source, range(size))
        spec = dictionary({"delay": repr(round(delay, 9))})
        name = f"{projection.name}_relays"
        return [
            *comment("the delay comes before the synapse, which would also hold on_post back"),
            *statement(call("nest.Create", '"parrot_neuron"', str(size)), f"{name} = "),
            *statement(call("nest.Connect", pre, name, '"one_to_one"', spec)),
        ]

    def _sources(self, projection, indices, relays):
        """Write the nodes from which connections start."""
        if relays is None:
            return self._slice(projection.source, projection.synapses.source, indices)
        whole = Population(f"{projection.name}_relays", projection.synapses.source)
        return sliced(whole, indices.start, indices.stop)

    def _slice(self, population, group, indices):
        start = getattr(group, "start", 0) if isinstance(group, brian2.Subgroup) else 0
        first, end = start + indices.start, start + indices.stop
        return sliced(population, first, end)

    def _spec(self, projection, delivery, draws, rule):
        """Write the synapse specification; an array is one value for each pair in its order."""
        spec = {}
        if delivery.model is not None:
            spec["synapse_model"] = self._model(delivery.model)
        target = projection.target
        if len(target.ports) > 1:
            port = target.ports[delivery.effects]
            spec["receptor_type"] = f'{target.name}_ports["{port}"]'
        if delivery.model is None:
            if delivery.chance is not None:
                chance = self._expression(projection, delivery.chance, draws, rule)
                spec |= {"synapse_model": '"bernoulli_synapse"', "p_transmit": chance}
            spec["weight"] = self._expression(projection, delivery.weight, draws, rule)
        else:
            spec["weight"] = "1.0"
            spec |= self._synapse_parameters(projection, delivery.model, draws, rule)
        spec["delay"] = self._delay(projection, draws, rule)
        return spec

    def _expression(self, projection, code, draws, rule):
        """Write a number for each synapse, from constants of the script and its variables."""
        synapses = projection.synapses
        namespace = self.script.runs[0].namespace

        def resolve(name):
            return synapses.resolve_all({name}, namespace, user_identifiers=set())[name]

        variables, drawn = {}, False
        for name in sorted(get_identifiers(code) & synapses.equations.names):
            view = getattr(synapses, f"{name}_")
            values = np.atleast_1d(view.get_item(slice(None), namespace=namespace))
            values = in_our_units(values, synapses.variables[name].dim)
            if np.all(values == values[0]):
                variables[name] = repr(float(values[0]))
            elif not draws:
                key = f"{projection.name}_{name}"
                variables[name] = self._array(key, projection, values, rule)
            elif len(re.findall(rf"\b{name}\b", code)) == 1:
                variables[name] = self._drawn_by_nest(projection, name)
                drawn = True
            else:
                raise CannotExpressError(code)  # NEST would draw a number for each of them
        if drawn:
            return parameter_code(code, resolve, self.constants, variables)
        return array_code(code, resolve, variables, "0", self.constants)

    def _array(self, key, projection, values, rule):
        """Store a value for each synapse, in the order and shape in which NEST wants them."""
        if rule is None or "one_to_one" in rule.specification["rule"]:
            return self._store(key, values)
        if "allow_autapses" in rule.specification:
            raise CannotExpressError(key)
        # NEST wants a row for each target; Brian2 connects one source after the other
        i, j = np.asarray(projection.synapses.i[:]), np.asarray(projection.synapses.j[:])
        if np.any(np.diff(i * len(projection.synapses.target) + j) <= 0):
            raise CannotExpressError(key)
        return self._store(key, values.reshape(len(rule.sources), len(rule.targets)).T)

    def _drawn_by_nest(self, projection, code):
        """Write a weight or delay that the script drew for each synapse, for NEST to draw."""
        synapses = projection.synapses
        assignments = self.script.runs[0].assignments
        variable = synapses.variables.get(code, projection.pathway.variables.get(code))
        own = [one for one in assignments if variable is not None and one.variable is variable]
        if len(own) != 1 or not isinstance(own[0].value, str) or not is_random(own[0].value):
            raise CannotExpressError
        item = own[0].item
        if not (isinstance(item, slice) and item == slice(None)):
            raise CannotExpressError

        def resolve(name):
            namespace = own[0].namespace
            return synapses.resolve_all({name}, namespace, user_identifiers=set())[name]

        return parameter_code(own[0].value, resolve, self.constants)

    def _synapse_parameters(self, projection, model, draws, rule):
        synapses, spec = projection.synapses, {}
        for name in synapses.equations.names | (
            synapses.event_driven.names if synapses.event_driven is not None else set()
        ):
            variable = synapses.variables.get(name)
            if name == "lastupdate" or variable is None or not hasattr(variable, "get_value"):
                continue
            values = in_our_units(np.atleast_1d(variable.get_value()), variable.dim)
            if len(values) and np.any(values != values[0]):
                new = model.renamed.get(name, name)
                if draws:
                    spec[new] = self._drawn_by_nest(projection, name)
                else:
                    spec[new] = self._array(f"{projection.name}_{name}", projection, values, rule)
        if synapses.event_driven is not None or model.lateness:
            if draws and np.ptp(delay_steps(projection.pathway, self.network.resolution)) > 0:
                raise CannotExpressError("delay")  # NEST would draw another one for this
            # Brian2's synapses act when a spike arrives, NEST's when it is sent
            delay = self._brian2_delay(projection, draws, rule)
            is_first = projection.plastic() is not None or delay == "0.0"
            lateness = "RESOLUTION" if is_first else f"RESOLUTION - {delay}"
            if synapses.event_driven is not None:
                spec["lastupdate"] = lateness
            if model.lateness:
                spec[model.lateness] = lateness
        return spec

    def _delay(self, projection, draws, rule):
        """Write NEST's delays: at least one step, one more than Brian2's if spikes come first."""
        if projection.plastic() is not None:
            self.shortest_delay = 1
            return "RESOLUTION"
        steps = delay_steps(projection.pathway, self.network.resolution)
        longer = projection.target.spikes_first
        differ = bool(np.any(steps != steps[0]))
        shortest = 1 if differ and draws else max(1, steps.min() + longer)
        self.shortest_delay = min(self.shortest_delay, shortest)
        if longer and not differ and steps[0] == 0:
            return "RESOLUTION"
        delay = self._brian2_delay(projection, draws, rule)
        if longer:
            return f"{delay} + RESOLUTION"
        if steps.min() >= 1 and not (differ and draws):
            return delay
        if not differ:
            return "RESOLUTION"
        return f"{'nest.math.max' if draws else 'np.maximum'}({delay}, RESOLUTION)"

    def _brian2_delay(self, projection, draws, rule):
        steps = delay_steps(projection.pathway, self.network.resolution)
        delays = np.round(steps * number(self.network.resolution, second.dim), 9)
        if np.all(steps == steps[0]):
            return repr(float(delays[0]))
        if draws:
            return self._drawn_by_nest(projection, "delay")
        return self._array(f"{projection.name}_delays", projection, delays, rule)

    def _connect_input(self, thing, target):
        rate = number(float(thing.rate) * thing.N)
        lines = comment(
            f"PoissonInput of {thing.N:g} trains of {float(thing.rate / hertz):g} spikes/s, as one "
            "for each neuron"
        )
        generator = call(
            "nest.Create", '"poisson_generator"', params=dictionary({"rate": repr(rate)})
        )
        lines += statement(generator, "generator = ")
        dim = thing._group.variables[thing.target_var].dim
        weight = repr(number(input_weight(thing), dim)) if has_number(thing) else "1.0"
        spec = {"weight": weight, "delay": "RESOLUTION"}
        if len(target.ports) > 1:
            port = target.ports[input_effects(thing, target.spikes_first)]
            spec = {"receptor_type": f'{target.name}_ports["{port}"]', **spec}
        self.shortest_delay = min(self.shortest_delay, 1)
        neurons = self._slice(target, thing._group, range(len(thing._group)))
        lines += statement(call("nest.Connect", "generator", neurons, syn_spec=dictionary(spec)))
        return lines

    # Monitors

    def _record(self):
        self.late = {}
        first = []
        late = {thing.name for run in self.script.runs for thing in run.monitors}
        for thing, name, population in self.network.monitors:
            entry = self._recorder(thing, name, population)
            if entry is None:
                continue
            if thing.name in late:
                self.late[thing.name] = entry
            else:
                first.append(entry)
        self.recorders = first
        if not first:
            return []
        parameters = list(dict.fromkeys(one[2] for one in first))
        lines = ["return {"]
        for name, recorder, _, neurons in first:
            lines += [
                f"    {line}"
                for line in statement(_pair(recorder, neurons), f"{quoted(name)}: ", ",", 2)
            ]
        lines.append("}")
        return [
            Function(
                "record",
                "Attach the recorders; returns each with the neurons that it records.",
                lines,
                ", ".join(parameters),
            )
        ]

    def _recorder(self, thing, name, population):
        group = thing.source
        neurons = self._slice(population, group, range(len(group)))
        if not isinstance(thing, brian2.StateMonitor):
            extra = getattr(thing, "record_variables", set()) - {"i", "t"}
            if isinstance(thing, EventMonitor) and extra:
                self._leave(
                    f"SpikeMonitor {name}: {', '.join(sorted(extra))} at the spikes, which a "
                    "spike_recorder does not record; record traces, and look them up at the spikes"
                )
            return name, call("record_spikes", neurons), population.name, neurons
        if population.model is None:
            self._leave(
                f"StateMonitor {name}: {population.name} is a generator, and NEST records no "
                "variables of one"
            )
            return None
        known = [one for one in thing.record_variables if one in population.model.recordables]
        others = [one for one in thing.record_variables if one not in known]
        if others:
            self._leave(
                f"StateMonitor {name}: {', '.join(others)}, which the model has as a parameter, "
                "and NEST does not record"
            )
        if not known:
            return None
        if not thing.record_all:
            indices = np.asarray(thing.record)
            if len(indices) == 1:
                first = getattr(group, "start", 0) + int(indices[0])
                neurons = sliced(population, first, first + 1)
            else:
                neurons = f"{neurons}[{indices.tolist()}]"
        interval = number(float(thing.clock.dt), second.dim)
        renamed = population.model.renamed
        arguments = [neurons, sequence(quoted(renamed.get(one, one)) for one in known)]
        keywords = {}
        if float(thing.clock.dt) != self.network.resolution:
            keywords["interval"] = repr(interval)
        if 1 < self.shortest_delay < math.inf:
            shortest = self.shortest_delay * self.network.resolution
            keywords["delay"] = repr(number(shortest, second.dim))
        return name, call("record_traces", *arguments, **keywords), population.name, neurons

    def _leave(self, sentence):
        if sentence not in self.script.left_behind:
            self.script.left_behind.append(sentence)

    # The simulation

    def _main(self):
        parser = call("argparse.ArgumentParser", description='__doc__.partition("\\n")[0]')
        lines = statement(parser, "parser = ")
        for name, help_text in (("threads", "threads"), ("seed", "seed of the random numbers")):
            lines += statement(
                call(
                    "parser.add_argument",
                    quoted(f"--{name}"),
                    type="int",
                    default="1",
                    help=quoted(f"{help_text} (default: 1)"),
                )
            )
        lines.append("options = parser.parse_args()")
        kernel = {"resolution": "RESOLUTION", "threads": "options.threads", "seed": "options.seed"}
        if self.network.models:
            kernel["module"] = quoted(f"{self.network.stem}module")
        lines += statement(call("start_kernel", **kernel))
        changes = Changes(
            self.network, self.script.runs, self.constants, self.drawn, self._model, self._leave
        )
        before = [[], *map(changes.before, self.script.runs[1:])]
        if self.uses_random or changes.uses_random:
            lines.append("rng = np.random.default_rng(options.seed)")
        for population in self.network.populations.values():
            argument = "rng" if population.name in self.random else ""
            lines.append(f"{population.name} = make_{population.name}({argument})")
        if self.connected is not None:
            lines.append(f"connect({', '.join(self.connected)})")
        if self.recorders:
            used = list(dict.fromkeys(one[2] for one in self.recorders))
            lines.append(f"recorders = record({', '.join(used)})")
        elif self.late:
            lines.append("recorders = {}")
        for changed, run in zip(before, self.script.runs, strict=True):
            lines += changed
            for thing in run.monitors:
                if thing.name in self.late:
                    name, recorder, _, neurons = self.late[thing.name]
                    lines += statement(_pair(recorder, neurons), f"recorders[{quoted(name)}] = ")
            duration = number(run.duration, second.dim)
            lines.append(f"simulate({duration!r})")
        if self.recorders or self.late:
            lines.append("save(recorders)")
        return Function("main", "Build the network, simulate, and save what was recorded.", lines)


def input_weight(thing):
    """Give the weight of a PoissonInput, a number or a string with one, in SI units."""
    weight = thing.weight
    return float(eval(weight, {})) if isinstance(weight, str) else float(weight)


def _pair(recorder, neurons):
    return Brackets("(", (recorder, neurons), ")")


def _one_line(code):
    return "; ".join(line.strip() for line in code.strip().splitlines() if line.strip())
