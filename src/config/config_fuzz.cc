// SPDX-License-Identifier: Apache-2.0
// All parsers of configuration text over one input. Several of them also read the environment of traced processes,
// which tenants control: no input may crash, and what comes out keeps the promises of the headers.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "config/apply_settings.h"
#include "config/command_line.h"
#include "config/env_value.h"
#include "config/resource_attributes.h"
#include "config/settings.h"
#include "config/target_options.h"
#include "config/warnings.h"

namespace {

using namespace nodespan;

void Require(bool promise) {
  if (!promise) {
    std::abort();
  }
}

// Every variable of the table gets the text.
void FuzzEnvironment(std::string_view text) {
  config::Environment environment;
  for (const config::Setting& setting : config::Settings()) {
    for (const std::string_view name : setting.Variables()) {
      // Variables that must be right would end it before the others are read.
      if (!setting.must_be_right) {
        environment.emplace(name, text);
      }
    }
  }
  config::Warnings warnings;
  const config::FlagWords no_flags(config::Settings().size());
  const auto applied = config::ApplySettings(no_flags, environment, warnings);
  Require(applied.ok());
  const config::Config& config = applied->config;
  config::TargetOptions target = config::ReadTargetOptions(environment, config::Config{}, warnings);
  Require(target.sampler.ratio >= 0.0 && target.sampler.ratio <= 1.0);
  Require(config.batch.max_export_batch_size >= 1);
  Require(config.batch.max_export_batch_size <= config.batch.max_queue_size);
  Require(config.targets.sampler.ratio >= 0.0 && config.targets.sampler.ratio <= 1.0);
  for (const std::string& warning : warnings.list()) {
    Require(warning.find('\n') == std::string::npos);
  }
}

void FuzzResourceAttributes(std::string_view text) {
  auto attributes = config::ParseResourceAttributes(text);
  if (!attributes.ok()) {
    return;
  }
  for (const auto& [key, value] : *attributes) {
    Require(!key.empty() && base::IsValidUtf8(key) && base::IsValidUtf8(value));
  }
}

void FuzzCommandLine(std::string_view text) {
  std::string storage(text);
  std::vector<const char*> argv = {"nodespan"};
  size_t start = 0;
  for (size_t i = 0; i < storage.size(); ++i) {
    if (storage[i] == '\n') {
      storage[i] = '\0';
      argv.push_back(storage.data() + start);
      start = i + 1;
    }
  }
  argv.push_back(storage.data() + start);
  argv.push_back(nullptr);
  auto invocation = config::ParseCommandLine(static_cast<int>(argv.size()) - 1, argv.data(), {});
  Require(invocation.ok() || invocation.status().code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Require(base::IsValidUtf8(base::ToValidUtf8(text)));
  FuzzEnvironment(text);
  FuzzResourceAttributes(text);
  FuzzCommandLine(text);
  return 0;
}
