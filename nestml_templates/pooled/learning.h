// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_LEARNING
#define IZHISYN_LEARNING

#include <cstdint>
#include <memory>
#include <vector>

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
//! Plastic synapses of one model that lead to one port of a block of neurons
class PlasticInputs
{
public:
  virtual ~PlasticInputs() = default;

  /**
   * Takes the spikes of the neurons whose time is the beginning of a step, then those that arrive in it.
   *
   * `fired` are the neurons of the block; `input` is what arrives at the port of each.
   */
  virtual void begin_step( long step, const std::vector< std::uint32_t >& fired, double* input ) = 0;
};

//! What a block of neurons does for the plastic synapses that lead to it
class Learning
{
public:
  bool
  is_needed() const
  {
    return not ports_.empty();
  }

  void
  add( const std::uint32_t row, std::shared_ptr< PlasticInputs > inputs )
  {
    ports_.push_back( { row, std::move( inputs ) } );
  }

  //! Takes note of a spike, whose time is the end of the step that is being computed
  void
  fire( const std::uint32_t lane )
  {
    fired_.push_back( lane );
  }

  void
  begin_step( const long step, Row* const slot )
  {
    for ( const auto& port : ports_ )
    {
      port.inputs->begin_step( step, fired_, slot[ port.row ].value );
    }
    fired_.clear();
  }

private:
  struct LearningPort
  {
    std::uint32_t row; //!< of the port in the ring
    std::shared_ptr< PlasticInputs > inputs;
  };

  std::vector< LearningPort > ports_;
  std::vector< std::uint32_t > fired_;
};
} // namespace izhisyn

#endif
