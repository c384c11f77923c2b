// SPDX-License-Identifier: Apache-2.0
#include "spans/url.h"

#include "fmt/format.h"
#include "spans/redact.h"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

// What stays as it is besides letters and digits.
constexpr std::string_view kUnescapedInPath = "-_.~$&+,/:;=@";
constexpr std::string_view kUnescapedInFragment = "-_.~$&+,/:;=?@!()*";

std::string Escape(std::string_view text, std::string_view unescaped) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (alphanumeric || unescaped.find(c) != std::string_view::npos) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

}  // namespace

void SetRequestTarget(std::string_view target, bool cut, UrlParts* parts) {
  constexpr std::string_view kSlashes = "://";
  const size_t scheme_bytes = target.find(kSlashes);
  if (scheme_bytes != std::string_view::npos && target.find_first_of("/?#") > scheme_bytes) {
    target.remove_prefix(scheme_bytes + kSlashes.size());
    const std::string_view authority = target.substr(0, target.find_first_of("/?#"));
    parts->has_user_info |= authority.find('@') != std::string_view::npos;
    target.remove_prefix(authority.size());
  }
  if (const size_t fragment = target.find('#'); fragment != std::string_view::npos) {
    target = target.substr(0, fragment);
    cut = false;
  }
  const size_t question_mark = target.find('?');
  parts->path = target.substr(0, question_mark);
  parts->path_is_raw = true;
  if (question_mark == std::string_view::npos) {
    parts->path_cut = cut;
    return;
  }
  parts->query = target.substr(question_mark + 1);
  parts->has_empty_query = parts->query.empty();
  parts->query_cut = cut;
}

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
    url += parts.path_is_raw ? std::string(parts.path) : Escape(parts.path, kUnescapedInPath);
  }
  if (parts.path_cut) {
    return Clean(std::move(url));
  }
  if (!parts.query.empty() || parts.has_empty_query) {
    url += '?';
    url += RedactQuery(parts.query);
  }
  if (!parts.fragment.empty() && !parts.query_cut) {
    url += '#';
    url += Escape(parts.fragment, kUnescapedInFragment);
  }
  return Clean(std::move(url));
}

}  // namespace nodespan::spans
