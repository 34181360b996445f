# SPDX-License-Identifier: GPL-2.0-or-later
"""A file is never seen half written, and a folder has one run at a time."""

import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from izhisyn import files, processes
from izhisyn.errors import ParameterError

HOLD = """
import sys
from izhisyn.files import FolderLock
lock = FolderLock(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other_run(pytestconfig):
    """Start another process that locks a folder, until its input ends."""
    started = []

    def start(folder):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, folder],
            cwd=pytestconfig.rootpath,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def names(folder):
    """Name all files of a folder, hidden ones included."""
    return sorted(os.listdir(folder))


def test_a_file_takes_the_place_of_another_when_it_is_whole(tmp_path):
    """Until then the old one is there."""
    path = tmp_path / "numbers.json"
    path.write_text("old")
    with files.writing(path) as aside:
        aside.write_text("new")
        assert path.read_text() == "old"
        assert aside.suffix == ".json"  # by which NumPy and matplotlib go
    assert path.read_text() == "new"
    assert names(tmp_path) == ["numbers.json"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file(tmp_path, error):
    """And nothing beside it."""
    path = tmp_path / "numbers.json"
    path.write_text("old")
    with pytest.raises(error), files.writing(path) as aside:
        aside.write_text("half of the n")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["numbers.json"]


def test_a_full_disk_leaves_the_old_file(small_disk):
    """One sentence with the file and the reason."""
    path = small_disk(64) / "numbers.json"
    files.write_text(path, "old")
    with pytest.raises(
        ParameterError, match=rf"cannot write {path}: No space left on device; choo"
    ):
        files.write_text(path, "n" * 100_000)
    assert path.read_text() == "old"
    assert names(path.parent) == ["numbers.json"]


def test_a_limit_on_the_size_of_files_leaves_the_old_file(tmp_path):
    """The system's own limit, which needs no right to mount a disk."""
    path = tmp_path / "numbers.json"
    files.write_text(path, "old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(ParameterError, match=f"cannot write {path}: File too large; choose"):
            files.write_text(path, "n" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["numbers.json"]


def test_a_second_run_is_refused_until_the_first_has_ended(other_run, tmp_path):
    """The message names the process; nothing in the folder is touched."""
    first = other_run(tmp_path)
    (tmp_path / "numbers.json").write_text("of the first")
    (tmp_path / f".izhisyn-new-{first.pid}-numbers.json").write_text("half of")
    before = names(tmp_path)
    message = rf"another run, process {first.pid} on .*, writes to {tmp_path}; wait for its end"
    with pytest.raises(ParameterError, match=message):
        files.FolderLock(tmp_path)
    assert names(tmp_path) == before
    first.communicate("")
    files.FolderLock(tmp_path).release()
    assert names(tmp_path) == ["numbers.json"]


def test_a_killed_run_leaves_no_lock_and_no_half_files(other_run, tmp_path):
    """The next run removes what it left."""
    first = other_run(tmp_path)
    (tmp_path / f".izhisyn-new-{first.pid}-numbers.json").write_text("half of")
    first.kill()
    first.wait()
    lock = files.FolderLock(tmp_path)
    assert names(tmp_path) == [".izhisyn-lock"]
    lock.release()
    assert names(tmp_path) == []


def test_a_process_may_run_again_in_its_folder(tmp_path):
    """A notebook that calls a script twice; the lock of the first is kept by an error's frames."""
    first = files.FolderLock(tmp_path)
    second = files.FolderLock(tmp_path)
    second.release()
    assert names(tmp_path) == [".izhisyn-lock"]
    files.release_locks()
    assert names(tmp_path) == []
    first.release()


def test_ctrl_c_ends_a_program_that_catches_every_exception(pytestconfig, tmp_path):
    """As parts of NumPy do; what was being written, and the lock, are gone."""
    program = """
import sys, time
from pathlib import Path
from izhisyn import files, processes
processes.end_at_once_on_interrupt()
processes.clean_up_on_interrupt(files.abandon)
folder = Path(sys.argv[1])
lock = files.FolderLock(folder)
with files.writing(folder / "numbers.json") as aside:
    aside.write_text("half of")
    (folder / "begun").write_text("")
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            pass
"""
    command = [sys.executable, "-c", program, tmp_path]
    running = subprocess.Popen(
        command, cwd=pytestconfig.rootpath, stderr=subprocess.PIPE, text=True
    )
    while not (tmp_path / "begun").is_file():
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, message = running.communicate(timeout=60)
    assert message == f"{processes.INTERRUPTED}\n"
    assert running.returncode == 130
    assert names(tmp_path) == ["begun"]


def test_many_that_start_at_once_hold_it_one_after_the_other(pytestconfig, tmp_path):
    """Each removes the file it has locked, which must not give it to two of those that wait."""
    program = """
import os, sys, time
from izhisyn.errors import ParameterError
from izhisyn.files import FolderLock
end = time.monotonic() + 1.0
while time.monotonic() < end:
    try:
        lock = FolderLock(sys.argv[1])
    except ParameterError:
        continue
    mark = os.path.join(sys.argv[1], "mark")
    os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    os.unlink(mark)
    lock.release()
"""
    command = [sys.executable, "-c", program, tmp_path]
    many = [subprocess.Popen(command, cwd=pytestconfig.rootpath) for _ in range(4)]
    assert [process.wait() for process in many] == [0] * 4


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("no archive"),
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: np.save(path.open("wb"), np.arange(3)),
        lambda path: np.savez(path, b=[1.0]),
        lambda path: np.savez(path, a=np.array([{}])),
    ],
    ids=["missing", "text", "cut", "a single array", "other names", "objects"],
)
def test_only_a_whole_archive_has_arrays(tmp_path, damage):
    """Anything else is none, without an exception of NumPy's."""
    path = tmp_path / "numbers.npz"
    np.savez(path, a=[1.0, 2.0], b=3)
    arrays = files.read_arrays(path, ["a"])
    assert arrays["a"].tolist() == [1.0, 2.0]
    assert arrays["b"] == 3
    damage(path)
    assert files.read_arrays(path, ["a"]) is None
