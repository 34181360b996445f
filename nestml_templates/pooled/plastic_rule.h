// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_PLASTIC_RULE
#define IZHISYN_PLASTIC_RULE

#include <algorithm>
#include <cmath>
#include <vector>

#include "spikecounter.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
//! What a parameter of a rule must be
struct Bound
{
  bool ( *holds )( double );
  const char* needed;

  static bool
  is_any( double )
  {
    return true;
  }

  static bool
  is_positive( const double value )
  {
    return value > 0.0;
  }

  static bool
  is_not_negative( const double value )
  {
    return value >= 0.0;
  }
};

constexpr Bound ANY_NUMBER { Bound::is_any, "a finite number" };
constexpr Bound TIME { Bound::is_positive, "a time above 0 ms" };
constexpr Bound INTERVAL_OR_NONE { Bound::is_not_negative, "a time from 0 ms up; 0 changes weights at once" };

//! Of rules that depend on nothing but spikes
struct NoSignal
{
  template < class Rule >
  void
  take( const Rule&, const std::vector< nest::spikecounter >&, long )
  {
  }

  template < class Rule >
  void
  get_status( Dictionary&, long, const Rule& ) const
  {
  }
};

/**
 * What the rules of plastic synapses share: parameters of a model, which all its synapses have in common.
 *
 * Parameters has update_interval, Wmin and Wmax, and calls a function for each parameter with name, value and Bound.
 */
template < class Parameters >
class PlasticRule : public nest::CommonSynapseProperties
{
public:
  void
  get_status( Dictionary& status ) const
  {
    nest::CommonSynapseProperties::get_status( status );
    Parameters( parameters_ ).each( [ & ]( const char* const name, const double& value, const Bound& )
      { status[ name ] = value; } );
  }

  //! Throws BadProperty while something without a default is missing
  void
  refuse_if_incomplete( const std::string& ) const
  {
  }

  //! Steps between two changes of the weights; 0 if they change at once
  long
  interval() const
  {
    return interval_;
  }

  double
  bounded( const double weight ) const
  {
    return std::clamp( weight, parameters_.Wmin, parameters_.Wmax );
  }

protected:
  //! Parameters as they will be; throws BadProperty for one that cannot be
  Parameters
  changed( const Dictionary& status, const nest::ConnectorModel& model ) const
  {
    Parameters changed = parameters_;
    changed.each( [ & ]( const char* const name, double& value, const Bound& bound ) {
      status.update_value( name, value );
      if ( not std::isfinite( value ) )
      {
        refuse( model, name, value, ANY_NUMBER.needed );
      }
      if ( not bound.holds( value ) )
      {
        refuse( model, name, value, bound.needed );
      }
    } );
    if ( changed.Wmin > changed.Wmax )
    {
      refuse( model, "Wmin", changed.Wmin, "a weight not above Wmax" );
    }
    return changed;
  }

  void
  compute()
  {
    const double step = nest::Time::get_resolution().get_ms();
    interval_ = parameters_.update_interval > 0.0 ? std::max( 1L, std::lround( parameters_.update_interval / step ) ) : 0;
  }

  Parameters parameters_;

private:
  [[noreturn]] static void
  refuse( const nest::ConnectorModel& model, const char* const name, const double value, const char* const needed )
  {
    throw nest::BadProperty( String::compose( "%1 = %2: %3 needs %4.", name, value, model.get_name(), needed ) );
  }

  long interval_ = 0; //!< [steps]
};
} // namespace izhisyn

#endif
