// SPDX-License-Identifier: Apache-2.0
#include "spans/encoded_span.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace nodespan::spans {
namespace {

using model::Attribute;
using model::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// As go.opentelemetry.io/auto/sdk 1.2 writes it.
constexpr std::string_view kSpan =
    R"({"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{"name":"example.com/shop","version":"1.2.3"},"spans":[)"
    R"({"traceId":"","spanId":"","name":"checkout","kind":3,"startTimeUnixNano":1001000000,)"
    R"("endTimeUnixNano":1003500000,"attributes":[{"key":"text","value":{"stringValue":"a"}},)"
    R"({"key":"int","value":{"intValue":"-7"}},{"key":"bool","value":{"boolValue":true}},)"
    R"({"key":"float","value":{"doubleValue":0.5}},)"
    R"({"key":"list","value":{"arrayValue":{"values":[{"intValue":"1"},{"intValue":"2"}]}}},)"
    R"({"key":"bytes","value":{"bytesValue":"AQI="}}],"droppedAttributesCount":1,)"
    R"("events":[{"timeUnixNano":1002000000,"name":"miss","attributes":[{"key":"k","value":{"stringValue":"v"}}]}],)"
    R"("links":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","flags":1},)"
    R"({"traceId":"","spanId":""}],"status":{"message":"broken","code":2}}],"schemaUrl":"https://example.com/1"}]}]})";

struct Read {
  absl::Status status;
  model::Span span;
  ScopeName scope;
  SpanStorage storage;
};

void ReadInto(Read& read, std::string_view json, bool cut = false, const model::SpanLimits& limits = {}) {
  read.span.start_unix_ns = 1'001'000'123;
  read.span.end_unix_ns = 1'003'500'456;
  read.status = ReadEncodedSpan(json, cut, limits, read.storage, &read.scope, read.span);
}

TEST(EncodedSpanTest, CountsWhatIsBeyondALimit) {
  Read read;
  ReadInto(read, kSpan, false,
           {.attribute_count = 2, .event_count = 0, .link_count = 0, .event_attribute_count = 0, .value_length = {}});
  ASSERT_TRUE(read.status.ok()) << read.status;
  EXPECT_THAT(read.span.attributes, ElementsAre(Attribute{"text", "a"}, Attribute{"int", int64_t{-7}}));
  EXPECT_EQ(read.span.dropped_attributes_count, 5u);
  EXPECT_THAT(read.span.events, SizeIs(0));
  EXPECT_EQ(read.span.dropped_events_count, 1u);
  EXPECT_EQ(read.span.dropped_links_count, 2u);
}

TEST(EncodedSpanTest, ReadsEverythingButIds) {
  Read read;
  ReadInto(read, kSpan);
  ASSERT_TRUE(read.status.ok()) << read.status;
  const model::Span& span = read.span;
  EXPECT_EQ(read.scope, (ScopeName{"example.com/shop", "1.2.3", "https://example.com/1"}));
  EXPECT_EQ(span.name, "checkout");
  EXPECT_EQ(span.kind, model::SpanKind::kClient);
  EXPECT_TRUE(model::IsZero(span.trace_id));
  EXPECT_THAT(span.attributes,
              ElementsAre(Attribute{"text", "a"}, Attribute{"int", int64_t{-7}}, Attribute{"bool", true},
                          Attribute{"float", 0.5}, Attribute{"list", std::vector<int64_t>{1, 2}}));
  EXPECT_EQ(span.dropped_attributes_count, 2u);
  ASSERT_THAT(span.events, SizeIs(1));
  EXPECT_EQ(span.events[0].name, "miss");
  EXPECT_EQ(span.events[0].time_unix_ns, 1'002'000'000u);
  EXPECT_THAT(span.events[0].attributes, ElementsAre(Attribute{"k", "v"}));
  ASSERT_THAT(span.links, SizeIs(1));
  EXPECT_EQ(span.links[0].span_id, (model::SpanId{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(span.dropped_links_count, 1u);
  EXPECT_EQ(span.status, StatusCode::kError);
  EXPECT_EQ(span.status_message, "broken");
}

TEST(EncodedSpanTest, TakesTimesOnlyWhenTheProgramChoseThem) {
  Read usual;
  ReadInto(usual, kSpan);
  EXPECT_EQ(usual.span.start_unix_ns, 1'001'000'123u);
  EXPECT_EQ(usual.span.end_unix_ns, 1'003'500'456u);

  Read chosen;
  ReadInto(chosen, std::string(kSpan).replace(kSpan.find("1001000000"), 10, " 501000000"));
  EXPECT_EQ(chosen.span.start_unix_ns, 501'000'000u);
  EXPECT_EQ(chosen.span.end_unix_ns, 1'003'500'456u);
}

TEST(EncodedSpanTest, UsesWhatIsThereOfATextThatWasCut) {
  for (size_t length = kSpan.find("\"attributes\""); length < kSpan.size(); ++length) {
    Read read;
    ReadInto(read, kSpan.substr(0, length), /*cut=*/true);
    ASSERT_TRUE(read.status.ok()) << length << " " << read.status;
    EXPECT_EQ(read.span.name, "checkout") << length;
  }
  Read early;
  ReadInto(early, kSpan.substr(0, kSpan.find("\"int\"") + 10), true);
  EXPECT_THAT(early.span.attributes, ElementsAre(Attribute{"text", "a"}));
}

TEST(EncodedSpanTest, RefusesWhatIsNoSpan) {
  for (const std::string_view text : {"", "{", "null", "[]", "{}", R"({"resourceSpans":[]})", R"({"resourceSpans":3})",
                                      R"({"resourceSpans":[{"scopeSpans":[{"spans":[]}]}]})",
                                      R"({"resourceSpans":[{"scopeSpans":[{"spans":["name"]}]}]})"}) {
    Read read;
    ReadInto(read, text);
    EXPECT_EQ(read.status.code(), absl::StatusCode::kDataLoss) << text;
    EXPECT_THAT(read.span.attributes, IsEmpty());
  }
}

TEST(EncodedSpanTest, LeavesOutMembersOfAnotherType) {
  Read read;
  ReadInto(read,
           R"({"resourceSpans":[{"scopeSpans":[{"scope":7,"spans":[{"name":7,"kind":"client","attributes":{"a":1},)"
           R"("events":[7],"links":[7],"status":7,"startTimeUnixNano":-1,"droppedEventsCount":"x"}]}]}]})");
  ASSERT_TRUE(read.status.ok()) << read.status;
  EXPECT_EQ(read.span.name, "");
  EXPECT_EQ(read.span.kind, model::SpanKind::kInternal);
  EXPECT_EQ(read.span.status, StatusCode::kUnset);
}

TEST(CloseJsonTest, IsJsonAgainWhereverItWasCut) {
  for (size_t length = 1; length <= kSpan.size(); ++length) {
    const std::string closed = CloseJson(kSpan.substr(0, length));
    EXPECT_TRUE(closed.empty() || nlohmann::json::accept(closed)) << closed;
  }
  EXPECT_EQ(CloseJson(kSpan), kSpan);
  EXPECT_EQ(CloseJson("]"), "");
  EXPECT_EQ(CloseJson(std::string(1000, '[')), "");
  EXPECT_EQ(CloseJson(R"({"a":"x,}\",","b":1,"c)"), R"({"a":"x,}\",","b":1})");
}

}  // namespace
}  // namespace nodespan::spans
