# SPDX-License-Identifier: GPL-2.0-or-later
"""Each construct of Brian2's page on equations becomes the NESTML a person would write for it.

What the text computes is compared in test_both_simulators.py.
"""

import re

import pytest
from brian2 import Equations, Hz, TimedArray, farad, meter, mM, ms, mV, nS, pA

from izhisyn.brian2_import import Brian2ImportError, to_nestml

LIF = "dv/dt = (v_rest - v)/tau : volt"
VALUES = {"tau": 10 * ms, "v_rest": -70 * mV}


def carry(equations, method="euler", namespace=None, **arguments):
    """Carry equations over with constants for a leaky neuron."""
    names = {**VALUES, **(namespace or {})}
    return to_nestml(equations, method=method, namespace=names, **arguments)


def lines_of(text):
    """Lines without indentation and without the comments behind declarations."""
    return [line.strip().split("  #")[0].strip() for line in text.splitlines()]


def test_differential_equation_is_a_forward_euler_step():
    """Brian2's euler adds dt times the right-hand side."""
    lines = lines_of(carry(LIF))
    assert "v += timestep() * ((v_rest - v) / tau)" in lines
    assert "v mV = 0 mV" in lines


def test_coupled_equations_use_the_values_at_the_start_of_the_step():
    """Forward Euler computes all changes before it adds the first."""
    lines = lines_of(carry(f"{LIF}\ndw/dt = (v - w)/tau : volt"))
    assert lines.index("dw mV = timestep() * ((v - w) / tau)") < lines.index("v += dv")


@pytest.mark.parametrize("method", ["exact", "linear"])
def test_exact_method_is_brian2s_own_solution(method):
    """v(t + dt) = v exp(-dt/tau) + v_rest (1 - exp(-dt/tau)), its coefficients computed once."""
    lines = lines_of(carry(LIF, method))
    assert "P_v_v real = exp(-dt / tau)" in lines
    assert "P_v mV = v_rest - v_rest * exp(-dt / tau)" in lines
    assert "new_v mV = P_v_v * v + P_v" in lines
    assert "integrate_odes" not in "".join(lines)


def test_exact_solution_with_a_coefficient_that_changes_is_computed_in_each_step():
    """Brian2 does so; an internal would keep the value of the start."""
    text = carry("dv/dt = -v/t_v : volt\nt_v : second", "exact", run_regularly="t_v += dt")
    assert "new_v mV = exp(-dt / t_v) * v" in text
    assert "P_v_v" not in text


def test_brian2_chooses_the_method_if_none_is_given():
    """A linear system is exact, a nonlinear one Euler, one with multiplicative noise Heun."""
    for equations, method in (
        (LIF, "exact solution"),
        ("dv/dt = (v_rest - v)/tau * v/mV : volt", "Forward Euler"),
        ("dx/dt = -x/tau + x*xi/tau**.5 : 1", "`heun`"),
    ):
        assert method in carry(equations, None)


def test_other_methods_are_brian2s_code_for_a_step():
    """Runge and Kutta's middle, here of second order."""
    lines = lines_of(carry("dv/dt = -v/tau : volt", "rk2"))
    assert "k_v mV = -dt * v / tau" in lines
    assert "new_v mV = -dt * (k_v / 2 + v) / tau + v" in lines


def test_subexpressions_of_subexpressions_are_substituted_in_a_step():
    """Whatever the order in which they are written: J = K C, and in the middle C + k/2."""
    lines = lines_of(carry("dC/dt = J - C/tau : 1\nJ = K*C : Hz\nK = 3*Hz : Hz", "rk2"))
    (step,) = (line for line in lines if line.startswith("new_C real"))
    assert step == "new_C real = C + dt * ((0.003 / (1 ms)) * (C + k_C / 2) - (C + k_C / 2) / tau)"


def test_adaptive_method_is_refused():
    """GSL's steps are not Brian2's alone to reproduce."""
    with pytest.raises(Brian2ImportError, match=r"method `gsl_rk45`: .*use method='rk4'"):
        carry(LIF, "gsl_rk45")


