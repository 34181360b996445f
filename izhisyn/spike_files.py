# SPDX-License-Identifier: GPL-2.0-or-later
"""Spikes on the disk while a simulation runs, and what a killed one left there.

NEST's ascii backend writes one file for each virtual process and empties its buffers after each
``nest.Run``. This module notes, after each of those, up to which time the files are complete. What
was written has left the process, so that killing it takes nothing away.
"""

import json
import os
from dataclasses import dataclass

import numpy as np

from izhisyn.errors import ParameterError, reporting_failure_to_write
from izhisyn.kernel import nest
from izhisyn.recording import Spikes

_LABEL = "spikes"
RUN_FILE = "run.json"


@dataclass(frozen=True)
class Recovered:
    """What the files of a run hold.

    Attributes
    ----------
    spikes : izhisyn.recording.Spikes
        All spikes up to `complete_until`.
    complete_until : float
        Time up to which no spike is missing [ms].
    run : dict
        What the run said about itself.
    """

    spikes: Spikes
    complete_until: float
    run: dict


class SpikeFiles:
    """The folder to which a spike recorder writes.

    Files that an earlier run left there are replaced.

    Parameters
    ----------
    folder : pathlib.Path
        Folder that all MPI processes share, made if missing.
    run : dict
        What to know about the run, kept as JSON: `recover` gives it back.

    Raises
    ------
    ParameterError
        If the folder cannot be made or written to.

    Attributes
    ----------
    recorder_settings : dict
        Parameters of the ``spike_recorder``.
    """

    def __init__(self, folder, run):
        self.folder = folder
        self.recorder_settings = {"record_to": "ascii", "label": _LABEL}
        if nest.Rank() == 0:
            with reporting_failure_to_write(folder):
                folder.mkdir(parents=True, exist_ok=True)
                for file in _spike_files(folder) + _notes(folder):
                    file.unlink()
                text = json.dumps({"num_processes": nest.num_processes} | run, indent=2)
                _write(folder / RUN_FILE, text + "\n")
        nest.SyncProcesses()
        nest.data_path = str(folder)
        # Each simulation opens the files anew: those of the time before the recorder's start.
        nest.overwrite_files = True

    def complete(self):
        """Note that the files hold all spikes until now; call it after each ``nest.Run``."""
        # With the digits of NEST's files, so that the last spikes compare equal to it.
        with reporting_failure_to_write(self.folder):
            _write(_note(self.folder, nest.Rank()), f"{nest.biological_time:.3f}\n")


def recover(folder):
    """Read the spikes of a run, whether it came to its end or was killed.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of `SpikeFiles`.

    Returns
    -------
    Recovered

    Raises
    ------
    ParameterError
        If the folder holds no run.
    """
    run_file = folder / RUN_FILE
    if not run_file.is_file():
        raise ParameterError(
            f"there are no spike files of a run in {folder}; name the folder of a run that "
            f"recorded spikes to ascii"
        )
    run = json.loads(run_file.read_text())
    notes = [_note(folder, rank) for rank in range(run["num_processes"])]
    # A process that had noted nothing yet may also not have opened its files.
    complete_until = min(float(note.read_text()) if note.is_file() else 0.0 for note in notes)
    recorded = np.concatenate([np.empty((0, 2)), *map(_read_lines, _spike_files(folder))])
    senders, times = recorded[recorded[:, 1] <= complete_until].T
    order = np.lexsort((senders, times))
    return Recovered(Spikes(times[order], senders[order].astype(int)), complete_until, run)


def _read_lines(file):
    """Read sender and time of each whole line, shape (n_spikes, 2)."""
    whole_lines, _, _ = file.read_text().rpartition("\n")
    _, _, lines = (whole_lines + "\n").partition("\nsender\ttime_ms\n")
    return np.array(lines.split(), dtype=float).reshape(-1, 2)


def _spike_files(folder):
    return sorted(folder.glob(f"{_LABEL}-*-*.dat"))


def _notes(folder):
    return sorted(folder.glob("complete-until-rank-*"))


def _note(folder, rank):
    return folder / f"complete-until-rank-{rank}"


def _write(file, text):
    """Write a file that is never seen half written."""
    new = file.with_name(f".{file.name}.new")
    new.write_text(text)
    os.replace(new, file)
