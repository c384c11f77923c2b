// SPDX-License-Identifier: Apache-2.0
#include "spans/url.h"

#include "fmt/format.h"
#include "spans/redact.h"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

bool IsUnescapedInPath(char c) {
  constexpr std::string_view kOthers = "-_.~$&+,/:;=@";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

std::string EscapePath(std::string_view path) {
  std::string escaped;
  escaped.reserve(path.size());
  for (const char c : path) {
    if (IsUnescapedInPath(c)) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

}  // namespace

std::string FullUrl(const UrlParts& parts) {
  const std::string_view scheme = parts.scheme.empty() ? "http" : parts.scheme;
  std::string url;
  if (!parts.opaque.empty()) {
    url = fmt::format("{}:{}", scheme, parts.opaque);
  } else if (parts.host.empty() || parts.host_cut) {
    return {};
  } else {
    url = fmt::format("{}://{}{}", scheme, parts.has_user_info ? "REDACTED:REDACTED@" : "", parts.host);
    if (!parts.path.empty() && parts.path.front() != '/') {
      url += '/';
    }
    url += parts.path_is_raw ? std::string(parts.path) : EscapePath(parts.path);
  }
  if (!parts.query.empty() && !parts.path_cut) {
    url += '?';
    url += RedactQuery(parts.query);
  }
  return Clean(std::move(url));
}

}  // namespace nodespan::spans
