// SPDX-License-Identifier: Apache-2.0
#include "daemon/exporters.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "console/console_exporter.h"
#include "otlp/grpc_client.h"
#include "otlp/http_client.h"
#include "otlp/otlp_exporter.h"
#include "otlp/stdout_json_exporter.h"

namespace nodespan::daemon {
namespace {

constexpr absl::Duration kLiveScheduleDelay = absl::Milliseconds(250);

// Logs an exporter's troubles: each kind of error once, then at most every half minute, and when it is over.
// Thread: the exporter's.
class StatusLog {
 public:
  explicit StatusLog(std::string what) : what_(std::move(what)) {}

  void operator()(const absl::Status& status) {
    if (status.ok()) {
      spdlog::info("{}: works again", what_);
      last_ = absl::OkStatus();
      return;
    }
    const absl::Time now = absl::Now();
    if (status.code() == last_.code() && now - last_logged_ < absl::Seconds(30)) {
      return;
    }
    spdlog::warn("{}: {}", what_, base::Message(status));
    last_ = status;
    last_logged_ = now;
  }

 private:
  std::string what_;
  absl::Status last_;
  absl::Time last_logged_ = absl::InfinitePast();
};

otlp::OtlpClientOptions ClientOptions(const config::OtlpOptions& options, otlp::Signal signal) {
  otlp::OtlpClientOptions result;
  result.signal = signal;
  result.endpoint = options.endpoint;
  result.insecure = options.insecure;
  result.headers = options.headers;
  result.gzip = options.gzip;
  result.tls.ca_file = options.tls.ca_file;
  result.tls.client_cert_file = options.tls.client_cert_file;
  result.tls.client_key_file = options.tls.client_key_file;
  return result;
}

absl::StatusOr<std::unique_ptr<otlp::OtlpClient>> CreateClient(const config::OtlpOptions& options, otlp::Signal signal,
                                                               std::vector<std::string>* warnings) {
  if (options.protocol == config::OtlpProtocol::kGrpc) {
    return otlp::GrpcClient::Create({ClientOptions(options, signal)}, warnings);
  }
  otlp::HttpClientOptions http_options{ClientOptions(options, signal)};
  http_options.endpoint_is_complete = options.endpoint_form == config::EndpointForm::kComplete;
  if (options.endpoint_form == config::EndpointForm::kDefault) {
    http_options.endpoint = otlp::kDefaultHttpEndpoint;
  }
  return otlp::HttpClient::Create(http_options, warnings);
}

// Logs what is wrong with the options and harmless.
absl::StatusOr<std::unique_ptr<otlp::OtlpClient>> MakeClient(const config::OtlpOptions& options, otlp::Signal signal) {
  std::vector<std::string> warnings;
  NODESPAN_ASSIGN_OR_RETURN(std::unique_ptr<otlp::OtlpClient> client, CreateClient(options, signal, &warnings));
  for (const std::string& warning : warnings) {
    spdlog::warn("{}", warning);
  }
  return client;
}

absl::StatusOr<std::unique_ptr<exporting::SpanExporter>> MakeOtlp(const config::OtlpOptions& options,
                                                                  metrics::Counters* counters) {
  NODESPAN_ASSIGN_OR_RETURN(std::unique_ptr<otlp::OtlpClient> client, MakeClient(options, otlp::Signal::kTraces));
  otlp::OtlpExporterOptions exporter_options;
  exporter_options.timeout = options.timeout;
  exporter_options.on_status = StatusLog(fmt::format("OTLP endpoint {}", client->endpoint()));
  return std::make_unique<otlp::OtlpExporter>(std::move(exporter_options), std::move(client), counters);
}

absl::StatusOr<std::unique_ptr<exporting::SpanExporter>> MakeExporter(config::ExporterKind kind,
                                                                      const config::Config& config,
                                                                      metrics::Counters* counters) {
  switch (kind) {
    case config::ExporterKind::kOtlp: return MakeOtlp(config.otlp, counters);
    case config::ExporterKind::kConsole: return console::ConsoleExporter::Create(STDOUT_FILENO, counters);
    case config::ExporterKind::kOtlpStdout:
      return otlp::StdoutJsonExporter::Create(STDOUT_FILENO, counters, StatusLog("otlp/stdout"));
  }
  return absl::InternalError("unknown exporter");
}

}  // namespace

absl::StatusOr<std::unique_ptr<exporting::BatchProcessor>> MakeBatchProcessor(const config::Config& config,
                                                                              metrics::Counters* counters) {
  exporting::BatchProcessorOptions options;
  options.schedule_delay = config.batch.schedule_delay;
  options.export_timeout = config.batch.export_timeout;
  options.max_queue_size = config.batch.max_queue_size;
  options.max_export_batch_size = config.batch.max_export_batch_size;
  const bool has_collector = std::find(config.exporters.begin(), config.exporters.end(), config::ExporterKind::kOtlp) !=
                             config.exporters.end();
  if (!has_collector) {
    options.schedule_delay = std::min(options.schedule_delay, kLiveScheduleDelay);
  }
  std::vector<std::unique_ptr<exporting::SpanExporter>> exporters;
  for (const config::ExporterKind kind : config.exporters) {
    NODESPAN_ASSIGN_OR_RETURN(auto exporter, MakeExporter(kind, config, counters));
    exporters.push_back(std::move(exporter));
  }
  return std::make_unique<exporting::BatchProcessor>(options, std::move(exporters), counters);
}

absl::StatusOr<std::unique_ptr<otlp::MetricsExporter>> MakeMetricsExporter(const config::MetricsOptions& options,
                                                                           const otlp::MetricsIdentity& identity,
                                                                           const exporting::SpanMetrics* metrics,
                                                                           metrics::Counters* counters) {
  if (!options.exports_otlp) {
    return nullptr;
  }
  NODESPAN_ASSIGN_OR_RETURN(std::unique_ptr<otlp::OtlpClient> client, MakeClient(options.otlp, otlp::Signal::kMetrics));
  otlp::MetricsExporterOptions exporter_options;
  exporter_options.interval = options.interval;
  exporter_options.timeout = std::min(options.export_timeout, options.otlp.timeout);
  exporter_options.on_status = StatusLog(fmt::format("OTLP endpoint {} for metrics", client->endpoint()));
  const auto collect = [identity, metrics] {
    return otlp::EncodeSpanMetrics(metrics->Read(), identity, static_cast<uint64_t>(base::Clock::Real().WallNs()));
  };
  return std::make_unique<otlp::MetricsExporter>(std::move(exporter_options), std::move(client), collect, counters);
}

}  // namespace nodespan::daemon
