# SPDX-License-Identifier: GPL-2.0-or-later
"""NEST starts as asked, or says in one sentence why not."""

import os
import subprocess
import sys

import numpy as np
import pytest

from izhisyn.errors import ModuleMissingError, ParameterError
from izhisyn.kernel import MODULE, nest, simulate, start_kernel, steps_of


def test_start_applies_every_setting(module_build):
    """Settings and models are there afterwards."""
    start_kernel(resolution=0.25, threads=2, seed=7)
    assert nest.resolution == 0.25
    assert nest.local_num_threads == 2
    assert nest.rng_seed == 7
    assert "izhikevich_psc_multisyn_neuron" in nest.node_models


def test_start_forgets_the_last_network(module_build):
    """Starting again is starting anew."""
    start_kernel(threads=2)
    nest.Create("izhikevich_psc_multisyn_neuron", 3)
    start_kernel()
    assert nest.network_size == 0
    assert nest.local_num_threads == 1


def test_virtual_processes_decide_the_threads(module_build):
    """One process takes all virtual processes as threads."""
    start_kernel(threads=1, total_num_virtual_procs=2)
    assert nest.total_num_virtual_procs == 2
    assert nest.local_num_threads == 2


@pytest.mark.parametrize(
    "setting, value, named",
    [
        ("resolution", 0.0, "resolution is 0.0; give"),
        ("resolution", -0.1, "resolution is -0.1; give"),
        ("resolution", 0.0015, "resolution 0.0015 ms"),
        ("resolution", float("nan"), "resolution is nan; give"),
        ("resolution", float("inf"), "resolution is inf; give"),
        ("threads", 0, "threads is 0; give a whole number"),
        ("threads", 1.5, "threads is 1.5; give a whole number"),
        ("total_num_virtual_procs", 0, "total_num_virtual_procs is 0"),
        ("seed", 0, "seed is 0; give a whole number from 1"),
        ("seed", 2**32, f"seed is {2**32}; give a whole number"),
    ],
)
def test_unusable_setting_is_named_with_its_value(setting, value, named):
    """Some of these NEST answers by aborting the process."""
    with pytest.raises(ParameterError, match=named):
        start_kernel(**{setting: value})


def test_missing_module_says_how_to_build_it():
    """NEST's own message speaks of library paths only."""
    with pytest.raises(ModuleMissingError, match=r"'nosuchmodule'.*-m izhisyn build"):
        start_kernel(module="nosuchmodule")


@pytest.mark.parametrize("time, steps", [(0.0, 0), (0.3, 3), (150.0, 1500), (1e6, 10**7)])
def test_times_on_the_grid_become_steps(time, steps):
    """Decimal times are multiples of 0.1 up to rounding."""
    nest.ResetKernel()
    nest.resolution = 0.1
    assert steps_of(time, "time") == steps


def test_time_off_the_grid_is_named_with_the_resolution():
    """NEST would round the time."""
    nest.ResetKernel()
    nest.resolution = 0.4
    with pytest.raises(ParameterError, match=r"duration of 0\.5 ms.*resolution 0\.4 ms"):
        simulate(0.5)


@pytest.mark.parametrize("duration", [10.0, 250.0, 252.3])
def test_simulating_in_parts_changes_nothing(duration):
    """Two sources of random numbers and delays of 1 ms, against one call of ``nest.Simulate``."""

    def trace(run):
        nest.ResetKernel()
        nest.resolution = 0.1
        neuron = nest.Create("izhikevich")
        noise = nest.Create("noise_generator", params={"std": 20.0, "dt": 0.1})
        poisson = nest.Create("poisson_generator", params={"rate": 5000.0})
        multimeter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": 0.1})
        for device in (noise, poisson, multimeter):
            nest.Connect(device, neuron, syn_spec={"delay": 1.0})
        run(duration)
        assert nest.biological_time == pytest.approx(duration)  # a product of steps
        return multimeter.events["V_m"]

    np.testing.assert_array_equal(trace(simulate), trace(nest.Simulate))


def test_progress_rises_to_one():
    """About a hundred reports, the last at the end, also for a time that is no multiple."""
    nest.ResetKernel()
    nest.resolution = 0.1
    fractions = []
    simulate(234.5, fractions.append)
    assert fractions[-1] == 1.0
    assert 50 < len(fractions) <= 101
    assert np.all(np.diff(fractions) > 0)


def test_parts_are_multiples_of_the_shortest_delay_that_is_given():
    """Several processes do not know it of NEST; one takes what it is told all the same."""
    nest.ResetKernel()
    nest.resolution = 0.1
    times = []
    simulate(300.0, lambda _: times.append(nest.biological_time), min_delay=0.7)
    assert times[-1] == pytest.approx(300.0)
    parts = np.diff([0.0, *times[:-1]]) / 0.7
    np.testing.assert_allclose(parts, np.rint(parts), atol=1e-9)
    with pytest.raises(ParameterError, match=r"shortest delay of 0\.25 ms is not a multiple"):
        simulate(300.0, min_delay=0.25)


IMPORT = """
import os, sys
before = dict(os.environ)
from izhisyn import kernel, random_network, recording, spike_files, wiring
assert "nest" not in sys.modules
if len(sys.argv) > 1:
    kernel.start_kernel()
    assert "nest" in sys.modules
assert dict(os.environ) == before
"""


@pytest.mark.parametrize(
    ("arguments", "launcher"),
    [
        ((), {}),
        (("start",), {}),
        ((), {"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2"}),
    ],
)
def test_import_changes_nothing_and_starting_prints_no_banner(
    module_build, request, arguments, launcher
):
    """In a fresh interpreter, because this one may have been told to be quiet already.

    Nor does the import end one of several processes, as that of a NEST without MPI would.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYNEST_QUIET"}
    result = subprocess.run(
        [sys.executable, "-c", IMPORT, *arguments],
        cwd=request.config.rootpath,
        env=environment | launcher,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (result.stdout, result.stderr) == ("", "")


def test_module_is_the_one_that_is_built(module_build):
    """The library and the build agree on the name."""
    assert module_build["module"] == MODULE
