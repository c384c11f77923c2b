// SPDX-License-Identifier: Apache-2.0
#include "daemon/target_settings.h"

#include "base/errors.h"
#include "config/env_value.h"
#include "config/resource_attributes.h"
#include "config/sampler_options.h"
#include "config/semconv_opt_in.h"
#include "config/warnings.h"

namespace nodespan::daemon {

TargetSettings ReadTargetSettings(const config::Environment& environment, const config::Config& node) {
  TargetSettings settings;
  config::Warnings warnings;
  if (const auto text = config::Lookup(environment, "OTEL_SDK_DISABLED")) {
    const absl::StatusOr<bool> disabled = config::ParseBool(*text);
    settings.disabled = disabled.ok() && *disabled;
  }
  settings.sampler = config::ReadSampler(environment, node.sampler, warnings);
  settings.semconv = node.semconv;
  if (const auto text = config::Lookup(environment, "OTEL_SEMCONV_STABILITY_OPT_IN")) {
    settings.semconv = config::ParseSemconvOptIn(*text, node.semconv, warnings);
  }
  if (const auto text = config::Lookup(environment, "OTEL_SERVICE_NAME")) {
    settings.identity.service_name = *text;
  }
  if (const auto text = config::Lookup(environment, "OTEL_RESOURCE_ATTRIBUTES")) {
    if (auto attributes = config::ParseResourceAttributes(*text); attributes.ok()) {
      settings.identity.attributes = *std::move(attributes);
    } else {
      warnings.AddBadValue("OTEL_RESOURCE_ATTRIBUTES", *text, base::Message(attributes.status()), "ignored");
    }
  }
  settings.warnings = std::move(warnings).Take();
  return settings;
}

}  // namespace nodespan::daemon
