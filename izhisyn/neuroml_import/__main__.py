# SPDX-License-Identifier: GPL-2.0-or-later
"""Write a PyNEST script of a NeuroML network of Izhikevich cells."""

import argparse
import sys
from pathlib import Path

from izhisyn import command_line
from izhisyn.errors import ParameterError, reporting_failure_to_write
from izhisyn.files import write_text


def main(arguments=None):
    """Write the script, and name what it leaves behind.

    Parameters
    ----------
    arguments : list of str, optional
        The command line, without the program's name; the process's own if not given.
    """
    options = parse_arguments(arguments)
    try:
        import neuroml  # noqa: F401
    except ImportError as error:
        raise ParameterError(
            f"{sys.executable} cannot import neuroml ({error}); pip install 'izhisyn[neuroml]'"
        ) from error
    from izhisyn.neuroml_import import pynest_script, read_network

    network = read_network(options.file)
    text = pynest_script(network, options.file.name, options.resolution, options.simtime)
    with reporting_failure_to_write(options.output):
        options.output.mkdir(parents=True, exist_ok=True)
        path = options.output / "run.py"
        write_text(path, text)
    print(path)
    for note in network.left_behind:
        print(f"left behind: {note}")


def parse_arguments(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog=command_line.program("izhisyn.neuroml_import"),
        description="Write a PyNEST script, run.py, of a NeuroML network: izhikevichCell and "
        "izhikevich2007Cell with pulse generators, exponential synapses, populations, projections "
        "and inputs. The script does not need NeuroML.",
    )
    parser.add_argument("file", type=Path, help="NeuroML 2 file with a network")
    parser.add_argument(
        "--output", type=Path, default=Path("imported"), metavar="DIR", help="default: imported"
    )
    parser.add_argument(
        "--resolution",
        type=command_line.positive_number,
        default=0.1,
        metavar="MS",
        help="time step of the script [ms] (default: 0.1)",
    )
    parser.add_argument(
        "--simtime",
        type=command_line.positive_number,
        default=1000.0,
        metavar="MS",
        help="default duration of the script's simulation [ms], which stands in a LEMS file and "
        "not in the network (default: 1000)",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command_line.run_script(main)
