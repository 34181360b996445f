// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_PLASTIC_SYNAPSE
#define IZHISYN_PLASTIC_SYNAPSE

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
//! What NEST's Connect makes of a plastic connection, before PooledConnector stores it
template < class TargetIdentifier, class Rule >
class PlasticSynapse : public PooledSynapse< TargetIdentifier, Rule >
{
  using Base = PooledSynapse< TargetIdentifier, Rule >;

public:
  using Numbers = PlasticNumbers< Rule >;
  using OwnNumbers = typename PlasticSynapses< Rule >::Numbers;

  void
  check_connection( nest::Node& source, nest::Node& target, const std::size_t receptor_type, const Rule& rule )
  {
    SpikesOfOneTime dummy_target;
    this->find_port( dummy_target, source, target, receptor_type );
    rule.refuse_if_incomplete( this->model_name() );
    rule_ = &rule;
    refuse( numbers_ );
  }

  const Rule&
  rule() const
  {
    return *rule_;
  }

  const OwnNumbers&
  numbers() const
  {
    return numbers_;
  }

  //! Becomes a synapse that has been stored
  void
  restore_numbers( const OwnNumbers& numbers, const Rule& rule )
  {
    numbers_ = numbers;
    rule_ = &rule;
  }

  void
  set_weight( const double weight )
  {
    numbers_.weight = weight;
  }

  void
  get_status( Dictionary& status ) const
  {
    Base::get_status( status );
    status[ nest::names::weight ] = numbers_.weight;
    status[ "derivative" ] = numbers_.derivative;
    status[ nest::names::size_of ] = PooledConnector< PlasticSynapse, false >::BYTES;
  }

  void
  set_status( const Dictionary& status, nest::ConnectorModel& model )
  {
    OwnNumbers numbers = numbers_;
    status.update_value( nest::names::weight, numbers.weight );
    status.update_value( "derivative", numbers.derivative );
    refuse( numbers );
    Base::set_status( status, model );
    numbers_ = numbers;
  }

private:
  //! Stands for the target, which takes spikes of neurons, not of generators that draw them for each target
  class SpikesOfOneTime : public nest::ConnTestDummyNodeBase
  {
  public:
    using nest::ConnTestDummyNodeBase::handles_test_event;

    std::size_t
    handles_test_event( nest::SpikeEvent&, std::size_t ) override
    {
      return nest::invalid_port;
    }

    std::size_t
    handles_test_event( nest::DSSpikeEvent&, std::size_t ) override
    {
      throw nest::IllegalConnection( "A plastic synapse leads from a neuron; put a parrot_neuron between the generator and "
                                     "the synapse." );
    }
  };

  void
  refuse( const OwnNumbers& numbers ) const
  {
    this->refuse_weight( numbers.weight );
    if ( not std::isfinite( numbers.derivative ) )
    {
      throw nest::BadProperty(
        String::compose( "%1 needs a finite derivative, not %2.", this->model_name(), numbers.derivative ) );
    }
    if ( rule_ and rule_->bounded( numbers.weight ) != numbers.weight )
    {
      throw nest::BadProperty( String::compose( "weight = %1 is not within the bounds of %2, %3 to %4; set Wmin and Wmax of "
                                                "the model with SetDefaults or CopyModel.",
        numbers.weight,
        this->model_name(),
        rule_->bounded( -std::numeric_limits< double >::infinity() ),
        rule_->bounded( std::numeric_limits< double >::infinity() ) ) );
    }
  }

  OwnNumbers numbers_ { 1.0, 0.0 };
  const Rule* rule_ = nullptr; //!< from Connect on
};
} // namespace izhisyn

#endif
