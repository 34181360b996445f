# SPDX-License-Identifier: GPL-2.0-or-later
"""The exponential function of pooled neurons, compiled by itself."""

import subprocess

import numpy as np
import pytest

import build_module

HEADER = build_module.OWN_TEMPLATES / "pooled" / "vector_math.h"
PROGRAM = f"""
#include "{HEADER}"
#include <cstdio>
static double values[ 1 << 20 ];
int main()
{{
  const std::size_t n = std::fread( values, sizeof( double ), 1 << 20, stdin );
  for ( std::size_t i = 0; i < n; ++i )
  {{
    values[ i ] = izhisyn::exp( values[ i ] );
  }}
  return std::fwrite( values, sizeof( double ), n, stdout ) != n;
}}
"""
LOWEST, HIGHEST = -708.0, 709.0  # zero below, infinite above


@pytest.fixture(scope="module")
def compiler():
    """Find what build_module.py compiles with."""
    return build_module.find_compiler(build_module.find_nest(None))


@pytest.fixture(scope="module")
def compiled(compiler, tmp_path_factory):
    """Compile the function with some flags; give it as a function of arrays, and the remarks."""
    folder = tmp_path_factory.mktemp("exp")
    source = folder / "program.cpp"
    source.write_text(PROGRAM)

    def compile_with(*flags):
        program = folder / "_".join(("program", *flags)).replace("=", "")
        command = [compiler, "-std=c++20", *flags, "-o", program, source]
        remarks = subprocess.run(command, capture_output=True, text=True, check=True).stderr

        def exp(x):
            result = subprocess.run([program], input=x.tobytes(), capture_output=True, check=True)
            return np.frombuffer(result.stdout)

        return exp, remarks

    return compile_with


@pytest.fixture(scope="module")
def exp(compiled):
    """Compile it as build_module.py does."""
    return compiled(*build_module.OPTIMISATION, "-march=native")[0]


def arguments():
    """Arguments over the whole range, most of them where neurons are, and next to n ln 2 / 2."""
    rng = np.random.default_rng(1)
    halves = np.arange(-2042, 2045) * np.log(2) / 2
    steps = np.linspace(-4, 4, 9) * np.spacing(halves)[:, None]
    return np.concatenate(
        [
            rng.uniform(LOWEST, HIGHEST, 300_000),
            rng.uniform(-10.0, 10.0, 300_000),
            rng.choice([-1, 1], 100_000) * 10.0 ** rng.uniform(-320, 0, 100_000),
            (halves[:, None] + steps).ravel().clip(LOWEST, HIGHEST),
            [LOWEST, HIGHEST, 0.0, -0.0],
        ]
    )


def test_error_is_below_one_and_a_half_units(exp):
    """Compared with long double, whose own error is a thousandth of a unit of double."""
    if np.finfo(np.longdouble).nmant < 63:
        pytest.skip("needs a long double that is longer than double")
    x = arguments()
    exact = np.exp(x.astype(np.longdouble))
    error = np.abs(exp(x) - exact) / np.spacing(exact.astype(float))
    worst = error.argmax()
    assert error[worst] < 1.5, f"exp({x[worst]!r})"


def test_limits(exp):
    """Zero and infinity take over just outside the range; NaN stays NaN."""
    below = np.nextafter(LOWEST, -np.inf)
    above = np.nextafter(HIGHEST, np.inf)
    x = np.array([below, -745.0, -1e5, -1e300, -np.inf, above, 710.0, 1e5, 1e300, np.inf])
    np.testing.assert_array_equal(exp(x), [0.0] * 5 + [np.inf] * 5)
    np.testing.assert_array_equal(exp(np.array([0.0, -0.0, 5e-324])), 1.0)
    assert np.isnan(exp(np.array([np.nan, -np.nan]))).all()


def test_same_bits_with_and_without_vectors(compiled, compiler):
    """The processor that a module is compiled for must not change a spike."""
    x = np.concatenate([arguments(), [np.nan, np.inf, -np.inf, 1e300, -1e300, 800.0, -800.0]])
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
    report = ["-Rpass=loop-vectorize"] if "clang" in version else ["-fopt-info-vec"]
    scalar, _ = compiled("-O0")
    plain, _ = compiled(*build_module.OPTIMISATION)
    vectors, remarks = compiled(*build_module.OPTIMISATION, "-march=native", *report)
    assert "vectorized" in remarks
    bits = [function(x).view(np.uint64) for function in (scalar, plain, vectors)]
    for others in bits[1:]:
        np.testing.assert_array_equal(others, bits[0])
