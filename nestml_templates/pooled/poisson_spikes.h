// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_POISSON_SPIKES
#define IZHISYN_POISSON_SPIKES

#include <cstdint>

#include "event.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * Independent Poisson trains of one rate during some steps, for all targets of a device on a thread.
 *
 * The spikes of many trains in many steps together are one Poisson number; each then belongs to a train and a
 * step that are drawn uniformly. This is exact, and costs nothing for a step without a spike. Where a step holds
 * several, a Poisson number for each train and step costs less.
 */
class PoissonSpikes
{
public:
  void
  seed( const nest::RngPtr source )
  {
    stream_.seed( source );
  }

  //! From here on: mean number of spikes of a train in a step, and number of steps
  void
  set( const double mean, const std::uint64_t n_steps )
  {
    mean_ = mean;
    n_steps_ = n_steps;
  }

  //! Calls `add( train, step, number of spikes )` for the spikes of so many trains
  template < class Add >
  void
  draw( const std::size_t n_trains, const Add& add )
  {
    if ( n_trains == 0 )
    {
      return;
    }
    // What a group of trains touches stays in the processor's cache.
    const std::size_t n_groups = ( n_trains + GROUP - 1 ) / GROUP;
    const std::size_t size = ( n_trains + n_groups - 1 ) / n_groups;
    const bool is_dense = mean_ > DENSE;
    numbers_.set_mean( is_dense ? mean_ : mean_ * n_steps_ * size );
    for ( std::size_t first = 0; first < n_trains; first += size )
    {
      if ( is_dense )
      {
        draw_each( first, std::min( first + size, n_trains ), add );
      }
      else
      {
        split_one( first, size, n_trains, add );
      }
    }
  }

private:
  static constexpr std::size_t GROUP = 2048;
  static constexpr double DENSE = 0.75;// spikes of a train in a step

  template < class Add >
  [[gnu::always_inline]] void
  draw_each( const std::size_t first, const std::size_t end, const Add& add )
  {
    for ( std::uint64_t step = 0; step < n_steps_; ++step )
    {
      for ( std::size_t train = first; train < end; ++train )
      {
        if ( const std::uint64_t number = numbers_( stream_ ) )
        {
          add( train, step, number );
        }
      }
    }
  }

  template < class Add >
  [[gnu::always_inline]] void
  split_one( const std::size_t first, const std::size_t size, const std::size_t n_trains, const Add& add )
  {
    __extension__ using Wide = unsigned __int128;
    RandomStream stream = stream_; // in registers
    for ( std::uint64_t rest = numbers_( stream ); rest > 0; --rest )
    {
      // The integer part of a random fraction times size, then its rest as the next random fraction
      const Wide scaled = Wide( stream() ) * size;
      const std::size_t train = first + std::size_t( scaled >> 64 );
      const std::uint64_t step = Wide( std::uint64_t( scaled ) ) * n_steps_ >> 64;
      if ( train < n_trains ) // the last group may be smaller: its spikes beyond are dropped, not moved
      {
        add( train, step, std::uint64_t( 1 ) );
      }
    }
    stream_ = stream;
  }

  RandomStream stream_;
  PoissonNumbers numbers_;
  double mean_ = 0.0;
  std::uint64_t n_steps_ = 0;
};

/**
 * What poisson_generator_pooled sends for some steps at once.
 *
 * A connector of pooled synapses draws the spikes of all its targets together. Any other synapse sends the event
 * to its target, that is, to the device's event_hook, which draws those of this target.
 */
class PoissonEvent : public nest::DSSpikeEvent
{
public:
  explicit PoissonEvent( PoissonSpikes& of_device )
    : spikes( of_device )
  {
  }

  PoissonSpikes& spikes;
};
} // namespace izhisyn

#endif
