# SPDX-License-Identifier: GPL-2.0-or-later
"""The arguments, progress, files and messages that all scripts share."""

import argparse
import contextlib
import io
import json
from pathlib import Path

import pytest

from izhisyn import command_line
from izhisyn.errors import ParameterError


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        """Say so."""
        return True


def parse(*arguments):
    """Parse arguments as a script with an integrator does."""
    parser = command_line.argument_parser("example", "An example.")
    command_line.add_integrator(parser)
    return parser.parse_args(arguments)


def test_defaults():
    """The defaults are those the documentation names."""
    options = parse()
    assert options.output == Path("output")
    assert (options.resolution, options.threads, options.seed) == (0.1, 1, 1)
    assert (options.integrator, options.quiet) == (0, False)


@pytest.mark.parametrize(
    "argument, value",
    [
        ("--resolution", "0"),
        ("--resolution", "-0.1"),
        ("--resolution", "nan"),
        ("--resolution", "inf"),
        ("--resolution", "fine"),
        ("--threads", "0"),
        ("--threads", "1.5"),
        ("--threads", "²"),
        ("--seed", "-1"),
        ("--integrator", "3"),
    ],
)
def test_bad_argument_ends_with_code_2_and_names_argument_and_value(capsys, argument, value):
    """Refused before anything is simulated."""
    with pytest.raises(SystemExit) as exit_:
        parse(f"{argument}={value}")
    assert exit_.value.code == 2
    last_line = capsys.readouterr().err.splitlines()[-1]
    assert argument in last_line
    assert value in last_line


@pytest.mark.parametrize(
    "text, value",
    [("exact", 0), ("euler", 1), ("izhikevich2003", 2), ("0", 0), ("1", 1), ("2", 2)],
)
def test_integrators_have_names_and_numbers(text, value):
    """The number is the models' parameter."""
    assert parse("--integrator", text).integrator == value


@pytest.mark.parametrize("text, value", [("0", 0.0), ("0.25", 0.25), ("1", 1.0)])
def test_fraction(text, value):
    """Both ends belong to it."""
    assert command_line.fraction(text) == value


@pytest.mark.parametrize("text", ["-0.1", "1.1", "nan", "half"])
def test_no_fraction(text):
    """The message has the value and the range."""
    with pytest.raises(argparse.ArgumentTypeError, match=f"'{text}' is not a number from 0 to 1"):
        command_line.fraction(text)


def test_progress_shows_on_a_terminal_after_its_patience(monkeypatch):
    """One line that is overwritten, ended at the end; a quarter took 3 s, so 9 s are left."""
    monkeypatch.setattr(command_line.time, "monotonic", iter([100.0, 103.0, 112.0]).__next__)
    stream = Terminal()
    progress = command_line.Progress("run", stream=stream)
    progress(0.25)
    progress(1.0)
    clear = "\x1b[K"
    assert stream.getvalue() == f"\rrun: 25 %, 9 s left{clear}\rrun: done in 12 s{clear}\n"


@pytest.mark.parametrize(
    "seconds, text", [(0.4, "0 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"), (8055, "2 h 14 min")]
)
def test_durations_have_the_units_of_a_person(seconds, text):
    """Two units at most."""
    assert command_line._duration_text(seconds) == text


def test_only_the_first_process_shows_progress_and_results(monkeypatch, tmp_path, capsys):
    """The second of two processes, as Open MPI's launcher tells it."""
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    stream = Terminal()
    command_line.Progress("run", stream=stream, patience=-1.0)(0.25)
    assert stream.getvalue() == ""
    command_line.Results("example", tmp_path / "folder")
    assert not (tmp_path / "folder").exists()


def test_progress_of_something_quick_is_silent():
    """Nothing flashes by."""
    stream = Terminal()
    progress = command_line.Progress("run", stream=stream, patience=60.0)
    progress(0.25)
    progress(1.0)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("quiet, stream", [(True, Terminal()), (False, io.StringIO())])
def test_progress_is_silent_when_quiet_or_redirected(quiet, stream):
    """No carriage returns in log files."""
    progress = command_line.Progress("run", quiet, stream, patience=-1.0)
    progress(0.25)
    progress(1.0)
    assert stream.getvalue() == ""


def test_results_are_written_and_reported(tmp_path, capsys):
    """The folder is made with its parents; the report names the files in order."""
    folder = tmp_path / "new" / "folder"
    results = command_line.Results("example", folder, endings=("json", "txt"))
    results.write_json({"rate": 7.5})
    with results.file("txt") as path:
        path.write_text("text")
    results.finish("7.5 spikes/s")
    assert json.loads((folder / "example.json").read_text()) == {"rate": 7.5}
    assert capsys.readouterr().out == (
        f"7.5 spikes/s\nWrote {folder / 'example.json'}, {folder / 'example.txt'}\n"
    )


