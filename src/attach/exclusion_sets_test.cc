// SPDX-License-Identifier: Apache-2.0
#include "attach/exclusion_sets.h"

#include <map>
#include <string>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::attach {
namespace {

using model::Exclusions;
using ::testing::ElementsAre;

// As the kernel side decides it.
bool Matches(const ns_exclusions& exclusions, ns_pattern_subject subject, const std::string& text) {
  uint64_t word[NS_PATTERN_WORDS] = {};
  std::memcpy(word, text.data(), std::min<size_t>(text.size(), NS_PATTERN_BYTES));
  for (uint32_t i = 0; i < exclusions.count[subject]; ++i) {
    const ns_pattern& pattern = exclusions.pattern[subject][i];
    bool is_equal = true;
    for (int j = 0; j < NS_PATTERN_WORDS; ++j) {
      is_equal = is_equal && (word[j] & pattern.mask[j]) == pattern.word[j];
    }
    if (is_equal && (pattern.is_whole == 0 || pattern.bytes == text.size())) {
      return true;
    }
  }
  return false;
}

TEST(ToPatternsTest, AWholePathMayHaveAQuery) {
  const ns_exclusions patterns = ToPatterns({.paths = {"/healthz"}, .user_agents = {}});
  for (const char* path : {"/healthz", "/healthz?verbose", "/healthz?"}) {
    EXPECT_TRUE(Matches(patterns, NS_PATTERN_PATH, path)) << path;
  }
  for (const char* path : {"/health", "/healthz/", "/healthzz", "/x/healthz", "", "*"}) {
    EXPECT_FALSE(Matches(patterns, NS_PATTERN_PATH, path)) << path;
  }
}

TEST(ToPatternsTest, AStarStandsForTheRest) {
  const ns_exclusions patterns = ToPatterns({.paths = {"/internal/*"}, .user_agents = {"kube-probe/*", "curl"}});
  EXPECT_TRUE(Matches(patterns, NS_PATTERN_PATH, "/internal/"));
  EXPECT_TRUE(Matches(patterns, NS_PATTERN_PATH, "/internal/a/very/long/path/that/goes/on/behind/the/words"));
  EXPECT_FALSE(Matches(patterns, NS_PATTERN_PATH, "/internal"));
  EXPECT_TRUE(Matches(patterns, NS_PATTERN_USER_AGENT, "kube-probe/1.31"));
  EXPECT_FALSE(Matches(patterns, NS_PATTERN_USER_AGENT, "kube-prober/1.31"));
  EXPECT_TRUE(Matches(patterns, NS_PATTERN_USER_AGENT, "curl"));
  EXPECT_FALSE(Matches(patterns, NS_PATTERN_USER_AGENT, "curl?")) << "only paths have a query";
}

TEST(ToPatternsTest, EveryByteOfTheLongestPatternsCounts) {
  Exclusions exclusions;
  for (size_t i = 0; i < model::kMaxPathPatterns; ++i) {
    exclusions.paths.push_back(fmt::format("/{}{}", std::string(model::kMaxPatternBytes - 2, 'x'), i));
  }
  const ns_exclusions patterns = ToPatterns(exclusions);
  for (const std::string& path : exclusions.paths) {
    EXPECT_TRUE(Matches(patterns, NS_PATTERN_PATH, path));
    EXPECT_TRUE(Matches(patterns, NS_PATTERN_PATH, path + "?q"));
    EXPECT_FALSE(Matches(patterns, NS_PATTERN_PATH, path + "x"));
  }
  EXPECT_FALSE(Matches(patterns, NS_PATTERN_PATH, exclusions.paths[0].substr(0, model::kMaxPatternBytes - 1) + "9"));
}

class ExclusionSetsTest : public ::testing::Test {
 protected:
  static Exclusions Paths(const std::string& path) { return {.paths = {path}, .user_agents = {}}; }

  std::vector<uint32_t> written_;
  absl::Status answer_;
  ExclusionSets sets_{[this](uint32_t set, const ns_exclusions&) {
    written_.push_back(set);
    return answer_;
  }};
};

TEST_F(ExclusionSetsTest, EqualSettingsShareASet) {
  EXPECT_EQ(sets_.Acquire({}).value_or(9), 0);
  EXPECT_EQ(sets_.Acquire(Paths("/a")).value_or(9), 1);
  EXPECT_EQ(sets_.Acquire(Paths("/b")).value_or(9), 2);
  EXPECT_EQ(sets_.Acquire(Paths("/a")).value_or(9), 1);
  EXPECT_THAT(written_, ElementsAre(1, 2));
  sets_.Release(1);
  EXPECT_EQ(sets_.Acquire(Paths("/c")).value_or(9), 3) << "the first is in use";
  sets_.Release(1);
  sets_.Release(0);
  EXPECT_EQ(sets_.Acquire(Paths("/d")).value_or(9), 1);
  EXPECT_THAT(written_, ElementsAre(1, 2, 3, 1));
}

TEST_F(ExclusionSetsTest, ThereIsAnEnd) {
  for (int i = 1; i < NS_EXCLUSION_SETS; ++i) {
    ASSERT_EQ(sets_.Acquire(Paths(fmt::format("/{}", i))).value_or(0), i);
  }
  EXPECT_EQ(sets_.Acquire(Paths("/more")).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(sets_.Acquire(Paths("/5")).value_or(0), 5);
  EXPECT_EQ(sets_.Acquire({}).value_or(9), 0);
}

TEST_F(ExclusionSetsTest, WhatCannotBeWrittenIsNotInUse) {
  answer_ = absl::InternalError("no");
  EXPECT_EQ(sets_.Acquire(Paths("/a")).status(), answer_);
  answer_ = absl::OkStatus();
  EXPECT_EQ(sets_.Acquire(Paths("/b")).value_or(0), 1);
}

}  // namespace
}  // namespace nodespan::attach
