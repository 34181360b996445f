// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_POISSON_GENERATOR_POOLED
#define IZHISYN_POISSON_GENERATOR_POOLED

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
//! The rate, which holds until the first of the times, and those that hold from then on
struct PoissonRates
{
  static constexpr const char* FROM_BACKEND[] = { "rate" };
  static constexpr const char* FROM_BACKEND_TEXT = "one value, the rate in spikes/s";

  void get( Dictionary& ) const;
  void set( const Dictionary&, nest::Node* );
  static void refuse_unless_rate( double rate );
  std::vector< long > steps_of( const std::vector< double >& times ) const;

  //! Rate of spikes at a time stamp [spikes/s]
  double
  at( const long step ) const
  {
    const auto later = std::upper_bound( steps.begin(), steps.end(), step );
    return later == steps.begin() ? rate : values[ later - steps.begin() - 1 ];
  }

  double rate = 0.0;            //!< [spikes/s]
  std::vector< long > steps;    //!< times at which the rate changes
  std::vector< double > values; //!< and to what [spikes/s]
  bool allows_offgrid_times = false;
};

/**
 * Independent Poisson spike trains for each target, as NEST's poisson_generator, at a rate that may change as
 * that of NEST's inhomogeneous_poisson_generator.
 */
class poisson_generator_pooled : public SpikeDevice< PoissonRates >
{
  void update( const nest::Time&, long, long ) override;
  void event_hook( nest::DSSpikeEvent& ) override;

  PoissonSpikes spikes_;
};

inline void
poisson_generator_pooled::update( const nest::Time& origin, const long from, const long to )
{
  spikes_.seed( nest::get_vp_specific_rng( get_thread() ) );
  const auto rate_at = [ & ]( const long lag ) {
    const long step = origin.get_steps() + lag;
    return is_active( nest::Time::step( step ) ) ? parameters_.at( step + 1 ) : 0.0;
  };
  for_equal_lags( from, to, rate_at, [ & ]( const long first, const long end, const double rate ) {
    if ( rate > 0.0 )
    {
      spikes_.set( 1e-3 * rate * nest::Time::get_resolution().get_ms(), end - first );
      PoissonEvent event( spikes_ );
      nest::kernel().event_delivery_manager.send< nest::DSSpikeEvent >( *this, event, first );
    }
  } );
}

inline void
poisson_generator_pooled::event_hook( nest::DSSpikeEvent& event )
{
  const nest::Time stamp = event.get_stamp();
  spikes_.draw( 1,
    [ & ]( std::size_t, const std::uint64_t step, const std::uint64_t number )
    {
      event.set_stamp( stamp + nest::Time::step( step ) );
      event.set_multiplicity( number );
      event.get_receiver().handle( event );
    } );
  event.set_stamp( stamp );
  event.set_multiplicity( 1 );
}

inline void
PoissonRates::get( Dictionary& status ) const
{
  std::vector< double > times;
  for ( const long step : steps )
  {
    times.push_back( nest::Time( nest::Time::step( step ) ).get_ms() );
  }
  status[ nest::names::rate ] = rate;
  status[ nest::names::rate_times ] = times;
  status[ nest::names::rate_values ] = values;
  status[ nest::names::allow_offgrid_times ] = allows_offgrid_times;
}

inline void
PoissonRates::set( const Dictionary& status, nest::Node* const node )
{
  nest::update_value_param( status, nest::names::rate, rate, node );
  status.update_value( nest::names::allow_offgrid_times, allows_offgrid_times );
  std::vector< double > times;
  const bool has_times = status.update_value( nest::names::rate_times, times );
  const bool has_values = status.update_value( nest::names::rate_values, values );
  refuse_unless_rate( rate );
  std::for_each( values.begin(), values.end(), refuse_unless_rate );
  if ( has_times != has_values or ( has_times and times.size() != values.size() ) )
  {
    throw nest::BadProperty( String::compose(
      "rate_times and rate_values must be set together and be equally long, not %1 times and %2 values; nothing was "
      "changed.",
      times.size(),
      has_values ? values.size() : 0 ) );
  }
  if ( has_times )
  {
    steps = steps_of( times );
  }
}

inline void
PoissonRates::refuse_unless_rate( const double rate )
{
  if ( not std::isfinite( rate ) or rate < 0.0 )
  {
    throw nest::BadProperty( String::compose(
      "rate and rate_values must be finite numbers of spikes/s from 0 up, not %1; nothing was changed.", rate ) );
  }
}

//! Times in steps; they must ascend, and be multiples of the step unless they may be rounded up
inline std::vector< long >
PoissonRates::steps_of( const std::vector< double >& times ) const
{
  std::vector< long > result;
  for ( const double time : times )
  {
    const nest::Time exact = nest::Time::ms( time );
    if ( not std::isfinite( time ) or time <= 0.0 or not( exact.is_grid_time() or allows_offgrid_times ) )
    {
      throw nest::BadProperty( String::compose(
        "rate_times has %1 ms, which must be a multiple of the resolution above 0; choose another time, or set "
        "allow_offgrid_times to have it rounded up; nothing was changed.",
        time ) );
    }
    const long step = nest::Time( nest::Time::ms_stamp( time ) ).get_steps();
    if ( not result.empty() and step <= result.back() )
    {
      throw nest::BadProperty( String::compose(
        "rate_times must ascend from step to step, but %1 ms does not; nothing was changed.", time ) );
    }
    result.push_back( step );
  }
  return result;
}
} // namespace izhisyn

#endif
