// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_POOLED_NODE
#define IZHISYN_POOLED_NODE

#include <memory>

#include "archiving_node.h"
#include "event.h"
#include "exceptions.h"
#include "kernel_manager.h"
#include "recordables_map.h"
#include "universal_data_logger_impl.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * An ordinary NEST node whose numbers are in the pool of its thread.
 *
 * A model's prototype has them itself; a node joins the pool as soon as it has its thread.
 */
template < class CellType >
class PooledNode : public nest::ArchivingNode, public WeightedPorts
{
public:
  using Cell = CellType;
  using nest::Node::handle;
  using nest::Node::handles_test_event;

  PooledNode();
  PooledNode( const PooledNode& );
  ~PooledNode() override;

  size_t send_test_event( nest::Node& target, size_t receptor_type, nest::synindex, bool ) override;
  size_t handles_test_event( nest::SpikeEvent&, size_t receptor_type ) override;
  size_t handles_test_event( nest::CurrentEvent&, size_t receptor_type ) override;
  size_t handles_test_event( nest::DataLoggingRequest&, size_t receptor_type ) override;
  void handle( nest::SpikeEvent& ) override;
  void handle( nest::CurrentEvent& ) override;
  void handle( nest::DataLoggingRequest& ) override;
  void get_status( Dictionary& ) const override;
  void set_status( const Dictionary& ) override;
  void calibrate_time( const nest::TimeConverter& ) override;

  const WeightedPort&
  weighted_port( const size_t receptor_type ) const override
  {
    return Cell::PORTS[ receptor_type - Cell::FIRST_RECEPTOR_TYPE ];
  }

  //! Value of a recordable
  template < double ( Cell::*get )() const >
  double
  tell() const
  {
    return ( cell().*get )();
  }

  //! Hands the values of this step to the multimeters
  void
  record( const long step )
  {
    logger_.record_data( step );
  }

protected:
  //! Takes note of a spike for the synapses that listen to this neuron
  virtual void
  archive( const nest::Time& time )
  {
    set_spiketime( time );
  }

  [[gnu::always_inline]] Cell
  cell() const
  {
    return block_ ? block_->read( lane_ ) : own_->cell;
  }

  Block< PooledNode >&
  block() const
  {
    return *block_;
  }

  size_t
  lane() const
  {
    return lane_;
  }

private:
  //! Numbers of a node that is in no pool
  struct Own
  {
    Own()
      : vectors( Cell::N_VECTOR_ELEMENTS )
    {
      cell.take_vectors( vectors.data() );
      cell.initialize();
    }

    explicit Own( const Cell& other )
      : cell( other )
      , vectors( Cell::N_VECTOR_ELEMENTS )
    {
      other.give_vectors( vectors.data() );
      cell.take_vectors( vectors.data() );
    }

    Own( const Own& ) = delete;

    Cell cell;
    std::vector< double > vectors;
  };

  friend class nest::RecordablesMap< PooledNode >;
  friend class nest::UniversalDataLogger< PooledNode >;

  void set_initialized_() override;
  void init_buffers_() override;
  void pre_run_hook() override;
  void update( const nest::Time&, long, long ) override;

  void refuse_other_trace( const Dictionary& ) const;

  //! Where the ring takes what an event brings through a channel, which a connection uses
  double&
  arriving( const nest::Event& event, const std::size_t channel )
  {
    const nest::Time& origin = nest::kernel().simulation_manager.get_slice_origin();
    double* const slot = pool_->ring.slots( origin.get_steps() )[ event.get_rel_delivery_steps( origin ) ];
    return slot[ block_->address( channel, lane_ ) ];
  }

  static nest::RecordablesMap< PooledNode > recordables_;

  Pool< PooledNode >* pool_ = nullptr;
  Block< PooledNode >* block_ = nullptr;
  size_t lane_ = 0; //!< in the block
  std::shared_ptr< const Own > own_;
  nest::UniversalDataLogger< PooledNode > logger_;
};

template < class Cell >
nest::RecordablesMap< PooledNode< Cell > > PooledNode< Cell >::recordables_;

template < class Cell >
PooledNode< Cell >::PooledNode()
  : own_( std::make_shared< const Own >() )
  , logger_( *this )
{
  recordables_.create();
}

template < class Cell >
PooledNode< Cell >::PooledNode( const PooledNode& other )
  : nest::ArchivingNode( other )
  , own_( other.block_ ? std::make_shared< const Own >( other.cell() ) : other.own_ )
  , logger_( *this )
{
}

template < class Cell >
PooledNode< Cell >::~PooledNode()
{
  if ( block_ )
  {
    Pool< PooledNode >::leave( *block_, lane_ );
  }
}

template < class Cell >
void
PooledNode< Cell >::calibrate_time( const nest::TimeConverter& )
{
  LOG( nest::VerbosityLevel::WARNING,
    get_name(),
    "Simulation resolution has changed. Internal state and parameters of the model have been reset!" );
  own_ = std::make_shared< const Own >();
  if ( block_ )
  {
    block_->write( lane_, own_->cell );
    own_.reset();
  }
}

template < class Cell >
void
PooledNode< Cell >::get_status( Dictionary& status ) const
{
  cell().get_status( status );
  nest::ArchivingNode::get_status( status );
  status[ nest::names::recordables ] = recordables_.get_list();
}

