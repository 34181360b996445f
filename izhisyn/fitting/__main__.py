# SPDX-License-Identifier: GPL-2.0-or-later
"""Fit an Izhikevich neuron to a recording."""

import argparse
import dataclasses
import time

from izhisyn import command_line
from izhisyn.errors import ParameterError
from izhisyn.fitting.cells import MODELS
from izhisyn.fitting.figure import draw_fit
from izhisyn.fitting.fitting import GENERATIONS, PATIENCE, solve
from izhisyn.fitting.problem import pose
from izhisyn.fitting.readers import read_recording
from izhisyn.fitting.scores import OBJECTIVES, WEIGHTS
from izhisyn.fitting.search import CANDIDATES
from izhisyn.fitting.sweeps import SPIKE_THRESHOLD

SCRIPT = "fit"


def main(arguments=None):
    """Fit, and write what was found.

    Parameters
    ----------
    arguments : list of str, optional
        The command line, without the program's name; the process's own if not given.
    """
    options = parse_arguments(arguments)
    sweeps = numbered(
        one
        for path in options.recording
        for one in read_recording(path, options.spike_threshold, options.holding)
    )
    held_out = [name_of(number, sweeps) for number in options.held_out]
    problem = pose(
        sweeps,
        model=options.model,
        held_out=held_out,
        free=options.free,
        bounds=named(options.bounds, "bounds"),
        start=start_of(options.start),
        fixed=named(options.fixed, "fixed"),
        weights=named(options.weights, "weights") or None,
        precision=options.precision,
        resolution=options.resolution,
    )
    log = options.output / f"{SCRIPT}-log.npz"
    if options.resume and not log.is_file():
        raise ParameterError(f"there is no log {log} to go on with; start without --resume")
    results = command_line.Results(SCRIPT, options.output, options.quiet, ("json", "py", "png"))
    progress = SearchProgress(options)
    result = solve(
        problem,
        generations=options.generations,
        evaluations=options.evaluations,
        time_limit=options.time_limit,
        patience=options.patience,
        candidates=options.candidates,
        threads=options.threads,
        seed=options.seed,
        log=log,
        resume=options.resume,
        progress=progress,
    )
    progress.end()
    results.write_json(result.as_json())
    with results.file("py") as path:
        path.write_text(result.snippet(), encoding="utf-8")
    results.write_figure(draw_fit(result))
    results.finish(*summary(result))


def summary(result):
    """Lines that say what was found."""
    units = MODELS[result.model].units
    yield f"model {result.model}, started from {result.start}, ended by {result.ended}"
    for name in result.free:
        low, high = result.identification.intervals[name]
        yield (
            f"  {name:<6} {result.parameters[name]:>10.4g} {units[name]:<7} "
            f"as good from {low:.4g} to {high:.4g}"
        )
    yield f"  {'':<22} spikes  recorded  Gamma"
    for part, title in (("fit", "fitted"), ("held_out", "held out")):
        for one in result.scores[part]:
            yield (
                f"  {one['sweep']:<12} {title:<9} {one['spikes']:>6} "
                f"{one['recorded_spikes']:>9}  {one['gamma']:.3f}"
            )
    if not result.scores["held_out"]:
        yield "no sweep was held out: nothing says how well the cell predicts another current"
    yield from (f"warning: {warning}" for warning in result.identification.warnings)


class SearchProgress:
    """Best score and time left on a terminal."""

    def __init__(self, options):
        self.shown = command_line.Progress(SCRIPT, options.quiet)
        self.generations = options.generations
        self.time_limit = options.time_limit
        self.begun = time.monotonic()

    def __call__(self, generation, loss):
        """Report a generation."""
        done = generation / self.generations
        if self.time_limit is not None:
            done = max(done, (time.monotonic() - self.begun) / self.time_limit)
        self.shown.what = f"{SCRIPT}: generation {generation}, best error {loss:.4g}"
        self.shown(min(done, 0.999))

    def end(self):
        """Report the end, which may have come early."""
        self.shown(1.0)


def numbered(sweeps):
    """Name the sweeps of all files by their order."""
    return [dataclasses.replace(one, name=f"sweep {number}") for number, one in enumerate(sweeps)]


def name_of(number, sweeps):
    """Give the name of a sweep that the command line names by its number."""
    if number >= len(sweeps):
        raise ParameterError(
            f"--held-out names sweep {number}, and there are {len(sweeps)}; count from 0"
        )
    return f"sweep {number}"


def named(pairs, what):
    """Make a dictionary of what the command line gives several times."""
    names = [name for name, _ in pairs]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise ParameterError(f"--{what} gives {min(doubled)} twice; give it once")
    return dict(pairs)


