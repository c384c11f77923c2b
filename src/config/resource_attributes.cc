// SPDX-License-Identifier: Apache-2.0
#include "config/resource_attributes.h"

#include <algorithm>

#include "base/errors.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "config/env_value.h"
#include "config/warnings.h"

namespace nodespan::config {
namespace {

absl::StatusOr<std::string> Decode(std::string_view text, std::string_view item) {
  absl::StatusOr<std::string> decoded = PercentDecode(Trim(text));
  if (!decoded.ok()) {
    return base::Annotate(decoded.status(), fmt::format("item {}", Quote(item)));
  }
  if (!base::IsValidUtf8(*decoded)) {
    return base::MakeStatus(absl::StatusCode::kInvalidArgument, "item {}: expected UTF-8 text", Quote(item));
  }
  return decoded;
}

// With %XX for what would be read as something else.
std::string Encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = c != ',' && c != '=' && c != '%' && c != ' ' && c != '\t';
    encoded += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

}  // namespace

absl::StatusOr<ResourceAttributes> ParseResourceAttributes(std::string_view text) {
  ResourceAttributes attributes;
  for (std::string_view item : SplitList(text)) {
    size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      return base::MakeStatus(absl::StatusCode::kInvalidArgument, "item {}: expected key=value", Quote(item));
    }
    NODESPAN_ASSIGN_OR_RETURN(std::string key, Decode(item.substr(0, equals), item));
    NODESPAN_ASSIGN_OR_RETURN(std::string value, Decode(item.substr(equals + 1), item));
    if (key.empty()) {
      return base::MakeStatus(absl::StatusCode::kInvalidArgument, "item {}: expected a key before '='", Quote(item));
    }
    auto same_key = [&key](const auto& attribute) { return attribute.first == key; };
    if (auto found = std::find_if(attributes.begin(), attributes.end(), same_key); found != attributes.end()) {
      found->second = std::move(value);
    } else {
      attributes.emplace_back(std::move(key), std::move(value));
    }
  }
  return attributes;
}

std::string ShowResourceAttributes(const ResourceAttributes& attributes) {
  std::vector<std::string> items;
  for (const auto& [key, value] : attributes) {
    items.push_back(fmt::format("{}={}", Encode(key), Encode(value)));
  }
  return fmt::format("{}", fmt::join(items, ","));
}

}  // namespace nodespan::config
