// SPDX-License-Identifier: Apache-2.0
#include "config/sampler_options.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::config {
namespace {

using model::RootSampler;
using model::Sampler;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Sampler kFallback = {.root = RootSampler::kTraceIdRatio, .parent_based = true, .ratio = 0.5};

TEST(ReadSamplerTest, KnowsAllNames) {
  struct {
    const char* name;
    Sampler sampler;
  } cases[] = {
      {"always_on", {RootSampler::kAlwaysOn, false, 1.0}},
      {"always_off", {RootSampler::kAlwaysOff, false, 1.0}},
      {"traceidratio", {RootSampler::kTraceIdRatio, false, 0.25}},
      {"parentbased_always_on", {RootSampler::kAlwaysOn, true, 1.0}},
      {"parentbased_always_off", {RootSampler::kAlwaysOff, true, 1.0}},
      {"consistent_probability", {RootSampler::kConsistentProbability, false, 0.25}},
      {"parentbased_consistent_probability", {RootSampler::kConsistentProbability, true, 0.25}},
      {" ParentBased_TraceIdRatio ", {RootSampler::kTraceIdRatio, true, 0.25}},
  };
  for (const auto& known : cases) {
    Warnings warnings;
    Environment environment = {{"OTEL_TRACES_SAMPLER", known.name}, {"OTEL_TRACES_SAMPLER_ARG", "0.25"}};
    EXPECT_EQ(ReadSampler(environment, kFallback, warnings), known.sampler) << known.name;
    EXPECT_THAT(warnings.list(), IsEmpty()) << known.name;
  }
}

TEST(ReadSamplerTest, NothingSetGivesTheFallback) {
  Warnings warnings;
  EXPECT_EQ(ReadSampler({}, kFallback, warnings), kFallback);
  EXPECT_THAT(warnings.list(), IsEmpty());
}

TEST(ReadSamplerTest, ArgumentAloneHasNoEffect) {
  Warnings warnings;
  EXPECT_EQ(ReadSampler({{"OTEL_TRACES_SAMPLER_ARG", "0.1"}}, kFallback, warnings), kFallback);
  EXPECT_THAT(warnings.list(), ElementsAre("OTEL_TRACES_SAMPLER_ARG=\"0.1\": it has no effect without "
                                           "OTEL_TRACES_SAMPLER; using parentbased_traceidratio 0.5"));
}

TEST(ReadSamplerTest, UnknownAndUnsupportedNamesWarnAndGiveTheFallback) {
  for (const char* name : {"jaeger_remote", "parentbased_jaeger_remote", "xray", "sometimes"}) {
    Warnings warnings;
    EXPECT_EQ(ReadSampler({{"OTEL_TRACES_SAMPLER", name}}, kFallback, warnings), kFallback);
    ASSERT_EQ(warnings.list().size(), 1U);
    EXPECT_THAT(warnings.list()[0], HasSubstr(name));
    EXPECT_THAT(warnings.list()[0], HasSubstr("using parentbased_traceidratio 0.5"));
  }
}

TEST(ReadSamplerTest, BadRatioIsOneAndDoesNotComeFromTheFallback) {
  for (const char* arg : {"1.5", "-1", "nan", "half"}) {
    Warnings warnings;
    Sampler sampler =
        ReadSampler({{"OTEL_TRACES_SAMPLER", "traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", arg}}, kFallback, warnings);
    EXPECT_EQ(sampler, (Sampler{RootSampler::kTraceIdRatio, false, 1.0})) << arg;
    ASSERT_EQ(warnings.list().size(), 1U) << arg;
    EXPECT_THAT(warnings.list()[0], HasSubstr("using 1"));
  }
}

}  // namespace
}  // namespace nodespan::config
