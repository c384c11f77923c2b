// SPDX-License-Identifier: Apache-2.0
#include "otlp/otlp_json.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "otlp/test_spans.h"

namespace nodespan::otlp {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using testing::kHttpScope;
using testing::kSqlScope;
using testing::MakeFullSpan;
using testing::MakeHttpSpan;
using testing::MakeResource;
using testing::RandomSpans;
using ::testing::SizeIs;

json SpanJson(const model::Span& span) {
  return json::parse(ToOtlpJson({&span, 1}))["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
}

TEST(OtlpJsonTest, WritesEveryFieldTheWayTheSpecificationSays) {
  const std::vector<model::Span> spans = {MakeFullSpan(MakeResource("shop"))};
  const json expected = json::parse(R"({"resourceSpans": [{
    "resource": {"attributes": [
      {"key": "service.name", "value": {"stringValue": "shop"}},
      {"key": "process.pid", "value": {"intValue": "4711"}}]},
    "schemaUrl": "https://example.org/resource-schema",
    "scopeSpans": [{
      "scope": {"name": "nodespan/net/http", "version": "1.2.3"},
      "schemaUrl": "https://example.org/schema",
      "spans": [{
        "traceId": "0802030405060708100a0b0c0d0e0f10",
        "spanId": "0802030405060708",
        "traceState": "vendor=opaque,other=1",
        "parentSpanId": "6402030405060708",
        "name": "GET /users/{id}",
        "kind": 2,
        "startTimeUnixNano": "1700000000000000007",
        "endTimeUnixNano": "1700000000002000007",
        "attributes": [
          {"key": "string", "value": {"stringValue": "value"}},
          {"key": "empty", "value": {"stringValue": ""}},
          {"key": "true", "value": {"boolValue": true}},
          {"key": "false", "value": {"boolValue": false}},
          {"key": "negative", "value": {"intValue": "-1"}},
          {"key": "zero", "value": {"intValue": "0"}},
          {"key": "double", "value": {"doubleValue": 0.25}},
          {"key": "strings", "value": {"arrayValue": {"values": [
            {"stringValue": "a"}, {"stringValue": ""}, {"stringValue": "c"}]}}},
          {"key": "none", "value": {"arrayValue": {"values": []}}},
          {"key": "bools", "value": {"arrayValue": {"values": [{"boolValue": true}, {"boolValue": false}]}}},
          {"key": "ints", "value": {"arrayValue": {"values": [
            {"intValue": "-1"}, {"intValue": "0"}, {"intValue": "300"}]}}},
          {"key": "doubles", "value": {"arrayValue": {"values": [{"doubleValue": 0.25}, {"doubleValue": -4.0}]}}}],
        "droppedAttributesCount": 3,
        "events": [
          {"timeUnixNano": "123", "name": "exception",
           "attributes": [{"key": "exception.type", "value": {"stringValue": "*errors.errorString"}}],
           "droppedAttributesCount": 2},
          {"timeUnixNano": "124"}],
        "droppedEventsCount": 4,
        "links": [{
          "traceId": "06020304050607080e0a0b0c0d0e0f10", "spanId": "0702030405060708", "traceState": "linked=1",
          "attributes": [{"key": "messaging.message.id", "value": {"stringValue": "42"}}], "droppedAttributesCount": 6, "flags": 769}],
        "droppedLinksCount": 5,
        "status": {"message": "connection refused", "code": 2},
        "flags": 769}]}]}]})");
  EXPECT_EQ(json::parse(ToOtlpJson(spans)), expected);
}

TEST(OtlpJsonTest, LeavesOutWhatIsAbsent) {
  model::Span span = MakeHttpSpan(MakeResource("shop"));
  span.attributes.clear();
  span.flags = 0;
  const json actual = SpanJson(span);
  std::vector<std::string> keys;
  for (const auto& [key, value] : actual.items()) {
    keys.push_back(key);
  }
  EXPECT_THAT(keys, ElementsAre("endTimeUnixNano", "kind", "name", "spanId", "startTimeUnixNano", "traceId"));
}

TEST(OtlpJsonTest, GroupsInterleavedSpans) {
  const model::ResourcePtr shop = MakeResource("shop");
  const model::ResourcePtr bank = MakeResource("bank");
  std::vector<model::Span> spans;
  for (uint64_t i = 0; i < 8; ++i) {
    spans.push_back(MakeHttpSpan(i % 2 == 0 ? shop : bank, i));
    spans.back().scope = i < 4 ? &kHttpScope : &kSqlScope;
  }
  const json request = json::parse(ToOtlpJson(spans));
  ASSERT_THAT(request["resourceSpans"], SizeIs(2));
  for (const json& resource_spans : request["resourceSpans"]) {
    ASSERT_THAT(resource_spans["scopeSpans"], SizeIs(2));
    for (const json& scope_spans : resource_spans["scopeSpans"]) {
      EXPECT_THAT(scope_spans["spans"], SizeIs(2));
    }
  }
}

TEST(OtlpJsonTest, NumbersJsonCannotNameAreStrings) {
  model::Span span = MakeHttpSpan(MakeResource("shop"));
  const double infinity = std::numeric_limits<double>::infinity();
  span.attributes = {{"nan", std::nan("")}, {"inf", infinity}, {"-inf", -infinity}};
  const json attributes = SpanJson(span)["attributes"];
  EXPECT_EQ(attributes[0]["value"]["doubleValue"], "NaN");
  EXPECT_EQ(attributes[1]["value"]["doubleValue"], "Infinity");
  EXPECT_EQ(attributes[2]["value"]["doubleValue"], "-Infinity");
}

TEST(OtlpJsonTest, AnySpansMakeOneValidLine) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<model::Span> spans = RandomSpans(seed).Make(20);
    spans[3].name = "two\nlines \xFF";
    const std::string line = ToOtlpJson(spans);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_TRUE(json::accept(line));
  }
}

}  // namespace
}  // namespace nodespan::otlp
