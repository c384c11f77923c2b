// SPDX-License-Identifier: Apache-2.0
#include "config/target_options.h"

#include <utility>

#include "config/apply_settings.h"
#include "config/settings.h"

namespace nodespan::config {

TargetOptions ReadTargetOptions(const Environment& target, const Config& node, Warnings& warnings) {
  Config config;
  config.targets = node.targets;
  config.targets.sdk_disabled = false;
  config.targets.service_name.clear();
  config.targets.resource_attributes.clear();
  for (const Setting& setting : Settings()) {
    if (setting.scope == Scope::kNodeAndTarget) {
      // Only settings that must be right fail; a target has none of them.
      (void)ApplyVariables(setting, target, config, warnings);
    }
  }
  WarnOfUnsupportedVariables(target, warnings);
  return std::move(config.targets);
}

}  // namespace nodespan::config
