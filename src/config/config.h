// SPDX-License-Identifier: Apache-2.0
// One validated, immutable description of what this run of nodespan does.
//
// Sources: flag > environment > default. What sets each field: the table of settings.h.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/log.h"
#include "model/captured_names.h"
#include "model/exclusions.h"
#include "model/sampler.h"
#include "model/span_options.h"

namespace nodespan::config {

enum class ExporterKind { kOtlp, kConsole, kOtlpStdout };

// How probes get into a process. kAuto: uprobe_multi where a self-test shows that it works, else perf.
enum class AttachMethod { kAuto, kUprobeMulti, kPerf };
// What becomes of programs that export spans with an OpenTelemetry SDK of their own.
enum class SelfExporting { kSkip, kTrace };

// Where pods come from. kAuto: the API server in a pod with a service account, else the container runtime when one
// answers, else nowhere.
enum class PodSourceKind { kAuto, kKubernetes, kCri, kNone };

// Processes named by options: one is selected when any of these says so. Flags replace what the variables say.
struct Selection {
  std::vector<pid_t> pids;             // --pid, OTEL_GO_AUTO_TARGET_PID
  std::vector<std::string> exe_globs;  // --exe, OTEL_GO_AUTO_TARGET_EXE; matched against the link text of /proc/PID/exe
  bool all = false;                    // --all

  bool empty() const { return pids.empty() && exe_globs.empty() && !all; }
  bool operator==(const Selection&) const = default;
};

// Processes selected by what their pods say, and how pods are found.
struct PodOptions {
  PodSourceKind source = PodSourceKind::kAuto;         // --pod-source
  std::string selector = "nodespan.io/trace=enabled";  // --pod-selector; not parsed yet
  std::vector<std::string> namespaces;                 // --namespace; empty: all
  std::vector<std::string> exclude_namespaces;         // --exclude-namespace
  std::string cri_socket;                              // --cri-socket, an absolute path; empty: looked for
  bool cri_events = false;                             // the runtime is listened to, beside being asked
  std::string node_name;                               // --node-name
  bool uses_labels_for_identity = false;               // app.kubernetes.io/ labels name services
  // From the environment of a pod.
  std::string own_pod_uid;
  std::string api_host;
  std::string api_port = "443";
  std::string service_account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";

  bool operator==(const PodOptions&) const = default;
};

struct ListenAddress {
  std::string host;   // a name or an address without brackets; empty: all addresses
  uint16_t port = 0;  // 0: any that is free

  bool operator==(const ListenAddress&) const = default;
};

struct TlsOptions {
  std::string ca_file;           // PEM; empty: system roots
  std::string client_cert_file;  // PEM; both or none
  std::string client_key_file;

  bool operator==(const TlsOptions&) const = default;
};

enum class OtlpProtocol { kGrpc, kHttpProtobuf };
// What the endpoint of http/protobuf is: not given, so that it is the protocol's own and not that below; the base URL
// of all signals; or the whole URL of the signal. With gRPC it makes no difference.
enum class EndpointForm { kDefault, kBase, kComplete };

struct OtlpOptions {
  OtlpProtocol protocol = OtlpProtocol::kGrpc;
  std::string endpoint = "http://localhost:4317";
  EndpointForm endpoint_form = EndpointForm::kDefault;
  bool insecure = false;  // only looked at when the endpoint has no http/https scheme
  std::vector<std::pair<std::string, std::string>> headers;  // lower-case keys, decoded values
  bool gzip = false;
  absl::Duration timeout = absl::Seconds(10);  // one batch, retries included; InfiniteDuration for "0"
  TlsOptions tls;

  bool operator==(const OtlpOptions&) const = default;
};

// Span metrics on their way to a collector.
struct MetricsOptions {
  bool exports_otlp = false;                          // OTEL_METRICS_EXPORTER=otlp
  absl::Duration interval = absl::Seconds(60);        // > 0
  absl::Duration export_timeout = absl::Seconds(30);  // InfiniteDuration for "0"
  OtlpOptions otlp;

  bool operator==(const MetricsOptions&) const = default;
};

struct BatchOptions {
  absl::Duration schedule_delay = absl::Seconds(5);
  absl::Duration export_timeout = absl::Seconds(30);  // InfiniteDuration for "0"
  size_t max_queue_size = 2048;                       // spans
  size_t max_export_batch_size = 512;                 // spans, <= max_queue_size

  bool operator==(const BatchOptions&) const = default;
};

// What a traced program may say in its own environment. What nodespan's environment says is the default for all of
// them.
struct TargetOptions {
  bool sdk_disabled = false;  // OTEL_SDK_DISABLED: the program does not want to be traced; node-wide: nothing is
  std::string service_name;   // OTEL_SERVICE_NAME; empty: not said
  std::vector<std::pair<std::string, std::string>> resource_attributes;  // unique keys, UTF-8
  model::Sampler sampler;
  model::Exclusions exclusions = {.paths = {}, .user_agents = {"kube-probe/*"}};  // NODESPAN_EXCLUDE_*
  bool continues_traces = true;  // those that incoming requests belong to; OTEL_PROPAGATORS
  bool traces_api_spans = true;  // spans that programs make through the OpenTelemetry API
  model::SpanOptions spans;

  bool operator==(const TargetOptions&) const = default;
};

struct Config {
  base::LogLevel log_level = base::LogLevel::kInfo;
  Selection selection;
  PodOptions pods;
  std::optional<ListenAddress> http_listen;                     // --http-listen; absent: no HTTP
  AttachMethod attach_method = AttachMethod::kAuto;             // --attach-method
  std::vector<ExporterKind> exporters = {ExporterKind::kOtlp};  // empty: OTEL_TRACES_EXPORTER=none
  OtlpOptions otlp;
  BatchOptions batch;
  bool span_metrics = false;  // NODESPAN_SPAN_METRICS: on /metrics
  MetricsOptions metrics;
  model::CapturedNames captured;                        // OTEL_INSTRUMENTATION_*_CAPTURE_*
  SelfExporting self_exporting = SelfExporting::kSkip;  // --self-exporting
  bool propagates = false;                              // --propagate: trace context is written into messages
  TargetOptions targets;
  bool show_verifier_log = false;

  bool operator==(const Config&) const = default;
};

}  // namespace nodespan::config
