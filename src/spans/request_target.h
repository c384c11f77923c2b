// SPDX-License-Identifier: Apache-2.0
// The request target of HTTP (RFC 9112 section 3.2), split into path and query. Pure functions.
#pragma once

#include <string_view>

namespace nodespan::spans {

struct RequestTarget {
  std::string_view path;   // As sent, percent-encoding kept. Empty only for CONNECT host:port.
  std::string_view query;  // Without '?'; empty when there is none.

  bool operator==(const RequestTarget&) const = default;
};

// origin-form  /path?query
// absolute-form  http://user@host/path?query: scheme and authority (and with it any password) are left out
// authority-form  host:port, with CONNECT only: neither path nor query. CONNECT /path is origin-form, as in net/http
// asterisk-form  *: the path is "*"
RequestTarget ParseRequestTarget(std::string_view method, std::string_view target);

// The path of a ServeMux pattern "[METHOD ][HOST]/path", passed through with its wildcards and "{$}"; empty when the
// pattern has none. Source: net/http, pattern.go: a pattern has a '/', and nothing before the path may contain one.
std::string_view RouteOfPattern(std::string_view pattern);

}  // namespace nodespan::spans
