# SPDX-License-Identifier: GPL-2.0-or-later
"""The arguments, progress, files and messages that all scripts share."""

import argparse
import math
import signal
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import IzhisynError, ParameterError, reporting_failure_to_write
from izhisyn.files import FolderLock, abandon, release_locks, sync, writing
from izhisyn.parameters import INTEGRATORS
from izhisyn.processes import (
    INTERRUPTED,
    clean_up_on_interrupt,
    fail,
    launched_rank,
    launched_size,
)

_PARSER = checks.instance(argparse.ArgumentParser, "a parser")


@checked(
    script=checks.text,
    description=checks.instance(str, "a text"),
    resolution=checks.number(above=0, unit="ms"),
)
def argument_parser(script, description, resolution=0.1):
    """Parser with the arguments of every script.

    Parameters
    ----------
    script : str
        Name of the script, as in ``python -m pynest_scripts.<script>``.
    description : str
        What the script does.
    resolution : float
        Default of ``--resolution`` [ms].

    Returns
    -------
    argparse.ArgumentParser
    """
    parser = _Parser(
        prog=program(f"pynest_scripts.{script}"),
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--output", type=Path, default=Path("output"), metavar="DIR", help="folder for the results"
    )
    parser.add_argument(
        "--resolution",
        type=positive_number,
        default=resolution,
        metavar="MS",
        help="time step [ms]",
    )
    parser.add_argument(
        "--threads", type=positive_integer, default=1, metavar="N", help="threads per process"
    )
    parser.add_argument(
        "--seed", type=positive_integer, default=1, metavar="N", help="seed of the random numbers"
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    return parser


@checked(module=checks.text)
def program(module):
    """Name a program as its user started it, for the usage line and its errors.

    Parameters
    ----------
    module : str
        The module, as in ``python -m <module>``.

    Returns
    -------
    str
        ``izhisyn <command>`` if that started it, otherwise ``python -m <module>``.
    """
    started = Path(sys.argv[0]).name
    return started if started.startswith("izhisyn ") else f"python -m {module}"


@checked(
    parser=_PARSER,
    choices=checks.sequence_of(checks.one_of(INTEGRATORS), 1, "names of integrators"),
)
def add_integrator(parser, choices=tuple(INTEGRATORS)):
    """Add ``--integrator`` to a parser, for scripts whose model has that parameter.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    choices : sequence of str
        Those of the `izhisyn.parameters.INTEGRATORS` that the model has.
    """

    def value(text):
        for name in choices:
            if text in (name, str(INTEGRATORS[name].value)):
                return INTEGRATORS[name].value
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(choices)}")

    parser.add_argument(
        "--integrator",
        type=value,
        default="exact",
        metavar="{" + ",".join(choices) + "}",
        help="; ".join(
            f"{name} or {one.value}: {one.title}"
            for name, one in INTEGRATORS.items()
            if name in choices
        ),
    )


@checked(parser=_PARSER)
def add_total_vps(parser):
    """Add ``--total-vps`` to a parser, for networks that run on several MPI processes."""
    parser.add_argument(
        "--total-vps",
        type=positive_integer,
        metavar="N",
        help="threads of all MPI processes together, instead of --threads; the same number gives "
        "the same spikes on any split into processes and threads",
    )


