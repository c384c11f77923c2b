// SPDX-License-Identifier: Apache-2.0
#include "spans/api_spans.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "events/record_builder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "spans/span_test_util.h"

namespace nodespan::spans {
namespace {

using events::testing::ApiRecordBuilder;
using metrics::Counter;
using model::Attribute;
using model::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Lines;
using ::testing::SizeIs;

constexpr uint64_t kErrorVaddr = 0x6100;

class ApiSpansTest : public ::testing::Test {
 protected:
  std::optional<model::Span> Take(ApiRecordBuilder record, uint64_t span_id = 1) {
    std::memcpy(record.fixed.header.span_id, &span_id, sizeof(span_id));
    const std::vector<std::byte> bytes = record.Bytes();
    const absl::StatusOr<events::Event> event = events::ReadRecord(bytes);
    EXPECT_TRUE(event.ok()) << event.status();
    absl::StatusOr<std::optional<model::Span>> span =
        spans_.Take(std::get<events::ApiEvent>(*event), target_, testing::FixedWallClock());
    EXPECT_TRUE(span.ok()) << span.status();
    return span.ok() ? *std::move(span) : std::nullopt;
  }

  model::Span Finish(ApiRecordBuilder begin, const std::vector<ApiRecordBuilder>& calls = {}) {
    EXPECT_FALSE(Take(std::move(begin)).has_value());
    for (const ApiRecordBuilder& call : calls) {
      EXPECT_FALSE(Take(call).has_value());
    }
    std::optional<model::Span> span = Take(ApiRecordBuilder(NS_API_END));
    EXPECT_TRUE(span.has_value());
    EXPECT_EQ(spans_.open_count(), 0u);
    return span.value_or(model::Span());
  }

