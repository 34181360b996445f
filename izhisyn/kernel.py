# SPDX-License-Identifier: GPL-2.0-or-later
"""Start NEST with the izhisyn models, and run it."""

import importlib
import importlib.util
import math
import os
import sys
from pathlib import Path

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import ModuleMissingError, ParameterError
from izhisyn.processes import launched_size


class _Nest:
    """The module ``nest``, which is imported when it is first used.

    Importing NEST prints a banner, starts MPI and can end the process; importing the library does
    none of that.
    """

    def __getattr__(self, name):
        return getattr(_imported_nest(), name)

    def __setattr__(self, name, value):
        setattr(_imported_nest(), name, value)

    def __dir__(self):
        return dir(_imported_nest())


nest = _Nest()
MODULE = "izhisynmodule"


@checked(
    resolution=checks.number(above=0, unit="ms"),
    threads=checks.whole_number(1),
    seed=checks.whole_number(1, 2**32 - 1),
    total_num_virtual_procs=checks.whole_number(1),
    module=checks.text,
)
def start_kernel(resolution=0.1, threads=1, seed=1, total_num_virtual_procs=None, module=MODULE):
    """Reset NEST, set its kernel parameters and install the models.

    Parameters
    ----------
    resolution : float
        Time step [ms], a multiple of NEST's tic of 0.001 ms.
    threads : int
        Threads per process; not used if `total_num_virtual_procs` is given.
    seed : int
        Seed of NEST's random numbers, 1 to 2**32 - 1.
    total_num_virtual_procs : int, optional
        Threads of all MPI processes together. Random numbers depend on this number alone, so fix
        it for the same spikes on any split into processes and threads.
    module : str
        Name of the extension module with the models.

    Raises
    ------
    ParameterError
        If NEST could not use a value, or an MPI launcher started processes but NEST was built
        without MPI, or for another launcher.
    ModuleMissingError
        If the module cannot be loaded.
    """
    _check_launcher()
    _check_resolution(resolution)
    _check_virtual_procs(total_num_virtual_procs)
    nest.verbosity = nest.VerbosityLevel.WARNING
    nest.ResetKernel()
    nest.resolution = float(resolution)
    if total_num_virtual_procs is None:
        nest.local_num_threads = int(threads)
    else:
        nest.total_num_virtual_procs = int(total_num_virtual_procs)
    nest.rng_seed = int(seed)
    install_models(module)  # after the resolution: models see it on installation


@checked(module=checks.text)
def install_models(module=MODULE):
    """Load the module with the models into NEST, which forgets it at each reset.

    Parameters
    ----------
    module : str
        Name of the extension module.

    Raises
    ------
    ModuleMissingError
        If the module cannot be loaded.
    """
    try:
        nest.Install(module)
    except nest.NESTErrors.DynamicModuleManagementError as error:
        raise ModuleMissingError(
            f"NEST cannot load {module!r}, which is missing or was built for another NEST; run "
            f"`{sys.executable} -m izhisyn build` first "
            f"(NEST's message: {' '.join(str(error).split())})"
        ) from error


def nodes(value):
    """Allow a NodeCollection that is not empty, see `izhisyn.checks`."""
    allowed = isinstance(value, nest.NodeCollection) and len(value) > 0
    return None if allowed else "give nodes as nest.Create returns them"


def node_model(value):
    """Allow a neuron or device model that NEST has."""
    if isinstance(value, str) and value in nest.node_models:
        return None
    known = [name for name in nest.node_models if name.startswith("izhikevich")]
    return (
        f"NEST knows no such model; call start_kernel() first, and choose for example one of "
        f"{', '.join(known)}"
    )


def synapse_model(value):
    """Allow a synapse model that NEST has."""
    if isinstance(value, str) and value in nest.synapse_models:
        return None
    known = [name for name in nest.synapse_models if name.startswith(("static", "tsodyks"))]
    return f"NEST knows no such synapse model; choose for example one of {', '.join(known)}"


def values_or_distribution(low=-math.inf, remedy=""):
    """Allow a number from a bound on, an array of them, or a distribution, a ``nest.Parameter``."""
    check_numbers = checks.array(low=low)

    def check(value):
        fault = None if is_distribution(value) else check_numbers(value)
        return f"{fault}{remedy}" if fault else None

    return check


def is_distribution(value):
    """Find out whether a value is a ``nest.Parameter``, such as ``nest.random.uniform()``."""
    return type(value).__module__.startswith("nest.") and type(value).__name__ == "Parameter"


