// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_DOPAMINE_STDP_IZHIKEVICH_SYNAPSE
#define IZHISYN_DOPAMINE_STDP_IZHIKEVICH_SYNAPSE

#include <cmath>

#include "volume_transmitter.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
struct DopamineStdpIzhikevichParameters
{
  double A_plus = 0.1;
  double alpha = 1.5;
  double tau_plus = -1.0 / std::log( 0.95 );  // [ms]
  double tau_minus = -1.0 / std::log( 0.95 ); // [ms]
  double update_interval = 10.0;              // [ms]
  double derivative_decay = 0.99;
  double dopamine_baseline = 0.002;
  double dopamine_per_spike = 0.5;
  double tau_dopamine = -1.0 / std::log( 0.995 ); // [ms]
  double Wmin = 0.0;
  double Wmax = 4.0;

  template < class Function >
  void
  each( const Function& function )
  {
    function( "A_plus", A_plus, ANY_NUMBER );
    function( "alpha", alpha, ANY_NUMBER );
    function( "tau_plus", tau_plus, TIME );
    function( "tau_minus", tau_minus, TIME );
    function( "update_interval", update_interval, TIME );
    function( "derivative_decay", derivative_decay, ANY_NUMBER );
    function( "dopamine_baseline", dopamine_baseline, ANY_NUMBER );
    function( "dopamine_per_spike", dopamine_per_spike, ANY_NUMBER );
    function( "tau_dopamine", tau_dopamine, TIME );
    function( "Wmin", Wmin, ANY_NUMBER );
    function( "Wmax", Wmax, ANY_NUMBER );
  }
};

/**
 * Plasticity that dopamine turns into changes of the weight, of Izhikevich (2007), Solving the distal reward problem
 * through linkage of STDP and dopamine signaling, Cerebral Cortex 17:2443-2452, as its published program has it.
 *
 * The derivative, which is the eligibility trace, grows at a spike of the target by
 * A_plus exp(-(t_post - t_arrival - h) / tau_plus), for the last spike that arrived before it; when a spike arrives it
 * falls by alpha A_plus exp(-(t_arrival - t_post) / tau_minus), for the last spike of the target. After each
 * update_interval the weight grows by (dopamine_baseline + dopamine) derivative, within Wmin and Wmax, and the
 * derivative is multiplied by derivative_decay. Each spike that reaches the volume transmitter raises dopamine by
 * dopamine_per_spike; it decays with tau_dopamine.
 */
class DopamineStdpIzhikevich : public PlasticRule< DopamineStdpIzhikevichParameters >
{
public:
  using Signal = Dopamine;

  DopamineStdpIzhikevich()
  {
    compute();
  }

  void
  get_status( Dictionary& status ) const
  {
    PlasticRule::get_status( status );
    status[ nest::names::volume_transmitter ] = nest::NodeCollection::create( volume_transmitter_ );
  }

  void
  set_status( const Dictionary& status, nest::ConnectorModel& model )
  {
    const auto changed = this->changed( status, model );
    nest::volume_transmitter* const transmitter = transmitter_of( status, model );
    nest::CommonSynapseProperties::set_status( status, model );
    parameters_ = changed;
    volume_transmitter_ = transmitter;
    compute();
  }

  void
  calibrate( const nest::TimeConverter& )
  {
    compute();
  }

  //! Throws BadProperty while there is nothing from which dopamine could come
  void
  refuse_if_incomplete( const std::string& model ) const
  {
    if ( not volume_transmitter_ )
    {
      throw nest::BadProperty( String::compose( "%1 has no volume_transmitter; create one and set it with SetDefaults or "
                                                "CopyModel before Connect.",
        model ) );
    }
  }

  long
  get_vt_node_id() const
  {
    return volume_transmitter_ ? volume_transmitter_->get_node_id() : -1;
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
    return parameters_.alpha * minus_( age );
  }

  //! How derivatives act on weights at a step
  auto
  consolidation( const long step, const Dopamine& dopamine ) const
  {
    const double rate = parameters_.dopamine_baseline + dopamine.level( step, *this );
    return [ this, rate ]( double& weight, double& derivative ) {
      weight = bounded( weight + rate * derivative );
      derivative *= parameters_.derivative_decay;
    };
  }

  // Of dopamine

  double
  dopamine_per_spike() const
  {
    return parameters_.dopamine_per_spike;
  }

  //! In a step
  double
  dopamine_decay() const
  {
    return dopamine_decay_;
  }

  //! Between two reports of the volume transmitter [steps]
  long
  report_interval() const
  {
    Dictionary status;
    volume_transmitter_->get_status( status );
    return status.get< long >( nest::names::deliver_interval ) * nest::kernel().connection_manager.get_min_delay();
  }

private:
  void
  compute()
  {
    PlasticRule::compute();
    const double step = nest::Time::get_resolution().get_ms();
    plus_.compute( parameters_.A_plus, parameters_.tau_plus, step );
    minus_.compute( parameters_.A_plus, parameters_.tau_minus, step );
    dopamine_decay_ = std::exp( -step / parameters_.tau_dopamine );
  }

  //! The volume transmitter of a new status, which may be none, or the one of now
  nest::volume_transmitter*
  transmitter_of( const Dictionary& status, const nest::ConnectorModel& model ) const
  {
    const std::string& name = nest::names::volume_transmitter;
    const auto entry = status.find( name );
    if ( entry == status.end() )
    {
      return volume_transmitter_;
    }
    const auto* const nodes = std::get_if< nest::NodeCollectionPTR >( &entry->second.item );
    if ( nodes and ( *nodes )->empty() )
    {
      status.mark_as_accessed( name );
      return nullptr;
    }
    long id = 0;
    update_node_id( status, name, id );
    const bool exists = 0 < id and static_cast< std::size_t >( id ) <= nest::kernel().node_manager.size();
    const std::size_t thread = nest::kernel().vp_manager.get_thread_id();
    auto* const found = dynamic_cast< nest::volume_transmitter* >(
      exists ? nest::kernel().node_manager.get_node_or_proxy( id, thread ) : nullptr );
    if ( not found )
    {
      throw nest::BadProperty( String::compose(
        "volume_transmitter: %1 needs a node of the model volume_transmitter; node %2 is none.", model.get_name(), id ) );
    }
    return found;
  }

  nest::volume_transmitter* volume_transmitter_ = nullptr; //!< of the thread
  SpikeTrace plus_;
  SpikeTrace minus_;
  double dopamine_decay_ = 1.0;
};

template < class TargetIdentifier >
class dopamine_stdp_izhikevich_synapse : public PlasticSynapse< TargetIdentifier, DopamineStdpIzhikevich >
{
};
} // namespace izhisyn

#endif