  metrics::Counters counters_;
  ApiSpans spans_{&counters_};
  TargetInfo target_{std::make_shared<const model::Resource>(),
                     {},
                     std::make_shared<const model::TypeNames>(
                         std::vector<std::pair<uint64_t, std::string>>{{kErrorVaddr, "*errors.errorString"}})};
};

TEST_F(ApiSpansTest, MakesASpanOfItsStartAndItsEnd) {
  ApiRecordBuilder begin;
  begin.Numbers<uint64_t>(NS_ITEM_SPAN_KIND, "", {3});
  const model::Span span = Finish(begin);
  EXPECT_EQ(span.name, "checkout");
  EXPECT_EQ(span.kind, model::SpanKind::kClient);
  EXPECT_EQ(span.status, StatusCode::kUnset);
  EXPECT_EQ(span.scope->name, "example.com/shop");
  EXPECT_EQ(span.resource, target_.resource);
  EXPECT_EQ(span.start_unix_ns, 1'001'000'000u);
  EXPECT_EQ(span.end_unix_ns, 1'003'500'000u);
  EXPECT_THAT(span.attributes, IsEmpty());
}

TEST_F(ApiSpansTest, ReadsAttributesOfEveryType) {
  ApiRecordBuilder begin;
  begin.Item(NS_ITEM_STRING, "text", "größe").Numbers<int64_t>(NS_ITEM_INT64, "int", {-5});
  begin.Numbers<uint64_t>(NS_ITEM_BOOL, "bool", {1}).Numbers<double>(NS_ITEM_FLOAT64, "float", {0.5});
  begin.Numbers<int64_t>(NS_ITEM_INT64S, "ints", {1, 2}).Numbers<double>(NS_ITEM_FLOAT64S, "floats", {0.25});
  begin.Item(NS_ITEM_BOOLS, "bools", std::string("\1\0", 2)).Item(NS_ITEM_INT64S, "no ints", "");
  begin.Item(NS_ITEM_STRINGS, "texts", "").Item(NS_ITEM_ELEMENT, "", "a").Item(NS_ITEM_ELEMENT, "", "");
  const model::Span span = Finish(begin);
  EXPECT_THAT(
      span.attributes,
      ElementsAre(Attribute{"text", "größe"}, Attribute{"int", int64_t{-5}}, Attribute{"bool", true},
                  Attribute{"float", 0.5}, Attribute{"ints", std::vector<int64_t>{1, 2}},
                  Attribute{"floats", std::vector<double>{0.25}}, Attribute{"bools", std::vector<bool>{true, false}},
                  Attribute{"no ints", std::vector<int64_t>{}}, Attribute{"texts", std::vector<std::string>{"a", ""}}));
  EXPECT_EQ(span.dropped_attributes_count, 0u);
}

TEST_F(ApiSpansTest, CutsTextAtACharacterAndCountsWhatCouldNotBeRead) {
  ApiRecordBuilder begin;
  begin.Item(NS_ITEM_STRING, "cut", "gr\xc3", /*cut=*/true).Item(NS_ITEM_LEFT_OUT, "", "");
  begin.fixed.items_cut = 1;
  const model::Span span = Finish(begin);
  EXPECT_THAT(Lines(span), ElementsAre("cut=gr"));
  EXPECT_EQ(span.dropped_attributes_count, 2u);
}

TEST_F(ApiSpansTest, AppliesChangesInTheirOrder) {
  ApiRecordBuilder begin;
  begin.Item(NS_ITEM_STRING, "once", "first");
  ApiRecordBuilder attributes(NS_API_ATTRIBUTES);
  attributes.Item(NS_ITEM_STRING, "once", "second").Item(NS_ITEM_STRING, "added", "later");
  ApiRecordBuilder name(NS_API_NAME);
  name.Set(NS_API_TEXT, "renamed");
  const model::Span span = Finish(begin, {attributes, name});
  EXPECT_EQ(span.name, "renamed");
  EXPECT_THAT(Lines(span), ElementsAre("once=second", "added=later"));
}

TEST_F(ApiSpansTest, KeepsTheStatusOfTheHigherRank) {
  const auto status = [](uint32_t code, std::string_view text) {
    ApiRecordBuilder record(NS_API_STATUS);
    record.fixed.number = code;
    return record.Set(NS_API_TEXT, text);
  };
  const model::Span failed = Finish(ApiRecordBuilder(), {status(1, "broken"), status(0, "")});
  EXPECT_EQ(failed.status, StatusCode::kError);
  EXPECT_EQ(failed.status_message, "broken");
  const model::Span fine = Finish(ApiRecordBuilder(), {status(1, "broken"), status(2, ""), status(1, "again")});
  EXPECT_EQ(fine.status, StatusCode::kOk);
  EXPECT_EQ(fine.status_message, "");
}

TEST_F(ApiSpansTest, AddsEventsAndErrors) {
  ApiRecordBuilder event(NS_API_EVENT);
  event.Set(NS_API_TEXT, "cache miss").Item(NS_ITEM_STRING, "key", "42");
  ApiRecordBuilder error(NS_API_ERROR);
  error.Set(NS_API_TEXT, "it broke");
  error.fixed.error_type_vaddr = kErrorVaddr;
  const model::Span span = Finish(ApiRecordBuilder(), {event, error});
  ASSERT_THAT(span.events, SizeIs(2));
  EXPECT_EQ(span.events[0].name, "cache miss");
  EXPECT_EQ(span.events[0].time_unix_ns, 1'003'500'000u);
  EXPECT_THAT(span.events[0].attributes, ElementsAre(Attribute{"key", "42"}));
  EXPECT_EQ(span.events[1].name, "exception");
  EXPECT_THAT(span.events[1].attributes, ElementsAre(Attribute{"exception.type", "*errors.errorString"},
                                                     Attribute{"exception.message", "it broke"}));
}

TEST_F(ApiSpansTest, FollowsLinksThatLeadSomewhere) {
  std::string link(25, '\0');
  ApiRecordBuilder begin;
  begin.Item(NS_ITEM_LINK, "", link);
  link[0] = 1;
  link[16] = 2;
  link[24] = 1;
  begin.Item(NS_ITEM_LINK, "", link);
  const model::Span span = Finish(begin);
  ASSERT_THAT(span.links, SizeIs(1));
  EXPECT_EQ(span.links[0].trace_id[0], 1);
  EXPECT_EQ(span.links[0].span_id[0], 2);
  EXPECT_EQ(span.links[0].flags, 1u);
  EXPECT_EQ(span.dropped_links_count, 1u);
}

TEST_F(ApiSpansTest, KeepsToTheLimitsOfItsTargetAndStillReplacesValues) {
  target_.options.limits = {.attribute_count = 130, .event_count = 1, .link_count = 0, .event_attribute_count = 1};
  std::string link(25, '\1');
  ApiRecordBuilder begin;
  begin.Item(NS_ITEM_LINK, "", link);
  std::vector<ApiRecordBuilder> calls;
  for (int call = 0; call < 7; ++call) {
    calls.emplace_back(NS_API_ATTRIBUTES);
    for (int i = 0; i < 20; ++i) {
      calls.back().Item(NS_ITEM_STRING, "key" + std::to_string(call * 20 + i), "old");
    }
  }
  calls.emplace_back(NS_API_ATTRIBUTES);
  calls.back().Item(NS_ITEM_STRING, "key0", "new");
  calls.emplace_back(NS_API_EVENT);
  calls.back().Item(NS_ITEM_STRING, "a", "1").Item(NS_ITEM_STRING, "b", "2");
  calls.emplace_back(NS_API_EVENT);
  const model::Span span = Finish(begin, calls);
  ASSERT_THAT(span.attributes, SizeIs(130));
  EXPECT_EQ(span.dropped_attributes_count, 10u);
  EXPECT_EQ(span.attributes[0], (Attribute{"key0", "new"}));
  ASSERT_THAT(span.events, SizeIs(1));
  EXPECT_EQ(span.dropped_events_count, 1u);
  EXPECT_THAT(span.events[0].attributes, ElementsAre(Attribute{"a", "1"}));
  EXPECT_EQ(span.events[0].dropped_attributes_count, 1u);
  EXPECT_THAT(span.links, SizeIs(0));
  EXPECT_EQ(span.dropped_links_count, 1u);
}

TEST_F(ApiSpansTest, LetsTheProgramChooseTimes) {
  // time.Time without a monotonic reading counts seconds since the year 1.
  constexpr int64_t kYearOneToUnix = 62'135'596'800;
  ApiRecordBuilder begin;
  begin.Numbers<int64_t>(NS_ITEM_TIMESTAMP, "", {250, kYearOneToUnix + 1000});
  EXPECT_FALSE(Take(begin).has_value());
  ApiRecordBuilder end(NS_API_END);
  end.Numbers<int64_t>(NS_ITEM_TIMESTAMP, "", {0, kYearOneToUnix + 1002});
  const std::optional<model::Span> span = Take(end);
  ASSERT_TRUE(span.has_value());
  EXPECT_EQ(span->start_unix_ns, 1'000'000'000'250u);
  EXPECT_EQ(span->end_unix_ns, 1'002'000'000'000u);
}

TEST_F(ApiSpansTest, LeavesOutACallForASpanThatItDoesNotKnow) {
  EXPECT_FALSE(Take(ApiRecordBuilder(NS_API_ATTRIBUTES)).has_value());
  EXPECT_FALSE(Take(ApiRecordBuilder(NS_API_END)).has_value());
}

TEST_F(ApiSpansTest, GivesUpTheOldestBeyondItsLimit) {
  for (uint64_t id = 1; id <= ApiSpans::kMaxOpenSpans + 10; ++id) {
    EXPECT_FALSE(Take(ApiRecordBuilder(), id).has_value());
  }
  EXPECT_EQ(spans_.open_count(), ApiSpans::kMaxOpenSpans);
  EXPECT_EQ(counters_.Get(Counter::kApiSpansAbandoned), 10u);
  EXPECT_FALSE(Take(ApiRecordBuilder(NS_API_END), 10).has_value());
  EXPECT_TRUE(Take(ApiRecordBuilder(NS_API_END), 11).has_value());
}

TEST_F(ApiSpansTest, GivesUpTheOldestWhenTheyAreLarge) {
  ApiRecordBuilder large;
  const std::string text(500, 'x');
  for (int i = 0; i < 20; ++i) {
    large.Item(NS_ITEM_STRING, "key" + std::to_string(i), text);
  }
  for (uint64_t id = 1; id <= 2000; ++id) {
    EXPECT_FALSE(Take(large, id).has_value());
  }
  EXPECT_LT(spans_.open_count(), 1000u);
  EXPECT_EQ(spans_.open_count() + counters_.Get(Counter::kApiSpansAbandoned), 2000u);
}

TEST_F(ApiSpansTest, ForgetsTheSpansOfAProgramThatIsGone) {
  EXPECT_FALSE(Take(ApiRecordBuilder()).has_value());
  spans_.Forget([](TargetKey) { return true; });
  EXPECT_EQ(spans_.open_count(), 1u);
  spans_.Forget([](TargetKey key) { return !(key == TargetKey{3, 7}); });
  EXPECT_EQ(spans_.open_count(), 0u);
}

TEST_F(ApiSpansTest, SpansOfOneScopeHaveOneAddress) {
  EXPECT_EQ(Finish(ApiRecordBuilder()).scope, Finish(ApiRecordBuilder()).scope);
}

}  // namespace
}  // namespace nodespan::spans
