# SPDX-License-Identifier: GPL-2.0-or-later
"""The scripts run unchanged under mpirun, with the results of a single process."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from izhisyn import recording, spike_files
from tests.conftest import ROOT

SCRIPTS = {
    "tutorial": (),
    "figure2": (),
    "ampa_nmda_gaba": (
        *("--neurons", 5, "--recurrent", "--as-posted"),
        *("--resolution", 0.1, "--duration", 300),
    ),
    "short_term_plasticity": (),
    "parameter_exploration": (
        *("--point", 0.02, 0.2, -65, 8, 10, "--point", 0.1, 0.26, -65, 2, -0.5),
        *("--point", 0.02, 0.25, -65, 0.05, 0),
    ),
    # A train before and one after the first release of gliotransmitter, at about 1098 ms.
    "gliotransmission": ("--duration", 1400),
    "izhikevich_2004_properties": (),
    "izhikevich_2007_cells": (),
    "izhikevich_2003_network": ("--simtime", 500),
    # Over the first changes of weights, beyond the longest delay.
    "polychronization": ("--simtime", 4000),
    # Over a reward after 3098 ms.
    "distal_reward": ("--simtime", 4000, "--seed", 38),
    "population_network": (
        *("--neurons", 500, "--indegree", 100),
        *("--simtime", 300, "--presimtime", 100, "--spikes-to", "ascii"),
    ),
}
# Their random numbers depend on the number of virtual processes.
RANDOM = {"ampa_nmda_gaba", "izhikevich_2003_network", "population_network"}
# What results tell of the processes that they come from.
OF_THE_RUN = {
    *("times", "real_time_factor", "peak_memory_MiB"),
    *("num_processes", "threads_per_process", "num_connections"),
}


def test_every_script_is_run_on_several_ranks() -> None:
    """A new one has to be added above; results of one process alone are easily taken for all."""
    scripts = {file.stem for file in (ROOT / "pynest_scripts").glob("[!_]*.py")}
    assert scripts == SCRIPTS.keys()


@pytest.mark.parametrize("ranks", [3, 5])  # five: more than some of the networks have neurons
@pytest.mark.parametrize("script", SCRIPTS)
def test_ranks_record_what_one_process_does(
    run_ranks, tmp_path: Path, script: str, ranks: int
) -> None:
    """Every array in the recordings and every number in the results, to the last bit."""
    recordings, results = {}, {}
    split = ("--total-vps", ranks) if script in RANDOM else ()
    for processes in (0, ranks):
        folder = tmp_path / f"ranks-{processes}"
        result = run_ranks(
            *(processes, "-m", f"pynest_scripts.{script}"),
            *(*SCRIPTS[script], *split, "--output", folder),
        )
        assert result.returncode == 0, result.stderr
        assert result.stdout.count("Wrote") == 1, "one process speaks for all"
        recordings[processes] = {file.name: np.load(file) for file in folder.glob("*.npz")}
        measured = json.loads((folder / f"{script}.json").read_text())
        results[processes] = {name: measured[name] for name in measured.keys() - OF_THE_RUN}

    assert results[ranks] == results[0]
    assert recordings[0].keys() == recordings[ranks].keys() != set()
    for name, expected in recordings[0].items():
        assert expected["spike_times"].size > 0
        assert set(recordings[ranks][name]) == set(expected)
        for array in expected:
            np.testing.assert_array_equal(recordings[ranks][name][array], expected[array])


# The neuron of rank 2 has only the connection with the longer delay.
TWO_DELAYS = """
from izhisyn.command_line import run_script
from izhisyn.kernel import nest, simulate, start_kernel

def main():
    start_kernel()
    neurons = nest.Create("parrot_neuron", 3)
    nest.Connect(neurons[0], neurons[1], syn_spec={"delay": 1.0})
    nest.Connect(neurons[1], neurons[2], syn_spec={"delay": 0.1})
    nest.GetConnections()
    simulate(10.0, min_delay=0.1)

