// SPDX-License-Identifier: Apache-2.0
#include "config/apply_settings.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::config {
namespace {

// `NAME="text": problem`, without the text where that may be a secret.
std::string Describe(const Setting& setting, std::string_view source, std::string_view separator, std::string_view text,
                     const absl::Status& problem) {
  return setting.is_secret ? fmt::format("{}: {}", source, base::Message(problem))
                           : fmt::format("{}{}{}: {}", source, separator, Quote(text), base::Message(problem));
}

absl::Status ApplyFlag(const Setting& setting, const std::vector<std::string>& words, const Environment& environment,
                       Config& config, Warnings& warnings) {
  for (const std::string& word : words) {
    const SettingInput input{
        .source = setting.flag, .text = word, .is_flag = true, .environment = environment, .warnings = warnings};
    if (const absl::Status status = setting.value.set(input, config); !status.ok()) {
      return base::MakeStatus(absl::StatusCode::kInvalidArgument, "{}",
                              Describe(setting, setting.flag, " ", word, status));
    }
  }
  return absl::OkStatus();
}

bool IsSelectedByFlags(const FlagWords& flags) {
  const std::span<const Setting> settings = Settings();
  for (size_t i = 0; i < settings.size(); ++i) {
    if (settings[i].section == Section::kSelection && !flags[i].empty()) {
      return true;
    }
  }
  return false;
}

// The Go SDK takes the smaller of both without a word when the batch size is the default.
void FitBatchIntoQueue(const Environment& environment, BatchOptions& batch, Warnings& warnings) {
  constexpr std::string_view kBatchVar = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
  if (batch.max_export_batch_size <= batch.max_queue_size) {
    return;
  }
  if (std::optional<std::string_view> value = Lookup(environment, kBatchVar); value) {
    warnings.AddBadValue(kBatchVar, *value, "expected at most OTEL_BSP_MAX_QUEUE_SIZE",
                         fmt::format("using {}", batch.max_queue_size));
  }
  batch.max_export_batch_size = batch.max_queue_size;
}

// `signal`: TRACES or METRICS.
void RequireBothOfKeyPair(const Environment& environment, std::string_view signal, TlsOptions& tls,
                          Warnings& warnings) {
  if (tls.client_cert_file.empty() == tls.client_key_file.empty()) {
    return;
  }
  bool has_key = tls.client_cert_file.empty();
  std::string_view present = has_key ? "CLIENT_KEY" : "CLIENT_CERTIFICATE";
  std::string_view missing = has_key ? "CLIENT_CERTIFICATE" : "CLIENT_KEY";
  std::string name = fmt::format("OTEL_EXPORTER_OTLP_{}_{}", signal, present);
  if (!Lookup(environment, name)) {
    name = fmt::format("OTEL_EXPORTER_OTLP_{}", present);
  }
  warnings.Add(name, fmt::format("mutual TLS needs OTEL_EXPORTER_OTLP_{} as well", missing), "ignoring it");
  tls.client_cert_file.clear();
  tls.client_key_file.clear();
}

// The flag --endpoint is the collector of both signals, and flags win over variables.
void ShareEndpointFlag(AppliedSettings& applied) {
  constexpr std::string_view kFlag = "--endpoint";
  if (std::find(applied.sources.begin(), applied.sources.end(), kFlag) == applied.sources.end()) {
    return;
  }
  applied.config.metrics.otlp.endpoint = applied.config.otlp.endpoint;
  applied.config.metrics.otlp.endpoint_form = applied.config.otlp.endpoint_form;
  const std::span<const Setting> settings = Settings();
  for (size_t i = 0; i < settings.size(); ++i) {
    if (settings[i].name() == "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") {
      applied.sources[i] = kFlag;
    }
  }
}

}  // namespace

absl::StatusOr<std::string_view> ApplyVariables(const Setting& setting, const Environment& environment, Config& config,
                                                Warnings& warnings) {
  std::string_view used;
  std::vector<std::string> refused;
  for (const std::string_view name : setting.Variables()) {
    const std::optional<std::string_view> text = Lookup(environment, name);
    if (!text) {
      continue;
    }
    const std::string before = setting.value.show(config);
    const size_t warnings_before = warnings.list().size();
    const SettingInput input{.source = name, .text = *text, .environment = environment, .warnings = warnings};
    if (const absl::Status status = setting.value.set(input, config); status.ok()) {
      const bool was_ignored = warnings.list().size() > warnings_before && setting.value.show(config) == before;
      used = was_ignored ? std::string_view() : name;
      break;
    } else if (setting.must_be_right) {
      return base::MakeStatus(absl::StatusCode::kInvalidArgument, "{}; correct it or remove the variable",
                              Describe(setting, name, "=", *text, status));
    } else {
      refused.push_back(Describe(setting, name, "=", *text, status));
    }
  }
  const std::string value = setting.value.show(config);
  for (std::string& problem : refused) {
    warnings.Add(problem, value.empty() ? "ignoring it" : fmt::format("using {}", value));
  }
  return used;
}

void WarnOfUnsupportedVariables(const Environment& environment, Warnings& warnings) {
  for (const UnsupportedVariable& variable : UnsupportedVariables()) {
    if (const std::optional<std::string_view> text = Lookup(environment, variable.name)) {
      warnings.AddBadValue(variable.name, *text, variable.problem, variable.consequence);
    }
  }
}

absl::StatusOr<AppliedSettings> ApplySettings(const FlagWords& flags, const Environment& environment,
                                              Warnings& warnings) {
  AppliedSettings applied;
  const bool is_selected_by_flags = IsSelectedByFlags(flags);
  const std::span<const Setting> settings = Settings();
  for (size_t i = 0; i < settings.size(); ++i) {
    const Setting& setting = settings[i];
    std::string_view& source = applied.sources.emplace_back();
    if (!flags[i].empty()) {
      NODESPAN_RETURN_IF_ERROR(ApplyFlag(setting, flags[i], environment, applied.config, warnings));
      source = setting.flag;
    } else if (setting.section != Section::kSelection || !is_selected_by_flags) {
      NODESPAN_ASSIGN_OR_RETURN(source, ApplyVariables(setting, environment, applied.config, warnings));
    }
  }
  FitBatchIntoQueue(environment, applied.config.batch, warnings);
  ShareEndpointFlag(applied);
  RequireBothOfKeyPair(environment, "TRACES", applied.config.otlp.tls, warnings);
  // A pair of which one half is for traces only is nothing to warn of when metrics go nowhere.
  Warnings unheard;
  RequireBothOfKeyPair(environment, "METRICS", applied.config.metrics.otlp.tls,
                       applied.config.metrics.exports_otlp ? warnings : unheard);
  WarnOfUnsupportedVariables(environment, warnings);
  warnings.DropRepeated();
  return applied;
}

std::string ShowSettings(const AppliedSettings& applied) {
  std::string lines;
  const std::span<const Setting> settings = Settings();
  for (size_t i = 0; i < settings.size(); ++i) {
    const std::string_view source = applied.sources[i];
    const std::string_view kind = source.empty() ? "default" : source.starts_with("--") ? "flag " : "variable ";
    lines += fmt::format("{}={}  # {}{}\n", settings[i].name(), Escape(settings[i].value.show(applied.config)), kind,
                         source);
  }
  return lines;
}

}  // namespace nodespan::config