template < class Cell >
void
PooledNode< Cell >::set_status( const Dictionary& status )
{
  auto changed = std::make_shared< Own >( cell() );
  changed->cell.set_status( status, this );
  refuse_other_trace( status );
  nest::ArchivingNode::set_status( status ); // may refuse as well; nothing has been changed yet
  const bool is_prototype = get_node_id() == 0;
  if ( is_prototype )
  {
    own_ = changed;
  }
  else
  {
    block_->write( lane_, changed->cell );
    pool_->renew();
  }
}

//! The end of Create: the node has its thread
template < class Cell >
void
PooledNode< Cell >::set_initialized_()
{
  block_ = &Pool< PooledNode >::join( *this, own_->cell );
  pool_ = &block_->pool;
  lane_ = block_->n_nodes - 1;
  own_.reset();
  if ( nest::kernel().simulation_manager.has_been_prepared() )
  {
    pool_->begin_run();
  }
}

//! NEST's status offers post_trace, which cannot be set; a dictionary that is given back has it, too
template < class Cell >
void
PooledNode< Cell >::refuse_other_trace( const Dictionary& status ) const
{
  Dictionary current;
  nest::ArchivingNode::get_status( current );
  double trace;
  if ( status.update_value( nest::names::post_trace, trace ) and trace != current.get< double >( nest::names::post_trace ) )
  {
    throw nest::BadProperty( "post_trace follows from the spikes and cannot be set; nothing was changed." );
  }
}

template < class Cell >
void
PooledNode< Cell >::init_buffers_()
{
  logger_.reset();
}

template < class Cell >
void
PooledNode< Cell >::pre_run_hook()
{
  logger_.init();
  if ( Cell::INTERNALS_FOLLOW_STATE ) // the others are as new as the parameters and the resolution
  {
    Cell current = cell();
    current.recompute_internal_variables();
    block_->write( lane_, current );
  }
  pool_->begin_run();
}

template < class Cell >
void
PooledNode< Cell >::update( const nest::Time& origin, const long from, const long to )
{
  pool_->advance( origin, from, to );
  if ( block_->fired >> lane_ & 1 )
  {
    for ( const auto& spike : block_->spikes )
    {
      if ( spike.lane == lane_ )
      {
        archive( nest::Time::step( origin.get_steps() + spike.lag + 1 ) );
        nest::SpikeEvent event;
        nest::kernel().event_delivery_manager.send( *this, event, spike.lag );
      }
    }
  }
}

template < class Cell >
size_t
PooledNode< Cell >::send_test_event( nest::Node& target,
  const size_t receptor_type,
  const nest::synindex synapse,
  const bool )
{
  if ( receptor_type != 0 and dynamic_cast< const WeightedPorts* >( &target ) )
  {
    refuse_hpc( synapse );
  }
  nest::SpikeEvent event;
  event.set_sender( *this );
  return target.handles_test_event( event, receptor_type );
}

template < class Cell >
size_t
PooledNode< Cell >::handles_test_event( nest::SpikeEvent& event, const size_t receptor_type )
{
  constexpr size_t n_ports = Cell::N_SPIKE_PORTS;
  constexpr size_t first = Cell::FIRST_RECEPTOR_TYPE;
  if ( n_ports == 0 )
  {
    return nest::Node::handles_test_event( event, receptor_type );
  }
  if ( receptor_type < first or receptor_type >= first + n_ports )
  {
    throw nest::UnknownReceptorType( receptor_type, get_name() );
  }
  block_->connect( receptor_type - first, lane_, receptor_type, &Cell::PORTS[ receptor_type - first ] );
  return receptor_type;
}

template < class Cell >
size_t
PooledNode< Cell >::handles_test_event( nest::CurrentEvent& event, const size_t receptor_type )
{
  if ( Cell::N_CONTINUOUS_PORTS == 0 )
  {
    return nest::Node::handles_test_event( event, receptor_type );
  }
  if ( receptor_type >= Cell::N_CONTINUOUS_PORTS )
  {
    throw nest::UnknownReceptorType( receptor_type, get_name() );
  }
  block_->connect( Cell::N_SPIKE_PORTS + receptor_type, lane_, receptor_type, nullptr );
  return receptor_type;
}

template < class Cell >
size_t
PooledNode< Cell >::handles_test_event( nest::DataLoggingRequest& request, const size_t receptor_type )
{
  if ( receptor_type != 0 )
  {
    throw nest::UnknownReceptorType( receptor_type, get_name() );
  }
  const size_t port = logger_.connect_logging_device( request, recordables_ );
  block_->logged |= std::uint64_t( 1 ) << lane_;
  return port;
}

template < class Cell >
void
PooledNode< Cell >::handle( nest::SpikeEvent& event )
{
  const size_t port = event.get_rport() - Cell::FIRST_RECEPTOR_TYPE;
  const double weight = event.get_weight();
  if ( not Cell::PORTS[ port ].takes( weight ) ) [[unlikely]]
  {
    refuse_spike( *this, Cell::PORTS[ port ], weight );
  }
  arriving( event, port ) += weight * event.get_multiplicity();
}

template < class Cell >
void
PooledNode< Cell >::handle( nest::CurrentEvent& event )
{
  arriving( event, Cell::N_SPIKE_PORTS + event.get_rport() ) += event.get_weight() * event.get_current();
}

template < class Cell >
void
PooledNode< Cell >::handle( nest::DataLoggingRequest& request )
{
  logger_.handle( request );
}
} // namespace izhisyn

#endif
