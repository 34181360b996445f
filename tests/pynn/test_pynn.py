# SPDX-License-Identifier: GPL-2.0-or-later
"""PyNN scripts run on the models of izhisyn; each in a process of its own, as PyNN resets NEST."""

import json
import textwrap

import numpy as np
import pytest

START = """
    import json, warnings
    warnings.simplefilter("ignore")  # PyNN uses what NEST calls deprecated
    import numpy as np
"""
# PyNN's own example of the Izhikevich cell, as its documentation describes it: three cells that
# get a current as a parameter, spikes, and a current from an electrode.
PYNN_SCRIPT = """
    sim.setup(timestep=0.1, min_delay=1.0)
    cells = sim.Population(
        3, sim.Izhikevich(a=0.02, b=0.2, c=-65, d=6, i_offset=[0.014, 0.0, 0.0])
    )
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=np.arange(10.0, 51, 1)))
    sim.Projection(
        source, cells[1:2], sim.AllToAllConnector(), sim.StaticSynapse(weight=3.0, delay=1.0),
        receptor_type="excitatory",
    )
    electrode = sim.DCSource(start=2.0, stop=92.0, amplitude=0.014)
    electrode.inject_into(cells[2:3])
    cells.record(["v", "spikes"])
    cells.initialize(v=-70.0, u=-14.0)
    sim.run(100.0)
    segment = cells.get_data().segments[0]
    print(json.dumps([train.magnitude.tolist() for train in segment.spiketrains]))
"""


@pytest.fixture
def run_pynn(module_build, fresh_python, pytestconfig):
    """Run a script in a new process; give what its last line prints as JSON."""

    def run(script):
        source = textwrap.dedent(START) + textwrap.dedent(script)
        result = fresh_python(source, PYTHONPATH=str(pytestconfig.rootpath), PATH="/usr/bin:/bin")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout.splitlines()[-1])

    return run


def test_script_of_pynn_changes_its_import_only(run_pynn):
    """The same cells spike, at the converged times instead of those of NEST's forward Euler.

    The cell with a constant current is integrated here with a hundredth of the step. Its spikes
    are on our grid of 0.1 ms rounded up, within the error of 0.05 ms that Euler still has at its
    reset in six spikes.
    """
    ours = run_pynn("    import izhisyn.pynn as sim" + PYNN_SCRIPT)
    theirs = run_pynn("    import pyNN.nest as sim" + PYNN_SCRIPT)
    assert [len(train) > 0 for train in ours] == [len(train) > 0 for train in theirs]
    V, U, expected = -70.0, -14.0, []
    h = 0.001
    for step in range(round(100.0 / h)):
        dV = 0.04 * V**2 + 5 * V + 140 - U + 14.0
        V, U = V + h * dV, U + h * 0.02 * (0.2 * V - U)
        if V >= 30.0:
            expected.append((step + 1) * h)
            V, U = -65.0, U + 6.0
    assert np.allclose(ours[0], expected, atol=0.15)
    assert not np.allclose(theirs[0][: len(expected)], expected[: len(theirs[0])], atol=0.15)


def test_receptors_synapses_and_units(run_pynn):
    """One projection onto AMPA_NMDA drives both receptors; weights are in uS, recordings in nS.

    A spike of 0.002 uS raises g_AMPA to a peak of 2 nS (recorded on the grid of 0.1 ms, where the
    peak of a rise of 0.5 ms is flat to 1 %), by the static synapse, by the pooled one and by the
    first spike of a Tsodyks-Markram synapse of 0.004 uS with U = 0.5.
    """
    peaks = run_pynn("""
    import izhisyn.pynn as sim
    sim.setup(timestep=0.1, min_delay=1.0)
    cells = sim.Population(3, sim.izhikevich_cond_multisyn_neuron(E_rev_AMPA=-60.0))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0]))
    plastic = sim.TsodyksMarkramSynapse(weight=0.004, delay=1.0, U=0.5, tau_rec=100.0)
    pooled = sim.StaticSynapsePooled(weight=0.002, delay=1.0)
    static = sim.StaticSynapse(weight=0.002, delay=1.0)
    lengths = []
    for index, synapse in enumerate((static, pooled, plastic)):
        projection = sim.Projection(
            source, cells[index:index + 1], sim.AllToAllConnector(), synapse,
            receptor_type="AMPA_NMDA",
        )
        lengths.append(len(projection))
    cells.record(["g_AMPA", "g_NMDA"])
    sim.run(60.0)
    signals = cells.get_data().segments[0].analogsignals
    peaks = {one.name: np.asarray(one).max(axis=0).tolist() for one in signals}
    print(json.dumps([peaks, lengths, [str(one.units.dimensionality) for one in signals]]))
    """)
    by_receptor, lengths, units = peaks
    assert np.allclose(by_receptor["g_AMPA"], 2.0, rtol=0.01)
    assert np.allclose(by_receptor["g_NMDA"], 2.0, rtol=0.01)
    assert lengths == [1, 1, 1]
    assert units == ["nS", "nS"]


