// SPDX-License-Identifier: Apache-2.0
#include "goinspect/names.h"

#include <algorithm>

namespace nodespan::goinspect {
namespace {

constexpr std::string_view kVersionMark = "{/vN}";
constexpr std::string_view kAnyTypes = "...";
constexpr std::string_view kGeneric = "[...]";
constexpr std::string_view kVendor = "vendor/";

// The first element of the path is a host name: a library, not the standard library or `main`.
bool IsHosted(std::string_view pattern) {
  const std::string_view first = pattern.substr(0, std::min(pattern.find('/'), pattern.size()));
  return first.size() < pattern.size() && first.find('.') != std::string_view::npos;
}

// How many bytes at the start of `text` are a major version: "/v2" and up, no leading zero.
size_t VersionBytes(std::string_view text) {
  if (!text.starts_with("/v")) {
    return 0;
  }
  size_t end = 2;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') {
    ++end;
  }
  const std::string_view digits = text.substr(2, end - 2);
  return digits.empty() || digits.front() == '0' || digits == "1" ? 0 : end;
}

// With "[...]" for each list of type arguments, as Go up to 1.26 writes it; 1.27 writes the shapes.
std::string WithoutTypeArguments(std::string_view name) {
  std::string result;
  int depth = 0;
  for (const char c : name) {
    depth -= c == ']' && depth > 0 ? 1 : 0;
    if (depth == 0) {
      result += c;
    }
    if (c == '[' && depth++ == 0) {
      result += kAnyTypes;
    }
  }
  return result;
}

// Without a vendor prefix.
std::optional<std::string> MatchVersion(std::string_view pattern, std::string_view name) {
  const size_t mark = pattern.find(kVersionMark);
  if (mark == std::string_view::npos) {
    return pattern == name ? std::optional(std::string()) : std::nullopt;
  }
  if (!name.starts_with(pattern.substr(0, mark))) {
    return std::nullopt;
  }
  const std::string_view rest = pattern.substr(mark + kVersionMark.size());
  const std::string_view found = name.substr(mark);
  if (found == rest) {
    return std::string();
  }
  const size_t version_bytes = VersionBytes(found);
  return version_bytes != 0 && found.substr(version_bytes) == rest
             ? std::optional(std::string(found.substr(0, version_bytes)))
             : std::nullopt;
}

std::optional<Placement> MatchPlacement(std::string_view pattern, std::string_view name) {
  if (auto version = MatchVersion(pattern, name); version.has_value()) {
    return Placement{{}, *std::move(version)};
  }
  if (!IsHosted(pattern)) {
    return std::nullopt;
  }
  for (size_t at = name.find(kVendor); at != std::string_view::npos; at = name.find(kVendor, at + 1)) {
    const size_t prefix_bytes = at + kVendor.size();
    if (at != 0 && name[at - 1] != '/') {
      continue;
    }
    if (auto version = MatchVersion(pattern, name.substr(prefix_bytes)); version.has_value()) {
      return Placement{std::string(name.substr(0, prefix_bytes)), *std::move(version)};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Placement> MatchName(std::string_view pattern, std::string_view name) {
  const bool is_generic = pattern.find(kGeneric) != std::string_view::npos && name.find('[') != std::string_view::npos;
  return MatchPlacement(pattern, is_generic ? WithoutTypeArguments(name) : std::string(name));
}

std::string PlaceName(std::string_view pattern, const Placement& placement) {
  std::string name = IsHosted(pattern) ? placement.vendor_prefix : std::string();
  const size_t mark = pattern.find(kVersionMark);
  if (mark == std::string_view::npos) {
    return name.append(pattern);
  }
  name.append(pattern.substr(0, mark)).append(placement.version_suffix);
  return name.append(pattern.substr(mark + kVersionMark.size()));
}

std::string ValueMethodName(std::string_view name) {
  const size_t begin = name.find(".(*");
  const size_t end = begin == std::string_view::npos ? begin : name.find(").", begin);
  if (end == std::string_view::npos) {
    return {};
  }
  std::string result(name.substr(0, begin + 1));
  return result.append(name.substr(begin + 3, end - begin - 3)).append(name.substr(end + 1));
}

}  // namespace nodespan::goinspect
