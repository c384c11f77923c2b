// SPDX-License-Identifier: Apache-2.0
#include "spans/http_route.h"

#include <cstddef>

#include "spans/request_target.h"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

using events::RouteSource;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Takes the next byte of an escaped path.
char TakeByte(std::string_view& path) {
  if (path.size() >= 3 && path[0] == '%' && HexDigit(path[1]) >= 0 && HexDigit(path[2]) >= 0) {
    const char byte = static_cast<char>(HexDigit(path[1]) << 4 | HexDigit(path[2]));
    path.remove_prefix(3);
    return byte;
  }
  const char byte = path[0];
  path.remove_prefix(1);
  return byte;
}

bool IsClientError(std::optional<uint16_t> code) {
  constexpr uint16_t kNotFound = 404;
  constexpr uint16_t kMethodNotAllowed = 405;
  return code.has_value() && (*code == kNotFound || *code == kMethodNotAllowed);
}

}  // namespace

bool IsPathAndNoRoute(std::string_view route, std::string_view path) {
  if (route == path) {
    return true;
  }
  for (const char c : route) {
    if (path.empty() || TakeByte(path) != c) {
      return false;
    }
  }
  return path.empty();
}

std::string RouteOfChi(std::string_view patterns, bool cut) {
  constexpr std::string_view kMount = "/*/";
  std::string route;
  for (const char c : patterns) {
    route += c;
    if (route.ends_with(kMount)) {
      route.resize(route.size() - kMount.size() + 1);
    }
  }
  for (const std::string_view suffix : {"//", "/"}) {
    if (!cut && route != "/" && route.ends_with(suffix)) {
      route.resize(route.size() - suffix.size());
    }
  }
  return route;
}

std::string HttpRoute(const events::HttpServerEvent& event, std::optional<uint16_t> code) {
  const events::EventString& pattern = event.pattern;
  switch (event.route_source) {
    case RouteSource::kNone: return {};
    case RouteSource::kServeMux: return Clean(RouteOfPattern(pattern.text), pattern.cut);
    case RouteSource::kChi: return Clean(RouteOfChi(pattern.text, pattern.cut), pattern.cut);
    case RouteSource::kEcho:
      if (IsClientError(code) && !pattern.cut &&
          IsPathAndNoRoute(pattern.text, ParseRequestTarget(event.method.text, event.uri.text).path)) {
        return {};
      }
      break;
    case RouteSource::kGin:
    case RouteSource::kGorilla:
    case RouteSource::kFiber: break;
  }
  return Clean(pattern);
}

}  // namespace nodespan::spans
