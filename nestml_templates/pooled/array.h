// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IZHISYN_ARRAY
#define IZHISYN_ARRAY

#include <algorithm>
#include <cstdlib>
#include <new>
#include <type_traits>

#if __has_include( <sys/mman.h> )
#include <sys/mman.h>
#endif

namespace izhisyn __attribute__( ( visibility( "hidden" ) ) ) // each module has its own
{
/**
 * Growing array that never is in memory twice.
 *
 * A large one grows by an eighth of addresses, which take memory only when they are used, and the system moves
 * its pages instead of copying it. With billions of connections, twice the memory for a moment is too much.
 */
template < class T >
class Array
{
  static_assert( std::is_trivially_copyable_v< T > );

public:
  Array() = default;
  Array( const Array& ) = delete;
  Array& operator=( const Array& ) = delete;

  ~Array()
  {
#ifdef MREMAP_MAYMOVE
    if ( is_mapped( capacity_ ) )
    {
      munmap( data_, capacity_ * sizeof( T ) );
      return;
    }
#endif
    std::free( data_ );
  }

  std::size_t
  size() const
  {
    return size_;
  }

  T*
  data()
  {
    return data_;
  }

  const T*
  data() const
  {
    return data_;
  }

  T&
  operator[]( const std::size_t i )
  {
    return data_[ i ];
  }

  const T&
  operator[]( const std::size_t i ) const
  {
    return data_[ i ];
  }

  //! Makes room for one more, so that the next push_back cannot fail
  void
  reserve_one()
  {
    if ( size_ == capacity_ )
    {
      grow( capacity_ < 64 ? std::max( 2 * capacity_, std::size_t( 4 ) ) : capacity_ + capacity_ / 8 );
    }
  }

  void
  push_back( const T& value )
  {
    reserve_one();
    new ( data_ + size_++ ) T( value );
  }

  //! Drops all from an index on
  void
  truncate( const std::size_t size )
  {
    size_ = size;
  }

private:
  static constexpr std::size_t MAPPED = std::size_t( 1 ) << 20; //!< bytes from which the system's pages are used

  static bool
  is_mapped( [[maybe_unused]] const std::size_t capacity )
  {
#ifdef MREMAP_MAYMOVE
    return capacity * sizeof( T ) >= MAPPED;
#else
    return false;
#endif
  }

  void
  grow( const std::size_t capacity )
  {
    void* const memory =
      is_mapped( capacity ) ? map( capacity ) : std::realloc( static_cast< void* >( data_ ), capacity * sizeof( T ) );
    if ( not memory )
    {
      throw std::bad_alloc();
    }
    data_ = static_cast< T* >( memory );
    capacity_ = capacity;
  }

  //! Pages of the system with what has been stored so far; null if there are none
  void*
  map( [[maybe_unused]] const std::size_t capacity )
  {
#ifdef MREMAP_MAYMOVE
    void* memory;
    if ( is_mapped( capacity_ ) )
    {
      memory = mremap( data_, capacity_ * sizeof( T ), capacity * sizeof( T ), MREMAP_MAYMOVE );
    }
    else
    {
      memory = mmap( nullptr, capacity * sizeof( T ), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 );
      if ( memory != MAP_FAILED )
      {
        std::copy_n( data_, size_, static_cast< T* >( memory ) );
        std::free( data_ );
      }
    }
    return memory == MAP_FAILED ? nullptr : memory;
#else
    return nullptr;
#endif
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};
} // namespace izhisyn

#endif
