# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells whose parameters are known are found again, and predict a current that was held out.

Each cell is a published one moved by 4 % of the ranges, so that no search starts at its goal.
"""

import pytest

from izhisyn.fitting import fit
from izhisyn.fitting.cells import MODELS
from tests.fitting.recordings import current_of, perturbed, recorded, stimuli

pytestmark = [pytest.mark.usefixtures("module_build"), pytest.mark.slow]

HELD_OUT = "sweep 4"
ALL = [(model, name) for model in MODELS for name in MODELS[model].types]


def fitted(model, name, generations, **search):
    """Record a cell and fit it."""
    cell = perturbed(model, name)
    sweeps = recorded(model, cell, stimuli(current_of(model, name)))
    result = fit(sweeps, model, [HELD_OUT], start=name, generations=generations, **search)
    return cell, result


@pytest.mark.parametrize("model, name", ALL)
def test_cell_predicts_the_held_out_current(model, name):
    """Gamma of at least 0.95, the voltage being recorded."""
    cell, result = fitted(model, name, generations=200)
    print(
        model,
        name,
        result.loss,
        result.mean_score("fit", "gamma"),
        result.mean_score("held_out", "gamma"),
        {k: f"{result.parameters[k]:.3g}/{cell.get(k, 1):.3g}" for k in result.free},
        result.identification.warnings,
    )
    assert result.mean_score("held_out", "gamma") >= 0.95
