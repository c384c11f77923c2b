// SPDX-License-Identifier: Apache-2.0
// Everything that can be set, in one table: parsing, --help, --check-config and docs/CONFIGURATION.md are made from it.
//
// A setting has a flag, variables, or both. What wins: the flag, then the variables in their order, then the default.
// Settings with Scope::kNodeAndTarget are read from the environment of each traced program, too, where its own word
// wins over the node's (target_options.h).
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "config/config.h"
#include "config/environment.h"
#include "config/warnings.h"

namespace nodespan::config {

// One word for a setting, on its way into the Config.
struct SettingInput {
  std::string_view source;  // the flag or variable as the user knows it
  std::string_view text;
  bool is_flag = false;            // then what can be ignored in a variable is an error
  const Environment& environment;  // for variables that are read in pairs
  Warnings& warnings;
};

// How text becomes a value and back.
struct SettingValue {
  // kInvalidArgument says what is expected ("expected ..."); the config is as it was. May add warnings, each of which
  // says what is used instead.
  absl::Status (*set)(const SettingInput& input, Config& config);
  // The value as the user would write it; secrets are masked. Empty: there is none.
  std::string (*show)(const Config& config);
};

// The part of docs/CONFIGURATION.md that a setting stands in. Flags of kSelection replace all its variables together.
enum class Section { kSelection, kPods, kIdentity, kSpans, kExport, kMetrics, kProcess };

std::string_view TitleOf(Section section);

enum class Scope {
  kNode,           // nodespan's own environment only
  kNodeAndTarget,  // that of a traced program as well
};

enum class FlagKind {
  kValue,     // once, with a value
  kRepeated,  // with a value, as often as wanted
  kSwitch,    // without a value; `set` is given "true"
};

struct Setting {
  Section section;
  std::string_view flag = {};  // "--log-level"; empty: none
  FlagKind flag_kind = FlagKind::kValue;
  // Their names, the one that wins first; empty ones fill up.
  std::array<std::string_view, 3> variables = {};
  std::string_view takes;  // "NAME", "true or false"
  std::string_view help;   // a sentence without its full stop
  SettingValue value;
  Scope scope = Scope::kNode;
  // A variable that cannot be used ends the program, because nodespan would do something else than what it was told.
  bool must_be_right = false;
  bool is_secret = false;  // what is wrong with the text is said without repeating it

  std::span<const std::string_view> Variables() const;
  // What it is called where one name has to do: its flag when it has no variable, else the variable that wins.
  std::string_view name() const { return variables[0].empty() ? flag : variables[0]; }
};

std::span<const Setting> Settings();

// A variable of the OpenTelemetry specification, or of its instrumentation for Go, that nodespan knows and does not
// implement. It gives a warning when it is set.
struct UnsupportedVariable {
  std::string_view name;
  std::string_view problem;
  std::string_view consequence;
};

std::span<const UnsupportedVariable> UnsupportedVariables();

}  // namespace nodespan::config
