// SPDX-License-Identifier: Apache-2.0
#include "spans/request_target.h"

#include <cstddef>

namespace nodespan::spans {
namespace {

bool IsAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsSchemeChar(char c) { return IsAlpha(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; }

// Length of "scheme://" at the start of `target`, or 0.
size_t SchemePrefix(std::string_view target) {
  if (target.empty() || !IsAlpha(target[0])) {
    return 0;
  }
  size_t end = 1;
  while (end < target.size() && IsSchemeChar(target[end])) {
    ++end;
  }
  constexpr std::string_view kSeparator = "://";
  return target.substr(end).starts_with(kSeparator) ? end + kSeparator.size() : 0;
}

RequestTarget SplitQuery(std::string_view text) {
  const size_t mark = text.find('?');
  if (mark == std::string_view::npos) {
    return {.path = text};
  }
  return {.path = text.substr(0, mark), .query = text.substr(mark + 1)};
}

}  // namespace

RequestTarget ParseRequestTarget(std::string_view method, std::string_view target) {
  if (target.starts_with('/')) {
    return SplitQuery(target);
  }
  if (method == "CONNECT") {
    return {};
  }
  const size_t scheme = SchemePrefix(target);
  if (scheme == 0) {
    return SplitQuery(target);
  }
  const std::string_view behind_scheme = target.substr(scheme);
  const size_t authority = behind_scheme.find_first_of("/?");
  if (authority == std::string_view::npos) {
    return {.path = "/"};
  }
  RequestTarget result = SplitQuery(behind_scheme.substr(authority));
  if (result.path.empty()) {
    result.path = "/";  // RFC 9110 section 4.2.3: an empty path is the same as "/".
  }
  return result;
}

std::string_view RouteOfPattern(std::string_view pattern) {
  const size_t slash = pattern.find('/');
  return slash == std::string_view::npos ? std::string_view() : pattern.substr(slash);
}

}  // namespace nodespan::spans
