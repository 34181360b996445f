# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m pynest_scripts.population_network``: its state, its records, what a kill leaves."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from izhisyn import analysis, recording, spike_files
from izhisyn.files import FolderLock
from pynest_scripts import population_network
from tests.conftest import ROOT

SCRIPT = "population_network"
SMALL = ("--neurons", "1000", "--indegree", "200", "--simtime", "500", "--presimtime", "200")


def network(run_script, *arguments):
    """Run the script and give the run if it succeeded."""
    run = run_script(SCRIPT, *arguments)
    assert run.returncode == 0, run.stderr
    return run


@pytest.fixture(scope="module")
def small(run_script):
    """Run a small network, with its spikes in memory."""
    return network(run_script, *SMALL, "--record", "3")


def assert_asynchronous_irregular(measured):
    """Rates, variation and correlation are those the state is defined by here."""
    assert 2.0 <= measured["rates"]["E"] <= 8.0
    assert 5.0 <= measured["rates"]["I"] <= 20.0
    assert 0.7 <= measured["cv"]["all"] <= 1.2
    # Of 1000 cells whose mean correlation is r, the summed count has 1 + 1000 r times the variance
    # of independent ones; cells that fire together would have an r near 1.
    assert abs(measured["correlation"]["all"]) < 0.01


@pytest.mark.parametrize(
    "arguments",
    [
        ("--indegree", "800", "--seed", "2"),
        ("--indegree", "200", "--model", "psc"),
        ("--neurons", "10000", "--indegree", "1000", "--scale", "0.15"),
        ("--indegree", "400", "--heterogeneity", "0"),
        ("--indegree", "400", "--weights", "normal", "--delays", "lognormal"),
    ],
    ids=" ".join,
)
def test_state_is_the_same_for_other_networks(run_script, arguments):
    """Any in-degree, both models, all distributions."""
    common = ("--neurons", "1500", "--simtime", "1200", "--presimtime", "300", "--record", "0")
    assert_asynchronous_irregular(network(run_script, *common, *arguments).json())


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [(), ("--model", "psc")], ids=["cond", "psc"])
def test_default_network_is_asynchronous_and_irregular(run_script, arguments):
    """10 000 cells with 1000 inputs each."""
    run = network(run_script, *arguments, "--record", "0", "--simtime", "1500")
    assert run.json()["num_synapses"] == 10_000_000
    assert_asynchronous_irregular(run.json())


@pytest.mark.slow
def test_rates_are_those_of_the_design_over_seeds_and_in_degrees(run_script):
    """The scaling keeps the first two moments, and with them the rates within a quarter."""
    for in_degree in (500, 3000):
        rates = np.array(
            [
                list(
                    network(
                        run_script,
                        *("--neurons", "4000", "--indegree", f"{in_degree}", "--seed", f"{seed}"),
                        *("--simtime", "1000", "--record", "0"),
                    )
                    .json()["rates"]
                    .values()
                )[:2]
                for seed in (1, 2, 3)
            ]
        )
        np.testing.assert_allclose(rates.mean(axis=0), [4.0, 8.0], rtol=0.25)
        # The rates are means over 4000 cells: seeds differ by the noise that all cells share.
        assert np.all(rates.std(axis=0) < 0.1 * rates.mean(axis=0))


def test_json_repeats_the_run_and_agrees_with_the_recording(small):
    """Counts, rates and digest are those of the spikes that were written."""
    measured = small.json()
    spikes, traces = recording.load(small.path("npz"))
    assert (spikes.times.min() > 200.0, spikes.times.max() <= 700.0) == (True, True)
    assert measured["num_spikes"] == spikes.times.size
    assert measured["rates"]["all"] == pytest.approx(spikes.times.size / 1000 / 0.5)
    assert measured["rates"]["E"] == pytest.approx(np.sum(spikes.senders <= 800) / 800 / 0.5)
    steps = np.rint(spikes.times / 0.1)
    assert measured["spike_digest"] == analysis.spike_digest(spikes.senders, steps)
    assert measured["num_synapses"] == 200_000
    # The network, two Poisson generators for each cell, and the recorders.
    assert sum(measured["num_connections"]) == 200_000 + 2 * 1000 + 1000 + 3
    assert set(measured["times"]) == {"build", "connect", "presim", "sim"}
    assert measured["real_time_factor"] == pytest.approx(measured["times"]["sim"] / 0.5)
    assert 50 < measured["peak_memory_MiB"][0] < 1000
    assert measured["parameters"]["N_E"] == 800
    assert measured["parameters"]["K_I"] == 40
    assert measured["parameters"]["seed"] == 1
    assert traces.senders.tolist() == [1, 2, 801]
    assert set(traces.values) == {"V_m", "g_AMPA", "g_NMDA", "g_GABA_A"}


