// SPDX-License-Identifier: GPL-2.0-or-later
// The machine's limit: forward Euler for the state of izhikevich_psc_multisyn_neuron in plain arrays, with no
// simulator around it. Euler is as integrator 1: synapses by their propagators, reset on the grid.
//
//   vector_loop STEP_MS N_STEPS N_NEURONS I_E < CELLS
//
// CELLS has lines "a b c d", taken in turn by the neurons. Prints the processor time per neuron and step [s], then for
// each spike of the first neuron of every cell its number and grid time [ms].

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace
{

using Column = std::vector< double >;

struct Receptor
{
  double tau_rise; // [ms]
  double tau_decay; // [ms]
  Column current; // [pA]
  Column drive; // [pA/ms]

  void
  step( const double h )
  {
    const double rise = std::exp( -h / tau_rise );
    const double decay = std::exp( -h / tau_decay );
    const double feed = ( decay - rise ) / ( 1 / tau_rise - 1 / tau_decay );
    for ( std::size_t i = 0; i < current.size(); ++i )
    {
      current[ i ] = decay * current[ i ] + feed * drive[ i ];
      drive[ i ] *= rise;
    }
  }
};

// Only parameters tell the compiler that arrays do not overlap, and only while the function stays one; else it does
// not vectorise the loop.
[[gnu::noinline]] void
advance( const double h,
  const long n,
  const double I_e,
  const double* __restrict I_AMPA,
  const double* __restrict I_NMDA,
  const double* __restrict I_GABA_A,
  const double* __restrict a,
  const double* __restrict b,
  const double* __restrict c,
  const double* __restrict d,
  double* __restrict v,
  double* __restrict u,
  long* __restrict fired )
{
  for ( long i = 0; i < n; ++i )
  {
    const double gate = 1 / ( 1 + std::exp( -v[ i ] / 16.13 ) / 3.57 );
    const double I = I_e + I_AMPA[ i ] + gate * I_NMDA[ i ] - I_GABA_A[ i ];
    const double v_new = v[ i ] + h * ( ( 0.04 * v[ i ] + 5 ) * v[ i ] + 140 - u[ i ] + I );
    const double u_new = u[ i ] + h * a[ i ] * ( b[ i ] * v[ i ] - u[ i ] );
    const bool spike = v_new >= 30;
    v[ i ] = spike ? c[ i ] : v_new;
    u[ i ] = spike ? u_new + d[ i ] : u_new;
    fired[ i ] = spike;
  }
}

struct Population
{
  double I_e;
  Column a, b, c, d, v, u;
  std::array< Receptor, 3 > receptors { { { 0.5, 2.4, {}, {} }, { 8.0, 200.0, {}, {} }, { 1.0, 7.0, {}, {} } } };
  std::vector< long > fired;

  Population( const std::size_t n, const double current, const std::vector< std::array< double, 4 > >& cells )
    : I_e( current )
    , fired( n )
  {
    for ( std::size_t i = 0; i < n; ++i )
    {
      const auto& cell = cells[ i % cells.size() ];
      a.push_back( cell[ 0 ] );
      b.push_back( cell[ 1 ] );
      c.push_back( cell[ 2 ] );
      d.push_back( cell[ 3 ] );
      v.push_back( -70.0 );
      u.push_back( cell[ 1 ] * -70.0 );
    }
    for ( Receptor& receptor : receptors )
    {
      receptor.current.assign( n, 0.0 );
      receptor.drive.assign( n, 0.0 );
    }
  }

  void
  step( const double h )
  {
    advance( h, v.size(), I_e, receptors[ 0 ].current.data(), receptors[ 1 ].current.data(), receptors[ 2 ].current.data(),
      a.data(), b.data(), c.data(), d.data(), v.data(), u.data(), fired.data() );
    for ( Receptor& receptor : receptors )
    {
      receptor.step( h );
    }
  }
};

}

int
main( int argc, char** argv )
{
  if ( argc != 5 )
  {
    std::fprintf( stderr, "usage: vector_loop STEP_MS N_STEPS N_NEURONS I_E < CELLS\n" );
    return 2;
  }
  const double h = std::atof( argv[ 1 ] );
  const long n_steps = std::atol( argv[ 2 ] );
  const std::size_t n = std::strtoul( argv[ 3 ], nullptr, 10 );
  const double I_e = std::atof( argv[ 4 ] );
  std::vector< std::array< double, 4 > > cells;
  for ( std::array< double, 4 > p; std::scanf( "%lf %lf %lf %lf", &p[ 0 ], &p[ 1 ], &p[ 2 ], &p[ 3 ] ) == 4; )
  {
    cells.push_back( p );
  }

  Population timed( n, I_e, cells );
  const std::clock_t started = std::clock();
  for ( long k = 0; k < n_steps; ++k )
  {
    timed.step( h );
  }
  std::printf( "%.6g\n", double( std::clock() - started ) / CLOCKS_PER_SEC / ( double( n_steps ) * n ) );

  Population watched( cells.size(), I_e, cells );
  for ( long k = 0; k < n_steps; ++k )
  {
    watched.step( h );
    for ( std::size_t i = 0; i < cells.size(); ++i )
    {
      if ( watched.fired[ i ] )
      {
        std::printf( "%zu %.6f\n", i, ( k + 1 ) * h );
      }
    }
  }
  return 0;
}
