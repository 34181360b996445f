# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the time of a network goes: neurons, events and threads, in NEST and in Brian2.

Networks of 1000 to 100 000 regular spiking neurons, four fifths of them excitatory, with 10 to 1000
synapses each from random sources, a delay of 1 ms and a step of 0.1 ms. Constant currents keep them
at about 8 spikes/s, whatever the number of synapses, whose weights are small, so that all models
have the same number of events to deliver. A simulated part is measured again and again, in turns
with the other contestants, each in a process of its own that has built its network before.

NEST's wheel has no detailed timers. The time for the neurons is that of the same network without
synapses; the rest is for events: collecting, communicating and delivering them. "Stock code" is our
model with the nodes that NESTML generates in place of pooled ones; our others have connections of
``static_synapse_pooled`` unless said.
"""

from dataclasses import asdict, dataclass

from benchmarks import brian2_runs, builds, nest_runs, orbit, report
from benchmarks.brian2_runs import PART
from benchmarks.measure import Process, Stopwatch, resident_bytes
from izhisyn import command_line, plotting
from izhisyn.command_line import positive_integer
from izhisyn.kernel import nest
from izhisyn.wiring import syn_spec

NAME = "network"
STEP = brian2_runs.STEP
PSC = "izhikevich_psc_multisyn_neuron"
SIZES = tuple((n_neurons, (0, 10, 100, 1000)) for n_neurons in (1_000, 10_000, 100_000))
THREADED = (10_000, 1000)  # neurons and synapses of the runs with two threads
FINE = 0.01  # step at which Euler's spikes are still further off than ours at 0.1 ms [ms]
TOTAL_WEIGHT = 1.0  # of a neuron's synapses together [pA]

OURS = "izhisyn"
PLAIN = "izhisyn, static_synapse"
TWO = "izhisyn, AMPA and NMDA apart"
STOCK = "izhisyn, stock code"
BRIAN2 = "Brian2 standalone, Euler"
BRIAN2_FINE = f"{BRIAN2} at {FINE:g} ms"
IAF_PSC_EXP = "NEST's iaf_psc_exp"
IAF_COND_BETA = "NEST's iaf_cond_beta"
LEAKY = {name: orbit.LEAKY[name] for name in ("I_e", "C_m", "E_L")}
NEST_MODELS = {
    OURS: (PSC, {}),
    PLAIN: (PSC, {}),
    TWO: (PSC, {}),
    STOCK: (PSC, {}),
    IAF_PSC_EXP: ("iaf_psc_exp", orbit.LEAKY),
    IAF_COND_BETA: ("iaf_cond_beta", LEAKY | {"g_L": LEAKY["C_m"] / orbit.LEAKY["tau_m"]}),
    "NEST's izhikevich": ("izhikevich", {}),
}
# Colour, marker and line of each contestant in the figure.
LOOKS = {
    OURS: (plotting.VERMILION, "o", "-"),
    PLAIN: (plotting.VERMILION, "s", "-."),
    TWO: (plotting.VERMILION, "^", ":"),
    STOCK: (plotting.VERMILION, "v", "--"),
    IAF_PSC_EXP: (plotting.BLUE, "s", "-"),
    IAF_COND_BETA: (plotting.BLUE, "D", "-"),
    "NEST's izhikevich": (plotting.BLUE, "v", "-"),
    BRIAN2: (plotting.BLACK, "X", "-"),
}
# Where it is not the one that the target's model suggests.
SYNAPSES = {PLAIN: "static_synapse"}
# Turns a weight in pA into a conductance in nS [mV].
DRIVING_FORCE = {IAF_COND_BETA: 60.0}


@dataclass(frozen=True)
class Size:
    """Number of neurons, of synapses of each, and of threads."""

    neurons: int
    synapses: int
    threads: int = 1


class InNest:
    """A network in NEST, in a process of its own."""

    def __init__(self, name, size, modules):
        self._process = Process()
        self.built = self._process(build_in_nest, name, size, modules[name == STOCK])

    def part(self):
        """Simulate `PART` ms; gives ``wall`` and ``processor`` time [s] and ``spikes``."""
        return self._process(simulate_part)

    def close(self):
        """End the process."""
        self._process.close()


class InBrian2:
    """A network in Brian2's C++ standalone mode."""

    def __init__(self, size, cache, step=STEP):
        # Brian2 without OpenMP is faster than with one OpenMP thread.
        threads = size.threads if size.threads > 1 else 0
        program = brian2_runs.program(cache, size.neurons, threads=threads)
        self._running = program.start(
            STEP=step,
            ALL_RS=1,
            I_ALL=orbit.I_E,
            FAN_OUT=size.synapses,
            WEIGHT=TOTAL_WEIGHT / max(size.synapses, 1),
        )
        self.built = {"seconds": self._running.build_seconds, "bytes": self._running.build_bytes}
        self.part = self._running.part
        self.close = self._running.close


