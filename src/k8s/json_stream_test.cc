// SPDX-License-Identifier: Apache-2.0
#include "k8s/json_stream.h"

#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::k8s {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

struct Pieces {
  std::vector<std::string> items;
  std::vector<std::pair<std::string, std::string>> members;
  absl::Status status;
  size_t oversized_count = 0;
};

Pieces Split(std::string_view text, size_t chunk_bytes) {
  Pieces pieces;
  ListSplitter splitter([&](std::string_view item) { pieces.items.emplace_back(item); },
                        [&](std::string_view key, std::string_view json) { pieces.members.emplace_back(key, json); });
  for (size_t at = 0; at < text.size(); at += chunk_bytes) {
    splitter.Feed(text.substr(at, chunk_bytes));
  }
  pieces.status = splitter.Finish();
  pieces.oversized_count = splitter.oversized_count();
  return pieces;
}

constexpr std::string_view kList = R"({
  "kind": "PodList", "metadata": {"resourceVersion": "7", "items": [1]},
  "items": [{"a": "x, ]}\"\\"}, {"b": [{"items": [2]}, []]}, 3, "four"],
  "last": [1, 2]
})";

TEST(ListSplitterTest, ItemsAndMembersWhereverTheTextIsCut) {
  for (const size_t chunk_bytes : {size_t{1}, size_t{2}, size_t{7}, kList.size()}) {
    const Pieces pieces = Split(kList, chunk_bytes);
    EXPECT_TRUE(pieces.status.ok());
    EXPECT_THAT(pieces.items, ElementsAre(R"({"a":"x, ]}\"\\"})", R"({"b":[{"items":[2]},[]]})", "3", R"("four")"));
    EXPECT_THAT(pieces.members,
                ElementsAre(Pair("kind", R"("PodList")"), Pair("metadata", R"({"resourceVersion":"7","items":[1]})"),
                            Pair("last", "[1,2]")));
  }
}

TEST(ListSplitterTest, NoItems) {
  EXPECT_THAT(Split(R"({"items": []})", 3).items, IsEmpty());
  EXPECT_TRUE(Split(R"({"items": []})", 3).status.ok());
  EXPECT_THAT(Split(R"({"items": null})", 3).members, ElementsAre(Pair("items", "null")));
  EXPECT_TRUE(Split("{}", 1).status.ok());
}

TEST(ListSplitterTest, WhatIsNotCompleteIsAnError) {
  for (const std::string_view text :
       {"", "[]", "x", "{", R"({"items": [{"a": 1})", R"({"a": 1)", "{}}", "{} {}", R"({"a": "x)"}) {
    EXPECT_EQ(Split(text, 5).status.code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(ListSplitterTest, AnItemThatIsTooLargeIsLeftOut) {
  const std::string large(kMaxObjectBytes + 10, 'x');
  const Pieces pieces = Split(R"({"items": ["a", ")" + large + R"(", "b"], "metadata": 1})", 10000);
  EXPECT_THAT(pieces.items, ElementsAre(R"("a")", R"("b")"));
  EXPECT_THAT(pieces.members, ElementsAre(Pair("metadata", "1")));
  EXPECT_EQ(pieces.oversized_count, 1U);
}

TEST(LineSplitterTest, LinesWhereverTheTextIsCut) {
  const std::string_view text = "one\n\ntwo\nthree";
  for (size_t chunk_bytes = 1; chunk_bytes <= text.size(); ++chunk_bytes) {
    std::vector<std::string> lines;
    LineSplitter splitter([&](std::string_view line) { lines.emplace_back(line); });
    for (size_t at = 0; at < text.size(); at += chunk_bytes) {
      splitter.Feed(text.substr(at, chunk_bytes));
    }
    EXPECT_THAT(lines, ElementsAre("one", "two"));
    splitter.Feed("\n");
    EXPECT_THAT(lines, ElementsAre("one", "two", "three"));
  }
}

TEST(LineSplitterTest, ALineThatIsTooLongIsLeftOut) {
  std::vector<std::string> lines;
  LineSplitter splitter([&](std::string_view line) { lines.emplace_back(line); });
  const std::string large(kMaxObjectBytes, 'x');
  splitter.Feed("a\n" + large);
  splitter.Feed("yy");
  splitter.Feed("yy\nb\n");
  EXPECT_THAT(lines, ElementsAre("a", "b"));
  EXPECT_EQ(splitter.oversized_count(), 1U);
}

}  // namespace
}  // namespace nodespan::k8s
