# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the models in the form that NEST Desktop imports.

The file, nest_desktop.json, holds a description of each neuron and synapse, and a project that
uses them. Their defaults are those of the compiled models, their units and meanings those of the
NESTML source. docs/nest-desktop.md explains how to start NEST Desktop, and how to import the file.
"""

import argparse
from pathlib import Path

from izhisyn import command_line, nest_desktop
from izhisyn.kernel import nest, start_kernel
from izhisyn.nestml_source import read_model

from . import build_module

EXAMPLE_NEURON = "izhikevich_cond_multisyn_neuron"


def main(arguments=None):
    """Write the file."""
    options = parse_arguments(arguments)
    results = command_line.Results("nest_desktop", options.output, endings=("json",))
    start_kernel()
    results.write_json(descriptions())
    results.finish()


def parse_arguments(arguments=None):
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog=command_line.program("pynest_scripts nest-desktop"),
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("output"),
        metavar="DIR",
        help="folder for the file (default: output)",
    )
    return parser.parse_args(arguments)


def descriptions():
    """Describe the models and the project; NEST must have the module.

    Returns
    -------
    list of dict
        Without the synapse that needs a volume transmitter, which NEST Desktop cannot give it.
    """
    described = []
    for path in sorted(build_module.OWN_MODELS.glob("*.nestml")):
        model = read_model(path)
        defaults = nest.GetDefaults(model.name)
        if not model.is_synapse:
            described.append(nest_desktop.describe_neuron(model, defaults))
        elif "volume_transmitter" not in defaults:
            described.append(nest_desktop.describe_synapse(model, defaults))
    static = nest.GetDefaults(nest_desktop.RECEPTOR_SYNAPSE)
    receptors = nest_desktop.receptor_types(nest.GetDefaults(EXAMPLE_NEURON))
    return [
        *described,
        nest_desktop.describe_receptor_synapse(static),
        nest_desktop.example_project(EXAMPLE_NEURON, receptors, build_module.OWN_MODULE),
    ]


if __name__ == "__main__":
    command_line.run_script(main)