def test_subexpression_is_a_recordable_inline():
    """It can be recorded, as in Brian2, and stands before its first use."""
    lines = lines_of(carry(f"y = 2*x : 1\nx = v/mV : 1\n{LIF}"))
    x, y = lines.index("recordable inline x real = v / (1 mV)"), lines.index("# y = 2*x : 1")
    assert x < y


def test_parameter_keeps_its_value_and_unit():
    """A parameter that nothing changes is a NESTML parameter."""
    text = carry(f"{LIF}\nI : amp (constant)", initial_values={"I": 150 * pA})
    assert "I pA = 150 pA" in lines_of(text)
    assert "# I : A (constant)" in text


def test_parameter_that_the_reset_changes_is_state():
    """NESTML's parameters do not change during a simulation."""
    text = carry(f"{LIF}\nn : integer\non_ : boolean", threshold="v > 0*mV", reset="n += 1")
    state = text[text.index("    state:") : text.index("    parameters:")]
    assert "n integer = 0" in state
    assert "on_ boolean = false" in text


def test_equation_over_several_lines_and_comments():
    """Line breaks and comments are Brian2's business; the comment shows the equation in one."""
    text = carry("dv/dt = (v_rest  # rest\n   - v)/tau : volt  # membrane")
    assert "# dv/dt = (v_rest - v)/tau : V" in text


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("volt", -65 * mV, "mV = -65 mV"),
        ("amp", 1e-9, "pA = 1000 pA"),
        ("siemens", 0.2 * nS, "nS = 0.2 nS"),
        ("farad", 281e-12, "pF = 281 pF"),
        ("ohm", 1e8, "GOhm = 0.1 GOhm"),
        ("second", 2 * ms, "ms = 2 ms"),
        ("Hz", 5 * Hz, "1/ms = 0.005 / (1 ms)"),
        ("volt/second", 3.0, "mV/ms = 3 mV/ms"),
        ("siemens/meter**2", 1.0, "nS/um**2 = 0.001 nS/um**2"),
        ("farad/meter**2", 0.01 * farad / meter**2, "pF/um**2 = 0.01 pF/um**2"),
        ("mM", 1.2 * mM, "amol/um**3 = 1.2 amol/um**3"),
        ("1", 0.3, "real = 0.3"),
        ("integer", 3, "integer = 3"),
        ("boolean", True, "boolean = true"),
    ],
)
def test_units_are_scaled_to_nestml(unit, value, expected):
    """The same quantity, in the unit NEST uses for it."""
    if isinstance(value, float) and unit != "1":
        from brian2.equations.equations import Equations as Parser

        value = value * Parser(f"x : {unit}")["x"].unit
    assert f"x {expected}" in lines_of(carry(f"{LIF}\nx : {unit}", initial_values={"x": value}))


def test_operators_and_functions():
    """Python's precedence and Brian2's functions, in NESTML's notation."""
    inline = "recordable inline y real = "
    cases = {
        "-v/mV + 2*(x - 1)": "-v / (1 mV) + 2 * (x - 1)",
        "x**2 - 2**-x": "x**2 - 2.0**(-x)",
        "1.0*i/N": "1.0 * i / N",
        "i/N": "1.0 * i / N",
        "7//2 + x % 3": "floor(7.0 / 2) + (x - floor(x / 3) * 3)",
        "int(x > 0 and not (x > 2 or x == 1))": (
            "(x > 0) and (not ((x > 2) or (x == 1))) ? 1.0 : 0.0"
        ),
        "log(x) + sqrt(x) + exp(-x)": "ln(x) + x**0.5 + exp(-x)",
        "clip(v, -80*mV, 0*mV)/mV": "min(max(v, -80 mV), 0 mV) / (1 mV)",
        "abs(v)/mV + sign(x)": "abs(v) / (1 mV) + (x > 0.0 ? 1.0 : (x < 0.0 ? -1.0 : 0.0))",
        "pi*e": "pi * e",
        "t/second": "time / (1000 ms)",
        "sqrt(v**2)/mV": "(v**2 / (1 mV**2))**0.5 * (1 mV) / (1 mV)",
    }
    for code, expected in cases.items():
        lines = lines_of(carry(f"{LIF}\nx : 1\ny = {code} : 1"))
        assert inline + expected in lines, code


