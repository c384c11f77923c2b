// SPDX-License-Identifier: Apache-2.0
#include "config/target_options.h"

#include "config/env_value.h"
#include "config/exclusion_patterns.h"
#include "config/sampler_options.h"
#include "config/semconv_opt_in.h"

namespace nodespan::config {
namespace {

bool ReadGoBool(const Environment& target, std::string_view name, bool of_node, Warnings& warnings) {
  const std::optional<std::string_view> text = Lookup(target, name);
  if (!text.has_value()) {
    return of_node;
  }
  const absl::StatusOr<bool> value = ParseGoBool(*text);
  if (!value.ok()) {
    warnings.AddBadValue(name, *text, base::Message(value.status()), "using the node's setting");
  }
  return value.value_or(of_node);
}

}  // namespace

TargetOptions ReadTargetOptions(const Environment& target, const Config& node, Warnings& warnings) {
  TargetOptions options;
  if (std::optional<std::string_view> value = Lookup(target, "OTEL_SDK_DISABLED")) {
    absl::StatusOr<bool> disabled = ParseBool(*value);
    if (!disabled.ok()) {
      warnings.AddBadValue("OTEL_SDK_DISABLED", *value, base::Message(disabled.status()), "using false");
    }
    options.sdk_disabled = disabled.value_or(false);
  }
  options.service_name = Lookup(target, "OTEL_SERVICE_NAME").value_or("");
  if (std::optional<std::string_view> value = Lookup(target, "OTEL_RESOURCE_ATTRIBUTES")) {
    absl::StatusOr<ResourceAttributes> attributes = ParseResourceAttributes(*value);
    if (attributes.ok()) {
      options.resource_attributes = *std::move(attributes);
    } else {
      warnings.Add("OTEL_RESOURCE_ATTRIBUTES", base::Message(attributes.status()), "ignoring the whole variable");
    }
  }
  options.sampler = ReadSampler(target, node.sampler, warnings);
  options.semconv =
      ParseSemconvOptIn(Lookup(target, "OTEL_SEMCONV_STABILITY_OPT_IN").value_or(""), node.semconv, warnings);
  options.exclusions = node.exclusions;
  if (const auto value = Lookup(target, kExcludePaths)) {
    options.exclusions.paths = ParsePatterns(kExcludePaths, *value, model::kMaxPathPatterns, warnings);
  }
  if (const auto value = Lookup(target, kExcludeUserAgents)) {
    options.exclusions.user_agents = ParsePatterns(kExcludeUserAgents, *value, model::kMaxUserAgentPatterns, warnings);
  }
  options.include_db_statement =
      ReadGoBool(target, "OTEL_GO_AUTO_INCLUDE_DB_STATEMENT", node.include_db_statement, warnings);
  options.traces_api_spans = ReadGoBool(target, "OTEL_GO_AUTO_GLOBAL", node.traces_api_spans, warnings);
  return options;
}

}  // namespace nodespan::config
