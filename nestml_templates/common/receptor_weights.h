// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_RECEPTOR_WEIGHTS
#define IZHISYN_RECEPTOR_WEIGHTS

#include <cmath>
#include <limits>
#include <string>

#include "compose.hpp"
#include "exceptions.h"
#include "kernel_manager.h"
#include "nest_types.h"
#include "node.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
//! A port of spikes, as far as its weights are concerned
struct WeightedPort
{
  const char* name;
  double least_weight; //!< 0, or ANY_WEIGHT of a port that takes negative weights, too

  static constexpr double ANY_WEIGHT = std::numeric_limits< double >::lowest();

  //! Whether a weight is finite and not below the least one
  bool
  takes( const double weight ) const
  {
    return weight >= least_weight and weight <= std::numeric_limits< double >::max();
  }

  //! What is wrong with a weight that the port does not take, and what to do
  std::string
  refusal( const std::string& model, const double weight ) const
  {
    if ( not std::isfinite( weight ) )
    {
      return String::compose( "weight = %1 for %2 of %3 is not finite; choose a finite weight.", weight, name, model );
    }
    return String::compose(
      "weight = %1 for %2 of %3 is negative, but the receptor, and not the sign of the weight, says whether a spike "
      "excites or inhibits; use the absolute value, on the receptor_type of an inhibitory receptor if it is to inhibit.",
      weight,
      name,
      model );
  }
};

//! A neuron with ports of spikes that may refuse weights
class WeightedPorts
{
public:
  virtual const WeightedPort& weighted_port( std::size_t receptor_type ) const = 0;

protected:
  ~WeightedPorts() = default;
};

//! Throws BadProperty if the target is one of ours and does not take the weight
inline void
refuse_weight( nest::Node& target, const std::size_t receptor_type, const double weight )
{
  const auto* const ports = dynamic_cast< const WeightedPorts* >( &target );
  if ( ports and not ports->weighted_port( receptor_type ).takes( weight ) )
  {
    throw nest::BadProperty( ports->weighted_port( receptor_type ).refusal( target.get_name(), weight ) );
  }
}

//! Throws BadProperty for a weight that no port takes
inline void
refuse_weight( const std::string& synapse, const double weight )
{
  if ( not std::isfinite( weight ) )
  {
    throw nest::BadProperty( String::compose( "%1 needs a finite weight, not %2; nothing was changed.", synapse, weight ) );
  }
}

//! Throws BadProperty for a weight that came with a spike
[[noreturn, gnu::cold, gnu::noinline]] inline void
refuse_spike( const nest::Node& target, const WeightedPort& port, const double weight )
{
  throw nest::BadProperty(
    port.refusal( target.get_name(), weight ) + " The simulation has stopped; call ResetKernel before another one." );
}

//! NEST's _hpc synapses keep no receptor; throws IllegalConnection for one of them
inline void
refuse_hpc( const nest::synindex synapse )
{
  const std::size_t thread = nest::kernel().vp_manager.get_thread_id();
  const std::string& name = nest::kernel().model_manager.get_connection_model( synapse, thread ).get_name();
  if ( name.ends_with( "_hpc" ) )
  {
    throw nest::IllegalConnection(
      name + " keeps no receptor_type and reaches only neurons with a single port; use static_synapse_pooled." );
  }
}
} // namespace izhisyn

#endif
