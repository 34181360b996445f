// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_POISSON_NUMBERS
#define IZHISYN_POISSON_NUMBERS

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * Poisson numbers of one mean, by inversion of the distribution function, whose steps are in a table.
 *
 * The first eight bits of a random number say where to begin to look, so that about one comparison is enough.
 * Means beyond a table of handy size are left to the standard library.
 */
class PoissonNumbers
{
public:
  void
  set_mean( const double mean )
  {
    if ( mean == mean_ )
    {
      return;
    }
    mean_ = mean;
    if ( mean > LARGEST_OF_TABLE )
    {
      large_.param( std::poisson_distribution< std::uint64_t >::param_type( mean ) );
    }
    else
    {
      fill_table();
    }
  }

  [[gnu::always_inline]] std::uint64_t
  operator()( RandomStream& stream )
  {
    if ( mean_ > LARGEST_OF_TABLE )
    {
      return large_( stream );
    }
    const std::uint64_t random = stream();
    std::size_t number = begin_[ random >> 56 ];
    while ( random > steps_[ number ] )
    {
      ++number;
    }
    return number;
  }

private:
  static constexpr double LARGEST_OF_TABLE = 600.0; // exp(-600) is a normal number

  void
  fill_table()
  {
    constexpr double all = 0x1p64;
    steps_.clear();
    double probability = std::exp( -mean_ );
    double sum = probability;
    while ( sum * all < 0x1.fffffffffffffp63 and ( sum < 0.5 or probability > 0x1p-64 ) )
    {
      steps_.push_back( sum * all );
      probability *= mean_ / steps_.size();
      sum += probability;
    }
    steps_.push_back( ~std::uint64_t( 0 ) );
    std::size_t number = 0;
    for ( std::uint64_t bits = 0; bits < begin_.size(); ++bits )
    {
      while ( bits << 56 > steps_[ number ] )
      {
        ++number;
      }
      begin_[ bits ] = number;
    }
  }

  double mean_ = -1.0;
  std::vector< std::uint64_t > steps_; //!< of the distribution function, times 2^64
  std::array< std::uint16_t, 256 > begin_;
  std::poisson_distribution< std::uint64_t > large_;
};
} // namespace izhisyn

#endif
