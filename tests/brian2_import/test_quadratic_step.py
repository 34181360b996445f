# SPDX-License-Identifier: GPL-2.0-or-later
"""The exact quadratic step of a carried-over model."""

import numpy as np
import pytest
from brian2 import ms

from izhisyn.brian2_import import Brian2ImportError, to_nestml
from izhisyn.parameters import CELL_TYPES
from tests.brian2_import.cases import spike_train
from tests.models.reference import spike_times


def true_spike_times(module, model, dt, duration, parameters, spikes=()):
    """Run in NEST; give the spike times with the part of the step taken off."""
    import nest

    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.resolution = dt
    nest.Install(module)
    neuron = nest.Create(model, params=parameters)
    for receptor, times in enumerate(spikes, 1):
        source = nest.Create("spike_generator", params={"spike_times": times})
        nest.Connect(source, neuron, syn_spec={"receptor_type": receptor, "delay": 0.8})
    recorder = nest.Create("spike_recorder")
    nest.Connect(neuron, recorder, syn_spec={"delay": dt})
    meter = nest.Create("multimeter", params={"record_from": ["spike_offset"], "interval": dt})
    nest.Connect(meter, neuron, syn_spec={"delay": dt})
    nest.Simulate(duration + 2 * dt)
    times = recorder.get("events")["times"]
    offsets = meter.get("events")["spike_offset"]
    times = times[times < duration]
    return times - offsets[np.rint(times / dt).astype(int) - 1]


@pytest.mark.parametrize("name", ["RS", "CH", "TC"])
def test_spikes_of_the_quadratic_step_are_those_of_an_adaptive_solver(name, threads_module):
    """All spikes of a second, with an error of second order in the step.

    At I = 10 the published counts of converged solutions are 23, 88 and 279. Halving the step
    divides an error of second order by 4; 3 leaves room for the next order. 0.02 ms at 0.1 ms is a
    fifth of a step, collected over all spikes.
    """
    cell = CELL_TYPES[name].parameters
    expected = spike_times(CELL_TYPES[name], 10.0, 999.0)
    parameters = {key: cell[key] for key in "abcd"} | {"I": 10.0, "v": -70.0, "u": -70 * cell["b"]}
    errors = []
    for dt in (0.2, 0.1):
        times = true_spike_times(threads_module, "quadratic_neuron", dt, 1000.0, parameters)
        assert len(times[times < 999.0]) == len(expected)
        errors.append(np.abs(times[: len(expected)] - expected).max())
    assert errors[1] < 0.02
    assert errors[0] / errors[1] > 2.5


@pytest.mark.slow
def test_quadratic_step_with_synapses_is_of_second_order(examples_module):
    """Halving the step divides the error by four, here against a step of 0.01 ms."""
    spikes = [spike_train(11, 200, 190, 0.8), spike_train(12, 50, 190, 0.8)]
    run = [
        true_spike_times(examples_module, "driven_neuron", dt, 200.0, {}, spikes)
        for dt in (0.01, 0.1, 0.2)
    ]
    assert len(run[0]) == len(run[1]) == len(run[2]) > 10
    errors = [np.abs(times - run[0]).max() for times in run[1:]]
    assert errors[0] < 0.01  # a tenth of a step
    assert errors[1] / errors[0] > 2.5  # 4 in the limit of small steps


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"equations": "dv/dt = (1 - v)/ms : 1"}, r"no term in v\*\*2"),
        ({"threshold": None, "reset": None}, "needs a threshold"),
        ({"threshold": "v*v > 3"}, r"`v\*v > 3` is not like `v > value`"),
        ({"threshold": "v > 3*w"}, "w changes"),
        ({"refractory": 1 * ms}, "a refractory period is counted in steps"),
        ({"equations": "dv/dt = v**2/ms + xi/ms**.5 : 1"}, "no noise within a step"),
        ({"equations": "dv/dt = v**2/ms : 1\nomega2 : 1"}, "of its own called omega2"),
        ({"integrator": "rk4"}, "there is no integrator 'rk4'"),
    ],
)
def test_quadratic_step_refuses_what_it_does_not_know(change, message):
    """One sentence, with what to do."""
    model = {
        "equations": "dv/dt = (v**2 - w)/ms : 1\ndw/dt = -w/ms : 1",
        **{"threshold": "v > 3", "reset": "v = 0", "method": "euler", "integrator": "exact"},
        "namespace": {},
        **change,
    }
    with pytest.raises(Brian2ImportError, match=message):
        to_nestml(**model)
