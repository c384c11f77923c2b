// SPDX-License-Identifier: Apache-2.0
// Requests that are not traced, nor what they cause: health checks as a rule. And spans that are not exported.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nodespan::model {

// A request is excluded when one pattern matches. A pattern is the whole text, or its beginning when it ends with "*";
// of requests 1 to kMaxPatternBytes bytes.
struct Exclusions {
  // Of HTTP requests: their path, without the query. Of gRPC calls: "/package.Service/Method". At most
  // kMaxPathPatterns.
  std::vector<std::string> paths;
  std::vector<std::string> user_agents;  // at most kMaxUserAgentPatterns

  bool empty() const { return paths.empty() && user_agents.empty(); }
  bool operator==(const Exclusions&) const = default;
};

inline constexpr size_t kMaxPathPatterns = 8;
inline constexpr size_t kMaxUserAgentPatterns = 8;
inline constexpr size_t kMaxPatternBytes = 39;

// Of the names of spans.
inline constexpr size_t kMaxNamePatterns = 32;
inline constexpr size_t kMaxNamePatternBytes = 255;

// Whether one of the patterns matches.
inline bool MatchesAny(const std::vector<std::string>& patterns, std::string_view text) {
  for (const std::string_view pattern : patterns) {
    if (pattern.ends_with('*') ? text.starts_with(pattern.substr(0, pattern.size() - 1)) : text == pattern) {
      return true;
    }
  }
  return false;
}

}  // namespace nodespan::model
