# SPDX-License-Identifier: GPL-2.0-or-later
"""The models are whole files that NESTML builds alone; what two of them share is the same text."""

import itertools
import re
from collections import defaultdict

from izhisyn.brian2_import import quadratic
from tests.conftest import ROOT

COMMENT, HEAD, LINES = (
    r"(?:^    #.*\n)*",
    r"^    function (\w+)\(.*\n",
    r"(?:^ {8}.*\n|\n(?= {8}))+",
)
FUNCTION = re.compile(COMMENT + HEAD + LINES, re.MULTILINE)
PARAMETER = re.compile(r"^        (\w+) (?:real|mV|integer) = .*\[\[.*$", re.MULTILINE)
MODELS = sorted((ROOT / "models").glob("izhikevich*.nestml"))
OF_2003 = [path for path in MODELS if re.match("izhikevich_(psc|cond)_", path.name)]


def functions(text):
    """Give the text of each function of a model, with the comment above it."""
    return {match[1]: match[0].strip() for match in FUNCTION.finditer(text)}


def test_every_function_is_found():
    """The pattern misses none: as many as there are lines that begin one."""
    for path in MODELS:
        assert len(functions(path.read_text())) == path.read_text().count("\n    function "), (
            path.name
        )


def test_functions_of_several_models_are_the_same_text():
    """Whoever mends a function in one model mends it in all, and in the Brian2 importer."""
    texts = defaultdict(dict)
    for path in MODELS:
        for name, text in functions(path.read_text()).items():
            texts[name][path.name] = text
    for name, text in functions(quadratic.FUNCTIONS).items():
        texts[name]["quadratic.py"] = text
    shared = {name: of_model for name, of_model in texts.items() if len(of_model) > 1}
    assert {"flow", "flow_time", "mean_rise", "rise_of", "gate", "feed", "clipped"} <= set(shared)
    for name, of_model in shared.items():
        for (first, one), (second, other) in itertools.pairwise(of_model.items()):
            assert one == other, f"{name} differs between {first} and {second}"


def test_parameters_of_several_models_are_the_same_lines():
    """What the 2003 models share in names they share in defaults, bounds and meanings."""
    assert len(OF_2003) == 3
    lines = defaultdict(set)
    for path in OF_2003:
        for match in PARAMETER.finditer(path.read_text()):
            lines[match[1]].add(match[0])
    assert {"a", "V_th", "quadratic", "half_Mg2", "integrator"} <= set(lines)
    assert [name for name, texts in lines.items() if len(texts) > 1] == []