@pytest.mark.parametrize("operator", ["&", "|", "^", "<<"])
def test_bitwise_operators_are_refused_as_in_brian2(operator):
    """Brian2 has none either."""
    with pytest.raises(Brian2ImportError, match="y = "):
        carry(f"{LIF}\nn : integer\ny = n {operator} 2 : 1")


def test_external_names_become_parameters_with_their_values():
    """From the argument, or from where the caller stands."""
    assert "tau ms = 10 ms" in lines_of(carry(LIF))
    tau = 7 * ms  # noqa: F841
    v_rest = -60 * mV  # noqa: F841
    assert "tau ms = 7 ms" in lines_of(to_nestml(LIF, method="euler"))


def test_timed_array_is_a_function_of_time():
    """Of as many lines as it has changes."""
    text = carry(
        f"{LIF}\nI = steps_(t) : amp", namespace={"steps_": TimedArray([0, 0, 5] * pA, ms)}
    )
    function = text[text.index("    function steps_") :]
    assert function.split("\n", 1)[1] == (
        "        if time + 1e-6 ms < 2 ms:\n            return 0 pA\n        return 5 pA\n"
    )


def test_unless_refractory_holds_a_variable():
    """Neither its equation nor a spike moves it; the reset does."""
    lines = lines_of(
        carry(
            f"{LIF} (unless refractory)",
            threshold="v > 0*mV",
            reset="v = v_rest",
            refractory=2 * ms,
            on_pre={"exc": "v += 1*mV"},
        )
    )
    for held in ("v += timestep() * ((v_rest - v) / tau)", "v += (1 mV) * exc * (1 s)"):
        assert lines[lines.index(held) - 1] == "if not_refractory:"
    assert "refractory ms = 2 ms" in lines


def test_refractory_condition_only_ends_refractoriness():
    """As in Brian2: the condition is read while the neuron is refractory."""
    lines = lines_of(carry(LIF, threshold="v > 0*mV", reset="", refractory="v > -20*mV"))
    assert "not_refractory = not_refractory or (not (v > -20 mV))" in lines


def test_constant_over_dt_is_evaluated_once_a_step():
    """So that its random numbers are the ones that the step uses."""
    text = carry(f"{LIF} \nr = 5*randn() : 1 (constant over dt)")
    assert "r = 5 * random_normal(0, 1)" in lines_of(text[text.index("update:") :])


@pytest.mark.parametrize(
    ("declaration", "remedy"),
    [
        ("x = rand() : 1 (shared)", "draw its own random number"),
        ("x : 1 (linked)", "through a connection"),
    ],
)
def test_linked_and_random_shared_are_refused_with_what_to_do_instead(declaration, remedy):
    """NEST has no variable outside its nodes."""
    with pytest.raises(Brian2ImportError, match=rf"`{declaration[:3]}.*{remedy}"):
        carry(f"{LIF}\n{declaration}")


def test_shared_variable_is_one_of_each_neuron():
    """With the same value, as long as nothing is drawn for it."""
    shared = "x : 1 (shared)\ny = 2*x : 1 (shared)"
    lines = lines_of(carry(f"{LIF}\n{shared}", run_regularly="x += 1", initial_values={"x": 3}))
    assert {"x real = 3", "recordable inline y real = 2 * x", "x += 1"} <= set(lines)
    with pytest.raises(Brian2ImportError, match=r"`x = rand\(\)`: all neurons share x"):
        carry(f"{LIF}\n{shared}", run_regularly="x = rand()")