@checked(time=checks.number(unit="ms"), what=checks.text)
def steps_of(time, what):
    """Convert a time to a number of simulation steps.

    Parameters
    ----------
    time : float
        Time [ms].
    what : str
        What the time is, for the message.

    Returns
    -------
    int

    Raises
    ------
    ParameterError
        If the time is not on the grid of the current resolution.
    """
    resolution = nest.resolution
    steps = round(time / resolution)
    # Both are read from decimal text, so they are multiples up to rounding in the last digits.
    if not math.isclose(steps * resolution, time, rel_tol=1e-12):
        raise ParameterError(
            f"{what} of {time:g} ms is not a multiple of the resolution {resolution:g} ms; "
            f"choose a resolution that divides it"
        )
    return steps


@checked(
    duration=checks.number(0, unit="ms"),
    progress=checks.function,
    min_delay=checks.number(above=0, unit="ms"),
)
def simulate(duration, progress=None, min_delay=None):
    """Advance the network.

    Parameters
    ----------
    duration : float
        Biological time to simulate [ms], a multiple of the resolution.
    progress : callable, optional
        Called with the completed fraction, up to 1, after about each hundredth; on several MPI
        processes only at the end unless `min_delay` is given.
    min_delay : float, optional
        A whole multiple of the shortest delay in the network [ms]. One process asks NEST for it,
        but several know only their own connections' until they have simulated.

    Notes
    -----
    On several MPI processes, call ``nest.GetConnections`` only after the first simulation, or
    before the last ``nest.Connect``: it makes NEST forget the delays of the other processes, which
    then simulate in slices of different lengths and wait for each other for ever. `progress` may
    call it.

    Raises
    ------
    ParameterError
        If a time is not on the grid of the resolution, or on several processes `min_delay` is not a
        multiple of the delay in whose slices this one would simulate.
    """
    total = steps_of(duration, "duration")
    # Everything is asked before NEST prepares: reading a kernel attribute between that and the
    # first run makes each MPI process take the delays of its own connections for all there are.
    resolution = nest.resolution
    if min_delay is not None:
        slice_steps = steps_of(min_delay, "shortest delay")
        _check_slice(slice_steps, resolution)
    elif nest.num_processes == 1:
        slice_steps = round(nest.min_delay / resolution)
    else:
        slice_steps = max(1, total)
    # NEST draws random numbers one min_delay at a time: other parts would change the results.
    chunk = slice_steps * max(1, math.ceil(total / (100 * slice_steps)))
    with nest.RunManager():
        for done in range(0, total, chunk):
            steps = min(chunk, total - done)
            nest.Run(steps * resolution)
            if progress is not None:
                progress((done + steps) / total)


def _imported_nest():
    if "nest" not in sys.modules:
        if launched_size() > 1 and not _has_mpi():
            # NEST would end every process with a message of its own.
            raise ParameterError(
                f"{launched_size()} processes were started, but this NEST was built without MPI; "
                f"start one process with --threads, or use a NEST built with MPI (docs/cluster.md)"
            )
        quiet = "PYNEST_QUIET"  # NEST reads it on import alone
        was_loud = quiet not in os.environ
        os.environ.setdefault(quiet, "1")
        try:
            importlib.import_module("nest")
        finally:
            if was_loud:
                del os.environ[quiet]
    return sys.modules["nest"]


def _has_mpi():
    (folder,) = importlib.util.find_spec("nest").submodule_search_locations
    return any(b"MPI_Init" in file.read_bytes() for file in Path(folder).glob("nestkernel_api*.so"))


def _check_launcher():
    if launched_size() > 1 and nest.num_processes == 1:
        raise ParameterError(
            f"{launched_size()} processes were started, but this NEST uses another MPI library "
            f"than the launcher and each would simulate the whole network; start them with the "
            f"launcher of the MPI that NEST was built with"
        )


def _check_resolution(resolution):
    tics = resolution / nest.ms_per_tic
    if round(tics) < 1 or not math.isclose(tics, round(tics)):
        raise ParameterError(
            f"resolution {resolution:g} ms is not a positive multiple of {nest.ms_per_tic:g} ms, "
            f"NEST's unit of time; choose for example 0.1"
        )


def _check_slice(slice_steps, resolution):
    if nest.num_processes == 1:
        return
    known = nest.min_delay
    if slice_steps % round(known / resolution) != 0:
        raise ParameterError(
            f"min_delay {slice_steps * resolution:g} ms is not a multiple of {known:g} ms, the "
            f"shortest delay known to process {nest.Rank()}; give a multiple, and call "
            f"nest.GetConnections after the first simulation, since before it makes NEST forget "
            f"the delays of other processes"
        )


def _check_virtual_procs(total):
    if total is not None and total % nest.num_processes != 0:
        raise ParameterError(
            f"total_num_virtual_procs {total} is not a multiple of the {nest.num_processes} "
            f"MPI processes; choose one that is"
        )
