// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace nodespan::otlp {

// `bytes` in the format of RFC 1952. kResourceExhausted: out of memory.
absl::StatusOr<std::string> Gzip(std::string_view bytes);

}  // namespace nodespan::otlp
