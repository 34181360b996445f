# SPDX-License-Identifier: GPL-2.0-or-later
"""A build that cannot write, or is ended, loses nothing and leaves nothing running."""

import errno
import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import build_module

ROOT = Path(build_module.__file__).parent
EULER = ("--numeric-solver", "forward-Euler")


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Fail if a condition does not come true; the time is ample for a busy machine."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def working_in(folder: Path) -> list[str]:
    """List the command lines of all processes whose current folder is below this one."""
    commands = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            where = Path(os.readlink(process / "cwd").removesuffix(" (deleted)"))
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has ended, or is somebody else's
        if command and folder in (where, *where.parents):
            commands.append(command)
    return commands


# What stands in the way


@pytest.mark.parametrize("name", ["nestmlmodule.so", "nestmlmodule.json"])
def test_folder_at_the_target_is_refused_and_kept(tmp_path, neuron, build, name):
    """Before anything is generated: a file cannot replace a folder."""
    (tmp_path / "out" / name).mkdir(parents=True)
    (tmp_path / "out" / name / "precious").touch()
    result = build("--models", neuron, *EULER, "--install-dir", tmp_path / "out")
    assert result.returncode == 1
    assert f"{tmp_path / 'out' / name} is a folder where a file belongs" in result.stderr
    assert "compiling" not in result.stderr
    assert (tmp_path / "out" / name / "precious").exists()


def test_file_with_a_name_of_staging_folders_is_kept(tmp_path):
    """Only folders are leftovers; a file of that name is not ours and is in nobody's way."""
    target = tmp_path / "somemodule.so"
    file = tmp_path / ".somemodule-notes"
    file.write_text("precious")
    leftover = tmp_path / ".somemodule-killed"
    leftover.mkdir()
    link = tmp_path / ".somemodule-link"
    link.symlink_to(tmp_path)
    with build_module.staging_folder(target) as stage:
        assert stage.is_dir()
        assert not leftover.exists()
    assert file.read_text() == "precious"
    assert link.is_symlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Callable[..., list[str]]:
    """Give a function that puts a small disk at a folder for one command."""

    def command(folder: Path, size: str) -> list[str]:
        mount = 'mount -t tmpfs -o size="$2" tmpfs "$1" && shift 2 && exec "$@"'
        return ["unshare", "-rm", "sh", "-c", mount, "sh", str(folder), size]

    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        subprocess.run([*command(folder, "1m"), "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not mount a small disk")
    return lambda size: command(folder, size)


@pytest.mark.parametrize(
    "size", ["64k", *(pytest.param(size, marks=pytest.mark.slow) for size in ("1m", "2m"))]
)
def test_full_temporary_folder(tmp_path, neuron, small_disk, size):
    """The first size is full before NESTML starts, the others when it or the compiler writes."""
    command = [*small_disk(size), sys.executable, ROOT / "build_module.py", "--models", neuron]
    result = subprocess.run(
        [*command, *EULER, "--install-dir", tmp_path / "out"],
        env={**os.environ, "TMPDIR": str(tmp_path / "disk"), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert f"no space left on the disk of {tmp_path / 'disk'}" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EACCES])
def test_target_that_cannot_be_written_keeps_the_old_module(
    tmp_path, monkeypatch, capsys, tiny_module, number
):
    """The compiler is done and the copy of its module does not fit any more."""

    def fail(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number), str(tmp_path / "copy"))

    before = {file: file.read_bytes() for file in tiny_module.folder.iterdir() if file.is_file()}
    built = build_module.Built(tmp_path / "built.so", build_module.Toolchain("", (), ()))
    monkeypatch.setattr(build_module, "build", lambda *_arguments: built)
    monkeypatch.setattr(shutil, "copyfile", fail)
    assert build_module.main([*tiny_module.arguments, "--force"]) == 1
    expected = {errno.EACCES: f"{tmp_path / 'copy'}: Permission denied"}
    assert expected.get(number, "no space left") in capsys.readouterr().err
    after = {file: file.read_bytes() for file in tiny_module.folder.iterdir() if file.is_file()}
    assert after == before


# Temporary folders


