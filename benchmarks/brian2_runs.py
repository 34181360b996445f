# SPDX-License-Identifier: GPL-2.0-or-later
"""The peers in Brian2: programs of its C++ standalone mode, and spikes in its runtime mode.

A program is compiled once for a number of neurons and threads. Everything else it asks from its
environment, and it waits for a line before each part of the simulation, so that it can take turns
with other contestants.
"""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import orbit
from benchmarks.builds import PeerError
from benchmarks.measure import resident_bytes
from izhisyn.parameters import CELL_TYPES, RECEPTORS

STEP = 0.1  # of the programs, unless another one is asked for [ms]
PART = 50.0  # simulated time between two lines [ms]

# Vectorising exp takes the whole of -ffast-math, which Brian2's own default goes short of.
FLAGS = ["-w", "-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512", "-std=c++17"]

EQUATIONS = """
dv/dt = (0.04*v**2 + 5*v + 140 - u + I_e + I_AMPA + gate*I_NMDA - I_GABA_A)/ms : 1
du/dt = a*(b*v - u)/ms : 1
gate = 1/(1 + exp(-v/16.13)/3.57) : 1
I_e : 1
a : 1
b : 1
c : 1
d : 1
""" + "".join(
    f"""
dI_{name}/dt = drive_{name}/ms - I_{name}/({receptor.tau_decay}*ms) : 1
ddrive_{name}/dt = -drive_{name}/({receptor.tau_rise}*ms) : 1
"""
    for name, receptor in RECEPTORS.items()
)
# The growth of a drive that makes its current peak at 1.
JUMPS = {
    name: receptor.peak_factor * (1.0 / receptor.tau_rise - 1.0 / receptor.tau_decay)
    for name, receptor in RECEPTORS.items()
}
EXCITE = f"drive_AMPA += {JUMPS['AMPA']}*w; drive_NMDA += {JUMPS['NMDA']}*w"
INHIBIT = f"drive_GABA_A += {JUMPS['GABA_A']}*w"


# What a program asks from its environment.
SETTINGS = {
    "STEP": STEP,  # [ms]
    "ALL_RS": 0,  # 1 for regular spiking cells only
    "I_ALL": 0.0,  # constant current of all neurons [pA]
    "FAN_OUT": 0,  # synapses of each neuron
    "WEIGHT": 0.0,  # of a synapse on AMPA and NMDA, from four fifths of the neurons; GABA-A: 4 x
    "RATE": 0.0,  # spikes/s to each neuron from 50 sources, half on AMPA and NMDA, half on GABA-A
}


@dataclass(frozen=True)
class Program:
    """A compiled program, for `n_neurons` neurons of equal share of all cell types."""

    path: Path
    n_neurons: int

    def start(self, **settings):
        """Start it with some of the `SETTINGS`; gives a `Running`."""
        return Running(self, SETTINGS | settings)


