// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_POOLED_CONNECTOR
#define IZHISYN_POOLED_CONNECTOR

#include <algorithm>
#include <deque>
#include <typeinfo>
#include <vector>

#include "connection_label.h"
#include "connector_base.h"
#include "connector_model.h"
#include "kernel_manager.h"
#include "weight_recorder.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * All connections of a synapse model on a thread, as numbers in arrays.
 *
 * To NEST it is an ordinary Connector. Synapse::Numbers stores what a connection has beyond target, delay and label.
 * A spike goes straight into the ring of the thread, or waits for its time in the numbers of a plastic synapse; other
 * events, and spikes whose weights are recorded, go to the node of each target as through any synapse.
 */
template < class Synapse, bool HAS_LABEL >
class PooledConnector : public nest::ConnectorBase
{
public:
  using Model = nest::GenericConnectorModel< Synapse >;
  using Common = typename Synapse::CommonPropertiesType;
  using Numbers = typename Synapse::Numbers;

  //! Of a connection, without NEST's table of sources
  static constexpr long BYTES = sizeof( Ring::Address ) + sizeof( nest::SynIdDelay )
    + Numbers::BYTES + HAS_LABEL * sizeof( long );

  explicit PooledConnector( const nest::synindex syn_id )
    : syn_id_( syn_id )
  {
  }

  void
  push_back( const Synapse& synapse )
  {
    addresses_.reserve_one();
    delays_.reserve_one();
    if constexpr ( HAS_LABEL )
    {
      labels_.push_back( synapse.get_label() );
    }
    numbers_.push_back( synapse );
    ring_ = synapse.port().ring;
    addresses_.push_back( synapse.port().address );
    delays_.push_back( synapse.syn_id_delay() );
  }

  // Events

  void send_to_all( std::size_t thread, const std::vector< nest::ConnectorModel* >& models, nest::Event& event ) override;

  std::size_t
  send( const std::size_t thread,
    const std::size_t first,
    const std::vector< nest::ConnectorModel* >& models,
    nest::Event& event ) override;

  void
  send_weight_event( std::size_t thread, unsigned int lcid, nest::Event& event, const nest::CommonSynapseProperties& common ) override;

  //! Takes the spikes that a volume transmitter reports; NEST asks all connectors, those without one, too
  void
  trigger_update_weight( const long transmitter,
    const std::size_t,
    const std::vector< nest::spikecounter >& spikes,
    const double end,
    const std::vector< nest::ConnectorModel* >& models ) override
  {
    if constexpr ( Numbers::IS_PLASTIC )
    {
      if ( common_of( models ).get_vt_node_id() == transmitter )
      {
        numbers_.take_report( common_of( models ), spikes, nest::Time( nest::Time::ms( end ) ).get_steps() );
      }
    }
  }

  // Connections

  nest::synindex
  get_syn_id() const override
  {
    return syn_id_;
  }

  std::size_t
  size() const override
  {
    return addresses_.size();
  }

  void sort_connections( BlockVector< nest::Source >& sources ) override;

  void
  set_source_has_more_targets( const std::size_t lcid, const bool has_more ) override
  {
    delays_[ lcid ].set_source_has_more_targets( has_more );
  }

  void
  disable_connection( const std::size_t lcid ) override
  {
    delays_[ lcid ].disable();
    numbers_.disable( lcid, addresses_[ lcid ] );
    has_disabled_ = true;
  }

  void
  remove_disabled_connections( const std::size_t first ) override
  {
    addresses_.truncate( first );
    delays_.truncate( first );
    numbers_.truncate( first );
    labels_.truncate( HAS_LABEL ? first : 0 );
    has_disabled_ = false;
  }

  // Status

  void get_synapse_status( std::size_t thread, std::size_t lcid, Dictionary& status ) const override;
  void set_synapse_status( std::size_t lcid, const Dictionary& status, nest::ConnectorModel& model ) override;

