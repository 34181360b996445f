# SPDX-License-Identifier: GPL-2.0-or-later
"""Spikes on the disk while a simulation runs, and what a killed one left there.

NEST's ascii backend writes one file for each virtual process and empties its buffers after each
``nest.Run``. After each of those, this module syncs the files of its MPI process to the disk and
notes up to which time they are complete, how long each is, and a checksum of it. Recovery believes
a note only as far as the files agree with it.

``run.json`` has what to know about the run, ``notes-of-rank-<n>`` a line for each note: a checksum
of the rest of the line, which is JSON.
"""

import json
import os
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from izhisyn import checks, recording
from izhisyn.checks import checked
from izhisyn.errors import IzhisynError, ParameterError, reporting_failure_to_write
from izhisyn.files import FolderLock, sync, write_text
from izhisyn.kernel import nest, nodes

_LABEL = "spikes"
_RUN_FILE = "run.json"
_HEADER_END = b"\nsender\ttime_ms\n"


class LostSpikesError(IzhisynError, RuntimeError):
    """NEST did not write all spikes, or has overwritten some."""


@dataclass(frozen=True)
class Recovered:
    """What the files of a run hold.

    Attributes
    ----------
    spikes : izhisyn.recording.Spikes
        All spikes up to `complete_until`.
    complete_until : float
        Time up to which no spike is missing [ms].
    noted_until : float
        Time up to which the run noted that the files were complete [ms].
    damage : tuple of str
        Each missing or damaged file, and what is wrong with it.
    run : dict
        What the run said about itself.
    """

    spikes: recording.Spikes
    complete_until: float
    noted_until: float
    damage: tuple
    run: dict


class SpikeFiles:
    """The folder to which a spike recorder writes.

    Files that an earlier run left there are replaced. Every MPI process makes one.

    Parameters
    ----------
    folder : pathlib.Path
        Folder that all MPI processes share, made if missing.
    run : dict
        What to know about the run, kept as JSON: `recover` gives it back.

    Raises
    ------
    ParameterError
        If the folder cannot be made or written to, or another run is writing to it.
    """

    @checked(folder=checks.path, run=checks.dictionary)
    def __init__(self, folder, run):
        description = {
            "num_processes": nest.num_processes,
            "num_files": nest.total_num_virtual_procs,
        }
        text = checks.json_text("run", description | run)
        self.folder = folder = Path(folder)
        self._recorder = None
        self._written = {}
        self._noted_at, self._note_took = time.monotonic(), 0.0  # [s]
        if nest.Rank() == 0:
            self._lock = FolderLock(folder)
            with reporting_failure_to_write(folder):
                remove(folder)
                for rank in range(nest.num_processes):
                    write_text(_notes_file(folder, rank), "")
                write_text(folder / _RUN_FILE, text)
        nest.SyncProcesses()
        nest.data_path = str(folder)
        # Each simulation opens the files anew: those of the time before the recorder's start.
        nest.overwrite_files = True

    @checked(neurons=nodes)
    def record_spikes(self, neurons, **settings):
        """Attach a spike recorder that writes to the folder.

        Parameters
        ----------
        neurons : nest.NodeCollection
        **settings
            Parameters of the recorder, such as ``start`` [ms]: no spike may be recorded before
            the last call of `izhisyn.kernel.simulate`.

        Returns
        -------
        nest.NodeCollection
            The ``spike_recorder``.

        Raises
        ------
        ParameterError
            If the folder has its recorder already.
        """
        if self._recorder is not None:
            raise ParameterError(
                f"a spike recorder writes to {self.folder} already; make other SpikeFiles"
            )
        if settings.keys() & {"record_to", "label"}:
            raise ParameterError("record_to and label are chosen here; leave them out")
        self._recorder = recording.record_spikes(
            neurons, **settings, record_to="ascii", label=_LABEL
        )
        return self._recorder

    @checked(share=checks.number(above=0, high=1))
    def complete_when_due(self, share=0.05):
        """Do as `complete`, but leave a note out if notes took a larger share of the time [1]."""
        if time.monotonic() - self._noted_at >= self._note_took / share:
            self.complete()

    def complete(self):
        """Sync the files and note that they hold all spikes; call it after each ``nest.Run``.

        Raises
        ------
        LostSpikesError
            If they do not.
        ParameterError
            If the note cannot be written.
        """
        started = time.monotonic()
        with reporting_failure_to_write(self.folder):
            for file in _spike_files(self.folder):
                if _virtual_process(file) % nest.num_processes == nest.Rank():
                    self._written[file.name] = self._stock_of(file)
            n_written = sum(written.lines for written in self._written.values())
            n_spikes = 0 if self._recorder is None else self._recorder.n_events
            if n_written != n_spikes:
                raise LostSpikesError(
                    f"{self.folder} has {n_written} of {n_spikes} spikes; free space on the disk, "
                    f"or choose another folder with --output"
                )
            note = {
                # With the digits of NEST's files, so that the last spikes compare equal to it.
                "complete_until": float(f"{nest.biological_time:.3f}"),
                "files": {file: written.as_list() for file, written in self._written.items()},
            }
            sync(self.folder)
            with _notes_file(self.folder, nest.Rank()).open("a", encoding="utf-8") as notes:
                notes.write(_with_checksum(json.dumps(note)))
                notes.flush()
                os.fsync(notes.fileno())
        self._noted_at = time.monotonic()
        self._note_took = self._noted_at - started

    def _stock_of(self, file):
        """Sync a file, and extend what is known of it by what is new in it."""
        known = self._written.get(file.name, _Written())
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
            header = _header_length(opened)
            if os.fstat(opened.fileno()).st_size < header + known.length:
                raise LostSpikesError(
                    f"{file} was opened anew, which loses the spikes in it; simulate in one call, "
                    f"or record from the start of the last one"
                )
            opened.seek(header + known.length)
            return known.extended(opened.read())


