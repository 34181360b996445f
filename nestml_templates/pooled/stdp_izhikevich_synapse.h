// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_STDP_IZHIKEVICH_SYNAPSE
#define IZHISYN_STDP_IZHIKEVICH_SYNAPSE

#include <cmath>

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
struct StdpIzhikevichParameters
{
  double A_plus = 0.1;
  double A_minus = 0.12;
  double tau_plus = -1.0 / std::log( 0.95 );  // [ms]
  double tau_minus = -1.0 / std::log( 0.95 ); // [ms]
  double update_interval = 1000.0;            // [ms]
  double derivative_decay = 0.9;
  double drift = 0.01;
  double Wmin = 0.0;
  double Wmax = 10.0;

  template < class Function >
  void
  each( const Function& function )
  {
    function( "A_plus", A_plus, ANY_NUMBER );
    function( "A_minus", A_minus, ANY_NUMBER );
    function( "tau_plus", tau_plus, TIME );
    function( "tau_minus", tau_minus, TIME );
    function( "update_interval", update_interval, INTERVAL_OR_NONE );
    function( "derivative_decay", derivative_decay, ANY_NUMBER );
    function( "drift", drift, ANY_NUMBER );
    function( "Wmin", Wmin, ANY_NUMBER );
    function( "Wmax", Wmax, ANY_NUMBER );
  }
};

/**
 * Spike-timing-dependent plasticity of Izhikevich (2006), Polychronization: computation with spikes, Neural
 * Computation 18:245-282, as its published program has it.
 *
 * At a spike of the target the derivative grows by A_plus exp(-(t_post - t_arrival - h) / tau_plus), for the last spike
 * that arrived before it; when a spike arrives it falls by A_minus exp(-(t_arrival - t_post) / tau_minus), for the last
 * spike of the target. After each update_interval the derivative is multiplied by derivative_decay, and the weight
 * grows by drift + derivative, within Wmin and Wmax. With update_interval = 0 each change acts on the weight at once.
 */
class StdpIzhikevich : public PlasticRule< StdpIzhikevichParameters >
{
public:
  using Signal = NoSignal;

  StdpIzhikevich()
  {
    compute();
  }

  void
  set_status( const Dictionary& status, nest::ConnectorModel& model )
  {
    const auto changed = this->changed( status, model );
    nest::CommonSynapseProperties::set_status( status, model );
    parameters_ = changed;
    compute();
  }

  void
  calibrate( const nest::TimeConverter& )
  {
    compute();
  }

  //! What a spike of the target contributes, so many steps after the step in which one arrived
  double
  potentiation( const long age ) const
  {
    return plus_( age );
  }

  //! What a spike that arrives takes, so many steps after one of the target
  double
  depression( const long age ) const
  {
    return minus_( age );
  }

  //! How derivatives act on weights at a step
  auto
  consolidation( long, const Signal& ) const
  {
    return [ this ]( double& weight, double& derivative ) {
      derivative *= parameters_.derivative_decay;
      weight = bounded( weight + ( parameters_.drift + derivative ) );
    };
  }

private:
  void
  compute()
  {
    PlasticRule::compute();
    const double step = nest::Time::get_resolution().get_ms();
    plus_.compute( parameters_.A_plus, parameters_.tau_plus, step );
    minus_.compute( parameters_.A_minus, parameters_.tau_minus, step );
  }

  SpikeTrace plus_;
  SpikeTrace minus_;
};

template < class TargetIdentifier >
class stdp_izhikevich_synapse : public PlasticSynapse< TargetIdentifier, StdpIzhikevich >
{
};
} // namespace izhisyn

#endif