  // Questions

  std::size_t
  get_target_node_id( const std::size_t, const unsigned int lcid ) const override
  {
    return target_id( lcid );
  }

  void
  get_connection( const std::size_t source,
    const std::size_t target,
    const std::size_t thread,
    const std::size_t lcid,
    const long label,
    std::deque< nest::ConnectionID >& found ) const override
  {
    if ( is_asked_for( lcid, label ) and ( target == 0 or target == target_id( lcid ) ) )
    {
      found.push_back( nest::ConnectionID( source, target_id( lcid ), thread, syn_id_, lcid ) );
    }
  }

  void
  get_connection_with_specified_targets( const std::size_t source,
    const std::vector< std::size_t >& targets,
    const std::size_t thread,
    const std::size_t lcid,
    const long label,
    std::deque< nest::ConnectionID >& found ) const override
  {
    if ( is_asked_for( lcid, label ) and std::find( targets.begin(), targets.end(), target_id( lcid ) ) != targets.end() )
    {
      found.push_back( nest::ConnectionID( source, target_id( lcid ), thread, syn_id_, lcid ) );
    }
  }

  void
  get_all_connections( const std::size_t source,
    const std::size_t target,
    const std::size_t thread,
    const long label,
    std::deque< nest::ConnectionID >& found ) const override
  {
    for ( std::size_t lcid = 0; lcid < size(); ++lcid )
    {
      get_connection( source, target, thread, lcid, label, found );
    }
  }

  void
  get_source_lcids( const std::size_t, const std::size_t target, std::vector< std::size_t >& lcids ) const override
  {
    for ( std::size_t lcid = 0; lcid < size(); ++lcid )
    {
      if ( leads_to( lcid, target ) )
      {
        lcids.push_back( lcid );
      }
    }
  }

  void
  get_target_node_ids( const std::size_t,
    const std::size_t first,
    const std::string& element,
    std::vector< std::size_t >& ids ) const override
  {
    for ( std::size_t lcid = first, end = end_of_source( first ); lcid < end; ++lcid )
    {
      if ( not delays_[ lcid ].is_disabled() and ring_->node( addresses_[ lcid ] ).get_synaptic_elements( element ) != 0.0 )
      {
        ids.push_back( target_id( lcid ) );
      }
    }
  }

  std::size_t
  find_first_target( const std::size_t, const std::size_t first, const std::size_t target ) const override
  {
    for ( std::size_t lcid = first, end = end_of_source( first ); lcid < end; ++lcid )
    {
      if ( leads_to( lcid, target ) )
      {
        return lcid;
      }
    }
    return nest::invalid_index;
  }

  std::size_t
  find_enabled_connection( const std::size_t thread,
    const std::size_t syn_id,
    const std::size_t source,
    const std::size_t target,
    const nest::SourceTable& sources ) const override
  {
    for ( std::size_t lcid = 0; lcid < size(); ++lcid )
    {
      if ( leads_to( lcid, target ) and sources.get_node_id( thread, syn_id, lcid ) == source )
      {
        return lcid;
      }
    }
    return nest::invalid_index;
  }

private:
  //! Connections that the processor fetches from the ring ahead of the one it adds to
  static constexpr std::size_t AHEAD = 16;

  const Common&
  common_of( const std::vector< nest::ConnectorModel* >& models ) const
  {
    return static_cast< const Model* >( models[ syn_id_ ] )->get_common_properties();
  }

  std::size_t
  target_id( const std::size_t lcid ) const
  {
    return ring_->node( addresses_[ lcid ] ).get_node_id();
  }

  bool
  leads_to( const std::size_t lcid, const std::size_t target ) const
  {
    return not delays_[ lcid ].is_disabled() and target_id( lcid ) == target;
  }

