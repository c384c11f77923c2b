// SPDX-License-Identifier: Apache-2.0
#include "config/target_options.h"

#include <algorithm>
#include <utility>

#include "config/apply_settings.h"
#include "config/settings.h"

namespace nodespan::config {
namespace {

void Apply(const Environment& environment, Config& config, Warnings& warnings) {
  for (const Setting& setting : Settings()) {
    if (setting.scope == Scope::kNodeAndTarget) {
      // Only settings that must be right fail; a target has none of them.
      (void)ApplyVariables(setting, environment, config, warnings);
    }
  }
}

}  // namespace

TargetOptions ReadTargetOptions(const Environment& target, const Config& node, Warnings& warnings,
                                std::span<const Environment> defaults) {
  Config config;
  config.targets = node.targets;
  config.targets.sdk_disabled = false;
  config.targets.service_name.clear();
  config.targets.resource_attributes.clear();
  // What is applied later wins.
  std::for_each(defaults.rbegin(), defaults.rend(),
                [&](const Environment& environment) { Apply(environment, config, warnings); });
  Apply(target, config, warnings);
  WarnOfUnsupportedVariables(target, warnings);
  return std::move(config.targets);
}

std::vector<std::string> TargetVariables() {
  std::vector<std::string> names;
  for (const Setting& setting : Settings()) {
    if (setting.scope == Scope::kNodeAndTarget) {
      names.insert(names.end(), setting.Variables().begin(), setting.Variables().end());
    }
  }
  return names;
}

}  // namespace nodespan::config