def start_of(values):
    """Give the start that the command line names: a published cell, or values."""
    if not values:
        return None
    if len(values) == 1 and "=" not in values[0]:
        return values[0]
    return named([assignment(value) for value in values], "start")


def assignment(text):
    """Convert an argument such as ``a=0.02``."""
    name, _, value = text.partition("=")
    if not name or not value:
        raise ParameterError(f"{text!r} gives no value; write it as a=0.02")
    try:
        return name, command_line.number(value)
    except argparse.ArgumentTypeError as error:
        raise ParameterError(f"{text!r} gives no number ({error}); write it as a=0.02") from error


def interval(text):
    """Convert an argument such as ``a=0.01:0.1``."""
    name, _, values = text.partition("=")
    low, _, high = values.partition(":")
    if not name or not low or not high:
        raise argparse.ArgumentTypeError(f"{text!r} gives no bounds, write them as a=0.01:0.1")
    return name, (command_line.number(low), command_line.number(high))


def value_of(text):
    """Convert an argument such as ``a=0.02``, for argparse."""
    try:
        return assignment(text)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def parse_arguments(arguments):
    """Read the command line."""
    parser = command_line.argument_parser(
        SCRIPT,
        "Fit an Izhikevich neuron to recorded spikes and voltages. Writes the parameters and "
        "scores (fit.json), code that creates the cell (fit.py) and a figure (fit.png).",
    )
    parser.prog = command_line.program("izhisyn.fitting")
    parser.add_argument(
        "recording",
        nargs="+",
        help="CSV or .npz file with columns such as time_ms, current_pA and voltage_mV, or one "
        "that Neo reads, such as ABF; sweeps are numbered from 0 over all files",
    )
    parser.add_argument("--model", choices=sorted(MODELS), default="2007", help="model to fit")
    parser.add_argument(
        "--held-out",
        nargs="+",
        type=command_line.integer_from_zero,
        default=[],
        metavar="SWEEP",
        help="numbers of sweeps that are predicted, not fitted",
    )
    parser.add_argument(
        "--free", nargs="+", metavar="NAME", help="free parameters, if not the model's own"
    )
    parser.add_argument(
        "--bounds",
        nargs="+",
        type=interval,
        default=[],
        metavar="NAME=LOW:HIGH",
        help="bounds of free parameters",
    )
    parser.add_argument(
        "--fixed",
        nargs="+",
        type=value_of,
        default=[],
        metavar="NAME=VALUE",
        help="values of parameters that are not free",
    )
    parser.add_argument(
        "--start",
        nargs="+",
        metavar="CELL|NAME=VALUE",
        help="a published cell such as RS, or values; all published cells if not given",
    )
    parser.add_argument(
        "--weights",
        nargs="+",
        type=value_of,
        default=[],
        metavar="NAME=VALUE",
        help=f"weights of the objectives {', '.join(OBJECTIVES)}; without this option "
        + " ".join(f"{name}={weight:g}" for name, weight in WEIGHTS.items()),
    )
    parser.add_argument(
        "--precision",
        type=command_line.positive_number,
        metavar="MS",
        help="largest distance of coincident spikes [ms]; 2, or less for a cell that fires very "
        "fast, if not given",
    )
    parser.add_argument(
        "--spike-threshold",
        type=command_line.number,
        default=SPIKE_THRESHOLD,
        metavar="MV",
        help="voltage whose upward crossing is a spike, if the file has no spike times [mV]",
    )
    parser.add_argument(
        "--holding",
        type=command_line.number,
        metavar="PA",
        help="current before each sweep, under which the cell had come to rest [pA]; the first "
        "sample of the sweep if not given",
    )
    parser.add_argument(
        "--generations",
        type=command_line.positive_integer,
        default=GENERATIONS,
        metavar="N",
        help="most generations",
    )
    parser.add_argument(
        "--evaluations",
        type=command_line.positive_integer,
        metavar="N",
        help="most candidates that are simulated",
    )
    parser.add_argument(
        "--patience",
        type=command_line.positive_integer,
        default=PATIENCE,
        metavar="N",
        help="generations without gain after which the search ends",
    )
    parser.add_argument(
        "--candidates",
        type=command_line.positive_integer,
        default=CANDIDATES,
        metavar="N",
        help="candidates in a generation, once the searches from all starts have converged",
    )
    parser.add_argument(
        "--time-limit",
        type=command_line.positive_number,
        metavar="S",
        help="time after which no other generation begins [s]",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the search that --output has the log of"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command_line.run_script(main)
