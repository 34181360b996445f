// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_STATUS
#define IZHISYN_STATUS

#include <cmath>
#include <string>
#include <variant>

#include "compose.hpp"
#include "dict_util.h"
#include "dictionary.h"
#include "exceptions.h"
#include "node_collection.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
//! As nest::update_value_param; a real number with a whole value is an integer, too
inline void
update_integer( const Dictionary& status, const std::string& name, long& value, nest::Node* const node )
{
  const auto entry = status.find( name );
  if ( entry == status.end() or not std::holds_alternative< double >( entry->second.item ) )
  {
    nest::update_value_param( status, name, value, node );
    return;
  }
  const double given = std::get< double >( entry->second.item );
  constexpr double exact = 9007199254740992.0; // 2^53
  if ( not( given == std::trunc( given ) and std::abs( given ) <= exact ) )
  {
    throw nest::BadProperty( String::compose( "%1 = %2 is not an integer; nothing was changed.", name, given ) );
  }
  status.mark_as_accessed( name );
  value = static_cast< long >( given );
}

//! Takes a node id, or the node itself
inline void
update_node_id( const Dictionary& status, const std::string& name, long& value )
{
  const auto entry = status.find( name );
  if ( entry == status.end() or not std::holds_alternative< std::shared_ptr< nest::NodeCollection > >( entry->second.item ) )
  {
    status.update_value( name, value );
    return;
  }
  const auto nodes = std::get< std::shared_ptr< nest::NodeCollection > >( entry->second.item );
  if ( nodes->size() != 1 )
  {
    throw nest::BadProperty(
      String::compose( "%1 must be a single node, not %2; nothing was changed.", name, nodes->size() ) );
  }
  status.mark_as_accessed( name );
  value = ( *nodes )[ 0 ];
}

//! Throws BadProperty for a new value that is not a number
inline void
refuse_nan( const Dictionary& status, const std::string& name, const double value )
{
  if ( std::isnan( value ) and status.known( name ) )
  {
    throw nest::BadProperty( String::compose( "%1 is not a number; nothing was changed.", name ) );
  }
}

//! Throws BadProperty for a new value that is not finite
inline void
refuse_infinity( const Dictionary& status, const std::string& name, const double value )
{
  if ( not std::isfinite( value ) and status.known( name ) )
  {
    throw nest::BadProperty( String::compose( "%1 = %2 is not finite; nothing was changed.", name, value ) );
  }
}
} // namespace izhisyn

#endif
