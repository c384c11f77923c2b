// SPDX-License-Identifier: Apache-2.0
#include "k8s/label_selector.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::k8s {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

bool Matches(std::string_view selector, const StringMap& labels) {
  const absl::StatusOr<LabelSelector> parsed = LabelSelector::Parse(selector);
  EXPECT_TRUE(parsed.ok()) << selector << ": " << parsed.status();
  return parsed.ok() && parsed->Matches(labels);
}

std::string Error(std::string_view selector) {
  const absl::StatusOr<LabelSelector> parsed = LabelSelector::Parse(selector);
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << selector;
  return std::string(parsed.status().message());
}

const StringMap kLabels = {{"app", "shop"}, {"nodespan.io/trace", "enabled"}, {"empty", ""}, {"replicas", "5"}};

TEST(LabelSelectorTest, Equality) {
  for (const char* selector : {"app=shop", "app==shop", " app = shop ", "nodespan.io/trace=enabled", "app!=cart",
                               "missing!=x", "empty=", "empty==", "app=shop,nodespan.io/trace=enabled"}) {
    EXPECT_TRUE(Matches(selector, kLabels)) << selector;
  }
  for (const char* selector : {"app=cart", "missing=x", "missing=", "app!=shop", "app=", "app=shop,empty=x"}) {
    EXPECT_FALSE(Matches(selector, kLabels)) << selector;
  }
}

TEST(LabelSelectorTest, Sets) {
  for (const char* selector : {"app in (shop)", "app in (cart, shop)", "app in(cart,shop)", "missing notin (a,b)",
                               "app notin (cart)", "empty in ()", "empty in (,a)", "empty in (a,)", "app notin ()"}) {
    EXPECT_TRUE(Matches(selector, kLabels)) << selector;
  }
  for (const char* selector : {"app in (cart)", "missing in (a)", "missing in ()", "app notin (shop,cart)"}) {
    EXPECT_FALSE(Matches(selector, kLabels)) << selector;
  }
}

TEST(LabelSelectorTest, Existence) {
  EXPECT_TRUE(Matches("app", kLabels));
  EXPECT_TRUE(Matches("empty", kLabels));
  EXPECT_FALSE(Matches("missing", kLabels));
  EXPECT_TRUE(Matches("!missing", kLabels));
  EXPECT_TRUE(Matches("! missing", kLabels));
  EXPECT_FALSE(Matches("!app", kLabels));
}

TEST(LabelSelectorTest, Numbers) {
  EXPECT_TRUE(Matches("replicas>4", kLabels));
  EXPECT_TRUE(Matches("replicas < 6", kLabels));
  EXPECT_FALSE(Matches("replicas>5", kLabels));
  EXPECT_FALSE(Matches("replicas<5", kLabels));
  EXPECT_FALSE(Matches("app>1", kLabels));
  EXPECT_FALSE(Matches("missing<1", kLabels));
}

TEST(LabelSelectorTest, TheEmptySelectorMatchesEverything) {
  EXPECT_TRUE(Matches("", kLabels));
  EXPECT_TRUE(Matches("  ", {}));
}

TEST(LabelSelectorTest, WordsOfTheGrammarAreNamesElsewhere) {
  const StringMap labels = {{"in", "notin"}, {"notin", "in"}};
  EXPECT_TRUE(Matches("in in (notin)", labels));
  EXPECT_TRUE(Matches("notin=in,in", labels));
  EXPECT_FALSE(Matches("notin notin (in)", labels));
}

TEST(LabelSelectorTest, ErrorsSayWhatIsExpectedWhere) {
  struct {
    const char* selector;
    const char* message;
  } cases[] = {
      {",", "expected the key of a label, [PREFIX/]NAME at character 1"},
      {"app=shop,", "expected a requirement behind ',' at character 10"},
      {"app=shop,,x", "expected the key of a label"},
      {"app shop", "expected one of = == != in notin < > at character 5"},
      {"app=shop=x", "expected ',' at character 9"},
      {"app in shop", "expected '(' at character 8"},
      {"app in (shop", "expected ')' at character 13"},
      {"app in (a b)", "expected ')' at character 11"},
      {"!app=shop", "expected ',' at character 5"},
      {"!", "expected the key of a label"},
      {"app>many", "expected a whole number"},
      {"app>-1", "expected a whole number"},
      {"app=a/b", "expected a value"},
      {"a/b/c", "expected the key of a label"},
      {"/app", "expected the key of a label"},
      {"Prefix/app", "expected the key of a label"},
      {"pre..fix/app", "expected the key of a label"},
      {"-app", "expected the key of a label"},
      {"app=x\ny", "expected ','"},
  };
  for (const auto& bad : cases) {
    EXPECT_THAT(Error(bad.selector), HasSubstr(bad.message)) << bad.selector;
  }
  EXPECT_THAT(Error(std::string(64, 'a')), HasSubstr("the key of a label"));
  EXPECT_THAT(Error("a=" + std::string(64, 'a')), HasSubstr("at most 63"));
  EXPECT_THAT(Error(std::string(20000, 'a')), HasSubstr("at most 16384 characters"));
}

TEST(LabelSelectorTest, KeysAreNamedOnce) {
  EXPECT_THAT(LabelSelector::Parse("b,a=1,!b,c in (x)")->keys(), ElementsAre("b", "a", "c"));
  EXPECT_THAT(LabelSelector::Parse("")->keys(), IsEmpty());
}

}  // namespace
}  // namespace nodespan::k8s