def test_special_symbols():
    """They become the clock, parameters, or the state that refractoriness needs."""
    lines = lines_of(
        carry(
            f"{LIF}\ny = t/ms + dt/ms + t_in_timesteps + i + N : 1\n"
            "z = (t - lastspike)*int(not_refractory) : second",
            threshold="v > 0*mV",
            refractory=1 * ms,
        )
    )
    assert "recordable inline y real = time / (1 ms) + dt / (1 ms) + n_steps + i + N" in lines
    assert "recordable inline z ms = (time - lastspike) * (not_refractory ? 1.0 : 0.0)" in lines
    assert {"i integer = 0", "N integer = 1", "lastspike ms = -1e7 ms"} <= set(lines)


def test_each_xi_is_one_random_number_a_step():
    """One name is one noise, whoever uses it; its variance is 1/dt, as of white noise."""
    lines = lines_of(
        carry(
            f"{LIF.replace(' : ', ' + s/tau**.5*(xi_1 + xi_2) : ')}\n"
            "dw/dt = -w/tau + s/tau**.5*xi_1 : volt",
            namespace={"s": 1 * mV},
        )
    )
    noise = "real = random_normal(0, 1) / (timestep() / (1 ms))**0.5"
    assert [line for line in lines if line.endswith(noise)] == [f"xi_1 {noise}", f"xi_2 {noise}"]


def test_two_plain_xi_are_refused_as_in_brian2():
    """Brian2 wants to know whether they are the same noise."""
    with pytest.raises(Brian2ImportError, match=r"'xi'.*already used"):
        carry("dv/dt = xi/ms**.5 : 1\ndw/dt = xi/ms**.5 : 1")


def test_multiplicative_noise_takes_brian2s_scheme():
    """The same random number in the support point and in the step."""
    lines = lines_of(carry("dx/dt = -x/tau + x*xi/tau**.5 : 1", "milstein"))
    assert "xi real = (dt / (1 ms))**0.5 * random_normal(0, 1)" in lines
    assert sum("random_normal" in line for line in lines) == 1


def test_equations_can_be_added_and_substituted():
    """Equations objects are taken as they are."""
    membrane = Equations("dv/dt = -(v + I)/tau : volt", tau=10 * ms)
    both = membrane + Equations("g : siemens\nI = g*E : volt", g="g_e", E="1*mV/nS")
    lines = lines_of(to_nestml(both, method="euler", namespace={}))
    assert "recordable inline I mV = g_e * 1 * (1 mV) / (1 nS)" in lines
    assert "v += timestep() * (-(v + I) / (10 ms))" in lines


def test_port_for_each_effect():
    """Code that adds to two variables is one port."""
    text = carry(
        f"{LIF}\nda/dt = -a/tau : 1\ndb/dt = -b/tau : siemens",
        on_pre={"both": "a += 1; b += w", "single": "b -= 2*w"},
        namespace={"w": 3 * nS},
    )
    lines = lines_of(text)
    assert "both <- spike" in lines and "single <- spike" in lines
    assert "a += both * (1 s)" in lines
    assert "b += w * both * (1 s)" in lines
    assert "b -= 2 * w * single * (1 s)" in lines


def test_initial_values_may_be_expressions():
    """The expression stays one, so that a new parameter moves the initial value along."""
    text = carry(f"{LIF}\ndw/dt = -w/tau : 1\nb : 1", initial_values={"w": "b*v/mV", "b": 0.2})
    assert "w real = b * v / (1 mV)" in lines_of(text)


@pytest.mark.parametrize("code", ["i/10.0", "rand()", "b*x"])
def test_initial_value_that_a_default_cannot_have_is_refused(code):
    """Of one neuron, random, or of a subexpression that has no value when NEST sets it."""
    with pytest.raises(Brian2ImportError, match=f"initial value of w `{re.escape(code)}`"):
        carry(f"{LIF}\nw : 1\nb : 1\nx = 2*b : 1", initial_values={"w": code})