def test_quiet_results_say_nothing(tmp_path, capsys):
    """No summary under --quiet."""
    command_line.Results("example", tmp_path, quiet=True).finish("7.5 spikes/s")
    assert capsys.readouterr().out == ""


def test_a_value_json_cannot_hold_is_not_written(tmp_path):
    """NaN is no JSON: other programs could not read it."""
    results = command_line.Results("example", tmp_path)
    with pytest.raises(ValueError, match="JSON"):
        results.write_json({"rate": float("nan")})
    assert list(tmp_path.glob("[!.]*")) == []


def of_an_earlier_run(folder):
    """Leave results of an earlier run, and files that are not of the script."""
    for name in ("example.json", "example.npz", "example.png", "example.tex", "other.json"):
        (folder / name).write_text("old")


def contents(folder):
    """Read the visible files of a folder."""
    return {file.name: file.read_text() for file in sorted(folder.glob("[!.]*"))}


def test_results_of_an_earlier_run_go_with_the_first_new_file(tmp_path):
    """Not before, and no other files."""
    of_an_earlier_run(tmp_path)
    before = contents(tmp_path)
    results = command_line.Results("example", tmp_path)
    with pytest.raises(ZeroDivisionError), results.file("json") as path:
        path.write_text("half")
        raise ZeroDivisionError
    assert contents(tmp_path) == before
    with results.file("json") as path:
        path.write_text("new")
    assert contents(tmp_path) == {
        "example.json": "new",
        "example.tex": "old",
        "other.json": "old",
    }


def test_a_full_disk_keeps_the_earlier_results(small_disk):
    """All of them, if not even the numbers fit."""
    folder = small_disk(64)
    of_an_earlier_run(folder)
    before = contents(folder)
    results = command_line.Results("example", folder)
    with pytest.raises(ParameterError, match=rf"cannot write {folder / 'example.json'}: No space"):
        results.write_json({"spikes": list(range(20_000))})
    assert contents(folder) == before


def test_an_error_while_drawing_keeps_the_numbers(tmp_path):
    """The figure comes last."""

    class Figure:
        def savefig(self, path):
            path.write_text("half")
            raise ZeroDivisionError

    results = command_line.Results("example", tmp_path)
    results.write_json({"rate": 7.5})
    with pytest.raises(ZeroDivisionError):
        results.write_figure(Figure())
    assert contents(tmp_path) == {"example.json": '{\n  "rate": 7.5\n}\n'}


def test_a_file_that_is_not_declared_is_refused(tmp_path):
    """It would stay when the next run replaces the results."""
    results = command_line.Results("example", tmp_path)
    with (
        pytest.raises(
            ParameterError, match=r"example writes no \.csv; choose one of json, npz, png"
        ),
        results.file("csv"),
    ):
        pass


def test_unusable_folder_is_one_sentence_with_a_remedy(tmp_path):
    """A path below a regular file fails for every user, root included."""
    occupied = tmp_path / "file"
    occupied.write_text("")
    with pytest.raises(ParameterError, match=rf"{occupied / 'below'}.*--output"):
        command_line.Results("example", occupied / "below")


def test_failure_to_write_a_file_is_one_sentence_and_not_reported_as_written(tmp_path, capsys):
    """A folder is in the place of the file."""
    results = command_line.Results("example", tmp_path)
    (tmp_path / "example.json").mkdir()
    with pytest.raises(ParameterError, match=rf"{tmp_path / 'example.json'}.*--output"):
        results.write_json({})
    results.finish()
    assert "example.json" not in capsys.readouterr().out


def test_a_users_error_is_one_line_and_code_2(capsys):
    """No traceback for what the user can mend."""

    def main():
        raise ParameterError("resolution 0 ms is no good")

    with pytest.raises(SystemExit) as exit_:
        command_line.run_script(main)
    assert exit_.value.code == 2
    assert capsys.readouterr().err == "error: resolution 0 ms is no good\n"


def test_ctrl_c_is_one_sentence_and_code_130(capsys):
    """128 and the number of the signal, as shells have it."""

    def main():
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as exit_:
        command_line.run_script(main)
    assert exit_.value.code == 130
    assert capsys.readouterr().err == "error: interrupted; nothing more is written\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError, ParameterError, None])
def test_the_folder_is_free_after_a_script(tmp_path, error):
    """However it ends."""

    def main():
        results = command_line.Results("example", tmp_path)
        if error is not None:
            raise error
        results.finish()

    with contextlib.suppress(SystemExit, ZeroDivisionError):
        command_line.run_script(main)
    assert list(tmp_path.iterdir()) == []


def test_a_programmers_error_keeps_its_traceback():
    """Other exceptions are not hidden."""

    def main():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command_line.run_script(main)
