// SPDX-License-Identifier: Apache-2.0
// TLS, mutual TLS and certificate rotation of the exporter, against a receiver with certificates made on the spot.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "otlp/grpc_client.h"
#include "otlp/otlp_exporter.h"
#include "otlp/test_spans.h"
#include "tests/fakes/otlp_receiver.h"
#include "tests/fakes/test_certificates.h"

namespace nodespan::otlp {
namespace {

using nodespan::testing::KeyAndCertificate;
using nodespan::testing::OtlpReceiver;
using nodespan::testing::OtlpReceiverTls;
using nodespan::testing::TestCa;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeHttpSpans;
using testing::MakeResource;

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() : directory_(::testing::TempDir() + "/nodespan-tls-" + std::to_string(::getpid())) {
    std::filesystem::create_directories(directory_);
    options_.timeout = absl::Milliseconds(500);
    options_.retry.initial_interval = absl::Milliseconds(20);
    client_options_.max_reconnect_interval = absl::Milliseconds(100);
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
    receiver_ = OtlpReceiver::Start({.listen = "localhost:" + std::to_string(port),
                                     .tls = OtlpReceiverTls{issued.certificate_pem, issued.key_pem,
                                                            client_ca == nullptr ? "" : client_ca->certificate_pem()}});
    ASSERT_NE(receiver_, nullptr);
    client_options_.endpoint = "https://localhost:" + std::to_string(receiver_->port());
  }

  absl::StatusOr<std::unique_ptr<OtlpExporter>> Create() {
    absl::StatusOr<std::unique_ptr<TraceClient>> client = GrpcClient::Create(client_options_, &warnings_);
    if (!client.ok()) {
      return client.status();
    }
    return std::make_unique<OtlpExporter>(options_, *std::move(client), &counters_);
  }

  // True: the spans arrived.
  bool Export(OtlpExporter& exporter) {
    const size_t before = receiver_->accepted_spans();
    exporter.Export(MakeHttpSpans(2, MakeResource("shop")), absl::InfiniteFuture());
    Finish(exporter);
    return receiver_->accepted_spans() == before + 2;
  }

  static void Finish(OtlpExporter& exporter) {
    while (exporter.IsBusy()) {
      exporter.Wait(absl::InfiniteFuture());
    }
  }

  const std::string directory_;
  GrpcClientOptions client_options_;
  OtlpExporterOptions options_;
  metrics::Counters counters_;
  std::vector<std::string> warnings_;
  std::unique_ptr<OtlpReceiver> receiver_;
  const TestCa ca_{"nodespan test CA"};
  const TestCa other_ca_{"another CA"};
};

TEST_F(TlsTest, TrustsTheGivenCa) {
  StartReceiver(ca_, "localhost");
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  EXPECT_TRUE(Export(**Create()));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(TlsTest, EndpointWithoutSchemeUsesTls) {
  StartReceiver(ca_, "localhost");
  client_options_.endpoint = "localhost:" + std::to_string(receiver_->port());
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  EXPECT_TRUE(Export(**Create()));
}

TEST_F(TlsTest, RefusesAServerOfAnotherCa) {
  StartReceiver(ca_, "localhost");
  client_options_.tls.ca_file = Write("ca.pem", other_ca_.certificate_pem());
  const auto exporter = *Create();
  EXPECT_FALSE(Export(*exporter));
  EXPECT_EQ(exporter->held_spans(), 2u);
}

TEST_F(TlsTest, RefusesAServerThatTheSystemDoesNotKnow) {
  StartReceiver(ca_, "localhost");
  const auto exporter = *Create();
  EXPECT_FALSE(Export(*exporter));
  EXPECT_EQ(exporter->held_spans(), 2u);
}

TEST_F(TlsTest, RefusesACertificateForAnotherHost) {
  StartReceiver(ca_, "elsewhere.example");
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  EXPECT_FALSE(Export(**Create()));
}

TEST_F(TlsTest, PlaintextIsNotUsedWhereTlsIsAsked) {
  receiver_ = OtlpReceiver::Start();
  ASSERT_NE(receiver_, nullptr);
  client_options_.endpoint = "https://127.0.0.1:" + std::to_string(receiver_->port());
  EXPECT_FALSE(Export(**Create()));
}

TEST_F(TlsTest, ShowsAClientCertificate) {
  StartReceiver(ca_, "localhost", &other_ca_);
  const KeyAndCertificate client = other_ca_.Issue("node-1");
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  EXPECT_FALSE(Export(**Create())) << "the receiver insists on a certificate";
  client_options_.tls.client_cert_file = Write("client.pem", client.certificate_pem);
  client_options_.tls.client_key_file = Write("client.key", client.key_pem);
  EXPECT_TRUE(Export(**Create()));
}

TEST_F(TlsTest, ClientCertificateWithoutKeyIsIgnoredWithAWarning) {
  StartReceiver(ca_, "localhost");
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  client_options_.tls.client_cert_file = Write("client.pem", ca_.Issue("node-1").certificate_pem);
  EXPECT_TRUE(Export(**Create()));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("both needed")));
}

TEST_F(TlsTest, RotatedCaIsReadAgain) {
  StartReceiver(ca_, "localhost");
  const int port = receiver_->port();
  client_options_.tls.ca_file = Write("ca.pem", ca_.certificate_pem());
  auto exporter = *Create();
  ASSERT_TRUE(Export(*exporter));
  receiver_->Stop();
  StartReceiver(other_ca_, "localhost", nullptr, port);
  EXPECT_FALSE(Export(*exporter)) << "the new CA is not known yet";
  Write("ca.pem", other_ca_.certificate_pem());
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  while (exporter->held_spans() > 0 && absl::Now() < give_up) {
    exporter->Retry(absl::InfiniteFuture());
    Finish(*exporter);
  }
  EXPECT_EQ(receiver_->accepted_spans(), 2u);
}

TEST_F(TlsTest, MissingAndUnreadableFilesAreErrorsThatNameTheFile) {
  client_options_.endpoint = "https://localhost:1";
  client_options_.tls.ca_file = directory_ + "/absent.pem";
  EXPECT_EQ(Create().status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Create().status().ToString(), HasSubstr("absent.pem"));
  client_options_.tls.ca_file = Write("ca.pem", "no certificate");
  EXPECT_EQ(Create().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Create().status().ToString(), HasSubstr("ca.pem is not a PEM file"));
}

}  // namespace
}  // namespace nodespan::otlp
