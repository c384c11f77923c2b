// SPDX-License-Identifier: Apache-2.0
// A real OpenTelemetry Collector (tests/collector), which writes what it receives to files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/e2e/harness/child_process.h"

namespace nodespan::e2e {

// PEM files of a collector that speaks TLS.
struct CollectorTls {
  std::string certificate_file;
  std::string key_file;
  std::string client_ca_file;  // not empty: clients must show a certificate of this CA
};

class Collector {
 public:
  struct Options {
    int grpc_port = 0;  // both: 0: any that is free
    int http_port = 0;
    std::optional<CollectorTls> tls;  // for both ports
    std::string folder;               // for its configuration and for what it receives, which it appends
  };

  // The executable; empty after it has skipped the test because it cannot be had, or failed it.
  static std::string BuildOrSkip();

  // Ready when it returns; null with a failed expectation when it does not become so.
  static std::unique_ptr<Collector> Start(const std::string& executable, const Options& options);

  int grpc_port() const { return grpc_port_; }
  int http_port() const { return http_port_; }

  // Ends it with SIGTERM and expects that it ends well.
  void Stop();

  // Calls `on_span(resource, span)` with the OTLP/JSON of every span in a request.
  template <typename OnSpan>
  static void ForEachSpanOf(const nlohmann::json& request, OnSpan&& on_span) {
    for (const nlohmann::json& resource_spans : request.at("resourceSpans")) {
      for (const nlohmann::json& scope_spans : resource_spans.at("scopeSpans")) {
        for (const nlohmann::json& span : scope_spans.at("spans")) {
          on_span(resource_spans.at("resource"), span);
        }
      }
    }
  }
  // The same with those in the file of a folder.
  template <typename OnSpan>
  static void ForEachSpan(const std::string& folder, OnSpan&& on_span) {
    for (const nlohmann::json& batch : ReadBatches(folder)) {
      ForEachSpanOf(batch, on_span);
    }
  }
  static size_t CountSpans(const std::string& folder);

  // The OTLP/JSON of every request with metrics, in the order of their arrival.
  static std::vector<nlohmann::json> ReadMetrics(const std::string& folder);

 private:
  Collector() = default;
  // One for each batch that it received.
  static std::vector<nlohmann::json> ReadBatches(const std::string& folder);

  int grpc_port_ = 0;
  int http_port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace nodespan::e2e