def test_figure_and_report_are_written(small):
    """Nothing on standard error, which is no terminal."""
    assert small.stderr == ""
    *_, last = small.stdout.splitlines()
    assert last == "Wrote " + ", ".join(str(small.path(e)) for e in ("json", "npz", "png"))
    figure = small.figure()
    assert figure.shape[:2] == (1771, 2125)
    blue = (figure[..., 2] > 0.6) & (figure[..., 0] < 0.2)
    vermilion = (figure[..., 0] > 0.7) & (figure[..., 1] < 0.5) & (figure[..., 2] < 0.3)
    for third in np.array_split(np.arange(1771), 3):
        assert blue[third].mean() > 0.001
        assert vermilion[third].mean() > 0.001


TINY = ("--neurons", "200", "--indegree", "50", "--simtime", "200", "--presimtime", "50")


def digests_of(run_script, *variants):
    """Digest of the spikes of a tiny network with each of the arguments."""
    return [network(run_script, *TINY, *arguments).json()["spike_digest"] for arguments in variants]


def test_recording_does_not_change_the_spikes(run_script):
    """Neither what is recorded nor where it goes; a seed does."""
    first, *same, other = digests_of(
        run_script, (), ("--record", "0"), ("--spikes-to", "ascii"), ("--seed", "2")
    )
    assert same == [first, first]
    assert other != first


def test_threads_and_virtual_processes_are_the_same_without_mpi(run_script):
    """--total-vps counts the threads of all processes; other numbers draw other numbers."""
    by_threads, by_total, alone = digests_of(
        run_script, ("--threads", "2"), ("--total-vps", "2"), ("--total-vps", "1")
    )
    assert by_threads == by_total != alone


LONG = (*SMALL[:4], "--simtime", "9000", "--presimtime", "100", "--record", "0", "--quiet")


def start_network(folder, *arguments, **process):
    """Start the script in the background, with its spikes on the disk."""
    options = ("--output", folder, *arguments, "--spikes-to", "ascii")
    return subprocess.Popen(
        [sys.executable, "-m", f"pynest_scripts.{SCRIPT}", *options], cwd=ROOT, **process
    )


