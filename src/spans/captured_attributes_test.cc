// SPDX-License-Identifier: Apache-2.0
#include "spans/captured_attributes.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "events/record_builder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

using events::testing::CapturedItem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> kNames = {"x-request-id", "dnt"};

std::vector<std::string> ListLines(const model::Span& span) {
  std::vector<std::string> lines;
  for (const model::Attribute& attribute : span.attributes) {
    std::string line(attribute.key);
    for (const std::string& value : std::get<std::vector<std::string>>(attribute.value)) {
      line += "=" + value;
    }
    lines.push_back(line);
  }
  return lines;
}

TEST(CapturedAttributesTest, AreListsOfAllValues) {
  const std::string captured = CapturedItem(0, "a") + CapturedItem(0, "b") + CapturedItem(1, "1");
  model::Span span;
  CapturedAttributes(kHttpRequestHeaders, kNames).AddTo({.text = captured}, model::SemconvMode::kNew, span);
  EXPECT_THAT(ListLines(span), ElementsAre("http.request.header.x-request-id=a=b", "http.request.header.dnt=1"));
  EXPECT_EQ(span.dropped_attributes_count, 0U);
}

TEST(CapturedAttributesTest, FollowTheConventionsOfTheMode) {
  const std::string captured = CapturedItem(0, "a");
  model::Span old;
  CapturedAttributes(kGrpcRequestMetadata, kNames).AddTo({.text = captured}, model::SemconvMode::kOld, old);
  EXPECT_THAT(ListLines(old), ElementsAre("rpc.grpc.request.metadata.x_request_id=a"));
  model::Span both;
  CapturedAttributes(kGrpcRequestMetadata, kNames).AddTo({.text = captured}, model::SemconvMode::kDup, both);
  EXPECT_THAT(ListLines(both),
              ElementsAre("rpc.grpc.request.metadata.x_request_id=a", "rpc.request.metadata.x-request-id=a"));
  // A name without "-" is the same in both generations, and stands once.
  const std::string plain = CapturedItem(1, "a");
  model::Span once;
  CapturedAttributes(kHttpRequestHeaders, kNames).AddTo({.text = plain}, model::SemconvMode::kDup, once);
  EXPECT_THAT(ListLines(once), ElementsAre("http.request.header.dnt=a"));
}

TEST(CapturedAttributesTest, TheirNamesOutliveTheBuilder) {
  const std::string captured = CapturedItem(0, "a");
  model::Span span;
  auto attributes = std::make_unique<CapturedAttributes>(kHttpRequestHeaders, kNames);
  attributes->AddTo({.text = captured}, model::SemconvMode::kNew, span);
  attributes.reset();
  EXPECT_THAT(ListLines(span), ElementsAre("http.request.header.x-request-id=a"));
}

TEST(CapturedAttributesTest, ValuesAreValidUtf8AndMissingOnesAreCounted) {
  const std::string captured = CapturedItem(0, "\xff\xc3", /*cut=*/true);
  model::Span span;
  CapturedAttributes(kHttpRequestHeaders, kNames)
      .AddTo({.text = captured, .cut = true}, model::SemconvMode::kNew, span);
  EXPECT_THAT(ListLines(span), ElementsAre("http.request.header.x-request-id=\xef\xbf\xbd"));
  EXPECT_EQ(span.dropped_attributes_count, 1U);
}

TEST(CapturedAttributesTest, WithoutNamesThereIsNothing) {
  const std::string captured = CapturedItem(0, "a");
  model::Span span;
  CapturedAttributes(kHttpRequestHeaders, {}).AddTo({.text = captured}, model::SemconvMode::kNew, span);
  EXPECT_THAT(ListLines(span), IsEmpty());
  EXPECT_EQ(span.storage, nullptr);
}

}  // namespace
}  // namespace nodespan::spans
