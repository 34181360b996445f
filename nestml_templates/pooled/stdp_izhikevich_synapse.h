// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_STDP_IZHIKEVICH_SYNAPSE
#define IZHISYN_STDP_IZHIKEVICH_SYNAPSE

#include <algorithm>
#include <cmath>

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * Spike-timing-dependent plasticity of Izhikevich (2006), Polychronization: computation with spikes, Neural
 * Computation 18:245-282, as its published program has it.
 *
 * At a spike of the target the derivative grows by A_plus exp(-(t_post - t_arrival - h) / tau_plus), for the last spike
 * that arrived before it; when a spike arrives it falls by A_minus exp(-(t_arrival - t_post) / tau_minus), for the last
 * spike of the target. After each update_interval the derivative is multiplied by derivative_decay, and the weight
 * grows by drift + derivative, within Wmin and Wmax. With update_interval = 0 each change acts on the weight at once.
 */
class StdpIzhikevich : public nest::CommonSynapseProperties
{
public:
  StdpIzhikevich()
  {
    compute();
  }

  void
  get_status( Dictionary& status ) const
  {
    nest::CommonSynapseProperties::get_status( status );
    Parameters( parameters_ ).each( [ &status ]( const char* const name, const double& value ) { status[ name ] = value; } );
  }

  void
  set_status( const Dictionary& status, nest::ConnectorModel& model )
  {
    Parameters changed = parameters_;
    changed.each( [ & ]( const char* const name, double& value ) {
      status.update_value( name, value );
      if ( not std::isfinite( value ) )
      {
        refuse( model, name, value, "a finite number" );
      }
    } );
    for ( const auto& [ name, value ] : { std::pair( "tau_plus", changed.tau_plus ), { "tau_minus", changed.tau_minus } } )
    {
      if ( value <= 0.0 )
      {
        refuse( model, name, value, "a time above 0 ms" );
      }
    }
    if ( changed.update_interval < 0.0 )
    {
      refuse( model, "update_interval", changed.update_interval, "a time from 0 ms up; 0 changes weights at once" );
    }
    if ( changed.Wmin > changed.Wmax )
    {
      refuse( model, "Wmin", changed.Wmin, "a weight not above Wmax" );
    }
    nest::CommonSynapseProperties::set_status( status, model );
    parameters_ = changed;
    compute();
  }

  void
  calibrate( const nest::TimeConverter& )
  {
    compute();
  }

  //! Steps between two changes of the weights; 0 if they change at once
  long
  interval() const
  {
    return interval_;
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

  //! Lets the derivative act on the weight
  void
  consolidate( double& weight, double& derivative ) const
  {
    derivative *= parameters_.derivative_decay;
    weight = bounded( weight + ( parameters_.drift + derivative ) );
  }

  double
  bounded( const double weight ) const
  {
    return std::clamp( weight, parameters_.Wmin, parameters_.Wmax );
  }

private:
  struct Parameters
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
      function( "A_plus", A_plus );
      function( "A_minus", A_minus );
      function( "tau_plus", tau_plus );
      function( "tau_minus", tau_minus );
      function( "update_interval", update_interval );
      function( "derivative_decay", derivative_decay );
      function( "drift", drift );
      function( "Wmin", Wmin );
      function( "Wmax", Wmax );
    }
  };

  [[noreturn]] static void
  refuse( const nest::ConnectorModel& model, const char* const name, const double value, const char* const needed )
  {
    throw nest::BadProperty( String::compose( "%1 = %2: %3 needs %4.", name, value, model.get_name(), needed ) );
  }

  void
  compute()
  {
    const double step = nest::Time::get_resolution().get_ms();
    plus_.compute( parameters_.A_plus, parameters_.tau_plus, step );
    minus_.compute( parameters_.A_minus, parameters_.tau_minus, step );
    interval_ = parameters_.update_interval > 0.0 ? std::max( 1L, std::lround( parameters_.update_interval / step ) ) : 0;
  }

  Parameters parameters_;
  SpikeTrace plus_;
  SpikeTrace minus_;
  long interval_ = 0; //!< [steps]
};

template < class TargetIdentifier >
class stdp_izhikevich_synapse : public PlasticSynapse< TargetIdentifier, StdpIzhikevich >
{
};
} // namespace izhisyn

#endif
