// SPDX-License-Identifier: Apache-2.0
// Attributes of spans and resources (OTLP KeyValue / AnyValue, as far as nodespan emits them).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nodespan::model {

using AttributeValue = std::variant<bool, int64_t, double, std::string, std::vector<std::string>, std::vector<bool>,
                                    std::vector<int64_t>, std::vector<double>>;

struct Attribute {
  // The names of semantic conventions are constants; any other is in Span::storage.
  std::string_view key;
  AttributeValue value;

  bool operator==(const Attribute&) const = default;
};

// For resources, whose keys come from the user's environment and are owned.
struct ResourceAttribute {
  std::string key;
  AttributeValue value;

  bool operator==(const ResourceAttribute&) const = default;
};

}  // namespace nodespan::model
