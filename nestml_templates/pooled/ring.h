// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_RING
#define IZHISYN_RING

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#if __has_include( <sys/mman.h> )
#include <sys/mman.h>
#endif

#include "compose.hpp"
#include "exceptions.h"
#include "kernel_manager.h"
#include "logging.h"
#include "nest_time.h"
#include "node.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * Neurons of a block. A multiple of 8, the doubles of the widest vector register; more give the processor
 * independent work while it waits for the results of one vector.
 */
constexpr std::size_t WIDTH = 32;
constexpr std::size_t VECTOR = 8;

//! One number of each neuron of a block
struct alignas( 64 ) Row
{
  double value[ WIDTH ];
};

class Learning;

/**
 * Spikes and currents to come, for all pooled neurons of a thread, of whatever model.
 *
 * The ring has one slot a step, as many as NEST's own ring buffers. In a slot lies a row for each port of each
 * block of neurons that some connection has used; row 0 holds zeros, for ports without a connection. A row is
 * added when a port is connected and stays where it is, hence the address of a neuron's port within a slot,
 * which every connection asks for, is good from then on. Rows come into being at any time, also while NEST
 * simulates. The number of slots is fixed with the first run, because NEST's delays are.
 */
class Ring
{
public:
  //! Place of a neuron's port within a slot, in doubles
  using Address = std::uint32_t;

  //! Whose input a row holds
  struct Owner
  {
    nest::Node* const* nodes; //!< of the block
    std::size_t rport;        //!< of the port, as events have it
    const WeightedPort* weights; //!< which of them the port takes; null for currents, which have any sign
    Learning* learning;          //!< of the block
  };

  //! Ring of a thread, which exists as long as somebody has not left it
  static Ring& join( std::size_t thread );
  void leave();

  //! Adds a row; returns its number
  std::uint32_t
  add_row( const Owner& owner )
  {
    constexpr std::size_t most = std::numeric_limits< Address >::max() / WIDTH;
    if ( owners_.size() > most )
    {
      throw nest::KernelException( "A thread has addresses for 2^32 inputs of pooled neurons; use more threads or processes." );
    }
    if ( nest::kernel().simulation_manager.has_been_prepared() )
    {
      fit( owners_.size() + 1 ); // an event may come at once
    }
    owners_.push_back( owner );
    return owners_.size() - 1;
  }

  nest::Node&
  node( const Address address ) const
  {
    return *owners_[ address / WIDTH ].nodes[ address % WIDTH ];
  }

  const Owner&
  owner( const Address address ) const
  {
    return owners_[ address / WIDTH ];
  }

  //! Makes the ring as long as NEST's delays require, with memory for all rows
  void
  fit()
  {
    fit( owners_.size() );
  }

  //! Slots of a slice that begins at `origin`, by the number of steps after that
  double* const*
  slots( const long origin )
  {
    if ( origin != origin_ )
    {
      origin_ = origin;
      now_ = places_.data() + origin % length_;
    }
    return now_;
  }

private:
  struct Free
  {
    void
    operator()( Row* const rows ) const
    {
      std::free( rows );
    }
  };

  explicit Ring( const std::size_t thread )
    : thread_( thread )
    , owners_( 1 )
  {
  }

  void fit( std::size_t n_rows );
  void warn_of_forgotten_delays() const;
  static Row* allocate( std::size_t n_rows );

  // Never destroyed: NEST may delete its nodes later than the static variables of a module.

  static std::vector< Ring* >&
  rings()
  {
    static auto& rings_of_threads = *new std::vector< Ring* >;
    return rings_of_threads;
  }

  static std::mutex&
  mutex()
  {
    static auto& mutex_of_rings = *new std::mutex;
    return mutex_of_rings;
  }

  std::size_t thread_;
  std::size_t n_members_ = 0;
  std::vector< Owner > owners_; //!< of each row

  std::unique_ptr< Row[], Free > memory_;
  std::size_t capacity_ = 0; //!< rows for which a slot has memory
  long length_ = 0;          //!< slots

  std::vector< double* > places_; //!< where each slot begins, twice one after the other
  double* const* now_ = nullptr;  //!< the place of the slot in which the slice begins
  long origin_ = -1;              //!< of that slice, in steps
};

//! Port of a pooled neuron of this module
struct Port
{
  const nest::Node* node = nullptr;
  Ring* ring = nullptr;
  Ring::Address address = 0;
};

/**
 * The port that answered the last test event on this thread. A synapse that writes into rings learns from it
 * whether its target is a pooled neuron of this module, which its class cannot show: another module has a class
 * of the same name.
 */
