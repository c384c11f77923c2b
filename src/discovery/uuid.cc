// SPDX-License-Identifier: Apache-2.0
#include "discovery/uuid.h"

#include <openssl/sha.h>

#include <algorithm>

#include "fmt/format.h"

namespace nodespan::discovery {

std::optional<std::string> UuidFromName(const Uuid& name_space, std::string_view name) {
  std::string text(name_space.begin(), name_space.end());
  text += name;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  if (::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data()) == nullptr) {
    return std::nullopt;
  }
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0f) | 0x50);  // version 5
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3f) | 0x80);  // variant of the RFC
  std::string uuid;
  for (size_t i = 0; i < Uuid{}.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      uuid += '-';
    }
    uuid += fmt::format("{:02x}", digest[i]);
  }
  return uuid;
}

}  // namespace nodespan::discovery
