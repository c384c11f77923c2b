// SPDX-License-Identifier: Apache-2.0
#include "spans/http_server_span.h"

#include <cstring>
#include <map>
#include <set>

#include "events/record_builder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/version.h"
#include "spans/span_test_util.h"

namespace nodespan::spans {
namespace {

using events::testing::HttpServerRecordBuilder;
using model::SemconvMode;
using model::StatusCode;
using ::testing::AllOf;
using testing::Attributes;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Key;
using testing::Lines;
using ::testing::Not;
using ::testing::Pair;

model::Span Build(const HttpServerRecordBuilder& record, const model::SpanOptions& options) {
  static const auto resource = std::make_shared<const model::Resource>();
  const std::vector<std::byte> bytes = record.Bytes();
  const absl::StatusOr<events::Event> event = events::ReadRecord(bytes);
  EXPECT_TRUE(event.ok()) << event.status();
  model::Span span;
  BuildHttpServerSpan(std::get<events::HttpServerEvent>(*event), options, resource, testing::FixedWallClock(), span);
  return span;
}

model::Span Build(const HttpServerRecordBuilder& record, SemconvMode mode = SemconvMode::kNew) {
  model::SpanOptions options;
  options.semconv.http = mode;
  return Build(record, options);
}

HttpServerRecordBuilder WithStatus(uint16_t status, uint8_t outcome = NS_HTTP_HANDLED) {
  HttpServerRecordBuilder record;
  record.fixed.status = status;
  record.fixed.outcome = outcome;
  return record;
}

TEST(HttpServerSpanTest, StableNames) {
  const model::Span span = Build(HttpServerRecordBuilder());
  EXPECT_EQ(span.name, "GET /users/{id}");
  EXPECT_EQ(span.kind, model::SpanKind::kServer);
  EXPECT_EQ(span.status, StatusCode::kUnset);
  EXPECT_EQ(span.status_message, "");
  EXPECT_THAT(Lines(span), ElementsAre("http.request.method=GET", "http.response.status_code=200",
                                       "http.route=/users/{id}", "url.path=/users/42", "url.query=verbose=1",
                                       "server.address=shop.example", "server.port=8080", "client.address=10.0.0.7",
                                       "network.peer.address=10.0.0.7", "network.peer.port=51234", "url.scheme=http",
                                       "network.protocol.version=1.1", "user_agent.original=curl/8.5.0",
                                       "http.request.body.size=0", "http.response.body.size=1234"));
  EXPECT_EQ(span.scope->name, "nodespan/net/http");
  EXPECT_EQ(span.scope->version, model::kVersion);
  EXPECT_EQ(span.scope->schema_url, "https://opentelemetry.io/schemas/1.44.0");
}

TEST(HttpServerSpanTest, OldNames) {
  const model::Span span = Build(HttpServerRecordBuilder(), SemconvMode::kOld);
  EXPECT_EQ(span.name, "GET /users/{id}");
  EXPECT_THAT(Lines(span), ElementsAre("http.method=GET", "http.status_code=200", "http.route=/users/{id}",
                                       "http.target=/users/42?verbose=1", "http.url=/users/42?verbose=1",
                                       "net.host.name=shop.example", "net.host.port=8080", "http.client_ip=10.0.0.7",
                                       "net.sock.peer.addr=10.0.0.7", "net.sock.peer.port=51234", "http.scheme=http",
                                       "net.protocol.version=1.1", "user_agent.original=curl/8.5.0",
                                       "http.request_content_length=0", "http.response_content_length=1234"));
  EXPECT_EQ(span.scope->schema_url, "");
}

TEST(HttpServerSpanTest, BothNamesAreTheUnionWithoutRepeatedKeys) {
  const auto both = Attributes(Build(HttpServerRecordBuilder(), SemconvMode::kDup));
  auto expected = Attributes(Build(HttpServerRecordBuilder(), SemconvMode::kNew));
  expected.merge(Attributes(Build(HttpServerRecordBuilder(), SemconvMode::kOld)));
  EXPECT_EQ(both, expected);
  EXPECT_EQ(Build(HttpServerRecordBuilder(), SemconvMode::kDup).scope->schema_url, "");
}

TEST(HttpServerSpanTest, IdsTimesAndFlagsOfARoot) {
  const model::Span span = Build(HttpServerRecordBuilder());
  EXPECT_EQ(span.trace_id[0], 0xaa);
  EXPECT_EQ(span.span_id[0], 0xbb);
  EXPECT_TRUE(model::IsZero(span.parent_span_id));
  EXPECT_EQ(span.flags, 0x101u);
  EXPECT_EQ(span.start_unix_ns, 1'001'000'000u);
  EXPECT_EQ(span.end_unix_ns, 1'003'500'000u);
}

TEST(HttpServerSpanTest, FlagsOfChildren) {
  HttpServerRecordBuilder record;
  record.fixed.header.parent_span_id[0] = 1;
  record.fixed.header.trace_flags = 3;
  EXPECT_EQ(Build(record).flags, 0x103u);
  record.fixed.header.flags = NS_SPAN_REMOTE_PARENT;
  EXPECT_EQ(Build(record).flags, 0x303u);
  EXPECT_EQ(Build(record).parent_span_id[0], 1);
}

TEST(HttpServerSpanTest, WithoutARouteTheNameIsTheMethodAndNeverThePath) {
  HttpServerRecordBuilder record;
  record.Set(NS_HTTP_PATTERN, "");
  const model::Span span = Build(record);
  EXPECT_EQ(span.name, "GET");
  EXPECT_THAT(Attributes(span), Not(Contains(Key("http.route"))));
}

TEST(HttpServerSpanTest, UnknownMethodIsOtherAndKeptAsOriginal) {
  for (const std::string method : {"PROPFIND", "get", "GETS"}) {
    HttpServerRecordBuilder record;
    record.Set(NS_HTTP_METHOD, method);
    const model::Span span = Build(record);
    EXPECT_EQ(span.name, "HTTP /users/{id}");
    EXPECT_THAT(Attributes(span), Contains(Pair("http.request.method", "_OTHER")));
    EXPECT_THAT(Attributes(span), Contains(Pair("http.request.method_original", method)));
    EXPECT_THAT(Attributes(Build(record, SemconvMode::kOld)), Contains(Pair("http.method", method)));
    EXPECT_THAT(Attributes(Build(record, SemconvMode::kOld)), Not(Contains(Key("http.request.method_original"))));
  }
}

TEST(HttpServerSpanTest, EveryMethodOfTheNormIsKnown) {
  for (const std::string method :
       {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"}) {
    HttpServerRecordBuilder record;
    record.Set(NS_HTTP_METHOD, method);
    EXPECT_EQ(Build(record).name, method + " /users/{id}");
    EXPECT_THAT(Attributes(Build(record)), Not(Contains(Key("http.request.method_original"))));
  }
}

TEST(HttpServerSpanTest, KnownMethodsAreReplacedNotExtended) {
  HttpServerRecordBuilder record;
  model::SpanOptions options;
  options.known_http_methods = {"PROPFIND", "get"};
  EXPECT_EQ(Build(record, options).name, "HTTP /users/{id}");
  EXPECT_THAT(Attributes(Build(record, options)), AllOf(Contains(Pair("http.request.method", "_OTHER")),
                                                        Contains(Pair("http.request.method_original", "GET"))));
  record.Set(NS_HTTP_METHOD, "PROPFIND");
  EXPECT_EQ(Build(record, options).name, "PROPFIND /users/{id}");
}

TEST(HttpServerSpanTest, CutOrUnreadableMethodIsOther) {
  HttpServerRecordBuilder record;
  record.Set(NS_HTTP_METHOD, "GET", /*cut=*/true);
  EXPECT_EQ(Build(record).name, "HTTP /users/{id}");
  record.Set(NS_HTTP_METHOD, "");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("http.request.method", "_OTHER")));
  EXPECT_THAT(Attributes(Build(record)), Not(Contains(Key("http.request.method_original"))));
  EXPECT_THAT(Attributes(Build(record, SemconvMode::kOld)), Contains(Pair("http.method", "_OTHER")));
}

TEST(HttpServerSpanTest, HandledWithoutWritingIsTwoHundred) {
  EXPECT_THAT(Attributes(Build(WithStatus(0))), Contains(Pair("http.response.status_code", "200")));
}

TEST(HttpServerSpanTest, OnlyServerErrorsAreErrors) {
  for (const uint16_t status : std::initializer_list<uint16_t>{101, 204, 302, 400, 404, 499}) {
    const model::Span span = Build(WithStatus(status));
    EXPECT_EQ(span.status, StatusCode::kUnset) << status;
    EXPECT_THAT(Attributes(span), Not(Contains(Key("error.type"))));
    EXPECT_THAT(Attributes(span), Contains(Pair("http.response.status_code", std::to_string(status))));
  }
  for (const uint16_t status : std::initializer_list<uint16_t>{500, 503, 599}) {
    const model::Span span = Build(WithStatus(status));
    EXPECT_EQ(span.status, StatusCode::kError) << status;
    EXPECT_EQ(span.status_message, "") << "the code explains it";
    EXPECT_THAT(Attributes(span), Contains(Pair("error.type", std::to_string(status))));
  }
}

TEST(HttpServerSpanTest, PanicBeforeAnyResponseIsAnErrorWithoutStatusCodeOrSize) {
  const model::Span span = Build(WithStatus(0, NS_HTTP_PANICKED));
  EXPECT_EQ(span.status, StatusCode::kError);
  EXPECT_EQ(span.status_message, "handler did not return: it panicked or aborted");
  EXPECT_THAT(Attributes(span), Contains(Pair("error.type", "panic")));
  EXPECT_THAT(Attributes(span), Not(Contains(Key("http.response.status_code"))));
  EXPECT_THAT(Attributes(span), Not(Contains(Key("http.response.body.size"))));
}

TEST(HttpServerSpanTest, PanicAfterAResponseKeepsItsStatusCode) {
  const model::Span ok = Build(WithStatus(200, NS_HTTP_PANICKED));
  EXPECT_EQ(ok.status, StatusCode::kError);
  EXPECT_THAT(Attributes(ok), Contains(Pair("http.response.status_code", "200")));
  EXPECT_THAT(Attributes(ok), Contains(Pair("error.type", "panic")));
  EXPECT_THAT(Attributes(Build(WithStatus(502, NS_HTTP_PANICKED))), Contains(Pair("error.type", "502")));
}

TEST(HttpServerSpanTest, HijackedConnectionHasNoStatusUnlessOneWasSet) {
  const model::Span span = Build(WithStatus(0, NS_HTTP_HIJACKED));
  EXPECT_EQ(span.status, StatusCode::kUnset);
  EXPECT_THAT(Attributes(span), Not(Contains(Key("http.response.status_code"))));
  EXPECT_THAT(Attributes(span), Not(Contains(Key("http.response.body.size"))));
  EXPECT_THAT(Attributes(Build(WithStatus(101, NS_HTTP_HIJACKED))), Contains(Pair("http.response.status_code", "101")));
}

TEST(HttpServerSpanTest, WhatWasNotReadIsNotClaimed) {
  HttpServerRecordBuilder record;
  record.fixed.present = 0;
  for (const ns_http_string string :
       {NS_HTTP_URI, NS_HTTP_HOST, NS_HTTP_REMOTE_ADDR, NS_HTTP_USER_AGENT, NS_HTTP_PATTERN}) {
    record.Set(string, "");
  }
  EXPECT_THAT(Lines(Build(record)), ElementsAre("http.request.method=GET"));
  EXPECT_EQ(Build(record).name, "GET");
}

TEST(HttpServerSpanTest, SecretsInTheQueryAreRedactedUnderEveryName) {
  HttpServerRecordBuilder record;
  record.Set(NS_HTTP_URI, "/blob?sig=s3cret&a=1");
  const auto attributes = Attributes(Build(record, SemconvMode::kDup));
  EXPECT_THAT(attributes, Contains(Pair("url.query", "sig=REDACTED&a=1")));
  EXPECT_THAT(attributes, Contains(Pair("http.target", "/blob?sig=REDACTED&a=1")));
  EXPECT_THAT(attributes, Contains(Pair("http.url", "/blob?sig=REDACTED&a=1")));
  for (const auto& [key, value] : attributes) {
    EXPECT_EQ(value.find("s3cret"), std::string::npos) << key;
  }
}

TEST(HttpServerSpanTest, ConnectToAnAuthorityHasNoPath) {
  HttpServerRecordBuilder record;
  record.Set(NS_HTTP_METHOD, "CONNECT").Set(NS_HTTP_URI, "db.example:5432").Set(NS_HTTP_PATTERN, "");
  const auto attributes = Attributes(Build(record, SemconvMode::kDup));
  EXPECT_THAT(attributes, Not(Contains(Key("url.path"))));
  EXPECT_THAT(attributes, Not(Contains(Key("http.target"))));
}

TEST(HttpServerSpanTest, SchemeComesFromTheProxyFirst) {
  HttpServerRecordBuilder record;
  record.fixed.is_tls = 1;
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("url.scheme", "https")));
  record.Set(NS_HTTP_X_FORWARDED_PROTO, "HTTP");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("url.scheme", "http")));
  record.Set(NS_HTTP_FORWARDED, "proto=https");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("url.scheme", "https")));
  record.Set(NS_HTTP_FORWARDED, "proto=\"<b>\"").Set(NS_HTTP_X_FORWARDED_PROTO, "1x");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("url.scheme", "https"))) << "neither is a scheme: TLS decides";
}

