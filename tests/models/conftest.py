# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the model tests."""

import pytest

from tests.models.single_neuron import COND, COND_2007, PSC


@pytest.fixture(params=[PSC, COND], ids=["psc", "cond"])
def multisyn_model(request):
    """Name of each of the two Izhikevich (2003) models with receptors."""
    return request.param


@pytest.fixture(params=[PSC, COND, COND_2007], ids=["psc", "cond", "cond2007"])
def receptor_model(request):
    """Name of each model with receptors."""
    return request.param
