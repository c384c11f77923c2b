// SPDX-License-Identifier: Apache-2.0
// From what /proc and the pods show to probes, and back: the table of processes and their selection are the real ones;
// the inspector and the attacher do what the test says.
#include "daemon/target_manager.h"

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "discovery/process_table.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "k8s/namespace_annotations.h"
#include "k8s/pod_store.h"
#include "procfs/fake_proc_tree.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/spdlog.h"

namespace nodespan::daemon {
namespace {

using attach::TargetId;
using metrics::Counter;
using metrics::Gauge;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr pid_t kPid = 7;
constexpr uint64_t kCodeAddr = 0x1000;  // where processes have mapped their executable, from its beginning
constexpr uint64_t kProbeOff = 6;
const std::string kContainer(64, 'a');
const std::string kPodUid = "01234567-89ab-cdef-0123-456789abcdef";

class NamedPods final : public k8s::PodSource {
 public:
  explicit NamedPods(metrics::Counters* counters) : store(counters, nullptr) {}
  std::string_view name() const override { return "fake"; }
  std::shared_ptr<const k8s::PodSnapshot> snapshot() const override { return store.snapshot(); }
  bool is_synced() const override { return store.is_synced(); }

  k8s::PodStore store;
};

// Answers when it is told to, in any order.
class SlowInspector final : public BinaryInspector {
 public:
  void Inspect(const procfs::FileIdentity&, base::UniqueFd, OnResult on_result) override {
    asked.push_back(std::move(on_result));
  }
  void Answer(size_t index, const Result& result) const { asked.at(index)(result); }

  std::vector<OnResult> asked;
};

// Puts a breakpoint where the kernel would, unless told otherwise.
class FakeAttacher final : public attach::ProbeAttacher {
 public:
  explicit FakeAttacher(procfs::testing::FakeProcTree* tree) : tree_(tree) {}

  absl::StatusOr<TargetId> Reserve() override { return TargetId{next_slot_, ++next_slot_}; }
  absl::Status Attach(TargetId target, const attach::AttachPlan&, const attach::AttachRequest& request) override {
    if (!refusal.ok()) {
      return refusal;
    }
    if (reaches_process) {
      tree_->Write(request.pid, "mem", std::string(kCodeAddr + kProbeOff, '\0') + "\xcc");
    }
    attached.push_back(target);
    requests.push_back(request);
    return absl::OkStatus();
  }
  bool Attaches(const attach::LibraryPlan& library, const attach::AttachRequest&) const override {
    return library.attach;
  }
  void Detach(TargetId target, std::function<void(uint64_t)> on_done) override {
    detached.push_back(target);
    on_done(0);
  }
  ebpf::UprobeMethod method() const override { return ebpf::UprobeMethod::kMulti; }

  absl::Status refusal;
  bool reaches_process = true;
  std::vector<TargetId> attached;
  std::vector<attach::AttachRequest> requests;
  std::vector<TargetId> detached;

 private:
  procfs::testing::FakeProcTree* const tree_;
  uint32_t next_slot_ = 0;
};

std::shared_ptr<const Inspection> Server() {
  auto inspection = std::make_shared<Inspection>();
  attach::PlannedProbe probe;
  probe.function = {.name = "main.main", .vaddr = kCodeAddr};
  probe.function_off = kProbeOff;
  probe.file_off = kProbeOff;
  inspection->plan.libraries.push_back(
      {.library = "net/http server", .is_used = true, .attach = true, .probes = {probe}});
  inspection->info.go_version = "go1.26.8";
  return inspection;
}

class TargetManagerTest : public ::testing::Test {
 protected:
  TargetManagerTest() {
    spdlog::default_logger()->sinks().push_back(sink_);
    table_.emplace(*procfs_, counters_,
                   discovery::ProcessTable::Callbacks{
                       [this](const discovery::ProcessInfo& process) { selection_.OnAppeared(process); },
                       [this](const model::ProcessKey& key) { selection_.OnGone(key); }});
  }
  ~TargetManagerTest() override { spdlog::default_logger()->sinks().pop_back(); }