def main(arguments=None):
    """Run the benchmark with these command line arguments."""
    parser = report.parser(NAME, __doc__.partition("\n")[0])
    parser.add_argument(
        "--most-synapses",
        type=positive_integer,
        default=100_000_000,
        metavar="N",
        help="leave out networks with more synapses; 100 million take 12 GB",
    )
    options = parser.parse_args(arguments)
    modules = builds.own_module(), builds.stock_module(options.cache)
    runs = []
    for n_neurons, all_synapses in SIZES:
        for n_synapses in all_synapses:
            size = Size(n_neurons, n_synapses)
            if n_neurons * n_synapses <= options.most_synapses:
                runs += measure(size, contestants_at(size), modules, options)
    threaded = Size(*THREADED, 2)
    if THREADED[0] * THREADED[1] <= options.most_synapses:
        runs += measure(threaded, [OURS, PLAIN, IAF_PSC_EXP, BRIAN2], modules, options)
    check_spikes(runs)
    events = event_costs(runs)
    report.write(
        NAME,
        options,
        {"part": PART, "runs": runs, "event_costs": events},
        {
            "Processor time for a simulated second (s), one thread": table_of_times(runs),
            "Processor time per neuron and step without events, and per delivered event (ns)": (
                table_of_costs(events)
            ),
            "izhisyn beside Brian2, one thread": table_beside_brian2(runs),
            "10 000 neurons with 1000 synapses each": table_of_network(runs),
            "Wall time for a simulated second (s), 10 000 neurons with 1000 synapses each": (
                table_of_threads(runs)
            ),
        },
        draw(runs),
    )


def contestants_at(size):
    """Names of the contestants at a size.

    The smaller networks show what a slow neuron and two connections cost.
    """
    names = [OURS, IAF_PSC_EXP]
    names += [PLAIN] if size.synapses > 0 else []
    if size.neurons * size.synapses <= 10_000_000:
        names += ["NEST's izhikevich"]
        names += [TWO] if size.synapses > 0 else []
        names += [STOCK, IAF_COND_BETA] if size.neurons <= 10_000 else []
    fine = [BRIAN2_FINE] if size.neurons == THREADED[0] and size.synapses in (0, 1000) else []
    return [*names, BRIAN2, *fine]


def build_in_nest(name, size, module):
    """Build a network in this process.

    Returns
    -------
    dict
        ``seconds`` of wall time and ``bytes``, both without those of an empty kernel.
    """
    model, settings = NEST_MODELS[name]
    nest_runs.start(nest_runs.Contestant(module, model), STEP, size.threads)
    memory, stopwatch = resident_bytes(), Stopwatch()
    neurons = nest.Create(model, size.neurons, params=settings)
    if model in (PSC, "izhikevich"):
        neurons.set(orbit.CELL.parameters | {"I_e": orbit.I_E})
        neurons.V_m, neurons.U_m = orbit.random_phases(size.neurons)
    else:
        neurons.V_m = orbit.random_leaky_phases(size.neurons)
    n_excitatory = size.neurons * 4 // 5
    excitatory, inhibitory = neurons[:n_excitatory], neurons[n_excitatory:]
    if size.synapses > 0:
        indegree = size.synapses * 4 // 5
        for connection in excitatory_connections(name, TOTAL_WEIGHT / size.synapses):
            connect(excitatory, neurons, indegree, connection)
        inhibition = inhibitory_connection(name, 4.0 * TOTAL_WEIGHT / size.synapses)
        connect(inhibitory, neurons, size.synapses - indegree, inhibition)
    nest.Prepare()
    nest.Run(nest_runs.MIN_DELAY)  # NEST sorts its connections on the first step
    seconds = stopwatch.read()[1]
    return {"seconds": seconds, "bytes": resident_bytes() - memory}


