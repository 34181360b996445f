# SPDX-License-Identifier: GPL-2.0-or-later
"""Every public function refuses wrong input in one sentence, before it changes anything.

The functions are found by introspection: a new one, or a new parameter, fails until it has its
rows in `CASES`.
"""

import argparse
import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

import izhisyn
from izhisyn import (
    fitting,
    network_design,
    neurocomputational_properties,
    recording,
    spike_files,
    wiring,
)
from izhisyn.errors import IzhisynError
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.plastic_pathway import create_pathway

# What only a developer calls; the importers and PyNN, which have tests of their own.
NO_SUBJECTS = {"checks", "errors", "processes", "__main__"}
NO_SUBJECTS |= {"brian2_import", "import_output", "neuroml_import", "pynn"}
CHECKS = {"kernel.nodes", "kernel.node_model", "kernel.synapse_model", "kernel.is_distribution"}
CHECKS.add("kernel.values_or_distribution")
# What is handed on to another library as it is, and any text.
HANDED_ON = {"line", "markers", "lines"}
PSC = "izhikevich_psc_multisyn_neuron"
NAN, INF = float("nan"), float("inf")
NO_NUMBERS = ("1", None, [1.0], NAN, INF, True)
NO_TIMES = ("1", "abc", [[1.0], [2.0]], [1.0, NAN], {"a": 1}, None)


@dataclass(frozen=True)
class Case:
    """A function with arguments that it takes, and for each parameter values that it refuses."""

    valid: Callable
    refused: dict


def public_functions():
    """Find the public functions and methods of the library, by name."""
    found = {}
    for info in pkgutil.iter_modules(izhisyn.__path__):
        if info.name in NO_SUBJECTS or info.name in ("models", "nestml_templates"):
            continue
        module = importlib.import_module(f"izhisyn.{info.name}")
        for name, thing in vars(module).items():
            own = f"{getattr(thing, '__module__', None)}."  # in a package, of one of its files
            if name.startswith("_") or not own.startswith(f"{module.__name__}."):
                continue
            if inspect.isfunction(thing):
                found[f"{info.name}.{name}"] = thing
            elif inspect.isclass(thing) and not issubclass(thing, Exception):
                for method, code in vars(thing).items():
                    is_made = method in ("__init__", "__call__") and not (
                        dataclasses.is_dataclass(thing)
                    )
                    if inspect.isfunction(code) and (is_made or not method.startswith("_")):
                        found[f"{info.name}.{name}.{method}"] = code
    return {name: code for name, code in found.items() if name not in CHECKS}


FUNCTIONS = public_functions()


def parameters(name):
    """Give the parameters of a function that need rows."""
    names = [one for one in inspect.signature(FUNCTIONS[name]).parameters if one != "self"]
    return [one for one in names if one not in HANDED_ON]


def trains(**others):
    """Arguments of functions that take the spikes of a population."""
    return lambda w: {"times": [1.0, 2.0], "senders": [1, 2], "neurons": range(1, 3)} | others


TRAINS = {
    "times": [*NO_TIMES, [1.0]],
    "senders": [*NO_TIMES, [1]],
    "neurons": [[1, 2], range(0), range(1, 9, 2), 3],
}
BINS = {"start": ["0", NAN, 100.0], "stop": ["1", NAN, -1.0], "width": [0.0, -1.0, "1", INF]}
DRAWN = {
    "weight": ["1", None, NAN, INF, True, -1.0, [1.0, -1.0]],
    "delay": ["1", 0.0, -1.0, 0.05, 0.15, NAN],
}
STEPS = [(), "1", [(5.0, 1.0)], [(0.0, 1.0, 2.0)], [(0.0, 1.0), (0.0, 2.0)], [(0.0, NAN)]]
NODES = [[1], 1, None, PSC]
CELLS = {"cells": [[1], {}, {"E": [1], "I": [1]}], "size": [100], "model": ["cond"]}
DISTRIBUTIONS = {"weights": ["uniform", 1], "delays": ["uniform", 1], "progress": ["x"]}


def network(w):
    """Arguments of functions that connect the large network."""
    return {"cells": w.cells, "size": w.size, "model": w.neuron_model}