def recover(folder):
    """Recover a run as a user does; give what was printed, the JSON and the spikes."""
    recovered = subprocess.run(
        [sys.executable, "-m", f"pynest_scripts.{SCRIPT}", "--recover", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert recovered.returncode == 0, recovered.stderr
    said = json.loads((folder / f"{SCRIPT}-recovered.json").read_text())
    return recovered.stdout, said, recording.load(folder / f"{SCRIPT}-recovered.npz")[0]


def assert_complete(spikes, expected, complete_until):
    """All of the expected spikes up to a time, and no others."""
    in_time = expected.times <= complete_until + 0.05  # half a step against rounding
    np.testing.assert_allclose(spikes.times, expected.times[in_time], rtol=0.0, atol=1e-9)
    np.testing.assert_array_equal(spikes.senders, expected.senders[in_time])


def noted_until(folder):
    """Time of the last note of a run [ms], 0 if there is none."""
    if not (folder / "run.json").is_file():
        return 0.0
    return spike_files.recover(folder).noted_until


@pytest.fixture
def killed(run_script, tmp_path):
    """Kill a run after 3 s; give its folder and the spikes of the same run left alone."""
    unharmed = network(run_script, *LONG)
    running = start_network(tmp_path, *LONG)
    while noted_until(tmp_path / population_network.SPIKES) <= 3000.0:
        assert running.poll() is None
        time.sleep(0.05)
    running.kill()
    assert running.wait() == -signal.SIGKILL
    return tmp_path, recording.load(unharmed.path("npz"))[0]


def test_a_killed_run_is_recovered_and_damage_is_named(killed):
    """Up to its last complete part; with a file shortened, up to an earlier one."""
    folder, expected = killed
    printed, said, spikes = recover(folder)
    assert 3000.0 < said["complete_until"] < said["end"] == 9100.0
    assert said["complete_until"] == said["noted_until"]
    assert said["damage"] == []
    assert_complete(spikes, expected, said["complete_until"])
    assert said["num_spikes"] == spikes.times.size > 0
    assert f"to {said['complete_until']:g} ms of 9100 ms" in printed

    [file] = (folder / population_network.SPIKES).glob("*.dat")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    printed, less, spikes = recover(folder)
    assert 100.0 < less["complete_until"] < said["complete_until"]
    assert less["noted_until"] == said["noted_until"]
    assert less["damage"] == [f"{file} is shortened"]
    assert f"{file} is shortened" in printed.splitlines()
    assert_complete(spikes, expected, less["complete_until"])


def test_a_second_run_into_the_folder_is_refused(run_script, tmp_path):
    """While the first one runs, which goes on undisturbed; its recovery waits for its end, too."""
    first = start_network(tmp_path, *TINY, "--quiet")
    while not (tmp_path / population_network.SPIKES / "run.json").is_file():
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGSTOP)
    for arguments in (TINY, ("--spikes-to", "ascii"), ("--recover", str(tmp_path))):
        second = run_script(SCRIPT, "--output", str(tmp_path), *arguments)
        assert second.returncode == 2
        assert f"error: another run, process {first.pid} on" in second.stderr
        assert len(second.stderr.splitlines()) == 1
    first.send_signal(signal.SIGCONT)
    assert first.wait() == 0
    assert (tmp_path / f"{SCRIPT}.json").is_file()
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_is_one_sentence_and_the_old_results_stay(run_script, small_disk):
    """The spikes do not fit."""
    folder = small_disk(64)
    (folder / f"{SCRIPT}.json").write_text("old")
    arguments = ("--output", str(folder), *TINY, "--simtime", "5000", "--spikes-to", "ascii")
    run = run_script(SCRIPT, *arguments)
    assert run.returncode == 2, run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert "choose another folder with --output" in run.stderr
    assert (folder / f"{SCRIPT}.json").read_text() == "old"
    # What was there before the disk was full is recovered where there is space.
    recovered = spike_files.recover(folder / population_network.SPIKES)
    assert recovered.complete_until > 100.0
    assert recovered.spikes.times.size > 100


def has_loaded(process, library):
    """Find out whether a process has a shared library in memory."""
    maps = Path(f"/proc/{process.pid}/maps")
    return library in maps.read_text() if maps.is_file() else False


def test_ctrl_c_is_one_sentence(tmp_path):
    """While the script imports, and while it simulates."""
    run_file = tmp_path / population_network.SPIKES / "run.json"
    for has_come in (
        lambda process: has_loaded(process, "multiarray"),
        lambda _: run_file.exists(),
    ):
        running = start_network(
            tmp_path, *LONG, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        while not has_come(running):
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        printed, message = running.communicate()
        assert (printed, message) == ("", "error: interrupted; nothing more is written\n")
        assert running.returncode == 130


@pytest.mark.slow
def test_nothing_is_lost_at_whatever_moment_a_run_is_killed(run_script, tmp_path):
    """Forty moments from start to end; results are either whole or not there."""
    arguments = (*TINY[:4], "--simtime", "1000", "--presimtime", "50", "--quiet")
    started = time.monotonic()
    unharmed = network(run_script, *arguments)
    duration = time.monotonic() - started
    expected, _ = recording.load(unharmed.path("npz"))
    seed = int(np.random.default_rng().integers(2**32))
    random = np.random.default_rng(seed)
    furthest = 0.0
    for run in range(40):
        folder = tmp_path / f"{run}"
        running = start_network(folder, *arguments)
        moment = random.uniform(0.0, 1.2 * duration)
        time.sleep(moment)
        running.kill()
        running.wait()
        context = f"seed {seed}, run {run}, killed after {moment:.3f} s"
        if (folder / population_network.SPIKES / "run.json").is_file():
            recovered = spike_files.recover(folder / population_network.SPIKES)
            assert recovered.damage == (), context
            assert_complete(recovered.spikes, expected, recovered.complete_until)
            furthest = max(furthest, recovered.complete_until)
        if (folder / f"{SCRIPT}.json").is_file():
            measured = json.loads((folder / f"{SCRIPT}.json").read_text())
            assert measured["num_spikes"] == expected.times.size, context
        if (folder / f"{SCRIPT}.npz").is_file():
            assert_complete(recording.load(folder / f"{SCRIPT}.npz")[0], expected, np.inf)
        # The next run is not disturbed by what is there.
        FolderLock(folder).release()
    assert furthest > 100.0, f"seed {seed}: no run was killed late enough"


def test_a_run_killed_before_it_recorded_has_no_spikes(run_script, tmp_path):
    """During the presimulation, as its note says."""
    arguments = (*TINY[:4], "--simtime", "2000", "--presimtime", "50000", "--record", "0")
    running = start_network(tmp_path, *arguments)
    while noted_until(tmp_path / population_network.SPIKES) == 0.0:
        assert running.poll() is None
        time.sleep(0.05)
    running.kill()
    running.wait()
    printed, said, spikes = recover(tmp_path)
    until = said["complete_until"]
    assert printed.splitlines()[0] == (
        f"No spikes to recover: the run ended at {until:g} ms, and recording starts at 50000 ms"
    )
    assert spikes.times.size == 0


def test_what_an_earlier_run_left_is_not_mixed_with_this_one(run_script, tmp_path):
    """Spikes on the disk, and what was recovered of them."""
    network(run_script, "--output", str(tmp_path), *TINY, "--spikes-to", "ascii")
    recover(tmp_path)
    network(run_script, "--output", str(tmp_path), *TINY, "--seed", "2")
    names = {f"{SCRIPT}.{ending}" for ending in ("json", "npz", "png")}
    assert {path.name for path in tmp_path.iterdir()} == names


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("--neurons", "100"), "error: in-degree 1000 is more than the 100 neurons; choose at mo"),
        (("--neurons", "0"), "argument --neurons: '0' is not a whole number above 0"),
        (("--indegree", "4"), "error: in-degree 4 is too small for both populations; choose 5"),
        (("--neurons", "9", "--indegree", "9"), "error: 9 neurons are too few"),
        (
            (*SMALL, "--record", "1001"),
            "error: --record 1001 is more than the 1000 neurons; choose",
        ),
        ((*SMALL, "--record", "-1"), "argument --record: '-1' is not a whole number from 0 up"),
        ((*SMALL, "--heterogeneity", "2"), "error: --heterogeneity 2 leaves the range of cells"),
        ((*SMALL, "--simtime", "0.05"), "error: simtime of 0.05 ms is not a multiple of the reso"),
        ((*SMALL, "--simtime", "4"), "error: --simtime 4 ms is too short to measure the state of"),
        ((*SMALL, "--resolution", "0.2"), "error: shortest delay of 0.5 ms is not a multiple of"),
        ((*SMALL, "--output", "/dev/null/below"), "error: cannot write /dev/null/below"),
        (("--recover", "/dev/null"), "error: there are no spike files of a run in /dev/null"),
        (("--model", "delta"), "argument --model: invalid choice: 'delta'"),
    ],
)
def test_bad_value_is_one_sentence_and_code_2(run_script, arguments, named):
    """Value and remedy, no traceback, no results."""
    run = run_script(SCRIPT, *arguments)
    assert run.returncode == 2
    assert named in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
    assert not run.path("json").exists()
