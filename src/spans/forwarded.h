// SPDX-License-Identifier: Apache-2.0
// What proxies say about the original request: Forwarded (RFC 7239) and the X-Forwarded-* lists. Pure functions.
//
// Only the first element of a list matters: it describes the hop next to the client. All of it can be made up by
// anybody; it describes a span and decides nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nodespan::spans {

struct Forwarded {
  std::string for_node;  // "for": client address with optional port, unquoted. Empty: not given.
  std::string host;      // "host": as in a Host header. Empty: not given.
  std::string proto;     // "proto": a URI scheme. Empty: not given.

  bool operator==(const Forwarded&) const = default;
};

// The first element of a Forwarded header; nothing is given when it does not follow the grammar. Of a header that was
// `cut` in the kernel, a parameter that reaches the cut is left out.
Forwarded ParseForwarded(std::string_view header, bool cut);

// The first element of an X-Forwarded-* list without blanks around it; empty when it reaches the place of the cut.
std::string_view FirstForwardedElement(std::string_view header, bool cut);

}  // namespace nodespan::spans
