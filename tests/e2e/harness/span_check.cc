// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/span_check.h"

#include <algorithm>
#include <array>
#include <regex>
#include <set>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::e2e {
namespace {

using opentelemetry::proto::trace::v1::Span;
using opentelemetry::proto::trace::v1::Status;

// Between the clocks that both sides read: the daemon maps monotonic time to wall time.
constexpr uint64_t kClockToleranceNs = 5'000'000;
// A request ends a little after its answer was sent, later on a busy machine.
constexpr uint64_t kEndToleranceNs = 2'000'000'000;

// What is kept of long texts (bpf/abi/nodespan_abi.h, NS_HTTP_MAX_*); repeated here, because a change is seen by users.
constexpr size_t kTargetBytes = 320;
constexpr size_t kUserAgentBytes = 160;

constexpr std::array<std::string_view, 10> kKnownMethods = {"GET",   "POST",    "PUT",     "HEAD",  "DELETE",
                                                            "PATCH", "OPTIONS", "CONNECT", "TRACE", "QUERY"};

bool IsKnown(const std::string& method) {
  return std::find(kKnownMethods.begin(), kKnownMethods.end(), method) != kKnownMethods.end();
}

bool IsPanic(const Truth& truth) {
  return truth.outcome == "panic" || truth.outcome == "abort" || truth.outcome == "goexit";
}

bool IsRoot(const Truth& truth) { return !truth.parent.has_value(); }

void SetTarget(const Truth& truth, Attributes& expected) {
  std::string target = truth.target.substr(0, kTargetBytes);
  if (const size_t authority = target.find("://"); authority != std::string::npos) {
    target.erase(0, target.find('/', authority + 3));
  }
  const size_t question = target.find('?');
  expected["url.path"] = target.substr(0, question);
  if (question != std::string::npos && question + 1 < target.size()) {
    expected["url.query"] = target.substr(question + 1);
  }
}

void SetServer(const Truth& truth, const std::string& scheme, Attributes& expected) {
  if (truth.host.empty()) {
    return;
  }
  static const std::regex kHost(R"((\[[^\]]*\]|[^:]*)(?::(\d+))?)");
  std::smatch match;
  ASSERT_TRUE(std::regex_match(truth.host, match, kHost)) << truth.host;
  std::string host = match[1];
  if (host.starts_with('[')) {
    host = host.substr(1, host.size() - 2);
  }
  expected["server.address"] = host;
  expected["server.port"] = match[2].matched ? match[2].str() : (scheme == "https" ? "443" : "80");
}

void SetResult(const Truth& truth, Attributes& expected) {
  int64_t status = truth.status;
  if (truth.outcome == "clientgone") {
    status = 200;  // Its handler returned without writing, and nobody was there to receive that.
  }
  const bool hijacked = truth.outcome == "hijack";
  if (status != 0 && !hijacked) {
    expected["http.response.status_code"] = std::to_string(status);
    expected["http.response.body.size"] = truth.method == "HEAD" ? "0" : std::to_string(truth.handler_bytes);
  }
  if (status >= 500) {
    expected["error.type"] = std::to_string(status);
  } else if (IsPanic(truth)) {
    expected["error.type"] = "panic";
  }
}

Attributes ExpectedAttributes(const Truth& truth) {
  Attributes expected;
  expected["http.request.method"] = IsKnown(truth.method) ? truth.method : "_OTHER";
  if (!IsKnown(truth.method)) {
    expected["http.request.method_original"] = truth.method;
  }
  SetTarget(truth, expected);
  expected["url.scheme"] = "http";
  expected["client.address"] = "127.0.0.1";
  expected["network.peer.address"] = "127.0.0.1";
  expected["network.peer.port"] = std::to_string(truth.peer_port);
  expected["network.protocol.version"] = truth.protocol;
  if (truth.name == "forwarded") {  // The headers of that case: tests/goprograms/httpserver/scenarios.go.
    expected["url.scheme"] = "https";
    expected["client.address"] = "203.0.113.7";
    expected["server.address"] = "shop.example";
    expected["server.port"] = "443";
  } else {
    SetServer(truth, expected["url.scheme"], expected);
  }
  if (!truth.user_agent.empty()) {
    expected["user_agent.original"] = truth.user_agent.substr(0, kUserAgentBytes);
  }
  if (!truth.route.empty()) {
    expected["http.route"] = truth.route;
  }
  if (!truth.handler.empty()) {
    expected["code.function.name"] = truth.handler;
    expected["code.file.path"] = truth.handler_file;
    expected["code.line.number"] = std::to_string(truth.handler_line);
  }
  const bool is_chunked = truth.request_length < 0 && truth.request_bytes > 0;
  if (!is_chunked) {
    expected["http.request.body.size"] = std::to_string(truth.request_bytes);
  }
  SetResult(truth, expected);
  return expected;
}

std::string ExpectedTracestate(const Truth& truth) {
  std::string list;
  for (const std::string& line : IsRoot(truth) ? std::vector<std::string>() : truth.tracestate) {
    list += (list.empty() ? "" : ",") + line;
  }
  return list;
}

void ExpectIdentity(const Truth& truth, const Span& span) {
  constexpr uint32_t kSampled = 0x1;
  constexpr uint32_t kRandom = 0x2;
  constexpr uint32_t kRemoteKnown = 0x100;
  constexpr uint32_t kRemote = 0x200;
  EXPECT_EQ(span.trace_id().size(), 16U);
  EXPECT_EQ(span.span_id().size(), 8U);
  if (IsRoot(truth)) {
    EXPECT_EQ(Hex(span.parent_span_id()), "");
    EXPECT_EQ(span.flags(), kSampled | kRandom | kRemoteKnown);
  } else {
    EXPECT_EQ(Hex(span.trace_id()), truth.parent->trace_id);
    EXPECT_EQ(Hex(span.parent_span_id()), truth.parent->span_id);
    const uint32_t random = truth.name == "random flag" ? kRandom : 0;
    EXPECT_EQ(span.flags(), kSampled | random | kRemoteKnown | kRemote);
  }
  EXPECT_EQ(span.trace_state(), ExpectedTracestate(truth));
}

void ExpectTimes(const Truth& truth, const Span& span) {
  constexpr uint64_t kSlowNs = 30'000'000;  // of the handlers in tests/goprograms/httpserver/server.go
  EXPECT_GE(span.start_time_unix_nano() + kClockToleranceNs, truth.start_ns);
  EXPECT_LE(span.start_time_unix_nano(), span.end_time_unix_nano());
  EXPECT_LE(span.start_time_unix_nano(), truth.end_ns + kClockToleranceNs);
  EXPECT_LE(span.end_time_unix_nano(), truth.end_ns + kEndToleranceNs);
  if (truth.name == "slow") {
    EXPECT_GE(span.end_time_unix_nano() - span.start_time_unix_nano(), kSlowNs);
  }
}

void ExpectSpan(const Truth& truth, const Span& span) {
  SCOPED_TRACE(fmt::format("{} ({}): {} {:.80}", truth.id, truth.name, truth.method, truth.target));
  const Attributes expected = ExpectedAttributes(truth);
  EXPECT_THAT(AttributesOf(span), ::testing::ContainerEq(expected));
  const bool named_by_route = expected.contains("http.route");
  EXPECT_EQ(span.name(),
            (IsKnown(truth.method) ? truth.method : "HTTP") + (named_by_route ? " " + truth.route : std::string()));
  EXPECT_EQ(span.kind(), opentelemetry::proto::trace::v1::Span_SpanKind_SPAN_KIND_SERVER);
  EXPECT_EQ(span.status().code(), expected.contains("error.type")
                                      ? opentelemetry::proto::trace::v1::Status_StatusCode_STATUS_CODE_ERROR
                                      : opentelemetry::proto::trace::v1::Status_StatusCode_STATUS_CODE_UNSET);
  EXPECT_EQ(span.dropped_attributes_count(), 0U);
  ExpectIdentity(truth, span);
  ExpectTimes(truth, span);
}

}  // namespace

