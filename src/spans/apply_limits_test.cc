// SPDX-License-Identifier: Apache-2.0
#include "spans/apply_limits.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

using model::Attribute;
using ::testing::ElementsAre;
using ::testing::SizeIs;

model::Span FullSpan() {
  model::Span span;
  span.attributes = {{"a", "grüße"}, {"b", int64_t{7}}, {"c", std::vector<std::string>{"日本語", "x"}}};
  span.dropped_attributes_count = 1;
  for (int i = 0; i < 3; ++i) {
    span.events.push_back({.name = "event", .attributes = span.attributes});
    span.links.push_back({.attributes = span.attributes});
  }
  return span;
}

TEST(ApplyLimitsTest, DefaultsLeaveAUsualSpanAlone) {
  model::Span span = FullSpan();
  ApplyLimits({}, span);
  EXPECT_EQ(span.attributes, FullSpan().attributes);
  EXPECT_EQ(span.dropped_attributes_count, 1U);
  EXPECT_THAT(span.events, SizeIs(3));
  EXPECT_THAT(span.links, SizeIs(3));
  EXPECT_EQ(span.dropped_events_count + span.dropped_links_count + span.links[0].dropped_attributes_count, 0U);
}

TEST(ApplyLimitsTest, EveryCountHasItsLimitAndCountsWhatIsDropped) {
  model::Span span = FullSpan();
  ApplyLimits(
      {.attribute_count = 2, .event_count = 1, .link_count = 2, .event_attribute_count = 1, .link_attribute_count = 0},
      span);
  EXPECT_THAT(span.attributes, ElementsAre(Attribute{"a", "grüße"}, Attribute{"b", int64_t{7}}));
  EXPECT_EQ(span.dropped_attributes_count, 2U);
  ASSERT_THAT(span.events, SizeIs(1));
  EXPECT_EQ(span.dropped_events_count, 2U);
  EXPECT_THAT(span.events[0].attributes, SizeIs(1));
  EXPECT_EQ(span.events[0].dropped_attributes_count, 2U);
  ASSERT_THAT(span.links, SizeIs(2));
  EXPECT_EQ(span.dropped_links_count, 1U);
  EXPECT_THAT(span.links[1].attributes, SizeIs(0));
  EXPECT_EQ(span.links[1].dropped_attributes_count, 3U);
}

TEST(ApplyLimitsTest, TextsAreCutBehindWholeCharactersEverywhere) {
  model::Span span = FullSpan();
  ApplyLimits({.value_length = 3}, span);
  const auto cut = ElementsAre(Attribute{"a", "grü"}, Attribute{"b", int64_t{7}},
                               Attribute{"c", std::vector<std::string>{"日本語", "x"}});
  EXPECT_THAT(span.attributes, cut);
  EXPECT_THAT(span.events[0].attributes, cut);
  EXPECT_THAT(span.links[0].attributes, cut);
  EXPECT_EQ(span.dropped_attributes_count, 1U) << "a cut text is not dropped";
  ApplyLimits({.value_length = 1}, span);
  EXPECT_EQ(span.attributes[2], (Attribute{"c", std::vector<std::string>{"日", "x"}}));
  ApplyLimits({.value_length = 0}, span);
  EXPECT_EQ(span.attributes[0], (Attribute{"a", ""}));
}

}  // namespace
}  // namespace nodespan::spans
