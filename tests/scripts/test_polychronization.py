# SPDX-License-Identifier: GPL-2.0-or-later
"""The script of the network of Izhikevich (2006); tests/learning has its spikes and weights."""

from dataclasses import fields

import numpy as np
import pytest

from pynest_scripts import polychronization

SCRIPT = "polychronization"


@pytest.fixture
def network(tmp_path):
    """Write the network of seed 3 and 2000 ms of its stimulus to a file."""
    drawn = polychronization.draw(seed=3, n_ms=2000)
    file = tmp_path / "network.npz"
    np.savez(file, **{field.name: getattr(drawn, field.name) for field in fields(drawn)})
    return file


def test_network_from_a_file(run_script, network):
    """It gives the spikes that it gives when it is drawn."""
    drawn = run_script(SCRIPT, "--simtime", "2000", "--seed", "3", "--snapshots", "500")
    assert drawn.returncode == 0, drawn.stderr
    given = run_script(SCRIPT, "--simtime", "2000", "--connectivity", str(network))
    assert given.returncode == 0, given.stderr
    assert given.json()["spike_digest"] == drawn.json()["spike_digest"]
    assert given.json()["num_spikes"] > 2000
    assert given.figure().shape[:2] == (1771, 2125)  # two rasters of 5 cm and a row below, 300 dpi


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--simtime", "3000", "--connectivity", "{network}"), "ends after 2000 ms"),
        (("--connectivity", "{network}.nothing"), "cannot read --connectivity"),
        (("--simtime", "10"), "--simtime 10 ms is shorter"),
        (("--snapshots", "59500"), "--snapshots 59500 ms ends after"),
        (("--resolution", "0.1"), "--resolution 0.1 ms is not the step"),
    ],
)
def test_wrong_arguments_are_one_sentence(run_script, network, arguments, message):
    """With the value and what to do."""
    run = run_script(SCRIPT, *(argument.format(network=network) for argument in arguments))
    assert run.returncode == 2
    assert message in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_file_without_an_array_is_named(run_script, tmp_path):
    """It may be any archive of NumPy's."""
    file = tmp_path / "other.npz"
    np.savez(file, sources=[0])
    run = run_script(SCRIPT, "--connectivity", str(file))
    assert run.returncode == 2
    assert f"cannot read --connectivity {file}" in run.stderr
    assert len(run.stderr.splitlines()) == 1