Attributes AttributesOf(const Span& span) {
  Attributes attributes;
  for (const auto& attribute : span.attributes()) {
    const auto& value = attribute.value();
    const bool is_new =
        attributes
            .emplace(attribute.key(), value.has_int_value() ? std::to_string(value.int_value()) : value.string_value())
            .second;
    EXPECT_TRUE(is_new) << attribute.key() << " twice in one span";
  }
  return attributes;
}

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  }
  return text;
}

std::string IdIn(std::string_view path) {
  static const std::regex kId(R"([a-z]+-\d{5}(-r\d+)?)");
  std::cmatch match;
  return std::regex_search(path.begin(), path.end(), match, kId) ? match[0].str() : std::string();
}

size_t CountSampled(const std::vector<Truth>& truths) {
  return static_cast<size_t>(std::count_if(truths.begin(), truths.end(), [](const Truth& truth) {
    return truth.want_span && (IsRoot(truth) || truth.parent->sampled);
  }));
}

void ExpectSpansOf(pid_t pid, const std::vector<Truth>& truths, const std::vector<ReceivedSpan>& spans) {
  std::map<std::string, const Span*> by_id;
  std::set<std::string> span_ids;
  for (const ReceivedSpan& received : spans) {
    if (received.pid != pid) {
      continue;
    }
    const std::string path = AttributesOf(received.span)["url.path"];
    EXPECT_TRUE(by_id.emplace(IdIn(path), &received.span).second) << "a second span for " << path;
    EXPECT_TRUE(span_ids.insert(received.span.span_id()).second) << "a span id used twice, for " << path;
  }
  for (const Truth& truth : truths) {
    const auto found = by_id.find(truth.id);
    const bool wanted = truth.want_span && (IsRoot(truth) || truth.parent->sampled);
    EXPECT_EQ(found != by_id.end(), wanted) << "span of " << truth.id << " (" << truth.name << ")";
    if (found != by_id.end()) {
      ExpectSpan(truth, *found->second);
      by_id.erase(found);
    }
  }
  for (const auto& [id, span] : by_id) {
    ADD_FAILURE() << "a span of no request: " << span->name() << " " << AttributesOf(*span)["url.path"];
  }
}

}  // namespace nodespan::e2e
