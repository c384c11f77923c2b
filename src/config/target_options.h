// SPDX-License-Identifier: Apache-2.0
// What a traced process says about itself in its own environment (SPEC section 1.6, last paragraph).
#pragma once

#include <string>

#include "config/config.h"
#include "config/environment.h"
#include "config/resource_attributes.h"
#include "config/warnings.h"
#include "model/exclusions.h"
#include "model/sampler.h"
#include "model/semconv.h"

namespace nodespan::config {

struct TargetOptions {
  bool sdk_disabled = false;  // OTEL_SDK_DISABLED: the process does not want to be traced
  std::string service_name;   // OTEL_SERVICE_NAME; empty: not said
  ResourceAttributes resource_attributes;
  model::Sampler sampler;
  model::Semconv semconv;
  model::Exclusions exclusions;       // NODESPAN_EXCLUDE_PATHS, NODESPAN_EXCLUDE_USER_AGENTS
  bool include_db_statement = false;  // OTEL_GO_AUTO_INCLUDE_DB_STATEMENT
  bool traces_api_spans = true;       // OTEL_GO_AUTO_GLOBAL

  bool operator==(const TargetOptions&) const = default;
};

// Reads the environment of a target; what it does not say about sampler, semantic conventions and
// exclusions comes from `node`.
// Where spans go is never the target's to say: OTEL_EXPORTER_* and OTEL_TRACES_EXPORTER are not looked at. Names and
// attributes of the node are not mixed in here; discovery/process_resource.h knows which of both wins.
TargetOptions ReadTargetOptions(const Environment& target, const Config& node, Warnings& warnings);

}  // namespace nodespan::config
