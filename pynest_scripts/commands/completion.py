# SPDX-License-Identifier: GPL-2.0-or-later
"""Print a script that lets a shell complete the commands and options of izhisyn.

For bash, put ``eval "$(izhisyn completion bash)"`` into ~/.bashrc; for zsh, the same with zsh into
~/.zshrc, after compinit. Quicker at every start of a shell: write the output to a file once, and
``source`` it.
"""

import argparse
import contextlib
import importlib
import io
import os
import re
from pathlib import Path

from izhisyn import command_line

from . import catalogue

FUNCTION = """\
_izhisyn() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} words
    case "$COMP_CWORD ${{COMP_WORDS[1]}} ${{COMP_WORDS[COMP_CWORD-1]}}" in
        "1 "*) words="{commands} --help --version" ;;
{cases}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _izhisyn izhisyn
"""
SHELLS = {"bash": FUNCTION, "zsh": "autoload -U +X bashcompinit && bashcompinit\n" + FUNCTION}


def main(arguments=None):
    """Print the script."""
    options = parse_arguments(arguments)
    commands = catalogue.commands()
    cases = []
    for name, module in commands.items():
        aliases = [alias for alias, target in catalogue.ALIASES.items() if target == name]
        cases += command_cases([name, *aliases], help_text(module))
    words = " ".join([*commands, *catalogue.ALIASES])
    print(SHELLS[options.shell].format(commands=words, cases="\n".join(cases)), end="")


def parse_arguments(arguments=None):
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog=command_line.program("pynest_scripts completion"),
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    login_shell = Path(os.environ.get("SHELL", "")).name
    parser.add_argument(
        "shell",
        nargs="?",
        choices=list(SHELLS),
        default=login_shell if login_shell in SHELLS else "bash",
        help="your shell; that of $SHELL if not given, or bash",
    )
    return parser.parse_args(arguments)


def help_text(module):
    """Collect what a command prints on ``--help``."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        importlib.import_module(module).main(["--help"])
    return printed.getvalue()


def command_cases(names, text):
    """Write the branches for one command.

    Parameters
    ----------
    names : list of str
        The command and its aliases.
    text : str
        Its help.

    Returns
    -------
    list of str
        Branches of a ``case`` statement that looks at the position, the command and the word
        before the one to be completed. Without words, the shell completes file names.
    """
    cases = []
    words = []
    for option, value in re.findall(r"^  (?:-\w, )?(--[\w-]+|\{.*\})(.*?)(?:  |$)", text, re.M):
        if option.startswith("{"):
            words += option.strip("{}").split(",")
            continue
        words.append(option)
        if value:
            choices = re.match(r" \{(.*?)\}", value)
            cases.append(case(names, option, choices[1].split(",") if choices else []))
    return [*cases, case(names, "", words)]


def case(names, option, words):
    """Write the branch for what follows an option, or for a new word if ``option`` is empty."""
    patterns = "|".join(f'*" {name} {option}"{"" if option else "*"}' for name in names)
    return f'        {patterns}) words="{" ".join(words)}" ;;'


if __name__ == "__main__":
    command_line.run_script(main)
