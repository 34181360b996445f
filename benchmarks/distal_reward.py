# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of the rewarded synapse of Izhikevich (2007), seed by seed.

Each seed is a run of ``pynest_scripts.distal_reward``, whose results are kept in the cache: after
an interruption, or with more seeds, only what is missing is simulated.
"""

import json
import subprocess
import sys

from benchmarks import report
from benchmarks.builds import ROOT
from izhisyn.command_line import positive_integer, positive_number
from izhisyn.errors import ParameterError

NAME = "distal_reward"
HEAD = ["seed", "rewards", "weight (pA)", "rank", "at the bound after (min)", "E", "I (spikes/s)"]


def main(arguments=None):
    """Run the seeds with these command line arguments."""
    parser = report.parser(NAME, __doc__.partition("\n")[0], repetitions=1)
    parser.add_argument(
        "--seeds", type=positive_integer, nargs="+", default=list(range(1, 11)), help="seeds"
    )
    parser.add_argument(
        "--simtime",
        type=positive_number,
        default=3_600_000.0,
        metavar="MS",
        help="biological time of each [ms]",
    )
    options = parser.parse_args(arguments)
    runs = []
    for seed in options.seeds:
        runs.append(outcome(seed, options.simtime, options.cache / NAME))
        print(f"seed {seed}: number {runs[-1]['rank']} of the synapses", flush=True)
    minutes = options.simtime / 60_000.0
    title = f"The rewarded one of 80 000 synapses after {minutes:g} simulated minutes"
    report.write(
        NAME,
        options,
        {"simtime": options.simtime, "runs": runs},
        {title: report.table(HEAD, [row(run) for run in runs])},
    )


def outcome(seed, simtime, cache):
    """Give the results of a seed, simulated unless the cache has them.

    Parameters
    ----------
    seed : int
    simtime : float
        Biological time [ms].
    cache : pathlib.Path
        Folder with a folder for each run.

    Returns
    -------
    dict
        What the script writes to its JSON file.
    """
    folder = cache / f"{simtime:.0f}-ms" / f"seed-{seed}"
    results = folder / "distal_reward.json"
    if not results.exists():
        command = [sys.executable, "-m", "pynest_scripts.distal_reward", "--quiet"]
        command += ["--seed", str(seed), "--simtime", str(simtime), "--output", str(folder)]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            raise ParameterError(f"seed {seed} does not run; see the message above")
    return json.loads(results.read_text())


def row(run):
    """Give the row of a run in the table."""
    bound = run["time_at_bound"]
    return [
        run["seed"],
        run["num_rewards"],
        f"{run['weight']:.2f}",
        run["rank"],
        None if bound is None else f"{bound / 60_000.0:.1f}",
        *(f"{run['rates'][population]:.2f}" for population in ("E", "I")),
    ]


if __name__ == "__main__":
    main()
