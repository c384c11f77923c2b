// SPDX-License-Identifier: Apache-2.0
#include "k8s/instrumentation_json.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::k8s {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const std::vector<std::string> kVariables = {"OTEL_TRACES_SAMPLER", "OTEL_SERVICE_NAME", "OTEL_PROPAGATORS"};

Instrumentation WithSpec(const std::string& spec) {
  const auto read =
      ParseInstrumentation(R"({"metadata": {"name": "go", "namespace": "shop"}, "spec": )" + spec + "}", kVariables);
  EXPECT_TRUE(read.ok()) << read.status();
  return read.value_or(Instrumentation{});
}

// As the operator's documentation writes one, and as kubectl leaves it.
TEST(InstrumentationJsonTest, WhatAWorkloadMaySayIsReadAndNothingElse) {
  const auto read = ParseInstrumentation(R"({
      "apiVersion": "opentelemetry.io/v1alpha1", "kind": "Instrumentation",
      "metadata": {"name": "go", "namespace": "shop", "resourceVersion": "4711", "managedFields": [{}]},
      "spec": {
        "exporter": {"endpoint": "http://otel-collector:4318"},
        "propagators": ["tracecontext", "baggage"],
        "sampler": {"type": "parentbased_traceidratio", "argument": "0.25"},
        "resource": {"resourceAttributes": {"environment": "dev", "team": "a b"}, "addK8sUIDAttributes": true},
        "defaults": {"useLabelsForResourceAttributes": true},
        "env": [{"name": "OTEL_SERVICE_NAME", "value": "all"},
                {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://elsewhere"}],
        "go": {"image": "x", "env": [{"name": "OTEL_PROPAGATORS", "value": "none"},
                                     {"name": "OTEL_GO_AUTO_TARGET_EXE", "value": "/app"}]},
        "java": {"env": [{"name": "OTEL_SERVICE_NAME", "value": "java"}]}}})",
                                         kVariables);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, (Instrumentation{.namespace_name = "shop",
                                    .name = "go",
                                    .environments = {{{"OTEL_PROPAGATORS", "none"}},
                                                     {{"OTEL_SERVICE_NAME", "all"}},
                                                     {{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"},
                                                      {"OTEL_TRACES_SAMPLER_ARG", "0.25"}}},
                                    .resource_attributes = {{"environment", "dev"}, {"team", "a b"}},
                                    .uses_labels = true}));
}

TEST(InstrumentationJsonTest, OneThatSaysNothingSaysNothing) {
  for (const char* spec :
       {"{}", "null", "[]", R"({"sampler": {}, "resource": {}, "env": [], "go": {}, "defaults": {}})",
        R"({"sampler": 1, "resource": [], "env": {}, "go": "x", "defaults": null})",
        R"({"sampler": {"type": "", "argument": "0.5"}, "env": [1, null, {}, {"name": 1}],
                               "resource": {"resourceAttributes": ["a"]},
                               "defaults": {"useLabelsForResourceAttributes": "true"}})"}) {
    EXPECT_EQ(WithSpec(spec),
              (Instrumentation{
                  .namespace_name = "shop", .name = "go", .environments = {{}, {}, {}}, .resource_attributes = {}}))
        << spec;
  }
}

TEST(InstrumentationJsonTest, OnlyPlainValuesCountAndTheLastOfTwo) {
  // Of variables of one name, each the members behind it.
  const auto environment = [](const std::vector<std::string>& variables) {
    std::string list;
    for (const std::string& members : variables) {
      list += (list.empty() ? "" : ", ") + (R"({"name": "OTEL_SERVICE_NAME", )" + members) + "}";
    }
    return WithSpec(R"({"env": [)" + list + "]}").environments[1];
  };
  const std::string too_long(kMaxMetadataValueBytes + 1, 'x');
  EXPECT_THAT(environment({R"("value": "a")"}), ElementsAre(Pair("OTEL_SERVICE_NAME", "a")));
  EXPECT_THAT(environment({R"("valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}})"}), IsEmpty());
  EXPECT_THAT(environment({"\"value\": \"of-$(NODE)\""}), IsEmpty());
  EXPECT_THAT(environment({"\"value\": \"" + too_long + "\""}), IsEmpty());
  EXPECT_THAT(environment({R"("value": "a")", R"("value": "b")"}), ElementsAre(Pair("OTEL_SERVICE_NAME", "b")));
  EXPECT_THAT(environment({R"("value": "a")", "\"value\": \"$(B)\""}), IsEmpty());
}

TEST(InstrumentationJsonTest, AttributesAreBounded) {
  std::string attributes = R"({"bad\nkey": "x", ")" + std::string(kMaxNameBytes + 1, 'k') + R"(": "x", "number": 1)";
  for (size_t i = 0; i < 2 * kMaxResourceAttributesPerInstrumentation; ++i) {
    attributes += R"(, "key-)" + std::to_string(i) + R"(": "x")";
  }
  const StringMap read = WithSpec(R"({"resource": {"resourceAttributes": )" + attributes + "}}}").resource_attributes;
  EXPECT_EQ(read.size(), kMaxResourceAttributesPerInstrumentation);
  EXPECT_FALSE(read.contains("bad\nkey"));
  EXPECT_FALSE(read.contains("number"));
}

TEST(InstrumentationJsonTest, WhatIsNoneIsRefused) {
  for (const char* text :
       {"", "null", "[]", "{", "{}", R"({"metadata": {"name": "go"}})", R"({"metadata": {"namespace": "shop"}})",
        R"({"metadata": {"name": "a\nb", "namespace": "s"}})"}) {
    EXPECT_EQ(ParseInstrumentation(text, kVariables).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(InstrumentationJsonTest, EventsSayWhatHappened) {
  const auto put = ParseInstrumentationEvent(
      R"({"type":"MODIFIED","object":{"metadata":{"name":"go","namespace":"shop","resourceVersion":"7"},
          "spec":{"sampler":{"type":"always_off"}}}})",
      kVariables);
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(put->event.resource_version, "7");
  EXPECT_EQ(put->instrumentation.environments[2].at("OTEL_TRACES_SAMPLER"), "always_off");
  const auto bookmark =
      ParseInstrumentationEvent(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8"}}})", kVariables);
  ASSERT_TRUE(bookmark.ok()) << bookmark.status();
  EXPECT_FALSE(bookmark->event.has_object());
  EXPECT_EQ(ParseInstrumentationEvent(R"({"type":"ADDED","object":{}})", kVariables).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParseInstrumentationEvent(R"({"type":"GUESS"})", kVariables).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace nodespan::k8s
