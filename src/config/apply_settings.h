// SPDX-License-Identifier: Apache-2.0
// From words of the command line and variables of an environment to a Config.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "config/environment.h"
#include "config/settings.h"
#include "config/warnings.h"

namespace nodespan::config {

// Values of flags, for each of Settings() in their order; none: the flag is not there.
using FlagWords = std::vector<std::vector<std::string>>;

struct AppliedSettings {
  Config config;
  // For each of Settings(): the flag or the variable that its value is from; empty: it is the default.
  std::vector<std::string_view> sources;
};

// Flags win over variables, variables over defaults. Of a variable that cannot be used, what comes next is; that is a
// warning. Ends with what single settings cannot see (a batch larger than the queue, half a key pair), and warns of
// variables that are not implemented.
//
// kInvalidArgument: a flag is wrong, or a variable that must be right. The message names it, its value and what to do.
absl::StatusOr<AppliedSettings> ApplySettings(const FlagWords& flags, const Environment& environment,
                                              Warnings& warnings);

// One setting on a line, in the order of Settings(): `NAME=VALUE  # flag NAME`, `# variable NAME` or `# default`.
// Secrets are masked, what is not printable is written as \xNN.
std::string ShowSettings(const AppliedSettings& applied);

// Applies the variables of one setting to `config`. Gives the name of the one that is used; empty: none.
absl::StatusOr<std::string_view> ApplyVariables(const Setting& setting, const Environment& environment, Config& config,
                                                Warnings& warnings);

void WarnOfUnsupportedVariables(const Environment& environment, Warnings& warnings);

}  // namespace nodespan::config
