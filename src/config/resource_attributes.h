// SPDX-License-Identifier: Apache-2.0
// OTEL_RESOURCE_ATTRIBUTES, nodespan's own or a traced process's (SPEC section 1.3).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace nodespan::config {

// In the order of their first appearance, keys unique and not empty, all text valid UTF-8. Values may be empty.
using ResourceAttributes = std::vector<std::pair<std::string, std::string>>;

// Parses `key=value,key=value`. Blanks round keys and values do not count, %XX is decoded after that, of a key that
// occurs twice the last value wins, empty items (a trailing comma) are passed over.
//
// All or nothing, as the OpenTelemetry specification wants it (resource SDK, "Specifying resource information via an
// environment variable"): on any error the caller discards the whole variable and reports the kInvalidArgument, whose
// message names the item.
absl::StatusOr<ResourceAttributes> ParseResourceAttributes(std::string_view text);

// The text that gives these attributes.
std::string ShowResourceAttributes(const ResourceAttributes& attributes);

}  // namespace nodespan::config
