// SPDX-License-Identifier: Apache-2.0
// Puts a URL together from the fields of Go's url.URL, without its secrets. Pure function.
#pragma once

#include <string>
#include <string_view>

namespace nodespan::spans {

struct UrlParts {
  std::string_view scheme;
  bool has_user_info = false;  // shown as REDACTED:REDACTED
  std::string_view host;
  std::string_view opaque;  // instead of host and path, as in mailto:
  std::string_view path;
  bool path_is_raw = false;      // escaped as sent; otherwise escapes were decoded
  std::string_view query;        // raw
  bool has_empty_query = false;  // "?" and nothing behind it
  std::string_view fragment;     // escapes are decoded
  bool host_cut = false;         // what follows a part that was cut is left out
  bool path_cut = false;
  bool query_cut = false;
};

// Path and query of a request as it was sent, "/a?b" (RFC 9112, section 3.2), or all of the URL when it was not: what
// is in front of its path has a place of its own, and only whether there are credentials is taken from it. `cut`: its
// end is missing. Sets path, query, and what belongs to them.
void SetRequestTarget(std::string_view target, bool cut, UrlParts* parts);

// Empty when there is no host, or when it was cut: half a name is the name of another machine. Valid UTF-8.
// Source: net/url, url.go (URL.String, shouldEscape).
std::string FullUrl(const UrlParts& parts);

}  // namespace nodespan::spans
