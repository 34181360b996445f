# SPDX-License-Identifier: GPL-2.0-or-later
"""Spikes reach the disk while a simulation runs, and are read back from what is there."""

import shutil

import numpy as np
import pytest

from izhisyn import recording, spike_files
from izhisyn.errors import IzhisynError, ParameterError
from izhisyn.kernel import nest, simulate, start_kernel


@pytest.fixture
def population(module_build):
    """Four neurons on two threads that spike at different times."""
    return create()


def create():
    """Create the population."""
    start_kernel(resolution=0.1, threads=2)
    neurons = nest.Create("izhikevich_psc_delta_neuron", 4)
    neurons.I_e = [10.0, 15.0, 20.0, 25.0]
    return neurons


def record(population, folder):
    """Record to files and to memory."""
    files = spike_files.SpikeFiles(folder, {"script": "test"})
    files.record_spikes(population)
    return files, recording.record_spikes(population)


def assert_equal(recovered, expected):
    """Files have three decimals, which is the grid's resolution."""
    np.testing.assert_allclose(recovered.times, expected.times, rtol=0.0, atol=1e-9)
    np.testing.assert_array_equal(recovered.senders, expected.senders)


def until(expected, time):
    """Choose the spikes up to a time."""
    chosen = expected.times <= time + 1e-9
    return recording.Spikes(expected.times[chosen], expected.senders[chosen])


@pytest.fixture(scope="module")
def finished(module_build, tmp_path_factory):
    """Leave the files of a run with ten notes behind; give its folder and its spikes."""
    folder = tmp_path_factory.mktemp("finished") / "spikes"
    files, recorder = record(create(), folder)
    with nest.RunManager():
        for _ in range(10):
            nest.Run(20.0)
            files.complete()
    del files
    return folder, recording.spikes(recorder)


@pytest.fixture
def run(finished, tmp_path):
    """Copy the folder, for one test to damage."""
    folder, spikes = finished
    return shutil.copytree(folder, tmp_path / "spikes"), spikes