def test_temporary_folders_of_dead_builds_are_removed_and_of_live_ones_kept(tmp_path, monkeypatch):
    """A lock tells them apart, and the kernel takes it from a dead process."""
    monkeypatch.setattr(build_module.tempfile, "tempdir", str(tmp_path))
    dead, file = tmp_path / "izhisyn-build-dead", tmp_path / "izhisyn-build-file"
    (dead / "code").mkdir(parents=True)
    file.touch()
    (tmp_path / "another").mkdir()
    with build_module.temporary_folder() as first, build_module.temporary_folder() as second:
        assert first != second
        assert first.is_dir()
        assert not dead.exists()
        lock = os.open(first, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(lock)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another", file.name]


# Signals

PARENT = """
import sys
import build_module
from pathlib import Path
with build_module.stopped_by_signals():
    build_module.run_in_session([sys.executable, "-c", sys.argv[1]], None, Path(sys.argv[2]))
"""
CHILD = """
import build_module, subprocess
build_module.end_with_parent()
subprocess.run(["sleep", "60"])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_program_outlives_an_ended_build(tmp_path, number):
    """Only the build itself gets the signal; what it started ends with it, however deep."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PARENT, CHILD, str(tmp_path)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    wait_until(lambda: any(command.startswith("sleep") for command in working_in(tmp_path)))
    process.send_signal(number)
    process.wait(timeout=20)
    wait_until(lambda: not working_in(tmp_path))


@pytest.mark.slow
def test_build_killed_at_random_moments(tmp_path, neuron, build):
    """Neither module, record nor cache are ever half there, and nothing runs or lies about after.

    Half of the 40 builds make everything anew and fill an empty cache; the others find it all there
    and spend their time on linking, loading and installing.
    """
    seed = random.SystemRandom().randrange(10**6)
    moments = random.Random(seed)
    target, temporary = tmp_path / "out" / "nestmlmodule.so", tmp_path / "temporary"
    cache = tmp_path / "cache" / "izhisyn" / "build"
    temporary.mkdir()
    arguments = ("--models", neuron, *EULER, "--install-dir", target.parent, "--march", "none")
    places = {"TMPDIR": str(temporary), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    seconds = {}
    for kind in ("anew", "cached"):
        target.unlink(missing_ok=True)  # else there is nothing to do
        started = time.monotonic()
        first = build(*arguments, "--json", **places)
        seconds[kind] = time.monotonic() - started
        assert first.returncode == 0, first.stderr
        assert bool(json.loads(first.stdout)["compiled"]) == (kind == "anew")
    for kill in range(40):
        kind = "anew" if kill % 2 else "cached"
        if kind == "anew":
            shutil.rmtree(cache, ignore_errors=True)
        else:
            build(*arguments, **places)
        build_module.record_file(target).unlink(missing_ok=True)  # the module stays as it is
        moment = moments.uniform(0, 1.1 * seconds[kind])
        number = moments.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
        where = f"seed {seed}, kill {kill} ({kind}): {number!r} after {moment:.3f} s"
        process = subprocess.Popen(
            [sys.executable, ROOT / "build_module.py", *arguments],
            env={**os.environ, **places},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            _, errors = process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            _, errors = process.communicate()
        assert process.returncode in (0, -number, 128 + number), f"{where}: {errors}"
        wait_until(lambda: not working_in(temporary))
        if number != signal.SIGKILL:
            assert not list(temporary.iterdir()), where
            assert not list(target.parent.glob(".nestmlmodule-*")), where
            assert not (cache / "unfinished").exists(), where
        # A module without a record is built again; a record never belongs to another module.
        record = build_module.record_file(target)
        if record.exists():
            content = json.loads(record.read_text())
            assert content["library_hash"] == build_module.hash_file(target), where
        build_module.load(str(target.with_suffix("")), dict(os.environ), library=target)
        for entry in cache.glob("*"):
            if len(entry.name) == 64:  # a hash
                assert build_module.Cache(cache).get(entry.name) is not None, where
    build_module.record_file(target).unlink(missing_ok=True)
    assert build(*arguments, **places).returncode == 0, seed
    assert not list(temporary.iterdir()), seed
    assert not list(target.parent.glob(".nestmlmodule-*")), seed
    assert not (cache / "unfinished").exists(), seed
