// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_STATIC_SYNAPSE_POOLED_HOM_W
#define IZHISYN_STATIC_SYNAPSE_POOLED_HOM_W

#include <cmath>

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
//! The weight of all connections of a model, and whether one of them leads to a port that takes none below 0
class CommonWeight : public nest::CommonSynapseProperties
{
public:
  CommonWeight() = default;

  CommonWeight( const CommonWeight& other ) // of another model, which has no connections yet
    : nest::CommonSynapseProperties( other )
    , weight_( other.weight_ )
  {
  }

  CommonWeight& operator=( const CommonWeight& ) = delete;

  void
  get_status( Dictionary& status ) const
  {
    nest::CommonSynapseProperties::get_status( status );
    status[ nest::names::weight ] = weight_;
  }

  void
  set_status( const Dictionary& status, nest::ConnectorModel& model )
  {
    double weight = weight_;
    status.update_value( nest::names::weight, weight );
    if ( not std::isfinite( weight ) )
    {
      throw nest::BadProperty( String::compose( "%1 needs a finite weight, not %2.", model.get_name(), weight ) );
    }
    if ( weight < 0.0 and must_be_positive_ )
    {
      throw nest::BadProperty( String::compose(
        "weight = %1 is negative, but %2 has a connection to a receptor, which takes weights from 0 up; CopyModel "
        "makes a model with another weight.",
        weight,
        model.get_name() ) );
    }
    nest::CommonSynapseProperties::set_status( status, model );
    weight_ = weight;
  }

  double
  get_weight() const
  {
    return weight_;
  }

  //! From now on the weight stays from 0 up
  void
  keep_positive() const
  {
    must_be_positive_ = true;
  }

private:
  double weight_ = 1.0;
  mutable bool must_be_positive_ = false; // Connect shows its synapses only constant properties
};

//! No numbers of their own, for PooledConnector
class OneWeight
{
public:
  static constexpr bool IS_PLASTIC = false;
  static constexpr long BYTES = 0;

  template < class Synapse >
  void
  push_back( const Synapse& )
  {
  }

  void
  swap( const std::size_t, const std::size_t )
  {
  }

  void
  disable( const std::size_t, const Ring::Address )
  {
  }

  void
  truncate( const std::size_t )
  {
  }

  double
  weight( const std::size_t, const CommonWeight& common ) const
  {
    return common.get_weight();
  }

  void
  get_status( const std::size_t, const Ring::Address, Dictionary& ) const
  {
  }

  template < class Synapse >
  void
  give( const std::size_t, const Ring::Address, Synapse& ) const
  {
  }

  template < class Synapse >
  void
  take( const std::size_t, const Ring::Address, const Synapse& )
  {
  }
};

//! Constant delay and one weight for all, as NEST's static_synapse_hom_w
template < class TargetIdentifier >
class static_synapse_pooled_hom_w : public PooledSynapse< TargetIdentifier, CommonWeight >
{
  using Base = PooledSynapse< TargetIdentifier, CommonWeight >;

public:
  using Numbers = OneWeight;

  void
  check_connection( nest::Node& source, nest::Node& target, const std::size_t receptor_type, const CommonWeight& common )
  {
    this->find_port( source, target, receptor_type );
    this->refuse_weight( common.get_weight() );
    if ( not this->takes_negative_weights() )
    {
      common.keep_positive();
    }
  }

  void
  get_status( Dictionary& status ) const
  {
    Base::get_status( status );
    status[ nest::names::size_of ] = PooledConnector< static_synapse_pooled_hom_w, false >::BYTES;
  }

  void
  check_synapse_params( const Dictionary& syn_spec ) const
  {
    if ( syn_spec.known( nest::names::weight ) )
    {
      throw nest::BadProperty( String::compose( "All connections of %1 have the same weight; set it with SetDefaults or CopyModel.", this->model_name() ) );
    }
  }

  void
  set_weight( const double )
  {
    throw nest::BadProperty( String::compose( "All connections of %1 have the same weight; set it with SetDefaults or CopyModel.", this->model_name() ) );
  }
};
} // namespace izhisyn

#endif