  bool
  is_asked_for( const std::size_t lcid, const long label ) const
  {
    return not delays_[ lcid ].is_disabled()
      and ( label == nest::UNLABELED_CONNECTION or ( HAS_LABEL and labels_[ lcid ] == label ) );
  }

  //! Where the connections of a source end
  std::size_t
  end_of_source( std::size_t lcid ) const
  {
    while ( delays_[ lcid ].source_has_more_targets() )
    {
      ++lcid;
    }
    return lcid + 1;
  }

  //! Where an event of this time stamp goes in the ring, by the delay of a connection
  double* const*
  slots_of( const nest::Event& event ) const
  {
    const long origin = nest::kernel().simulation_manager.get_slice_origin().get_steps();
    return ring_->slots( origin ) + ( event.get_stamp().get_steps() - 1 - origin );
  }

  void hold( const nest::SpikeEvent& spike, std::size_t first, std::size_t end );
  void deliver( nest::Event& event, const Common& common, std::size_t thread, std::size_t first, std::size_t end );
  void deliver_now( nest::Event& event, const Common& common, std::size_t thread, std::size_t first, std::size_t end );
  void draw_into_ring( PoissonEvent& event, const Common& common );
  void add_noise_to_ring( const NoiseEvent& event, const Common& common );
  void add_to_ring( const nest::SpikeEvent& spike, const Common& common, std::size_t first, std::size_t end );
  void send_by_node( nest::Event& event, const Common& common, std::size_t thread, std::size_t lcid );

  nest::synindex syn_id_;
  bool has_disabled_ = false;
  Ring* ring_ = nullptr;
  Array< Ring::Address > addresses_;
  Array< nest::SynIdDelay > delays_;
  Numbers numbers_;
  Array< long > labels_; //!< empty without labels
};

template < class Synapse, bool HAS_LABEL >
void
PooledConnector< Synapse, HAS_LABEL >::send_to_all( const std::size_t thread,
  const std::vector< nest::ConnectorModel* >& models,
  nest::Event& event )
{
  if ( not event.is_flush_event() )
  {
    deliver( event, common_of( models ), thread, 0, size() );
  }
}

template < class Synapse, bool HAS_LABEL >
std::size_t
PooledConnector< Synapse, HAS_LABEL >::send( const std::size_t thread,
  const std::size_t first,
  const std::vector< nest::ConnectorModel* >& models,
  nest::Event& event )
{
  if ( event.is_flush_event() )
  {
    return 0;
  }
  const std::size_t end = end_of_source( first );
  deliver( event, common_of( models ), thread, first, end );
  return end - first;
}

template < class Synapse, bool HAS_LABEL >
void
PooledConnector< Synapse, HAS_LABEL >::deliver( nest::Event& event,
  const Common& common,
  const std::size_t thread,
  const std::size_t first,
  const std::size_t end )
{
  if ( first == end )
  {
    return; // NEST keeps a connector whose only connection was refused; it knows no ring
  }
  if constexpr ( Numbers::IS_PLASTIC )
  {
    hold( static_cast< nest::SpikeEvent& >( event ), first, end ); // Connect refuses sources of other events
  }
  else
  {
    deliver_now( event, common, thread, first, end );
  }
}

template < class Synapse, bool HAS_LABEL >
void
PooledConnector< Synapse, HAS_LABEL >::deliver_now( nest::Event& event,
  const Common& common,
  const std::size_t thread,
  const std::size_t first,
  const std::size_t end )
{
  if ( not common.get_weight_recorder() and not has_disabled_ )
  {
    // Other subclasses of SpikeEvent draw their spikes for each target.
    if ( typeid( event ) == typeid( nest::SpikeEvent ) )
    {
      add_to_ring( static_cast< nest::SpikeEvent& >( event ), common, first, end );
      return;
    }
    if ( typeid( event ) == typeid( PoissonEvent ) ) // comes from a device, to all its connections
    {
      draw_into_ring( static_cast< PoissonEvent& >( event ), common );
      return;
    }
    if ( typeid( event ) == typeid( NoiseEvent ) )
    {
      add_noise_to_ring( static_cast< const NoiseEvent& >( event ), common );
      return;
    }
  }
  for ( std::size_t lcid = first; lcid < end; ++lcid )
  {
    if ( not delays_[ lcid ].is_disabled() )
    {
      send_by_node( event, common, thread, lcid );
    }
  }
}