CASES = {
    "analysis.rate": Case(
        lambda w: {"spike_times": [1.0], "duration": 1.0},
        {"spike_times": NO_TIMES, "duration": [*NO_NUMBERS, 0.0, -1.0]},
    ),
    "analysis.intervals": Case(lambda w: {}, {"spike_times": NO_TIMES}),
    "analysis.trains": Case(trains(), TRAINS),
    "analysis.bursts": Case(
        lambda w: {"spike_times": [1.0], "longest_interval": 1.0},
        {"spike_times": NO_TIMES, "longest_interval": [0.0, "1", NAN]},
    ),
    "analysis.rates": Case(
        lambda w: {"senders": [1], "neurons": range(1, 2), "duration": 1.0},
        {"senders": NO_TIMES, "neurons": TRAINS["neurons"], "duration": [0.0, -1.0, "1"]},
    ),
    "analysis.interval_cvs": Case(trains(), TRAINS | {"min_intervals": [1, 2.5, "2"]}),
    "analysis.population_rate": Case(
        lambda w: {"times": [1.0], "n_neurons": 1, "start": 0.0, "stop": 10.0},
        BINS | {"times": NO_TIMES, "n_neurons": [0, 1.5, "1"]},
    ),
    "analysis.power_spectrum": Case(
        lambda w: {"signal": np.ones(100), "width": 1.0},
        {"signal": NO_TIMES, "width": [0.0, "1"], "segment": [0.0, -1.0, "1"], "window": ["hann"]},
    ),
    "analysis.count_correlation": Case(trains(start=0.0, stop=10.0), TRAINS | BINS),
    "analysis.spike_digest": Case(
        lambda w: {"senders": [1], "steps": [2]},
        {"senders": ["1", [-1], [1, 2]], "steps": ["1", [-1], [1, 2]]},
    ),
    "command_line.argument_parser": Case(
        lambda w: {"script": "x", "description": "y"},
        {"script": ["", 1], "description": [1], "resolution": ["0.1", 0.0, -1.0]},
    ),
    "command_line.program": Case(lambda w: {}, {"module": ["", None]}),
    "command_line.add_integrator": Case(
        lambda w: {"parser": argparse.ArgumentParser()},
        {"parser": ["x", None], "choices": [(), ("rk45",), "exact", (0,)]},
    ),
    "command_line.add_total_vps": Case(lambda w: {}, {"parser": ["x", None]}),
    "command_line.number": Case(lambda w: {}, {"text": ["", "nan", "inf", "one"]}),
    "command_line.positive_number": Case(lambda w: {}, {"text": ["", "nan", "0", "-1"]}),
    "command_line.number_from_zero": Case(lambda w: {}, {"text": ["", "nan", "-1"]}),
    "command_line.fraction": Case(lambda w: {}, {"text": ["", "nan", "-1", "1.1"]}),
    "command_line.positive_integer": Case(lambda w: {}, {"text": ["", "0", "1.5", "-1"]}),
    "command_line.integer_from_zero": Case(lambda w: {}, {"text": ["", "1.5", "-1"]}),
    "command_line.Progress.__init__": Case(
        lambda w: {"self": object(), "what": "x"},
        {"what": ["", 1], "quiet": ["no", 0], "stream": ["x"], "patience": ["1", NAN]},
    ),
    "command_line.Progress.__call__": Case(
        lambda w: {"self": object()}, {"fraction": [-0.1, 2.0, "1", NAN]}
    ),
    "command_line.Results.__init__": Case(
        lambda w: {"self": object(), "script": "x", "folder": w.folder},
        {"script": ["", 1], "folder": ["", 1], "quiet": [0], "endings": [(), "json", (1,)]},
    ),
    "command_line.Results.file": Case(lambda w: {"self": w.results}, {"ending": ["csv", 1]}),
    "command_line.Results.write_json": Case(
        lambda w: {"self": w.results}, {"measured": ["x", 1, {"a": NAN}, {"a": object()}]}
    ),
    "command_line.Results.write_figure": Case(
        lambda w: {"self": w.results}, {"figure": ["x", None]}
    ),
    "command_line.run_script": Case(lambda w: {}, {"main": ["x", 1]}),
    "files.writing": Case(lambda w: {}, {"path": ["", 1]}),
    "files.write_text": Case(
        lambda w: {"path": w.folder / "x", "text": "x"}, {"path": ["", 1], "text": [1, b"x"]}
    ),
    "files.read_arrays": Case(
        lambda w: {"path": w.folder / "x", "names": ["a"]},
        {"path": ["", 1.5], "names": [["", 1], "a"]},
    ),
    "files.sync": Case(lambda w: {}, {"path": ["", 1.5]}),
    "files.FolderLock.__init__": Case(lambda w: {"self": object()}, {"folder": ["", 1]}),
    "firing_patterns.firing_pattern": Case(
        lambda w: {"spike_times": [1.0], "duration": 1.0},
        {"spike_times": NO_TIMES, "duration": [0.0, "1"]},
    ),
    "firing_patterns.late_intervals": Case(
        lambda w: {"spike_times": [1.0], "duration": 1.0},
        {"spike_times": NO_TIMES, "duration": [0.0, "1"]},
    ),
    "firing_patterns.equilibrium": Case(lambda w: {"b": 0.2}, {"b": ["1"], "current": ["1", NAN]}),
    "firing_patterns.ringing": Case(
        lambda w: {"a": 0.1, "b": 0.2}, {"a": ["1", NAN], "b": ["1"], "current": ["1"]}
    ),
    "firing_patterns.excitability": Case(
        lambda w: {"a": 0.1, "b": 0.2}, {"a": ["1", [1.0]], "b": ["1"], "current": ["1", NAN]}
    ),
    "fitting.adaptation_index": Case(lambda w: {}, {"spike_times": NO_TIMES}),
    "fitting.crossings": Case(
        lambda w: {"voltage": [-70.0, 0.0], "interval": 1.0},
        {"voltage": NO_TIMES, "interval": [0.0, "1", NAN], "threshold": ["1", NAN]},
    ),
    "fitting.fit": Case(
        lambda w: {"sweeps": [w.sweep]},
        {
            "sweeps": [[], [1.0], "x", None],
            "model": ["2004", 2007],
            "held_out": [["x"], "sweep", ["sweep"], 1],
            "free": [[], ["q"], "a", 1],
            "bounds": [{"a": 1.0}, {"a": (2.0, 1.0)}, {"q": (0.0, 1.0)}, {1: (0.0, 1.0)}, "a"],
            "start": [1, "XX", {"a": "1"}, {"q": 1.0}, {"a": 1e9}],
            "fixed": [{"a": "1"}, {"q": 1.0}, 1, {"v_peak": -60.0}],
            "weights": [{}, {"q": 1.0}, {"gamma": -1.0}, {"gamma": 0.0}, {"gamma": "1"}, 1],
            "precision": [0.0, -1.0, "1", NAN, 100.0],
            "resolution": [0.0, "1", -0.1, NAN],
            "generations": [0, 1.5, "1"],
            "evaluations": [0, 1.5, "1"],
            "time_limit": [0.0, -1.0, "1", INF],
            "patience": [0, 1.5, "1"],
            "candidates": [7, 8.5, "1"],
            "threads": [0, 1.5, "1"],
            "seed": [-1, 1.5, "1"],
            "log": ["", 1],
            "resume": ["x", 1],
            "progress": ["x", 1],
        },
    ),
    "fitting.Fit.mean_score": Case(
        lambda w: {"self": object(), "part": "fit", "name": "gamma"},
        {"part": ["x", 1], "name": ["x", 1]},
    ),
    "fitting.gamma_factors": Case(
        lambda w: {"trains": [[1.0]], "recorded": [1.0], "duration": 100.0},
        {
            "trains": [["x"], [NAN], 1.0, "x"],
            "recorded": NO_TIMES,
            "duration": [0.0, "1", NAN],
            "precision": [0.0, "1", NAN, 50.0],
        },
    ),
    "fitting.outside_spikes": Case(
        lambda w: {"times": [1.0], "spike_times": [1.0]},
        {"times": NO_TIMES, "spike_times": NO_TIMES, "cut": [1.0, (1.0,), (-1.0, 1.0), "x"]},
    ),
    "fitting.read_recording": Case(
        lambda w: {"path": "x"},
        {
            "path": ["", 1, "/nowhere/x.csv"],
            "spike_threshold": ["1", NAN],
            "holding": ["1", NAN],
        },
    ),
    "fitting.sweep": Case(
        lambda w: {"current": 10.0, "duration": 100.0, "spike_times": [1.0]},
        {
            "current": ["1", [], NAN, [(1.0, 1.0)], [1.0, 2.0], [[[1.0]]], 0.01, 1e9],
            "duration": [0.0, "1", NAN, 0.1],
            "spike_times": [*NO_TIMES[:-1], [-1.0], [101.0]],
            "voltage": [*NO_TIMES[:-1], [-70.0, -70.0]],
            "interval": [0.0, "1", NAN],
            "holding": ["1", NAN],
            "spike_threshold": ["1", NAN],
            "name": ["", 1],
        },
    ),
    "fitting.Sweep.current_in_steps": Case(
        lambda w: {"self": w.sweep}, {"resolution": [0.0, "1", NAN]}
    ),
    "fitting.Sweep.voltage_at": Case(lambda w: {"self": w.sweep}, {"times": NO_TIMES}),
    "fitting.van_rossum_distances": Case(
        lambda w: {"trains": [[1.0]], "recorded": [1.0], "time_constant": 10.0},
        {
            "trains": [["x"], [NAN], 1.0, "x"],
            "recorded": NO_TIMES,
            "time_constant": [0.0, "1", NAN],
        },
    ),
    "kernel.start_kernel": Case(
        lambda w: {},
        {
            "resolution": [*NO_NUMBERS, 0.0, -0.1, 0.0015],
            "threads": [0, 1.5, "2", -1, None],
            "seed": [0, 2**32, 1.5, "1"],
            "total_num_virtual_procs": [0, 1.5, "2"],
            "module": ["", 3],
        },
    ),
    "kernel.install_models": Case(lambda w: {}, {"module": ["", 3, None]}),
    "kernel.steps_of": Case(
        lambda w: {"time": 1.0, "what": "x"}, {"time": [*NO_NUMBERS, 0.05], "what": ["", 1]}
    ),
    "kernel.simulate": Case(
        lambda w: {"duration": 1.0},
        {
            "duration": [*NO_NUMBERS, -100.0, 0.05],
            "progress": ["x", 1],
            "min_delay": [0.0, -1.0, "1", 0.05],
        },
    ),
    "learning_network.create": Case(
        lambda w: {"V_m": -65.0, "U_m": -13.0},
        {name: ["1", NAN, [1.0, 2.0]] for name in ("V_m", "U_m", "I_e")},
    ),
    "learning_network.connect": Case(
        lambda w: {
            "cells": w.neurons,
            "sources": [0],
            "targets": [1],
            "delays": [1.0],
            "weights": [1.0],
            "learning_model": "stdp_izhikevich_synapse",
        },
        {
            "cells": NODES,
            "sources": ["1", [1.5], [-1], [5000], [0, 1]],
            "targets": ["1", [1.5], [-1], [5000], [0, 1]],
            "delays": ["1", [NAN], [1.0, 2.0]],
            "weights": ["1", [NAN], [1.0, 2.0]],
            "learning_model": ["stdp", 1],
        },
    ),
    "learning_network.gather_weights": Case(
        lambda w: {"learning_model": "stdp_izhikevich_synapse", "folder": w.folder},
        {"learning_model": ["stdp", 1], "folder": [1, None]},
    ),
    "learning_network.rates": Case(
        lambda w: {"senders": [1, 2], "duration": 100.0},
        {"senders": ["1", [NAN]], "duration": [0.0, -1.0, "1", INF]},
    ),
    "neo_export.to_neo": Case(
        lambda w: {"spikes": w.spikes, "stop": 1000.0},
        {
            "spikes": [[1.0], None],
            "stop": [*NO_NUMBERS, 0.0, -1.0, 0.1],
            "neurons": [1, [0], ["1"]],
            "traces": [[1.0]],
            "units": ["mV", {1: "mV"}],
        },
    ),
    "nest_desktop.describe_neuron": Case(
        lambda w: {"model": w.model, "defaults": {}}, {"model": [PSC], "defaults": [[], None]}
    ),
    "nest_desktop.describe_synapse": Case(
        lambda w: {"model": w.model, "defaults": {}}, {"model": [PSC], "defaults": [[], None]}
    ),
    "nest_desktop.describe_receptor_synapse": Case(lambda w: {}, {"defaults": [[], None]}),
    "nest_desktop.example_project": Case(
        lambda w: {"neuron": PSC, "receptors": {"AMPA_NMDA": 4, "GABA_A": 3}, "module": "x"},
        {"neuron": [1], "receptors": [[1]], "module": ["", 1]},
    ),
    "nest_desktop.receptor_types": Case(lambda w: {}, {"defaults": [[], None]}),
    "nestml_source.read_model": Case(lambda w: {}, {"path": [1, "", "/dev/null/model.nestml"]}),
    "nestml_source.read_header": Case(
        lambda w: {"source": "# x - y\n####\n#\n", "file_name": "x"},
        {"source": [1, ""], "file_name": [1]},
    ),
    "network_design.network_size": Case(
        lambda w: {"neurons": 100, "in_degree": 10},
        {
            "neurons": [0, 1.5, "1", 9],
            "in_degree": [0, 1.5, "1", 4, 101],
            "scale": [0.0, -1.0, "1"],
        },
    ),
    "network_design.inputs_of": Case(
        lambda w: {"population": "E", "size": w.size, "model": w.neuron_model},
        {"population": ["X", 1], "size": [100], "model": ["cond"]},
    ),
    "neurocomputational_properties.Course.window": Case(
        lambda w: {"self": w.course, "start": 0.0, "stop": 1.0},
        {"start": ["0", NAN], "stop": ["0", NAN]},
    ),
    "neurocomputational_properties.Course.shows": Case(
        lambda w: {"self": w.course}, {"name": ["U", 1]}
    ),
    "neurocomputational_properties.Requirement.is_met_by": Case(
        lambda w: {"self": neurocomputational_properties.PROPERTIES["A"][0]},
        {"course": [None, [1.0]]},
    ),
    "parameters.CellType.initial_state": Case(lambda w: {"self": w.cell}, {"V_m": ["1", NAN]}),
    "parameters.cell_type": Case(lambda w: {}, {"name": ["XX", 1, None]}),
    "parameters.excitatory_cells": Case(
        lambda w: {"r": [0.5]},
        {"r": [[-0.1], [1.1], "1", [NAN]], "heterogeneity": [-0.1, 1.1, "1"]},
    ),
    "parameters.inhibitory_cells": Case(
        lambda w: {"r": [0.5]},
        {"r": [[-0.1], [1.1], "1", [NAN]], "heterogeneity": [-0.1, 1.1, "1"]},
    ),
    "plastic_pathway.Pathway.connect": Case(
        lambda w: {
            "self": w.pathway,
            "receptors": ("AMPA",),
            "synapse_model": "tsodyks_markram_synapse",
            "weight": 1.0,
            "delay": 1.0,
        },
        DRAWN
        | {
            "receptors": ["AMPA", ("AMPA", "NMDA"), ("XX",), ()],
            "synapse_model": ["tsodyks", 1],
            "plasticity": [{"U": 0.5}],
        },
    ),
    "plastic_pathway.Pathway.released": Case(
        lambda w: {"self": w.pathway, "deliveries": w.deliveries, "source": 0, "weight": 1.0},
        {"deliveries": [[1.0]], "source": [-1, 1, 0.5, "0"], "weight": [0.0, -1.0, "1"]},
    ),
    "plastic_pathway.create_pathway": Case(
        lambda w: {"model": PSC, "parameters": {}, "pre_currents": [[(0.0, 1.0)]]},
        {
            "model": ["izhi", 1],
            "parameters": [{"e": 1.0}, [1], {1: 1.0}],
            "pre_currents": [[], [[(5.0, 1.0)]], 1, [[(0.0, 1.0), (0.1, 2.0)]]],
            "post_current": [s for s in STEPS if s],
        },
    ),
    "plotting.new_figure": Case(
        lambda w: {"width": 1.0, "height": 1.0}, {"width": [0, "1"], "height": [0, "1"]}
    ),
    "plotting.with_spikes": Case(
        lambda w: {
            "times": [1.0, 2.0],
            "V_m": [1.0, 2.0],
            "spike_times": [1.5],
            "V_peak": 30.0,
            "V_reset": -65.0,
        },
        {
            "times": [*NO_TIMES, [1.0]],
            "V_m": [*NO_TIMES, [1.0]],
            "spike_times": NO_TIMES,
            "V_peak": ["1", NAN, [1.0, 2.0]],
            "V_reset": ["1", NAN, [1.0, 2.0]],
        },
    ),
    "plotting.draw_steps": Case(
        lambda w: {"axes": w.axes, "steps": [(0.0, 1.0)], "duration": 10.0},
        {"axes": [None, "x"], "steps": [*STEPS[:2], *STEPS[3:]], "duration": [0.0, "1"]},
    ),
    "plotting.draw_raster": Case(
        lambda w: {"axes": w.axes, "spikes": w.spikes, "populations": [(range(1, 3), "k")]},
        {
            "axes": [None, "x"],
            "spikes": [[1.0], None],
            "populations": [1, [range(1, 3)], [([1], "k")]],
            "sample": [0.0, 1.5, "1"],
        },
    ),
    "plotting.draw_spectrum": Case(
        lambda w: {"axes": w.axes, "frequencies": [1.0, 2.0], "power": [1.0, 2.0]},
        {
            "axes": [None, "x"],
            "frequencies": ["1", [1.0], [NAN, 1.0]],
            "power": ["1", [1.0], [NAN, 1.0]],
        },
    ),
    "plotting.legend_above": Case(lambda w: {}, {"axes": [None, "x"]}),
    "random_network.create": Case(
        lambda w: {"size": w.size, "model": w.neuron_model, "seed": 1},
        {
            "size": [100],
            "model": ["cond"],
            "seed": [-1, 1.5, "1"],
            "heterogeneity": [-0.1, 1.1, "1"],
        },
    ),
    "random_network.connect": Case(network, CELLS | DISTRIBUTIONS),
    "random_network.connect_recurrently": Case(
        network, CELLS | DISTRIBUTIONS | {"synapse_model": ["static", 1]}
    ),
    "random_network.connect_background": Case(
        network, CELLS | {"synapse_model": ["static", 1], "generator_model": ["izhi", 1, PSC]}
    ),
    "recording.Spikes.times_of": Case(lambda w: {"self": w.spikes}, {"sender": [0, 1.5, "1"]}),
    "recording.Traces.values_of": Case(
        lambda w: {"self": w.traces, "sender": 1, "variable": "V_m"},
        {"sender": [0, 99, "1"], "variable": ["V", 1]},
    ),
    "recording.Deliveries.times_and_weights": Case(
        lambda w: {"self": w.deliveries, "source": 1, "target": 2},
        {"source": [0, "1"], "target": [0, "1"]},
    ),
    "recording.record_spikes": Case(
        lambda w: {"neurons": w.neurons},
        {
            "neurons": NODES,
            "settings": [
                {"begin": 1.0},
                {"start": "1"},
                {"start": -1.0},
                {"record_to": "disk"},
                {"label": 1},
                {"time_in_steps": 1},
            ],
        },
    ),
    "recording.record_traces": Case(
        lambda w: {"neurons": w.neurons, "variables": ["V_m"]},
        {
            "neurons": NODES,
            "variables": ["V_m", [], ["V"], [1], None],
            "interval": [0.0, -1.0, "1", 0.05],
            "delay": [0.0, -1.0, "1", 0.05],
        },
    ),
    "recording.record_deliveries": Case(
        lambda w: {"synapse_model": "static_synapse", "name": "other"},
        {"synapse_model": ["static", 1], "name": ["", 1, "static_synapse", PSC]},
    ),
    "recording.deliveries": Case(
        lambda w: {}, {"recorder": lambda w: [w.recorder, w.multimeter, w.neurons, 1]}
    ),
    "recording.spikes": Case(
        lambda w: {},
        {"recorder": lambda w: [w.multimeter, w.weight_recorder, w.neurons, w.to_ascii, 1]},
    ),
    "recording.traces": Case(lambda w: {}, {"multimeter": lambda w: [w.recorder, w.neurons, 1]}),
    "recording.exact_spikes": Case(
        lambda w: {"recorder": w.recorder, "multimeter": w.multimeter},
        {
            "recorder": lambda w: [w.multimeter, w.neurons, 1],
            "multimeter": lambda w: [w.recorder, w.multimeter, 1],
        },
    ),
    "recording.gather": Case(
        lambda w: {"folder": w.folder}, {"folder": ["", 1], "arrays": [{"a": "x"}, {"a": None}]}
    ),
    "recording.gather_spikes": Case(
        lambda w: {"recorder": w.recorder, "folder": w.folder},
        {
            "recorder": lambda w: [w.multimeter, 1],
            "folder": ["", 1],
            "multimeter": lambda w: [w.recorder, w.multimeter, 1],
        },
    ),
    "recording.gather_traces": Case(
        lambda w: {"multimeter": w.multimeter, "folder": w.folder},
        {"multimeter": lambda w: [w.recorder, 1], "folder": ["", 1]},
    ),
    "recording.gather_deliveries": Case(
        lambda w: {"recorder": w.weight_recorder, "folder": w.folder},
        {"recorder": lambda w: [w.recorder, 1], "folder": ["", 1]},
    ),
    "recording.save": Case(
        lambda w: {"path": w.folder / "x.npz", "spikes": w.spikes},
        {"path": ["", 1], "spikes": [[1.0], None], "traces": [[1.0]]},
    ),
    "recording.load": Case(
        lambda w: {}, {"path": lambda w: ["", 1, "/dev/null/x.npz", w.folder / "text.npz"]}
    ),
    "recording.save_csv": Case(
        lambda w: {"path": w.folder / "x.csv", "spikes": w.spikes},
        {"path": ["", 1], "spikes": [[1.0], None], "traces": [[1.0]]},
    ),
    "spike_files.SpikeFiles.__init__": Case(
        lambda w: {"self": object(), "folder": w.folder, "run": {}},
        {"folder": ["", 1], "run": [[1], {"a": NAN}, {"a": object()}]},
    ),
    "spike_files.SpikeFiles.record_spikes": Case(
        lambda w: {"self": w.files, "neurons": w.neurons},
        {"neurons": NODES, "settings": [{"begin": 1.0}, {"start": "1"}, {"record_to": "memory"}]},
    ),
    "spike_files.SpikeFiles.complete_when_due": Case(
        lambda w: {"self": w.files}, {"share": [0.0, 1.5, "1"]}
    ),
    "spike_files.recover": Case(lambda w: {}, {"folder": ["", 1, "/dev/null"]}),
    "spike_files.remove": Case(lambda w: {}, {"folder": ["", 1]}),
    "synapses.nmda_gate": Case(
        lambda w: {"V_m": -70.0}, {"V_m": ["1", NAN], "conc_Mg2": [-1.0, "1"]}
    ),
    "synapses.tsodyks_markram": Case(
        lambda w: {"spike_times": [1.0], "U_0": 0.5, "tau_f": 1.0, "tau_d": 1.0, "times": [1.0]},
        {
            "spike_times": NO_TIMES,
            "U_0": [-0.1, 1.1, "1"],
            "tau_f": [0.0, "1"],
            "tau_d": [0.0, "1"],
            "times": ["1", NAN],
        },
    ),
    "wiring.receptor_types": Case(lambda w: {}, {"model": ["izhi", 1]}),
    "wiring.static_synapse_for": Case(lambda w: {}, {"model": ["", 1]}),
    "wiring.syn_spec": Case(
        lambda w: {"receptor": "AMPA"},
        DRAWN
        | {
            "receptor": ["XX", "", 1],
            "model": ["izhi", 1, "izhikevich"],
            "synapse_model": ["static", 1],
        },
    ),
    "wiring.create_cells": Case(
        lambda w: {"model": PSC, "n_cells": 10, "parameters": {}},
        {
            "model": ["izhi", 1],
            "n_cells": [0, 1.5, "1"],
            "parameters": [{"c": np.zeros(9)}, {"e": 1.0}, {"c": "x"}, [1], {1: 1.0}],
        },
    ),
    "wiring.random_values": Case(
        lambda w: {"distribution": "normal", "mean": 1.0, "variation": 0.1},
        {
            "distribution": ["uniform", 1],
            "mean": [*NO_NUMBERS, 0.0, -1.0],
            "variation": [*NO_NUMBERS, -0.1],
            "lower": ["0", NAN, 2.0],
            "upper": ["0", NAN, 0.5],
        },
    ),
    "wiring.round_to_weight_grid": Case(lambda w: {}, {"values": ["1", None, NAN]}),
    "wiring.check_current_steps": Case(
        lambda w: {}, {"steps": [*STEPS, [(0.0, 1.0), (5.05, 1.0)], [(0.0, 1.0), (0.1, 1.0)]]}
    ),
    "wiring.connect_in_degree": Case(
        lambda w: {
            "sources": w.neurons,
            "targets": w.neurons,
            "in_degree": 1,
            "syn_spec": {"weight": 1.0},
        },
        {
            "sources": lambda w: [*NODES, w.neurons[:1]],
            "targets": NODES,
            "in_degree": [0, 1.5, "1"],
            "syn_spec": [[1], {"wait": 1.0}, {"synapse_model": "static"}, {"delay": 0.0}],
            "progress": ["x"],
        },
    ),
    "wiring.connect_pairs": Case(
        lambda w: {
            "sources": w.neurons,
            "targets": w.neurons,
            "pairs": [[0], [1]],
            "syn_spec": {"weight": 1.0, "delay": 1.0, "receptor_type": 1},
        },
        {
            "sources": NODES,
            "targets": NODES,
            "pairs": [[[0], [3]], [[0, 1], [1]], [[0]], 1, [[-1], [0]]],
            "syn_spec": [[1], {}, {"weight": 1.0, "delay": 1.0}],
        },
    ),
    "wiring.poisson_drive": Case(
        lambda w: {"targets": w.neurons, "rate": 1.0, "syn_spec": {}},
        {
            "targets": NODES,
            "rate": [*NO_NUMBERS, -1.0],
            "syn_spec": [[1], {"wait": 1.0}, {"synapse_model": "static"}, {"delay": 0.05}],
            "generator_model": ["izhi", 1, PSC],
        },
    ),
    "wiring.step_current": Case(
        lambda w: {"neurons": w.neurons, "steps": [(0.0, 1.0)]},
        {
            "neurons": lambda w: [*NODES, w.recorder],
            "steps": [*STEPS, [(0.0, 1.0), (5.05, 1.0)], [(0.0, 1.0), (0.1, 1.0)]],
        },
    ),
    "wiring.noise_settings": Case(
        lambda w: {"sigma": 1.0},
        {"sigma": [*NO_NUMBERS, -1.0], "redraw_interval": [0.0, -1.0, "1", INF]},
    ),
    "wiring.noise_current": Case(
        lambda w: {"neurons": w.neurons, "sigma": 1.0},
        {
            "neurons": NODES,
            "sigma": [*NO_NUMBERS, -1.0],
            "redraw_interval": [0.0, "1"],
            "delay": [0.0, -1.0, "1", 0.05],
        },
    ),
}


