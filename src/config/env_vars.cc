// SPDX-License-Identifier: Apache-2.0
#include "config/env_vars.h"

#include <algorithm>
#include <array>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "config/captured_names.h"
#include "config/env_value.h"
#include "config/exclusion_patterns.h"
#include "config/option_values.h"
#include "config/otlp_options.h"
#include "config/resource_attributes.h"
#include "config/sampler_options.h"
#include "config/semconv_opt_in.h"
#include "model/exclusions.h"

namespace nodespan::config {
namespace {

void WarnBadValue(const EnvSetting& setting, const absl::Status& problem, std::string_view used) {
  setting.warnings.AddBadValue(setting.name, setting.value, base::Message(problem), fmt::format("using {}", used));
}

// Everything that is not `true` is false, whatever it was before (SPEC 1.1).
absl::Status SetBool(const EnvSetting& setting, bool& target) {
  absl::StatusOr<bool> parsed = ParseBool(setting.value);
  if (!parsed.ok()) {
    WarnBadValue(setting, parsed.status(), "false");
  }
  target = parsed.value_or(false);
  return absl::OkStatus();
}

absl::Status SetGoBool(const EnvSetting& setting, bool& target) {
  absl::StatusOr<bool> parsed = ParseGoBool(setting.value);
  if (!parsed.ok()) {
    WarnBadValue(setting, parsed.status(), "false");
  }
  target = parsed.value_or(false);
  return absl::OkStatus();
}

absl::Status SetCount(const EnvSetting& setting, size_t& target) {
  absl::StatusOr<int64_t> parsed = ParseInteger(setting.value, 1);
  if (!parsed.ok()) {
    WarnBadValue(setting, parsed.status(), fmt::to_string(target));
    return absl::OkStatus();
  }
  target = static_cast<size_t>(*parsed);
  return absl::OkStatus();
}

absl::Status SetTime(const EnvSetting& setting, const absl::StatusOr<absl::Duration>& parsed, absl::Duration& target) {
  if (!parsed.ok()) {
    WarnBadValue(setting, parsed.status(), fmt::format("{} ms", absl::ToInt64Milliseconds(target)));
    return absl::OkStatus();
  }
  target = *parsed;
  return absl::OkStatus();
}

absl::Status SetText(const EnvSetting& setting, std::string& target) {
  target = std::string(setting.value);
  return absl::OkStatus();
}

absl::Status SetLogLevel(const EnvSetting& setting) {
  absl::StatusOr<base::LogLevel> parsed = ParseLogLevel(setting.value);
  if (!parsed.ok()) {
    WarnBadValue(setting, parsed.status(), "info");
    return absl::OkStatus();
  }
  setting.config.log_level = *parsed;
  return absl::OkStatus();
}

absl::Status SetResourceAttributes(const EnvSetting& setting) {
  absl::StatusOr<ResourceAttributes> parsed = ParseResourceAttributes(setting.value);
  if (!parsed.ok()) {
    setting.warnings.Add(setting.name, base::Message(parsed.status()), "ignoring the whole variable");
    return absl::OkStatus();
  }
  setting.config.resource_attributes = *std::move(parsed);
  return absl::OkStatus();
}

// Of the pair, the argument is handled together with the sampler's name when that is set.
absl::Status SetSampler(const EnvSetting& setting) {
  setting.config.sampler = ReadSampler(setting.environment, setting.config.sampler, setting.warnings);
  return absl::OkStatus();
}

absl::Status SetSamplerArgument(const EnvSetting& setting) {
  return Lookup(setting.environment, "OTEL_TRACES_SAMPLER") ? absl::OkStatus() : SetSampler(setting);
}

absl::Status SetSemconv(const EnvSetting& setting) {
  setting.config.semconv = ParseSemconvOptIn(setting.value, setting.config.semconv, setting.warnings);
  return absl::OkStatus();
}

absl::Status SetCapturedNames(const EnvSetting& setting, std::vector<std::string>& names) {
  names = ParseCapturedNames(setting.name, setting.value, setting.warnings);
  return absl::OkStatus();
}

absl::Status SetExporters(const EnvSetting& setting) {
  ExporterList list = ParseExporters(setting.value);
  for (std::string_view unknown : list.unknown) {
    setting.warnings.AddBadValue(setting.name, unknown, kExpectedExporters, "ignoring this item");
  }
  if (list.none && !list.kinds.empty()) {
    setting.warnings.AddBadValue(setting.name, setting.value, "none stands with other exporters", "ignoring none");
  }
  if (list.none || !list.kinds.empty()) {
    setting.config.exporters = std::move(list.kinds);
  }
  return absl::OkStatus();
}

absl::Status SetEndpoint(const EnvSetting& setting) {
  absl::StatusOr<std::string> endpoint = ParseEndpoint(setting.value);
  if (!endpoint.ok()) {
    // The value is not repeated: it may hold a password.
    const bool is_default = setting.config.otlp.endpoint_form == EndpointForm::kDefault;
    setting.warnings.Add(
        setting.name, base::Message(endpoint.status()),
        fmt::format("using {}{}", setting.config.otlp.endpoint, is_default ? " (port 4318 with http/protobuf)" : ""));
    return absl::OkStatus();
  }
  setting.config.otlp.endpoint = *std::move(endpoint);
  const bool is_of_traces = setting.name == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
  setting.config.otlp.endpoint_form = is_of_traces ? EndpointForm::kComplete : EndpointForm::kBase;
  return absl::OkStatus();
}

absl::Status SetInsecure(const EnvSetting& setting) { return SetBool(setting, setting.config.otlp.insecure); }

absl::Status SetProtocol(const EnvSetting& setting) {
  absl::StatusOr<OtlpProtocol> protocol = ParseOtlpProtocol(setting.value);
  if (!protocol.ok()) {
    const bool is_grpc = setting.config.otlp.protocol == OtlpProtocol::kGrpc;
    WarnBadValue(setting, protocol.status(), is_grpc ? "grpc" : "http/protobuf");
    return absl::OkStatus();
  }
  setting.config.otlp.protocol = *protocol;
  return absl::OkStatus();
}

absl::Status SetHeaders(const EnvSetting& setting) {
  setting.config.otlp.headers = ParseHeaders(setting.name, setting.value, setting.warnings);
  return absl::OkStatus();
}

absl::Status SetCompression(const EnvSetting& setting) {
  constexpr std::array<NamedValue<bool>, 2> kCompressions = {{{"gzip", true}, {"none", false}}};
  absl::StatusOr<bool> gzip = ParseEnum<bool>(setting.value, kCompressions);
  if (!gzip.ok()) {
    WarnBadValue(setting, gzip.status(), setting.config.otlp.gzip ? "gzip" : "none");
    return absl::OkStatus();
  }
  setting.config.otlp.gzip = *gzip;
  return absl::OkStatus();
}

absl::Status SetTimeout(const EnvSetting& setting) {
  return SetTime(setting, ParseTimeout(setting.value), setting.config.otlp.timeout);
}

absl::Status SetCertificate(const EnvSetting& setting) { return SetText(setting, setting.config.otlp.tls.ca_file); }

absl::Status SetClientCertificate(const EnvSetting& setting) {
  return SetText(setting, setting.config.otlp.tls.client_cert_file);
}

absl::Status SetClientKey(const EnvSetting& setting) {
  return SetText(setting, setting.config.otlp.tls.client_key_file);
}

// A wrong pid ends the program: the next best target would be somebody else's process.
absl::Status SetTargetPid(const EnvSetting& setting) {
  absl::StatusOr<pid_t> pid = ParsePid(setting.value);
  if (!pid.ok()) {
    return base::MakeStatus(absl::StatusCode::kInvalidArgument, "{}={}: {}; correct it or remove the variable",
                            setting.name, Quote(setting.value), base::Message(pid.status()));
  }
  setting.config.selection.pids.push_back(*pid);
  return absl::OkStatus();
}

// For values without which nodespan would do something else than what it was told.
absl::Status FatalBadValue(const EnvSetting& setting, const absl::Status& problem) {
  return base::MakeStatus(absl::StatusCode::kInvalidArgument, "{}={}: {}; correct it or remove the variable",
                          setting.name, Quote(setting.value), base::Message(problem));
}

absl::Status SetPodSource(const EnvSetting& setting) {
  absl::StatusOr<PodSourceKind> parsed = ParsePodSource(setting.value);
  if (!parsed.ok()) {
    WarnBadValue(setting, parsed.status(), "auto");
    return absl::OkStatus();
  }
  setting.config.pods.source = *parsed;
  return absl::OkStatus();
}

absl::Status SetNamespaces(const EnvSetting& setting, std::vector<std::string>& target) {
  for (std::string_view item : SplitList(setting.value)) {
    absl::StatusOr<std::string> name = ParseNamespace(item);
    if (!name.ok()) {
      return FatalBadValue(setting, name.status());
    }
    target.push_back(*std::move(name));
  }
  return absl::OkStatus();
}

absl::Status SetCriSocket(const EnvSetting& setting) {
  absl::StatusOr<std::string> path = ParseSocketPath(setting.value);
  if (!path.ok()) {
    return FatalBadValue(setting, path.status());
  }
  setting.config.pods.cri_socket = *std::move(path);
  return absl::OkStatus();
}

absl::Status SetHttpListen(const EnvSetting& setting) {
  absl::StatusOr<ListenAddress> address = ParseListenAddress(setting.value);
  if (!address.ok()) {
    return FatalBadValue(setting, address.status());
  }
  setting.config.http_listen = *std::move(address);
  return absl::OkStatus();
}

constexpr EnvVar kEnvVars[] = {
    {"OTEL_GO_AUTO_TARGET_EXE", "", "trace processes whose executable path matches this glob, as --exe",
     [](const EnvSetting& s) {
       s.config.selection.exe_globs.emplace_back(s.value);
       return absl::OkStatus();
     }},
    {"OTEL_GO_AUTO_TARGET_PID", "", "trace this process, as --pid", SetTargetPid},
    {"NODESPAN_POD_SOURCE", "auto",
     "kubernetes (API server), cri (container runtime) or none; auto takes the first that is there", SetPodSource},
    {"NODESPAN_POD_SELECTOR", "nodespan.io/trace=enabled", "label selector of pods to trace",
     [](const EnvSetting& s) { return SetText(s, s.config.pods.selector); }},
    {"NODESPAN_NAMESPACES", "", "only pods of these namespaces, with commas (all when not set)",
     [](const EnvSetting& s) { return SetNamespaces(s, s.config.pods.namespaces); }},
    {"NODESPAN_EXCLUDE_NAMESPACES", "", "no pods of these namespaces, with commas",
     [](const EnvSetting& s) { return SetNamespaces(s, s.config.pods.exclude_namespaces); }},
    {"NODESPAN_CRI_SOCKET", "", "socket of the container runtime (the usual places when not set)", SetCriSocket},
    {"NODESPAN_USE_LABELS_FOR_RESOURCE_ATTRIBUTES", "false",
     "true: labels app.kubernetes.io/instance, /name and /version name services",
     [](const EnvSetting& s) { return SetBool(s, s.config.pods.uses_labels_for_identity); }},
    {"NODESPAN_SERVICE_ACCOUNT_DIR", "/var/run/secrets/kubernetes.io/serviceaccount",
     "folder with token and ca.crt for the API server",
     [](const EnvSetting& s) { return SetText(s, s.config.pods.service_account_dir); }},
    {"NODE_NAME", "", "name of this node in Kubernetes (spec.nodeName)",
     [](const EnvSetting& s) { return SetText(s, s.config.pods.node_name); }},
    {"POD_UID", "", "uid of nodespan's own pod, which is not traced",
     [](const EnvSetting& s) { return SetText(s, s.config.pods.own_pod_uid); }},
    {"KUBERNETES_SERVICE_HOST", "", "the API server; Kubernetes sets it",
     [](const EnvSetting& s) { return SetText(s, s.config.pods.api_host); }},
    {"KUBERNETES_SERVICE_PORT", "443", "its port; Kubernetes sets it",
     [](const EnvSetting& s) { return SetText(s, s.config.pods.api_port); }},
    {"NODESPAN_HTTP_LISTEN", "", "ADDRESS:PORT of /healthz, /readyz and /metrics (off when not set)", SetHttpListen},
    {"OTEL_SDK_DISABLED", "false", "true: emit no telemetry",
     [](const EnvSetting& s) { return SetBool(s, s.config.sdk_disabled); }},
    {"OTEL_LOG_LEVEL", "info", "debug, info, warn, error or none", SetLogLevel},
    {"OTEL_SERVICE_NAME", "", "service.name of targets that do not set their own",
     [](const EnvSetting& s) { return SetText(s, s.config.service_name); }},
    {"OTEL_RESOURCE_ATTRIBUTES", "", "key=value,...: attributes of targets that do not set their own",
     SetResourceAttributes},
    {"OTEL_TRACES_SAMPLER", "parentbased_always_on",
     "[parentbased_]always_on, [parentbased_]always_off or [parentbased_]traceidratio", SetSampler},
    {"OTEL_TRACES_SAMPLER_ARG", "", "the ratio of traceidratio, 0 to 1 (1 when not set)", SetSamplerArgument},
    {"OTEL_SEMCONV_STABILITY_OPT_IN", "http,database,rpc/old,messaging",
     "attribute names per category: x (new), x/old, x/dup (both)", SetSemconv},
    {"OTEL_TRACES_EXPORTER", "otlp", "otlp, console, otlp/stdout or none; several with commas", SetExporters},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317",
     "http://HOST:PORT, https://HOST:PORT or a gRPC target; with http/protobuf port 4318, and /v1/traces is appended",
     SetEndpoint},
    {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", "the same, wins, and nothing is appended", SetEndpoint},
    {"OTEL_EXPORTER_OTLP_INSECURE", "false", "true: no TLS when the endpoint has no http or https scheme", SetInsecure},
    {"OTEL_EXPORTER_OTLP_SPAN_INSECURE", "", "the same, obsolete name", SetInsecure},
    {"OTEL_EXPORTER_OTLP_TRACES_INSECURE", "", "the same, wins", SetInsecure},
    {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "grpc or http/protobuf", SetProtocol},
    {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "", "the same, wins", SetProtocol},
    {"OTEL_EXPORTER_OTLP_HEADERS", "", "key=value,...: sent with every request", SetHeaders},
    {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "", "the same, wins", SetHeaders},
    {"OTEL_EXPORTER_OTLP_COMPRESSION", "none", "gzip or none", SetCompression},
    {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "", "the same, wins", SetCompression},
    {"OTEL_EXPORTER_OTLP_TIMEOUT", "10000", "milliseconds for one batch, retries included; 0: no limit", SetTimeout},
    {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "", "the same, wins", SetTimeout},
    {"OTEL_EXPORTER_OTLP_CERTIFICATE", "", "PEM file of trusted authorities (system roots when not set)",
     SetCertificate},
    {"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "", "the same, wins", SetCertificate},
    {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "", "PEM file of our certificate, for mutual TLS", SetClientCertificate},
    {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "", "the same, wins", SetClientCertificate},
    {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "", "PEM file of its key", SetClientKey},
    {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "", "the same, wins", SetClientKey},
    {"OTEL_BSP_SCHEDULE_DELAY", "5000", "milliseconds between exports",
     [](const EnvSetting& s) { return SetTime(s, ParseDuration(s.value), s.config.batch.schedule_delay); }},
    {"OTEL_BSP_EXPORT_TIMEOUT", "30000", "milliseconds for one export, retries included; 0: no limit",
     [](const EnvSetting& s) { return SetTime(s, ParseTimeout(s.value), s.config.batch.export_timeout); }},
    {"OTEL_BSP_MAX_QUEUE_SIZE", "2048", "spans that wait for export; the oldest beyond it are dropped and counted",
     [](const EnvSetting& s) { return SetCount(s, s.config.batch.max_queue_size); }},
    {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512", "spans in one request",
     [](const EnvSetting& s) { return SetCount(s, s.config.batch.max_export_batch_size); }},
    {"OTEL_GO_AUTO_INCLUDE_DB_STATEMENT", "false", "true: spans of databases have the statement, its literals replaced",
     [](const EnvSetting& s) { return SetGoBool(s, s.config.include_db_statement); }},
    {"OTEL_GO_AUTO_GLOBAL", "true", "false: spans that programs make through the OpenTelemetry API are not traced",
     [](const EnvSetting& s) { return SetGoBool(s, s.config.traces_api_spans); }},
    {"NODESPAN_SPAN_METRICS", "false",
     "true: /metrics has counts and durations of all operations, sampled or not, by service, span name and status",
     [](const EnvSetting& s) { return SetBool(s, s.config.span_metrics); }},
    {kExcludePaths, "",
     "/path,/prefix/*,...: requests that are not traced, nor what they cause; of gRPC /package.Service/Method; at most "
     "8, "
     "of up to 39 bytes",
     [](const EnvSetting& s) {
       s.config.exclusions.paths = ParsePatterns(s.name, s.value, model::kMaxPathPatterns, s.warnings);
       return absl::OkStatus();
     }},
    {kExcludeUserAgents, "kube-probe/*", "the same by the user agent; none: all are traced",
     [](const EnvSetting& s) {
       s.config.exclusions.user_agents = ParsePatterns(s.name, s.value, model::kMaxUserAgentPatterns, s.warnings);
       return absl::OkStatus();
     }},
    {"OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS", "",
     "name,...: headers of requests that the spans of servers show; at most 8, of up to 40 bytes",
     [](const EnvSetting& s) { return SetCapturedNames(s, s.config.captured.http_request_headers); }},
    {"OTEL_INSTRUMENTATION_GRPC_CAPTURE_METADATA_SERVER_REQUEST", "",
     "name,...: the same for the metadata of gRPC calls",
     [](const EnvSetting& s) { return SetCapturedNames(s, s.config.captured.grpc_request_metadata); }},
    {"OTEL_GO_AUTO_SHOW_VERIFIER_LOG", "false", "true: print the kernel's whole log when it refuses a BPF program",
     [](const EnvSetting& s) { return SetGoBool(s, s.config.show_verifier_log); }},
};

// Of the OpenTelemetry specification or of the Go auto-instrumentation, about traces, and not implemented here.
constexpr std::string_view kNotImplemented[] = {
    "OTEL_CONFIG_FILE",
    "OTEL_PROPAGATORS",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS",
    "OTEL_GO_AUTO_PARSE_DB_STATEMENT",
    "OTEL_GO_AUTO_RESOURCE_DETECTORS",
};

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

void RequireBothOfKeyPair(const Environment& environment, TlsOptions& tls, Warnings& warnings) {
  if (tls.client_cert_file.empty() == tls.client_key_file.empty()) {
    return;
  }
  bool has_key = tls.client_cert_file.empty();
  std::string_view present = has_key ? "CLIENT_KEY" : "CLIENT_CERTIFICATE";
  std::string_view missing = has_key ? "CLIENT_CERTIFICATE" : "CLIENT_KEY";
  std::string name = fmt::format("OTEL_EXPORTER_OTLP_TRACES_{}", present);
  if (!Lookup(environment, name)) {
    name = fmt::format("OTEL_EXPORTER_OTLP_{}", present);
  }
  warnings.Add(name, fmt::format("mutual TLS needs OTEL_EXPORTER_OTLP_{} as well", missing), "ignoring it");
  tls.client_cert_file.clear();
  tls.client_key_file.clear();
}

}  // namespace

std::span<const EnvVar> EnvVars() { return kEnvVars; }

absl::Status ApplyEnvironment(const Environment& environment, Config& config, Warnings& warnings) {
  for (const EnvVar& variable : kEnvVars) {
    std::optional<std::string_view> value = Lookup(environment, variable.name);
    if (!value) {
      continue;
    }
    absl::Status applied = variable.apply({variable.name, *value, environment, config, warnings});
    if (!applied.ok()) {
      return applied;
    }
  }
  FitBatchIntoQueue(environment, config.batch, warnings);
  RequireBothOfKeyPair(environment, config.otlp.tls, warnings);
  for (std::string_view name : kNotImplemented) {
    if (Lookup(environment, name)) {
      warnings.Add(name, "nodespan does not implement it", "ignoring it");
    }
  }
  return absl::OkStatus();
}

}  // namespace nodespan::config