def number(text):
    """Convert an argument to a finite number."""
    value = _number(text)
    if math.isnan(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a finite number")
    return value


def positive_number(text):
    """Convert an argument to a finite number above zero."""
    number = _number(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def number_from_zero(text):
    """Convert an argument to a finite number of at least zero."""
    number = _number(text)
    if not number >= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 up")
    return number


def fraction(text):
    """Convert an argument to a number from 0 to 1."""
    number = _number(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return number


def positive_integer(text):
    """Convert an argument to a whole number above zero."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def integer_from_zero(text):
    """Convert an argument to a whole number of at least zero."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


class Progress:
    """Percentage and time left on a terminal, for what takes longer than two seconds.

    Only the first of several MPI processes prints.

    Parameters
    ----------
    what : str
        What is going on.
    quiet : bool
        Print nothing.
    stream : file object, optional
        Where to print, standard error if not given; nothing is printed unless it is a terminal.
    patience : float
        Time before the first message [s].
    """

    @checked(
        what=checks.text,
        quiet=checks.boolean,
        stream=checks.instance(("write", "isatty"), "a stream"),
        patience=checks.number(),
    )
    def __init__(self, what, quiet=False, stream=None, patience=2.0):
        self.what = what
        self.stream = sys.stderr if stream is None else stream
        self.enabled = self.stream.isatty() and not quiet and launched_rank() == 0
        self.patience = patience
        self.started = time.monotonic()
        self.shown = False

    @checked(fraction=checks.number(0, 1.000001))
    def __call__(self, fraction):
        """Report the completed fraction, up to 1."""
        if not self.enabled:
            return
        elapsed = time.monotonic() - self.started
        if fraction < 1.0 and elapsed > self.patience:
            left = _duration_text(elapsed * (1.0 - fraction) / fraction)
            self._overwrite(f"{100 * fraction:.0f} %, {left} left")
            self.shown = True
        elif fraction >= 1.0 and self.shown:
            self._overwrite(f"done in {_duration_text(elapsed)}")
            self.stream.write("\n")
        self.stream.flush()

    def _overwrite(self, text):
        erase_to_end = "\x1b[K"
        self.stream.write(f"\r{self.what}: {text}{erase_to_end}")


def _duration_text(seconds):
    """Write a duration with the units a person would use.

    Parameters
    ----------
    seconds : float
        Duration [s].

    Returns
    -------
    str
        For example "7 s", "3 min 5 s" or "2 h 14 min".
    """
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


class Results:
    """The files a script writes, ``<folder>/<script>.<ending>``, and what it says at the end.

    Each file is put in place whole. With the first of them those that an earlier run left are
    removed, so that what is there is of one run; until then nothing is touched. Of several MPI
    processes the first makes the folder, writes and reports. No other run may write to the folder
    meanwhile.

    Parameters
    ----------
    script : str
        Name of the script, the stem of its files.
    folder : pathlib.Path
        Folder of the files; made if missing.
    quiet : bool
        Say nothing.
    endings : sequence of str
        Endings of all files that the script may write.

    Raises
    ------
    ParameterError
        If the folder cannot be made or written to, or another run is writing to it, before any
        time is spent on simulating.
    """

    @checked(
        script=checks.text,
        folder=checks.path,
        quiet=checks.boolean,
        endings=checks.sequence_of(checks.text, 1, "endings of files"),
    )
    def __init__(self, script, folder, quiet=False, endings=("json", "npz", "png")):
        self.script = script
        self.folder = folder = Path(folder)
        self.quiet = quiet
        self.endings = tuple(endings)
        self.written = []
        if launched_rank() > 0:
            return
        self._lock = FolderLock(folder)
        with reporting_failure_to_write(folder), tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0")

    @contextmanager
    def file(self, ending):
        """Context that gives the path to write the file with this ending to.

        Parameters
        ----------
        ending : str
            One of the endings.
        """
        if ending not in self.endings:
            raise ParameterError(
                f"{self.script} writes no .{ending}; choose one of {', '.join(self.endings)}"
            )
        path = self.folder / f"{self.script}.{ending}"
        with writing(path) as aside:
            yield aside
            sync(aside)  # a full disk shows now, while the earlier files are still there
            if not self.written:
                self._discard_all_but(path)
        self.written.append(path)

    def discard(self):
        """Remove the files of an earlier run."""
        self._discard_all_but(None)

    @checked(measured=checks.instance(dict | list, "a dictionary or list"))
    def write_json(self, measured):
        """Write a dictionary of what was measured."""
        text = checks.json_text("measured", measured)
        with self.file("json") as path:
            path.write_text(text, encoding="utf-8")

    @checked(figure=checks.instance(("savefig",), "a matplotlib figure"))
    def write_figure(self, figure):
        """Write a matplotlib figure; write the numbers first, which a failure leaves in place."""
        with self.file("png") as path:
            figure.savefig(path)

    def finish(self, *lines):
        """Print the numbers that matter and the files that were written; the run is over."""
        self._lock.release()
        if not self.quiet:
            print(*lines, f"Wrote {', '.join(map(str, self.written))}", sep="\n")

    def _discard_all_but(self, kept):
        for ending in self.endings:
            path = self.folder / f"{self.script}.{ending}"
            if path != kept:
                path.unlink(missing_ok=True)


@checked(main=checks.function)
def run_script(main):
    """Run a script, and report an error of its user in one sentence with exit code 2.

    Of several MPI processes one reports it, and all end. Ctrl-C ends it with exit code 130.

    Parameters
    ----------
    main : callable
        The script, without parameters.
    """
    clean_up_on_interrupt(abandon)
    try:
        main()
        release_locks()
    except IzhisynError as error:
        release_locks()
        fail(f"error: {error}", 2)
    except KeyboardInterrupt:
        release_locks()
        fail(INTERRUPTED, 128 + signal.SIGINT)
    except Exception:
        release_locks()
        if launched_size() == 1:
            raise
        fail(traceback.format_exc(), 1)


def _number(text):
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are printed by one process of several."""

    def error(self, message):
        fail(f"{self.format_usage()}{self.prog}: error: {message}", 2)
