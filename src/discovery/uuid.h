// SPDX-License-Identifier: Apache-2.0
// UUIDs made from names (RFC 9562 section 5.5, version 5).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nodespan::discovery {

using Uuid = std::array<uint8_t, 16>;

// The same name in the same name space always gives the same text, "xxxxxxxx-xxxx-5xxx-xxxx-xxxxxxxxxxxx". Absent when
// the crypto library of this machine refuses SHA-1.
std::optional<std::string> UuidFromName(const Uuid& name_space, std::string_view name);

}  // namespace nodespan::discovery
