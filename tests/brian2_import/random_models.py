# SPDX-License-Identifier: GPL-2.0-or-later
"""Random equation systems out of everything that is carried over."""

import numpy as np
from brian2 import ms

from tests.brian2_import.cases import Case, spike_train

_VARIABLES = {"1": ["n", "m"], "volt": ["v"], "amp": ["q"], "siemens": ["g"]}
_UNITS = {"volt": "mV", "amp": "pA", "siemens": "nS"}


class _Writer:
    """Expressions of bounded value, so that no random system runs away.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def pick(self, choices):
        return choices[self.rng.integers(len(choices))]

    def number(self, low=0.2, high=3.0):
        return f"{self.rng.uniform(low, high):.3g}"

    def value(self, unit, depth):
        """Write an expression of a unit."""
        if depth == 0 or self.rng.random() < 0.15:
            variable = self.pick(_VARIABLES[unit])
            constant = self.number() if unit == "1" else f"{self.number()}*{_UNITS[unit]}"
            return self.pick([variable, constant])
        return self.plain(depth - 1) if unit == "1" else self.physical(unit, depth - 1)

    def plain(self, depth):
        """Write a dimensionless expression."""
        a, b = self.value("1", depth), self.value("1", depth)
        unit = self.pick(list(_UNITS))
        c, d = self.value(unit, depth), self.value(unit, depth)
        # SymPy, with which Brian2 reads equations, refuses comparisons of comparisons
        p, q, r = (self.value(unit, 0) for _ in range(3))
        return self.pick(
            [
                f"({a} + {b})",
                f"({a} - {b})",
                f"{self.number()}*sin({a})*{b}",
                f"tanh({a} + {self.number()})",
                f"exp(clip({a}, -2, 2))",
                f"(({a})/(2 + cos({b})))",
                f"clip({a}, -{self.number()}, {self.number()})",
                f"sqrt(abs({a}) + 1)",
                f"clip({a}, -3, 3)**2",
                f"-tanh({a})**3",
                f"int({p} > {q})*{a}",
                f"int({p} < {q} or not ({p} >= {r}))",
                f"abs({a})",
                f"sign({a} + {self.number()})",
                f"exprel(clip({a}, -2, 2))",
                f"log(1 + abs({a}))",
                f"(tanh({a})*({c})/(abs({d}) + 1*{_UNITS[unit]}))",
                f"(2 + tanh({a}))**-0.5",
                f"sin(2*pi*t/(7*ms) + {a})",
                f"floor({self.number()}*tanh({a}))",
                f"(i + 3)/2 - {a}",
            ]
        )

    def physical(self, unit, depth):
        """Write an expression with a unit."""
        a, x, y = self.value("1", depth), self.value(unit, depth), self.value(unit, depth)
        own = [
            f"({x} + {y})",
            f"({x} - {y})",
            f"tanh({a})*({x})",
            f"({x})/(2 + sin({a}))",
            f"clip({x}, -{self.number()}*{_UNITS[unit]}, {y})",
            f"abs({x})",
            f"-({x})",
            f"sqrt({x}*({x}) + ({y})**2)",
            f"int({self.value(unit, 0)} > {self.value(unit, 0)})*({x})",
        ]
        volt, amp, siemens = (self.value(other, depth) for other in _UNITS)
        bounded = f"clip({volt}, -30*mV, 30*mV)"
        across = {
            "volt": f"({amp})/(abs({siemens}) + 1*nS)",
            "amp": f"({siemens})*{bounded}",
            "siemens": f"({amp})/(abs({volt}) + 1*mV)",
        }
        return self.pick([*own, across[unit]])


def random_case(seed):
    """Make a random system of equations, threshold, reset and port."""
    writer = _Writer(seed)
    limits = {"1": "3", "volt": "30*mV", "amp": "200*pA", "siemens": "20*nS"}
    equations = []
    for unit, names in _VARIABLES.items():
        for name in names:
            right = f"clip({writer.value(unit, 3)}, -{limits[unit]}, {limits[unit]})"
            flag = " (unless refractory)" if name == "v" else ""
            equations.append(f"d{name}/dt = ({right} - {name})/tau_{name} : {unit}{flag}")
    extra = [writer.pick(list(_VARIABLES)) for _ in range(6)]
    for number, unit in enumerate(extra):
        equations.append(f"extra_{number} = {writer.value(unit, 3)} : {unit}")
    writer.rng.shuffle(equations)
    model = {
        "equations": "\n".join(equations),
        "threshold": "v + 1*mV*n > 4*mV",
        "reset": f"v = -2*mV; n += {writer.number()}; q -= 1*pA",
        "refractory": 1 * ms,
        "method": "euler",
        "on_pre": {"kick": f"v += {writer.number()}*mV; g += {writer.number()}*nS"},
        "initial_values": {"n": 0.5, "m": -0.3},
        "namespace": {
            f"tau_{name}": float(writer.number(1, 20)) * ms
            for names in _VARIABLES.values()
            for name in names
        },
    }
    record = ("v", "n", "m", "q", "g", *(f"extra_{number}" for number in range(6)))
    return Case(model, record, {"kick": spike_train(seed, 400, 100)}, min_spikes=0)
