# SPDX-License-Identifier: GPL-2.0-or-later
"""Izhikevich (2007): dopamine, seconds too late, finds the synapse that earned it.

800 excitatory and 200 inhibitory cells with 100 synapses each and noise. One of the 80 000
excitatory synapses starts at weight 0; each time its target fires within 20 ms after its source, a
reward follows 1 to 3 s later, in the middle of the network's other activity. Eligibility traces
remember which synapses were active, and dopamine turns what they remember into weights: the
synapse on which reward depends grows from nothing into the strongest few per cent.

Scheme, step (1 ms) and order of additions are those of the published program; see docs/learning.md.

References
----------
E. M. Izhikevich, "Solving the distal reward problem through linkage of STDP and dopamine
signaling", Cerebral Cortex 17, 2007; its program daspnet.
"""

from dataclasses import dataclass

import numpy as np

from izhisyn import analysis, command_line, learning_network, plotting, recording
from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, start_kernel, steps_of
from izhisyn.learning_network import ALL, EXCITATORY, INHIBITORY, MODEL, N_TARGETS, RESOLUTION

SCRIPT = "distal_reward"
SYNAPSE = "dopamine_stdp_izhikevich_synapse"

W_E, W_I = 1.0, -1.0  # initial weights [pA]
W_MAX = 4.0  # bound of the weights that learn [pA]
CHOSEN = 0  # connection that is rewarded; its weight starts at 0
NOISE = 6.5  # input of each cell is uniform from minus this to this [pA]
V_START, U_START = -65.0, -13.0  # initial states [mV]

LONGEST_INTERVAL = 20.0  # of a rewarded pair of spikes [ms]
REWARD_DELAYS = (1001, 3000)  # shortest and longest time from there to the reward [ms]
PART = 100.0  # after which spikes are looked at and traces sampled [ms]
MEASURED = 10_000.0  # at the end, for rates [ms]
SHOWN = 10_000.0  # around a reward [ms]


@dataclass(frozen=True)
class Connectivity:
    """What is drawn at random.

    Attributes
    ----------
    sources, targets : numpy.ndarray of int, shape (n_connections,)
        Cells, from 0 to 999.
    reward_delays : numpy.ndarray of int, shape (n_rewards,)
        Time from a rewarded pair of spikes to its reward, for each that may occur [ms].
    noise_seed : int
        Seed of the noise.
    """

    sources: np.ndarray
    targets: np.ndarray
    reward_delays: np.ndarray
    noise_seed: int


@dataclass(frozen=True)
class History:
    """What happened to the chosen synapse.

    Attributes
    ----------
    times : numpy.ndarray, shape (n_samples,)
        Of the samples [ms].
    weight, eligibility, dopamine : numpy.ndarray, shape (n_samples,)
        Of the synapse; weights in pA.
    rewards : numpy.ndarray, shape (n_rewards,)
        Times at which dopamine rises [ms].
    """

    times: np.ndarray
    weight: np.ndarray
    eligibility: np.ndarray
    dopamine: np.ndarray
    rewards: np.ndarray


def main(arguments=None):
    """Run the network with these command line arguments."""
    options = parse_arguments(arguments)
    results = command_line.Results(SCRIPT, options.output, options.quiet)
    start_kernel(RESOLUTION, options.threads, options.seed, options.total_vps)
    network = draw(options.seed, steps_of(options.simtime, "simtime"))
    cells = create(network)
    reward = Reward(cells, network)
    connect(cells, network, reward.transmitter)
    add_noise(cells, network.noise_seed)
    measured_time = min(options.simtime, MEASURED)
    recorder = recording.record_spikes(cells, start=options.simtime - measured_time)
    simulate(options.simtime, cells, reward, command_line.Progress(SCRIPT, options.quiet))
    spikes = recording.gather_spikes(recorder, options.output)
    weights = learning_network.gather_weights(SYNAPSE, options.output)
    history = reward.gather_history(options.output)
    if nest.Rank() > 0:
        return

    measured = measure(history, weights)
    results.write_json(
        {
            "model": MODEL,
            "synapse_model": SYNAPSE,
            "nest_version": nest.__version__,
            "seed": options.seed,
            "simtime": options.simtime,
            "measured_time": measured_time,
            "rates": learning_network.rates(spikes.senders, measured_time),
            **measured,
            "spike_digest": analysis.spike_digest(spikes.senders, np.rint(spikes.times)),
        }
    )
    with results.file("npz") as path:
        np.savez_compressed(
            path,
            spike_times=spikes.times,
            spike_senders=spikes.senders,
            weights=weights,
            **vars(history),
        )
    results.write_figure(draw_figure(history, weights, options.simtime))
    results.finish(
        f"{measured['num_rewards']} rewards in {options.simtime / 1000.0:g} s; the rewarded "
        f"synapse went from 0 to {measured['weight']:.2f} pA, of at most {W_MAX:g}: number "
        f"{measured['rank']} of {weights.size}; the mean is {measured['mean_weight']:.2f} pA"
    )


