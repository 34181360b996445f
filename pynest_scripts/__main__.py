# SPDX-License-Identifier: GPL-2.0-or-later
"""The command ``izhisyn``: builds the models, runs the experiments, shows what is installed."""

import argparse
import difflib
import importlib
import shutil
import sys
import textwrap

from izhisyn import __version__, command_line
from izhisyn.errors import ParameterError

from .commands import catalogue

USAGE = """\
First compile the models, then draw figure 2 of Izhikevich (2003) into the folder output:

  izhisyn build
  izhisyn figure2

izhisyn COMMAND --help lists the options of a command.
"""


def main():
    """Run the command that the command line names."""
    command_line.run_script(dispatch)


def dispatch():
    """Hand the rest of the command line to the command's own ``main``."""
    parser = argument_parser()
    options = parser.parse_args()
    if options.command is None:
        parser.print_help()
        return
    name = options.command.replace("_", "-")
    name = catalogue.ALIASES.get(name, name)
    commands = catalogue.commands()
    if name not in commands:
        raise ParameterError(f"there is no command {options.command!r}; {advice(name, commands)}")
    sys.argv = [f"{parser.prog} {name}", *options.arguments]
    sys.exit(importlib.import_module(commands[name]).main())


def argument_parser():
    """Make the parser, whose help lists the commands."""
    parser = argparse.ArgumentParser(
        prog="izhisyn",
        usage="izhisyn [--help] [--version] COMMAND ...",
        description="Izhikevich neurons with AMPA, NMDA and GABA-A synapses for NEST.\n\n" + USAGE,
        epilog=f"commands:\n{listing(catalogue.TOOLS)}\n\n"
        f"experiments, each writing a figure and its numbers:\n{listing(catalogue.scripts())}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"izhisyn {__version__}")
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def listing(commands):
    """List commands with what they do, one a line."""
    aliases = {name: alias for alias, name in catalogue.ALIASES.items()}
    lines = []
    for name, module in commands.items():
        names = f"{name} ({aliases[name]})" if name in aliases else name
        lines += textwrap.wrap(
            catalogue.summary(module),
            width=shutil.get_terminal_size().columns,
            initial_indent=f"  {names:<30}",
            subsequent_indent=" " * 32,
        )
    return "\n".join(lines)


def advice(name, commands):
    """Say what a user who wrote a wrong name may have meant."""
    similar = difflib.get_close_matches(name, [*commands, *catalogue.ALIASES], n=1)
    return f"did you mean {similar[0]}?" if similar else "izhisyn --help lists them"


if __name__ == "__main__":
    main()
