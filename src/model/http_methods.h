// SPDX-License-Identifier: Apache-2.0
// The HTTP methods that spans name; any other is "_OTHER", so that clients cannot invent names of spans.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace nodespan::model {

// Case-sensitive tokens (RFC 9110, section 9.1) of at most kMaxHttpMethodBytes, each once, at most kMaxHttpMethods.
using HttpMethods = std::vector<std::string>;

inline constexpr size_t kMaxHttpMethods = 64;
inline constexpr size_t kMaxHttpMethodBytes = 16;  // of longer ones records have the beginning only

// Those of RFC 9110, PATCH (RFC 5789) and QUERY.
inline HttpMethods DefaultHttpMethods() {
  return {"GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "QUERY"};
}

}  // namespace nodespan::model