def parse_arguments(arguments=None):
    """Parse the command line."""
    parser = command_line.argument_parser(SCRIPT, __doc__.partition("\n")[0], RESOLUTION)
    parser.add_argument(
        "--simtime",
        type=command_line.positive_number,
        default=3_600_000.0,
        metavar="MS",
        help="biological time [ms]",
    )
    command_line.add_total_vps(parser)
    options = parser.parse_args(arguments)
    if options.resolution != RESOLUTION:
        raise ParameterError(
            f"--resolution {options.resolution:g} ms is not the step of the published scheme; "
            f"choose {RESOLUTION:g} ms"
        )
    if options.simtime < PART or options.simtime % PART:
        raise ParameterError(
            f"--simtime {options.simtime:g} ms is not a multiple of {PART:g} ms, after which "
            f"spikes are looked at; choose one, from {PART:g} ms up"
        )
    return options


def draw(seed, n_ms):
    """Draw the network by the published scheme.

    Parameters
    ----------
    seed : int
    n_ms : int
        Simulated time [ms].

    Returns
    -------
    Connectivity
    """
    # NumPy's generator with a seed draws the same in each MPI process.
    generator = np.random.default_rng(seed)
    n_inhibitory = len(INHIBITORY) * N_TARGETS
    return Connectivity(
        sources=np.repeat(np.arange(len(ALL)), N_TARGETS),
        # With repetition, and possibly the cell itself
        targets=np.concatenate(
            [
                generator.integers(len(ALL), size=len(EXCITATORY) * N_TARGETS),
                generator.integers(len(EXCITATORY), size=n_inhibitory),
            ]
        ),
        # A cell cannot fire more often than every other millisecond.
        reward_delays=generator.integers(*REWARD_DELAYS, endpoint=True, size=n_ms // 2),
        noise_seed=seed,
    )


def create(network):
    """Create the cells, with the noise of the first millisecond as a constant current.

    Parameters
    ----------
    network : Connectivity

    Returns
    -------
    nest.NodeCollection
    """
    return learning_network.create(V_START, U_START, noise_at_start(network.noise_seed))


def connect(cells, network, transmitter):
    """Connect the cells with each other.

    Parameters
    ----------
    cells : nest.NodeCollection
    network : Connectivity
    transmitter : nest.NodeCollection
        The volume transmitter that dopaminergic spikes reach.
    """
    nest.SetDefaults(SYNAPSE, {"volume_transmitter": transmitter, "Wmax": W_MAX})
    weights = np.where(network.sources < len(EXCITATORY), W_E, W_I)
    weights[CHOSEN] = 0.0
    learning_network.connect(cells, network.sources, network.targets, RESOLUTION, weights, SYNAPSE)


def add_noise(cells, seed):
    """Give each cell a current of its own in each millisecond, but for the first one.

    NEST's generators of currents take a vector of numbers for each cell, or an event for each
    current; this one computes them where they go, at less than the cost of the cells.

    Parameters
    ----------
    cells : nest.NodeCollection
    seed : int
    """
    noise = nest.Create(
        "uniform_noise_generator", params={"low": -NOISE, "high": NOISE, "seed": seed}
    )
    spec = {"synapse_model": "static_synapse_pooled", "weight": 1.0, "delay": RESOLUTION}
    nest.Connect(noise, cells, syn_spec=spec)


def noise_at_start(seed):
    """Compute what `uniform_noise_generator` would send to the cells for the first millisecond.

    Parameters
    ----------
    seed : int

    Returns
    -------
    numpy.ndarray, shape (1000,)
        Currents [pA].
    """
    increment = np.uint64(0x9E3779B97F4A7C15)

    def scrambled(state):
        z = state + increment
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))

    starts = scrambled(np.array([seed], np.uint64)) + np.array(ALL, np.uint64)
    fractions = (scrambled(scrambled(starts)) >> np.uint64(11)) / 2.0**53
    return -NOISE + 2.0 * NOISE * fractions


