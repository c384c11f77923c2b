// SPDX-License-Identifier: Apache-2.0
#include "config/target_options.h"

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

Config Node() {
  Config node;
  node.targets.service_name = "node";
  node.targets.resource_attributes = {{"zone", "a"}};
  node.targets.sampler = {.root = model::RootSampler::kTraceIdRatio, .parent_based = true, .ratio = 0.1};
  node.targets.spans.semconv.http = model::SemconvMode::kDup;
  node.targets.exclusions = {.paths = {"/healthz"}, .user_agents = {}};
  return node;
}

// What a target has that says nothing.
TargetOptions Silent() {
  return {.sampler = Node().targets.sampler, .exclusions = Node().targets.exclusions, .spans = Node().targets.spans};
}

TEST(TargetOptionsTest, SilentTargetHasTheNodesSamplerAndConventionsAndNoIdentity) {
  Warnings warnings;
  TargetOptions options = ReadTargetOptions({{"PATH", "/bin"}}, Node(), warnings);
  EXPECT_EQ(options, Silent());
  EXPECT_THAT(warnings.list(), IsEmpty());
}

TEST(TargetOptionsTest, TargetsOwnWordsWin) {
  Warnings warnings;
  TargetOptions options = ReadTargetOptions({{"OTEL_SDK_DISABLED", "true"},
                                             {"OTEL_SERVICE_NAME", "shop"},
                                             {"OTEL_RESOURCE_ATTRIBUTES", "team=x"},
                                             {"OTEL_TRACES_SAMPLER", "always_off"},
                                             {"OTEL_SEMCONV_STABILITY_OPT_IN", "http/old"},
                                             {"NODESPAN_EXCLUDE_PATHS", "none"},
                                             {"NODESPAN_EXCLUDE_USER_AGENTS", "checker"},
                                             {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://elsewhere:1"}},
                                            Node(), warnings);
  EXPECT_TRUE(options.sdk_disabled);
  EXPECT_EQ(options.service_name, "shop");
  EXPECT_THAT(options.resource_attributes, ElementsAre(Pair("team", "x")));
  EXPECT_EQ(options.sampler, (model::Sampler{.root = model::RootSampler::kAlwaysOff, .parent_based = false}));
  EXPECT_EQ(options.spans.semconv.http, model::SemconvMode::kOld);
  EXPECT_EQ(options.spans.semconv.rpc, Node().targets.spans.semconv.rpc);
  EXPECT_EQ(options.exclusions, (model::Exclusions{.paths = {}, .user_agents = {"checker"}}));
  EXPECT_THAT(warnings.list(), IsEmpty());
}

TEST(TargetOptionsTest, BadWordsWarnAndLeaveTheNodes) {
  Warnings warnings;
  TargetOptions options = ReadTargetOptions({{"OTEL_SDK_DISABLED", "1"},
                                             {"OTEL_RESOURCE_ATTRIBUTES", "team"},
                                             {"OTEL_TRACES_SAMPLER", "xray"},
                                             {"OTEL_SEMCONV_STABILITY_OPT_IN", "http/new"}},
                                            Node(), warnings);
  EXPECT_EQ(options, Silent());
  EXPECT_THAT(warnings.list(),
              ElementsAre(StartsWith("OTEL_RESOURCE_ATTRIBUTES"), StartsWith("OTEL_SDK_DISABLED=\"1\""),
                          StartsWith("OTEL_TRACES_SAMPLER=\"xray\""),
                          StartsWith("OTEL_SEMCONV_STABILITY_OPT_IN=\"http/new\"")));
}

TEST(TargetOptionsTest, TheTargetDecidesWhetherStatementsAreShown) {
  Config node;
  Warnings warnings;
  EXPECT_FALSE(ReadTargetOptions({}, node, warnings).spans.include_db_statement);
  EXPECT_TRUE(
      ReadTargetOptions({{"OTEL_GO_AUTO_INCLUDE_DB_STATEMENT", "true"}}, node, warnings).spans.include_db_statement);
  node.targets.spans.include_db_statement = true;
  EXPECT_TRUE(ReadTargetOptions({}, node, warnings).spans.include_db_statement);
  EXPECT_FALSE(
      ReadTargetOptions({{"OTEL_GO_AUTO_INCLUDE_DB_STATEMENT", "0"}}, node, warnings).spans.include_db_statement);
  EXPECT_TRUE(warnings.list().empty());
  EXPECT_TRUE(
      ReadTargetOptions({{"OTEL_GO_AUTO_INCLUDE_DB_STATEMENT", "maybe"}}, node, warnings).spans.include_db_statement);
  EXPECT_EQ(warnings.list().size(), 1u);
}

TEST(TargetOptionsTest, ATargetsGeneralLimitWinsOverTheNodesOwnOne) {
  Config node;
  node.targets.spans.limits = {.attribute_count = 10, .event_count = 11};
  Warnings warnings;
  const TargetOptions options = ReadTargetOptions({{"OTEL_ATTRIBUTE_COUNT_LIMIT", "20"}}, node, warnings);
  EXPECT_EQ(options.spans.limits, (model::SpanLimits{.attribute_count = 20, .event_count = 11}));
  EXPECT_THAT(warnings.list(), IsEmpty());
}

TEST(TargetOptionsTest, ATargetsKnownMethodsReplaceTheNodes) {
  Config node;
  node.targets.spans.known_http_methods = {"PURGE"};
  Warnings warnings;
  const auto methods_of = [&](const Environment& target) {
    return ReadTargetOptions(target, node, warnings).spans.known_http_methods;
  };
  EXPECT_THAT(methods_of({}), ElementsAre("PURGE"));
  EXPECT_THAT(methods_of({{"OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "GET"}}), ElementsAre("GET"));
  EXPECT_THAT(warnings.list(), IsEmpty());
  EXPECT_THAT(methods_of({{"OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", ","}}), ElementsAre("PURGE"));
  EXPECT_THAT(warnings.list(),
              ElementsAre("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS=\",\": expected names of methods; using PURGE"));
}

TEST(TargetOptionsTest, TheTargetDecidesWhetherItsOwnSpansAreTraced) {
  Config node;
  Warnings warnings;
  EXPECT_TRUE(ReadTargetOptions({}, node, warnings).traces_api_spans);
  EXPECT_FALSE(ReadTargetOptions({{"OTEL_GO_AUTO_GLOBAL", "false"}}, node, warnings).traces_api_spans);
  node.targets.traces_api_spans = false;
  EXPECT_FALSE(ReadTargetOptions({}, node, warnings).traces_api_spans);
  EXPECT_TRUE(ReadTargetOptions({{"OTEL_GO_AUTO_GLOBAL", "1"}}, node, warnings).traces_api_spans);
  EXPECT_TRUE(warnings.list().empty());
}

// What one pod gets wrong is said with its own words, and costs that one thing.
TEST(TargetOptionsTest, BadInputIsAnsweredAndTheRestWorks) {
  const std::string number = "expected a whole number from 0 to 2147483647";
  struct {
    Environment environment;
    std::vector<std::string> warnings;
  } cases[] = {
      {{{"OTEL_RESOURCE_ATTRIBUTES", "team=a,broken"}},
       {"OTEL_RESOURCE_ATTRIBUTES: item \"broken\": expected key=value; ignoring the whole variable"}},
      {{{"OTEL_RESOURCE_ATTRIBUTES", "team=50%"}},
       {"OTEL_RESOURCE_ATTRIBUTES: item \"team=50%\": expected two hexadecimal digits behind every '%' (a '%' itself "
        "is "
        "%25); ignoring the whole variable"}},
      {{{"OTEL_RESOURCE_ATTRIBUTES", "team=%ff"}},
       {"OTEL_RESOURCE_ATTRIBUTES: item \"team=%ff\": expected UTF-8 text; ignoring the whole variable"}},
      {{{"OTEL_RESOURCE_ATTRIBUTES", "t\xff=a"}},
       {"OTEL_RESOURCE_ATTRIBUTES: item \"t\\xff=a\": expected UTF-8 text; ignoring the whole variable"}},
      {{{"OTEL_TRACES_SAMPLER", "traceidratio\n"}},
       {"OTEL_TRACES_SAMPLER=\"traceidratio\\x0a\": expected one of always_on, always_off, traceidratio, "
        "parentbased_always_on, parentbased_always_off, parentbased_traceidratio, consistent_probability, "
        "parentbased_consistent_probability; using parentbased_traceidratio 0.1"}},
      {{{"OTEL_TRACES_SAMPLER_ARG", "0.5"}},
       {"OTEL_TRACES_SAMPLER_ARG=\"0.5\": it has no effect without OTEL_TRACES_SAMPLER; using parentbased_traceidratio "
        "0.1"}},
      {{{"OTEL_ATTRIBUTE_COUNT_LIMIT", "99999999999999999999"}, {"OTEL_SPAN_LINK_COUNT_LIMIT", "-1"}},
       {"OTEL_ATTRIBUTE_COUNT_LIMIT=\"99999999999999999999\": " + number + "; using 128",
        "OTEL_SPAN_LINK_COUNT_LIMIT=\"-1\": " + number + "; using 128"}},
      {{{"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1e3"}},
       {"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT=\"1e3\": " + number + "; ignoring it"}},
      {{{"OTEL_GO_AUTO_GLOBAL", "no"}}, {"OTEL_GO_AUTO_GLOBAL=\"no\": expected true or false; using true"}},
      {{{"OTEL_PROPAGATORS", "tracecontext,B3multi"}},
       {"OTEL_PROPAGATORS=\"B3multi\": only tracecontext and none are implemented; ignoring this item"}},
      {{{"OTEL_CONFIG_FILE", "/etc/otel.yaml"}},
       {"OTEL_CONFIG_FILE=\"/etc/otel.yaml\": declarative configuration is not implemented; using the other "
        "variables"}},
      {{{"OTEL_GO_AUTO_RESOURCE_DETECTORS", "env"}},
       {"OTEL_GO_AUTO_RESOURCE_DETECTORS=\"env\": process, host, container and pod are always described; ignoring it"}},
  };
  for (auto& bad : cases) {
    bad.environment.emplace("OTEL_SERVICE_NAME", "shop");
    Warnings warnings;
    TargetOptions expected = Silent();
    expected.service_name = "shop";
    EXPECT_EQ(ReadTargetOptions(bad.environment, Node(), warnings), expected) << bad.warnings[0];
    EXPECT_EQ(warnings.list(), bad.warnings);
  }
}

TEST(TargetOptionsTest, ARatioThatIsNoneIsOne) {
  for (const char* ratio : {"nan", "inf", "1e999", "-0.1", "1.1", "0,5", "half"}) {
    Warnings warnings;
    const TargetOptions options = ReadTargetOptions(
        {{"OTEL_TRACES_SAMPLER", "traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", ratio}}, Node(), warnings);
    EXPECT_EQ(options.sampler.ratio, 1.0) << ratio;
    EXPECT_THAT(warnings.list(),
                ElementsAre(fmt::format("OTEL_TRACES_SAMPLER_ARG=\"{}\": expected a number from 0 to 1; "
                                        "using 1",
                                        ratio)));
  }
}

TEST(TargetOptionsTest, ANameThatIsNoUtf8IsMadeSuch) {
  Warnings warnings;
  EXPECT_EQ(ReadTargetOptions({{"OTEL_SERVICE_NAME", "sh\xffop"}}, Node(), warnings).service_name, "sh\xEF\xBF\xBDop");
  EXPECT_THAT(warnings.list(), ElementsAre("OTEL_SERVICE_NAME=\"sh\\xffop\": expected UTF-8 text; putting U+FFFD for "
                                           "what is not"));
}

TEST(TargetOptionsTest, DefaultsCountWhereTheTargetSaysNothingAndTheFirstOfThemWins) {
  const Environment of_go = {{"OTEL_SERVICE_NAME", "go"}, {"OTEL_PROPAGATORS", "none"}};
  const Environment of_all = {{"OTEL_SERVICE_NAME", "all"},
                              {"OTEL_RESOURCE_ATTRIBUTES", "team=all"},
                              {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "10"},
                              {"OTEL_TRACES_SAMPLER", "always_off"},
                              {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://elsewhere:1"}};
  const Environment both[] = {of_go, of_all};
  Warnings warnings;
  const TargetOptions silent = ReadTargetOptions({}, Node(), warnings, both);
  TargetOptions expected = Silent();
  expected.service_name = "go";
  expected.resource_attributes = {{"team", "all"}};
  expected.continues_traces = false;
  expected.spans.limits.attribute_count = 10;
  expected.sampler = {.root = model::RootSampler::kAlwaysOff, .parent_based = false};
  EXPECT_EQ(silent, expected);
  // Settings win and not variables: the target's general limit over a special one, and its sampler with its argument.
  const TargetOptions own = ReadTargetOptions(
      {{"OTEL_SERVICE_NAME", "own"}, {"OTEL_ATTRIBUTE_COUNT_LIMIT", "20"}, {"OTEL_TRACES_SAMPLER", "traceidratio"}},
      Node(), warnings, both);
  EXPECT_EQ(own.service_name, "own");
  EXPECT_EQ(own.spans.limits.attribute_count, 20U);
  EXPECT_EQ(own.sampler, (model::Sampler{.root = model::RootSampler::kTraceIdRatio, .parent_based = false}));
  EXPECT_FALSE(own.continues_traces);
  EXPECT_THAT(warnings.list(), IsEmpty());
}

TEST(TargetOptionsTest, TheVariablesOfATargetAreThoseThatCountInItsEnvironment) {
  const std::vector<std::string> variables = TargetVariables();
  EXPECT_THAT(variables, ::testing::IsSupersetOf({"OTEL_TRACES_SAMPLER", "OTEL_RESOURCE_ATTRIBUTES",
                                                  "OTEL_ATTRIBUTE_COUNT_LIMIT", "NODESPAN_EXCLUDE_PATHS"}));
  for (const std::string& variable : variables) {
    EXPECT_FALSE(variable.starts_with("OTEL_EXPORTER_")) << variable;
  }
}

}  // namespace
}  // namespace nodespan::config
