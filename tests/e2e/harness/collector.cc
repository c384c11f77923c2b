// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/collector.h"

#include <signal.h>

#include <fstream>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/loopback_port.h"
#include "tests/e2e/harness/nodespan_daemon.h"

namespace nodespan::e2e {
namespace {

constexpr int kCannotBeHad = 77;  // exit status of tests/collector/build
constexpr Milliseconds kBuildLimit{1'700'000};

std::string Receiver(const char* protocol, int port, const std::optional<CollectorTls>& tls) {
  std::string text = fmt::format("      {}:\n        endpoint: localhost:{}\n", protocol, port);
  if (tls) {
    text += fmt::format("        tls:\n          cert_file: {}\n          key_file: {}\n", tls->certificate_file,
                        tls->key_file);
    if (!tls->client_ca_file.empty()) {
      text += fmt::format("          client_ca_file: {}\n", tls->client_ca_file);
    }
  }
  return text;
}

std::string SpanFile(const std::string& folder) { return folder + "/spans.json"; }
std::string MetricsFile(const std::string& folder) { return folder + "/metrics.json"; }

// One value for each line; one that is just being written is left out.
std::vector<nlohmann::json> ReadLines(const std::string& file) {
  std::vector<nlohmann::json> values;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    nlohmann::json value = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!value.is_discarded()) {
      values.push_back(std::move(value));
    }
  }
  return values;
}

}  // namespace

std::string Collector::BuildOrSkip() {
  const std::optional<Finished> built = RunToEnd({SourcePath("tests/collector/build")}, kBuildLimit);
  if (!built) {
    ADD_FAILURE() << "building the collector takes too long";
    return {};
  }
  if (built->status.code == kCannotBeHad) {
    [&built] { GTEST_SKIP() << built->LastError(); }();
    return {};
  }
  EXPECT_EQ(built->status, ExitStatus{}) << built->LastError();
  return built->status == ExitStatus{} ? built->output.at(0) : std::string();
}

std::unique_ptr<Collector> Collector::Start(const std::string& executable, const Options& options) {
  std::unique_ptr<Collector> collector(new Collector());
  collector->grpc_port_ = options.grpc_port != 0 ? options.grpc_port : FreeLoopbackPort();
  collector->http_port_ = options.http_port != 0 ? options.http_port : FreeLoopbackPort();
  const std::string config = options.folder + "/collector.yaml";
  std::ofstream(config) << "receivers:\n  otlp:\n    protocols:\n"
                        << Receiver("grpc", collector->grpc_port_, options.tls)
                        << Receiver("http", collector->http_port_, options.tls)
                        << "exporters:\n  jsonfile/spans:\n    path: " << SpanFile(options.folder)
                        << "\n  jsonfile/metrics:\n    path: " << MetricsFile(options.folder)
                        << "\nservice:\n  telemetry:\n    metrics:\n      level: none\n"
                           "  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [jsonfile/spans]\n"
                           "    metrics:\n      receivers: [otlp]\n      exporters: [jsonfile/metrics]\n";
  collector->process_ = ChildProcess::Start({executable, "--config", config});
  if (collector->process_ == nullptr || !collector->process_->WaitForError("Everything is ready")) {
    ADD_FAILURE() << "the collector does not start: "
                  << (collector->process_ == nullptr ? std::string()
                                                     : ::testing::PrintToString(collector->process_->ErrorLines()));
    return nullptr;
  }
  return collector;
}

void Collector::Stop() {
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(), ExitStatus{});
}

std::vector<nlohmann::json> Collector::ReadBatches(const std::string& folder) { return ReadLines(SpanFile(folder)); }

std::vector<nlohmann::json> Collector::ReadMetrics(const std::string& folder) { return ReadLines(MetricsFile(folder)); }

size_t Collector::CountSpans(const std::string& folder) {
  size_t count = 0;
  ForEachSpan(folder, [&count](const nlohmann::json&, const nlohmann::json&) { ++count; });
  return count;
}

}  // namespace nodespan::e2e
