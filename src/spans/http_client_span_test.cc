// SPDX-License-Identifier: Apache-2.0
#include "spans/http_client_span.h"

#include <memory>
#include <string>
#include <vector>

#include "events/record_builder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "spans/span_test_util.h"

namespace nodespan::spans {
namespace {

using events::testing::HttpClientRecordBuilder;
using model::SemconvMode;
using model::StatusCode;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::kErrorStringVaddr;
using testing::Lines;
using ::testing::Not;
using ::testing::StartsWith;

constexpr uint64_t kOpErrorVaddr = 0x6000;

model::Span Build(const HttpClientRecordBuilder& record, const model::SpanOptions& options) {
  static const auto resource = std::make_shared<const model::Resource>();
  static const model::TypeNames types({{kOpErrorVaddr, "*net.OpError"}, {kErrorStringVaddr, "*errors.errorString"}});
  const std::vector<std::byte> bytes = record.Bytes();
  const absl::StatusOr<events::Event> event = events::ReadRecord(bytes);
  EXPECT_TRUE(event.ok()) << event.status();
  model::Span span;
  BuildHttpClientSpan(std::get<events::HttpClientEvent>(*event), options, resource, &types, testing::FixedWallClock(),
                      span);
  return span;
}

model::Span Build(const HttpClientRecordBuilder& record, SemconvMode mode = SemconvMode::kNew) {
  model::SpanOptions options;
  options.semconv.http = mode;
  return Build(record, options);
}

HttpClientRecordBuilder Failed(uint64_t type_vaddr, std::string_view text) {
  HttpClientRecordBuilder record;
  record.fixed.present = NS_CLIENT_FAILED;
  record.fixed.error_type_vaddr = type_vaddr;
  record.Set(NS_CLIENT_ERROR, text);
  return record;
}

TEST(HttpClientSpanTest, StableNames) {
  HttpClientRecordBuilder record;
  record.fixed.resend_count = 2;
  const model::Span span = Build(record);
  EXPECT_EQ(span.name, "POST");
  EXPECT_EQ(span.kind, model::SpanKind::kClient);
  EXPECT_EQ(span.status, StatusCode::kUnset);
  EXPECT_THAT(Lines(span), ElementsAre("http.request.method=POST", "http.response.status_code=201",
                                       "url.full=https://api.example:8443/orders?dry=1", "server.address=api.example",
                                       "server.port=8443", "network.peer.address=10.0.0.9", "network.peer.port=8443",
                                       "network.protocol.version=1.1", "http.request.resend_count=2",
                                       "http.request.body.size=17", "http.response.body.size=42"));
  EXPECT_EQ(span.scope->name, "nodespan/net/http");
}

TEST(HttpClientSpanTest, KnownMethodsAreReplacedNotExtended) {
  model::SpanOptions options;
  options.known_http_methods = {"PURGE"};
  const model::Span span = Build(HttpClientRecordBuilder(), options);
  EXPECT_EQ(span.name, "HTTP");
  EXPECT_THAT(Lines(span), Contains("http.request.method=_OTHER"));
  EXPECT_THAT(Lines(span), Contains("http.request.method_original=POST"));
}

TEST(HttpClientSpanTest, OldNames) {
  EXPECT_THAT(Lines(Build(HttpClientRecordBuilder(), SemconvMode::kOld)),
              ElementsAre("http.method=POST", "http.status_code=201", "http.url=https://api.example:8443/orders?dry=1",
                          "net.peer.name=api.example", "net.peer.port=8443", "net.sock.peer.addr=10.0.0.9",
                          "net.sock.peer.port=8443", "net.protocol.version=1.1", "http.request_content_length=17",
                          "http.response_content_length=42"));
}

TEST(HttpClientSpanTest, AnEmptyMethodIsGet) {
  const model::Span span = Build(HttpClientRecordBuilder().Set(NS_CLIENT_METHOD, ""));
  EXPECT_EQ(span.name, "GET");
  EXPECT_THAT(Lines(span), Contains("http.request.method=GET"));
}

TEST(HttpClientSpanTest, AnUnknownMethodDoesNotNameTheSpan) {
  const model::Span span = Build(HttpClientRecordBuilder().Set(NS_CLIENT_METHOD, "PURGE"));
  EXPECT_EQ(span.name, "HTTP");
  EXPECT_THAT(Lines(span), Contains("http.request.method=_OTHER"));
  EXPECT_THAT(Lines(span), Contains("http.request.method_original=PURGE"));
}

TEST(HttpClientSpanTest, ThePortOfTheSchemeIsStatedWhenTheUrlHasNone) {
  EXPECT_THAT(Lines(Build(HttpClientRecordBuilder().Set(NS_CLIENT_HOST, "api.example"))), Contains("server.port=443"));
  EXPECT_THAT(Lines(Build(HttpClientRecordBuilder().Set(NS_CLIENT_HOST, "[::1]").Set(NS_CLIENT_SCHEME, "http"))),
              Contains("server.port=80"));
}

TEST(HttpClientSpanTest, StatusesFrom400OnAreErrors) {
  HttpClientRecordBuilder record;
  record.fixed.status = 399;
  EXPECT_EQ(Build(record).status, StatusCode::kUnset);
  for (const uint16_t status : {uint16_t{400}, uint16_t{404}, uint16_t{500}, uint16_t{599}}) {
    record.fixed.status = status;
    const model::Span span = Build(record);
    EXPECT_EQ(span.status, StatusCode::kError);
    EXPECT_EQ(span.status_message, "");
    EXPECT_THAT(Lines(span), Contains("error.type=" + std::to_string(status)));
  }
}

TEST(HttpClientSpanTest, AnErrorIsNamedByItsGoType) {
  const model::Span span = Build(Failed(kOpErrorVaddr, ""));
  EXPECT_EQ(span.status, StatusCode::kError);
  EXPECT_EQ(span.status_message, "");
  EXPECT_THAT(Lines(span), Contains("error.type=*net.OpError"));
  EXPECT_THAT(Lines(span), Not(Contains(StartsWith("http.response.status_code"))));
}

TEST(HttpClientSpanTest, TheTextOfAnErrorDescribesTheStatus) {
  const model::Span span = Build(Failed(kErrorStringVaddr, "EOF"));
  EXPECT_EQ(span.status_message, "EOF");
  EXPECT_THAT(Lines(span), Contains("error.type=*errors.errorString"));
}

TEST(HttpClientSpanTest, AnErrorOfUnknownTypeIsOther) {
  EXPECT_THAT(Lines(Build(Failed(0x1, ""))), Contains("error.type=_OTHER"));
}

TEST(HttpClientSpanTest, ARequestThatItsCallerCancelledIsNoError) {
  for (const char* text : {"context canceled", "net/http: request canceled"}) {
    const model::Span span = Build(Failed(kErrorStringVaddr, text));
    EXPECT_EQ(span.status, StatusCode::kUnset) << text;
    EXPECT_THAT(Lines(span), Not(Contains(StartsWith("error.type"))));
  }
}

TEST(HttpClientSpanTest, APanicIsAnError) {
  HttpClientRecordBuilder record;
  record.fixed.present = NS_CLIENT_FAILED | NS_CLIENT_PANICKED;
  EXPECT_THAT(Lines(Build(record)), Contains("error.type=panic"));
}

TEST(HttpClientSpanTest, CredentialsNeverLeave) {
  HttpClientRecordBuilder record;
  record.fixed.present |= NS_CLIENT_HAS_USER_INFO;
  record.Set(NS_CLIENT_QUERY, "a=1&sig=secret");
  EXPECT_THAT(Lines(Build(record)),
              Contains("url.full=https://REDACTED:REDACTED@api.example:8443/orders?a=1&sig=REDACTED"));
}

TEST(HttpClientSpanTest, BytesThatAreNotUtf8NeverLeave) {
  const model::Span span = Build(HttpClientRecordBuilder().Set(NS_CLIENT_HOST, "a\xff.example"));
  EXPECT_THAT(Lines(span), Contains("server.address=a\xef\xbf\xbd.example"));
}

TEST(HttpClientSpanTest, AHostThatWasCutNamesNoServer) {
  const model::Span span = Build(HttpClientRecordBuilder().Set(NS_CLIENT_HOST, "api.exam", /*cut=*/true));
  EXPECT_THAT(Lines(span), Not(Contains(StartsWith("server.address"))));
  EXPECT_THAT(Lines(span), Not(Contains(StartsWith("url.full"))));
}

}  // namespace
}  // namespace nodespan::spans