inline Port&
last_port()
{
  static thread_local Port port;
  return port;
}

inline Ring&
Ring::join( const std::size_t thread )
{
  const std::lock_guard lock( mutex() );
  if ( rings().size() <= thread )
  {
    rings().resize( thread + 1 );
  }
  if ( not rings()[ thread ] )
  {
    rings()[ thread ] = new Ring( thread );
  }
  ++rings()[ thread ]->n_members_;
  return *rings()[ thread ];
}

inline void
Ring::leave()
{
  const std::lock_guard lock( mutex() );
  if ( --n_members_ == 0 )
  {
    rings()[ thread_ ] = nullptr;
    delete this;
  }
}

inline void
Ring::fit( const std::size_t n_rows )
{
  const auto& connections = nest::kernel().connection_manager;
  const long length = connections.get_min_delay() + connections.get_max_delay();
  if ( length == length_ and n_rows <= capacity_ )
  {
    return;
  }
  if ( not memory_ )
  {
    warn_of_forgotten_delays();
  }
  // Rows that are added while a simulation goes on come one by one.
  const bool is_growing = memory_ and n_rows > capacity_;
  const std::size_t capacity = is_growing ? n_rows + n_rows / 4 : std::max( n_rows, capacity_ );
  std::unique_ptr< Row[], Free > memory( allocate( length * capacity ) );
  for ( long slot = 0; slot < std::min( length, length_ ); ++slot )
  {
    std::copy_n( &memory_[ slot * capacity_ ], capacity_, &memory[ slot * capacity ] );
  }
  std::vector< double* > places;
  for ( long slot = 0; slot < 2 * length; ++slot )
  {
    places.push_back( memory[ slot % length * capacity ].value );
  }
  memory_ = std::move( memory );
  places_ = std::move( places );
  capacity_ = capacity;
  length_ = length;
  origin_ = -1;
}

/**
 * NEST 3.10 communicates the shortest delay before the first run only if connections have changed since the last
 * GetConnections. Where all processes have the same one by chance, nothing is wrong, hence no error.
 */
inline void
Ring::warn_of_forgotten_delays() const
{
  const auto& kernel = nest::kernel();
  const auto& connections = kernel.connection_manager;
  const std::lock_guard lock( mutex() );
  const bool is_first_of_process = *std::find_if( rings().begin(), rings().end(), []( const Ring* ring ) { return ring; } ) == this;
  if ( is_first_of_process and kernel.mpi_manager.get_num_processes() > 1 and connections.get_num_connections() > 0
    and not connections.connections_have_changed() and not connections.get_user_set_delay_extrema()
    and not kernel.simulation_manager.has_been_simulated() )
  {
    LOG( nest::VerbosityLevel::WARNING,
      "izhisyn",
      String::compose( "Process %1 simulates with %2 ms, the shortest delay of its own connections, because GetConnections "
                       "was called between the last Connect and the first run; processes with different delays wait for each "
                       "other for ever. Call GetConnections after the first run, or set min_delay and max_delay.",
        kernel.mpi_manager.get_rank(),
        nest::Time( nest::Time::step( connections.get_min_delay() ) ).get_ms() ) );
  }
}

//! Zeroed rows; on large pages where the system has them, because events come to scattered addresses
inline Row*
Ring::allocate( const std::size_t n_rows )
{
  constexpr std::size_t large_page = std::size_t( 1 ) << 21;
  const std::size_t bytes = n_rows * sizeof( Row );
  const std::size_t alignment = bytes < large_page ? alignof( Row ) : large_page;
  const std::size_t size = ( bytes + alignment - 1 ) / alignment * alignment;
  void* const memory = std::aligned_alloc( alignment, size );
  if ( not memory )
  {
    const long longest = nest::kernel().connection_manager.get_max_delay();
    throw nest::KernelException( String::compose(
      "There is no memory for the input to come of the pooled neurons of a thread: %1 MB, because the longest delay, or "
      "max_delay, is %2 ms; choose shorter delays, or more processes on more machines.",
      bytes >> 20,
      nest::Time( nest::Time::step( longest ) ).get_ms() ) );
  }
#ifdef MADV_HUGEPAGE
  if ( alignment == large_page )
  {
    madvise( memory, size, MADV_HUGEPAGE ); // advice: a system that does not take it loses only speed
  }
#endif
  Row* const rows = static_cast< Row* >( memory );
  std::fill_n( rows, n_rows, Row {} );
  return rows;
}
} // namespace izhisyn

#endif
