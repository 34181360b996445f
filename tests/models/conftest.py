# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the model tests."""

import pytest

from tests.models.single_neuron import COND, PSC


@pytest.fixture(params=[PSC, COND], ids=["psc", "cond"])
def multisyn_model(request):
    """Name of each of the two models with receptors."""
    return request.param
