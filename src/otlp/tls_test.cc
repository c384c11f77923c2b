// SPDX-License-Identifier: Apache-2.0
// TLS, mutual TLS and certificate rotation of the exporter, against a receiver with certificates made on the spot.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "otlp/delivery_test_base.h"
#include "otlp/grpc_client.h"
#include "otlp/http_client.h"
#include "otlp/otlp_exporter.h"
#include "otlp/test_spans.h"
#include "tests/fakes/otlp_http_receiver.h"
#include "tests/fakes/otlp_receiver.h"
#include "tests/fakes/test_certificates.h"

namespace nodespan::otlp {
namespace {

using nodespan::testing::KeyAndCertificate;
using nodespan::testing::OtlpHttpReceiver;
using nodespan::testing::OtlpReceiver;
using nodespan::testing::OtlpReceiverTls;
using nodespan::testing::TestCa;
using ::testing::ElementsAre;
using testing::Finish;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeHttpSpans;
using testing::MakeResource;

enum class Protocol { kGrpc, kHttp };

class TlsTest : public ::testing::TestWithParam<Protocol> {
 protected:
  TlsTest() : directory_(::testing::TempDir() + "/nodespan-tls-" + std::to_string(::getpid())) {
    std::filesystem::create_directories(directory_);
    options_.timeout = absl::Milliseconds(500);
    options_.retry.initial_interval = absl::Milliseconds(20);
    client_options_.tls.reload_interval = absl::Seconds(1);
  }
  ~TlsTest() override { std::filesystem::remove_all(directory_); }

  // Replaces the file as a whole, as the rotation of a mounted Secret does.
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path + ".new") << text;
    std::filesystem::rename(path + ".new", path);
    return path;
  }

  void StartReceiver(const TestCa& ca, const std::string& name, const TestCa* client_ca = nullptr, int port = 0) {
    const KeyAndCertificate issued = ca.Issue(name);
    Listen(port, OtlpReceiverTls{issued.certificate_pem, issued.key_pem,
                                 client_ca == nullptr ? "" : client_ca->certificate_pem()});
    client_options_.endpoint = "https://localhost:" + std::to_string(this->port());
  }

  void Listen(int port, std::optional<OtlpReceiverTls> tls) {
    if (GetParam() == Protocol::kHttp) {
      http_receiver_ = OtlpHttpReceiver::Start({.port = port, .tls = std::move(tls)});
      ASSERT_NE(http_receiver_, nullptr);
    } else {
      grpc_receiver_ = OtlpReceiver::Start({.listen = "localhost:" + std::to_string(port), .tls = std::move(tls)});
      ASSERT_NE(grpc_receiver_, nullptr);
    }
  }

  int port() const { return GetParam() == Protocol::kHttp ? http_receiver_->port() : grpc_receiver_->port(); }
  size_t accepted_spans() const {
    return GetParam() == Protocol::kHttp ? http_receiver_->accepted_spans() : grpc_receiver_->accepted_spans();
  }
  void StopReceiver() {
    http_receiver_.reset();
    grpc_receiver_.reset();
  }

  absl::StatusOr<std::unique_ptr<OtlpExporter>> Create() {
    absl::StatusOr<std::unique_ptr<OtlpClient>> client;
    if (GetParam() == Protocol::kHttp) {
      client = HttpClient::Create({client_options_}, &warnings_);
    } else {
      GrpcClientOptions options{client_options_};
      options.max_reconnect_interval = absl::Milliseconds(100);
      client = GrpcClient::Create(options, &warnings_);
    }
    if (!client.ok()) {
      return client.status();
    }
    return std::make_unique<OtlpExporter>(options_, *std::move(client), &counters_);
  }

  // True: the spans arrived.
  bool Export(OtlpExporter& exporter) {
    const size_t before = accepted_spans();
    exporter.Export(MakeHttpSpans(2, MakeResource("shop")), absl::InfiniteFuture());
    Finish(exporter);
    return accepted_spans() == before + 2;
  }

  const std::string directory_;
  OtlpClientOptions client_options_;
  OtlpExporterOptions options_;
  metrics::Counters counters_;
  std::vector<std::string> warnings_;
  std::unique_ptr<OtlpReceiver> grpc_receiver_;  // one of the two
  std::unique_ptr<OtlpHttpReceiver> http_receiver_;
  const TestCa ca_{"nodespan test CA"};
  const TestCa other_ca_{"another CA"};
};

