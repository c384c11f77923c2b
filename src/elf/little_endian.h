// SPDX-License-Identifier: Apache-2.0
// Reads little-endian integers from unaligned bytes. Both supported machines are little-endian, so a load is a copy.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace nodespan::elf {

static_assert(std::endian::native == std::endian::little, "only little-endian hosts are supported");

// The caller has checked that sizeof(T) bytes can be read at `bytes`.
template <typename T>
T Load(const uint8_t* bytes) {
  static_assert(std::is_integral_v<T>);
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

}  // namespace nodespan::elf
