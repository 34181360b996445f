// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_SORT_BY_SOURCE
#define IZHISYN_SORT_BY_SOURCE

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "block_vector.h"
#include "source.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * Where each element belongs so that the sources ascend, disabled ones last, for NEST to remove them; equal ones
 * keep their order.
 *
 * Counting, because node ids are small and many connections share one. Index is as small as the number of
 * elements allows, for this is memory that all connections need at once.
 */
template < class Index >
std::vector< Index >
places_by_source( const BlockVector< nest::Source >& sources )
{
  std::size_t most = 0;
  for ( std::size_t i = 0; i < sources.size(); ++i )
  {
    most = std::max( most, sources[ i ].get_node_id() );
  }
  const auto key = [ & ]( const std::size_t i ) { return sources[ i ].is_disabled() ? most + 1 : sources[ i ].get_node_id(); };
  std::vector< Index > next( most + 3 );
  for ( std::size_t i = 0; i < sources.size(); ++i )
  {
    ++next[ key( i ) + 1 ];
  }
  std::partial_sum( next.begin(), next.end(), next.begin() );
  std::vector< Index > places( sources.size() );
  for ( std::size_t i = 0; i < sources.size(); ++i )
  {
    places[ i ] = next[ key( i ) ]++;
  }
  return places;
}

//! Sorts sources, and what else `swap_others( i, j )` exchanges, in place
template < class Index, class Swap >
void
sort_by_source_with( BlockVector< nest::Source >& sources, const Swap& swap_others )
{
  std::vector< Index > places = places_by_source< Index >( sources );
  for ( std::size_t i = 0; i < places.size(); ++i )
  {
    while ( places[ i ] != i )
    {
      const std::size_t place = places[ i ];
      std::swap( sources[ i ], sources[ place ] );
      swap_others( i, place );
      std::swap( places[ i ], places[ place ] );
    }
  }
}

template < class Swap >
void
sort_by_source( BlockVector< nest::Source >& sources, const Swap& swap_others )
{
  if ( sources.size() <= std::numeric_limits< std::uint32_t >::max() )
  {
    sort_by_source_with< std::uint32_t >( sources, swap_others );
  }
  else
  {
    sort_by_source_with< std::uint64_t >( sources, swap_others );
  }
}
} // namespace izhisyn

#endif
