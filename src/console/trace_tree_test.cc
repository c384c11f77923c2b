// SPDX-License-Identifier: Apache-2.0
#include "console/trace_tree.h"

#include <cstring>

#include "console/test_spans.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::console {
namespace {

using ::testing::ElementsAre;
using testing::MakeSpan;

std::vector<std::string> Drawn(const TraceTree& tree) {
  std::vector<std::string> lines;
  for (const TreeNode& node : tree.nodes) {
    lines.push_back(node.branch + node.span->name + " / " + node.trunk);
  }
  return lines;
}

size_t NodeCount(const std::vector<TraceTree>& trees) {
  size_t count = 0;
  for (const TraceTree& tree : trees) {
    count += tree.nodes.size();
  }
  return count;
}

TEST(TraceTreeTest, ConnectsChildrenBelowTheirParentsInOrderOfStart) {
  // Children end and arrive before their parents.
  const std::vector<model::Span> spans = {MakeSpan(1, 4, 2, "leaf", 20, 30), MakeSpan(1, 3, 1, "second", 50, 60),
                                          MakeSpan(1, 2, 1, "first", 10, 40), MakeSpan(1, 1, 0, "root", 0, 100)};
  const std::vector<TraceTree> trees = BuildTraceTrees(spans);
  ASSERT_EQ(trees.size(), 1u);
  EXPECT_THAT(Drawn(trees[0]), ElementsAre("root / │ ", "├─first / │ │ ", "│ ╰─leaf / │     ", "╰─second /     "));
  EXPECT_EQ(trees[0].end_unix_ns - trees[0].start_unix_ns, 100'000u);
}

TEST(TraceTreeTest, SeparatesTracesAndOrdersThemByStart) {
  const std::vector<model::Span> spans = {MakeSpan(2, 1, 0, "late", 10, 20), MakeSpan(1, 1, 0, "early", 0, 5)};
  const std::vector<TraceTree> trees = BuildTraceTrees(spans);
  ASSERT_EQ(trees.size(), 2u);
  EXPECT_EQ(trees[0].nodes[0].span->name, "early");
  EXPECT_EQ(trees[1].nodes[0].span->name, "late");
}

TEST(TraceTreeTest, TellsWhyASpanHasNoParentAbove) {
  model::Span remote = MakeSpan(1, 2, 9, "remote", 1, 2);
  remote.flags = 0x301;
  const std::vector<model::Span> spans = {MakeSpan(1, 1, 0, "root", 0, 2), remote, MakeSpan(1, 3, 8, "local", 2, 3),
                                          MakeSpan(1, 4, 1, "child", 3, 4)};
  const std::vector<TraceTree> trees = BuildTraceTrees(spans);
  ASSERT_EQ(trees[0].nodes.size(), 4u);
  EXPECT_EQ(trees[0].nodes[0].parent, ParentKind::kNone);
  EXPECT_EQ(trees[0].nodes[1].parent, ParentKind::kShown);
  EXPECT_EQ(trees[0].nodes[2].parent, ParentKind::kRemote);
  EXPECT_EQ(trees[0].nodes[3].parent, ParentKind::kNotShown);
}

TEST(TraceTreeTest, ARemoteParentThatIsHereIsJoined) {
  model::Span callee = MakeSpan(1, 2, 1, "callee", 1, 2, "stock");
  callee.flags = 0x301;
  const std::vector<TraceTree> trees = BuildTraceTrees({});
  EXPECT_TRUE(trees.empty());
  const std::vector<model::Span> spans = {callee, MakeSpan(1, 1, 0, "caller", 0, 3)};
  const std::vector<TraceTree> joined = BuildTraceTrees(spans);
  EXPECT_THAT(Drawn(joined[0]), ElementsAre("caller / │ ", "╰─callee /     "));
}

TEST(TraceTreeTest, CirclesSelfParentsAndRepeatedIdsLoseNoSpan) {
  const std::vector<model::Span> spans = {MakeSpan(1, 1, 2, "a", 0, 1),    MakeSpan(1, 2, 1, "b", 1, 2),
                                          MakeSpan(1, 3, 3, "self", 2, 3), MakeSpan(1, 4, 0, "twin", 3, 4),
                                          MakeSpan(1, 4, 0, "twin", 4, 5), MakeSpan(1, 5, 4, "child", 5, 6)};
  EXPECT_EQ(NodeCount(BuildTraceTrees(spans)), spans.size());
}

TEST(TraceTreeTest, AVeryDeepTraceIsDrawnWithBoundedIndent) {
  std::vector<model::Span> spans;
  for (uint32_t i = 0; i < 20000; ++i) {
    model::Span span = MakeSpan(1, 0, 0, "s", i, i + 1);
    const uint32_t id = i + 1;
    std::memcpy(span.span_id.data(), &id, sizeof(id));
    std::memcpy(span.parent_span_id.data(), &i, sizeof(i));
    spans.push_back(std::move(span));
  }
  const std::vector<TraceTree> trees = BuildTraceTrees(spans);
  ASSERT_EQ(NodeCount(trees), spans.size());
  for (const TreeNode& node : trees[0].nodes) {
    EXPECT_LE(node.branch.size(), 12 * std::string("├─").size());
  }
}

TEST(TraceTreeTest, CountsErrors) {
  std::vector<model::Span> spans = {MakeSpan(1, 1, 0, "a", 0, 1), MakeSpan(1, 2, 1, "b", 0, 1)};
  spans[1].status = model::StatusCode::kError;
  EXPECT_EQ(BuildTraceTrees(spans)[0].error_count, 1u);
}

}  // namespace
}  // namespace nodespan::console
