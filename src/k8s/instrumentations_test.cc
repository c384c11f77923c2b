// SPDX-License-Identifier: Apache-2.0
#include "k8s/instrumentations.h"

#include "gtest/gtest.h"

namespace nodespan::k8s {
namespace {

Instrumentation Make(const std::string& namespace_name, const std::string& name, const std::string& team = "a") {
  return {.namespace_name = namespace_name,
          .name = name,
          .environments = {{}, {{"OTEL_PROPAGATORS", "none"}}, {}},
          .resource_attributes = {{"team", team}}};
}

TEST(InstrumentationsTest, AreFoundByNameAndByNamespace) {
  Instrumentations all;
  EXPECT_TRUE(all.Set(Make("shop", "go")));
  EXPECT_TRUE(all.Set(Make("shop", "other")));
  EXPECT_TRUE(all.Set(Make("team", "go", "b")));
  ASSERT_NE(all.Find("team", "go"), nullptr);
  EXPECT_EQ(*all.Find("team", "go"), Make("team", "go", "b"));
  EXPECT_EQ(all.Find("team", "other"), nullptr);
  EXPECT_EQ(all.Find("nowhere", "go"), nullptr);
  ASSERT_NE(all.FindAll("shop"), nullptr);
  EXPECT_EQ(all.FindAll("shop")->size(), 2U);
  all.Remove("team", "go");
  all.Remove("team", "go");
  EXPECT_EQ(all.FindAll("team"), nullptr);
  EXPECT_EQ(all.size(), 2U);
}

TEST(InstrumentationsTest, WhatIsEqualIsTheSameObject) {
  Instrumentations all;
  EXPECT_TRUE(all.Set(Make("shop", "go")));
  EXPECT_TRUE(all.Set(Make("shop", "other")));
  const auto before = all.Find("shop", "go");
  EXPECT_TRUE(all.Set(Make("shop", "go")));
  EXPECT_EQ(all.Find("shop", "go"), before);
  EXPECT_TRUE(all.Set(Make("shop", "go", "b")));
  EXPECT_NE(all.Find("shop", "go"), before);
  EXPECT_EQ(before->resource_attributes.at("team"), "a") << "who has the old one keeps it";

  Instrumentations listed;
  EXPECT_TRUE(listed.Set(Make("shop", "go", "b")));
  EXPECT_TRUE(listed.Set(Make("shop", "other", "c")));
  listed.ShareWith(all);
  EXPECT_EQ(listed.Find("shop", "go"), all.Find("shop", "go"));
  EXPECT_NE(listed.Find("shop", "other"), all.Find("shop", "other"));
}

TEST(InstrumentationsTest, HaveRoomForAThousandAndNotForMoreThanTheirBound) {
  Instrumentations all;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(all.Set(Make("team-with-a-name-" + std::to_string(i), "go"))) << i;
  }
  Instrumentation large = Make("large", "");
  for (size_t i = 0; i < kMaxResourceAttributesPerInstrumentation; ++i) {
    large.resource_attributes["key-" + std::to_string(i)] = std::string(kMaxMetadataValueBytes, 'x');
  }
  size_t added = 0;
  for (large.name = "0"; all.Set(large); large.name = std::to_string(added)) {
    ++added;
    ASSERT_LT(added * kMaxMetadataValueBytes * kMaxResourceAttributesPerInstrumentation, Instrumentations::kMaxBytes);
  }
  EXPECT_GT(added, 0U);
  EXPECT_EQ(all.size(), 1000 + added);
  // One that was known and does not fit any more is not there; what goes makes room.
  large.namespace_name = "team-with-a-name-7";
  large.name = "go";
  EXPECT_FALSE(all.Set(large));
  EXPECT_EQ(all.Find("team-with-a-name-7", "go"), nullptr);
  all.Remove("large", "0");
  EXPECT_TRUE(all.Set(large));
}

}  // namespace
}  // namespace nodespan::k8s