TEST(HttpServerSpanTest, ServerComesFromForwardedThenXForwardedHostThenHost) {
  HttpServerRecordBuilder record;
  record.Set(NS_HTTP_X_FORWARDED_HOST, "edge.example:8443, inner");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("server.address", "edge.example")));
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("server.port", "8443")));
  record.Set(NS_HTTP_FORWARDED, "host=\"[2001:db8::5]:9000\"");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("server.address", "2001:db8::5")));
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("server.port", "9000")));
}

TEST(HttpServerSpanTest, PortDefaultsToThatOfTheSchemeAndOldNamesLeaveTheDefaultOut) {
  HttpServerRecordBuilder record;
  record.Set(NS_HTTP_HOST, "shop.example");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("server.port", "80")));
  EXPECT_THAT(Attributes(Build(record, SemconvMode::kOld)), Not(Contains(Key("net.host.port"))));
  record.fixed.is_tls = 1;
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("server.port", "443")));
  record.Set(NS_HTTP_HOST, "shop.example:443");
  EXPECT_THAT(Attributes(Build(record, SemconvMode::kOld)), Not(Contains(Key("net.host.port"))));
  record.fixed.is_tls = 0;
  EXPECT_THAT(Attributes(Build(record, SemconvMode::kOld)), Contains(Pair("net.host.port", "443")));
}

