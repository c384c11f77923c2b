// SPDX-License-Identifier: Apache-2.0
#include "discovery/pod_selection.h"

#include <initializer_list>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::discovery {
namespace {

using ::testing::HasSubstr;

constexpr const char* kExe = "/app/shop";
constexpr const char* kInjectGo = "instrumentation.opentelemetry.io/inject-go";
constexpr const char* kTargetExe = "instrumentation.opentelemetry.io/otel-go-auto-target-exe";

k8s::Pod MakePod(k8s::StringMap labels = {}, k8s::StringMap annotations = {}) {
  k8s::Pod pod;
  pod.uid = "u";
  pod.name = "cart-0";
  pod.namespace_name = "shop";
  pod.labels = std::move(labels);
  pod.annotations = std::move(annotations);
  pod.containers = {{.name = "web", .image = "registry/shop:1"}, {.name = "proxy", .image = "registry/proxy:1"}};
  return pod;
}

PodSelectionOptions Options(std::string_view selector = "nodespan.io/trace=enabled") {
  return {.selector = *k8s::LabelSelector::Parse(selector)};
}

// `container`: its index; -1: not known.
PodDecision Decide(const k8s::Pod& pod, const PodSelectionOptions& options = Options(), int container = 0,
                   std::string_view exe = kExe) {
  const auto shared = std::make_shared<const k8s::Pod>(pod);
  return PodSelection(options).Decide({shared, container < 0 ? nullptr : &shared->containers[container]}, exe);
}

const k8s::StringMap kEnabled = {{"nodespan.io/trace", "enabled"}};

TEST(PodSelectionTest, LabelsSelect) {
  EXPECT_EQ(Decide(MakePod(kEnabled)).verdict, PodVerdict::kSelected);
  EXPECT_EQ(Decide(MakePod(kEnabled)).reason, "pod shop/cart-0 matches the pod selector");
  EXPECT_EQ(Decide(MakePod(kEnabled), Options(), 1).verdict, PodVerdict::kSelected);
  EXPECT_EQ(Decide(MakePod(kEnabled), Options(), -1).verdict, PodVerdict::kSelected);
  EXPECT_EQ(Decide(MakePod()).verdict, PodVerdict::kNotSelected);
  EXPECT_EQ(Decide(MakePod({{"team", "a"}}), Options("team in (a,b)")).verdict, PodVerdict::kSelected);
}

TEST(PodSelectionTest, DisabledWins) {
  const k8s::StringMap disabled = {{"nodespan.io/trace", "disabled"}};
  EXPECT_EQ(Decide(MakePod(disabled)).verdict, PodVerdict::kDisabled);
  EXPECT_EQ(Decide(MakePod(disabled), Options("")).verdict, PodVerdict::kDisabled);
  EXPECT_EQ(Decide(MakePod(disabled, {{kInjectGo, "true"}})).verdict, PodVerdict::kDisabled);
}

TEST(PodSelectionTest, TheOperatorsAnnotationSelects) {
  for (const char* value : {"true", "True", "my-instrumentation", "other/instrumentation", " x "}) {
    EXPECT_EQ(Decide(MakePod({}, {{kInjectGo, value}})).verdict, PodVerdict::kSelected) << value;
  }
  for (const char* value : {"false", "FALSE", "", " "}) {
    EXPECT_EQ(Decide(MakePod({}, {{kInjectGo, value}})).verdict, PodVerdict::kNotSelected) << value;
  }
  EXPECT_EQ(Decide(MakePod(kEnabled, {{kInjectGo, "false"}})).verdict, PodVerdict::kSelected);
}

// What the operator does with the two values, seen from whether it injects (docs/KUBERNETES.md); absent and empty are
// the same.
TEST(PodSelectionTest, TheAnnotationOfTheNamespaceCountsWhereThePodHasNone) {
  struct Case {
    const char* of_namespace;
    const char* of_pod;
    PodVerdict verdict;
    const char* reason;
  };
  constexpr const char* kByPod = "has the annotation inject-go";
  constexpr const char* kByNamespace = "is in a namespace with the annotation inject-go";
  constexpr const char* kByNobody = "does not match the pod selector";
  for (const Case& row : std::initializer_list<Case>{
           {"", "", PodVerdict::kNotSelected, kByNobody},
           {"", "true", PodVerdict::kSelected, kByPod},
           {"", "false", PodVerdict::kNotSelected, kByNobody},
           {"", "team/go", PodVerdict::kSelected, kByPod},
           {"true", "", PodVerdict::kSelected, kByNamespace},
           {"True", " ", PodVerdict::kSelected, kByNamespace},
           {"team/go", "", PodVerdict::kSelected, kByNamespace},
           {"false", "", PodVerdict::kNotSelected, kByNobody},
           {"FALSE", "", PodVerdict::kNotSelected, kByNobody},
           {" ", "", PodVerdict::kNotSelected, kByNobody},
           {"true", "false", PodVerdict::kNotSelected, kByNobody},
           {"team/go", "False", PodVerdict::kNotSelected, kByNobody},
           {"true", "team/go", PodVerdict::kSelected, kByPod},
           {"false", "true", PodVerdict::kSelected, kByPod},
           {"false", "team/go", PodVerdict::kSelected, kByPod},
           {"false", "false", PodVerdict::kNotSelected, kByNobody},
           {"team/go", "true", PodVerdict::kSelected, kByPod},
       }) {
    k8s::Pod pod = MakePod({}, {{kInjectGo, row.of_pod}});
    pod.namespace_inject_go = row.of_namespace;
    const PodDecision decision = Decide(pod);
    EXPECT_EQ(decision.verdict, row.verdict) << row.of_namespace << " and " << row.of_pod;
    EXPECT_EQ(decision.reason, std::string("pod shop/cart-0 ") + row.reason) << row.of_namespace << " " << row.of_pod;
  }
}

TEST(PodSelectionTest, APodInAnAnnotatedNamespaceIsStillLeftAloneOrRestricted) {
  const auto decide = [](k8s::Pod pod, const PodSelectionOptions& options = Options()) {
    pod.namespace_inject_go = "true";
    return Decide(pod, options).verdict;
  };
  EXPECT_EQ(decide(MakePod()), PodVerdict::kSelected);
  EXPECT_EQ(decide(MakePod({{"nodespan.io/trace", "disabled"}})), PodVerdict::kDisabled);
  EXPECT_EQ(decide(MakePod({{"app.kubernetes.io/name", "opentelemetry-collector"}})), PodVerdict::kLeftAlone);
  EXPECT_EQ(decide(MakePod({}, {{kTargetExe, "/app/other"}})), PodVerdict::kNotSelected);
  PodSelectionOptions options = Options();
  options.exclude_namespaces = {"shop"};
  EXPECT_EQ(decide(MakePod(), options), PodVerdict::kNotSelected);
}

TEST(PodSelectionTest, NamespacesAreIncludedAndExcluded) {
  PodSelectionOptions options = Options();
  options.namespaces = {"shop", "other"};
  EXPECT_EQ(Decide(MakePod(kEnabled), options).verdict, PodVerdict::kSelected);
  options.exclude_namespaces = {"shop"};
  EXPECT_EQ(Decide(MakePod(kEnabled), options).verdict, PodVerdict::kNotSelected);
  options = Options();
  options.namespaces = {"other"};
  EXPECT_EQ(Decide(MakePod(kEnabled), options).verdict, PodVerdict::kNotSelected);
  EXPECT_EQ(Decide(MakePod({}, {{kInjectGo, "true"}}), options).verdict, PodVerdict::kNotSelected);
}

TEST(PodSelectionTest, AnnotationsChooseTheExecutable) {
  const k8s::StringMap annotations = {{kInjectGo, "true"}, {kTargetExe, kExe}};
  EXPECT_EQ(Decide(MakePod({}, annotations)).verdict, PodVerdict::kSelected);
  const PodDecision other = Decide(MakePod({}, annotations), Options(), 0, "/app/other");
  EXPECT_EQ(other.verdict, PodVerdict::kNotSelected);
  EXPECT_THAT(other.reason, HasSubstr("otel-go-auto-target-exe"));
  EXPECT_EQ(Decide(MakePod(kEnabled, {{kTargetExe, "/app/other"}})).verdict, PodVerdict::kNotSelected);
}

TEST(PodSelectionTest, AnnotationsChooseContainers) {
  const auto verdict = [](const char* names, int container) {
    return Decide(MakePod(kEnabled, {{"instrumentation.opentelemetry.io/go-container-names", names},
                                     {"instrumentation.opentelemetry.io/container-names", "nobody"}}),
                  Options(), container)
        .verdict;
  };
  EXPECT_EQ(verdict("web", 0), PodVerdict::kSelected);
  EXPECT_EQ(verdict("web", 1), PodVerdict::kNotSelected);
  EXPECT_EQ(verdict("x, proxy ,web", 1), PodVerdict::kSelected);
  EXPECT_EQ(verdict("web", -1), PodVerdict::kNotSelected);
  EXPECT_EQ(Decide(MakePod(kEnabled, {{"instrumentation.opentelemetry.io/container-names", "proxy"}})).verdict,
            PodVerdict::kNotSelected);
}

TEST(PodSelectionTest, PodsWithTheOperatorsSidecarAreLeftAlone) {
  k8s::Pod pod = MakePod(kEnabled);
  pod.containers.push_back({.name = "opentelemetry-auto-instrumentation"});
  EXPECT_EQ(Decide(pod).verdict, PodVerdict::kLeftAlone);
  EXPECT_THAT(Decide(pod).reason, HasSubstr("the operator's sidecar opentelemetry-auto-instrumentation"));
  pod.containers.back() = {
      .name = "x",
      .image = "registry.example/open-telemetry/opentelemetry-go-instrumentation/autoinstrumentation-go:v0.24.0"};
  EXPECT_EQ(Decide(pod).verdict, PodVerdict::kLeftAlone);
}

TEST(PodSelectionTest, CollectorsAndNodespanItselfAreLeftAlone) {
  k8s::Pod collector = MakePod(kEnabled);
  collector.containers[0].image = "otel/opentelemetry-collector-contrib:0.152.0";
  EXPECT_EQ(Decide(collector).verdict, PodVerdict::kLeftAlone);
  EXPECT_EQ(Decide(collector, Options(), 1).verdict, PodVerdict::kSelected);
  EXPECT_EQ(Decide(MakePod(kEnabled), Options(), 0, "/otelcol-contrib").verdict, PodVerdict::kLeftAlone);
  EXPECT_EQ(
      Decide(MakePod({{"nodespan.io/trace", "enabled"}, {"app.kubernetes.io/component", "opentelemetry-collector"}}))
          .verdict,
      PodVerdict::kLeftAlone);
  PodSelectionOptions options = Options();
  options.own_pod_uid = "u";
  EXPECT_EQ(Decide(MakePod(kEnabled), options).verdict, PodVerdict::kLeftAlone);
}

}  // namespace
}  // namespace nodespan::discovery
