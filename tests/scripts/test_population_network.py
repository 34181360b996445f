# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m pynest_scripts.population_network``: its state, its records, what a kill leaves."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from izhisyn import analysis, recording
from pynest_scripts import population_network

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
    assert last == "Wrote " + ", ".join(str(small.path(e)) for e in ("png", "json", "npz"))
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


LONG = (*SMALL[:4], "--simtime", "3000", "--presimtime", "100", "--record", "0", "--quiet")


def test_a_killed_run_is_recovered_up_to_its_last_complete_part(run_script, pytestconfig, tmp_path):
    """SIGKILL at a random moment, against a run that was left alone."""
    unharmed = network(run_script, *LONG)
    expected, _ = recording.load(unharmed.path("npz"))
    arguments = ("--output", tmp_path, *LONG, "--spikes-to", "ascii")
    killed = subprocess.Popen(
        [sys.executable, "-m", f"pynest_scripts.{SCRIPT}", *arguments], cwd=pytestconfig.rootpath
    )
    note = tmp_path / population_network.SPIKES / "complete-until-rank-0"
    while not (note.is_file() and float(note.read_text()) > 600.0):
        assert killed.poll() is None
        time.sleep(0.02)
    time.sleep(np.random.default_rng().uniform(0.0, 0.3))
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL

    recovered = subprocess.run(
        [sys.executable, "-m", f"pynest_scripts.{SCRIPT}", "--recover", tmp_path],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        check=False,
    )
    assert recovered.returncode == 0, recovered.stderr
    said = json.loads((tmp_path / f"{SCRIPT}-recovered.json").read_text())
    assert 600.0 < said["complete_until"] < said["end"] == 3100.0
    spikes, _ = recording.load(tmp_path / f"{SCRIPT}-recovered.npz")
    in_time = expected.times <= said["complete_until"] + 0.05  # half a step against rounding
    np.testing.assert_allclose(spikes.times, expected.times[in_time], rtol=0.0, atol=1e-9)
    np.testing.assert_array_equal(spikes.senders, expected.senders[in_time])
    assert said["num_spikes"] == spikes.times.size > 0
    assert f"to {said['complete_until']:g} ms of 3100 ms" in recovered.stdout


def test_a_run_killed_before_it_recorded_has_no_spikes(run_script, tmp_path):
    """During the presimulation, as its note tells."""
    folder = tmp_path / population_network.SPIKES
    folder.mkdir()
    run = {"num_processes": 1, "resolution": 0.1, "presimtime": 500.0, "simtime": 2000.0}
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "complete-until-rank-0").write_text("125.000\n")
    recovered = run_script(SCRIPT, "--recover", str(tmp_path))
    assert recovered.returncode == 0, recovered.stderr
    said, *_ = recovered.stdout.splitlines()
    assert said == "No spikes to recover: the run ended at 125 ms, and recording starts at 500 ms"
    spikes, _ = recording.load(tmp_path / f"{SCRIPT}-recovered.npz")
    assert spikes.times.size == 0


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
