# SPDX-License-Identifier: GPL-2.0-or-later
"""NESTML has nothing to say about a generated file that it would not say about a written one."""

import pytest
from pynestml.frontend.pynestml_frontend import generate_target
from pynestml.utils.logger import Logger, LoggingLevel

from izhisyn.brian2_import import synapse_to_nestml, to_nestml
from tests.brian2_import.cases import CASES, OTHER_CASES, QUADRATIC, SHORT_TERM_PLASTICITY

# The author's own names (a, d, h, m) may be units, a model that asks for dt has a fixed step, and
# not every model has synapses.
EXPECTED = (
    "has the same name as a physical unit",
    "fixed-timestep functions",
    "Input block not defined",
)
MODELS = {name: (to_nestml, case.model) for name, case in {**CASES, **OTHER_CASES}.items()} | {
    "stp": (synapse_to_nestml, SHORT_TERM_PLASTICITY),
    "quadratic": (to_nestml, QUADRATIC),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in OTHER_CASES else name
        for name in MODELS
    ],
)
def test_nestml_has_no_error_and_no_warning(name, tmp_path):
    """Errors would stop the build; warnings would make a user look for a mistake."""
    write, arguments = MODELS[name]
    file = tmp_path / f"{name}_model.nestml"
    file.write_text(write(**arguments, name=f"{name}_model"))
    assert not generate_target(str(file), "none", target_path=str(tmp_path))
    messages = [text for *_, text in Logger.get_messages(level=LoggingLevel.WARNING)]
    assert [text for text in messages if not any(known in text for known in EXPECTED)] == []
