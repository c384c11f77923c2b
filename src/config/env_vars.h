// SPDX-License-Identifier: Apache-2.0
// The environment variables that nodespan reads for itself: one table that parsing and --help are both made from.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "config/config.h"
#include "config/environment.h"
#include "config/warnings.h"

namespace nodespan::config {

// One variable that is set (not empty), on its way into the Config.
struct EnvSetting {
  std::string_view name;
  std::string_view value;
  const Environment& environment;  // for variables that are read in pairs
  Config& config;
  Warnings& warnings;
};

struct EnvVar {
  std::string_view name;
  std::string_view default_text;  // as the user would write it; empty when there is none
  std::string_view help;
  // Puts the setting into the config. A bad value is a warning and leaves the config as it is; a status other than OK
  // is for values that leave no sensible way to go on, and ends the program.
  absl::Status (*apply)(const EnvSetting& setting);
};

// In the order in which they are applied: what wins comes later (..._TRACES_ENDPOINT behind ..._ENDPOINT).
std::span<const EnvVar> EnvVars();

// Applies every variable of the table that `environment` has to `config`, then puts right what single variables cannot
// see (a batch larger than the queue, half a key pair). Variables of the
// OpenTelemetry specification that nodespan knows of and does not implement give a warning.
absl::Status ApplyEnvironment(const Environment& environment, Config& config, Warnings& warnings);

}  // namespace nodespan::config