def test_standard_plastic_synapse_is_the_published_recursion(run_pynn):
    """Weights that the spikes release: U with pure depression, tau_facil = 0, as PyNN has it."""
    released = run_pynn("""
    import nest
    import izhisyn.pynn as sim
    sim.setup(timestep=0.1, min_delay=1.0)
    cells = sim.Population(1, sim.izhikevich_psc_multisyn_neuron())
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0, 30.0, 50.0]))
    synapse = sim.TsodyksMarkramSynapse(weight=1.0, delay=1.0, U=0.5, tau_rec=100.0, tau_facil=0.0)
    projection = sim.Projection(
        source, cells, sim.AllToAllConnector(), synapse, receptor_type="AMPA"
    )
    values = []
    for end in (20.0, 40.0, 60.0):
        sim.run_until(end)
        values += [projection.nest_connections.r]
    print(json.dumps(values))
    """)
    x, expected = 1.0, []
    for _ in range(3):
        expected.append(0.5 * x)
        x -= 0.5 * x
        x = 1.0 - (1.0 - x) * np.exp(-20.0 / 100.0)
    assert np.allclose(released, expected, rtol=1e-9)


def test_poisson_noise_reaches_the_receptor(run_pynn):
    """The mean of a conductance is rate times the integral of one spike's; they are independent.

    For 400 cells over 300 ms the mean of g_AMPA has a relative error below 1 % of chance.
    """
    mean, variance_of_cells = run_pynn("""
    import izhisyn.pynn as sim
    sim.setup(timestep=0.1, min_delay=1.0)
    cells = sim.Population(400, sim.izhikevich_cond_multisyn_neuron(E_rev_AMPA=-70.0))
    sim.poisson_noise(cells, rate=1000.0, weight=0.001, receptor_type="AMPA")
    cells.record("g_AMPA")
    sim.run(300.0)
    (signal,) = cells.get_data().segments[0].analogsignals
    late = np.asarray(signal)[500:]
    print(json.dumps([late.mean(), late[-1].var()]))
    """)
    rise, decay = 0.5, 2.4
    peak_time = decay * rise / (decay - rise) * np.log(decay / rise)
    scale = 1.0 / (np.exp(-peak_time / decay) - np.exp(-peak_time / rise))
    assert np.isclose(mean, 1.0 * scale * (decay - rise), rtol=0.02)
    # Campbell: the rate times the integral of the square; 400 cells give it to 7 %.
    square = scale**2 * (decay / 2 + rise / 2 - 2 * decay * rise / (decay + rise))
    assert np.isclose(variance_of_cells, square, rtol=0.3)


def test_unknown_names(run_pynn):
    """Before setup there are no models; after it the error lists them."""
    before, after = run_pynn("""
    import izhisyn.pynn as sim
    def message():
        try:
            sim.izhikevich_absent_neuron
        except AttributeError as error:
            return str(error)
    before = message()
    sim.setup()
    print(json.dumps([before, message()]))
    """)
    assert before == "izhisyn.pynn has no 'izhikevich_absent_neuron'; call setup() first"
    assert "its models are" in after and "izhikevich_psc_multisyn_neuron" in after