//! Leaves a spike with the plastic synapses of its targets until it arrives
template < class Synapse, bool HAS_LABEL >
void
PooledConnector< Synapse, HAS_LABEL >::hold( const nest::SpikeEvent& spike, const std::size_t first, const std::size_t end )
{
  const std::size_t source = spike.retrieve_sender_node_id_from_source_table();
  for ( std::size_t lcid = first; lcid < end; ++lcid )
  {
    if ( not delays_[ lcid ].is_disabled() )
    {
      numbers_.hold( lcid, addresses_[ lcid ], delays_[ lcid ].delay, source, spike );
    }
  }
}

template < class Synapse, bool HAS_LABEL >
void
PooledConnector< Synapse, HAS_LABEL >::add_to_ring( const nest::SpikeEvent& spike,
  const Common& common,
  const std::size_t first,
  const std::size_t end )
{
  double* const* const slots = slots_of( spike );
  const double multiplicity = spike.get_multiplicity();
  const auto place = [ & ]( const std::size_t lcid ) { return slots[ delays_[ lcid ].delay ] + addresses_[ lcid ]; };
  std::size_t lcid = first;
  for ( ; lcid + AHEAD < end; ++lcid )
  {
    __builtin_prefetch( place( lcid + AHEAD ), 1 );
    *place( lcid ) += multiplicity * numbers_.weight( lcid, common );
  }
  for ( ; lcid < end; ++lcid )
  {
    *place( lcid ) += multiplicity * numbers_.weight( lcid, common );
  }
}

template < class Synapse, bool HAS_LABEL >
void
PooledConnector< Synapse, HAS_LABEL >::draw_into_ring( PoissonEvent& event, const Common& common )
{
  double* const* const slots = slots_of( event );
  event.spikes.draw( size(),
    [ & ]( const std::size_t lcid, const std::size_t step, const std::uint64_t number )
    { slots[ delays_[ lcid ].delay + step ][ addresses_[ lcid ] ] += number * numbers_.weight( lcid, common ); } );
}

template < class Synapse, bool HAS_LABEL >
void
PooledConnector< Synapse, HAS_LABEL >::add_noise_to_ring( const NoiseEvent& event, const Common& common )
{
  double* const* const slots = slots_of( event );
  const std::uint64_t stamp = event.get_stamp().get_steps();
  for ( std::size_t lcid = 0; lcid < size(); ++lcid )
  {
    const double weight = numbers_.weight( lcid, common );
    const std::uint64_t start = event.noise.start( target_id( lcid ) );
    for ( long step = 0; step < event.n_steps; ++step )
    {
      slots[ delays_[ lcid ].delay + step ][ addresses_[ lcid ] ] += weight * event.noise( start, stamp + step );
    }
  }
}

template < class Synapse, bool HAS_LABEL >
void
PooledConnector< Synapse, HAS_LABEL >::send_by_node( nest::Event& event,
  const Common& common,
  const std::size_t thread,
  const std::size_t lcid )
{
  event.set_port( lcid );
  event.set_weight( numbers_.weight( lcid, common ) );
  event.set_delay_steps( delays_[ lcid ].delay );
  event.set_receiver( ring_->node( addresses_[ lcid ] ) );
  event.set_rport( ring_->owner( addresses_[ lcid ] ).rport );
  event();
  send_weight_event( thread, lcid, event, common );
}