TEST(HttpServerSpanTest, HostCutInTheKernelIsLeftOut) {
  HttpServerRecordBuilder record;
  record.Set(NS_HTTP_HOST, "very-long.exam", /*cut=*/true);
  EXPECT_THAT(Attributes(Build(record)), Not(Contains(Key("server.address"))));
  EXPECT_THAT(Attributes(Build(record)), Not(Contains(Key("server.port"))));
}

TEST(HttpServerSpanTest, ClientComesFromForwardedThenXForwardedForThenPeer) {
  HttpServerRecordBuilder record;
  record.Set(NS_HTTP_X_FORWARDED_FOR, "203.0.113.7:4711, 10.0.0.1");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("client.address", "203.0.113.7")));
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("network.peer.address", "10.0.0.7")));
  record.Set(NS_HTTP_FORWARDED, "for=\"[2001:db8:cafe::17]:4711\"");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("client.address", "2001:db8:cafe::17")));
  record.Set(NS_HTTP_FORWARDED, "for=unknown").Set(NS_HTTP_X_FORWARDED_FOR, "unknown");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("client.address", "10.0.0.7")));
}

TEST(HttpServerSpanTest, PeersOfEveryKind) {
  HttpServerRecordBuilder record;
  record.Set(NS_HTTP_REMOTE_ADDR, "[fe80::1%eth0]:40000");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("network.peer.address", "fe80::1%eth0")));
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("network.peer.port", "40000")));
  record.Set(NS_HTTP_REMOTE_ADDR, "@");
  EXPECT_THAT(Attributes(Build(record)), Not(Contains(Key("network.peer.address"))));
  EXPECT_THAT(Attributes(Build(record)), Not(Contains(Key("client.address"))));
  record.Set(NS_HTTP_REMOTE_ADDR, "/run/client.sock");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("network.peer.address", "/run/client.sock")));
  EXPECT_THAT(Attributes(Build(record)), Not(Contains(Key("network.peer.port"))));
}

