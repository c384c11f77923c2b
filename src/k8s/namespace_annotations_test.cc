// SPDX-License-Identifier: Apache-2.0
#include "k8s/namespace_annotations.h"

#include "gtest/gtest.h"
#include "k8s/pod.h"

namespace nodespan::k8s {
namespace {

TEST(NamespaceAnnotationsTest, KeepsOnlyNamespacesWithTheAnnotation) {
  NamespaceAnnotations namespaces;
  EXPECT_TRUE(namespaces.Set({.name = "shop", .inject_go = "true"}));
  EXPECT_TRUE(namespaces.Set({.name = "bare", .inject_go = ""}));
  EXPECT_EQ(namespaces.size(), 1U);
  EXPECT_EQ(namespaces.Find("shop"), "true");
  EXPECT_EQ(namespaces.Find("bare"), "");
  EXPECT_EQ(namespaces.Find("nobody"), "");
  EXPECT_TRUE(namespaces.Set({.name = "shop", .inject_go = "other/go"}));
  EXPECT_EQ(namespaces.Find("shop"), "other/go");
  EXPECT_TRUE(namespaces.Set({.name = "shop", .inject_go = ""}));
  EXPECT_EQ(namespaces.size(), 0U);
}

TEST(NamespaceAnnotationsTest, HasRoomForFiveThousandAndNotForMoreThanItsBound) {
  NamespaceAnnotations namespaces;
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(namespaces.Set({.name = "team-with-a-name-" + std::to_string(i), .inject_go = "true"})) << i;
  }
  const std::string largest(kMaxMetadataValueBytes, 'x');
  size_t added = 0;
  while (namespaces.Set({.name = "large-" + std::to_string(added), .inject_go = largest})) {
    ++added;
    ASSERT_LT(added * kMaxMetadataValueBytes, NamespaceAnnotations::kMaxBytes);
  }
  EXPECT_GT(added, 0U);
  // One that was known and does not fit any more says nothing; what goes makes room.
  EXPECT_FALSE(namespaces.Set({.name = "team-with-a-name-7", .inject_go = largest}));
  EXPECT_EQ(namespaces.Find("team-with-a-name-7"), "");
  EXPECT_TRUE(namespaces.Set({.name = "large-0", .inject_go = ""}));
  EXPECT_TRUE(namespaces.Set({.name = "team-with-a-name-7", .inject_go = largest}));
}

}  // namespace
}  // namespace nodespan::k8s
