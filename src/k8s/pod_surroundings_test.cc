// SPDX-License-Identifier: Apache-2.0
// Instrumentation resources on their way to the pods that ask for them, as PodStore brings them there.
#include "k8s/pod_surroundings.h"

#include "gtest/gtest.h"
#include "k8s/namespace_annotations.h"
#include "k8s/pod_store.h"

namespace nodespan::k8s {
namespace {

using Lookup = InstrumentationLookup;

Instrumentation Resource(const std::string& name, const std::string& team = "a") {
  return {.namespace_name = "shop", .name = name, .environments = {}, .resource_attributes = {{"team", team}}};
}

class PodSurroundingsTest : public ::testing::Test {
 protected:
  void PutPod(const std::string& inject_go) {
    Pod pod;
    pod.uid = "a";
    pod.name = "cart-0";
    pod.namespace_name = "shop";
    if (!inject_go.empty()) {
      pod.annotations = {{std::string(kInjectGoAnnotation), inject_go}};
    }
    store_.Put(pod);
  }
  // What the source of the API server does first, and what it has when everything is listed.
  void Await() {
    store_.AwaitNamespaces();
    store_.AwaitInstrumentations();
  }
  void List(const std::vector<Instrumentation>& resources) {
    Instrumentations listed;
    for (const Instrumentation& resource : resources) {
      EXPECT_TRUE(listed.Set(resource));
    }
    store_.ReplaceInstrumentations(listed);
  }
  std::shared_ptr<const Pod> pod() const { return store_.snapshot()->pods().at(0); }
  Lookup lookup() const { return pod()->instrumentation_lookup; }
  std::string found() const { return pod()->instrumentation == nullptr ? "" : pod()->instrumentation->name; }

  metrics::Counters counters_;
  int changes_ = 0;
  PodStore store_{&counters_, [this] { ++changes_; }};
};

TEST_F(PodSurroundingsTest, WhereNobodyReadsThemNobodyWaits) {
  PutPod("true");
  EXPECT_EQ(lookup(), Lookup::kNone);
}

TEST_F(PodSurroundingsTest, PodsThatAskWaitUntilBothAreKnown) {
  Await();
  PutPod("true");
  EXPECT_EQ(lookup(), Lookup::kPending);
  List({Resource("go")});
  EXPECT_EQ(lookup(), Lookup::kPending) << "its namespace may name another";
  store_.ReplaceNamespaces({});
  EXPECT_EQ(lookup(), Lookup::kFound);
  EXPECT_EQ(found(), "go");
}

TEST_F(PodSurroundingsTest, NobodyWaitsForWhatCannotBeRead) {
  Await();
  PutPod("go");
  store_.RefuseNamespaces();
  EXPECT_EQ(lookup(), Lookup::kPending);
  store_.RefuseInstrumentations();
  EXPECT_EQ(lookup(), Lookup::kNone);
  // A role that comes later counts, and what is known then stays known.
  List({Resource("go")});
  EXPECT_EQ(lookup(), Lookup::kFound);
  store_.RefuseInstrumentations();
  EXPECT_EQ(lookup(), Lookup::kFound);
}

TEST_F(PodSurroundingsTest, APodGetsTheOneThatItAsksFor) {
  Await();
  store_.ReplaceNamespaces({});
  List({Resource("go"), Resource("other")});
  struct Case {
    const char* inject_go;
    Lookup lookup;
    const char* found;
  };
  for (const Case& row : std::initializer_list<Case>{{"", Lookup::kNone, ""},
                                                     {"false", Lookup::kNone, ""},
                                                     {"go", Lookup::kFound, "go"},
                                                     {"shop/other", Lookup::kFound, "other"},
                                                     {"nobody", Lookup::kMissing, ""},
                                                     {"elsewhere/go", Lookup::kMissing, ""},
                                                     {"true", Lookup::kAmbiguous, ""}}) {
    PutPod(row.inject_go);
    EXPECT_EQ(lookup(), row.lookup) << row.inject_go;
    EXPECT_EQ(found(), row.found) << row.inject_go;
  }
  store_.RemoveInstrumentation(Resource("other"));
  EXPECT_EQ(found(), "go");
  store_.RemoveInstrumentation(Resource("go"));
  EXPECT_EQ(lookup(), Lookup::kNone) << "it asks for tracing, as of a cluster without the operator";
}

TEST_F(PodSurroundingsTest, TheNamespaceOfAPodMayNameIt) {
  Await();
  store_.ReplaceNamespaces({});
  List({Resource("go"), Resource("other")});
  PutPod("true");
  store_.PutNamespace({.name = "shop", .inject_go = "other"});
  EXPECT_EQ(found(), "other");
  PutPod("");
  EXPECT_EQ(found(), "other");
  PutPod("go");
  EXPECT_EQ(found(), "go");
}

TEST_F(PodSurroundingsTest, PodsAreToldAnewOnlyWhenTheirsIsAnother) {
  Await();
  store_.ReplaceNamespaces({});
  List({Resource("go")});
  PutPod("go");
  const int before = changes_;
  const auto first = pod();
  List({Resource("go"), Resource("other")});
  store_.PutInstrumentation(Resource("go"));
  store_.PutInstrumentation(Resource("other", "b"));
  PutPod("go");
  EXPECT_EQ(changes_, before);
  EXPECT_EQ(pod(), first);
  store_.PutInstrumentation(Resource("go", "b"));
  EXPECT_EQ(changes_, before + 1);
  EXPECT_EQ(pod()->instrumentation->resource_attributes.at("team"), "b");
  EXPECT_EQ(first->instrumentation->resource_attributes.at("team"), "a");
}

TEST_F(PodSurroundingsTest, WhatHasNoRoomIsCountedAndNotThere) {
  Await();
  store_.ReplaceNamespaces({});
  Instrumentation large = Resource("");
  for (size_t i = 0; i < kMaxResourceAttributesPerInstrumentation; ++i) {
    large.resource_attributes["key-" + std::to_string(i)] = std::string(kMaxMetadataValueBytes, 'x');
  }
  List({});
  for (int i = 0; counters_.Get(metrics::Counter::kInstrumentationsLeftOut) == 0; ++i) {
    ASSERT_LT(i, 100);
    large.name = std::to_string(i);
    store_.PutInstrumentation(large);
  }
  PutPod(large.name);
  EXPECT_EQ(lookup(), Lookup::kMissing);
  PutPod("0");
  EXPECT_EQ(lookup(), Lookup::kFound);
}

}  // namespace
}  // namespace nodespan::k8s