TEST(HttpServerSpanTest, FasthttpHasAScopeOfItsOwnAndItsPeerAsAnAddress) {
  HttpServerRecordBuilder record;
  record.fixed.library = NS_HTTP_FASTHTTP;
  record.fixed.peer = {.ip = {10, 0, 0, 9}, .port = 40000, .ip_bytes = 4, .pad = {}};
  record.Set(NS_HTTP_REMOTE_ADDR, "");
  const model::Span span = Build(record);
  EXPECT_EQ(span.scope->name, "nodespan/github.com/valyala/fasthttp");
  EXPECT_THAT(Lines(span), AllOf(Contains("client.address=10.0.0.9"), Contains("network.peer.address=10.0.0.9"),
                                 Contains("network.peer.port=40000")));
  EXPECT_EQ(Build(record, SemconvMode::kOld).scope->schema_url, "");
}

TEST(HttpServerSpanTest, ProtocolVersionsAreWrittenAsTheNormWantsThem) {
  HttpServerRecordBuilder record;
  const std::vector<std::tuple<uint8_t, uint8_t, std::string>> cases = {
      {1, 0, "1.0"}, {1, 1, "1.1"}, {2, 0, "2"}, {3, 0, "3"}};
  for (const auto& [major, minor, text] : cases) {
    record.fixed.proto_major = major;
    record.fixed.proto_minor = minor;
    EXPECT_THAT(Attributes(Build(record)), Contains(Pair("network.protocol.version", text)));
  }
}

