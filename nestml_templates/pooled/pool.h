// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_POOL
#define IZHISYN_POOL

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernel_manager.h"
#include "nest_time.h"

#if defined( __clang__ )
#define IZHISYN_INDEPENDENT _Pragma( "clang loop vectorize(assume_safety)" )
#elif defined( __GNUC__ )
#define IZHISYN_INDEPENDENT _Pragma( "GCC ivdep" )
#else
#define IZHISYN_INDEPENDENT
#endif

// A module for any x86-64 chooses among these when it is loaded; without fused operations their results are the same.
#if defined( __x86_64__ ) and not defined( __AVX2__ ) and __GNUC__ >= 12 and not defined( __clang__ )
#define IZHISYN_CLONES [[gnu::target_clones( "arch=x86-64-v4", "arch=x86-64-v3", "default" )]]
#else
#define IZHISYN_CLONES
#endif

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * Rows of parameters and internals. Equal values need no row of their own: the neurons of a network share most
 * of their parameters, and what is shared stays in the processor's cache.
 */
class SharedRows
{
public:
  //! Row whose values are all the same
  const Row*
  get( const double value )
  {
    std::unique_ptr< Row >& row = rows_[ std::bit_cast< std::uint64_t >( value ) ];
    if ( not row )
    {
      row = std::make_unique< Row >();
      std::fill_n( row->value, WIDTH, value );
    }
    return row.get();
  }

private:
  std::unordered_map< std::uint64_t, std::unique_ptr< Row > > rows_;
};

template < class Node >
class Pool;

/**
 * WIDTH neurons side by side.
 *
 * Node::Cell is what NESTML's model says about one neuron, with all its numbers. Here they are stored so that
 * one instruction works on several neurons: the state (Cell::Lanes), the current values of the continuous
 * ports, the parameters and internals that are real numbers (constants) and those that are not (switches).
 */
template < class Node >
struct Block
{
  using Cell = typename Node::Cell;

  explicit Block( Pool< Node >& owner )
    : vectors( Cell::N_VECTOR_ELEMENTS ? new double[ WIDTH * Cell::N_VECTOR_ELEMENTS ] : nullptr )
    , pool( owner )
  {
  }

  typename Cell::Lanes state;
  Row continuous[ Cell::N_CONTINUOUS_PORTS + 1 ] = {};
  long switches[ WIDTH ][ Cell::N_SWITCHES + 1 ] = {};
  const Row* constants[ Cell::N_CONSTANTS + 1 ] = {};
  std::unique_ptr< Row > own_rows[ Cell::N_CONSTANTS + 1 ];
  std::unique_ptr< double[] > vectors; //!< elements of the vectors of the state, neuron by neuron

  Pool< Node >& pool;
  nest::Node* nodes[ WIDTH ] = {};
  std::uint32_t rows[ Pool< Node >::N_CHANNELS + 1 ] = {}; //!< in the ring, for each channel
  std::size_t n_nodes = 0;
  bool switches_agree = true;
  std::uint64_t frozen = 0; //!< bit for each neuron that NEST does not update
  std::uint64_t logged = 0; //!< bit for each neuron with a multimeter
  std::uint64_t fired = 0;  //!< bit for each neuron with a spike in this slice

  struct Spike
  {
    std::uint32_t lane;
    std::int32_t lag;
  };
  std::vector< Spike > spikes; //!< of this slice
  Learning learning;

  //! Gives a neuron's port its place in the ring, to which connections may send from then on
  void
  connect( const std::size_t channel, const std::size_t lane, const std::size_t rport, const WeightedPort* const weights )
  {
    if ( rows[ channel ] == 0 )
    {
      rows[ channel ] = pool.ring.add_row( { nodes, rport, weights, &learning } );
    }
    last_port() = { nodes[ lane ], &pool.ring, address( channel, lane ) };
  }

  Ring::Address
  address( const std::size_t channel, const std::size_t lane ) const
  {
    return rows[ channel ] * WIDTH + lane;
  }

  //! Numbers of one neuron
  Cell
  read( const std::size_t lane ) const
  {
    Cell cell;
    double values[ Cell::N_CONSTANTS + 1 ];
    for ( std::size_t i = 0; i < Cell::N_CONSTANTS; ++i )
    {
      values[ i ] = constants[ i ]->value[ lane ];
    }
    cell.take_constants( values );
    cell.take_switches( switches[ lane ] );
    cell.load( state, lane );
    cell.take_vectors( vectors.get() + lane * Cell::N_VECTOR_ELEMENTS );
    return cell;
  }