template < class Synapse, bool HAS_LABEL >
void
PooledConnector< Synapse, HAS_LABEL >::send_weight_event( const std::size_t thread,
  const unsigned int lcid,
  nest::Event& event,
  const nest::CommonSynapseProperties& common )
{
  if ( common.get_weight_recorder() and event.receiver_is_valid() )
  {
    nest::WeightRecorderEvent record;
    record.set_port( event.get_port() );
    record.set_rport( event.get_rport() );
    record.set_stamp( event.get_stamp() );
    record.set_weight( event.get_weight() );
    record.set_delay_steps( event.get_delay_steps() );
    record.set_sender_node_id( nest::kernel().connection_manager.get_source_node_id( thread, syn_id_, lcid ) );
    record.set_receiver_node_id( event.get_receiver_node_id() );
    record.set_receiver( *static_cast< nest::Node* >( common.get_weight_recorder() ) );
    record();
  }
}

//! Brings connections and sources in the order of the sources, those of one source as they were made
template < class Synapse, bool HAS_LABEL >
void
PooledConnector< Synapse, HAS_LABEL >::sort_connections( BlockVector< nest::Source >& sources )
{
  sort_by_source( sources, [ this ]( const std::size_t i, const std::size_t j ) {
    std::swap( addresses_[ i ], addresses_[ j ] );
    std::swap( delays_[ i ], delays_[ j ] );
    numbers_.swap( i, j );
    if constexpr ( HAS_LABEL )
    {
      std::swap( labels_[ i ], labels_[ j ] );
    }
  } );
}

template < class Synapse, bool HAS_LABEL >
void
PooledConnector< Synapse, HAS_LABEL >::get_synapse_status( const std::size_t thread,
  const std::size_t lcid,
  Dictionary& status ) const
{
  const nest::ConnectorModel& model = nest::kernel().model_manager.get_connection_model( syn_id_, thread );
  status[ nest::names::delay ] = delays_[ lcid ].get_delay_ms();
  numbers_.get_status( lcid, addresses_[ lcid ], status );
  if constexpr ( HAS_LABEL )
  {
    status[ nest::names::synapse_label ] = labels_[ lcid ];
  }
  status[ nest::names::rport ] = static_cast< long >( ring_->owner( addresses_[ lcid ] ).rport );
  status[ nest::names::target ] = static_cast< long >( target_id( lcid ) );
  status[ nest::names::size_of ] = BYTES;
}

template < class Synapse, bool HAS_LABEL >
void
PooledConnector< Synapse, HAS_LABEL >::set_synapse_status( const std::size_t lcid,
  const Dictionary& status,
  nest::ConnectorModel& model )
{
  auto& own_model = static_cast< Model& >( model );
  Synapse synapse( own_model.get_default_connection() );
  synapse.restore( { &ring_->node( addresses_[ lcid ] ), ring_, addresses_[ lcid ] }, delays_[ lcid ] );
  numbers_.give( lcid, addresses_[ lcid ], synapse );
  synapse.set_status( status, own_model ); // throws if it refuses a value
  delays_[ lcid ] = synapse.syn_id_delay();
  numbers_.take( lcid, addresses_[ lcid ], synapse );
  if constexpr ( HAS_LABEL )
  {
    labels_[ lcid ] = status.known( nest::names::synapse_label ) ? synapse.get_label() : labels_[ lcid ];
  }
}
} // namespace izhisyn

namespace nest
{
template < class Synapse >
  requires( Synapse::IS_POOLED )
class Connector< Synapse > : public izhisyn::PooledConnector< Synapse, false >
{
public:
  using izhisyn::PooledConnector< Synapse, false >::PooledConnector;
};

template < class Synapse >
  requires( Synapse::IS_POOLED )
class Connector< ConnectionLabel< Synapse > > : public izhisyn::PooledConnector< ConnectionLabel< Synapse >, true >
{
public:
  using izhisyn::PooledConnector< ConnectionLabel< Synapse >, true >::PooledConnector;
};
} // namespace nest

#endif
