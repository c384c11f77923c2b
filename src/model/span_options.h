// SPDX-License-Identifier: Apache-2.0
// How the spans of one workload are written.
#pragma once

#include <string>
#include <vector>

#include "model/http_methods.h"
#include "model/semconv.h"
#include "model/span_limits.h"

namespace nodespan::model {

struct SpanOptions {
  Semconv semconv;
  SpanLimits limits;
  HttpMethods known_http_methods = DefaultHttpMethods();
  bool include_db_statement = false;        // db.query.text, without its literals
  bool parse_db_statement = true;           // operation and table are read from the statement
  std::vector<std::string> excluded_names;  // patterns (exclusions.h) of spans that are not exported

  bool operator==(const SpanOptions&) const = default;
};

}  // namespace nodespan::model