def connect(sources, targets, indegree, connection):
    """Connect random sources to every target."""
    nest.Connect(sources, targets, {"rule": "fixed_indegree", "indegree": indegree}, connection)


def excitatory_connections(name, weight):
    """List the connections of an excitatory neuron to a target."""
    if name in (OURS, PLAIN, STOCK):
        return [syn_spec("AMPA_NMDA", weight, 1.0, PSC, SYNAPSES.get(name))]
    if name == TWO:
        return [syn_spec(receptor, weight, 1.0, PSC) for receptor in ("AMPA", "NMDA")]
    return [{"weight": weight / DRIVING_FORCE.get(name, 1.0), "delay": 1.0}]


def inhibitory_connection(name, weight):
    """Give the connection of an inhibitory neuron to a target."""
    if name in (OURS, PLAIN, TWO, STOCK):
        return syn_spec("GABA_A", weight, 1.0, PSC, SYNAPSES.get(name))
    return {"weight": -weight / DRIVING_FORCE.get(name, 1.0), "delay": 1.0}


def simulate_part():
    """Simulate `PART` ms in this process; see `InNest.part`."""
    stopwatch = Stopwatch()
    nest.Run(PART)
    processor, wall = stopwatch.read()
    return {"wall": wall, "processor": processor, "spikes": nest.local_spike_counter}


def measure(size, names, modules, options):
    """Measure contestants at one size, in turns.

    Returns
    -------
    list of dict
        For each contestant its ``name``, the ``neurons``, ``synapses`` and ``threads`` of the
        network, the ``build`` ``seconds`` and ``bytes``, of its best parts ``wall`` and
        ``processor`` time [s for a simulated second], and the mean ``rate`` [spikes/s].
    """
    contestants = {}
    for name in names:
        if name in NEST_MODELS:
            contestants[name] = InNest(name, size, modules)
        else:
            step = FINE if name == BRIAN2_FINE else STEP
            contestants[name] = InBrian2(size, options.cache, step)
    parts = {name: [] for name in names}
    for _ in range(options.repetitions):
        for name, contestant in contestants.items():
            parts[name].append(contestant.part())
    runs = []
    for name, contestant in contestants.items():
        contestant.close()
        best = {clock: min(part[clock] for part in parts[name]) for clock in ("wall", "processor")}
        spikes = sum(part["spikes"] for part in parts[name]) / options.repetitions
        runs.append(
            {
                "name": name,
                **asdict(size),
                "build": contestant.built,
                "wall": best["wall"] * 1e3 / PART,
                "processor": best["processor"] * 1e3 / PART,
                "rate": spikes / size.neurons * 1e3 / PART,
            }
        )
    print(
        f"{size.neurons} neurons, {size.synapses} synapses, {size.threads} threads: done",
        flush=True,
    )
    return runs


def check_spikes(runs):
    """Refuse to compare synapses that do not bring the same number of spikes about."""
    for plain in runs:
        size = (plain["neurons"], plain["synapses"], plain["threads"])
        if plain["name"] == PLAIN and find(runs, OURS, *size)["rate"] != plain["rate"]:
            raise RuntimeError(f"the two synapses give different spikes, {size}")


def find(runs, name, neurons, synapses, threads=1):
    """Find a run; None if there is none."""
    wanted = {"name": name, "neurons": neurons, "synapses": synapses, "threads": threads}
    return next((run for run in runs if wanted.items() <= run.items()), None)


def event_costs(runs):
    """Processor time per neuron and step, and per event.

    Returns
    -------
    list of dict
        For each contestant and number of neurons: ``step`` [ns], and ``events``, the time that a
        delivered event adds [ns] for each number of synapses.
    """
    costs = []
    for quiet in runs:
        if quiet["synapses"] == 0:
            name, neurons = quiet["name"], quiet["neurons"]
            busy = [r for r in runs if (r["neurons"], r["threads"]) == (neurons, 1)]
            events = {
                str(run["synapses"]): 1e9
                * (run["processor"] - quiet["processor"])
                / (run["rate"] * neurons * run["synapses"])
                for run in busy
                if run["name"] == name and run["synapses"] >= 100  # fewer: too little to compare
            }
            step = 1e9 * quiet["processor"] / (neurons * 1e3 / STEP)
            costs.append({"name": name, "neurons": neurons, "step": step, "events": events})
    return costs