def test_initial_values_stand_after_what_they_depend_on():
    """NEST sets them in the order of their declaration; before, memory is not initialised."""
    text = carry(
        "dw/dt = -w/tau : 1\ndx/dt = -x/tau : 1\nb : second\nc : second",
        initial_values={"w": "2*x", "x": "b/c", "b": "3*c", "c": "2*tau"},
    )
    lines = lines_of(text)
    order = ["x real = b / c", "w real = 2 * x", "tau ms = 10 ms", "c ms = 2 * tau", "b ms = 3 * c"]
    assert sorted(order, key=lines.index) == order
    with pytest.raises(Brian2ImportError, match="depends on itself"):
        carry("x : 1\ny : 1", initial_values={"x": "y", "y": "x"})


@pytest.mark.parametrize(
    ("code", "expected"),
    [("1.0*i/N", "1.0 * i / N"), ("1.0/N", "1.0 / N"), ("2.0*n/(3*N)", "2.0 * n / (3 * N)")],
)
def test_whole_valued_reals_stay_reals(code, expected):
    """C++ would divide 1 * i by N as whole numbers."""
    assert f"recordable inline x real = {expected}" in carry(f"n : integer\nx = {code} : 1")


@pytest.mark.parametrize(
    ("name", "owner"),
    [("state", "NESTML"), ("double", "C++"), ("EOF", "C++"), ("Ca", "NEST"), ("time", "carried")],
)
def test_reserved_names_are_renamed_and_told(name, owner):
    """As a variable, a parameter, a constant, and for the moment of a reset."""
    models = (
        (f"d{name}/dt = -{name}/tau : volt\nx = 2*{name} : volt", f"{name}_1 mV = 0 mV", {}),
        (f"{LIF}\n{name} : 1\n{name}_1 : 1", f"{name}_2 real = 0", {}),
        ("dv/dt = -v*NAME/tau : volt".replace("NAME", name), f"{name}_1 real = 3", {name: 3.0}),
    )
    for equations, declaration, namespace in models:
        text = carry(equations, namespace=namespace)
        assert declaration in lines_of(text)
        new = declaration.split()[0]
        assert re.search(rf"# {name} is called {new} here: {re.escape(owner)}", text) or (
            f"{name} is called {new} here: the carried-over model" in text
        )
    text = carry(LIF, threshold="v > 1*mV", reset=f"{name} = v/2; v = {name}")
    assert {f"{name}_1 mV = v / 2", f"v = {name}_1"} <= set(lines_of(text))


def test_noise_of_a_subexpression_goes_where_it_is_used():
    """As if its author had written it there; both equations have the same random number."""
    noise = "(mu + sigma*sqrt(ms)*xi_pop)"
    texts = [
        carry(f"dv/dt = ({one} - v)/tau : volt\ndw/dt = 2*{one}/tau : volt{more}", namespace=values)
        for one, more in ((noise, ""), ("noise", f"\nnoise = {noise[1:-1]} : volt"))
        for values in [{"mu": 1 * mV, "sigma": 2 * mV}]
    ]
    assert lines_of(texts[0]) == lines_of(texts[1])
    assert "noise" not in texts[1].replace("white noise", "")


def test_post_suffix_means_the_neuron_itself():
    """As Brian2 has it in the on_pre of Synapses."""
    text = carry("dg/dt = -g/tau : 1\nw : 1", on_pre={"exc": "g_post += w_post"})
    assert "g += w * exc * (1 s)" in lines_of(text)


def test_run_regularly_runs_at_the_start_of_every_step():
    """Before the integration, as Brian2's slot `start`."""
    lines = lines_of(carry(f"{LIF}\nI : 1", run_regularly="I = 5*randn()"))
    change = next(k for k, line in enumerate(lines) if line.startswith("v +="))
    assert lines.index("I = 5 * random_normal(0, 1)") < change


def test_output_is_the_same_every_time():
    """No date, no order of sets."""
    texts = {carry(f"{LIF}\nx = v/mV : 1", threshold="v>0*mV", reset="v=v_rest") for _ in range(3)}
    assert len(texts) == 1
