// SPDX-License-Identifier: Apache-2.0
#include "config/special_settings.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/status_macros.h"
#include "base/utf8.h"
#include "config/captured_names.h"
#include "config/env_value.h"
#include "config/exclusion_patterns.h"
#include "config/http_methods.h"
#include "config/option_values.h"
#include "config/otlp_options.h"
#include "config/resource_attributes.h"
#include "config/sampler_options.h"
#include "config/semconv_opt_in.h"
#include "config/setting_kinds.h"

namespace nodespan::config {
namespace {

using model::CapturedNames;

constexpr std::string_view kSecret = "***";

absl::Status SetExecutable(const SettingInput& input, Config& config) {
  if (input.text.empty()) {
    return absl::InvalidArgumentError("expected a path or a glob such as '*/server'");
  }
  config.selection.exe_globs.emplace_back(input.text);
  return absl::OkStatus();
}

std::string ShowExecutables(const Config& config) {
  return fmt::format("{}", fmt::join(config.selection.exe_globs, " "));
}

absl::Status SetExporters(const SettingInput& input, Config& config) {
  ExporterList list = ParseExporters(input.text);
  const bool is_mixed = list.none && !list.kinds.empty();
  const bool is_empty = !list.none && list.kinds.empty();
  if (input.is_flag && (is_mixed || is_empty || !list.unknown.empty())) {
    return is_mixed ? absl::InvalidArgumentError("expected none to stand alone")
                    : base::MakeStatus(absl::StatusCode::kInvalidArgument, "{}", kExpectedExporters);
  }
  for (const std::string_view unknown : list.unknown) {
    input.warnings.AddBadValue(input.source, unknown, kExpectedExporters, "ignoring this item");
  }
  if (is_mixed) {
    input.warnings.AddBadValue(input.source, input.text, "none stands with other exporters", "ignoring none");
  }
  if (!is_empty) {
    config.exporters = std::move(list.kinds);
  }
  return absl::OkStatus();
}

absl::Status SetEndpoint(const SettingInput& input, OtlpOptions& options) {
  NODESPAN_ASSIGN_OR_RETURN(options.endpoint, ParseEndpoint(input.text));
  const bool is_of_all = input.is_flag || input.source == "OTEL_EXPORTER_OTLP_ENDPOINT";
  options.endpoint_form = is_of_all ? EndpointForm::kBase : EndpointForm::kComplete;
  return absl::OkStatus();
}

// A target of gRPC may have user information, although an address may not.
std::string ShowEndpoint(const OtlpOptions& options) {
  const std::string& endpoint = options.endpoint;
  if (options.endpoint_form == EndpointForm::kDefault && options.protocol == OtlpProtocol::kHttpProtobuf) {
    return "http://localhost:4318";
  }
  const size_t end = endpoint.rfind('@');
  if (end == std::string::npos) {
    return endpoint;
  }
  const size_t slashes = endpoint.find("//");
  const size_t begin = slashes < end ? slashes + 2 : endpoint.find(':') + 1;
  return endpoint.substr(0, begin) + std::string(kSecret) + endpoint.substr(end);
}

absl::Status SetHeaders(const SettingInput& input, OtlpOptions& options) {
  options.headers = ParseHeaders(input.source, input.text, input.warnings);
  return absl::OkStatus();
}

std::string ShowHeaders(const OtlpOptions& options) {
  std::vector<std::string> shown;
  for (const auto& [key, value] : options.headers) {
    shown.push_back(fmt::format("{}={}", key, kSecret));
  }
  return fmt::format("{}", fmt::join(shown, ","));
}

std::string ShowProtocol(OtlpProtocol protocol) {
  return protocol == OtlpProtocol::kHttpProtobuf ? "http/protobuf" : "grpc";
}

constexpr std::array<NamedValue<bool>, 2> kCompressions = {{{"gzip", true}, {"none", false}}};
absl::StatusOr<bool> ParseCompression(std::string_view text) { return ParseEnum<bool>(text, kCompressions); }
std::string ShowCompression(bool gzip) { return gzip ? "gzip" : "none"; }

// Of the options of a signal, whose path is given.
template <auto set, auto show, auto... path>
constexpr SettingValue OfSignal() {
  return {.set = [](const SettingInput& input, Config& config) { return set(input, Field<path...>(config)); },
          .show = [](const Config& config) -> std::string { return show(Field<path...>(config)); }};
}

absl::Status SetMetricsExporter(const SettingInput& input, Config& config) {
  std::vector<std::string> names;
  for (const std::string_view item : SplitList(input.text)) {
    names.push_back(ToLower(item));
  }
  const bool has_otlp = std::find(names.begin(), names.end(), "otlp") != names.end();
  for (const std::string& name : names) {
    if (name == "prometheus") {
      input.warnings.AddBadValue(input.source, name, "NODESPAN_SPAN_METRICS=true serves them at --http-listen",
                                 "ignoring this item");
    } else if (name != "otlp" && name != "none") {
      input.warnings.AddBadValue(input.source, name, "expected otlp or none", "ignoring this item");
    } else if (name == "none" && has_otlp) {
      input.warnings.AddBadValue(input.source, input.text, "none stands with other exporters", "ignoring none");
    }
  }
  config.metrics.exports_otlp = has_otlp;
  return absl::OkStatus();
}

std::string ShowMetricsExporter(const Config& config) { return config.metrics.exports_otlp ? "otlp" : "none"; }

absl::Status SetSampler(const SettingInput& input, Config& config) {
  config.targets.sampler = ReadSampler(input.environment, config.targets.sampler, input.warnings);
  return absl::OkStatus();
}

absl::Status SetSamplerArgument(const SettingInput& input, Config& config) {
  return Lookup(input.environment, "OTEL_TRACES_SAMPLER") ? absl::OkStatus() : SetSampler(input, config);
}

std::string ShowSampler(const Config& config) { return std::string(SamplerName(config.targets.sampler)); }

std::string ShowSamplerArgument(const Config& config) {
  const model::Sampler& sampler = config.targets.sampler;
  return model::HasRatio(sampler.root) ? fmt::format("{}", sampler.ratio) : "";
}

absl::Status SetServiceName(const SettingInput& input, Config& config) {
  if (!base::IsValidUtf8(input.text)) {
    input.warnings.AddBadValue(input.source, input.text, "expected UTF-8 text", "putting U+FFFD for what is not");
  }
  config.targets.service_name = base::ToValidUtf8(input.text);
  return absl::OkStatus();
}

std::string ShowServiceName(const Config& config) { return config.targets.service_name; }

absl::Status SetResourceAttributes(const SettingInput& input, Config& config) {
  absl::StatusOr<ResourceAttributes> parsed = ParseResourceAttributes(input.text);
  if (!parsed.ok()) {
    // The message names the item.
    input.warnings.Add(input.source, base::Message(parsed.status()), "ignoring the whole variable");
    return absl::OkStatus();
  }
  config.targets.resource_attributes = *std::move(parsed);
  return absl::OkStatus();
}

absl::Status SetSemconv(const SettingInput& input, Config& config) {
  model::Semconv& semconv = config.targets.spans.semconv;
  semconv = ParseSemconvOptIn(input.text, semconv, input.warnings);
  return absl::OkStatus();
}

std::string ShowSemconv(const Config& config) { return ShowSemconvOptIn(config.targets.spans.semconv); }

absl::Status SetHttpMethods(const SettingInput& input, Config& config) {
  model::HttpMethods methods = ParseHttpMethods(input.source, input.text, input.warnings);
  if (methods.empty()) {
    return absl::InvalidArgumentError("expected names of methods");
  }
  config.targets.spans.known_http_methods = std::move(methods);
  return absl::OkStatus();
}

std::string ShowHttpMethods(const Config& config) {
  return fmt::format("{}", fmt::join(config.targets.spans.known_http_methods, ","));
}

// Baggage is the program's own affair: nodespan neither reads it nor writes any.
absl::Status SetPropagators(const SettingInput& input, Config& config) {
  bool has_trace_context = false;
  bool has_known = false;
  for (const std::string_view item : SplitList(input.text)) {
    const std::string name = ToLower(item);
    const bool is_known = name == "tracecontext" || name == "baggage" || name == "none";
    has_trace_context |= name == "tracecontext";
    has_known |= is_known;
    if (!is_known) {
      input.warnings.AddBadValue(input.source, item, "only tracecontext and none are implemented",
                                 "ignoring this item");
    }
  }
  if (has_known) {
    config.targets.continues_traces = has_trace_context;
  }
  return absl::OkStatus();
}

std::string ShowPropagators(const Config& config) { return config.targets.continues_traces ? "tracecontext" : "none"; }

// `path` leads to the list of patterns.
template <size_t max_count, size_t max_bytes, auto... path>
constexpr SettingValue Excluded() {
  return {.set = [](const SettingInput& input, Config& config) -> absl::Status {
            Field<path...>(config) = ParsePatterns(input.source, input.text, max_count, max_bytes, input.warnings);
            return absl::OkStatus();
          },
          .show = [](const Config& config) -> std::string { return ShowPatterns(Field<path...>(config)); }};
}

template <std::vector<std::string> CapturedNames::*names>
constexpr SettingValue Captured() {
  return {.set = [](const SettingInput& input, Config& config) -> absl::Status {
            config.captured.*names = ParseCapturedNames(input.source, input.text, input.warnings);
            return absl::OkStatus();
          },
          .show = [](const Config& config) -> std::string {
            return fmt::format("{}", fmt::join(config.captured.*names, ","));
          }};
}

}  // namespace

const SettingValue kExecutables = {SetExecutable, ShowExecutables};
const SettingValue kExporters = {SetExporters, [](const Config& config) { return ShowExporters(config.exporters); }};
const SettingValue kEndpoint = OfSignal<SetEndpoint, ShowEndpoint, &Config::otlp>();
const SettingValue kHeaders = OfSignal<SetHeaders, ShowHeaders, &Config::otlp>();
const SettingValue kProtocol = Parsed<ParseOtlpProtocol, ShowProtocol, &Config::otlp, &OtlpOptions::protocol>();
const SettingValue kCompression = Parsed<ParseCompression, ShowCompression, &Config::otlp, &OtlpOptions::gzip>();
const SettingValue kMetricsExporter = {SetMetricsExporter, ShowMetricsExporter};
const SettingValue kMetricsEndpoint = OfSignal<SetEndpoint, ShowEndpoint, &Config::metrics, &MetricsOptions::otlp>();
const SettingValue kMetricsHeaders = OfSignal<SetHeaders, ShowHeaders, &Config::metrics, &MetricsOptions::otlp>();
const SettingValue kMetricsProtocol =
    Parsed<ParseOtlpProtocol, ShowProtocol, &Config::metrics, &MetricsOptions::otlp, &OtlpOptions::protocol>();
const SettingValue kMetricsCompression =
    Parsed<ParseCompression, ShowCompression, &Config::metrics, &MetricsOptions::otlp, &OtlpOptions::gzip>();
const SettingValue kSampler = {SetSampler, ShowSampler};
const SettingValue kSamplerArgument = {SetSamplerArgument, ShowSamplerArgument};
const SettingValue kServiceName = {SetServiceName, ShowServiceName};
const SettingValue kResourceAttributes = {SetResourceAttributes, [](const Config& config) {
                                            return ShowResourceAttributes(config.targets.resource_attributes);
                                          }};
const SettingValue kSemconv = {SetSemconv, ShowSemconv};
const SettingValue kPropagators = {SetPropagators, ShowPropagators};
const SettingValue kExcludedPaths = Excluded<model::kMaxPathPatterns, model::kMaxPatternBytes, &Config::targets,
                                             &TargetOptions::exclusions, &model::Exclusions::paths>();
const SettingValue kExcludedUserAgents =
    Excluded<model::kMaxUserAgentPatterns, model::kMaxPatternBytes, &Config::targets, &TargetOptions::exclusions,
             &model::Exclusions::user_agents>();
const SettingValue kExcludedNames = Excluded<model::kMaxNamePatterns, model::kMaxNamePatternBytes, &Config::targets,
                                             &TargetOptions::spans, &model::SpanOptions::excluded_names>();
const SettingValue kHttpMethods = {SetHttpMethods, ShowHttpMethods};
const SettingValue kHttpRequestHeaders = Captured<&CapturedNames::http_request_headers>();
const SettingValue kGrpcRequestMetadata = Captured<&CapturedNames::grpc_request_metadata>();

}  // namespace nodespan::config
