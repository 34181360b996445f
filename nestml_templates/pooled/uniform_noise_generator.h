// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_UNIFORM_NOISE_GENERATOR
#define IZHISYN_UNIFORM_NOISE_GENERATOR

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
struct UniformNoiseParameters
{
  static constexpr const char* FROM_BACKEND[] = { "low", "high" };
  static constexpr const char* FROM_BACKEND_TEXT = "two values, low and high";
  static constexpr long FROM_KERNEL = -1;

  void get( Dictionary& ) const;
  void set( const Dictionary&, nest::Node* );

  double low = -1.0;
  double high = 1.0;
  long seed = FROM_KERNEL; //!< or a number from 0 up, which alone decides
};

/**
 * In each step, for each target, a spike whose weight is that of the connection times a random number, uniform from
 * `low` to `high`. Where a spike is the current of a step, this is the noisy current of Izhikevich's programs.
 */
class uniform_noise_generator : public SpikeDevice< UniformNoiseParameters >
{
public:
  std::size_t send_test_event( nest::Node& target, std::size_t receptor_type, nest::synindex, bool is_dummy ) override;

private:
  void pre_run_hook() override;
  void update( const nest::Time&, long, long ) override;
  void event_hook( nest::DSSpikeEvent& ) override;

  std::optional< std::uint64_t > drawn_seed_; //!< with FROM_KERNEL, from the first run on
};

inline std::size_t
uniform_noise_generator::send_test_event( nest::Node& target,
  const std::size_t receptor_type,
  const nest::synindex syn_id,
  const bool is_dummy )
{
  const std::size_t rport = SpikeDevice::send_test_event( target, receptor_type, syn_id, is_dummy );
  const auto* const ports = dynamic_cast< const WeightedPorts* >( &target );
  if ( not is_dummy and ports and not ports->weighted_port( receptor_type ).takes( -1.0 ) )
  {
    throw nest::IllegalConnection( String::compose(
      "%1 sends weights of either sign, but %2 of %3 takes no negative ones; connect it to a model with a port for both.",
      get_name(),
      ports->weighted_port( receptor_type ).name,
      target.get_name() ) );
  }
  return rport;
}

inline void
uniform_noise_generator::pre_run_hook()
{
  SpikeDevice::pre_run_hook();
  if ( not drawn_seed_ ) // the same in all threads and processes
  {
    drawn_seed_ = nest::get_vp_synced_rng( get_thread() )->ulrand( std::numeric_limits< std::uint32_t >::max() );
  }
}

inline void
uniform_noise_generator::update( const nest::Time& origin, const long from, const long to )
{
  const bool is_own = parameters_.seed != UniformNoiseParameters::FROM_KERNEL;
  const UniformNoise noise( is_own ? parameters_.seed : *drawn_seed_, parameters_.low, parameters_.high );
  // A spike's time is the end of its step; the first is after the start, the last at the stop.
  const auto acts = [ & ]( const long lag ) { return is_active( nest::Time::step( origin.get_steps() + lag + 1 ) ); };
  for_equal_lags( from, to, acts, [ & ]( const long first, const long end, const bool is_active ) {
    if ( is_active )
    {
      NoiseEvent event( noise, end - first );
      nest::kernel().event_delivery_manager.send< nest::DSSpikeEvent >( *this, event, first );
    }
  } );
}

inline void
uniform_noise_generator::event_hook( nest::DSSpikeEvent& event )
{
  const NoiseEvent& own = static_cast< NoiseEvent& >( event );
  const nest::Time stamp = event.get_stamp();
  const double weight = event.get_weight();
  const std::uint64_t start = own.noise.start( event.get_receiver().get_node_id() );
  for ( long step = 0; step < own.n_steps; ++step )
  {
    event.set_stamp( stamp + nest::Time::step( step ) );
    event.set_weight( weight * own.noise( start, event.get_stamp().get_steps() ) );
    event.get_receiver().handle( event );
  }
  event.set_stamp( stamp );
  event.set_weight( weight );
}

inline void
UniformNoiseParameters::get( Dictionary& status ) const
{
  status[ "low" ] = low;
  status[ "high" ] = high;
  status[ "seed" ] = seed;
}

inline void
UniformNoiseParameters::set( const Dictionary& status, nest::Node* const node )
{
  nest::update_value_param( status, "low", low, node );
  nest::update_value_param( status, "high", high, node );
  update_integer( status, "seed", seed, node );
  if ( not std::isfinite( high - low ) or low > high )
  {
    throw nest::BadProperty( String::compose(
      "low = %1 and high = %2 must be finite numbers, low not above high; nothing was changed.", low, high ) );
  }
  if ( seed < FROM_KERNEL )
  {
    throw nest::BadProperty( String::compose(
      "seed = %1 must be an integer from 0 up, or -1 for a seed that follows from nest.rng_seed; nothing was changed.", seed ) );
  }
}
} // namespace izhisyn

#endif