  // A process as the kernel shows it, and its exec event.
  void Exec(pid_t pid, const std::string& exe = "server", const std::vector<std::string>& environment = {}) {
    tree_.Put({.pid = pid, .start_time_ticks = 500, .exe_name = exe});
    tree_.Write(pid, "status", fmt::format("Pid:\t{0}\nUid:\t10\t10\t10\t10\nNSpid:\t{0}\t1\n", pid));
    tree_.Write(pid, "cgroup", fmt::format("0::/kubepods/burstable/pod{}/{}\n", kPodUid, kContainer));
    tree_.Write(pid, "maps", fmt::format("1000-2000 r-xp 00000000 fe:01 1 {}\n", tree_.ExePath(exe)));
    tree_.Write(pid, "mem", std::string(kCodeAddr + 16, '\0'));
    std::string text;
    for (const std::string& variable : environment) {
      text += variable + '\0';
    }
    tree_.Write(pid, "environ", text);
    table_->OnExec(pid);
  }
  void Exit(pid_t pid) {
    tree_.Remove(pid);
    table_->OnExit(pid);
  }

  void PutPod(const std::string& trace, const std::string& inject_go = "") {
    k8s::Pod pod;
    pod.uid = kPodUid;
    pod.name = "cart-0";
    pod.namespace_name = "shop";
    pod.labels = {{"nodespan.io/trace", trace}};
    if (!inject_go.empty()) {
      pod.annotations = {{std::string(k8s::kInjectGoAnnotation), inject_go}};
    }
    pod.containers = {{.name = "app", .id = kContainer}};
    pods_.store.Put(pod);
    selection_.OnPodsChanged();
  }

  // Processes in each state.
  ::testing::AssertionResult Are(int64_t inspecting, int64_t traced, int64_t refused) const {
    const auto is = [this](Gauge gauge, int64_t count) { return gauges_.Get(gauge) == count; };
    if (is(Gauge::kTargetsInspecting, inspecting) && is(Gauge::kTargetsTraced, traced) &&
        is(Gauge::kTargetsRefused, refused)) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << "inspecting " << gauges_.Get(Gauge::kTargetsInspecting) << ", traced "
                                         << gauges_.Get(Gauge::kTargetsTraced) << ", refused "
                                         << gauges_.Get(Gauge::kTargetsRefused);
  }
  std::string ResourceOf(TargetId target, std::string_view key) const {
    const auto snapshot = directory_.Current();
    const spans::TargetInfo* info = snapshot->Find({target.slot, target.generation});
    for (const model::ResourceAttribute& attribute :
         info == nullptr ? model::Resource{}.attributes : info->resource->attributes) {
      if (const auto* text = std::get_if<std::string>(&attribute.value); text != nullptr && attribute.key == key) {
        return *text;
      }
    }
    return "";
  }
  std::string log() const { return log_.str(); }

  procfs::testing::FakeProcTree tree_;
  std::unique_ptr<procfs::RealProcFs> procfs_ = *procfs::RealProcFs::Create(tree_.root());
  metrics::Counters counters_;
  metrics::Gauges gauges_;
  config::Config config_;
  discovery::HostFacts host_;
  spans::TargetDirectory directory_{&base::Clock::Real()};
  std::ostringstream log_;
  std::shared_ptr<spdlog::sinks::ostream_sink_mt> sink_ = std::make_shared<spdlog::sinks::ostream_sink_mt>(log_);

