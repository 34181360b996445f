# SPDX-License-Identifier: GPL-2.0-or-later
"""The text of PyNEST scripts, laid out as a person would write it."""

import re
import textwrap
from dataclasses import dataclass, field

WIDTH = 100
# Where a script has the functions of izhisyn from.
_HOMES = {
    "izhisyn.kernel": ("nest", "simulate", "start_kernel"),
    "izhisyn.recording": ("record_spikes", "record_traces", "spikes", "traces"),
    "izhisyn.wiring": (
        "connect_pairs",
        "create_cells",
        "receptor_types",
        "step_current",
        "syn_spec",
    ),
}
_STANDARD = ("argparse", "json")


@dataclass
class Function:
    """A function of a script.

    Attributes
    ----------
    name, docstring : str
    lines : list of str
        Its statements, without indentation of their own.
    parameters : str
        As between the parentheses.
    """

    name: str
    docstring: str
    lines: list = field(default_factory=list)
    parameters: str = ""


@dataclass
class Script:
    """A PyNEST script.

    Attributes
    ----------
    title : str
        First line of its docstring.
    paragraphs : list of str
        What follows there: what its user must know.
    left_behind : list of str
        What is not carried over, a phrase for each.
    constants : list of str
        Statements before the functions.
    functions : list of Function
        In the order of their use; the last one is ``main``.
    """

    title: str
    paragraphs: list
    left_behind: list
    constants: list
    functions: list

    def text(self):
        """Write the script.

        Returns
        -------
        str
        """
        body = "".join(_function(function) for function in self.functions)
        constants = "".join(f"{line}\n" for line in self.constants)
        docstring = self._docstring()
        raw = "r" if "\\" in docstring else ""
        return (
            f'{raw}"""{docstring}\n"""\n\n{_imports(constants + body)}\n{constants}{body}'
            '\n\nif __name__ == "__main__":\n    main()\n'
        )

    def _docstring(self):
        parts = [self.title, *self.paragraphs]
        if self.left_behind:
            notes = "\n".join(_wrapped(f"- {note}", "  ") for note in self.left_behind)
            parts.append(f"Not carried over:\n\n{notes}")
        else:
            parts.append("Everything is carried over.")
        return "\n\n".join(part if "\n" in part else _wrapped(part) for part in parts)


@dataclass(frozen=True)
class Brackets:
    """Something in brackets: a call, a dictionary, a list.

    Attributes
    ----------
    begin, end : str
        For example ``nest.Create(`` and ``)``.
    items : tuple of str or Brackets or tuple
        What stands between them; a tuple is a key or keyword, with what goes before its value,
        and the value.
    """

    begin: str
    items: tuple
    end: str


def call(function, *arguments, **keywords):
    """Write a call, for `statement`.

    Parameters
    ----------
    function : str
    *arguments, **keywords : str or Brackets

    Returns
    -------
    Brackets
    """
    named = ((f"{name}=", value) for name, value in keywords.items())
    return Brackets(f"{function}(", (*arguments, *named), ")")


def dictionary(values):
    """Write a dictionary, for `statement`.

    Parameters
    ----------
    values : dict of str to str or Brackets

    Returns
    -------
    Brackets
    """
    return Brackets("{", tuple((f"{quoted(name)}: ", value) for name, value in values.items()), "}")


def sequence(values):
    """Write a list, for `statement`.

    Parameters
    ----------
    values : iterable of str or Brackets

    Returns
    -------
    Brackets
    """
    return Brackets("[", tuple(values), "]")


def quoted(text):
    """Write a string in double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def statement(thing, before="", after="", depth=1):
    """Lay a statement out: in one line if it fits, otherwise with an item a line.

    Parameters
    ----------
    thing : str or Brackets
    before, after : str
        What stands in front of it, such as ``x = ``, and behind it.
    depth : int
        Number of indentations around it.

    Returns
    -------
    list of str
        Without those indentations.
    """
    line = f"{before}{_flat(thing)}{after}"
    if isinstance(thing, str) or not thing.items or 4 * depth + len(line) <= WIDTH:
        return [line]
    lines = [f"{before}{thing.begin}"]
    for item in thing.items:
        name, value = item if isinstance(item, tuple) else ("", item)
        lines += [f"    {line}" for line in statement(value, name, ",", depth + 1)]
    return [*lines, f"{thing.end}{after}"]


def comment(text, depth=1):
    """Write a comment of one or more lines, for a statement list.

    Parameters
    ----------
    text : str
    depth : int
        Number of indentations around it.

    Returns
    -------
    list of str
    """
    return [
        f"# {line}"
        for part in text.splitlines()
        for line in textwrap.wrap(part, WIDTH - 4 * depth - 2, break_long_words=False)
    ]


def _flat(thing):
    if isinstance(thing, str):
        return thing
    items = (
        f"{item[0]}{_flat(item[1])}" if isinstance(item, tuple) else _flat(item)
        for item in thing.items
    )
    return f"{thing.begin}{', '.join(items)}{thing.end}"


def _wrapped(text, indent=""):
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _function(function):
    lines = [
        f"def {function.name}({function.parameters}):",
        f'    """{function.docstring}"""',
        *(f"    {line}" if line else "" for line in function.lines),
    ]
    return "\n\n" + "".join(f"{line}\n" for line in lines)


def _imports(body):
    """Write the imports that the rest of a script needs."""

    def is_used(name):
        return re.search(rf"(?<![\w.]){name}\b", body) is not None

    standard = [f"import {name}\n" for name in _STANDARD if is_used(name)]
    if is_used("Path"):
        standard.append("from pathlib import Path\n")
    others = ["import numpy as np\n"] if is_used("np") else []
    own = []
    for module, names in _HOMES.items():
        if used := [name for name in names if is_used(name)]:
            own.append(f"from {module} import {', '.join(used)}\n")
    return "\n".join("".join(group) for group in (standard, others, own) if group)
