# SPDX-License-Identifier: GPL-2.0-or-later
"""In which ways NEST's tests meet our models, and which of these tests fail for good reasons."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.models.varied_network import DELTA

EXPECTATIONS = Path(__file__).with_name("expectations.toml")

# NEST's tests use these where any neuron would do.
ORDINARY_NEURONS = ("iaf_psc_alpha", "iaf_psc_exp", "iaf_psc_delta", "iaf_cond_alpha")
IN_QUOTES = tuple(f'"{neuron}"' for neuron in ORDINARY_NEURONS)
# Tests that loop over synapses want a neuron that takes all of NEST's; ours take all of ours.
UNIVERSAL_NEURON = "hh_psc_alpha_gap"
# They leave out stdp_dopamine_synapse, which needs a volume transmitter before it is connected.
NEED_TRANSMITTER = ("dopamine_stdp_izhikevich_synapse", "dopamine_stdp_izhikevich_synapse_lbl")


@dataclass(frozen=True)
class Substitution:
    """What stands in for what, and in which files.

    Attributes
    ----------
    neuron : str
        Is created in place of `ORDINARY_NEURONS`.
    synapse : str
        Connects in place of ``static_synapse``.
    hides_nest_models : bool
        Whether ``nest.node_models`` and ``nest.synapse_models``, which tests loop over, contain
        only the models of our module.
    folders : tuple of str
        Where the tests are.
    texts : tuple of str
        A file is run by the first substitution of which it contains one of these.
    """

    neuron: str
    synapse: str
    hides_nest_models: bool
    folders: tuple[str, ...]
    texts: tuple[str, ...]


# What is left are scripts for mpirun, of which tests/mpi has our own, and the numbers of models.
GENERAL = ("connect", "other", "recording", "regressions", "spatial", "structural_plasticity")
GENERAL += ("synapses",)
OF_MODELS = ("neurons", "stimulating")

SUBSTITUTIONS = {
    # What is said of all models
    "all-models": Substitution(
        neuron=DELTA,
        synapse="static_synapse",
        hides_nest_models=True,
        folders=GENERAL + OF_MODELS,
        texts=("node_models", "synapse_models"),
    ),
    # How nodes are connected, recorded, changed and asked
    "pooled-synapse": Substitution(
        neuron=DELTA,
        synapse="static_synapse_pooled",
        hides_nest_models=False,
        folders=GENERAL,
        texts=IN_QUOTES,
    ),
}


@dataclass(frozen=True)
class Expectations:
    """What `EXPECTATIONS` says of one substitution.

    Attributes
    ----------
    not_run : frozenset of str
        Files, folders and tests that are not run.
    failures : dict
        Test, or function with all its parameters, to the reason for which it fails.
    """

    not_run: frozenset[str]
    failures: dict[str, str]


def expectations(substitution: str, file: Path) -> Expectations:
    """Read what is expected under the name of a substitution."""
    tables = tomllib.loads(file.read_text())

    def rows(kind: str) -> list[dict]:
        return [row for row in tables.get(kind, []) if substitution in row["substitutions"]]

    return Expectations(
        frozenset(name for row in rows("not_run") for name in row["tests"]),
        {name: row["reason"] for row in rows("fails") for name in row["tests"]},
    )
