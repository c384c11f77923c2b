// SPDX-License-Identifier: Apache-2.0
// The exporter and a real OpenTelemetry Collector, over TLS and mutual TLS, with certificates that are replaced while
// the exporter runs. Needs no root.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "otlp/grpc_client.h"
#include "otlp/http_client.h"
#include "otlp/otlp_exporter.h"
#include "otlp/test_spans.h"
#include "tests/e2e/harness/collector.h"
#include "tests/e2e/harness/go_program.h"
#include "tests/fakes/test_certificates.h"

namespace nodespan::e2e {
namespace {

using metrics::Counter;
using testing::KeyAndCertificate;
using testing::TestCa;

enum class Protocol { kGrpc, kHttp };

class CollectorTlsTest : public ::testing::TestWithParam<Protocol> {
 protected:
  void SetUp() override {
    executable_ = Collector::BuildOrSkip();
    options_.retry.initial_interval = absl::Milliseconds(50);
    client_options_.gzip = true;
    client_options_.tls.reload_interval = absl::Seconds(1);
  }

  // Replaces the file as a whole, as the rotation of a mounted Secret does.
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = scratch_.Path(name);
    std::ofstream(path + ".new") << text;
    std::filesystem::rename(path + ".new", path);
    return path;
  }

  void StartCollector(const TestCa& ca, const TestCa* client_ca) {
    const KeyAndCertificate issued = ca.Issue("localhost");
    Collector::Options options{.grpc_port = grpc_port_, .http_port = http_port_, .folder = scratch_.Path("")};
    options.tls = CollectorTls{Write("server.pem", issued.certificate_pem), Write("server.key", issued.key_pem),
                               client_ca == nullptr ? "" : Write("client_ca.pem", client_ca->certificate_pem())};
    collector_ = Collector::Start(executable_, options);
    ASSERT_NE(collector_, nullptr);
    grpc_port_ = collector_->grpc_port();
    http_port_ = collector_->http_port();
  }

  // Of `ca`, in the files that the exporter knows.
  void WriteClientCertificate(const TestCa& ca) {
    const KeyAndCertificate issued = ca.Issue("node-1");
    client_options_.tls.client_key_file = Write("client.key", issued.key_pem);
    client_options_.tls.client_cert_file = Write("client.pem", issued.certificate_pem);
  }

  std::unique_ptr<otlp::OtlpExporter> Create() {
    const int port = GetParam() == Protocol::kGrpc ? grpc_port_ : http_port_;
    client_options_.endpoint = "https://localhost:" + std::to_string(port);
    absl::StatusOr<std::unique_ptr<otlp::OtlpClient>> client;
    if (GetParam() == Protocol::kHttp) {
      client = otlp::HttpClient::Create({client_options_}, &warnings_);
    } else {
      client =
          otlp::GrpcClient::Create({client_options_, /*max_reconnect_interval=*/absl::Milliseconds(200)}, &warnings_);
    }
    EXPECT_TRUE(client.ok()) << client.status();
    return client.ok() ? std::make_unique<otlp::OtlpExporter>(options_, *std::move(client), &counters_) : nullptr;
  }

  static void Finish(otlp::OtlpExporter& exporter) {
    while (exporter.IsBusy()) {
      exporter.Wait(absl::InfiniteFuture());
    }
  }

  void Export(otlp::OtlpExporter& exporter) {
    exporter.Export(otlp::testing::MakeHttpSpans(100, resource_), absl::InfiniteFuture());
    Finish(exporter);
  }

  const ScratchFolder scratch_;
  std::string executable_;  // empty: skipped or failed
  int grpc_port_ = 0;
  int http_port_ = 0;
  std::unique_ptr<Collector> collector_;
  otlp::OtlpClientOptions client_options_;
  otlp::OtlpExporterOptions options_;
  metrics::Counters counters_;
  std::vector<std::string> warnings_;
  const model::ResourcePtr resource_ = otlp::testing::MakeResource("shop");
  const TestCa ca_{"collectors"};
  const TestCa new_ca_{"collectors, next year"};
  const TestCa node_ca_{"nodes"};
  const TestCa new_node_ca_{"nodes, next year"};
};

TEST_P(CollectorTlsTest, TlsWithAGivenCa) {
  if (executable_.empty()) {
    return;
  }
  StartCollector(ca_, nullptr);
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  Export(*Create());
  collector_->Stop();
  EXPECT_EQ(counters_.Get(Counter::kSpansExported), 100u);
  EXPECT_EQ(Collector::CountSpans(scratch_.Path("")), 100u);
}

TEST_P(CollectorTlsTest, MutualTlsGoesOnWhenAllCertificatesAreReplaced) {
  if (executable_.empty()) {
    return;
  }
  StartCollector(ca_, &node_ca_);
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  WriteClientCertificate(node_ca_);
  const auto exporter = Create();
  Export(*exporter);
  ASSERT_EQ(counters_.Get(Counter::kSpansExported), 100u);
  collector_->Stop();

  StartCollector(new_ca_, &new_node_ca_);
  Write("ca.pem", new_ca_.certificate_pem());
  WriteClientCertificate(new_node_ca_);
  Export(*exporter);
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  while (exporter->held_spans() > 0 && absl::Now() < give_up) {
    exporter->Retry(absl::InfiniteFuture());
    Finish(*exporter);
  }
  collector_->Stop();
  EXPECT_EQ(counters_.Get(Counter::kSpansExported), 200u);
  EXPECT_EQ(Collector::CountSpans(scratch_.Path("")), 200u);
}

TEST_P(CollectorTlsTest, ClientWithoutACertificateIsRefusedAndHeld) {
  if (executable_.empty()) {
    return;
  }
  StartCollector(ca_, &node_ca_);
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  options_.timeout = absl::Milliseconds(500);
  const auto exporter = Create();
  Export(*exporter);
  EXPECT_EQ(exporter->held_spans(), 100u);
  collector_->Stop();
  EXPECT_EQ(Collector::CountSpans(scratch_.Path("")), 0u);
}

INSTANTIATE_TEST_SUITE_P(Protocols, CollectorTlsTest, ::testing::Values(Protocol::kGrpc, Protocol::kHttp),
                         [](const auto& info) { return info.param == Protocol::kGrpc ? "Grpc" : "Http"; });

}  // namespace
}  // namespace nodespan::e2e
