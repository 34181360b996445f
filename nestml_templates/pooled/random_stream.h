// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_RANDOM_STREAM
#define IZHISYN_RANDOM_STREAM

#include <bit>
#include <cstdint>
#include <limits>

#include "random_generators.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * Random numbers without a virtual call for each: xoshiro256++ of Blackman and Vigna (2021),
 * doi:10.1145/3460772, seeded from NEST's generator, so that they depend on nest.rng_seed alone.
 */
class RandomStream
{
public:
  using result_type = std::uint64_t; // as the distributions of the standard library want it

  static constexpr result_type
  min()
  {
    return 0;
  }

  static constexpr result_type
  max()
  {
    return std::numeric_limits< result_type >::max();
  }

  void
  seed( const nest::RngPtr source )
  {
    for ( std::uint64_t& word : state_ )
    {
      word = source->ulrand( 1UL << 32 ) << 32 | source->ulrand( 1UL << 32 );
    }
    state_[ 0 ] |= 1; // a state of zeros would stay one
  }

  [[gnu::always_inline]] result_type
  operator()()
  {
    const std::uint64_t result = std::rotl( state_[ 0 ] + state_[ 3 ], 23 ) + state_[ 0 ];
    const std::uint64_t shifted = state_[ 1 ] << 17;
    state_[ 2 ] ^= state_[ 0 ];
    state_[ 3 ] ^= state_[ 1 ];
    state_[ 1 ] ^= state_[ 2 ];
    state_[ 0 ] ^= state_[ 3 ];
    state_[ 2 ] ^= shifted;
    state_[ 3 ] = std::rotl( state_[ 3 ], 45 );
    return result;
  }

private:
  std::uint64_t state_[ 4 ] = { 1, 0, 0, 0 };
};
} // namespace izhisyn

#endif
