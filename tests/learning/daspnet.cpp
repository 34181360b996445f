// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The network of Izhikevich (2007), "Solving the distal reward problem through linkage of STDP and dopamine signaling",
 * Cerebral Cortex 17:2443-2452, written from its description: 800 excitatory and 200 inhibitory cells, 100 synapses each,
 * all delays 1 ms, steps of 1 ms. One synapse is rewarded with dopamine, 1 to 3 s after its cells fired in the right
 * order within 20 ms. An independent program, to compare with.
 *
 *     daspnet SEED SECONDS [WEIGHTS_FILE [NETWORK_FILE]]
 *
 * prints a line "ms id" for each spike. WEIGHTS_FILE gets weight and eligibility trace of each excitatory synapse after
 * the last second as doubles, in the order of cell and synapse; NETWORK_FILE gets, as text, the synapses as they were
 * drawn, and the delay of each reward. The noise is that of uniform_noise_generator with SEED for the node ids 1 to
 * 1000. Compile with -ffp-contract=off.
 */
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <set>
#include <vector>

namespace
{
constexpr int N_EXCITATORY = 800;
constexpr int N_CELLS = 1000;
constexpr int N_TARGETS = 100;
constexpr double MAX_WEIGHT = 4.0;
constexpr int LONGEST_INTERVAL = 20; // of a rewarded pair of spikes [ms]

double
draw()
{
  return 0.9999999 * std::rand() / RAND_MAX;
}

//! SplitMix64 with its state as an argument
std::uint64_t
next( const std::uint64_t state )
{
  std::uint64_t z = state + 0x9e3779b97f4a7c15;
  z = ( z ^ z >> 30 ) * 0xbf58476d1ce4e5b9;
  z = ( z ^ z >> 27 ) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

//! Input of a cell in a millisecond
double
noise( const int seed, const int cell, const int ms )
{
  const std::uint64_t start = next( next( seed ) + cell + 1 );
  const std::uint64_t bits = next( start + ms * 0x9e3779b97f4a7c15 );
  return -6.5 + 13.0 * std::ldexp( bits >> 11, -53 );
}

struct Synapse
{
  int source;
  int target;
  double weight;
  double eligibility;
};

class Network
{
public:
  Network()
  {
    for ( int source = 0; source < N_CELLS; ++source )
    {
      for ( int number = 0; number < N_TARGETS; ++number )
      {
        const bool excitatory = source < N_EXCITATORY;
        const int target = int( ( excitatory ? N_CELLS : N_EXCITATORY ) * draw() );
        synapses_.push_back( { source, target, excitatory ? 1.0 : -1.0, 0.0 } );
      }
    }
    for ( auto& synapse : synapses_ )
    {
      if ( synapse.source < N_EXCITATORY )
      {
        inputs_[ synapse.target ].push_back( &synapse );
      }
    }
    synapses_[ 0 ].weight = 0.0; // the chosen one
    v_.fill( -65.0 );
    u_.fill( 0.2 * -65.0 );
  }

  //! One millisecond; prints its spikes
  void
  step( const int ms, const int seed )
  {
    std::vector< int > fired;
    for ( int cell = 0; cell < N_CELLS; ++cell )
    {
      input_[ cell ] = noise( seed, cell, ms );
      if ( v_[ cell ] >= 30.0 )
      {
        fired.push_back( cell );
        std::printf( "%d %d\n", ms, cell );
      }
    }
    for ( const int cell : fired )
    {
      fire( cell );
    }
    for ( auto source = fired.rbegin(); source != fired.rend(); ++source )
    {
      arrive( *source );
    }
    for ( int cell = 0; cell < N_CELLS; ++cell )
    {
      integrate( cell );
      earlier_traces_[ cell ] = traces_[ cell ];
      traces_[ cell ] *= 0.95;
    }
    dopamine_ *= 0.995;
    if ( ( ms + 1 ) % 10 == 0 )
    {
      learn();
    }
    reward( ms, fired );
  }

  void
  write_weights( std::FILE* const file ) const
  {
    for ( const Synapse& synapse : synapses_ )
    {
      if ( synapse.source < N_EXCITATORY )
      {
        std::fwrite( &synapse.weight, sizeof synapse.weight, 1, file );
        std::fwrite( &synapse.eligibility, sizeof synapse.eligibility, 1, file );
      }
    }
  }

  void
  write_network( std::FILE* const file ) const
  {
    for ( const Synapse& synapse : synapses_ )
    {
      std::fprintf( file, "synapse %d %d\n", synapse.source, synapse.target );
    }
    for ( const int delay : reward_delays_ )
    {
      std::fprintf( file, "reward %d\n", delay );
    }
  }

private:
  void
  fire( const int cell )
  {
    v_[ cell ] = -65.0;
    u_[ cell ] += cell < N_EXCITATORY ? 8.0 : 2.0;
    traces_[ cell ] = 0.1;
    for ( Synapse* const synapse : inputs_[ cell ] )
    {
      synapse->eligibility += earlier_traces_[ synapse->source ];
    }
  }

  //! The spike of a source acts through all its synapses
  void
  arrive( const int source )
  {
    for ( int number = 0; number < N_TARGETS; ++number )
    {
      Synapse& synapse = synapses_[ source * N_TARGETS + number ];
      input_[ synapse.target ] += synapse.weight;
      if ( source < N_EXCITATORY )
      {
        synapse.eligibility -= 1.5 * traces_[ synapse.target ];
      }
    }
  }

  void
  integrate( const int cell )
  {
    double& v = v_[ cell ];
    double& u = u_[ cell ];
    v += 0.5 * ( ( 0.04 * v + 5.0 ) * v + 140.0 - u + input_[ cell ] );
    v += 0.5 * ( ( 0.04 * v + 5.0 ) * v + 140.0 - u + input_[ cell ] );
    u += ( cell < N_EXCITATORY ? 0.02 : 0.1 ) * ( 0.2 * v - u );
  }

  void
  learn()
  {
    for ( Synapse& synapse : synapses_ )
    {
      if ( synapse.source < N_EXCITATORY )
      {
        synapse.weight += ( 0.002 + dopamine_ ) * synapse.eligibility;
        synapse.weight = synapse.weight > MAX_WEIGHT ? MAX_WEIGHT : synapse.weight < 0.0 ? 0.0 : synapse.weight;
        synapse.eligibility *= 0.99;
      }
    }
  }

  //! Orders a reward if the cells of the chosen synapse fired in order; hands out one that is due
  void
  reward( const int ms, const std::vector< int >& fired )
  {
    const Synapse& chosen = synapses_.front();
    for ( const int cell : fired )
    {
      last_source_spike_ = cell == chosen.source ? ms : last_source_spike_;
    }
    for ( const int cell : fired )
    {
      const double interval = ms - last_source_spike_;
      if ( cell == chosen.target and interval > 0 and interval < LONGEST_INTERVAL )
      {
        reward_delays_.push_back( 1000 + int( std::ceil( 2000 * draw() ) ) );
        due_.insert( ms + reward_delays_.back() );
      }
    }
    if ( due_.contains( ms ) )
    {
      dopamine_ += 0.5;
    }
  }

  std::vector< Synapse > synapses_;
  std::array< std::vector< Synapse* >, N_CELLS > inputs_; //!< excitatory
  std::array< double, N_CELLS > v_;
  std::array< double, N_CELLS > u_;
  std::array< double, N_CELLS > input_;
  std::array< double, N_CELLS > traces_ {};
  std::array< double, N_CELLS > earlier_traces_ {}; //!< those of the millisecond before
  double dopamine_ = 0.0;
  double last_source_spike_ = -std::numeric_limits< double >::infinity(); // [ms]
  std::vector< int > reward_delays_;                                      // [ms]
  std::set< int > due_;                                                   // [ms]
};

std::FILE*
open_or_exit( const char* const path )
{
  std::FILE* const file = std::fopen( path, "wb" );
  if ( not file )
  {
    std::perror( path );
    std::exit( 1 );
  }
  return file;
}
} // namespace

int
main( const int count, char** const arguments )
{
  if ( count < 3 )
  {
    std::fprintf( stderr, "usage: daspnet SEED SECONDS [WEIGHTS_FILE [NETWORK_FILE]]\n" );
    return 2;
  }
  const int seed = std::atoi( arguments[ 1 ] );
  std::srand( unsigned( seed ) );
  static Network network;
  for ( int ms = 0; ms < 1000 * std::atoi( arguments[ 2 ] ); ++ms )
  {
    network.step( ms, seed );
  }
  if ( count > 3 )
  {
    std::FILE* const weights = open_or_exit( arguments[ 3 ] );
    network.write_weights( weights );
    std::fclose( weights );
  }
  if ( count > 4 )
  {
    std::FILE* const description = open_or_exit( arguments[ 4 ] );
    network.write_network( description );
    std::fclose( description );
  }
}
