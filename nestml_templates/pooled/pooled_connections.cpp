// SPDX-License-Identifier: GPL-2.0-or-later
// What connects the pooled neurons of izhisyn's own module: synapses and the Poisson generator.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "connector_model_impl.h"
#include "genericmodel_impl.h"
#include "dict_util.h"
#include "kernel_manager.h"
#include "model_manager_impl.h"
#include "nest_impl.h"

#include "../common/receptor_weights.h"
#include "../common/status.h"
#include "ring.h"
#include "learning.h"

#include "random_stream.h"
#include "spike_device.h"
#include "poisson_numbers.h"
#include "poisson_spikes.h"
#include "poisson_generator_pooled.h"
#include "uniform_noise.h"
#include "uniform_noise_generator.h"
#include "array.h"
#include "pooled_synapse.h"
#include "sort_by_source.h"
#include "pooled_connector.h"
#include "static_synapse_pooled.h"
#include "static_synapse_pooled_hom_w.h"
#include "spike_trace.h"
#include "plastic_rule.h"
#include "plastic_synapses.h"
#include "plastic_synapse.h"
#include "stdp_izhikevich_synapse.h"
#include "dopamine.h"
#include "dopamine_stdp_izhikevich_synapse.h"

void
register_pooled_connections( const std::string& )
{
  auto& models = nest::kernel().model_manager;
  models.register_connection_model< izhisyn::static_synapse_pooled >( "static_synapse_pooled" );
  models.register_connection_model< izhisyn::static_synapse_pooled_hom_w >( "static_synapse_pooled_hom_w" );
  models.register_connection_model< izhisyn::stdp_izhikevich_synapse >( "stdp_izhikevich_synapse" );
  models.register_connection_model< izhisyn::dopamine_stdp_izhikevich_synapse >( "dopamine_stdp_izhikevich_synapse" );
  models.register_node_model< izhisyn::poisson_generator_pooled >( "poisson_generator_pooled", "" );
  models.register_node_model< izhisyn::uniform_noise_generator >( "uniform_noise_generator", "" );
}