TEST_P(TlsTest, TrustsTheGivenCa) {
  StartReceiver(ca_, "localhost");
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  EXPECT_TRUE(Export(**Create()));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_P(TlsTest, EndpointWithoutSchemeUsesTls) {
  StartReceiver(ca_, "localhost");
  client_options_.endpoint = "localhost:" + std::to_string(port());
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  EXPECT_TRUE(Export(**Create()));
}

TEST_P(TlsTest, RefusesAServerOfAnotherCa) {
  StartReceiver(ca_, "localhost");
  client_options_.tls.ca_file = Write("ca.pem", other_ca_.certificate_pem());
  const auto exporter = *Create();
  EXPECT_FALSE(Export(*exporter));
  EXPECT_EQ(exporter->held_spans(), 2u);
}

TEST_P(TlsTest, RefusesAServerThatTheSystemDoesNotKnow) {
  StartReceiver(ca_, "localhost");
  const auto exporter = *Create();
  EXPECT_FALSE(Export(*exporter));
  EXPECT_EQ(exporter->held_spans(), 2u);
}

TEST_P(TlsTest, RefusesACertificateForAnotherHost) {
  StartReceiver(ca_, "elsewhere.example");
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  EXPECT_FALSE(Export(**Create()));
}

TEST_P(TlsTest, PlaintextIsNotUsedWhereTlsIsAsked) {
  Listen(0, std::nullopt);
  client_options_.endpoint = "https://127.0.0.1:" + std::to_string(port());
  EXPECT_FALSE(Export(**Create()));
}

TEST_P(TlsTest, ShowsAClientCertificate) {
  StartReceiver(ca_, "localhost", &other_ca_);
  const KeyAndCertificate client = other_ca_.Issue("node-1");
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  EXPECT_FALSE(Export(**Create())) << "the receiver insists on a certificate";
  client_options_.tls.client_cert_file = Write("client.pem", client.certificate_pem);
  client_options_.tls.client_key_file = Write("client.key", client.key_pem);
  EXPECT_TRUE(Export(**Create()));
}

TEST_P(TlsTest, ClientCertificateWithoutKeyIsIgnoredWithAWarning) {
  StartReceiver(ca_, "localhost");
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  client_options_.tls.client_cert_file = Write("client.pem", ca_.Issue("node-1").certificate_pem);
  EXPECT_TRUE(Export(**Create()));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("both needed")));
}

TEST_P(TlsTest, RotatedCaIsReadAgain) {
  StartReceiver(ca_, "localhost");
  const int port = this->port();
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  auto exporter = *Create();
  ASSERT_TRUE(Export(*exporter));
  StopReceiver();
  StartReceiver(other_ca_, "localhost", nullptr, port);
  EXPECT_FALSE(Export(*exporter)) << "the new CA is not known yet";
  Write("ca.pem", other_ca_.certificate_pem());
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  while (exporter->held_spans() > 0 && absl::Now() < give_up) {
    exporter->Retry(absl::InfiniteFuture());
    Finish(*exporter);
  }
  EXPECT_EQ(accepted_spans(), 2u);
}

TEST_P(TlsTest, RotatedClientCertificateIsReadAgain) {
  const TestCa new_ca{"next year's CA"};
  StartReceiver(ca_, "localhost", &other_ca_);
  const int port = this->port();
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  const KeyAndCertificate first = other_ca_.Issue("node-1");
  client_options_.tls.client_cert_file = Write("client.pem", first.certificate_pem);
  client_options_.tls.client_key_file = Write("client.key", first.key_pem);
  auto exporter = *Create();
  ASSERT_TRUE(Export(*exporter));
  StopReceiver();
  StartReceiver(ca_, "localhost", &new_ca, port);
  EXPECT_FALSE(Export(*exporter)) << "the receiver does not know this certificate any more";
  const KeyAndCertificate second = new_ca.Issue("node-1");
  Write("client.key", second.key_pem);
  Write("client.pem", second.certificate_pem);
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  while (exporter->held_spans() > 0 && absl::Now() < give_up) {
    exporter->Retry(absl::InfiniteFuture());
    Finish(*exporter);
  }
  EXPECT_EQ(accepted_spans(), 2u);
}

TEST_P(TlsTest, MissingAndUnreadableFilesAreErrorsThatNameTheFile) {
  client_options_.endpoint = "https://localhost:1";
  client_options_.tls.ca_file = directory_ + "/absent.pem";
  EXPECT_EQ(Create().status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Create().status().ToString(), HasSubstr("absent.pem"));
  client_options_.tls.ca_file = Write("ca.pem", "no certificate");
  EXPECT_EQ(Create().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Create().status().ToString(), HasSubstr("ca.pem is not a PEM file"));
}

INSTANTIATE_TEST_SUITE_P(Otlp, TlsTest, ::testing::Values(Protocol::kGrpc, Protocol::kHttp),
                         [](const auto& info) { return info.param == Protocol::kGrpc ? "Grpc" : "Http"; });

}  // namespace
}  // namespace nodespan::otlp
