// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The network of Izhikevich (2006), "Polychronization: computation with spikes", Neural Computation 18:245-282,
 * written from its description: 800 excitatory and 200 inhibitory cells, 100 synapses each, delays of 1 to 20 ms,
 * steps of 1 ms, spike-timing-dependent plasticity of the excitatory synapses. An independent program, to compare with.
 *
 *     spnet SEED SECONDS [WEIGHTS_FILE [NETWORK_FILE]]
 *
 * prints a line "ms id" for each spike. WEIGHTS_FILE gets the excitatory weights after the last second as doubles, in
 * the order of cell and synapse; NETWORK_FILE gets the drawn network and stimulus as text.
 * Compile with -ffp-contract=off: a fused multiply-add changes a spike after 40 s.
 */
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

namespace
{
constexpr int N_EXCITATORY = 800;
constexpr int N_CELLS = 1000;
constexpr int N_TARGETS = 100;
constexpr int MAX_DELAY = 20; // [ms]
constexpr double MAX_WEIGHT = 10.0;

double
draw()
{
  return 0.9999999 * std::rand() / RAND_MAX;
}

struct Synapse
{
  int source;
  int target;
  int delay; // [ms]
  double weight;
  double derivative;
};

class Network
{
public:
  Network()
  {
    for ( int source = 0; source < N_CELLS; ++source )
    {
      connect( source );
    }
    for ( auto& synapse : synapses_ )
    {
      if ( synapse.source < N_EXCITATORY )
      {
        inputs_[ synapse.target ].push_back( &synapse );
      }
    }
    for ( double& v : v_ )
    {
      v = -65.0 + 10.0 * draw();
    }
    for ( int cell = 0; cell < N_CELLS; ++cell )
    {
      u_[ cell ] = 0.2 * v_[ cell ];
    }
  }

  //! One millisecond; prints its spikes
  void
  step( const int ms, const int stimulated )
  {
    std::array< double, N_CELLS > input {};
    input[ stimulated ] = 20.0;
    auto& fired = fired_[ ms % MAX_DELAY ];
    fired.clear();
    for ( int cell = 0; cell < N_CELLS; ++cell )
    {
      if ( v_[ cell ] >= 30.0 )
      {
        fire( cell, ms );
        fired.push_back( cell );
        std::printf( "%d %d\n", ms, cell );
      }
    }
    for ( int age = 0; age < MAX_DELAY and age <= ms; ++age )
    {
      const auto& sources = fired_[ ( ms - age ) % MAX_DELAY ];
      for ( auto source = sources.rbegin(); source != sources.rend(); ++source )
      {
        arrive( *source, age + 1, input );
      }
    }
    for ( int cell = 0; cell < N_CELLS; ++cell )
    {
      integrate( cell, input[ cell ] );
      const double now = pre_trace( cell, ms );
      pre_trace( cell, ms + 1 ) = 0.95 * now;
      post_trace_[ cell ] *= 0.95;
    }
  }

  //! What happens to the weights after each second
  void
  learn()
  {
    for ( Synapse& synapse : synapses_ )
    {
      if ( synapse.source < N_EXCITATORY )
      {
        synapse.derivative *= 0.9;
        synapse.weight += 0.01 + synapse.derivative;
        synapse.weight = synapse.weight > MAX_WEIGHT ? MAX_WEIGHT : synapse.weight < 0.0 ? 0.0 : synapse.weight;
      }
    }
  }

  void
  write_weights( std::FILE* const file ) const
  {
    for ( const Synapse& synapse : synapses_ )
    {
      if ( synapse.source < N_EXCITATORY )
      {
        std::fwrite( &synapse.weight, sizeof synapse.weight, 1, file );
      }
    }
  }