@pytest.fixture(scope="module")
def world(module_build, tmp_path_factory):
    """Make a small network that has run, and one of everything that functions take."""
    start_kernel(threads=2)
    folder = tmp_path_factory.mktemp("world")
    (folder / "text.npz").write_text("no archive")
    size = network_design.network_size(20, 10)
    neuron_model = network_design.NEURON_MODELS["psc"]
    neurons = nest.Create(PSC, 3, params={"I_e": 10.0})
    files = spike_files.SpikeFiles(folder / "spikes", {})
    weight_recorder = recording.record_deliveries("static_synapse", "recorded")
    spec = wiring.syn_spec("AMPA", synapse_model="recorded")
    nest.Connect(neurons[:1], neurons[1:], syn_spec=spec)
    recorder = recording.record_spikes(neurons)
    multimeter = recording.record_traces(neurons, ["V_m"])
    world = SimpleNamespace(
        folder=folder,
        size=size,
        neuron_model=neuron_model,
        neurons=neurons,
        cells={"E": nest.Create(PSC, 16), "I": nest.Create(PSC, 4)},
        files=files,
        recorder=recorder,
        multimeter=multimeter,
        weight_recorder=weight_recorder,
        to_ascii=nest.Create("spike_recorder", params={"record_to": "ascii"}),
        pathway=create_pathway(PSC, {}, [[(0.0, 1.0)]]),
        axes=Figure().subplots(),
        cell=izhisyn.parameters.cell_type("RS"),
        course=neurocomputational_properties.Course(np.arange(3.0), np.zeros(3), np.ones(1)),
        model=SimpleNamespace(name="x", parameters=(), state=()),
        sweep=fitting.sweep(10.0, 100.0, [10.0, 50.0]),
        results=izhisyn.command_line.Results("x", folder / "results", endings=("json", "png")),
    )
    simulate(100.0)
    world.spikes = recording.spikes(recorder)
    world.traces = recording.traces(multimeter)
    world.deliveries = recording.deliveries(weight_recorder)
    return world


