// SPDX-License-Identifier: Apache-2.0
#include "config/target_options.h"

#include "config/env_value.h"
#include "config/sampler_options.h"
#include "config/semconv_opt_in.h"

namespace nodespan::config {

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
  options.include_db_statement = node.include_db_statement;
  if (std::optional<std::string_view> value = Lookup(target, "OTEL_GO_AUTO_INCLUDE_DB_STATEMENT")) {
    if (const absl::StatusOr<bool> included = ParseGoBool(*value); included.ok()) {
      options.include_db_statement = *included;
    } else {
      warnings.AddBadValue("OTEL_GO_AUTO_INCLUDE_DB_STATEMENT", *value, base::Message(included.status()),
                           "using the node's setting");
    }
  }
  return options;
}

}  // namespace nodespan::config
