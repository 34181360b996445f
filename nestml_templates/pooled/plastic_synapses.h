// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_PLASTIC_SYNAPSES
#define IZHISYN_PLASTIC_SYNAPSES

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include "event.h"
#include "kernel_manager.h"
#include "weight_recorder.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * Synapses that take weight and traces when a spike arrives: all the delay is in the axon.
 *
 * A spike waits here until the step in which it arrives. The spikes of a step are then taken in an order that no
 * split into threads and processes changes: shorter delays first, and for the same delay higher sources first, as in
 * the program of Izhikevich (2006). A synapse has a weight and a derivative, to which pairs of spikes contribute;
 * how much, and what becomes of the two, is the Rule's; a Signal of the whole thread, dopamine, may have its part in it.
 */
template < class Rule >
class PlasticSynapses : public PlasticInputs
{
public:
  struct Numbers
  {
    double weight;
    double derivative;
  };

  //! Of a synapse, without its place in the list of its target
  static constexpr long BYTES = sizeof( Numbers ) + sizeof( long ) + 2 * sizeof( std::uint32_t );

  using Signal = typename Rule::Signal;

  PlasticSynapses( const Rule& rule, const Signal& signal, nest::Node* const* const nodes, const std::size_t rport )
    : rule_( &rule )
    , signal_( &signal )
    , nodes_( nodes )
    , rport_( rport )
    , consolidated_( now() )
  {
    std::fill_n( last_spikes_, WIDTH, NEVER );
  }

  const Rule&
  rule() const
  {
    return *rule_;
  }

  //! The model, its rule and its signal are gone
  void
  end()
  {
    rule_ = nullptr;
    signal_ = nullptr;
  }

  //! Adds a synapse; returns its number, which stays the same
  std::uint32_t
  add( const std::uint32_t lane, const Numbers& numbers )
  {
    follow_clock( now() );
    consolidate( now() );
    std::uint32_t number;
    if ( not removed_.empty() and removed_.front().free_from <= now() )
    {
      number = removed_.front().number;
      removed_.pop_front();
    }
    else
    {
      number = numbers_.size();
      numbers_.emplace_back();
      last_arrivals_.emplace_back();
      lanes_.emplace_back();
    }
    numbers_[ number ] = numbers;
    last_arrivals_[ number ] = NEVER;
    lanes_[ number ] = lane;
    inputs_[ lane ].push_back( number );
    return number;
  }

  //! Ends the learning of a synapse; the spikes on their way still arrive
  void
  remove( const std::uint32_t number )
  {
    follow_clock( now() );
    auto& inputs = inputs_[ lanes_[ number ] ];
    inputs.erase( std::find( inputs.begin(), inputs.end(), number ) );
    removed_.push_back( { number, now() + static_cast< long >( arrivals_.size() ) } );
  }

  //! Numbers of a synapse as of now
  Numbers
  get( const std::uint32_t number ) const
  {
    Numbers numbers = numbers_[ number ];
    if ( is_due( now() ) )
    {
      rule_->consolidation( now(), *signal_ )( numbers.weight, numbers.derivative );
    }
    return numbers;
  }

  void
  set( const std::uint32_t number, const Numbers& numbers )
  {
    follow_clock( now() );
    consolidate( now() );
    numbers_[ number ] = numbers;
  }

  //! Keeps a spike until it arrives
  void
  hold( const std::uint32_t number, const long delay, const std::size_t source, const nest::SpikeEvent& spike )
  {
    follow_clock( now() );
    const auto& connections = nest::kernel().connection_manager;
    const std::size_t length = connections.get_min_delay() + connections.get_max_delay();
    if ( arrivals_.size() != length )
    {
      arrivals_.resize( length ); // NEST's delays are final as soon as it simulates
    }
    const long step = spike.get_stamp().get_steps() - 1 + delay;
    const std::uint64_t order = ( static_cast< std::uint64_t >( delay ) << SOURCE_BITS ) + ( LAST_SOURCE - source );
    arrivals_[ step % length ].push_back( { order, number, static_cast< std::uint32_t >( spike.get_multiplicity() ) } );
  }

