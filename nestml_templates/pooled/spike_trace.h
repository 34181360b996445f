// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_SPIKE_TRACE
#define IZHISYN_SPIKE_TRACE

#include <cmath>
#include <vector>

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * A trace that a spike sets to a value, from where it decays exponentially.
 *
 * Its values are products, step by step, as of a variable that a program multiplies in each step: exp(-n h / tau)
 * differs from them in the last digit, and so would weights that are compared with those of a program.
 */
class SpikeTrace
{
public:
  //! With `start` at the spike, time constant and step in the same unit
  void
  compute( const double start, const double tau, const double step )
  {
    tau_ = tau / step;
    const double decay = std::exp( -step / tau );
    values_.assign( 1, start );
    while ( std::abs( values_.back() ) > SMALLEST and values_.size() < MOST )
    {
      values_.push_back( values_.back() * decay );
    }
  }

  //! Its value so many steps after the spike
  double
  operator()( const long age ) const
  {
    const long last = values_.size() - 1;
    return age <= last ? values_[ age ] : values_[ last ] * std::exp( ( last - age ) / tau_ );
  }

private:
  static constexpr double SMALLEST = 1e-300; //!< a slower multiplication begins below
  static constexpr std::size_t MOST = std::size_t( 1 ) << 16;

  double tau_ = 1.0; //!< [steps]
  std::vector< double > values_ { 0.0 };
};
} // namespace izhisyn

#endif
