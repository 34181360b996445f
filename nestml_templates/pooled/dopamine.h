// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_DOPAMINE
#define IZHISYN_DOPAMINE

#include <algorithm>
#include <deque>
#include <vector>

#include "nest_time.h"
#include "spikecounter.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * The level of dopamine on a thread: each spike adds to it, and it decays exponentially.
 *
 * A volume transmitter reports the spikes of an interval at its end, when the neurons of the thread may have made all
 * steps of the interval or none of them. So that this makes no difference, a spike acts one interval after its arrival.
 * The level is a product, step by step, for the reason for which SpikeTrace is one.
 */
class Dopamine
{
public:
  //! Takes the report of a volume transmitter for the interval that ends at a step
  template < class Rule >
  void
  take( const Rule& rule, const std::vector< nest::spikecounter >& spikes, const long end )
  {
    if ( reported_ != NEVER and end <= reported_ )
    {
      set_back( reported_ - end + rule.report_interval() );
    }
    if ( reported_ == NEVER )
    {
      reported_ = end - rule.report_interval();
    }
    advance( reported_, rule );
    for ( const nest::spikecounter& spike : spikes )
    {
      if ( spike.multiplicity_ > 0.0 ) // none, but the end of the last interval
      {
        const long arrival = nest::Time( nest::Time::ms( spike.spike_time_ ) ).get_steps() - 1;
        const long interval = std::max( rule.report_interval(), end - reported_ );
        add( { arrival + interval, spike.multiplicity_ * rule.dopamine_per_spike() } );
      }
    }
    reported_ = end;
  }

  //! As a step begins, before the spikes that act in it
  template < class Rule >
  double
  level( const long step, const Rule& rule ) const
  {
    Dopamine then = *this;
    if ( step < step_ ) // before the first report since the clock was set back
    {
      then.set_back( reported_ );
    }
    then.advance( step, rule );
    return then.level_;
  }

  template < class Rule >
  void
  get_status( Dictionary& status, const long step, const Rule& rule ) const
  {
    status[ "dopamine" ] = level( step, rule );
  }

private:
  static constexpr long NEVER = -1;

  struct Spike
  {
    long step; //!< in which it acts
    double amount;
  };

  void
  add( const Spike& spike )
  {
    const auto later = std::find_if( spikes_.begin(), spikes_.end(), [ & ]( const Spike& other ) { return other.step > spike.step; } );
    spikes_.insert( later, spike );
  }

  //! NEST's clock has been set back, by biological_time = 0
  void
  set_back( const long by )
  {
    step_ -= by;
    reported_ -= by;
    for ( Spike& spike : spikes_ )
    {
      spike.step -= by;
    }
  }

  template < class Rule >
  void
  advance( const long step, const Rule& rule )
  {
    if ( level_ == 0.0 and spikes_.empty() )
    {
      step_ = step;
    }
    for ( ; step_ < step; ++step_ )
    {
      while ( not spikes_.empty() and spikes_.front().step <= step_ )
      {
        level_ += spikes_.front().amount;
        spikes_.pop_front();
      }
      level_ *= rule.dopamine_decay();
    }
  }

  double level_ = 0.0;
  long step_ = 0; //!< at whose beginning level_ is the level
  std::deque< Spike > spikes_; //!< that act from then on
  long reported_ = NEVER; //!< end of the last report
};
} // namespace izhisyn

#endif
