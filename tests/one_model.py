# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the quick tests that concern a model, in as many processes as there are processors.

``python -m tests.one_model models/x.nestml [arguments of pytest]``, or ``make test MODELS=...``.
Those concern it whose code or parameters have its name in them.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from types import CodeType, FunctionType, ModuleType

import pytest

NO_TESTS = pytest.ExitCode.NO_TESTS_COLLECTED


def main(arguments: list[str]) -> int:
    """Run the tests, and give the code with which to exit."""
    models = [f"--model={each}" for each in arguments if each.endswith(".nestml")]
    others = [each for each in arguments if not each.endswith(".nestml")]
    command = [sys.executable, "-m", "pytest", "tests/models", "-m", "not slow", *models, *others]
    parts = len(os.sched_getaffinity(0))
    processes = [
        subprocess.Popen([*command, f"--part={n}/{parts}"], stdout=subprocess.PIPE, text=True)
        for n in range(parts)
    ]
    for process in processes:
        print(process.communicate()[0], flush=True)
    codes = {process.returncode for process in processes}
    return max(codes - {NO_TESTS}, default=NO_TESTS)


def concerns(item: pytest.Item, chosen: set[str], others: set[str]) -> bool:
    """Find whether a test concerns one of the chosen models.

    A test with a parameter that is a model concerns this one. Any other concerns the models whose
    names occur in it, in its fixtures, or in the functions of the tests that these call.
    """
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    given = set(strings(list(parameters.values())))
    if given & (chosen | others):
        return bool(given & chosen)
    fixtures = item._fixtureinfo.name2fixturedefs
    functions = [item.function, *(each[-1].func for each in fixtures.values())]
    return bool(chosen & names_in(functions))


def names_in(functions: Iterable) -> set[str]:
    """Collect the strings in functions, in the globals they use, and in those they call."""
    found, seen, waiting = set(), set(), list(functions)
    while waiting:
        function = waiting.pop()
        function = getattr(function, "__wrapped__", function)
        if not isinstance(function, FunctionType) or function in seen:
            continue
        seen.add(function)
        if not function.__module__.startswith(("tests.", "test_", "conftest")):
            continue
        for code in codes(function.__code__):
            found |= set(strings(code.co_consts))
            for name in code.co_names:
                value = function.__globals__.get(name)
                if isinstance(value, ModuleType):
                    continue
                waiting.append(value)
                found |= set(strings(value))
    return found


def codes(code: CodeType) -> Iterable[CodeType]:
    """Give the code of a function, and of those inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def strings(value: object) -> Iterable[str]:
    """Give the strings in what may be a string, a collection, or neither."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings([*value.keys(), *value.values()])
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from strings(each)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