run_script(main)
"""


def test_connections_asked_for_before_the_first_run_end_in_a_sentence(run_ranks) -> None:
    """NEST then forgets the delays of other ranks, and they would wait for each other for ever."""
    alone = run_ranks(0, "-c", TWO_DELAYS)
    assert alone.returncode == 0, alone.stderr
    result = run_ranks(3, "-c", TWO_DELAYS)
    assert result.returncode != 0
    assert "nest.GetConnections after the first" in result.stderr


NETWORK = ("-m", "pynest_scripts.population_network", "--total-vps", 2, "--record", 0, "--quiet")
SPIKES = "population_network-spikes"


def start_ranks(environment: dict, folder: Path, *arguments: object) -> subprocess.Popen:
    """Start two ranks in the background, with their spikes on the disk."""
    command = (*arguments, "--spikes-to", "ascii", "--output", folder)
    return subprocess.Popen(
        [shutil.which("mpirun"), "-n", "2", sys.executable, *map(str, command)],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def assert_complete(recovered: spike_files.Recovered, expected: recording.Spikes) -> None:
    """All spikes up to the time that recovery says, and no others."""
    in_time = expected.times <= recovered.complete_until + 0.05  # half a step against rounding
    # The files have three decimals of a ms, with which all steps of 0.1 ms are exact.
    np.testing.assert_allclose(recovered.spikes.times, expected.times[in_time], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(recovered.spikes.senders, expected.senders[in_time])


def test_a_run_is_recovered_after_one_of_its_ranks_was_killed(
    run_ranks, mpi_environment: dict, tmp_path: Path
) -> None:
    """Against the same run left alone; the launcher ends the other rank at any moment, too."""
    network = (
        *(*NETWORK, "--neurons", 1000, "--indegree", 200),
        *("--simtime", 3000, "--presimtime", 100),
    )
    assert run_ranks(2, *network, "--output", tmp_path / "whole").returncode == 0
    expected, _ = recording.load(tmp_path / "whole" / "population_network.npz")

    folder = tmp_path / "killed"
    launcher = start_ranks(mpi_environment, folder, *network)
    run_file = folder / SPIKES / "run.json"
    while not (run_file.is_file() and spike_files.recover(folder / SPIKES).noted_until > 600.0):
        assert launcher.poll() is None
        time.sleep(0.05)
    os.kill(a_rank_of(launcher), signal.SIGKILL)
    assert launcher.wait(timeout=60) != 0

    assert run_ranks(0, *NETWORK[:2], "--recover", folder).returncode == 0
    said = json.loads((folder / "population_network-recovered.json").read_text())
    assert 600.0 < said["complete_until"] < said["end"] == 3100.0
    assert said["damage"] == []
    recovered = spike_files.recover(folder / SPIKES)
    assert recovered.complete_until == said["complete_until"]
    assert_complete(recovered, expected)
    spikes, _ = recording.load(folder / "population_network-recovered.npz")
    np.testing.assert_array_equal(spikes.times, recovered.spikes.times)


def has_note(folder: Path) -> bool:
    """Return whether a run has noted spikes on the disk."""
    return (folder / "run.json").is_file() and spike_files.recover(folder).noted_until > 0.0


@pytest.mark.slow
def test_nothing_is_lost_at_whatever_moment_a_rank_is_killed(
    run_ranks, mpi_environment: dict, tmp_path: Path
) -> None:
    """Twenty moments from the start, twenty from the first note on; the ranks by turns."""
    network = (
        *(*NETWORK, "--neurons", 200, "--indegree", 50),
        *("--simtime", 5000, "--presimtime", 50),
    )
    started = time.monotonic()
    assert run_ranks(2, *network, "--output", tmp_path / "whole").returncode == 0
    duration = time.monotonic() - started
    expected, _ = recording.load(tmp_path / "whole" / "population_network.npz")
    seed = int(np.random.default_rng().integers(2**32))
    random = np.random.default_rng(seed)
    furthest = 0.0
    for run in range(40):
        folder = tmp_path / f"{run}"
        launcher = start_ranks(mpi_environment, folder, *network)
        if run < 20:  # while the ranks start, as a rule
            moment = random.uniform(0.2, 1.0) * duration
        else:
            moment = random.uniform(0.0, 0.5) * duration
            while launcher.poll() is None and not has_note(folder / SPIKES):
                time.sleep(0.01)
        time.sleep(moment)
        for rank in ranks_of(launcher)[run % 2 :][:1]:
            os.kill(rank, signal.SIGKILL)
        launcher.wait(timeout=60)
        context = f"seed {seed}, run {run}, rank {run % 2} killed after {moment:.3f} s"
        if (folder / SPIKES / "run.json").is_file():
            recovered = spike_files.recover(folder / SPIKES)
            assert recovered.damage == (), context
            assert_complete(recovered, expected)
            furthest = max(furthest, recovered.complete_until)
    assert furthest >= 50.0, f"seed {seed}: no run came to its first note"


def test_a_second_run_into_the_folder_is_refused(
    run_ranks, mpi_environment: dict, tmp_path: Path
) -> None:
    """Whether it has one process or several; the first one goes on undisturbed."""
    network = (*NETWORK, "--neurons", 500, "--indegree", 100, "--simtime", 500)
    launcher = start_ranks(mpi_environment, tmp_path, *network)
    while not (tmp_path / SPIKES / "run.json").is_file():
        assert launcher.poll() is None
        time.sleep(0.02)
    first = ranks_of(launcher)
    for rank in first:
        os.kill(rank, signal.SIGSTOP)
    before = sorted(file.name for file in tmp_path.rglob("*"))
    for ranks in (0, 2):
        second = run_ranks(ranks, *network, "--output", tmp_path)
        assert second.returncode == 2
        assert second.stderr.count("error: another run, process") == 1
        assert "Traceback" not in second.stderr
        assert sorted(file.name for file in tmp_path.rglob("*")) == before
    for rank in first:
        os.kill(rank, signal.SIGCONT)
    assert launcher.wait(timeout=120) == 0
    assert (tmp_path / "population_network.json").is_file()


def a_rank_of(launcher: subprocess.Popen) -> int:
    """Give the process id of a Python that the launcher, or a daemon of its own, has started."""
    return ranks_of(launcher)[0]


def ranks_of(launcher: subprocess.Popen) -> list[int]:
    """Give the process ids of all of them; those that end meanwhile are left out."""
    ranks = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for process in descendants(launcher.pid):
            if "pynest_scripts" in Path(f"/proc/{process}/cmdline").read_text():
                ranks.append(process)
    return ranks


def descendants(process: int) -> Iterator[int]:
    """Yield the ids of the processes that a process started, and of those that they did."""
    for thread in Path(f"/proc/{process}/task").iterdir():
        for child in map(int, (thread / "children").read_text().split()):
            yield child
            yield from descendants(child)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--total-vps", 2), "total_num_virtual_procs 2 is not a multiple of the 3 MPI processes"),
        (("--total-vps", 4), "total_num_virtual_procs 4 is not a multiple of the 3 MPI processes"),
        (("--indegree", 11, "--neurons", 10), "in-degree 11 is more than the 10 neurons"),
        (("--neurons", 0), "argument --neurons: '0' is not a whole number above 0"),
        (("--output", "/dev/null/folder"), "cannot write /dev/null/folder"),
    ],
)
def test_wrong_input_is_one_sentence_of_one_rank(
    run_ranks, tmp_path: Path, arguments: tuple, sentence: str
) -> None:
    """All three ranks end; none waits for another."""
    result = run_ranks(
        3, "-m", "pynest_scripts.population_network", "--output", tmp_path, *arguments
    )
    assert result.returncode == 2
    assert result.stderr.count("error: ") == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
