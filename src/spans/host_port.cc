// SPDX-License-Identifier: Apache-2.0
#include "spans/host_port.h"

#include <charconv>

namespace nodespan::spans {
namespace {

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return std::nullopt;
  }
  return port;
}

}  // namespace

HostPort SplitHostPort(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) {
      return {.host = text.substr(1)};
    }
    const std::string_view rest = text.substr(bracket + 1);
    return {.host = text.substr(1, bracket - 1),
            .port = rest.starts_with(':') ? ParsePort(rest.substr(1)) : std::nullopt};
  }
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    return {.host = text};
  }
  return {.host = text.substr(0, colon), .port = ParsePort(text.substr(colon + 1))};
}

HostPort SplitPeerAddress(std::string_view text) {
  if (text == "@") {
    return {};
  }
  if (text.starts_with('@') || text.starts_with('/')) {
    return {.host = text};
  }
  return SplitHostPort(text);
}

}  // namespace nodespan::spans
