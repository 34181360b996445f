// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_SPIKE_DEVICE
#define IZHISYN_SPIKE_DEVICE

#include <string>
#include <vector>

#include "event_delivery_manager_impl.h"
#include "exceptions.h"
#include "kernel_manager.h"
#include "stimulation_device.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * A generator that draws what it sends for each target.
 *
 * Its Parameters have get( status ) and set( status, node ), which may refuse half-way, and FROM_BACKEND and
 * FROM_BACKEND_TEXT: the names of the numbers that a stimulation backend gives, and a sentence's words for them.
 */
template < class Parameters >
class SpikeDevice : public nest::StimulationDevice
{
public:
  using nest::Node::event_hook;

  SpikeDevice() = default;

  SpikeDevice( const SpikeDevice& other )
    : nest::StimulationDevice( other )
    , parameters_( other.parameters_ )
  {
  }

  std::size_t
  send_test_event( nest::Node& target, const std::size_t receptor_type, const nest::synindex syn_id, const bool is_dummy ) override
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

  void
  get_status( Dictionary& status ) const override
  {
    parameters_.get( status );
    nest::StimulationDevice::get_status( status );
  }

  void
  set_status( const Dictionary& status ) override
  {
    Parameters changed = parameters_;
    changed.set( status, this );
    nest::StimulationDevice::set_status( status ); // may refuse as well; nothing has been changed yet
    parameters_ = changed;
  }

  void
  set_data_from_stimulation_backend( std::vector< double >& values ) override
  {
    const auto& names = Parameters::FROM_BACKEND;
    if ( values.empty() )
    {
      return;
    }
    if ( values.size() != std::size( names ) )
    {
      throw nest::BadParameterValue( String::compose( "A stimulation backend gives %1 %2, not %3 values.",
        get_name(),
        Parameters::FROM_BACKEND_TEXT,
        values.size() ) );
    }
    Dictionary status;
    for ( std::size_t i = 0; i < values.size(); ++i )
    {
      status[ names[ i ] ] = values[ i ];
    }
    Parameters changed = parameters_;
    changed.set( status, this );
    parameters_ = changed;
  }

  Type
  get_type() const override
  {
    return Type::SPIKE_GENERATOR;
  }

protected:
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

  //! Calls send( first, end, value ) for each longest run of lags with one value
  template < class ValueOf, class Send >
  static void
  for_equal_lags( const long from, const long to, const ValueOf& value_of, const Send& send )
  {
    for ( long first = from, end; first < to; first = end )
    {
      const auto value = value_of( first );
      end = first + 1;
      while ( end < to and value_of( end ) == value )
      {
        ++end;
      }
      send( first, end, value );
    }
  }

  Parameters parameters_;
};
} // namespace izhisyn

#endif