  //! Changes the numbers of one neuron
  void
  write( const std::size_t lane, const Cell& cell )
  {
    double values[ Cell::N_CONSTANTS + 1 ];
    cell.give_constants( values );
    for ( std::size_t i = 0; i < Cell::N_CONSTANTS; ++i )
    {
      write_constant( i, lane, values[ i ] );
    }
    cell.give_switches( switches[ lane ] );
    switches_agree = std::all_of( switches,
      switches + n_nodes,
      [ this ]( const auto& own ) { return std::equal( own, own + Cell::N_SWITCHES, switches[ 0 ] ); } );
    cell.store( state, lane );
    cell.give_vectors( vectors.get() + lane * Cell::N_VECTOR_ELEMENTS );
  }

private:
  void
  write_constant( const std::size_t index, const std::size_t lane, const double value )
  {
    const auto bits = std::bit_cast< std::uint64_t, double >;
    const Row* const old = constants[ index ];
    if ( old and bits( old->value[ lane ] ) == bits( value ) )
    {
      return;
    }
    std::unique_ptr< Row >& own = own_rows[ index ];
    if ( not own )
    {
      own = old ? std::make_unique< Row >( *old ) : std::make_unique< Row >();
    }
    own->value[ lane ] = value;
    const bool equal = std::all_of( std::begin( own->value ),
      std::end( own->value ),
      [ & ]( const double other ) { return bits( other ) == bits( value ); } );
    if ( equal )
    {
      own.reset();
    }
    constants[ index ] = equal ? pool.shared_rows.get( value ) : own.get();
  }
};

/**
 * All neurons of a model on one thread, stepped together.
 *
 * Every delay is at least the minimal delay, hence all input of a slice of that length is here when the slice
 * begins, and neurons may be stepped in any order. The first of them that NEST updates in a slice steps all.
 */
template < class Node >
class Pool
{
public:
  using Cell = typename Node::Cell;

  static constexpr std::size_t N_CHANNELS = Cell::N_SPIKE_PORTS + Cell::N_CONTINUOUS_PORTS;

  SharedRows shared_rows;
  Ring& ring;

  //! Adds a neuron to the pool of its thread; returns its block, in which it is the last
  static Block< Node >& join( Node& node, const Cell& cell );

  //! Removes a neuron; the pool ends with its last one
  static void leave( Block< Node >& block, std::size_t lane );

  //! Steps all neurons from lag `from` to lag `to` of the slice, if this was not done yet
  void advance( const nest::Time& origin, long from, long to );

  //! Prepares for a run: NEST's delays are final, its clock may have been set back
  void
  begin_run()
  {
    ring.fit();
    renew();
  }

  //! Takes note that neurons were created, changed or frozen
  void
  renew()
  {
    stepped_to_ = -1;
  }

private:
  //! Constants of one block, copied to where the compiler knows that no result overwrites them
  struct Frame
  {
    Row rows[ Cell::N_CONSTANTS + 1 ];
    const Row* sources[ Cell::N_CONSTANTS + 1 ] = {};

    void
    take( const Block< Node >& block )
    {
      if ( std::equal( sources, sources + Cell::N_CONSTANTS, block.constants ) )
      {
        return;
      }
      for ( std::size_t i = 0; i < Cell::N_CONSTANTS; ++i )
      {
        if ( sources[ i ] != block.constants[ i ] )
        {
          sources[ i ] = block.constants[ i ];
          rows[ i ] = *sources[ i ];
        }
      }
    }
  };

  explicit Pool( const std::size_t thread )
    : ring( Ring::join( thread ) )
    , thread_( thread )
  {
  }

  ~Pool()
  {
    ring.leave();
  }

  void step( Block< Node >& block, Row* slot, const nest::Time& origin, long lag );
  static void take( Block< Node >& block, std::size_t channel, Row& row );
  void finish_step( Block< Node >& block, std::size_t lane, const double* const* inputs, const nest::Time&, long lag );

