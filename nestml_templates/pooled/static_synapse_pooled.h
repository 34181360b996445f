// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_STATIC_SYNAPSE_POOLED
#define IZHISYN_STATIC_SYNAPSE_POOLED

#include "connection_label.h"

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
//! Constant weight and delay, as NEST's static_synapse
template < class TargetIdentifier >
class static_synapse_pooled : public PooledSynapse< TargetIdentifier, nest::CommonSynapseProperties >
{
  using Base = PooledSynapse< TargetIdentifier, nest::CommonSynapseProperties >;

public:
  static constexpr bool HAS_OWN_WEIGHT = true;

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

namespace nest
{
template < class TargetIdentifier >
class Connector< izhisyn::static_synapse_pooled< TargetIdentifier > >
  : public izhisyn::PooledConnector< izhisyn::static_synapse_pooled< TargetIdentifier >, false >
{
public:
  using izhisyn::PooledConnector< izhisyn::static_synapse_pooled< TargetIdentifier >, false >::PooledConnector;
};

template < class TargetIdentifier >
class Connector< ConnectionLabel< izhisyn::static_synapse_pooled< TargetIdentifier > > >
  : public izhisyn::PooledConnector< ConnectionLabel< izhisyn::static_synapse_pooled< TargetIdentifier > >, true >
{
public:
  using izhisyn::PooledConnector< ConnectionLabel< izhisyn::static_synapse_pooled< TargetIdentifier > >, true >::PooledConnector;
};
} // namespace nest

#endif
