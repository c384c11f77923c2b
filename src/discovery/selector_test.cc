// SPDX-License-Identifier: Apache-2.0
#include "discovery/selector.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::discovery {
namespace {

ProcessInfo Process(pid_t pid, std::string path, uint64_t start_time_ticks = 1) {
  return {.key = {pid, start_time_ticks}, .exe = {.path = std::move(path), .is_deleted = false}, .exe_identity = {}};
}

bool Matches(std::string glob, std::string path) {
  Selector selector({.pids = {}, .exe_globs = {std::move(glob)}, .all = false}, std::nullopt);
  return selector.Decide(Process(5, std::move(path))).is_selected;
}

TEST(SelectorTest, NothingIsSelectedByDefaultAndTheReasonSaysSo) {
  Selector selector({}, std::nullopt);
  SelectionDecision decision = selector.Decide(Process(5, "/bin/x"));
  EXPECT_FALSE(decision.is_selected);
  EXPECT_EQ(decision.reason, "not selected by --pid, --exe or --all");
}

TEST(SelectorTest, GlobsWithASlashMatchTheWholePathAndStarsCrossSlashes) {
  EXPECT_TRUE(Matches("/srv/shop", "/srv/shop"));
  EXPECT_TRUE(Matches("/srv/*", "/srv/a/b"));
  EXPECT_TRUE(Matches("*/shop", "/srv/a/shop"));
  EXPECT_TRUE(Matches("/srv/sho[op]", "/srv/shop"));
  EXPECT_FALSE(Matches("/srv/shop", "/srv/shop2"));
  EXPECT_FALSE(Matches("srv/shop", "/srv/shop"));
  EXPECT_FALSE(Matches("/srv", "/srv/shop"));
}

TEST(SelectorTest, GlobsWithoutASlashMatchTheFileName) {
  EXPECT_TRUE(Matches("shop", "/srv/a/shop"));
  EXPECT_TRUE(Matches("sh*", "/srv/a/shop"));
  EXPECT_FALSE(Matches("shop", "/srv/shop/a"));
  EXPECT_FALSE(Matches("hop", "/srv/shop"));
}

TEST(SelectorTest, ReasonNamesWhatSelected) {
  Selector selector({.pids = {5}, .exe_globs = {"/a", "/b"}, .all = false}, std::nullopt);
  EXPECT_EQ(selector.Decide(Process(5, "/x")).reason, "--pid 5");
  EXPECT_EQ(selector.Decide(Process(6, "/b")).reason, "--exe /b");
  Selector all({.pids = {}, .exe_globs = {"/a"}, .all = true}, std::nullopt);
  EXPECT_EQ(all.Decide(Process(6, "/x")).reason, "--all");
}

TEST(SelectorTest, APidMeansOneProcessThroughItsExecsAndNotTheNextOwnerOfTheNumber) {
  Selector selector({.pids = {5}, .exe_globs = {}, .all = false}, std::nullopt);
  EXPECT_TRUE(selector.Decide(Process(5, "/bin/sh", 100)).is_selected);
  EXPECT_TRUE(selector.Decide(Process(5, "/srv/shop", 100)).is_selected);
  EXPECT_FALSE(selector.Decide(Process(5, "/srv/shop", 200)).is_selected);
  EXPECT_FALSE(selector.Decide(Process(6, "/srv/shop", 100)).is_selected);
}

TEST(SelectorTest, NeverSelectsNodespanItself) {
  Selector selector({.pids = {5}, .exe_globs = {"*"}, .all = true}, 5);
  EXPECT_FALSE(selector.Decide(Process(5, "/bin/nodespan")).is_selected);
  EXPECT_EQ(selector.Decide(Process(5, "/bin/nodespan")).reason, "nodespan does not trace itself");
  EXPECT_TRUE(selector.Decide(Process(6, "/bin/nodespan")).is_selected);
}

}  // namespace
}  // namespace nodespan::discovery