  IZHISYN_CLONES [[gnu::noinline]] static void step_lanes( const Frame& __restrict frame,
    const long* __restrict switches,
    typename Cell::Lanes& __restrict state,
    const double* const* __restrict inputs,
    std::size_t n_vectors,
    long* __restrict wanted,
    const nest::Time& origin,
    long lag );

  [[gnu::always_inline]] static void step_lane( const Frame& frame,
    const long* switches,
    typename Cell::Lanes& state,
    const double* const* inputs,
    std::size_t lane,
    long* wanted,
    const nest::Time& origin,
    long lag );

  // Never destroyed: NEST may delete its nodes later than the static variables of a module.

  static std::vector< Pool* >&
  pools()
  {
    static auto& pools_of_threads = *new std::vector< Pool* >;
    return pools_of_threads;
  }

  static std::mutex&
  pools_mutex()
  {
    static auto& mutex = *new std::mutex;
    return mutex;
  }

  std::vector< std::unique_ptr< Block< Node > > > blocks_;
  std::size_t n_nodes_ = 0;
  std::size_t thread_;
  long stepped_to_ = -1; //!< in steps; -1 before the first slice of a run
  Frame frame_;
};

template < class Node >
Block< Node >&
Pool< Node >::join( Node& node, const Cell& cell )
{
  const std::size_t thread = node.get_thread();
  Pool* pool;
  {
    const std::lock_guard lock( pools_mutex() );
    if ( pools().size() <= thread )
    {
      pools().resize( thread + 1 );
    }
    if ( not pools()[ thread ] )
    {
      pools()[ thread ] = new Pool( thread );
    }
    pool = pools()[ thread ];
  }
  if ( pool->blocks_.empty() or pool->blocks_.back()->n_nodes == WIDTH )
  {
    pool->blocks_.push_back( std::make_unique< Block< Node > >( *pool ) );
  }
  Block< Node >& block = *pool->blocks_.back();
  const std::size_t lane = block.n_nodes++;
  ++pool->n_nodes_;
  block.nodes[ lane ] = &node;
  // The lanes that are still free follow the last neuron, so that they neither need rows nor meet bad numbers.
  for ( std::size_t free = lane; free < WIDTH; ++free )
  {
    block.write( free, cell );
  }
  return block;
}

template < class Node >
void
Pool< Node >::leave( Block< Node >& block, const std::size_t lane )
{
  Pool* const pool = &block.pool;
  block.nodes[ lane ] = nullptr;
  if ( --pool->n_nodes_ == 0 )
  {
    const std::lock_guard lock( pools_mutex() );
    pools()[ pool->thread_ ] = nullptr;
    delete pool;
  }
}

template < class Node >
void
Pool< Node >::advance( const nest::Time& origin, const long from, const long to )
{
  const long end = origin.get_steps() + to;
  if ( stepped_to_ == end )
  {
    return;
  }
  if ( stepped_to_ < 0 )
  {
    std::fill( std::begin( frame_.sources ), std::end( frame_.sources ), nullptr );
    for ( auto& block : blocks_ )
    {
      block->frozen = 0;
      for ( std::size_t lane = 0; lane < block->n_nodes; ++lane )
      {
        block->frozen |= std::uint64_t( block->nodes[ lane ]->is_frozen() ) << lane;
      }
    }
  }
  stepped_to_ = end;
  double* const* const slots = ring.slots( origin.get_steps() );
  for ( auto& block : blocks_ )
  {
    block->spikes.clear();
    block->fired = 0;
    frame_.take( *block );
    for ( long lag = from; lag < to; ++lag )
    {
      step( *block, reinterpret_cast< Row* >( slots[ lag ] ), origin, lag );
    }
  }
}