  NamedPods pods_{&counters_};
  SlowInspector inspector_;
  FakeAttacher attacher_{&tree_};
  TargetManager targets_{{&config_, procfs_.get(), &host_, &inspector_, &attacher_, &directory_, &counters_, &gauges_}};
  discovery::Selector selector_{{}, /*own_pid=*/1};
  discovery::PodSelection pod_selection_{{.selector = *k8s::LabelSelector::Parse("nodespan.io/trace=enabled")}};
  discovery::TargetSelection selection_{
      procfs_.get(),
      &selector_,
      &pod_selection_,
      &pods_,
      &base::Clock::Real(),
      {.on_selected = [this](const discovery::SelectedProcess& selected) { targets_.OnSelected(selected); },
       .on_deselected = [this](const model::ProcessKey& key,
                               const std::string& reason) { targets_.OnDeselected(key, reason); },
       .on_gone = [this](const model::ProcessKey& key) { targets_.OnGone(key); },
       .on_retry_wanted = [](absl::Duration) {}}};
  std::optional<discovery::ProcessTable> table_;
};

TEST_F(TargetManagerTest, ASelectedProcessIsInspectedAndAttachedToUnderItsIdentity) {
  PutPod("enabled");
  Exec(kPid);
  EXPECT_TRUE(Are(1, 0, 0));
  ASSERT_THAT(inspector_.asked, SizeIs(1));
  inspector_.Answer(0, Server());
  EXPECT_TRUE(Are(0, 1, 0));
  ASSERT_THAT(attacher_.requests, SizeIs(1));
  EXPECT_EQ(attacher_.requests[0].pid, kPid);
  EXPECT_EQ(attacher_.requests[0].load_bias, 0U);
  EXPECT_NE(attacher_.requests[0].binary_content_hash, 0U);
  EXPECT_TRUE(attacher_.requests[0].watches_own_sdk);
  EXPECT_EQ(ResourceOf(attacher_.attached[0], "service.name"), "cart-0");
  EXPECT_EQ(ResourceOf(attacher_.attached[0], "service.instance.id"), "shop.cart-0.app");
  EXPECT_EQ(ResourceOf(attacher_.attached[0], "container.id"), kContainer);
  EXPECT_THAT(log(), HasSubstr("attached pid=7 "));
  EXPECT_THAT(log(), HasSubstr(" pod=shop/cart-0"));
}

TEST_F(TargetManagerTest, ASecondProcessOfAContainerIsAnotherInstance) {
  PutPod("enabled");
  Exec(kPid);
  Exec(kPid + 1);
  inspector_.Answer(0, Server());
  inspector_.Answer(1, Server());
  EXPECT_TRUE(Are(0, 2, 0));
  EXPECT_EQ(ResourceOf(attacher_.attached[1], "service.instance.id"), "shop.cart-0.app.1");
}

TEST_F(TargetManagerTest, AProcessWaitsForItsPodAndHasItsIdentityThen) {
  Exec(kPid);
  EXPECT_TRUE(Are(0, 0, 0));
  EXPECT_THAT(inspector_.asked, IsEmpty());
  PutPod("enabled");
  ASSERT_THAT(inspector_.asked, SizeIs(1));
  inspector_.Answer(0, Server());
  EXPECT_TRUE(Are(0, 1, 0));
  EXPECT_EQ(ResourceOf(attacher_.attached[0], "k8s.pod.name"), "cart-0");
}

TEST_F(TargetManagerTest, ADeselectedProcessIsLetGoOfAndTakenUpAgain) {
  PutPod("enabled");
  Exec(kPid);
  inspector_.Answer(0, Server());
  PutPod("disabled");
  EXPECT_TRUE(Are(0, 0, 0));
  EXPECT_EQ(attacher_.detached, attacher_.attached);
  EXPECT_THAT(log(), HasSubstr("detached pid=7 "));
  PutPod("enabled");
  inspector_.Answer(1, Server());
  EXPECT_TRUE(Are(0, 1, 0));
  EXPECT_THAT(attacher_.attached, SizeIs(2));
  EXPECT_NE(attacher_.attached[0], attacher_.attached[1]);
}

TEST_F(TargetManagerTest, WhatIsDeselectedDuringItsInspectionIsNotAttachedTo) {
  PutPod("enabled");
  Exec(kPid);
  PutPod("disabled");
  inspector_.Answer(0, Server());
  EXPECT_TRUE(Are(0, 0, 0));
  EXPECT_THAT(attacher_.attached, IsEmpty());
}

TEST_F(TargetManagerTest, OnlyTheProgramThatRunsNowIsAttachedTo) {
  PutPod("enabled");
  Exec(kPid, "first");
  Exec(kPid, "second");
  ASSERT_THAT(inspector_.asked, SizeIs(2));
  inspector_.Answer(0, Server());
  EXPECT_TRUE(Are(1, 0, 0)) << "that was the program it ran before";
  EXPECT_THAT(attacher_.attached, IsEmpty());
  inspector_.Answer(1, Server());
  EXPECT_TRUE(Are(0, 1, 0));
  Exec(kPid, "third");
  EXPECT_EQ(attacher_.detached, attacher_.attached);
  EXPECT_TRUE(Are(1, 0, 0));
}

TEST_F(TargetManagerTest, AProgramThatWasExecutedWithoutAnEventIsNoticed) {
  PutPod("enabled");
  Exec(kPid);
  tree_.ReplaceExe("server");
  inspector_.Answer(0, Server());
  EXPECT_THAT(attacher_.attached, IsEmpty());
  EXPECT_TRUE(Are(0, 0, 0)) << "its event brings it back";
}

TEST_F(TargetManagerTest, WhatEndsDuringItsInspectionIsForgotten) {
  PutPod("enabled");
  Exec(kPid);
  Exit(kPid);
  EXPECT_TRUE(Are(0, 0, 0));
  inspector_.Answer(0, Server());
  // The same, before its exit is told; and with a stranger behind its pid.
  Exec(kPid);
  tree_.Remove(kPid);
  inspector_.Answer(1, Server());
  Exec(kPid + 1);
  tree_.Put({.pid = kPid + 1, .start_time_ticks = 501});
  inspector_.Answer(2, Server());
  EXPECT_TRUE(Are(0, 0, 0));
  EXPECT_THAT(attacher_.attached, IsEmpty());
  EXPECT_THAT(log(), Not(HasSubstr("not traced")));
}

TEST_F(TargetManagerTest, WhatIsNoGoProgramIsForgottenWithoutAWord) {
  PutPod("enabled");
  Exec(kPid);
  inspector_.Answer(0, absl::NotFoundError("not a Go program"));
  EXPECT_TRUE(Are(0, 0, 0));
  EXPECT_EQ(counters_.Get(Counter::kTargetsRefused), 0U);
  EXPECT_THAT(log(), Not(HasSubstr("pid=7")));
}

TEST_F(TargetManagerTest, WhatCannotBeTracedIsKeptWithItsReasonUntilItEnds) {
  PutPod("enabled");
  Exec(kPid);
  inspector_.Answer(0, absl::UnimplementedError("packed with UPX"));
  EXPECT_TRUE(Are(0, 0, 1));
  EXPECT_EQ(counters_.Get(Counter::kTargetsRefused), 1U);
  EXPECT_THAT(log(), HasSubstr("not traced: pid=7 "));
  EXPECT_THAT(log(), HasSubstr(": packed with UPX"));
  Exit(kPid);
  EXPECT_TRUE(Are(0, 0, 0));
  EXPECT_THAT(attacher_.detached, IsEmpty());
}

TEST_F(TargetManagerTest, ARefusedAttachmentHasItsReasonAndLeavesNothing) {
  PutPod("enabled");
  Exec(kPid);
  attacher_.refusal = absl::ResourceExhaustedError("more than 256 distinct Go binaries are traced");
  inspector_.Answer(0, Server());
  EXPECT_TRUE(Are(0, 0, 1));
  EXPECT_THAT(log(), HasSubstr(": more than 256 distinct Go binaries are traced"));
  EXPECT_THAT(attacher_.detached, IsEmpty()) << "its reservation is gone already";
  // The next program of the same process is a new chance.
  attacher_.refusal = absl::OkStatus();
  Exec(kPid, "second");
  inspector_.Answer(1, Server());
  EXPECT_TRUE(Are(0, 1, 0));
}

TEST_F(TargetManagerTest, ProbesThatDidNotReachTheProcessAreTakenBack) {
  PutPod("enabled");
  Exec(kPid);
  attacher_.reaches_process = false;
  inspector_.Answer(0, Server());
  EXPECT_TRUE(Are(0, 0, 1));
  EXPECT_EQ(attacher_.detached, attacher_.attached);
  EXPECT_EQ(counters_.Get(Counter::kTargetsMismatched), 1U);
  EXPECT_THAT(log(), HasSubstr("the probe of main.main went into a copy of its file"));
}

TEST_F(TargetManagerTest, MemoryThatIsNotThatOfTheInspectedFileIsNotProbed) {
  PutPod("enabled");
  Exec(kPid);
  auto inspection = std::make_shared<Inspection>(*Server());
  inspection->witnesses = {{kCodeAddr, "\x90\x90", "the code of main.main"}};
  inspector_.Answer(0, std::shared_ptr<const Inspection>(inspection));
  EXPECT_TRUE(Are(0, 0, 1));
  EXPECT_THAT(attacher_.attached, IsEmpty());
  EXPECT_EQ(counters_.Get(Counter::kTargetsMismatched), 1U);
}

TEST_F(TargetManagerTest, AProgramThatExportsSpansItselfIsLetGoOf) {
  PutPod("enabled");
  Exec(kPid);
  inspector_.Answer(0, Server());
  targets_.OnExports(attacher_.attached[0]);
  EXPECT_TRUE(Are(0, 0, 1));
  EXPECT_EQ(attacher_.detached, attacher_.attached);
  EXPECT_THAT(log(), HasSubstr("it exports spans with its own OpenTelemetry SDK"));
  targets_.OnExports(attacher_.attached[0]);
  EXPECT_THAT(attacher_.detached, SizeIs(1));
}

TEST_F(TargetManagerTest, ItsEnvironmentSaysHowItIsTraced) {
  PutPod("enabled");
  Exec(kPid, "server", {"OTEL_TRACES_SAMPLER=always_off", "OTEL_SERVICE_NAME=own", "OTEL_GO_AUTO_GLOBAL=maybe"});
  inspector_.Answer(0, Server());
  ASSERT_THAT(attacher_.requests, SizeIs(1));
  EXPECT_EQ(attacher_.requests[0].sampler.root, model::RootSampler::kAlwaysOff);
  EXPECT_EQ(ResourceOf(attacher_.attached[0], "service.name"), "own");
  EXPECT_THAT(log(), HasSubstr("pid=7 environment: OTEL_GO_AUTO_GLOBAL=\"maybe\""));
  Exec(kPid + 1, "server", {"OTEL_SDK_DISABLED=true"});
  inspector_.Answer(1, Server());
  EXPECT_TRUE(Are(0, 1, 1));
  EXPECT_THAT(log(), HasSubstr("OTEL_SDK_DISABLED=true in its environment"));
}

TEST_F(TargetManagerTest, TheInstrumentationOfItsPodCountsBelowItsEnvironmentAndAboveTheNode) {
  config_.targets.sampler = {.root = model::RootSampler::kTraceIdRatio, .ratio = 0.5};
  config_.targets.resource_attributes = {{"team", "node"}, {"zone", "node"}};
  k8s::Instrumentations resources;
  ASSERT_TRUE(resources.Set({.namespace_name = "shop",
                             .name = "go",
                             .environments = {{{"OTEL_GO_AUTO_GLOBAL", "maybe"}},
                                              {{"OTEL_PROPAGATORS", "none"}},
                                              {{"OTEL_TRACES_SAMPLER", "always_off"}}},
                             .resource_attributes = {{"team", "resource"}}}));
  pods_.store.ReplaceInstrumentations(resources);
  PutPod("enabled", "true");
  Exec(kPid);
  Exec(kPid + 1, "server", {"OTEL_TRACES_SAMPLER=always_on", "OTEL_RESOURCE_ATTRIBUTES=team=own"});
  inspector_.Answer(0, Server());
  inspector_.Answer(1, Server());
  ASSERT_THAT(attacher_.requests, SizeIs(2));
  EXPECT_EQ(attacher_.requests[0].sampler.root, model::RootSampler::kAlwaysOff);
  EXPECT_FALSE(attacher_.requests[0].continues_traces);
  EXPECT_EQ(ResourceOf(attacher_.attached[0], "team"), "resource");
  EXPECT_EQ(ResourceOf(attacher_.attached[0], "zone"), "node");
  EXPECT_EQ(attacher_.requests[1].sampler.root, model::RootSampler::kAlwaysOn);
  EXPECT_FALSE(attacher_.requests[1].continues_traces);
  EXPECT_EQ(ResourceOf(attacher_.attached[1], "team"), "own");
  EXPECT_THAT(log(), HasSubstr(" pod=shop/cart-0 instrumentation=shop/go"));
  EXPECT_THAT(log(), HasSubstr("pid=7 environment, or the Instrumentation shop/go: OTEL_GO_AUTO_GLOBAL=\"maybe\""));
}

TEST_F(TargetManagerTest, AnInstrumentationThatIsNotThereIsSaidAndCostsNothingElse) {
  pods_.store.ReplaceInstrumentations({});
  PutPod("enabled", "nobody");
  Exec(kPid);
  inspector_.Answer(0, Server());
  EXPECT_TRUE(Are(0, 1, 0));
  EXPECT_THAT(log(), HasSubstr(" instrumentation=none (the one that inject-go names is not there)"));
}

TEST_F(TargetManagerTest, EverythingIsLetGoOfAtTheEnd) {
  PutPod("enabled");
  Exec(kPid);
  Exec(kPid + 1);
  Exec(kPid + 2);
  inspector_.Answer(0, Server());
  inspector_.Answer(1, absl::UnimplementedError("no"));
  targets_.DetachAll();
  EXPECT_THAT(attacher_.detached, ElementsAre(attacher_.attached.at(0)));
  inspector_.Answer(2, Server());
  EXPECT_THAT(attacher_.attached, SizeIs(1));
}

}  // namespace
}  // namespace nodespan::daemon
