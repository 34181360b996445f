# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of the benchmark ``fitting`` that runs in an environment with brian2modelfitting.

Reads the task as JSON from standard input, and prints the parameters that were found.
"""

import json
import sys
import time

BEGUN = time.monotonic()

import numpy as np  # noqa: E402

for name, kind in (("float", float), ("int", int)):
    setattr(np, name, kind)  # nevergrad 0.3 uses these names, which NumPy has no longer


from brian2 import Equations, amp, ms, second  # noqa: E402
from brian2modelfitting import GammaFactor, NevergradOptimizer, SpikeFitter  # noqa: E402

IMPORT_SECONDS = time.monotonic() - BEGUN
SAMPLES = 100  # candidates in a round
EQUATIONS = """
dv/dt = (k*(v - v_r)*(v - v_t) - u + I/pA)/C/ms : 1
du/dt = a*(b*(v - v_r) - u)/ms : 1
C : 1 (constant)
k : 1 (constant)
v_r : 1 (constant)
v_t : 1 (constant)
a : 1 (constant)
b : 1 (constant)
c : 1 (constant)
d : 1 (constant)
"""


def main():
    """Fit, and print what was found."""
    task = json.loads(sys.stdin.read())
    fitter = SpikeFitter(
        model=Equations(EQUATIONS),
        input_var="I",
        dt=task["resolution"] * ms,
        input=np.array(task["currents"]) * 1e-12 * amp,
        output=[np.array(times) / 1000.0 * second for times in task["spike_times"]],
        n_samples=SAMPLES,
        threshold="v > 35",
        reset="v = c; u += d",
        method="euler",
        param_init={"v": task["v_rest"], "u": 0.0},
    )
    metric = GammaFactor(delta=task["precision"] * ms, time=task["duration"] * ms)
    rounds = task["candidates"] // SAMPLES
    best, _ = fitter.fit(
        n_rounds=rounds,
        optimizer=NevergradOptimizer(method="DE"),
        metric=metric,
        callback=None,
        **task["bounds"],
    )
    found = {
        "parameters": {name: float(value) for name, value in best.items()},
        "candidates": rounds * SAMPLES,
        "import_seconds": IMPORT_SECONDS,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