  void begin_step( long step, const std::vector< std::uint32_t >& fired, double* input ) override;

private:
  static constexpr long NEVER = -( 1L << 60 );
  static constexpr int SOURCE_BITS = 40;
  static constexpr std::uint64_t LAST_SOURCE = ( std::uint64_t( 1 ) << SOURCE_BITS ) - 1;

  struct Arrival
  {
    std::uint64_t order; //!< in the step: by delay, then by falling source
    std::uint32_t synapse;
    std::uint32_t multiplicity;

    bool
    operator<( const Arrival& other ) const
    {
      return order != other.order ? order < other.order : synapse < other.synapse;
    }
  };

  struct Removed
  {
    std::uint32_t number;
    long free_from; //!< step in which no spike of it is on its way any more
  };

  static long
  now()
  {
    return nest::kernel().simulation_manager.get_time().get_steps();
  }

  //! Dates everything anew if NEST's clock has been set back, by biological_time = 0
  void
  follow_clock( const long step )
  {
    const long back = next_ - step;
    if ( back <= 0 )
    {
      return;
    }
    next_ -= back;
    consolidated_ -= back;
    for ( long& last : last_arrivals_ )
    {
      last -= back;
    }
    for ( long& last : last_spikes_ )
    {
      last -= back;
    }
    for ( Removed& removed : removed_ )
    {
      removed.free_from -= back;
    }
    if ( not arrivals_.empty() )
    {
      std::rotate( arrivals_.begin(), arrivals_.begin() + back % arrivals_.size(), arrivals_.end() );
    }
  }

  bool
  is_due( const long step ) const
  {
    const long interval = rule_->interval();
    return interval > 0 and step > consolidated_ and step % interval == 0;
  }

  void
  consolidate( const long step )
  {
    if ( is_due( step ) )
    {
      consolidated_ = step;
      const auto act = rule_->consolidation( step, *signal_ );
      for ( Numbers& each : numbers_ )
      {
        act( each.weight, each.derivative );
      }
    }
  }

  void
  contribute( const std::uint32_t number, const double change )
  {
    Numbers& numbers = numbers_[ number ];
    if ( rule_->interval() > 0 )
    {
      numbers.derivative += change;
    }
    else
    {
      numbers.weight = rule_->bounded( numbers.weight + change );
    }
  }

  void record( const Arrival& arrival, long step ) const;

  const Rule* rule_;
  const Signal* signal_;
  nest::Node* const* nodes_; //!< of the block
  std::size_t rport_;
  long consolidated_; //!< step at whose beginning the derivatives acted last
  long next_ = 0;     //!< the first step that has not begun

  // By number of the synapse
  std::vector< Numbers > numbers_;
  std::vector< long > last_arrivals_; //!< step of the last spike
  std::vector< std::uint32_t > lanes_;
  std::deque< Removed > removed_;

  // By lane of the target
  std::vector< std::uint32_t > inputs_[ WIDTH ];
  long last_spikes_[ WIDTH ]; //!< step at whose beginning it fired last

  std::vector< std::vector< Arrival > > arrivals_; //!< by step, as in the ring
};

template < class Rule >
void
PlasticSynapses< Rule >::begin_step( const long step, const std::vector< std::uint32_t >& fired, double* const input )
{
  if ( not rule_ )
  {
    return;
  }
  follow_clock( step );
  next_ = step + 1;
  consolidate( step );
  for ( const std::uint32_t lane : fired )
  {
    last_spikes_[ lane ] = step;
    for ( const std::uint32_t number : inputs_[ lane ] )
    {
      contribute( number, rule_->potentiation( step - 1 - last_arrivals_[ number ] ) );
    }
  }
  if ( arrivals_.empty() )
  {
    return;
  }
  auto& arrivals = arrivals_[ step % arrivals_.size() ];
  std::sort( arrivals.begin(), arrivals.end() );
  for ( const Arrival& arrival : arrivals )
  {
    const std::uint32_t number = arrival.synapse;
    const std::uint32_t lane = lanes_[ number ];
    input[ lane ] += arrival.multiplicity * numbers_[ number ].weight;
    record( arrival, step );
    contribute( number, -static_cast< double >( arrival.multiplicity ) * rule_->depression( step - last_spikes_[ lane ] ) );
    last_arrivals_[ number ] = step;
  }
  arrivals.clear();
}

