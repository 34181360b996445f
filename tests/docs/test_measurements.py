# SPDX-License-Identifier: GPL-2.0-or-later
"""The measured figures show what is known of the models."""

import numpy as np
import pytest
from izhisyn_docs import measurements

from izhisyn.nestml_source import read_model
from izhisyn.parameters import RECEPTORS

# Steady rates [spikes/s] of a converged solution (Runge-Kutta with steps of 0.001 ms).
CURRENTS = (5.0, 7.0, 10.0, 14.0, 20.0)
CONVERGED = {
    "RS": (10.65, 15.65, 22.32, 30.88, 43.63),
    "FS": (45.50, 79.21, 136.19, 211.64, 315.45),
    "LTS": (39.50, 53.21, 74.79, 104.56, 149.55),
}
# First releases of a rested Tsodyks-Markram synapse (U_0 0.6, tau_f 30 ms, tau_d 50 ms).
RELEASES = {20.0: (0.6, 0.5029, 0.4761, 0.4718), 50.0: (0.6, 0.4323, 0.3298, 0.3045)}


@pytest.fixture(scope="module")
def read(module_build, pytestconfig):
    """Read a model by its name."""
    return lambda name: read_model(pytestconfig.rootpath / "models" / f"{name}.nestml")


def test_f_I_curves_are_the_converged_ones(read):
    """The grid of currents has the points of the table."""
    currents, rates = measurements.f_I_curves(read("izhikevich_psc_delta_neuron"), 20.0)
    columns = [int(np.flatnonzero(currents == current)[0]) for current in CURRENTS]
    for cell, expected in CONVERGED.items():
        # Half of the last digit, and spikes dated on a grid of 0.1 ms in a window of 2 s: 5e-5.
        assert rates[cell][columns] == pytest.approx(expected, rel=2e-4, abs=0.01), cell


def test_rheobase_is_at_the_bifurcation(read):
    """A resting RS cell loses its stability at I = 3.80 and its rest at 4."""
    assert 3.79 < measurements.rheobase("izhikevich_psc_delta_neuron") < 4.0 * 1.05


def test_releases_are_those_of_the_recursion(module_build):
    """At the rates of the table."""
    releases = measurements.releases("tsodyks_markram_synapse")
    for rate, expected in RELEASES.items():
        # Half of the last digit.
        assert releases[rate][:4] == pytest.approx(expected, abs=5e-5)


def test_postsynaptic_currents_peak_at_the_weight(read):
    """At the receptor's time to peak, with a potential that just keeps the limit."""
    model = read("izhikevich_psc_multisyn_neuron")
    responses = measurements.postsynaptic_responses(model, holding_current=2.0)
    assert [response.port for response in responses] == list(model.spike_ports)
    for response in responses:
        potential = response.values["V_m"] - response.values["V_m"][0]
        # The weights are steps of 2 to 2.5, and 2 mV is the limit.
        assert 0.6 < np.abs(potential).max() <= 2.0
        assert np.all(potential[response.times < 0.0] == 0.0)
    for name, sign, response in (("AMPA", 1, responses[0]), ("GABA_A", -1, responses[2])):
        current = sign * response.values[f"I_{name}"]
        # A sample lies within 0.05 ms of the peak, where the current is flat to second order.
        assert current.max() == pytest.approx(response.weight, rel=2e-3)
        at_peak = response.times[np.argmax(current)]
        assert at_peak == pytest.approx(RECEPTORS[name].peak_time, abs=0.1)


def test_current_pulse_has_the_converged_interval(read):
    """RS at I = 10: every 44.81 ms, once it has adapted."""
    model = read("izhikevich_psc_delta_neuron")
    times, values, spike_times = measurements.current_pulse(model, 10.0)
    assert np.all((spike_times > 0.0) & (spike_times <= measurements.PULSE))
    # Both spikes are dated on the grid of 0.1 ms.
    assert np.diff(spike_times)[-1] == pytest.approx(44.81, abs=0.11)
    rest = times < 0.0
    assert values["V_m"][rest] == pytest.approx(-70.0, abs=1e-6)
    assert values["U_m"][rest] == pytest.approx(-14.0, abs=1e-6)


def test_astrocyte_releases_where_calcium_rises_through_the_threshold(module_build):
    """Samples before and after each release lie on both sides of 0.5 uM."""
    times, calcium, releases = measurements.calcium_course(duration=20000.0)
    assert releases.size == 2
    after = np.searchsorted(times, releases)
    assert np.all(calcium[after - 1] < 0.5)
    assert np.all(calcium[after] >= 0.5)