def test_files_are_complete_after_each_part_of_a_run(population, tmp_path):
    """Read from outside while NEST still holds the files open; to the last step."""
    files, recorder = record(population, tmp_path)
    seen = []

    def look(fraction):
        files.complete()
        recovered = spike_files.recover(tmp_path)
        assert recovered.complete_until == pytest.approx(nest.biological_time, abs=1e-9)
        assert recovered.damage == ()
        assert_equal(recovered.spikes, recording.spikes(recorder))
        seen.append(recovered.spikes.times.size)

    simulate(200.0, look)
    assert len(seen) > 50
    assert seen[len(seen) // 2] < seen[-1]
    run = spike_files.recover(tmp_path).run
    assert run == {"num_processes": 1, "num_files": 2, "script": "test"}


def test_notes_take_a_small_share_of_the_time(population, tmp_path, monkeypatch):
    """A note that takes 2 s is followed by another after 40 s, where 5 % are allowed."""
    files, _ = record(population, tmp_path)
    now = iter([1000000.0, 1000010.0, 1000012.0, 1000051.9, 1000052.1, 1000060.0, 1000062.0])
    monkeypatch.setattr(spike_files.time, "monotonic", lambda: next(now))
    with nest.RunManager():
        nest.Run(20.0)
        files.complete_when_due()  # asks for the time once, and twice more for a note
        nest.Run(20.0)
        files.complete_when_due()
        assert spike_files.recover(tmp_path).complete_until == 20.0
        files.complete_when_due()
        assert spike_files.recover(tmp_path).complete_until == 40.0


def test_only_whole_lines_up_to_the_last_note_are_read(population, tmp_path):
    """A process that dies leaves lines beyond its last note, and a part of one."""
    files, recorder = record(population, tmp_path)
    with nest.RunManager():
        nest.Run(60.0)
        files.complete()
        nest.Run(60.0)
    expected = recording.spikes(recorder)
    assert 0 < until(expected, 60.0).times.size < expected.times.size
    one, *_ = tmp_path.glob("*.dat")
    one.write_text(one.read_text() + "4\t1")  # of 4, 100.5 or the like
    notes = tmp_path / "notes-of-rank-0"
    notes.write_text(notes.read_text() + notes.read_text()[:30])
    recovered = spike_files.recover(tmp_path)
    assert (recovered.complete_until, recovered.damage) == (60.0, ())
    assert_equal(recovered.spikes, until(expected, 60.0))


def test_a_process_without_a_note_makes_nothing_complete(population, tmp_path):
    """Two processes are expected, one has come to its first note."""
    files, _ = record(population, tmp_path)
    run_file = tmp_path / "run.json"
    run_file.write_text(run_file.read_text().replace('"num_processes": 1', '"num_processes": 2'))
    (tmp_path / "notes-of-rank-1").write_text("")
    with nest.RunManager():
        nest.Run(60.0)
        files.complete()
    recovered = spike_files.recover(tmp_path)
    assert (recovered.complete_until, recovered.spikes.times.size) == (0.0, 0)
    assert recovered.damage == ()


@pytest.mark.parametrize("header", ["", "# NEST ver", "# NEST version: 3.10.0\nsender\ttim"])
def test_a_file_without_its_whole_header_has_no_spikes(run, header):
    """Killed while the files were opened, before the first note."""
    folder, _ = run
    for file in folder.glob("*.dat"):
        file.write_text(header)
    (folder / "notes-of-rank-0").write_text("")
    recovered = spike_files.recover(folder)
    assert (recovered.complete_until, recovered.spikes.times.size) == (0.0, 0)
    assert recovered.damage == ()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_shortened_file_is_named_and_believed_up_to_its_length(run, share):
    """The last note with which it agrees is among the ten, and no spike before it is missing."""
    folder, expected = run
    file = sorted(folder.glob("*.dat"))[1]
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    recovered = spike_files.recover(folder)
    assert recovered.damage == (f"{file} is shortened",)
    assert recovered.noted_until == 200.0
    left = file.read_text().partition("time_ms\n")[2].splitlines()
    # Of its last whole line, at least the part that ended before is complete.
    last = max((float(line.split("\t")[1]) for line in left[:-1]), default=0.0)
    assert max(20.0 * (last // 20.0) - 20.0, 0.0) <= recovered.complete_until < 200.0
    assert recovered.complete_until % 20.0 == 0.0
    assert_equal(recovered.spikes, until(expected, recovered.complete_until))


def test_a_missing_file_is_named_and_leaves_nothing_complete(run):
    """Its spikes could be anywhere."""
    folder, _ = run
    file = sorted(folder.glob("*.dat"))[0]
    file.unlink()
    recovered = spike_files.recover(folder)
    assert recovered.damage == (f"{file} is missing",)
    assert (recovered.complete_until, recovered.spikes.times.size) == (0.0, 0)


def test_a_changed_byte_is_found_wherever_it_is(run):
    """In a spike file or in the notes; up to what comes before it all is recovered."""
    folder, expected = run
    files = [*sorted(folder.glob("*.dat")), folder / "notes-of-rank-0"]
    seed = int(np.random.default_rng().integers(2**32))
    random = np.random.default_rng(seed)
    for _ in range(30):
        file = files[random.integers(len(files))]
        whole = file.read_bytes()
        start = whole.find(b"time_ms\n") + 8 if file.suffix == ".dat" else 0
        place = int(random.integers(start, len(whole)))
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        recovered = spike_files.recover(folder)
        named = f"seed {seed}, byte {place} of {file}: {recovered.damage}"
        assert len(recovered.damage) == 1, named
        assert recovered.damage[0].startswith(f"{file} is damaged"), named
        assert recovered.complete_until < 200.0, named
        assert_equal(recovered.spikes, until(expected, recovered.complete_until))
        file.write_bytes(whole)
    assert spike_files.recover(folder).complete_until == 200.0


def test_missing_notes_are_named(run):
    """The process may have come any far."""
    folder, _ = run
    (folder / "notes-of-rank-0").unlink()
    recovered = spike_files.recover(folder)
    assert recovered.damage == (f"{folder / 'notes-of-rank-0'} is missing",)
    assert recovered.complete_until == 0.0


def test_notes_on_too_few_files_are_named(run):
    """The run file has the number."""
    folder, _ = run
    run_file = folder / "run.json"
    run_file.write_text(run_file.read_text().replace('"num_files": 2', '"num_files": 3'))
    recovered = spike_files.recover(folder)
    assert recovered.damage == (f"{folder} has notes on 2 of 3 files",)
    assert recovered.complete_until == 0.0


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"num_processes": "2", "num_files": 2}'])
def test_a_damaged_description_is_one_sentence(run, text):
    """It is named, with what to do."""
    folder, _ = run
    (folder / "run.json").write_text(text)
    with pytest.raises(ParameterError, match=rf"{folder / 'run.json'} is damaged; restore it"):
        spike_files.recover(folder)


def test_spikes_of_an_earlier_simulation_are_not_lost_in_silence(population, tmp_path):
    """NEST opens its files anew for each."""
    files, _ = record(population, tmp_path)
    simulate(60.0, lambda _: files.complete())
    with pytest.raises(spike_files.LostSpikesError, match=r"was opened anew.*simulate in one call"):
        simulate(60.0, lambda _: files.complete())


def test_a_full_disk_is_one_sentence(population, small_disk):
    """NEST itself says nothing; what was noted before is recovered."""
    folder = small_disk(64) / "spikes"
    files, recorder = record(population, folder)
    ballast = folder.parent / "ballast"
    with nest.RunManager(), pytest.raises(IzhisynError, match=rf"{folder}.* choose another folder"):
        nest.Run(100.0)
        files.complete()
        with pytest.raises(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        for _ in range(100):
            nest.Run(100.0)
            files.complete()
    ballast.unlink()
    recovered = spike_files.recover(folder)
    assert 100.0 <= recovered.complete_until < nest.biological_time
    assert_equal(recovered.spikes, until(recording.spikes(recorder), recovered.complete_until))


def test_files_of_an_earlier_run_do_not_mix_in(population, tmp_path):
    """The earlier run had more threads and came further; other files stay."""
    for name in ("spikes-9-7.dat", "notes-of-rank-3"):
        (tmp_path / name).write_text("# NEST\nsender\ttime_ms\n1\t1.000\n")
    (tmp_path / "notes.dat").write_text("mine")
    files, _ = record(population, tmp_path)
    assert spike_files.recover(tmp_path).spikes.times.size == 0
    kept = ["notes-of-rank-0", "notes.dat", "run.json"]
    assert [file.name for file in sorted(tmp_path.glob("[!.]*"))] == kept
    del files
    spike_files.remove(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.dat"]


def test_one_recorder_writes_to_a_folder(population, tmp_path):
    """Of a second one nobody could say how many files it has."""
    files, _ = record(population, tmp_path)
    before = nest.network_size
    with pytest.raises(ParameterError, match=f"writes to {tmp_path} already; make other"):
        files.record_spikes(population)
    assert nest.network_size == before


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
