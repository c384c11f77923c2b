// SPDX-License-Identifier: Apache-2.0
#include "config/settings.h"

#include <algorithm>
#include <optional>

#include "config/env_value.h"
#include "config/option_values.h"
#include "config/setting_kinds.h"
#include "config/special_settings.h"

namespace nodespan::config {
namespace {

using model::SpanLimits;

template <auto limit>
constexpr SettingValue Limit() {
  return CountLimit<&Config::targets, &TargetOptions::spans, &model::SpanOptions::limits, limit>();
}

absl::StatusOr<int64_t> ParseLength(std::string_view text) { return ParseInteger(text, 0); }
std::string ShowLength(std::optional<size_t> length) { return length ? ShowNumber(*length) : ""; }

const Setting kSettings[] = {
    {.section = Section::kSelection,
     .flag = "--pid",
     .flag_kind = FlagKind::kRepeated,
     .variables = {"OTEL_GO_AUTO_TARGET_PID"},
     .takes = "N",
     .help = "Trace the process with this id",
     .value = ListOf<ParsePid, &Config::selection, &Selection::pids>(),
     .must_be_right = true},
    {.section = Section::kSelection,
     .flag = "--exe",
     .flag_kind = FlagKind::kRepeated,
     .variables = {"OTEL_GO_AUTO_TARGET_EXE"},
     .takes = "GLOB",
     .help = "Trace processes whose executable path matches this glob, '*' also matching '/'; without any '/' the glob "
             "is matched against the file name",
     .value = kExecutables},
    {.section = Section::kSelection,
     .flag = "--all",
     .flag_kind = FlagKind::kSwitch,
     .takes = "true|false",
     .help = "Trace every Go process of this machine",
     .value = Boolean<&Config::selection, &Selection::all>()},

    {.section = Section::kPods,
     .flag = "--pod-source",
     .variables = {"NODESPAN_POD_SOURCE"},
     .takes = "auto|kubernetes|cri|none",
     .help = "Where pods come from: the API server, the container runtime of this machine, or nowhere; auto takes the "
             "first of them that is there",
     .value = Parsed<ParsePodSource, ShowPodSource, &Config::pods, &PodOptions::source>()},
    {.section = Section::kPods,
     .flag = "--pod-selector",
     .variables = {"NODESPAN_POD_SELECTOR"},
     .takes = "SELECTOR",
     .help = "Trace pods with these labels, written as for kubectl; pods with the label nodespan.io/trace=disabled are "
             "never traced",
     .value = Text<&Config::pods, &PodOptions::selector>()},
    {.section = Section::kPods,
     .flag = "--namespace",
     .flag_kind = FlagKind::kRepeated,
     .variables = {"NODESPAN_NAMESPACES"},
     .takes = "NAME,...",
     .help = "Trace pods of these namespaces only",
     .value = ListOf<ParseNamespace, &Config::pods, &PodOptions::namespaces>(),
     .must_be_right = true},
    {.section = Section::kPods,
     .flag = "--exclude-namespace",
     .flag_kind = FlagKind::kRepeated,
     .variables = {"NODESPAN_EXCLUDE_NAMESPACES"},
     .takes = "NAME,...",
     .help = "Trace no pods of these namespaces",
     .value = ListOf<ParseNamespace, &Config::pods, &PodOptions::exclude_namespaces>(),
     .must_be_right = true},
    {.section = Section::kPods,
     .flag = "--cri-socket",
     .variables = {"NODESPAN_CRI_SOCKET"},
     .takes = "PATH",
     .help = "Socket of the container runtime; without it the usual places are looked at",
     .value = Parsed<ParseSocketPath, ShowText, &Config::pods, &PodOptions::cri_socket>(),
     .must_be_right = true},
    {.section = Section::kPods,
     .flag = "--node-name",
     .variables = {"NODE_NAME"},
     .takes = "NAME",
     .help = "Name of this node in Kubernetes (spec.nodeName)",
     .value = Text<&Config::pods, &PodOptions::node_name>()},
    {.section = Section::kPods,
     .variables = {"POD_UID"},
     .takes = "UID",
     .help = "The pod of nodespan itself, which is not traced; without it the cgroup tells",
     .value = Text<&Config::pods, &PodOptions::own_pod_uid>()},
    {.section = Section::kPods,
     .variables = {"NODESPAN_SERVICE_ACCOUNT_DIR"},
     .takes = "PATH",
     .help = "Folder with token and ca.crt for the API server",
     .value = Text<&Config::pods, &PodOptions::service_account_dir>()},
    {.section = Section::kPods,
     .variables = {"KUBERNETES_SERVICE_HOST"},
     .takes = "HOST",
     .help = "The API server; Kubernetes sets it",
     .value = Text<&Config::pods, &PodOptions::api_host>()},
    {.section = Section::kPods,
     .variables = {"KUBERNETES_SERVICE_PORT"},
     .takes = "PORT",
     .help = "Port of the API server; Kubernetes sets it",
     .value = Text<&Config::pods, &PodOptions::api_port>()},

    {.section = Section::kIdentity,
     .variables = {"OTEL_SERVICE_NAME"},
     .takes = "NAME",
     .help = "service.name; node-wide for programs that have no name of their own",
     .value = kServiceName,
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kIdentity,
     .variables = {"OTEL_RESOURCE_ATTRIBUTES"},
     .takes = "KEY=VALUE,...",
     .help =
         "Resource attributes, %XX being decoded; node-wide those that programs do not set themselves. One bad item "
         "discards the whole variable",
     .value = kResourceAttributes,
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kIdentity,
     .variables = {"NODESPAN_USE_LABELS_FOR_RESOURCE_ATTRIBUTES"},
     .takes = "true|false",
     .help = "Labels app.kubernetes.io/instance, /name and /version of pods name services",
     .value = Boolean<&Config::pods, &PodOptions::uses_labels_for_identity>()},

    {.section = Section::kSpans,
     .variables = {"OTEL_SDK_DISABLED"},
     .takes = "true|false",
     .help = "No spans: of this program, or node-wide of any",
     .value = Boolean<&Config::targets, &TargetOptions::sdk_disabled>(),
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_TRACES_SAMPLER"},
     .takes = "[parentbased_]always_on|...always_off|...traceidratio|...consistent_probability",
     .help = "Which traces are recorded, decided in the kernel; consistent_probability, a name of nodespan's own, "
             "decides by "
             "the randomness of a trace and writes the threshold into the tracestate (ot=th), also of the spans within",
     .value = kSampler,
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_TRACES_SAMPLER_ARG"},
     .takes = "0...1",
     .help = "The ratio of traceidratio and consistent_probability, 1 when not set; without OTEL_TRACES_SAMPLER beside "
             "it it has no effect",
     .value = kSamplerArgument,
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_SEMCONV_STABILITY_OPT_IN"},
     .takes = "CATEGORY[/old|/dup],...",
     .help =
         "Names of attributes for http, database, rpc and messaging: the new ones, the old ones or both; a category "
         "that is not in the list keeps its default",
     .value = kSemconv,
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_PROPAGATORS"},
     .takes = "tracecontext,...",
     .help = "Context of incoming requests: traceparent and tracestate are read, whatever the list says",
     .value = kPropagators,
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_GO_AUTO_INCLUDE_DB_STATEMENT"},
     .takes = "true|false",
     .help = "Spans of databases have the statement, its literals replaced",
     .value = Parsed<ParseGoBool, ShowBool, &Config::targets, &TargetOptions::spans,
                     &model::SpanOptions::include_db_statement>(),
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_GO_AUTO_PARSE_DB_STATEMENT"},
     .takes = "true|false",
     .help =
         "Spans of databases have operation and table, which are read from the statement, also when that is not shown",
     .value = Parsed<ParseGoBool, ShowBool, &Config::targets, &TargetOptions::spans,
                     &model::SpanOptions::parse_db_statement>(),
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"},
     .takes = "N",
     .help = "Attributes of a span; what is beyond a limit is counted in the span as dropped. Limits are at most 1024",
     .value = Limit<&SpanLimits::attribute_count>(),
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_SPAN_EVENT_COUNT_LIMIT"},
     .takes = "N",
     .help = "Events of a span",
     .value = Limit<&SpanLimits::event_count>(),
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_SPAN_LINK_COUNT_LIMIT"},
     .takes = "N",
     .help = "Links of a span",
     .value = Limit<&SpanLimits::link_count>(),
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"},
     .takes = "N",
     .help = "Attributes of an event",
     .value = Limit<&SpanLimits::event_attribute_count>(),
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"},
     .takes = "N",
     .help = "Attributes of a link",
     .value = Limit<&SpanLimits::link_attribute_count>(),
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"},
     .takes = "N",
     .help =
         "Characters of a text in an attribute of a span, an event or a link, also in a list; unlimited when not set",
     .value = Parsed<ParseLength, ShowLength, &Config::targets, &TargetOptions::spans, &model::SpanOptions::limits,
                     &SpanLimits::value_length>(),
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_GO_AUTO_GLOBAL"},
     .takes = "true|false",
     .help = "Spans that programs make through the OpenTelemetry API are traced",
     .value = Parsed<ParseGoBool, ShowBool, &Config::targets, &TargetOptions::traces_api_spans>(),
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .flag = "--self-exporting",
     .takes = "skip|trace",
     .help = "Programs that export spans with an OpenTelemetry SDK of their own: skip lets go of them as soon as they "
             "do, trace keeps them, although there may be two spans of one operation",
     .value = Parsed<ParseSelfExporting, ShowSelfExporting, &Config::self_exporting>()},
    {.section = Section::kSpans,
     .variables = {"NODESPAN_EXCLUDE_PATHS"},
     .takes = "/PATH,/PREFIX*,...",
     .help =
         "Requests that are not traced, nor what they cause; of gRPC /package.Service/Method; at most 8, of up to 39 "
         "bytes",
     .value = kExcludedPaths,
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"NODESPAN_EXCLUDE_USER_AGENTS"},
     .takes = "NAME,PREFIX*,...",
     .help = "The same by the user agent; none: requests of all are traced",
     .value = kExcludedUserAgents,
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"},
     .takes = "NAME,...",
     .help = "HTTP methods that spans name, in exactly these letters; any other is _OTHER, with the real one in "
             "http.request.method_original. At most 64",
     .value = kHttpMethods,
     .scope = Scope::kNodeAndTarget},
    {.section = Section::kSpans,
     .variables = {"OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS"},
     .takes = "NAME,...",
     .help = "Headers of requests that the spans of servers show; at most 8, of up to 40 bytes",
     .value = kHttpRequestHeaders},
    {.section = Section::kSpans,
     .variables = {"OTEL_INSTRUMENTATION_GRPC_CAPTURE_METADATA_SERVER_REQUEST"},
     .takes = "NAME,...",
     .help = "The same for the metadata of gRPC calls",
     .value = kGrpcRequestMetadata},