TEST(HttpServerSpanTest, BodySizes) {
  HttpServerRecordBuilder record;
  record.fixed.request_body_bytes = 99;
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("http.request.body.size", "99")));
  record.fixed.request_body_bytes = -1;
  EXPECT_THAT(Attributes(Build(record)), Not(Contains(Key("http.request.body.size"))));
  record.Set(NS_HTTP_METHOD, "HEAD");
  EXPECT_THAT(Attributes(Build(record)), Contains(Pair("http.response.body.size", "0")));
}

TEST(HttpServerSpanTest, ForeignTextBecomesValidUtf8AndCutTextEndsOnACharacter) {
  HttpServerRecordBuilder record;
  record
      .Set(NS_HTTP_USER_AGENT,
           "a\xFF"
           "b")
      .Set(NS_HTTP_URI, "/caf\xC3", /*cut=*/true);
  record.Set(NS_HTTP_METHOD, "G\xFF").Set(NS_HTTP_HOST, "\xFE:1").Set(NS_HTTP_PATTERN, "/\xE2\x82", true);
  record.Set(NS_HTTP_X_FORWARDED_FOR, "\xC0");
  const model::Span span = Build(record, SemconvMode::kDup);
  const auto attributes = Attributes(span);
  EXPECT_EQ(span.name, "HTTP /");
  EXPECT_THAT(attributes, Contains(Pair("user_agent.original",
                                        "a\uFFFD"
                                        "b")));
  EXPECT_THAT(attributes, Contains(Pair("url.path", "/caf")));
  EXPECT_THAT(attributes, Contains(Pair("http.request.method_original", "G\uFFFD")));
  EXPECT_THAT(attributes, Contains(Pair("server.address", "\uFFFD")));
  EXPECT_THAT(attributes, Contains(Pair("client.address", "\uFFFD")));
  EXPECT_THAT(attributes, Contains(Pair("http.route", "/")));
}

TEST(HttpServerSpanTest, TracestateIsValidatedAndCutToWholeMembers) {
  HttpServerRecordBuilder record;
  record.Set(NS_HTTP_TRACESTATE, "a=1, b=2");
  EXPECT_EQ(Build(record).trace_state, "a=1,b=2");
  record.Set(NS_HTTP_TRACESTATE, "a=1,b=2", /*cut=*/true);
  EXPECT_EQ(Build(record).trace_state, "a=1");
  record.Set(NS_HTTP_TRACESTATE, "a=1,a=2");
  EXPECT_EQ(Build(record).trace_state, "");
}

}  // namespace
}  // namespace nodespan::spans
