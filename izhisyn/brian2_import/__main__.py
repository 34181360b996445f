# SPDX-License-Identifier: GPL-2.0-or-later
"""Write NESTML models of the neurons and synapses of a Brian2 script."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from izhisyn import command_line
from izhisyn.errors import ParameterError, reporting_failure_to_write
from izhisyn.files import write_text, writing


def main(arguments=None):
    """Write the NESTML files of a script's objects, all or none.

    Parameters
    ----------
    arguments : list of str, optional
        The command line, without the program's name; the process's own if not given.
    """
    options = parse_arguments(arguments)
    try:
        import brian2  # noqa: F401
    except ImportError as error:
        raise ParameterError(
            f"{sys.executable} cannot import brian2 ({error}); pip install 'izhisyn[brian2]'"
        ) from error
    if options.all:
        import_all(options)
        return
    from izhisyn.brian2_import.script import import_script

    models = import_script(
        options.script, options.neuron, options.synapse, options.name, options.integrator
    )
    for path in write_all(models, options.output):
        print(path)
    for model in models:
        for note in model.notes:
            print(f"{model.name}: {note}")


def import_all(options):
    """Write the models and the PyNEST script of a whole Brian2 script."""
    import numpy as np

    from izhisyn.brian2_import.run_script import DRAWN, NESTML_OPTIONS, import_whole

    imported = import_whole(options.script, options.same_network, options.network)
    with reporting_failure_to_write(options.output):
        options.output.mkdir(parents=True, exist_ok=True)
        for model in imported.models:
            write_text(options.output / f"{model.name}.nestml", model.text)
        if imported.drawn:
            with writing(options.output / DRAWN) as aside, aside.open("wb") as file:
                np.savez_compressed(file, **imported.drawn)
        if imported.nestml_options:
            text = json.dumps(imported.nestml_options, indent=1) + "\n"
            write_text(options.output / NESTML_OPTIONS, text)
        write_text(options.output / "run.py", imported.script)
    names = [f"{model.name}.nestml" for model in imported.models]
    names += [DRAWN] if imported.drawn else []
    names += [NESTML_OPTIONS] if imported.nestml_options else []
    for name in (*names, "run.py"):
        print(options.output / name)
    for phrase in imported.renamed:
        print(f"renamed: {phrase}")
    for sentence in imported.left_behind:
        print(f"left behind: {sentence}")


def parse_arguments(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog=command_line.program("izhisyn.brian2_import"),
        description="Write NESTML models of the neurons and synapses of a Brian2 script. The "
        "script is executed up to its first run().",
    )
    parser.add_argument("script", type=Path, help="Brian2 script")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--all", action="store_true", help="the whole script: all models, and run.py for PyNEST"
    )
    what.add_argument("--neuron", metavar="G", help="one NeuronGroup, or a subgroup")
    parser.add_argument(
        "--same-network",
        action="store_true",
        help="with --all: carry over the connections and initial values that the script draws; "
        "otherwise NEST draws its own",
    )
    parser.add_argument(
        "--network",
        type=command_line.positive_integer,
        default=1,
        metavar="K",
        help="with --all: the K-th of the networks that the script simulates (default: 1)",
    )
    parser.add_argument(
        "--synapse",
        action="append",
        default=[],
        type=synapse_and_port,
        metavar="S:PORT",
        help="a Synapses object that goes to the neuron, and a name for its spike port; "
        "once for each",
    )
    parser.add_argument("--name", help="name of the neuron model (default from script and group)")
    parser.add_argument(
        "--integrator",
        choices=["exact"],
        help="exact: the exact quadratic step for a membrane that is quadratic in v; "
        "otherwise the script's method decides",
    )
    parser.add_argument(
        "--output", type=Path, default=Path("models"), metavar="DIR", help="default: models"
    )
    return parser.parse_args(arguments)


def synapse_and_port(text):
    """Split ``S_e:AMPA``."""
    synapse, colon, port = text.partition(":")
    if not (colon and synapse.isidentifier() and port.isidentifier()):
        raise argparse.ArgumentTypeError(f"{text!r} is not like S_e:AMPA")
    return synapse, port


def write_all(models, folder):
    """Write the models' files, all or none.

    Parameters
    ----------
    models : list of Nestml
    folder : pathlib.Path

    Returns
    -------
    list of pathlib.Path
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".brian2_import-") as stage:
            staged = [(Path(stage) / f"{model.name}.nestml", model) for model in models]
            for path, model in staged:
                path.write_text(model.text, encoding="utf-8")
            return [path.replace(folder / path.name) for path, _ in staged]
    except OSError as error:
        raise ParameterError(
            f"cannot write to {folder}: {error.strerror}; choose another folder with --output"
        ) from error


if __name__ == "__main__":
    command_line.run_script(main)
