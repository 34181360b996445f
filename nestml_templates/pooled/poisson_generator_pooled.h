// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_POISSON_GENERATOR_POOLED
#define IZHISYN_POISSON_GENERATOR_POOLED

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "event_delivery_manager_impl.h"
#include "exceptions.h"
#include "kernel_manager.h"
#include "stimulation_device.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * Independent Poisson spike trains for each target, as NEST's poisson_generator, at a rate that may change as
 * that of NEST's inhomogeneous_poisson_generator.
 */
class poisson_generator_pooled : public nest::StimulationDevice
{
public:
  using nest::Node::event_hook;

  poisson_generator_pooled() = default;

  poisson_generator_pooled( const poisson_generator_pooled& other )
    : nest::StimulationDevice( other )
    , rates_( other.rates_ )
  {
  }

  std::size_t send_test_event( nest::Node& target, std::size_t receptor_type, nest::synindex, bool is_dummy ) override;
  void get_status( Dictionary& ) const override;
  void set_status( const Dictionary& ) override;
  void set_data_from_stimulation_backend( std::vector< double >& ) override;

  Type
  get_type() const override
  {
    return Type::SPIKE_GENERATOR;
  }

private:
  //! The rate, which holds until the first of the times, and those that hold from then on
  struct Rates
  {
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

  void
  init_state_() override
  {
    nest::StimulationDevice::init_state();
  }

  void
  init_buffers_() override
  {
    nest::StimulationDevice::init_buffers();
  }

  void
  pre_run_hook() override
  {
    nest::StimulationDevice::pre_run_hook();
  }

  void update( const nest::Time&, long, long ) override;
  void event_hook( nest::DSSpikeEvent& ) override;
  double rate_in_step( const nest::Time& origin, long lag ) const;

  Rates rates_;
  PoissonSpikes spikes_;
};

inline std::size_t
poisson_generator_pooled::send_test_event( nest::Node& target,
  const std::size_t receptor_type,
  const nest::synindex syn_id,
  const bool is_dummy )
{
  enforce_single_syn_type( syn_id );
  // A synapse that cannot ask back for each target refuses the first; a neuron takes the second.
  nest::DSSpikeEvent drawn;
  nest::SpikeEvent plain;
  drawn.set_sender( *this );
  plain.set_sender( *this );
  return is_dummy ? target.handles_test_event( drawn, receptor_type )
                  : target.handles_test_event( plain, receptor_type );
}

inline void
poisson_generator_pooled::get_status( Dictionary& status ) const
{
  rates_.get( status );
  nest::StimulationDevice::get_status( status );
}

inline void
poisson_generator_pooled::set_status( const Dictionary& status )
{
  Rates changed = rates_;
  changed.set( status, this );
  nest::StimulationDevice::set_status( status ); // may refuse as well; nothing has been changed yet
  rates_ = changed;
}

inline void
poisson_generator_pooled::set_data_from_stimulation_backend( std::vector< double >& values )
{
  if ( values.empty() )
  {
    return;
  }
  if ( values.size() != 1 )
  {
    throw nest::BadParameterValue( String::compose(
      "A stimulation backend gives %1 one value, the rate in spikes/s, not %2 values.", get_name(), values.size() ) );
  }
  Dictionary status;
  status[ nest::names::rate ] = values[ 0 ];
  rates_.set( status, this );
}

inline void
poisson_generator_pooled::update( const nest::Time& origin, const long from, const long to )
{
  spikes_.seed( nest::get_vp_specific_rng( get_thread() ) );
  for ( long first = from, end; first < to; first = end )
  {
    const double rate = rate_in_step( origin, first );
    end = first + 1;
    while ( end < to and rate_in_step( origin, end ) == rate )
    {
      ++end;
    }
    if ( rate > 0.0 )
    {
      spikes_.set( 1e-3 * rate * nest::Time::get_resolution().get_ms(), end - first );
      PoissonEvent event( spikes_ );
      nest::kernel().event_delivery_manager.send< nest::DSSpikeEvent >( *this, event, first );
    }
  }
}

inline double
poisson_generator_pooled::rate_in_step( const nest::Time& origin, const long lag ) const
{
  const long step = origin.get_steps() + lag;
  return is_active( nest::Time::step( step ) ) ? rates_.at( step + 1 ) : 0.0;
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
poisson_generator_pooled::Rates::get( Dictionary& status ) const
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
poisson_generator_pooled::Rates::set( const Dictionary& status, nest::Node* const node )
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
poisson_generator_pooled::Rates::refuse_unless_rate( const double rate )
{
  if ( not std::isfinite( rate ) or rate < 0.0 )
  {
    throw nest::BadProperty( String::compose(
      "rate and rate_values must be finite numbers of spikes/s from 0 up, not %1; nothing was changed.", rate ) );
  }
}

//! Times in steps; they must ascend, and be multiples of the step unless they may be rounded up
inline std::vector< long >
poisson_generator_pooled::Rates::steps_of( const std::vector< double >& times ) const
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