    {.section = Section::kExport,
     .flag = "--exporter",
     .variables = {"OTEL_TRACES_EXPORTER"},
     .takes = "otlp|otlp/stdout|console|none,...",
     .help = "Where spans go: to a collector, to standard output as one OTLP/JSON request per line or as trees for a "
             "terminal, or nowhere",
     .value = kExporters},
    {.section = Section::kExport,
     .variables = {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"},
     .takes = "grpc|http/protobuf",
     .help = "How spans travel",
     .value = kProtocol},
    {.section = Section::kExport,
     .flag = "--endpoint",
     .variables = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"},
     .takes = "URL",
     .help = "Collector for otlp: http://HOST:PORT, https://HOST:PORT, HOST:PORT or another target of gRPC, such as "
             "unix:PATH. With http/protobuf the port is 4318 by default, and /v1/traces is appended unless "
             "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT says it",
     .value = kEndpoint,
     .is_secret = true},
    {.section = Section::kExport,
     .variables = {"OTEL_EXPORTER_OTLP_TRACES_INSECURE", "OTEL_EXPORTER_OTLP_SPAN_INSECURE",
                   "OTEL_EXPORTER_OTLP_INSECURE"},
     .takes = "true|false",
     .help =
         "No TLS when the endpoint has no http or https scheme; OTEL_EXPORTER_OTLP_SPAN_INSECURE is an obsolete name",
     .value = Boolean<&Config::otlp, &OtlpOptions::insecure>()},
    {.section = Section::kExport,
     .variables = {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"},
     .takes = "KEY=VALUE,...",
     .help = "Sent with every request, %XX of values being decoded",
     .value = kHeaders,
     .is_secret = true},
    {.section = Section::kExport,
     .variables = {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"},
     .takes = "gzip|none",
     .help = "Compression of requests",
     .value = kCompression},
    {.section = Section::kExport,
     .variables = {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"},
     .takes = "MILLISECONDS",
     .help = "For one batch, retries included; 0: no limit",
     .value = Parsed<ParseTimeout, ShowMilliseconds, &Config::otlp, &OtlpOptions::timeout>()},
    {.section = Section::kExport,
     .variables = {"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"},
     .takes = "PATH",
     .help = "PEM file of trusted authorities; without it those of the system",
     .value = Text<&Config::otlp, &OtlpOptions::tls, &TlsOptions::ca_file>()},
    {.section = Section::kExport,
     .variables = {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"},
     .takes = "PATH",
     .help = "PEM file of nodespan's own certificate, for mutual TLS; its key is needed as well",
     .value = Text<&Config::otlp, &OtlpOptions::tls, &TlsOptions::client_cert_file>()},
    {.section = Section::kExport,
     .variables = {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY"},
     .takes = "PATH",
     .help = "PEM file of the key of that certificate",
     .value = Text<&Config::otlp, &OtlpOptions::tls, &TlsOptions::client_key_file>()},
    {.section = Section::kExport,
     .variables = {"OTEL_BSP_SCHEDULE_DELAY"},
     .takes = "MILLISECONDS",
     .help = "Time between exports",
     .value = Parsed<ParseDuration, ShowMilliseconds, &Config::batch, &BatchOptions::schedule_delay>()},
    {.section = Section::kExport,
     .variables = {"OTEL_BSP_EXPORT_TIMEOUT"},
     .takes = "MILLISECONDS",
     .help = "For one export, retries included; 0: no limit",
     .value = Parsed<ParseTimeout, ShowMilliseconds, &Config::batch, &BatchOptions::export_timeout>()},
    {.section = Section::kExport,
     .variables = {"OTEL_BSP_MAX_QUEUE_SIZE"},
     .takes = "N",
     .help = "Spans that wait for export, 1 or more; the oldest beyond it are dropped and counted",
     .value = Parsed<ParseCount, ShowNumber, &Config::batch, &BatchOptions::max_queue_size>()},
    {.section = Section::kExport,
     .variables = {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE"},
     .takes = "N",
     .help = "Spans in one request, 1 or more, at most as many as wait",
     .value = Parsed<ParseCount, ShowNumber, &Config::batch, &BatchOptions::max_export_batch_size>()},

    {.section = Section::kProcess,
     .flag = "--log-level",
     .variables = {"OTEL_LOG_LEVEL"},
     .takes = "debug|info|warn|error|none",
     .help = "What nodespan says on standard error",
     .value = Parsed<ParseLogLevel, ShowLogLevel, &Config::log_level>()},
    {.section = Section::kProcess,
     .flag = "--http-listen",
     .variables = {"NODESPAN_HTTP_LISTEN"},
     .takes = "ADDRESS:PORT",
     .help = "Serve /healthz, /readyz and /metrics there; without it nothing is served",
     .value = Parsed<ParseListenAddress, ShowListenAddress, &Config::http_listen>(),
     .must_be_right = true},
    {.section = Section::kProcess,
     .variables = {"NODESPAN_SPAN_METRICS"},
     .takes = "true|false",
     .help = "/metrics has counts and durations of all operations, sampled or not, by service, span name and status",
     .value = Boolean<&Config::span_metrics>()},
    {.section = Section::kProcess,
     .flag = "--attach-method",
     .takes = "auto|uprobe_multi|perf",
     .help =
         "How probes are attached: auto takes uprobe_multi where the kernel has it and a self-test finds it working, "
         "else perf; uprobe_multi and perf take that one or fail",
     .value = Parsed<ParseAttachMethod, ShowAttachMethod, &Config::attach_method>()},
    {.section = Section::kProcess,
     .variables = {"OTEL_GO_AUTO_SHOW_VERIFIER_LOG"},
     .takes = "true|false",
     .help = "Print the kernel's whole log when it refuses a BPF program",
     .value = Parsed<ParseGoBool, ShowBool, &Config::show_verifier_log>()},
};

constexpr UnsupportedVariable kUnsupported[] = {
    {"OTEL_CONFIG_FILE", "declarative configuration is not implemented", "using the other variables"},
    {"OTEL_GO_AUTO_RESOURCE_DETECTORS", "process, host, container and pod are always described", "ignoring it"},
};

}  // namespace

std::span<const std::string_view> Setting::Variables() const {
  const auto end = std::find(variables.begin(), variables.end(), std::string_view());
  return {variables.begin(), end};
}

std::string_view TitleOf(Section section) {
  switch (section) {
    case Section::kSelection: return "Traced programs";
    case Section::kPods: return "Pods";
    case Section::kIdentity: return "Identity of services";
    case Section::kSpans: return "Spans";
    case Section::kExport: return "Export";
    case Section::kProcess: return "nodespan itself";
  }
  return "";
}

std::span<const Setting> Settings() { return kSettings; }

std::span<const UnsupportedVariable> UnsupportedVariables() { return kUnsupported; }

}  // namespace nodespan::config
