# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are never seen half written, and folders that one run at a time writes to."""

import contextlib
import fcntl
import os
import platform
import weakref
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import ParameterError, reporting_failure_to_write

_LOCK = ".izhisyn-lock"
_ASIDE = ".izhisyn-new-"  # what the names of files begin with that are being written
_held = weakref.WeakSet()
_unfinished = set()


@checked(path=checks.path)
@contextmanager
def writing(path):
    """Context that gives a path to write to, and then puts that file in the place of another.

    The new file is written beside the old one, synced, and renamed; the folder is synced. After an
    error, or if the process is killed, the old file is still there, whole.

    Parameters
    ----------
    path : path-like
        The file to make or replace.

    Raises
    ------
    ParameterError
        If the file cannot be written.
    """
    path = Path(path)
    aside = path.with_name(f"{_ASIDE}{os.getpid()}-{path.name}")
    with reporting_failure_to_write(path):
        try:
            _unfinished.add(aside)
            yield aside
            sync(aside)
            os.replace(aside, path)
            sync(path.parent)
        except BaseException:
            _discard(aside)
            raise
        finally:
            _unfinished.discard(aside)


@checked(path=checks.path, text=checks.instance(str, "a text"))
def write_text(path, text):
    """Write a text file, see `writing`.

    Parameters
    ----------
    path : path-like
    text : str
    """
    with writing(path) as aside:
        aside.write_text(text, encoding="utf-8")


@checked(path=checks.path, names=checks.sequence_of(checks.text))
def read_arrays(path, names=()):
    """Read the arrays of a ``.npz`` file.

    Parameters
    ----------
    path : path-like
    names : sequence of str
        Arrays that the file must have.

    Returns
    -------
    dict of str to numpy.ndarray or None
        All arrays of the file; None if it is no whole archive with these names.
    """
    if not zipfile.is_zipfile(path):
        return None
    try:
        with np.load(path) as archive:
            arrays = dict(archive)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile):
        return None
    return arrays if arrays.keys() >= set(names) else None


@checked(path=checks.path)
def sync(path):
    """Wait until a file or the entries of a folder are on the disk.

    Parameters
    ----------
    path : path-like
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class FolderLock:
    """The right of one process to write to a folder, until it is released or the process ends.

    Parameters
    ----------
    folder : path-like
        Made if missing. What killed processes left there half written is removed.

    Raises
    ------
    ParameterError
        If another process has the lock, or the folder cannot be written to.
    """

    @checked(folder=checks.path)
    def __init__(self, folder):
        self.folder = Path(folder)
        self._descriptor = None
        with reporting_failure_to_write(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            if self._is_acquired():
                for leftover in self.folder.glob(f"{_ASIDE}*"):
                    leftover.unlink()

    def release(self):
        """Let others write; once is enough."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                (self.folder / _LOCK).unlink()
            os.close(self._descriptor)
            self._descriptor = None

    def __del__(self):
        self.release()

    def _is_acquired(self):
        file = self.folder / _LOCK
        owner = f"process {os.getpid()} on {platform.node()}"
        while True:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                other = os.read(descriptor, 1000).decode(errors="replace")
                os.close(descriptor)
                if other == owner:
                    return False  # an earlier run of this process
                raise ParameterError(
                    f"another run, {other or 'which has just started'}, writes to {self.folder}; "
                    f"wait for its end, or choose another folder with --output"
                ) from None
            except OSError:
                os.close(descriptor)  # a file system without locks
                file.unlink(missing_ok=True)
                return True
            if _is(file, descriptor):
                break
            os.close(descriptor)  # of a run that ended meanwhile, and removed the file
        os.truncate(descriptor, 0)
        os.write(descriptor, owner.encode())
        self._descriptor = descriptor
        _held.add(self)
        return True


def release_locks():
    """Release all locks of this process."""
    for lock in list(_held):
        lock.release()


def abandon():
    """Remove what is being written, and release all locks, before the process ends."""
    for aside in list(_unfinished):
        _discard(aside)
    release_locks()


def _discard(aside):
    with contextlib.suppress(OSError):
        aside.unlink(missing_ok=True)


def _is(file, descriptor):
    try:
        return os.path.samestat(os.stat(file), os.fstat(descriptor))
    except FileNotFoundError:
        return False
