// SPDX-License-Identifier: Apache-2.0
#include "goinspect/names.h"

#include <algorithm>

namespace nodespan::goinspect {
namespace {

constexpr std::string_view kElementMark = "{/vN}";
constexpr std::string_view kSuffixMark = "{.vN}";
constexpr std::string_view kAnyTypes = "...";
constexpr std::string_view kGeneric = "[...]";
constexpr std::string_view kVendor = "vendor/";

// Names of functions are symbols, in which the linker escapes dots; names of types have the path as it is imported.
enum class Form { kFunction, kType };

// The first element of the path is a host name: a library, not the standard library or `main`.
bool IsHosted(std::string_view pattern) {
  const std::string_view first = pattern.substr(0, std::min(pattern.find('/'), pattern.size()));
  return first.size() < pattern.size() && first.find('.') != std::string_view::npos;
}

// Where the version stands in a pattern, if it has a mark for one.
size_t FindMark(std::string_view pattern) {
  return std::min(pattern.find(kElementMark), pattern.find(kSuffixMark));  // npos is the largest
}
static_assert(kElementMark.size() == kSuffixMark.size());

// The number at the start of `text`; empty when there is none, or it has a leading zero.
std::string_view LeadingNumber(std::string_view text) {
  const auto* end = std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; });
  const std::string_view digits = text.substr(0, static_cast<size_t>(end - text.begin()));
  return digits.starts_with('0') && digits != "0" ? std::string_view() : digits;
}

// A version as the text at a mark has it.
struct Version {
  std::string suffix;  // as in Placement
  size_t bytes = 0;    // of the text
};

// "/v2" and up.
std::optional<Version> ElementVersion(std::string_view text) {
  const std::string_view number = text.starts_with("/v") ? LeadingNumber(text.substr(2)) : std::string_view();
  return number.empty() || number == "0" || number == "1"
             ? std::nullopt
             : std::optional(Version{"/v" + std::string(number), 2 + number.size()});
}

// ".v0" and up.
std::optional<Version> SuffixVersion(std::string_view text, std::string_view dot) {
  if (!text.starts_with(dot) || !text.substr(dot.size()).starts_with('v')) {
    return std::nullopt;
  }
  const std::string_view number = LeadingNumber(text.substr(dot.size() + 1));
  return number.empty() ? std::nullopt
                        : std::optional(Version{".v" + std::string(number), dot.size() + 1 + number.size()});
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

// The path as it is imported: "%2e" and its like are undone (PathToPrefix of Go's cmd/internal/objabi/path.go).
std::string WithoutEscapes(std::string_view name) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  std::string result;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool is_escape = name[i] == '%' && i + 2 < name.size() && digit(name[i + 1]) >= 0 && digit(name[i + 2]) >= 0;
    result += is_escape ? static_cast<char>(digit(name[i + 1]) * 16 + digit(name[i + 2])) : name[i];
    i += is_escape ? 2 : 0;
  }
  return result;
}

// Without a vendor prefix. The version, if `pattern` stands for `name`.
std::optional<std::string> MatchVersion(std::string_view pattern, std::string_view name, Form form) {
  const size_t mark = FindMark(pattern);
  if (mark == std::string_view::npos) {
    return pattern == name ? std::optional(std::string()) : std::nullopt;
  }
  if (!name.starts_with(pattern.substr(0, mark))) {
    return std::nullopt;
  }
  const std::string_view rest = pattern.substr(mark + kElementMark.size());
  const std::string_view found = name.substr(mark);
  const bool is_suffix = pattern.substr(mark).starts_with(kSuffixMark);
  if (!is_suffix && found == rest) {
    return std::string();
  }
  const bool is_escaped = form == Form::kFunction && !rest.starts_with('/');  // only in the last element of a path
  std::optional<Version> version = is_suffix ? SuffixVersion(found, is_escaped ? "%2e" : ".") : ElementVersion(found);
  return version.has_value() && found.substr(version->bytes) == rest ? std::optional(std::move(version->suffix))
                                                                     : std::nullopt;
}

std::optional<Placement> MatchPlacement(std::string_view pattern, std::string_view name, Form form) {
  if (auto version = MatchVersion(pattern, name, form); version.has_value()) {
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
    if (auto version = MatchVersion(pattern, name.substr(prefix_bytes), form); version.has_value()) {
      return Placement{std::string(name.substr(0, prefix_bytes)), *std::move(version)};
    }
  }
  return std::nullopt;
}

std::optional<Placement> Match(std::string_view pattern, std::string_view name, Form form) {
  const bool is_generic = pattern.find(kGeneric) != std::string_view::npos && name.find('[') != std::string_view::npos;
  return is_generic ? MatchPlacement(pattern, WithoutTypeArguments(name), form) : MatchPlacement(pattern, name, form);
}

}  // namespace

std::optional<Placement> MatchName(std::string_view pattern, std::string_view name) {
  return Match(pattern, name, Form::kFunction);
}

std::optional<Placement> MatchTypeName(std::string_view pattern, std::string_view name) {
  return Match(WithoutEscapes(pattern), name, Form::kType);
}

std::string PlaceName(std::string_view pattern, const Placement& placement) {
  std::string name = IsHosted(pattern) ? placement.vendor_prefix : std::string();
  const size_t mark = FindMark(pattern);
  name += WithoutEscapes(pattern.substr(0, mark));
  if (mark != std::string_view::npos) {
    name += placement.version_suffix + WithoutEscapes(pattern.substr(mark + kElementMark.size()));
  }
  return name;
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

std::string PrintedName(std::string_view name) {
  const size_t begin = name.find('[');
  const size_t end = name.rfind(']');
  if (begin == std::string_view::npos || end == std::string_view::npos || end <= begin) {
    return std::string(name);
  }
  return std::string(name.substr(0, begin)).append("[...]").append(name.substr(end + 1));
}

}  // namespace nodespan::goinspect