def names_of(runs):
    """Names of the contestants in order."""
    return list(dict.fromkeys(run["name"] for run in runs))


def sizes_of(runs):
    """Numbers of neurons and synapses of the runs with one thread in order."""
    sizes = ((r["neurons"], r["synapses"]) for r in runs if r["threads"] == 1)
    return list(dict.fromkeys(sizes))


def table_of_times(runs):
    """Table of processor time for a simulated second."""
    names = names_of(runs)
    rows = []
    for neurons, synapses in sizes_of(runs):
        found = [find(runs, name, neurons, synapses) for name in names]
        rows.append([f"{neurons} x {synapses}", *(run and run["processor"] for run in found)])
    return report.table(["neurons x synapses", *names], rows)


def table_of_costs(costs):
    """Table of the costs per step and event."""
    numbers = list(dict.fromkeys(number for cost in costs for number in cost["events"]))
    rows = [
        [f"{cost['name']}, {cost['neurons']} neurons", cost["step"]]
        + [cost["events"].get(number) for number in numbers]
        for cost in costs
    ]
    return report.table(["", "step", *(f"event, {n} synapses" for n in numbers)], rows)


def table_beside_brian2(runs):
    """Table of how many times our time Brian2 takes, at our step and at one for its accuracy."""
    rows = []
    for neurons, synapses in sizes_of(runs):
        ours, same, fine = (
            find(runs, name, neurons, synapses) for name in (OURS, BRIAN2, BRIAN2_FINE)
        )
        times = [run and run["processor"] / ours["processor"] for run in (same, fine)]
        rows.append([f"{neurons} x {synapses}", *times])
    head = "neurons x synapses", "Brian2 / izhisyn, equal step", f"Brian2 at {FINE:g} ms / izhisyn"
    return report.table(head, rows)


def quiet_run(runs, name, neurons):
    """Find the run of a contestant without synapses; our neurons need one for all synapses."""
    return find(runs, OURS if name in (PLAIN, TWO) else name, neurons, 0)


def table_of_network(runs):
    """Table of build time, memory and parts of the run time of one network."""
    rows = []
    for name in names_of(runs):
        run = find(runs, name, *THREADED)
        if run is None:
            continue
        quiet = quiet_run(runs, name, THREADED[0])
        rows.append(
            [
                name,
                run["build"]["seconds"],
                run["build"]["bytes"] / 1e6,
                run["rate"],
                run["processor"],
                quiet["processor"],
                run["processor"] - quiet["processor"],
            ]
        )
    head = ["", "build (s)", "memory (MB)", "spikes/s", "simulated second (s)", "neurons (s)"]
    return report.table([*head, "events (s)"], rows)


def table_of_threads(runs):
    """Table of wall times with one and two threads."""
    rows = []
    for two in (run for run in runs if run["threads"] == 2):
        one = find(runs, two["name"], *THREADED)
        rows.append([two["name"], one["wall"], two["wall"], one["wall"] / two["wall"]])
    return report.table(["", "1 thread", "2 threads", "speed-up"], rows)


def draw(runs):
    """Draw processor time over the number of synapses, a panel for each number of neurons."""
    neurons_shown = list(dict.fromkeys(neurons for neurons, _ in sizes_of(runs)))
    with plotting.style():
        figure = plotting.new_figure(width=17.0, height=7.5)
        panels = figure.subplots(1, len(neurons_shown))
        for axes, neurons in zip(panels, neurons_shown, strict=True):
            for name, (colour, marker, line) in LOOKS.items():
                of_name = [
                    r
                    for r in runs
                    if (r["name"], r["neurons"], r["threads"]) == (name, neurons, 1)
                    and r["synapses"] > 0
                ]
                axes.loglog(
                    [run["synapses"] for run in of_name],
                    [run["processor"] for run in of_name],
                    color=colour,
                    marker=marker,
                    linestyle=line,
                    markersize=3.5,
                    label=name,
                )
            axes.set_title(f"{neurons:,} neurons".replace(",", " "), loc="left")
            axes.set_xlabel("Synapses of a neuron")
        panels[0].set_ylabel("Processor time for\na simulated second (s)")
        figure.legend(
            *panels[0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=3,
            frameon=False,
            fontsize=7,
        )
    return figure


if __name__ == "__main__":
    command_line.run_script(main)
