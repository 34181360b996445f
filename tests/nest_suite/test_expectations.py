# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens otherwise than expected is a failure, in whichever way; with tests made up here."""

import re

import pytest

from tests.models.varied_network import COND, DELTA, MODELS
from tests.nest_suite import __main__ as nest_suite

GOOD = f"""
import nest
import pytest

@pytest.mark.parametrize("model", nest.node_models)
def test_every_model(model):
    assert nest.Create(model).model == model

def test_stand_in():
    neuron = nest.Create("iaf_psc_alpha")
    nest.ResetKernel()
    neuron = nest.Create("iaf_psc_alpha")
    assert neuron.model == "{DELTA}"
    nest.Connect(neuron, nest.Create("{COND}"))
    assert nest.GetConnections().get("receptor") == 1

def test_listed():
    assert nest.Create("iaf_psc_alpha").model == "iaf_psc_alpha"

def test_of_no_model():
    pass
"""
BAD = """
def test_unlisted():
    assert nest.Create("iaf_psc_alpha").model == "iaf_psc_alpha"

def test_mended():
    nest.Create("iaf_psc_alpha")
"""


@pytest.fixture
def run(module_build, tmp_path):
    """Run made-up tests with the list of those that should fail; give pytest's result."""

    def run(text, *listed):
        file = tmp_path / "tests" / "other" / "test_made_up.py"
        file.parent.mkdir(parents=True)
        file.write_text(text)
        tests = [f"other/test_made_up.py::{name}" for name in listed]
        expectations = tmp_path / "expectations.toml"
        expectations.write_text(
            f'[[fails]]\nsubstitutions = ["all-models"]\nreason = "made up"\ntests = {tests}\n'
        )
        arguments = ["--expectations", str(expectations)]
        return nest_suite.run(tmp_path / "tests", "all-models", arguments)

    return run


def test_all_as_expected(run):
    """Loops meet our nodes only; a test that uses none of them is not counted."""
    result = run(GOOD, "test_listed")
    assert result.returncode == 0, result.stdout
    counts = re.search(r"(\d+) passed, 1 skipped, 1 xfailed", result.stdout)
    assert counts, result.stdout
    # The neurons, a few devices, and test_stand_in; NEST has 150 models.
    assert len(MODELS) + 1 <= int(counts[1]) < 25


def test_three_ways_to_fail(run):
    """A failure that is not listed, a listed test that passes, and one that does not exist."""
    result = run(GOOD + BAD, "test_listed", "test_mended", "test_gone")
    assert result.returncode != 0
    assert "2 failed" in result.stdout
    assert "test_unlisted" in result.stdout
    gone = "no such test, or it does not fail any more: other/test_made_up.py"
    assert f"{gone}::test_gone" in result.stdout
    assert f"{gone}::test_mended" in result.stdout
    assert f"{gone}::test_listed" not in result.stdout


def test_a_listed_test_that_is_gone_is_enough(run):
    """Even if all others do what they should."""
    assert run(GOOD, "test_listed", "test_gone").returncode != 0
