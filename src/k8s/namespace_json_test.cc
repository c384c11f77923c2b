// SPDX-License-Identifier: Apache-2.0
#include "k8s/namespace_json.h"

#include <string>

#include "gtest/gtest.h"
#include "k8s/pod.h"

namespace nodespan::k8s {
namespace {

// As kubectl leaves it.
const std::string kShop = R"({
    "kind": "Namespace", "apiVersion": "v1",
    "metadata": {"name": "shop", "uid": "u", "resourceVersion": "4711",
      "labels": {"kubernetes.io/metadata.name": "shop"},
      "annotations": {"instrumentation.opentelemetry.io/inject-go": "observability/go",
                      "instrumentation.opentelemetry.io/inject-java": "true"},
      "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:metadata": {}}}]},
    "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})";

TEST(NamespaceJsonTest, NameAndAnnotationAreRead) {
  const absl::StatusOr<Namespace> space = ParseNamespace(kShop);
  ASSERT_TRUE(space.ok()) << space.status();
  EXPECT_EQ(*space, (Namespace{.name = "shop", .inject_go = "observability/go"}));
}

TEST(NamespaceJsonTest, AnAnnotationThatIsNoneOrTooLongIsNotThere) {
  const std::string too_long(kMaxMetadataValueBytes + 1, 'x');
  for (const std::string& annotations : {std::string("[]"), std::string("null"), std::string("{}"),
                                         std::string(R"({"instrumentation.opentelemetry.io/inject-go": true})"),
                                         R"({"instrumentation.opentelemetry.io/inject-go": ")" + too_long + "\"}"}) {
    const auto space = ParseNamespace(R"({"metadata": {"name": "shop", "annotations": )" + annotations + "}}");
    ASSERT_TRUE(space.ok()) << annotations;
    EXPECT_EQ(*space, (Namespace{.name = "shop", .inject_go = ""})) << annotations;
  }
}

TEST(NamespaceJsonTest, WhatIsNoNamespaceIsRefused) {
  for (const char* text : {"", "null", "[]", "{", "{}", R"({"metadata": []})", R"({"metadata": {"name": 1}})",
                           R"({"metadata": {"name": "a\nlevel=error"}})"}) {
    EXPECT_EQ(ParseNamespace(text).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(NamespaceJsonTest, EventsOfAWatch) {
  for (const char* type : {"ADDED", "MODIFIED"}) {
    const auto told = ParseNamespaceEvent(R"({"type": ")" + std::string(type) + R"(", "object": )" + kShop + "}");
    ASSERT_TRUE(told.ok()) << told.status();
    EXPECT_EQ(told->event.type, WatchEvent::Type::kPut);
    EXPECT_EQ(told->event.resource_version, "4711");
    EXPECT_EQ(told->space, *ParseNamespace(kShop));
  }
  const auto deleted = ParseNamespaceEvent(R"({"type": "DELETED", "object": )" + kShop + "}");
  ASSERT_TRUE(deleted.ok());
  EXPECT_EQ(deleted->event.type, WatchEvent::Type::kDeleted);
  EXPECT_EQ(deleted->space, (Namespace{.name = "shop", .inject_go = ""}));
  const auto bookmark =
      ParseNamespaceEvent(R"({"type":"BOOKMARK","object":{"kind":"Namespace","metadata":{"resourceVersion":"5000"}}})");
  ASSERT_TRUE(bookmark.ok());
  EXPECT_FALSE(bookmark->event.has_object());
  EXPECT_EQ(bookmark->event.resource_version, "5000");
  for (const char* line : {"", "{", R"({"type": "FUTURE", "object": {}})", R"({"type": "ADDED"})"}) {
    EXPECT_EQ(ParseNamespaceEvent(line).status().code(), absl::StatusCode::kDataLoss) << line;
  }
}

}  // namespace
}  // namespace nodespan::k8s