template < class Node >
void
Pool< Node >::step( Block< Node >& block, Row* const slot, const nest::Time& origin, const long lag )
{
  if ( block.learning.is_needed() )
  {
    block.learning.begin_step( origin.get_steps() + lag, slot );
  }
  constexpr std::size_t N_SPIKE_PORTS = Cell::N_SPIKE_PORTS;
  const double* inputs[ N_CHANNELS + 1 ];
  for ( std::size_t channel = 0; channel < N_CHANNELS; ++channel )
  {
    inputs[ channel ] = channel < N_SPIKE_PORTS ? slot[ block.rows[ channel ] ].value
                                                : block.continuous[ channel - N_SPIKE_PORTS ].value;
  }

  alignas( 64 ) long wanted[ WIDTH ];
  if ( block.switches_agree and not block.frozen and block.n_nodes > 1 )
  {
    const std::size_t n_vectors = ( block.n_nodes + VECTOR - 1 ) / VECTOR;
    step_lanes( frame_, block.switches[ 0 ], block.state, inputs, n_vectors, wanted, origin, lag );
  }
  else
  {
    for ( std::size_t lane = 0; lane < block.n_nodes; ++lane )
    {
      wanted[ lane ] = 0;
      if ( not( block.frozen >> lane & 1 ) )
      {
        step_lane( frame_, block.switches[ lane ], block.state, inputs, lane, wanted, origin, lag );
      }
    }
  }
  for ( std::size_t lane = 0; lane < block.n_nodes; ++lane )
  {
    if ( wanted[ lane ] )
    {
      finish_step( block, lane, inputs, origin, lag );
    }
  }

  for ( std::size_t channel = 0; channel < N_CHANNELS; ++channel )
  {
    if ( block.rows[ channel ] != 0 )
    {
      take( block, channel, slot[ block.rows[ channel ] ] );
    }
  }

  for ( std::uint64_t rest = block.logged & ~block.frozen; rest; rest &= rest - 1 )
  {
    static_cast< Node* >( block.nodes[ std::countr_zero( rest ) ] )->record( origin.get_steps() + lag );
  }
}

//! Empties the row of a step; a continuous port keeps what came until the next step
template < class Node >
void
Pool< Node >::take( Block< Node >& block, const std::size_t channel, Row& row )
{
  Row* const now = channel < Cell::N_SPIKE_PORTS ? nullptr : &block.continuous[ channel - Cell::N_SPIKE_PORTS ];
  if ( not block.frozen )
  {
    if ( now )
    {
      *now = row;
    }
    row = {};
    return;
  }
  for ( std::size_t lane = 0; lane < WIDTH; ++lane )
  {
    if ( not( block.frozen >> lane & 1 ) )
    {
      if ( now )
      {
        now->value[ lane ] = row.value[ lane ];
      }
      row.value[ lane ] = 0.0;
    }
  }
}

template < class Node >
void
Pool< Node >::step_lanes( const Frame& __restrict frame,
  const long* const __restrict switches,
  typename Cell::Lanes& __restrict state,
  const double* const* const __restrict inputs,
  const std::size_t n_vectors,
  long* const __restrict wanted,
  const nest::Time& origin,
  const long lag )
{
  IZHISYN_INDEPENDENT
  for ( std::size_t lane = 0; lane < n_vectors * VECTOR; ++lane )
  {
    step_lane( frame, switches, state, inputs, lane, wanted, origin, lag );
  }
}

template < class Node >
inline void
Pool< Node >::step_lane( const Frame& frame,
  const long* const switches,
  typename Cell::Lanes& state,
  const double* const* const inputs,
  const std::size_t lane,
  long* const wanted,
  const nest::Time& origin,
  const long lag )
{
  Cell cell;
  cell.load_constants( frame.rows, lane );
  cell.take_switches( switches );
  cell.load( state, lane );
  cell.load_inputs( inputs, lane );
  cell.update( origin, lag );
  cell.store( state, lane );
  wanted[ lane ] = cell.meets_a_condition();
}

//! The rare path: onCondition for one neuron
template < class Node >
void
Pool< Node >::finish_step( Block< Node >& block,
  const std::size_t lane,
  const double* const* const inputs,
  const nest::Time& origin,
  const long lag )
{
  Cell cell;
  cell.load_constants( frame_.rows, lane );
  cell.take_switches( block.switches[ lane ] );
  cell.load( block.state, lane );
  cell.load_inputs( inputs, lane );
  cell.take_vectors( block.vectors.get() + lane * Cell::N_VECTOR_ELEMENTS );
  cell.n_emitted_ = 0;
  cell.on_conditions( origin, lag );
  cell.store( block.state, lane );
  for ( long i = 0; i < cell.n_emitted_; ++i )
  {
    block.fired |= std::uint64_t( 1 ) << lane;
    block.spikes.push_back( { std::uint32_t( lane ), std::int32_t( lag ) } );
    if ( block.learning.is_needed() )
    {
      block.learning.fire( lane );
    }
  }
}
} // namespace izhisyn

#endif
