// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_HEARD_NODE
#define IZHISYN_HEARD_NODE

#include <algorithm>
#include <deque>

#include "kernel_manager.h"

#include "pooled_node.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
//! A spike that synapses will read, with their traces right after it; the names are those that NESTML uses
template < class Cell >
struct HeardSpike
{
  double t_;              //!< [ms]
  size_t access_counter_; //!< how many synapses have read it
  typename Cell::Traces traces;
};

/**
 * A pooled node to which synapses from NESTML listen, which was generated together with it.
 *
 * NESTML moves what such a synapse computes from the spikes of its target (traces) to the target, where all its
 * synapses read them. They are state variables of the cell, which no step changes: what they are between two spikes
 * follows from the last one.
 */
template < class Cell >
class HeardNode : public PooledNode< Cell >
{
public:
  using Spikes = std::deque< HeardSpike< Cell > >;
  using Traces = typename Cell::Traces;

  //! Takes note of a synapse, which will read the spikes after `last_read` [ms]
  void
  listen( const double last_read, const double delay )
  {
    for ( auto& spike : spikes_ )
    {
      spike.access_counter_ += spike.t_ - last_read < eps();
    }
    ++n_listeners_;
    longest_delay_ = std::max( longest_delay_, delay );
  }

  //! Spikes in ( after, until ] [ms], which one more synapse has read then
  void
  get_history__( const double after,
    const double until,
    typename Spikes::iterator* const begin,
    typename Spikes::iterator* const end )
  {
    const auto is_before = []( const HeardSpike< Cell >& spike, const double time ) { return spike.t_ < time; };
    *begin = std::lower_bound( spikes_.begin(), spikes_.end(), after + eps(), is_before );
    *end = std::lower_bound( *begin, spikes_.end(), until + eps(), is_before );
    std::for_each( *begin, *end, []( HeardSpike< Cell >& spike ) { ++spike.access_counter_; } );
  }

protected:
  //! Values at a time [ms]; a spike at that very time counts unless `before_increment`
  Traces
  traces_at( const double time, const bool before_increment ) const
  {
    Cell cell = this->cell();
    if ( spikes_.empty() )
    {
      return cell.traces();
    }
    const double margin = before_increment ? eps() : 0.0;
    const auto last = std::find_if( spikes_.rbegin(),
      spikes_.rend(),
      [ & ]( const HeardSpike< Cell >& spike ) { return time - spike.t_ >= margin; } );
    const bool is_after_spike = last != spikes_.rend();
    cell.set_traces( is_after_spike ? last->traces : Cell::first_traces() );
    const double duration = time - ( is_after_spike ? last->t_ : 0.0 );
    if ( duration >= eps() )
    {
      cell.pass( duration );
    }
    return cell.traces();
  }

  void
  archive( const nest::Time& time ) override
  {
    PooledNode< Cell >::archive( time ); // for NEST's own synapses
    const double now = time.get_ms();
    if ( n_listeners_ )
    {
      forget_spikes( now );
      Cell cell = this->cell();
      cell.set_traces( spikes_.empty() ? Cell::first_traces() : spikes_.back().traces );
      if ( now > last_spike_ )
      {
        cell.pass( now - last_spike_ );
      }
      cell.raise_traces();
      cell.store( this->block().state, this->lane() );
      spikes_.push_back( { now, 0, cell.traces() } );
    }
    last_spike_ = now;
  }

private:
  static double
  eps()
  {
    return nest::kernel().connection_manager.get_stdp_eps();
  }

  //! Drops what no synapse will need: the traces just before a spike that one has not read follow from the spike before
  void
  forget_spikes( const double now )
  {
    const auto& connections = nest::kernel().connection_manager;
    const double reach = longest_delay_ + nest::Time::delay_steps_to_ms( connections.get_min_delay() ) + eps();
    while ( spikes_.size() > 1 and spikes_[ 1 ].access_counter_ >= n_listeners_ and now - spikes_[ 1 ].t_ > reach )
    {
      spikes_.pop_front();
    }
  }

  Spikes spikes_;
  size_t n_listeners_ = 0;
  double longest_delay_ = 0.0; //!< [ms]
  double last_spike_ = -1.0;   //!< [ms]
};
} // namespace izhisyn

#endif