//! Sends the weight that an arriving spike has found to the weight recorder
template < class Rule >
void
PlasticSynapses< Rule >::record( const Arrival& arrival, const long step ) const
{
  if ( nest::weight_recorder* const recorder = rule_->get_weight_recorder() )
  {
    const long delay = arrival.order >> SOURCE_BITS;
    nest::WeightRecorderEvent event;
    event.set_rport( rport_ );
    event.set_stamp( nest::Time::step( step + 1 - delay ) );
    event.set_weight( numbers_[ arrival.synapse ].weight );
    event.set_delay_steps( delay );
    event.set_sender_node_id( LAST_SOURCE - ( arrival.order & LAST_SOURCE ) );
    event.set_receiver_node_id( nodes_[ lanes_[ arrival.synapse ] ]->get_node_id() );
    event.set_receiver( *static_cast< nest::Node* >( recorder ) );
    event();
  }
}

//! What PooledConnector keeps of plastic synapses: where their numbers are
template < class Rule >
class PlasticNumbers
{
public:
  static constexpr bool IS_PLASTIC = true;
  static constexpr long BYTES = sizeof( std::uint32_t ) + PlasticSynapses< Rule >::BYTES;

  PlasticNumbers() = default;
  PlasticNumbers( const PlasticNumbers& ) = delete;
  PlasticNumbers& operator=( const PlasticNumbers& ) = delete;

  ~PlasticNumbers()
  {
    for ( auto& synapses : rows_ )
    {
      if ( synapses )
      {
        synapses->end();
      }
    }
  }

  template < class Synapse >
  void
  push_back( const Synapse& synapse )
  {
    const Port& port = synapse.port();
    const std::uint32_t row = port.address / WIDTH;
    if ( rows_.size() <= row )
    {
      rows_.resize( row + 1 );
    }
    if ( not rows_[ row ] )
    {
      const Ring::Owner& owner = port.ring->owner( port.address );
      rows_[ row ] = std::make_shared< PlasticSynapses< Rule > >( synapse.rule(), signal_, owner.nodes, owner.rport );
      owner.learning->add( row, rows_[ row ] );
    }
    synapses_.push_back( rows_[ row ]->add( port.address % WIDTH, synapse.numbers() ) );
  }

  void
  swap( const std::size_t i, const std::size_t j )
  {
    std::swap( synapses_[ i ], synapses_[ j ] );
  }

  void
  disable( const std::size_t lcid, const Ring::Address address )
  {
    at( address ).remove( synapses_[ lcid ] );
  }

  void
  truncate( const std::size_t size )
  {
    synapses_.truncate( size );
  }

  void
  hold( const std::size_t lcid, const Ring::Address address, const long delay, const std::size_t source, const nest::SpikeEvent& spike )
  {
    at( address ).hold( synapses_[ lcid ], delay, source, spike );
  }

  void
  get_status( const std::size_t lcid, const Ring::Address address, Dictionary& status ) const
  {
    const auto numbers = at( address ).get( synapses_[ lcid ] );
    status[ nest::names::weight ] = numbers.weight;
    status[ "derivative" ] = numbers.derivative;
    const long now = nest::kernel().simulation_manager.get_time().get_steps();
    signal_.get_status( status, now, at( address ).rule() );
  }

  //! Takes the spikes that a volume transmitter reports at the end of an interval
  void
  take_report( const Rule& rule, const std::vector< nest::spikecounter >& spikes, const long end )
  {
    signal_.take( rule, spikes, end );
  }

  template < class Synapse >
  void
  give( const std::size_t lcid, const Ring::Address address, Synapse& synapse ) const
  {
    synapse.restore_numbers( at( address ).get( synapses_[ lcid ] ), at( address ).rule() );
  }

  template < class Synapse >
  void
  take( const std::size_t lcid, const Ring::Address address, const Synapse& synapse )
  {
    at( address ).set( synapses_[ lcid ], synapse.numbers() );
  }

private:
  PlasticSynapses< Rule >&
  at( const Ring::Address address ) const
  {
    return *rows_[ address / WIDTH ];
  }

  typename Rule::Signal signal_;    //!< of the thread
  Array< std::uint32_t > synapses_; //!< number among those of the target's port
  std::vector< std::shared_ptr< PlasticSynapses< Rule > > > rows_;
};
} // namespace izhisyn

#endif
