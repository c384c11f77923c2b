// SPDX-License-Identifier: Apache-2.0
// What the console says about one span besides its name and times, as plain sanitized text. Pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/span.h"

namespace nodespan::console {

struct SpanSummary {
  std::string name;
  std::string service;                 // service.name of the resource; empty when it has none.
  std::optional<int64_t> status_code;  // HTTP status
  std::string error;                // Why the span is an error, unless the status code says it; empty: nothing to add.
  std::vector<std::string> panics;  // each followed by where: "panic *errors.errorString: no luck", "main.f main.go:42"
  std::vector<std::string> facts;   // "server", "/users/42?a=1", "from 10.0.0.7", "1.23 kB out", "curl/8.5.0"
};

// Reads stable and old attribute names. Spans that are not HTTP show their first attributes as key=value.
SpanSummary Summarize(const model::Span& span);

}  // namespace nodespan::console
