// SPDX-License-Identifier: Apache-2.0
// The headers of requests that spans are to show, because the user asked for them by name.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace nodespan::model {

// Lower-case tokens of 1 to kMaxCapturedNameBytes bytes, each once, at most kMaxCapturedNames of each kind. Their place
// in the list is what records call them by.
struct CapturedNames {
  std::vector<std::string> http_request_headers;
  std::vector<std::string> grpc_request_metadata;

  bool empty() const { return http_request_headers.empty() && grpc_request_metadata.empty(); }
  bool operator==(const CapturedNames&) const = default;
};

inline constexpr size_t kMaxCapturedNames = 8;
inline constexpr size_t kMaxCapturedNameBytes = 40;

}  // namespace nodespan::model
