// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_VECTOR_MATH
#define IZHISYN_VECTOR_MATH

#include <bit>
#include <cstdint>
#include <limits>

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * Exponential function that the compiler can apply to several arguments at once.
 *
 * The same arithmetic on every processor, hence the same spikes, whichever vector library there is. The
 * error is below 1.5 units in the last place from -708 to 709; the result is 0 below and infinite above.
 *
 * x = n ln 2 + r with |r| <= ln 2 / 2, exp(x) = 2^n exp(r), and exp(r) by its Taylor polynomial of degree
 * 13, whose remainder is below r^14 / 14! = 4e-18.
 */
[[gnu::always_inline]] inline double
exp( const double x )
{
  constexpr double log2_e = 0x1.71547652b82fep+0;
  constexpr double ln2_head = 0x1.62e42fee00000p-1; // its last bits are 0: n ln2_head is exact
  constexpr double ln2_tail = 0x1.a39ef35793c76p-33;
  constexpr double rounder = 0x1.8p52; // adding it leaves n in the last bits

  const double shifted = x * log2_e + rounder;
  const double n = shifted - rounder;
  const double r = ( x - n * ln2_head ) - n * ln2_tail;

  // Estrin's scheme: pairs, then pairs of pairs
  const double r2 = r * r;
  const double r4 = r2 * r2;
  const double r8 = r4 * r4;
  const double low = ( 1.0 / 2 + r * ( 1.0 / 6 ) ) + r2 * ( 1.0 / 24 + r * ( 1.0 / 120 ) );
  const double middle =
    ( 1.0 / 720 + r * ( 1.0 / 5040 ) ) + r2 * ( 1.0 / 40320 + r * ( 1.0 / 362880 ) );
  const double high = ( 1.0 / 3628800 + r * ( 1.0 / 39916800 ) )
    + r2 * ( 1.0 / 479001600 + r * ( 1.0 / 6227020800.0 ) );
  const double tail = low + r4 * middle + r8 * high;
  const double mantissa = 1.0 + ( r + r2 * tail );

  const std::uint64_t exponent = ( std::bit_cast< std::uint64_t >( shifted ) + 1023 ) << 52;
  const double result = mantissa * std::bit_cast< double >( exponent );
  const double above = x > 709.0 ? std::numeric_limits< double >::infinity() : result;
  return x < -708.0 ? 0.0 : above;
}
} // namespace izhisyn

#endif