class Reward:
    """Watches the cells of the chosen synapse, and releases dopamine.

    Parameters
    ----------
    cells : nest.NodeCollection
    network : Connectivity

    Attributes
    ----------
    transmitter : nest.NodeCollection
        The volume transmitter of the dopamine.
    """

    def __init__(self, cells, network):
        self._delays = network.reward_delays
        self._source = cells[int(network.sources[CHOSEN])]
        self._target = cells[int(network.targets[CHOSEN])]
        # An MPI process sees the spikes of its own nodes only; each has some of these copies.
        n_copies = nest.total_num_virtual_procs
        self._copies = nest.Create("parrot_neuron", 2 * n_copies)
        nest.Connect(self._source, self._copies[:n_copies], syn_spec={"delay": RESOLUTION})
        nest.Connect(self._target, self._copies[n_copies:], syn_spec={"delay": RESOLUTION})
        self._first_of_target = self._copies[n_copies].global_id
        self._recorder = recording.record_spikes(self._copies)
        self._generator = nest.Create("spike_generator")
        dopaminergic = nest.Create("parrot_neuron")
        self.transmitter = nest.Create("volume_transmitter")
        nest.Connect(self._generator, dopaminergic, syn_spec={"delay": RESOLUTION})
        nest.Connect(dopaminergic, self.transmitter, syn_spec={"delay": RESOLUTION})
        self._looked_at = 0.0  # [ms]
        self._last_source_spike = -np.inf
        self._n_pairs = 0
        self._rewards = []  # [ms]
        self._samples = []
        self._synapse = None

    def look(self, now):
        """Order rewards for the spikes of the last part, and sample the synapse.

        Parameters
        ----------
        now : float
            Biological time [ms], which is not asked for between the runs of NEST.
        """
        events = self._recorder.events
        is_new = events["times"] > self._looked_at
        self._looked_at = now
        is_target = events["senders"][is_new] >= self._first_of_target
        times = np.rint(events["times"][is_new]) - RESOLUTION  # a copy fires one delay later
        source_spikes, target_spikes = np.unique(times[~is_target]), np.unique(times[is_target])
        ordered = False
        for target_spike in target_spikes:
            earlier = source_spikes[source_spikes <= target_spike]
            last = earlier[-1] if earlier.size else self._last_source_spike
            if 0.0 < target_spike - last < LONGEST_INTERVAL:
                self._rewards.append(target_spike + self._delays[self._n_pairs])
                self._n_pairs += 1
                ordered = True
        if source_spikes.size:
            self._last_source_spike = source_spikes[-1]
        if ordered:
            # Dopamine rises as the reward's millisecond ends: a millisecond on the way to the
            # dopaminergic cell, one to the transmitter, one until that reports.
            due = np.unique(self._rewards) - RESOLUTION
            self._generator.spike_times = due[due > now]
        self._sample(now)

    def _sample(self, now):
        if self._synapse is None:  # GetConnections has to wait for the first run
            found = nest.GetConnections(self._source, self._target, SYNAPSE)
            self._synapse = found[0] if len(found) else ()
        if self._synapse:
            state = self._synapse.get(["weight", "derivative", "dopamine"])
            self._samples.append((now, state["weight"], state["derivative"], state["dopamine"]))

    def gather_history(self, folder):
        """Bring the samples to the first MPI process.

        Parameters
        ----------
        folder : path-like
            Where processes leave their parts for the first one.

        Returns
        -------
        History or None
            In other processes than the first one None.
        """
        parts = recording.gather(folder, samples=np.reshape(self._samples, (-1, 4)))
        if parts is None:
            return None
        now = nest.biological_time
        rewards = np.unique(np.asarray(self._rewards, dtype=float))
        samples = np.concatenate([part["samples"] for part in parts])
        return History(*samples.T, rewards=rewards[rewards < now])


