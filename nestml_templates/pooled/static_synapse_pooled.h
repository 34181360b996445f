// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_STATIC_SYNAPSE_POOLED
#define IZHISYN_STATIC_SYNAPSE_POOLED

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
//! Weights of their own, for PooledConnector
class OwnWeights
{
public:
  static constexpr bool IS_PLASTIC = false;
  static constexpr long BYTES = sizeof( double );

  template < class Synapse >
  void
  push_back( const Synapse& synapse )
  {
    weights_.push_back( synapse.weight() );
  }

  void
  swap( const std::size_t i, const std::size_t j )
  {
    std::swap( weights_[ i ], weights_[ j ] );
  }

  void
  disable( const std::size_t, const Ring::Address )
  {
  }

  void
  truncate( const std::size_t size )
  {
    weights_.truncate( size );
  }

  double
  weight( const std::size_t lcid, const nest::CommonSynapseProperties& ) const
  {
    return weights_[ lcid ];
  }

  void
  get_status( const std::size_t lcid, const Ring::Address, Dictionary& status ) const
  {
    status[ nest::names::weight ] = weights_[ lcid ];
  }

  template < class Synapse >
  void
  give( const std::size_t lcid, const Ring::Address, Synapse& synapse ) const
  {
    synapse.set_weight( weights_[ lcid ] );
  }

  template < class Synapse >
  void
  take( const std::size_t lcid, const Ring::Address, const Synapse& synapse )
  {
    weights_[ lcid ] = synapse.weight();
  }

private:
  Array< double > weights_;
};

//! Constant weight and delay, as NEST's static_synapse
template < class TargetIdentifier >
class static_synapse_pooled : public PooledSynapse< TargetIdentifier, nest::CommonSynapseProperties >
{
  using Base = PooledSynapse< TargetIdentifier, nest::CommonSynapseProperties >;

public:
  using Numbers = OwnWeights;

  void
  check_connection( nest::Node& source, nest::Node& target, const std::size_t receptor_type, const nest::CommonSynapseProperties& )
  {
    this->find_port( source, target, receptor_type );
    this->refuse_weight( weight_ );
  }

  void
  get_status( Dictionary& status ) const
  {
    Base::get_status( status );
    status[ nest::names::weight ] = weight_;
    status[ nest::names::size_of ] = PooledConnector< static_synapse_pooled, false >::BYTES;
  }

  void
  set_status( const Dictionary& status, nest::ConnectorModel& model )
  {
    double weight = weight_;
    status.update_value( nest::names::weight, weight );
    this->refuse_weight( weight );
    Base::set_status( status, model );
    weight_ = weight;
  }

  double
  weight() const
  {
    return weight_;
  }

  void
  set_weight( const double weight )
  {
    weight_ = weight;
  }

private:
  double weight_ = 1.0;
};
} // namespace izhisyn

#endif
