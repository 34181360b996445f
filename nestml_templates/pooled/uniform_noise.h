// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_UNIFORM_NOISE
#define IZHISYN_UNIFORM_NOISE

#include <cstdint>

#include "event.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * Uniform random numbers for each target and step, without a state: each depends on the seed, the target's node id
 * and the step alone, so that any split into threads and processes, and any other program, has the same ones.
 *
 * A target has the sequence of the generator SplitMix64, of Steele, Lea and Flood (2014), doi:10.1145/2660193.2660195,
 * from a start that is a number of the same generator.
 */
class UniformNoise
{
public:
  UniformNoise( const std::uint64_t seed, const double low, const double high )
    : seed_( scrambled( seed ) )
    , low_( low )
    , width_( high - low )
  {
  }

  //! Where the sequence of a target starts
  std::uint64_t
  start( const std::size_t target ) const
  {
    return scrambled( seed_ + target );
  }

  //! The number in a sequence that belongs to a step
  [[gnu::always_inline]] double
  operator()( const std::uint64_t start, const std::uint64_t step ) const
  {
    constexpr double last_place = 1.0 / ( std::uint64_t( 1 ) << 53 );
    return low_ + width_ * ( ( scrambled( start + step * WEYL ) >> 11 ) * last_place );
  }

private:
  static constexpr std::uint64_t WEYL = 0x9e3779b97f4a7c15;

  [[gnu::always_inline]] static std::uint64_t
  scrambled( std::uint64_t z )
  {
    z += WEYL;
    z = ( z ^ ( z >> 30 ) ) * 0xbf58476d1ce4e5b9;
    z = ( z ^ ( z >> 27 ) ) * 0x94d049bb133111eb;
    return z ^ ( z >> 31 );
  }

  std::uint64_t seed_;
  double low_;
  double width_;
};

/**
 * What uniform_noise_generator sends for some steps at once.
 *
 * A connector of pooled synapses computes the weights for all its targets together. Any other synapse sends the event
 * to its target, that is, to the device's event_hook.
 */
class NoiseEvent : public nest::DSSpikeEvent
{
public:
  NoiseEvent( const UniformNoise& noise_of_device, const long number )
    : noise( noise_of_device )
    , n_steps( number )
  {
  }

  const UniformNoise& noise;
  const long n_steps;
};
} // namespace izhisyn

#endif
