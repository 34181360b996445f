# SPDX-License-Identifier: GPL-2.0-or-later
"""Spikes reach the disk while a simulation runs, and are read back from what is there."""

import numpy as np
import pytest

from izhisyn import recording, spike_files
from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, simulate, start_kernel


@pytest.fixture
def population(module_build):
    """Four neurons on two threads that spike at different times."""
    start_kernel(resolution=0.1, threads=2)
    neurons = nest.Create("izhikevich_psc_delta_neuron", 4)
    neurons.I_e = [10.0, 15.0, 20.0, 25.0]
    return neurons


def record(population, folder):
    """Record to files and to memory."""
    files = spike_files.SpikeFiles(folder, {"script": "test"})
    recording.record_spikes(population, **files.recorder_settings)
    return files, recording.record_spikes(population)


def assert_equal(recovered, expected):
    """Files have three decimals, which is the grid's resolution."""
    np.testing.assert_allclose(recovered.times, expected.times, rtol=0.0, atol=1e-9)
    np.testing.assert_array_equal(recovered.senders, expected.senders)


def test_files_are_complete_after_each_part_of_a_run(population, tmp_path):
    """Read from outside while NEST still holds the files open; to the last step."""
    files, recorder = record(population, tmp_path)
    seen = []

    def look(fraction):
        files.complete()
        recovered = spike_files.recover(tmp_path)
        assert recovered.complete_until == pytest.approx(nest.biological_time, abs=1e-9)
        assert_equal(recovered.spikes, recording.spikes(recorder))
        seen.append(recovered.spikes.times.size)

    simulate(200.0, look)
    assert len(seen) > 50
    assert seen[len(seen) // 2] < seen[-1]
    assert spike_files.recover(tmp_path).run == {"num_processes": 1, "script": "test"}


def test_only_whole_lines_up_to_the_last_note_are_read(population, tmp_path):
    """A process that dies leaves lines beyond its last note, and a part of one."""
    files, recorder = record(population, tmp_path)
    with nest.RunManager():
        nest.Run(60.0)
        files.complete()
        nest.Run(60.0)
    expected = recording.spikes(recorder)
    first_half = expected.times <= 60.0
    assert 0 < first_half.sum() < expected.times.size
    one, *_ = tmp_path.glob("*.dat")
    one.write_text(one.read_text() + "4\t1")  # of 4, 100.5 or the like
    recovered = spike_files.recover(tmp_path)
    assert recovered.complete_until == 60.0
    assert_equal(
        recovered.spikes,
        recording.Spikes(expected.times[first_half], expected.senders[first_half]),
    )


def test_a_process_without_a_note_makes_nothing_complete(population, tmp_path):
    """Two processes are expected, one has come to its first note."""
    files, _ = record(population, tmp_path)
    run_file = tmp_path / spike_files.RUN_FILE
    run_file.write_text(run_file.read_text().replace('"num_processes": 1', '"num_processes": 2'))
    with nest.RunManager():
        nest.Run(60.0)
        files.complete()
    recovered = spike_files.recover(tmp_path)
    assert (recovered.complete_until, recovered.spikes.times.size) == (0.0, 0)


@pytest.mark.parametrize("header", ["", "# NEST ver", "# NEST version: 3.10.0\nsender\ttim"])
def test_a_file_without_its_whole_header_has_no_spikes(tmp_path, header):
    """Killed while the files were opened."""
    (tmp_path / spike_files.RUN_FILE).write_text('{"num_processes": 1}')
    (tmp_path / "spikes-1-0.dat").write_text(header)
    assert spike_files.recover(tmp_path).spikes.times.size == 0


def test_files_of_an_earlier_run_do_not_mix_in(population, tmp_path):
    """The earlier run had more threads and came further; other files stay."""
    for name in ("spikes-9-7.dat", "complete-until-rank-3"):
        (tmp_path / name).write_text("# NEST\nsender\ttime_ms\n1\t1.000\n")
    (tmp_path / "notes.dat").write_text("mine")
    record(population, tmp_path)
    assert spike_files.recover(tmp_path).spikes.times.size == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["notes.dat", "run.json"]


def test_a_folder_without_a_run_is_one_sentence(tmp_path):
    """The folder is named."""
    with pytest.raises(ParameterError, match=f"no spike files of a run in {tmp_path}; name"):
        spike_files.recover(tmp_path)


def test_an_unusable_folder_is_one_sentence(population, tmp_path):
    """A path below a regular file fails for every user, root included."""
    occupied = tmp_path / "file"
    occupied.write_text("")
    with pytest.raises(ParameterError, match=f"cannot write {occupied / 'below'}"):
        spike_files.SpikeFiles(occupied / "below", {})