def state_of(world):
    """Everything that a refused call might have changed."""
    kept = nest.GetConnections().get(["source", "target", "weight", "delay"])
    connections = list(zip(*kept.values(), strict=True))
    everything = nest.NodeCollection(range(1, nest.network_size + 1))
    return (
        nest.network_size,
        nest.num_connections,
        (nest.resolution, nest.local_num_threads, nest.rng_seed, nest.biological_time),
        sorted(nest.node_models),
        sorted(nest.synapse_models),
        sorted(map(str, connections)),
        [str({k: v for k, v in node.get().items() if k != "events"}) for node in everything],
        sorted(str(path) for path in world.folder.rglob("*")),
    )


def test_every_public_function_has_its_rows():
    """With a refused value for each parameter, and no rows of what is gone."""
    needed = {name: set(parameters(name)) for name in FUNCTIONS if parameters(name)}
    assert {name: case.refused.keys() for name, case in CASES.items()} == needed
    assert all(values for case in CASES.values() for values in case.refused.values())


def words(value):
    """Words by which a sentence may name a value, or a part of it."""
    yield from (str(value), repr(value))
    if isinstance(value, int | float):
        yield f"{value:g}"
    if isinstance(value, nest.NodeCollection):
        yield value.model if isinstance(value.model, str) else value.model[0]
    elif isinstance(value, dict | list | tuple):
        for part in value:
            yield from words(part)


@pytest.mark.parametrize("name", CASES)
def test_wrong_input_is_one_sentence_and_changes_nothing(world, name):
    """The sentence names the parameter or the value, and says what to do."""
    case, function = CASES[name], FUNCTIONS[name]
    signature = inspect.signature(function)
    before = state_of(world)
    for parameter, values in case.refused.items():
        for value in values(world) if callable(values) else values:
            arguments = case.valid(world)
            if signature.parameters[parameter].kind is inspect.Parameter.VAR_KEYWORD:
                arguments |= value
            else:
                arguments[parameter] = value
            self = [arguments.pop("self")] if "self" in arguments else []
            with pytest.raises((IzhisynError, argparse.ArgumentTypeError)) as raised:
                made = function(*self, **arguments)
                if hasattr(made, "__enter__"):
                    made.__enter__()
                pytest.fail(f"{name} takes {parameter}={value!r}")
            sentence = str(raised.value)
            is_named = any(word in sentence for word in (parameter, *words(value)))
            assert is_named, f"{name}({parameter}={value!r}): {sentence}"
            assert "\n" not in sentence
    assert state_of(world) == before
