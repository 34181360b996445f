// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_POOLED_SYNAPSE
#define IZHISYN_POOLED_SYNAPSE

#include <algorithm>
#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include "common_synapse_properties.h"
#include "connection.h"
#include "exceptions.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * What NEST's Connect makes of a connection to a pooled neuron, before PooledConnector stores it as numbers.
 *
 * Common is what all connections of a model share.
 */
template < class TargetIdentifier, class Common >
class PooledSynapse : public nest::Connection< TargetIdentifier >
{
public:
  using CommonPropertiesType = Common;

  static constexpr bool IS_POOLED = true; //!< PooledConnector stores its connections

  static constexpr nest::ConnectionModelProperties properties = nest::ConnectionModelProperties::HAS_DELAY
    | nest::ConnectionModelProperties::IS_PRIMARY | nest::ConnectionModelProperties::SUPPORTS_LBL;

  const Port&
  port() const
  {
    return port_;
  }

  nest::SynIdDelay
  syn_id_delay() const
  {
    return this->syn_id_delay_;
  }

  //! Refuses weights that are not a number, which for NEST mean that none were given
  void
  check_synapse_params( const Dictionary& syn_spec ) const
  {
    const auto weight = syn_spec.find( nest::names::weight );
    if ( weight == syn_spec.end() )
    {
      return;
    }
    if ( const auto* const one = std::get_if< double >( &weight->second.item ) )
    {
      refuse_weight( *one );
    }
    if ( const auto* const each = std::get_if< std::vector< double > >( &weight->second.item ) )
    {
      std::for_each( each->begin(), each->end(), [ this ]( const double one ) { refuse_weight( one ); } );
    }
  }

  //! Becomes a connection that has been stored
  void
  restore( const Port& port, const nest::SynIdDelay& syn_id_delay )
  {
    port_ = port;
    this->syn_id_delay_ = syn_id_delay;
  }

protected:
  std::string
  model_name() const
  {
    const std::size_t thread = nest::kernel().vp_manager.get_thread_id();
    return nest::kernel().model_manager.get_connection_model( this->get_syn_id(), thread ).get_name();
  }

  bool
  takes_negative_weights() const
  {
    return not weights() or weights()->takes( -1.0 );
  }

  //! Throws BadProperty if the port, as soon as there is one, does not take the weight
  void
  refuse_weight( const double weight ) const
  {
    if ( weights() and not weights()->takes( weight ) )
    {
      throw nest::BadProperty( weights()->refusal( port_.node->get_name(), weight ) );
    }
    if ( not std::isfinite( weight ) )
    {
      throw nest::BadProperty( String::compose( "%1 needs a finite weight, not %2.", model_name(), weight ) );
    }
  }

  //! Takes the port of the target that accepts this source; throws IllegalConnection where there is none
  void
  find_port( nest::Node& source, nest::Node& target, const std::size_t receptor_type )
  {
    AnySpikesOrCurrents dummy_target;
    find_port( dummy_target, source, target, receptor_type );
  }

  //! The same for the events that a dummy takes
  void
  find_port( nest::Node& dummy_target, nest::Node& source, nest::Node& target, const std::size_t receptor_type )
  {
    last_port() = {};
    this->check_connection_( dummy_target, source, target, receptor_type );
    port_ = last_port();
    if ( port_.node != &target )
    {
      throw nest::IllegalConnection( String::compose(
        "%1 leads to spike and current ports of pooled neurons of izhisynmodule, among which %2 has none; use "
        "static_synapse, or build that model and izhisyn's together as izhisynmodule.",
        model_name(),
        target.get_name() ) );
    }
  }

private:
  //! Of the port; null where there is none yet, and for currents
  const WeightedPort*
  weights() const
  {
    return port_.ring ? port_.ring->owner( port_.address ).weights : nullptr;
  }

  class AnySpikesOrCurrents : public nest::ConnTestDummyNodeBase
  {
  public:
    using nest::ConnTestDummyNodeBase::handles_test_event;

    std::size_t
    handles_test_event( nest::SpikeEvent&, std::size_t ) override
    {
      return nest::invalid_port;
    }

    std::size_t
    handles_test_event( nest::DSSpikeEvent&, std::size_t ) override
    {
      return nest::invalid_port;
    }

    std::size_t
    handles_test_event( nest::CurrentEvent&, std::size_t ) override
    {
      return nest::invalid_port;
    }

    std::size_t
    handles_test_event( nest::DSCurrentEvent&, std::size_t ) override
    {
      return nest::invalid_port;
    }
  };

  Port port_;
};
} // namespace izhisyn

#endif
