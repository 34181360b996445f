# SPDX-License-Identifier: GPL-2.0-or-later
"""All examples of Brian2 itself, see brian2_examples.py; run by ``make test-brian2-examples``."""

import json
import re
from dataclasses import dataclass

import numpy as np
import pytest

from tests.brian2_import.brian2_examples import TABLE, all_findings, examples
from tests.brian2_import.whole_scripts import compare, statistics

KNOWN = json.loads(TABLE.read_text())


@dataclass(frozen=True)
class Ending:
    """What stands instead of the rest of a script."""

    text: str = ""


CUT = Ending()

# Scripts whose spikes and traces are compared, with what is replaced to make them short or, where
# they draw numbers while they run, the same in both simulators.
COMPARED = {
    "CUBA.py": (),
    "COBAHH.py": (("run(1 * second", "run(0.1 * second"),),
    "IF_curve_LIF.py": (),
    "phase_locking.py": (),
    "frompapers/Brette_Gerstner_2005.py": (),
    "synapses/synapses.py": (),
    "synapses/jeffress.py": (
        ("sigma_ear = .1", "sigma_ear = 0"),
        ("sigma = .1", "sigma = 0"),
        ("run(1000*ms)", "run(300*ms)"),
    ),
    "frompapers/Jansen_Rit_1995_single_column.py": (("run(5*second", "run(0.2*second"),),
    "synapses/STDP.py": (
        ("N = 1000", "N = 100"),
        (
            "PoissonGroup(N, rates=F)",
            "SpikeGeneratorGroup(N, arange(3000) % N, cumsum(arange(3000) * 7 % 11)*0.1*ms)",
        ),
        ("gmax = .01", "gmax = .06"),
        ("SpikeMonitor(poisson_input)", "SpikeMonitor(neurons)"),
        ("run(100*second", "v_mon = StateMonitor(neurons, 'v', record=0); run(1.5*second"),
    ),
    "adaptive_threshold.py": (
        (
            "PoissonGroup(1, 500 * Hz)",
            "SpikeGeneratorGroup(1, zeros(400, dtype=int), cumsum([1.3, 2.7]*200)*ms)",
        ),
    ),
    "frompapers/Brunel_Hakim_1999.py": (
        ("N = 5000", "N = 500"),
        ("C = 1000", "C = 100"),
        ("sigmaext = 1*mV", "sigmaext = 0*mV"),
        ("group.V = Vr", "group.V = 'Vr + rand()*(theta - Vr)'"),
    ),
    "frompapers/Stimberg_et_al_2018/example_1_COBA.py": (
        ("import plot_utils as pu", ""),
        ("duration = 1.0*second", "duration = 0.1*second"),
        ("N_e = 3200", "N_e = 800"),
        ("N_i = 800", "N_i = 200"),
        ("# Analysis and plotting", CUT),
    ),
    # After half a second, rounding decides when a neuron near its threshold spikes.
    "frompapers/Izhikevich_2003.py": (
        ("5*randn()", "8.0"),
        ("2*randn()", "3.0"),
        ("tfinal = 1000", "tfinal = 400"),
    ),
}


# Scripts whose random input differs between the simulators: what is replaced, the monitor with the
# spikes in the script and in run(), and the number of its neurons.
RANDOM = {
    "frompapers/Brunel_2000.py": (
        (
            ("N_E = 10000", "N_E = 1000"),
            ("J = 0.1 * mV", "J = 0.2 * mV"),
            ("SpikeMonitor(neurons[:50])", "SpikeMonitor(neurons)"),
            (
                "    ax_spikes.plot",
                Ending("    return spike_monitor\n\n\ns = sim(6, 2, 500*ms, None, None, None)\n"),
            ),
        ),
        ("s", "spike_monitor"),
        1250,
    ),
    "frompapers/Brunel_Hakim_1999.py": (
        (
            ("N = 5000", "N = 1000"),
            ("C = 1000", "C = 200"),
            ("duration = .1*second", "duration = .5*second"),
        ),
        ("M", "M"),
        1000,
    ),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Import all examples; give the findings of each."""
    return all_findings(tmp_path_factory.mktemp("examples"))


def test_each_example_is_refused_or_left_behind_as_known(found):
    """A new sentence is a fault; one that is gone is progress: renew the table."""
    assert found.keys() == KNOWN["examples"].keys()
    new = {
        name: sorted(set(sentences) - set(KNOWN["examples"][name]))
        for name, sentences in found.items()
        if set(sentences) - set(KNOWN["examples"][name])
    }
    assert not new
    gone = {
        name: sorted(set(sentences) - set(found[name]))
        for name, sentences in KNOWN["examples"].items()
        if set(sentences) - set(found[name])
    }
    assert not gone, "python -m tests.brian2_import.brian2_examples --renew"


def test_each_sentence_has_a_reason():
    """Why NEST, or this importer so far, does not have it; none is a fault of the program."""
    sentences = {one for sentences in KNOWN["examples"].values() for one in sentences}
    without = [one for one in sentences if not any(re.search(p, one) for p in KNOWN["reasons"])]
    assert not without
    unused = [p for p in KNOWN["reasons"] if not any(re.search(p, one) for one in sentences)]
    assert not unused
    assert not [one for one in sentences if one.startswith("failed")]


@pytest.mark.parametrize("name", RANDOM)
def test_same_rates_and_irregularity_as_brian2(name, tmp_path):
    """Rate, and variation of intervals and of spikes in a bin, within the spread over seeds.

    Connections and input are drawn anew. With six seeds each, four standard errors of the
    difference are exceeded by chance once in 400 (t with 10 degrees of freedom).
    """
    replaced, monitors, n_neurons = RANDOM[name]
    script = shortened(name, replaced, tmp_path)
    expected, values = statistics(script, tmp_path / "out", monitors, n_neurons, range(6))
    error = np.sqrt((expected.var(axis=0, ddof=1) + values.var(axis=0, ddof=1)) / len(values))
    assert np.all(np.abs(values.mean(axis=0) - expected.mean(axis=0)) < 4 * error)
    assert np.all(error < 0.07 * expected.mean(axis=0))  # so that the comparison means something


@pytest.mark.parametrize("name", COMPARED)
def test_same_spikes_and_traces_as_brian2(name, tmp_path):
    """With the connections and initial values that the script draws."""
    assert compare(shortened(name, COMPARED[name], tmp_path), tmp_path / "out")


def shortened(name, replaced, folder):
    """Write an example with some of its text replaced, or left out from there on."""
    source = examples() / name
    text = source.read_text()
    for old, new in replaced:
        assert old in text
        if isinstance(new, Ending):
            text = text.partition(old)[0] + new.text
        else:
            text = text.replace(old, new)
    script = folder / source.name
    script.write_text(text)
    return script
