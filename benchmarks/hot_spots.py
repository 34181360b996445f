# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the processor time goes, function by function, as Linux's perf samples it.

Neurons alone, and a network of 10 000 neurons with 1000 synapses each: pooled, and with the nodes
that NESTML generates ("stock code"). Samples outside NEST, its module and the C library's
mathematics (Python starting up) are left out.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import builds, nest_runs, report
from benchmarks.builds import PeerError
from benchmarks.network import OURS, PSC, STEP, Size, build_in_nest, simulate_part
from izhisyn import command_line
from izhisyn.kernel import nest

NAME = "hot_spots"
NETWORK = Size(10_000, 1000)
WORKLOADS = ("neurons", "network")
LIBRARIES = ("nestkernel_api.so", "libm.so.6", "libmvec.so.1")  # besides the module
LEAST_SHARE = 0.01  # of a function that is listed


def main(arguments=None):
    """Run the benchmark with these command line arguments."""
    options = report.parser(NAME, __doc__.partition("\n")[0], repetitions=1).parse_args(arguments)
    if shutil.which("perf") is None:
        raise PeerError(
            "there is no perf in PATH; install it, for instance: apt install linux-perf"
        )
    modules = {"pooled": builds.own_module(), "stock code": builds.stock_module(options.cache)}
    shares = {
        f"{workload}, {name}": sample(module, workload)
        for workload in WORKLOADS
        for name, module in modules.items()
    }
    tables = {}
    for name, of_workload in shares.items():
        rows = [[f"`{function}`", 100.0 * share] for function, share in of_workload.items()]
        tables[f"Samples by function, {name}"] = report.table(["", "%"], rows)
    report.write(NAME, options, {"shares": shares}, tables)


def sample(module, workload):
    """Run a workload under perf; gives function to its share of the samples."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "perf.data"
        command = [sys.executable, "-m", "benchmarks.hot_spots", "--workload", module, workload]
        builds.run(["perf", "record", "-q", "-o", data, *command])
        listing = subprocess.run(
            ["perf", "report", "-i", data, "--stdio", "--sort", "dso,symbol", "-q"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    # Lines such as "  12.34%  libm.so.6  [.] exp@@GLIBC_2.29" and more columns, far to the right.
    found = re.findall(r"^ *([\d.]+)% +(\S+) +\[.\] (\S+(?: \S+)*)", listing, re.MULTILINE)
    counted = [
        (re.sub("<.*>", "", name), float(share))  # no template arguments
        for share, library, name in found
        if library in (*LIBRARIES, f"{Path(module).name}.so")
    ]
    total = sum(share for _, share in counted)
    if total == 0.0:
        raise PeerError("perf sampled no function of NEST; run it as a user who may profile")
    return {name: share / total for name, share in counted if share / total >= LEAST_SHARE}


def run_workload(module, workload):
    """Simulate what is profiled, in this process."""
    if workload == "network":
        build_in_nest(OURS, NETWORK, module)
        for _ in range(40):  # long beside building it
            simulate_part()
    else:
        nest_runs.start(nest_runs.Contestant(module, PSC), STEP)
        nest.Create(PSC, 1000)
        nest.Simulate(10_000.0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--workload"]:
        run_workload(*sys.argv[2:])
    else:
        command_line.run_script(main)