class Running:
    """A started program, with its network built, that simulates part after part on request."""

    def __init__(self, program, settings):
        self.n_neurons = program.n_neurons
        self._process = subprocess.Popen(
            [program.path],
            cwd=program.path.parent,
            env=os.environ | {name: repr(value) for name, value in settings.items()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.build_seconds = self._read()["wall"]
        self.build_bytes = resident_bytes(self._process.pid)

    def part(self):
        """Simulate `PART` ms; return ``wall`` and ``processor`` time [s] and ``spikes``."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._read()

    def seconds_per_step(self):
        """Processor time per neuron and step of the next part [s]."""
        return self.part()["processor"] / (self.n_neurons * PART / STEP)

    def close(self):
        """End the program."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _read(self):
        for line in self._process.stdout:
            if line.startswith("part "):
                wall, processor, spikes = line.split()[1:]
                return {"wall": float(wall), "processor": float(processor), "spikes": int(spikes)}
        raise PeerError(f"the Brian2 program ended with status {self._process.wait()}")


def program(cache, n_neurons, method="euler", threads=0):
    """Compile a program unless the cache has it.

    Parameters
    ----------
    cache : pathlib.Path
    n_neurons : int
    method : str
        Brian2's integration method.
    threads : int
        OpenMP threads; 0 for a program without OpenMP.

    Returns
    -------
    Program
    """
    source = Path(__file__).read_bytes()
    name = f"{method}-{n_neurons}-{threads}-{hashlib.sha256(source).hexdigest()[:12]}"
    folder = cache.resolve() / "brian2" / name
    path = folder / "main"
    if not (folder / "complete").exists():
        # A process of its own, because Brian2 chooses its device once.
        command = [sys.executable, "-m", "benchmarks.brian2_runs", folder, method, n_neurons]
        result = subprocess.run(
            [str(part) for part in [*command, threads]], capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            raise PeerError(
                "Brian2 could not compile its program: "
                + (result.stderr.strip() or "it said nothing").splitlines()[-1]
            )
        (folder / "complete").touch()
    return Program(path, n_neurons)


def spike_times(method, resolution, cells, duration):
    """Spike times of one neuron for each cell, in runtime mode.

    Parameters
    ----------
    method : str
    resolution : float
        Step [ms].
    cells : sequence of benchmarks.nest_runs.Cell
    duration : float
        [ms].

    Returns
    -------
    list of numpy.ndarray
        Times [ms] as Brian2 reports them, at the beginning of the step of the crossing.
    """
    import brian2
    from brian2 import ms

    brian2.prefs.codegen.target = "cython"
    # Large steps overshoot the spike: no news, but for Brian2 a warning in each step.
    brian2.BrianLogger.log_level_error()
    brian2.defaultclock.dt = resolution * ms
    neurons = brian2.NeuronGroup(
        len(cells), EQUATIONS, threshold="v >= 30", reset="v = c; u += d", method=method
    )
    for name in ("a", "b", "c", "d"):
        setattr(neurons, name, [getattr(cell.cell_type, name) for cell in cells])
    neurons.I_e = [cell.I_e for cell in cells]
    neurons.v = -70.0
    neurons.u = "b*v"
    spikes = brian2.SpikeMonitor(neurons)
    parts = [neurons, spikes]
    arrivals = [
        (time, target, receptor, weight)
        for target, cell in enumerate(cells)
        for time, receptor, weight in cell.arrivals
    ]
    if arrivals:
        times, targets, receptors, weights = zip(*arrivals, strict=True)
        # A spike sent in the step that ends at t is in the state at t.
        sent = (np.array(times) - resolution) * ms
        sources = brian2.SpikeGeneratorGroup(len(arrivals), np.arange(len(arrivals)), sent)
        growth = "\n".join(f"drive_{name} += w_{name}" for name in RECEPTORS)
        weight = "\n".join(f"w_{name} : 1" for name in RECEPTORS)
        synapses = brian2.Synapses(sources, neurons, weight, on_pre=growth)
        synapses.connect(i=np.arange(len(arrivals)), j=np.array(targets))
        for name, jump in JUMPS.items():
            of_receptor = np.array(receptors) == name
            setattr(synapses, f"w_{name}", jump * np.array(weights) * of_receptor)
        parts += [sources, synapses]
    brian2.Network(*parts).run(duration * ms)
    trains = spikes.spike_trains()
    return [np.asarray(trains[number] / ms) for number in range(len(cells))]


def _declare(method, n_neurons):
    """Declare the network of a program, which asks its environment for the `SETTINGS`."""
    import brian2
    from brian2 import ms

    device = brian2.get_device()

    def ask(variable, name, factor=1.0):
        value = f'{factor} * std::atof(std::getenv("{name}"))'
        device.insert_code("main", f"_array_{variable}[0] = {value};")

    brian2.defaultclock.dt = STEP * ms
    settings = "fan_out : integer (shared, constant)\n" + "".join(
        f"{name} : 1 (shared, constant)\n" for name in ("I_all", "all_RS")
    )
    neurons = brian2.NeuronGroup(
        n_neurons,
        EQUATIONS + settings,
        threshold="v >= 30",
        reset="v = c; u += d",
        method=method,
        name="neurons",
    )
    device.insert_code("main", _PART)
    ask("defaultclock_dt", "STEP", 1e-3)
    for name in ("fan_out", "I_all", "all_RS"):
        ask(f"neurons_{name}", name.upper())
    RS = CELL_TYPES["RS"]
    for name in ("a", "b", "c", "d"):
        values = [getattr(cell, name) for cell in CELL_TYPES.values()]
        setattr(neurons, name, np.resize(values, n_neurons))
        setattr(neurons, name, f"{name}*(1 - all_RS) + all_RS*({getattr(RS, name)})")
    # Cells of all types start at rest, regular spiking ones at all phases.
    neurons.v, neurons.u = orbit.random_phases(n_neurons)
    neurons.v = "-70*(1 - all_RS) + all_RS*v"
    neurons.u = "-70*b*(1 - all_RS) + all_RS*u"
    neurons.I_e = "I_all"

    n_excitatory = n_neurons * 4 // 5
    parts = [neurons]
    for name, members, growth, factor in (
        ("excitatory", slice(None, n_excitatory), EXCITE, 1.0),
        ("inhibitory", slice(n_excitatory, None), INHIBIT, 4.0),
    ):
        synapses = brian2.Synapses(
            neurons[members], neurons, "w : 1 (shared)", on_pre=growth, delay=1 * ms, name=name
        )
        synapses.connect(j="k for k in sample(N_post, size=fan_out_pre)")
        ask(f"{name}_w", "WEIGHT", factor)
        parts.append(synapses)

    sources = brian2.NeuronGroup(
        50, "p : 1 (shared, constant)", threshold="rand() < p", name="sources"
    )
    ask("sources_p", "RATE", STEP / 1e3 / 50)
    for name, members, growth in (
        ("half_excitatory", slice(None, 25), EXCITE),
        ("half_inhibitory", slice(25, None), INHIBIT),
    ):
        synapses = brian2.Synapses(
            sources[members], neurons, "w : 1 (shared)", on_pre=growth, delay=1 * ms, name=name
        )
        synapses.connect(j="k for k in range(N_post) if p_pre > 0")
        synapses.w = 1e-3
        parts.append(synapses)

    spikes = brian2.SpikeMonitor(neurons, record=False, name="spikes")
    network = brian2.Network(*parts, sources, spikes)
    wait = "part.stop(); while (std::getchar() != EOF) { part.start();"
    device.insert_code("before_network_run", wait)
    device.insert_code("after_network_run", "part.stop(); }")
    network.run(PART * ms)


# Prints what has passed since it was started last: time, and spikes of the neurons.
_PART = r"""
struct Part
{
    double wall, processor;
    long spikes;
    static double now(clockid_t clock)
    {
        timespec t;
        clock_gettime(clock, &t);
        return t.tv_sec + 1e-9 * t.tv_nsec;
    }
    void start()
    {
        wall = now(CLOCK_MONOTONIC);
        processor = now(CLOCK_PROCESS_CPUTIME_ID);
        spikes = _array_spikes_N[0];
    }
    void stop() const
    {
        std::printf("part %.9f %.9f %ld\n", now(CLOCK_MONOTONIC) - wall,
            now(CLOCK_PROCESS_CPUTIME_ID) - processor, long(_array_spikes_N[0] - spikes));
        std::fflush(stdout);
    }
} part;
part.start();
"""


def _compile(folder, method, n_neurons, threads):
    import brian2

    brian2.set_device("cpp_standalone", build_on_run=False)
    brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = FLAGS
    brian2.prefs["devices.cpp_standalone.openmp_threads"] = threads
    _declare(method, n_neurons)
    brian2.device.build(directory=folder, compile=True, run=False)


if __name__ == "__main__":
    _compile(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