  void
  write_network( std::FILE* const file ) const
  {
    for ( const Synapse& synapse : synapses_ )
    {
      std::fprintf( file, "synapse %d %d %d\n", synapse.source, synapse.target, synapse.delay );
    }
    for ( int cell = 0; cell < N_CELLS; ++cell )
    {
      std::fprintf( file, "cell %d %.17g %.17g\n", cell, v_[ cell ], u_[ cell ] );
    }
  }

private:
  void
  connect( const int source )
  {
    const bool excitatory = source < N_EXCITATORY;
    std::array< bool, N_CELLS > taken {};
    taken[ source ] = true; // an inhibitory cell cannot draw itself anyway
    for ( int number = 0; number < N_TARGETS; ++number )
    {
      int target;
      do
      {
        target = int( ( excitatory ? N_CELLS : N_EXCITATORY ) * draw() );
      } while ( taken[ target ] );
      taken[ target ] = true;
      const int delay = excitatory ? 1 + number * MAX_DELAY / N_TARGETS : 1;
      synapses_[ source * N_TARGETS + number ] = { source, target, delay, excitatory ? 6.0 : -5.0, 0.0 };
    }
  }

  void
  fire( const int cell, const int ms )
  {
    v_[ cell ] = -65.0;
    u_[ cell ] += cell < N_EXCITATORY ? 8.0 : 2.0;
    pre_trace( cell, ms ) = 0.1;
    post_trace_[ cell ] = 0.12;
    for ( Synapse* const synapse : inputs_[ cell ] )
    {
      if ( synapse->delay <= ms )
      {
        synapse->derivative += pre_trace( synapse->source, ms - synapse->delay );
      }
    }
  }

  //! The spike of a source acts through its synapses of one delay
  void
  arrive( const int source, const int delay, std::array< double, N_CELLS >& input )
  {
    for ( int number = 0; number < N_TARGETS; ++number )
    {
      Synapse& synapse = synapses_[ source * N_TARGETS + number ];
      if ( synapse.delay == delay )
      {
        input[ synapse.target ] += synapse.weight;
        if ( source < N_EXCITATORY )
        {
          synapse.derivative -= post_trace_[ synapse.target ];
        }
      }
    }
  }

  void
  integrate( const int cell, const double input )
  {
    double& v = v_[ cell ];
    double& u = u_[ cell ];
    v += 0.5 * ( ( 0.04 * v + 5.0 ) * v + 140.0 - u + input );
    v += 0.5 * ( ( 0.04 * v + 5.0 ) * v + 140.0 - u + input );
    u += ( cell < N_EXCITATORY ? 0.02 : 0.1 ) * ( 0.2 * v - u );
  }

  //! In the ring of the last MAX_DELAY + 1 ms
  double&
  pre_trace( const int cell, const int ms )
  {
    return pre_traces_[ ms % ( MAX_DELAY + 1 ) ][ cell ];
  }

  std::array< Synapse, N_CELLS * N_TARGETS > synapses_;
  std::array< std::vector< Synapse* >, N_CELLS > inputs_; //!< excitatory
  std::array< double, N_CELLS > v_;
  std::array< double, N_CELLS > u_;
  std::array< std::array< double, N_CELLS >, MAX_DELAY + 1 > pre_traces_ {};
  std::array< double, N_CELLS > post_trace_ {};
  std::array< std::vector< int >, MAX_DELAY > fired_;
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
    std::fprintf( stderr, "usage: spnet SEED SECONDS [WEIGHTS_FILE [NETWORK_FILE]]\n" );
    return 2;
  }
  std::srand( unsigned( std::atoi( arguments[ 1 ] ) ) );
  const int seconds = std::atoi( arguments[ 2 ] );
  static Network network;
  std::FILE* const description = count > 4 ? open_or_exit( arguments[ 4 ] ) : nullptr;
  if ( description )
  {
    network.write_network( description );
  }
  for ( int second = 0; second < seconds; ++second )
  {
    for ( int ms = 1000 * second; ms < 1000 * ( second + 1 ); ++ms )
    {
      const int stimulated = int( N_CELLS * draw() );
      if ( description )
      {
        std::fprintf( description, "stimulus %d %d\n", ms, stimulated );
      }
      network.step( ms, stimulated );
    }
    network.learn();
  }
  if ( count > 3 )
  {
    std::FILE* const weights = open_or_exit( arguments[ 3 ] );
    network.write_weights( weights );
    std::fclose( weights );
  }
  if ( description )
  {
    std::fclose( description );
  }
}