@dataclass(frozen=True)
class _Written:
    """Length [bytes], checksum and number of the lines in a file, after the header."""

    length: int = 0
    checksum: int = 0
    lines: int = 0

    def extended(self, content):
        return _Written(
            self.length + len(content),
            zlib.crc32(content, self.checksum),
            self.lines + content.count(b"\n"),
        )

    def as_list(self):
        return [self.length, self.checksum]


@checked(folder=checks.path)
def recover(folder):
    """Read the spikes of a run, whether it came to its end or was killed.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of `SpikeFiles`.

    Returns
    -------
    Recovered
        With the spikes up to the last note with which all files agree.

    Raises
    ------
    ParameterError
        If the folder holds no run, or its description is damaged.
    """
    folder = Path(folder)
    run = _read_run(folder)
    contents, damage, noted, agreed = [], [], [], []
    for rank in range(run["num_processes"]):
        notes, fault = _read_notes(_notes_file(folder, rank))
        damage += fault
        # A process that had noted nothing yet may also not have opened its files.
        noted.append(notes[-1]["complete_until"] if notes else 0.0)
        agreed.append(noted[-1])
        for name in sorted({name for note in notes for name in note["files"]}):
            content, until, fault = _read_file(folder / name, notes)
            contents.append(content)
            agreed.append(until)
            damage += fault
    if min(agreed) > 0.0 and len(contents) != run["num_files"]:
        damage.append(f"{folder} has notes on {len(contents)} of {run['num_files']} files")
        agreed.append(0.0)
    complete_until = min(agreed)
    recorded = np.array(b"".join(contents).split(), dtype=float).reshape(-1, 2)
    senders, times = recorded[recorded[:, 1] <= complete_until].T
    order = np.lexsort((senders, times))
    spikes = recording.Spikes(times[order], senders[order].astype(int))
    return Recovered(spikes, complete_until, min(noted), tuple(damage), run)


@checked(folder=checks.path)
def remove(folder):
    """Remove what a run left in its folder; other files stay.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of `SpikeFiles`, which may be missing.
    """
    folder = Path(folder)
    for file in (folder / _RUN_FILE, *folder.glob("notes-of-rank-*"), *_spike_files(folder)):
        file.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _read_run(folder):
    run_file = folder / _RUN_FILE
    if not run_file.is_file():
        raise ParameterError(
            f"there are no spike files of a run in {folder}; name the folder of a run that "
            f"recorded spikes to ascii"
        )
    try:
        run = json.loads(run_file.read_text(encoding="utf-8"))
        whole = run["num_processes"] > 0 and run["num_files"] >= run["num_processes"]
    except (ValueError, TypeError, KeyError):
        whole = False
    if not whole:
        raise ParameterError(
            f"{run_file} is damaged; restore it from a copy, or read the spikes in {folder} "
            f"yourself"
        )
    return run


def _read_notes(file):
    """Read the notes up to the first that is damaged; a part of a last line is none."""
    if not file.is_file():
        return [], [f"{file} is missing"]
    notes = []
    *lines, _ = file.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        checksum, _, text = line.partition(b" ")
        if checksum != _checksum(text):
            return notes, [f"{file} is damaged in line {number}"]
        notes.append(json.loads(text))
    return notes, []


def _read_file(file, notes):
    """Read a file as far as it agrees with the notes.

    Returns
    -------
    content : bytes
        The lines up to the last note with which the file agrees.
    complete_until : float
        Time of that note [ms].
    fault : list of str
        What is wrong with the file, if anything.
    """
    content = b""
    if file.is_file():
        with file.open("rb") as opened:
            opened.seek(_header_length(opened))
            content = opened.read()
    complete_until, agreed = 0.0, _Written()
    for note in notes:
        noted = note["files"].get(file.name, [0, 0])
        written = agreed.extended(content[agreed.length : noted[0]])
        if written.as_list() != noted:
            damage = "shortened" if file.is_file() else "missing"
            damage = damage if written.length < noted[0] else "damaged"
            return content[: agreed.length], complete_until, [f"{file} is {damage}"]
        complete_until, agreed = note["complete_until"], written
    return content[: agreed.length], complete_until, []


def _header_length(opened):
    """Find out where the lines of an open file begin; at its end if its header is not whole."""
    start = opened.read(1000)
    before, end, _ = start.partition(_HEADER_END)
    return len(before) + len(end)


def _with_checksum(text):
    return f"{_checksum(text.encode()).decode()} {text}\n"


def _checksum(text):
    return b"%08x" % zlib.crc32(text)


def _spike_files(folder):
    return sorted(folder.glob(f"{_LABEL}-*-*.dat"))


def _virtual_process(file):
    return int(file.stem.rpartition("-")[2])


def _notes_file(folder, rank):
    return folder / f"notes-of-rank-{rank}"
