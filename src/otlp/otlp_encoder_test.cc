// SPDX-License-Identifier: Apache-2.0
#include "otlp/otlp_encoder.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "otlp/test_spans.h"
#include "proto/otlp_trace_service.pb.h"

namespace nodespan::otlp {
namespace {

namespace common = opentelemetry::proto::common::v1;
namespace trace = opentelemetry::proto::trace::v1;
using opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kHttpScope;
using testing::kSqlScope;
using testing::MakeFullSpan;
using testing::MakeHttpSpan;
using testing::MakeHttpSpans;
using testing::MakeResource;
using testing::RandomSpans;
using ::testing::SizeIs;

ExportTraceServiceRequest Parse(const EncodedRequest& encoded) {
  ExportTraceServiceRequest request;
  EXPECT_TRUE(request.ParseFromArray(encoded.body.data.get(), static_cast<int>(encoded.body.size)));
  return request;
}

ExportTraceServiceRequest EncodeOne(const std::vector<model::Span>& spans) {
  const EncodedBatch batch = OtlpEncoder().Encode(spans);
  EXPECT_THAT(batch.requests, SizeIs(1));
  EXPECT_EQ(batch.oversized_span_count, 0u);
  return batch.requests.empty() ? ExportTraceServiceRequest() : Parse(batch.requests.front());
}

template <size_t N>
std::string Bytes(const std::array<uint8_t, N>& id) {
  return std::string(id.begin(), id.end());
}

// Of a list; empty for anything else.
std::vector<model::AttributeValue> ElementsOf(const model::AttributeValue& list) {
  std::vector<model::AttributeValue> elements;
  const auto copy = [&](const auto* from) {
    if (from != nullptr) {
      elements.assign(from->begin(), from->end());
    }
  };
  copy(std::get_if<std::vector<std::string>>(&list));
  copy(std::get_if<std::vector<bool>>(&list));
  copy(std::get_if<std::vector<int64_t>>(&list));
  copy(std::get_if<std::vector<double>>(&list));
  return elements;
}

void ExpectSameValue(const common::AnyValue& actual, const model::AttributeValue& expected) {
  if (const auto* string = std::get_if<std::string>(&expected)) {
    ASSERT_EQ(actual.value_case(), common::AnyValue::kStringValue);
    EXPECT_EQ(actual.string_value(), *string);
  } else if (const auto* number = std::get_if<int64_t>(&expected)) {
    ASSERT_EQ(actual.value_case(), common::AnyValue::kIntValue);
    EXPECT_EQ(actual.int_value(), *number);
  } else if (const auto* boolean = std::get_if<bool>(&expected)) {
    ASSERT_EQ(actual.value_case(), common::AnyValue::kBoolValue);
    EXPECT_EQ(actual.bool_value(), *boolean);
  } else if (const auto* real = std::get_if<double>(&expected)) {
    ASSERT_EQ(actual.value_case(), common::AnyValue::kDoubleValue);
    EXPECT_EQ(actual.double_value(), *real);
  } else {
    ASSERT_EQ(actual.value_case(), common::AnyValue::kArrayValue);
    const std::vector<model::AttributeValue> elements = ElementsOf(expected);
    ASSERT_EQ(static_cast<size_t>(actual.array_value().values_size()), elements.size());
    for (size_t i = 0; i < elements.size(); ++i) {
      ExpectSameValue(actual.array_value().values(static_cast<int>(i)), elements[i]);
    }
  }
}

template <typename KeyValues, typename Attributes>
void ExpectSameAttributes(const KeyValues& actual, const Attributes& expected) {
  ASSERT_EQ(static_cast<size_t>(actual.size()), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const common::KeyValue& key_value = actual.Get(static_cast<int>(i));
    EXPECT_EQ(key_value.key(), expected[i].key);
    ExpectSameValue(key_value.value(), expected[i].value);
  }
}

void ExpectSameSpan(const trace::Span& actual, const model::Span& expected) {
  EXPECT_EQ(actual.trace_id(), Bytes(expected.trace_id));
  EXPECT_EQ(actual.span_id(), Bytes(expected.span_id));
  EXPECT_EQ(actual.trace_state(), expected.trace_state);
  EXPECT_EQ(actual.parent_span_id(), model::IsZero(expected.parent_span_id) ? "" : Bytes(expected.parent_span_id));
  EXPECT_EQ(actual.name(), expected.name);
  EXPECT_EQ(static_cast<int>(actual.kind()), static_cast<int>(expected.kind));
  EXPECT_EQ(actual.start_time_unix_nano(), expected.start_unix_ns);
  EXPECT_EQ(actual.end_time_unix_nano(), expected.end_unix_ns);
  ExpectSameAttributes(actual.attributes(), expected.attributes);
  EXPECT_EQ(actual.dropped_attributes_count(), expected.dropped_attributes_count);
  ASSERT_EQ(static_cast<size_t>(actual.events_size()), expected.events.size());
  for (size_t i = 0; i < expected.events.size(); ++i) {
    const trace::Span::Event& event = actual.events(static_cast<int>(i));
    EXPECT_EQ(event.time_unix_nano(), expected.events[i].time_unix_ns);
    EXPECT_EQ(event.name(), expected.events[i].name);
    ExpectSameAttributes(event.attributes(), expected.events[i].attributes);
    EXPECT_EQ(event.dropped_attributes_count(), expected.events[i].dropped_attributes_count);
  }
  EXPECT_EQ(actual.dropped_events_count(), expected.dropped_events_count);
  ASSERT_EQ(static_cast<size_t>(actual.links_size()), expected.links.size());
  for (size_t i = 0; i < expected.links.size(); ++i) {
    const trace::Span::Link& link = actual.links(static_cast<int>(i));
    EXPECT_EQ(link.trace_id(), Bytes(expected.links[i].trace_id));
    EXPECT_EQ(link.span_id(), Bytes(expected.links[i].span_id));
    EXPECT_EQ(link.trace_state(), expected.links[i].trace_state);
    EXPECT_EQ(link.flags(), expected.links[i].flags);
    ExpectSameAttributes(link.attributes(), expected.links[i].attributes);
    EXPECT_EQ(link.dropped_attributes_count(), expected.links[i].dropped_attributes_count);
  }
  EXPECT_EQ(actual.dropped_links_count(), expected.dropped_links_count);
  EXPECT_EQ(static_cast<int>(actual.status().code()), static_cast<int>(expected.status));
  EXPECT_EQ(actual.status().message(), expected.status_message);
  EXPECT_EQ(actual.flags(), expected.flags);
}

// The spans of a request with where they were found, in wire order.
struct FoundSpan {
  std::string service;
  std::string scope;
  const trace::Span* span;
};

std::vector<FoundSpan> Flatten(const ExportTraceServiceRequest& request) {
  std::vector<FoundSpan> found;
  for (const trace::ResourceSpans& resource_spans : request.resource_spans()) {
    EXPECT_GT(resource_spans.scope_spans_size(), 0) << "empty resource envelope";
    for (const trace::ScopeSpans& scope_spans : resource_spans.scope_spans()) {
      EXPECT_GT(scope_spans.spans_size(), 0) << "empty scope envelope";
      for (const trace::Span& span : scope_spans.spans()) {
        found.push_back(
            {resource_spans.resource().attributes(0).value().string_value(), scope_spans.scope().name(), &span});
      }
    }
  }
  return found;
}

std::string ServiceOf(const model::Span& span) { return std::get<std::string>(span.resource->attributes[0].value); }

TEST(OtlpEncoderTest, EncodesEveryFieldOfASpan) {
  const model::Span span = MakeFullSpan(MakeResource("shop"));
  const ExportTraceServiceRequest request = EncodeOne({span});
  ASSERT_EQ(request.resource_spans_size(), 1);
  const trace::ResourceSpans& resource_spans = request.resource_spans(0);
  ExpectSameAttributes(resource_spans.resource().attributes(), span.resource->attributes);
  EXPECT_EQ(resource_spans.schema_url(), "https://example.org/resource-schema");
  ASSERT_EQ(resource_spans.scope_spans_size(), 1);
  const trace::ScopeSpans& scope_spans = resource_spans.scope_spans(0);
  EXPECT_EQ(scope_spans.scope().name(), "nodespan/net/http");
  EXPECT_EQ(scope_spans.scope().version(), "1.2.3");
  EXPECT_EQ(scope_spans.schema_url(), "https://example.org/schema");
  ASSERT_EQ(scope_spans.spans_size(), 1);
  ExpectSameSpan(scope_spans.spans(0), span);
}

TEST(OtlpEncoderTest, LeavesOutWhatIsAbsent) {
  model::Span span = MakeHttpSpan(MakeResource("shop"));
  span.flags = 0;
  const ExportTraceServiceRequest request = EncodeOne({span});
  const trace::Span& actual = request.resource_spans(0).scope_spans(0).spans(0);
  EXPECT_EQ(actual.parent_span_id(), "");
  EXPECT_FALSE(actual.has_status());
  ExpectSameSpan(actual, span);
}

TEST(OtlpEncoderTest, StatusDescriptionIsSentWithErrorOnly) {
  model::Span span = MakeHttpSpan(MakeResource("shop"));
  span.status = model::StatusCode::kOk;
  span.status_message = "not for ok";
  const ExportTraceServiceRequest request = EncodeOne({span});
  const trace::Span& actual = request.resource_spans(0).scope_spans(0).spans(0);
  EXPECT_EQ(actual.status().code(), trace::Status::STATUS_CODE_OK);
  EXPECT_EQ(actual.status().message(), "");
}

TEST(OtlpEncoderTest, GroupsInterleavedResourcesAndScopesIntoOneEnvelopeEach) {
  const model::ResourcePtr shop = MakeResource("shop");
  const model::ResourcePtr bank = MakeResource("bank");
  std::vector<model::Span> spans;
  for (uint64_t i = 0; i < 12; ++i) {
    spans.push_back(MakeHttpSpan(i % 2 == 0 ? shop : bank, i));
    spans.back().scope = i % 3 == 0 ? &kSqlScope : &kHttpScope;
  }
  const ExportTraceServiceRequest request = EncodeOne(spans);
  ASSERT_EQ(request.resource_spans_size(), 2);
  EXPECT_EQ(request.resource_spans(0).scope_spans_size(), 2);
  EXPECT_EQ(request.resource_spans(1).scope_spans_size(), 2);
  std::map<std::pair<std::string, std::string>, std::vector<uint64_t>> numbers;
  for (const FoundSpan& found : Flatten(request)) {
    numbers[{found.service, found.scope}].push_back(found.span->start_time_unix_nano() % 1000);
  }
  EXPECT_THAT((numbers[{"shop", "nodespan/database/sql"}]), ElementsAre(0, 6));
  EXPECT_THAT((numbers[{"shop", "nodespan/net/http"}]), ElementsAre(2, 4, 8, 10));
  EXPECT_THAT((numbers[{"bank", "nodespan/database/sql"}]), ElementsAre(3, 9));
  EXPECT_THAT((numbers[{"bank", "nodespan/net/http"}]), ElementsAre(1, 5, 7, 11));
}

TEST(OtlpEncoderTest, RandomSpansSurviveTheRoundTrip) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<model::Span> spans = RandomSpans(seed).Make(1 + seed);
    std::map<std::string, const model::Span*> by_id;
    for (const model::Span& span : spans) {
      by_id[Bytes(span.span_id)] = &span;
    }
    ASSERT_EQ(by_id.size(), spans.size());
    // A small limit on every second run: splitting must not change a span.
    const EncodedBatch batch = OtlpEncoder(seed % 2 == 0 ? kMaxRequestBytes : 200'000).Encode(spans);
    EXPECT_EQ(batch.oversized_span_count, 0u);
    for (const EncodedRequest& encoded : batch.requests) {
      const ExportTraceServiceRequest request = Parse(encoded);
      const std::vector<FoundSpan> found = Flatten(request);
      EXPECT_EQ(found.size(), encoded.span_count);
      for (const FoundSpan& one : found) {
        ASSERT_EQ(by_id.count(one.span->span_id()), 1u);
        const model::Span& expected = *by_id[one.span->span_id()];
        EXPECT_EQ(one.service, ServiceOf(expected));
        EXPECT_EQ(one.scope, expected.scope->name);
        ExpectSameSpan(*one.span, expected);
        by_id.erase(one.span->span_id());
      }
    }
    EXPECT_THAT(by_id, IsEmpty());
  }
}

TEST(OtlpEncoderTest, SplitsBelowTheLimitWithoutLosingOrRepeatingASpan) {
  const model::ResourcePtr shop = MakeResource("shop");
  const model::ResourcePtr bank = MakeResource("bank");
  std::vector<model::Span> spans = MakeHttpSpans(100, shop);
  for (uint64_t i = 100; i < 200; ++i) {
    spans.push_back(MakeHttpSpan(bank, i));
  }
  // Every limit around the size of a few spans and envelopes: each boundary is hit at every position.
  for (size_t limit = 1000; limit < 1700; limit += 7) {
    const EncodedBatch batch = OtlpEncoder(limit).Encode(spans);
    EXPECT_EQ(batch.oversized_span_count, 0u);
    std::vector<uint64_t> numbers;
    for (const EncodedRequest& encoded : batch.requests) {
      EXPECT_LE(encoded.body.size, limit);
      const ExportTraceServiceRequest request = Parse(encoded);
      for (const FoundSpan& found : Flatten(request)) {
        numbers.push_back(found.span->start_time_unix_nano() % 1000);
        EXPECT_EQ(found.service, numbers.back() < 100 ? "shop" : "bank");
      }
    }
    ASSERT_THAT(numbers, SizeIs(200)) << limit;
    for (uint64_t i = 0; i < numbers.size(); ++i) {
      ASSERT_EQ(numbers[i], i) << limit;
    }
  }
}

TEST(OtlpEncoderTest, CountsASpanThatIsTooLargeAloneAndSendsTheOthers) {
  const model::ResourcePtr shop = MakeResource("shop");
  std::vector<model::Span> spans = MakeHttpSpans(3, shop);
  spans[1].attributes[1].value = std::string(5'000'000, 'x');
  const EncodedBatch batch = OtlpEncoder().Encode(spans);
  EXPECT_EQ(batch.oversized_span_count, 1u);
  size_t sent = 0;
  for (const EncodedRequest& encoded : batch.requests) {
    const ExportTraceServiceRequest request = Parse(encoded);
    sent += Flatten(request).size();
  }
  EXPECT_EQ(sent, 2u);
}

TEST(OtlpEncoderTest, OnlyOversizedSpansMakeNoRequest) {
  std::vector<model::Span> spans = MakeHttpSpans(2, MakeResource("shop"));
  const EncodedBatch batch = OtlpEncoder(100).Encode(spans);
  EXPECT_THAT(batch.requests, IsEmpty());
  EXPECT_EQ(batch.oversized_span_count, 2u);
}

TEST(OtlpEncoderTest, NoSpansMakeNoRequest) { EXPECT_THAT(OtlpEncoder().Encode({}).requests, IsEmpty()); }

TEST(OtlpEncoderTest, BadUtf8IsRepairedSoThatTheRequestStaysReadable) {
  auto resource = std::make_shared<model::Resource>();
  resource->attributes = {{"service.name", "sh\xFFop"}, {"k\xC0", "v"}};
  model::Span span = MakeHttpSpan(resource);
  span.name = "GET /\xED\xA0\x80";
  span.attributes = {{"url.path", "/\xF8"}, {"list", std::vector<std::string>{"ok", "\x80", "\xC3\xBC"}}};
  span.events = {{1, "\xFE", {}, 0}};
  const ExportTraceServiceRequest request = EncodeOne({span});  // Parse fails on bad UTF-8
  const trace::ResourceSpans& resource_spans = request.resource_spans(0);
  EXPECT_EQ(resource_spans.resource().attributes(0).value().string_value(), "sh\uFFFDop");
  EXPECT_EQ(resource_spans.resource().attributes(1).key(), "k\uFFFD");
  const trace::Span& actual = resource_spans.scope_spans(0).spans(0);
  EXPECT_EQ(actual.name(), "GET /\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(actual.attributes(0).value().string_value(), "/\uFFFD");
  EXPECT_EQ(actual.attributes(1).value().array_value().values(1).string_value(), "\uFFFD");
  EXPECT_EQ(actual.attributes(1).value().array_value().values(2).string_value(), "ü");
  EXPECT_EQ(actual.events(0).name(), "\uFFFD");
}

TEST(OtlpEncoderTest, ResourcesOfManyShortLivedProcessesAreNeverMixedUp) {
  OtlpEncoder encoder;
  // Freed resources make their addresses available to the next ones: a cache by address alone would serve old names.
  for (int i = 0; i < 1000; ++i) {
    const std::string service = "service-" + std::to_string(i);
    const std::vector<model::Span> spans = {MakeHttpSpan(MakeResource(service))};
    const ExportTraceServiceRequest request = Parse(encoder.Encode(spans).requests.at(0));
    ASSERT_EQ(Flatten(request).at(0).service, service);
  }
}

}  // namespace
}  // namespace nodespan::otlp