def simulate(simtime, cells, reward, progress=None):
    """Simulate, with a reward for the chosen synapse.

    Parameters
    ----------
    simtime : float
        Biological time [ms], a multiple of `PART`.
    cells : nest.NodeCollection
    reward : Reward
    progress : callable, optional
        Called with the completed fraction, up to 1.
    """
    with nest.RunManager():
        nest.Run(RESOLUTION)
        cells.I_e = 0.0
        nest.Run(PART - RESOLUTION)
        reward.look(PART)
        n_parts = round(simtime / PART)
        for part in range(1, n_parts):
            nest.Run(PART)
            reward.look((part + 1) * PART)
            if progress is not None:
                progress((part + 1) / n_parts)


def measure(history, weights):
    """Compare the chosen synapse with the others at the end.

    Parameters
    ----------
    history : History
    weights : numpy.ndarray, shape (n_connections,)
        Of all excitatory synapses, ascending [pA].

    Returns
    -------
    dict
        Numbers of rewards; weight of the synapse and mean of all [pA], its rank among all (1 is
        the strongest, and shared by equal ones); when its weight reached the bound, or None [ms].
    """
    weight = float(history.weight[-1])
    at_bound = history.times[history.weight >= W_MAX]
    return {
        "num_rewards": int(history.rewards.size),
        "weight": weight,
        "mean_weight": float(weights.mean()),
        "rank": 1 + int(np.sum(weights > weight)),
        "time_at_bound": float(at_bound[0]) if at_bound.size else None,
    }


def draw_figure(history, weights, simtime):
    """Draw the synapse's weight and eligibility, a reward, and the distribution of weights.

    Parameters
    ----------
    history : History
    weights : numpy.ndarray, shape (n_connections,)
        Of all excitatory synapses at the end [pA].
    simtime : float
        Biological time [ms].

    Returns
    -------
    matplotlib.figure.Figure
    """
    minutes = history.times / 60_000.0
    rewards = history.rewards / 60_000.0
    with plotting.style():
        figure = plotting.new_figure(width=18.0, height=14.0)
        grid = figure.add_gridspec(3, 2)
        weight = figure.add_subplot(grid[0, :])
        weight.plot(minutes, history.weight, color=plotting.VERMILION)
        weight.set_ylabel("Rewarded weight (pA)")
        weight.set_ylim(-0.1, 1.12 * W_MAX)
        weight.plot(rewards, np.full(rewards.size, 1.07 * W_MAX), "|", color=plotting.BLACK, ms=5)
        weight.set_title("rewards (ticks) and weight", loc="left")
        eligibility = figure.add_subplot(grid[1, :], sharex=weight)
        eligibility.plot(minutes, history.eligibility, color=plotting.BLUE, lw=0.5)
        eligibility.set_ylabel("Its eligibility (pA)")
        eligibility.set_xlabel("Time (min)")
        weight.set_xlim(0.0, simtime / 60_000.0)
        draw_one_reward(figure.add_subplot(grid[2, 0]), history)
        histogram = figure.add_subplot(grid[2, 1])
        histogram.hist(weights, np.linspace(0.0, W_MAX, 81), color=plotting.BLUE)
        histogram.axvline(history.weight[-1], color=plotting.VERMILION, ls="--")
        histogram.set_xlabel("Excitatory weight (pA); dashed: the rewarded one")
        histogram.set_ylabel("Synapses")
        histogram.set_yscale("log")
    return figure


def draw_one_reward(axes, history):
    """Draw eligibility and dopamine around the first reward.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    history : History
    """
    first = history.rewards[0] if history.rewards.size else 0.0
    near = np.abs(history.times - first) <= SHOWN / 2.0
    seconds = (history.times[near] - first) / 1000.0
    axes.plot(seconds, history.eligibility[near], color=plotting.BLUE, label="eligibility (pA)")
    axes.plot(seconds, history.dopamine[near], color=plotting.ORANGE, label="dopamine")
    axes.set_xlabel("Time from the first reward (s)")
    plotting.legend_above(axes)


if __name__ == "__main__":
    command_line.run_script(main)
