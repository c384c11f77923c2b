// SPDX-License-Identifier: Apache-2.0
#include "discovery/target_selection.h"

#include <memory>
#include <optional>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "k8s/pod_store.h"
#include "procfs/fake_proc_tree.h"

namespace nodespan::discovery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kId(64, 'a');
const std::string kSecondId(64, 'b');
const std::string kUid = "01234567-89ab-cdef-0123-456789abcdef";

class FakeClock final : public base::Clock {
 public:
  int64_t MonotonicNs() const override { return now_ns; }
  int64_t WallNs() const override { return now_ns; }

  int64_t now_ns = 1;
};

class FakeSource final : public k8s::PodSource {
 public:
  explicit FakeSource(metrics::Counters* counters) : store(counters, nullptr) {}
  std::string_view name() const override { return "fake"; }
  std::shared_ptr<const k8s::PodSnapshot> snapshot() const override { return store.snapshot(); }
  bool is_synced() const override { return store.is_synced(); }
  void RequestRefresh() override { ++refreshes; }

  k8s::PodStore store;
  int refreshes = 0;
};

class TargetSelectionTest : public ::testing::Test {
 protected:
  void Create(SelectionOptions options = {}, bool has_pods = true) {
    selector_.emplace(std::move(options), /*own_pid=*/1);
    pod_selection_.emplace(PodSelectionOptions{.selector = *k8s::LabelSelector::Parse("nodespan.io/trace=enabled")});
    selection_.emplace(
        procfs_.get(), &*selector_, &*pod_selection_, has_pods ? &source_ : nullptr, &clock_,
        TargetSelection::Callbacks{
            .on_selected = [this](const SelectedProcess& selected) { selected_.push_back(selected); },
            .on_deselected = [this](const model::ProcessKey& key,
                                    const std::string&) { deselected_.push_back(key.pid); },
            .on_gone = [this](const model::ProcessKey& key) { gone_.push_back(key.pid); },
            .on_retry_wanted =
                [this](absl::Duration delay) { retry_at_ns_ = clock_.now_ns + absl::ToInt64Nanoseconds(delay); }});
  }

  ProcessInfo Start(pid_t pid, const std::string& cgroup) {
    tree_.Put({.pid = pid, .start_time_ticks = 500});
    tree_.Write(pid, "cgroup", cgroup);
    const ProcessInfo process = {.key = {pid, 500}, .exe = {.path = "/app/server", .is_deleted = false}};
    selection_->OnAppeared(process);
    return process;
  }
  ProcessInfo StartInPod(pid_t pid, const std::string& id = kId) {
    return Start(pid, fmt::format("0::/kubepods/burstable/pod{}/{}\n", kUid, id));
  }

  void PutPod(const std::string& trace, const std::vector<std::string>& ids = {kId},
              const std::string& inject_go = "") {
    k8s::Pod pod;
    pod.uid = kUid;
    pod.name = "cart-0";
    pod.namespace_name = "shop";
    pod.labels = {{"nodespan.io/trace", trace}};
    if (!inject_go.empty()) {
      pod.annotations = {{std::string(k8s::kInjectGoAnnotation), inject_go}};
    }
    for (const std::string& id : ids) {
      pod.containers.push_back({.name = "c" + std::to_string(pod.containers.size()), .id = id});
    }
    source_.store.Put(pod);
    selection_->OnPodsChanged();
  }

  // Lets time pass as the event loop would.
  void Pass(absl::Duration time) {
    const int64_t end_ns = clock_.now_ns + absl::ToInt64Nanoseconds(time);
    while (retry_at_ns_ && *retry_at_ns_ <= end_ns) {
      clock_.now_ns = *retry_at_ns_;
      retry_at_ns_.reset();
      ++retries_;
      selection_->Retry();
    }
    clock_.now_ns = end_ns;
  }

  std::vector<pid_t> SelectedPids() const {
    std::vector<pid_t> pids;
    for (const SelectedProcess& selected : selected_) {
      pids.push_back(selected.process.key.pid);
    }
    return pids;
  }

  procfs::testing::FakeProcTree tree_;
  std::unique_ptr<procfs::RealProcFs> procfs_ = *procfs::RealProcFs::Create(tree_.root());
  metrics::Counters counters_;
  FakeClock clock_;
  FakeSource source_{&counters_};
  std::optional<Selector> selector_;
  std::optional<PodSelection> pod_selection_;
  std::optional<TargetSelection> selection_;
  std::vector<SelectedProcess> selected_;
  std::vector<pid_t> deselected_;
  std::vector<pid_t> gone_;
  std::optional<int64_t> retry_at_ns_;
  int retries_ = 0;
};

TEST_F(TargetSelectionTest, OutsideOfContainersOptionsDecideAtOnce) {
  Create({.pids = {7}});
  Start(7, "0::/user.slice\n");
  Start(8, "0::/user.slice\n");
  EXPECT_THAT(SelectedPids(), ElementsAre(7));
  EXPECT_EQ(selected_[0].workload.pod, nullptr);
  EXPECT_EQ(selection_->tracked_count(), 0U);
}

TEST_F(TargetSelectionTest, WithoutAPodSourceContainersAreNotLookedAt) {
  Create({.all = true}, /*has_pods=*/false);
  StartInPod(7);
  EXPECT_THAT(SelectedPids(), ElementsAre(7));
  EXPECT_EQ(selection_->tracked_count(), 0U);
}

TEST_F(TargetSelectionTest, AKnownPodWithTheLabelIsSelectedAtOnce) {
  Create();
  PutPod("enabled");
  StartInPod(7);
  ASSERT_THAT(SelectedPids(), ElementsAre(7));
  EXPECT_EQ(selected_[0].workload.pod->name, "cart-0");
  EXPECT_EQ(selected_[0].workload.container->name, "c0");
  EXPECT_EQ(selected_[0].container_id, kId);
  EXPECT_EQ(retry_at_ns_, std::nullopt);
}

TEST_F(TargetSelectionTest, LabelsThatComeAndGoSelectAndDeselect) {
  Create();
  PutPod("no");
  StartInPod(7);
  EXPECT_THAT(SelectedPids(), IsEmpty());
  PutPod("enabled");
  EXPECT_THAT(SelectedPids(), ElementsAre(7));
  PutPod("enabled", {kId, ""});  // something else changes
  EXPECT_THAT(SelectedPids(), ElementsAre(7));
  PutPod("no");
  EXPECT_THAT(deselected_, ElementsAre(7));
  PutPod("enabled");
  EXPECT_THAT(SelectedPids(), ElementsAre(7, 7));
  EXPECT_THAT(gone_, IsEmpty());
}

TEST_F(TargetSelectionTest, AnUnknownContainerIsWaitedForWithBackOffAndNeverDismissed) {
  Create();
  StartInPod(7);
  EXPECT_EQ(source_.refreshes, 1);
  Pass(absl::Minutes(10));
  EXPECT_THAT(SelectedPids(), IsEmpty());
  EXPECT_EQ(selection_->waiting_count(), 1U);
  EXPECT_GT(retries_, 20);
  EXPECT_LT(retries_, 40);
  PutPod("enabled");
  EXPECT_THAT(SelectedPids(), ElementsAre(7));
  EXPECT_EQ(selection_->waiting_count(), 0U);
}

TEST_F(TargetSelectionTest, OptionsSelectAfterALittlePatienceWithoutAPod) {
  Create({.all = true});
  Start(7, "0::/docker/" + kId + "\n");
  Pass(TargetSelection::kIdentityPatience - absl::Milliseconds(10));
  EXPECT_THAT(SelectedPids(), IsEmpty());
  Pass(absl::Milliseconds(20));
  ASSERT_THAT(SelectedPids(), ElementsAre(7));
  EXPECT_EQ(selected_[0].workload.pod, nullptr);
  EXPECT_EQ(selected_[0].container_id, kId);
}

TEST_F(TargetSelectionTest, AContainerThatIsNotKnownInTimeIsLeftOut) {
  Create();
  PutPod("enabled", {"", ""});
  StartInPod(7);
  EXPECT_THAT(SelectedPids(), IsEmpty());
  Pass(absl::Seconds(1));
  PutPod("enabled", {"", kId});
  ASSERT_THAT(SelectedPids(), ElementsAre(7));
  EXPECT_EQ(selected_[0].workload.container->name, "c1");
  StartInPod(8, kSecondId);
  Pass(absl::Seconds(4));
  ASSERT_THAT(SelectedPids(), ElementsAre(7, 8));
  EXPECT_EQ(selected_[1].workload.pod->name, "cart-0");
  EXPECT_EQ(selected_[1].workload.container, nullptr);
}

TEST_F(TargetSelectionTest, AnInstrumentationThatIsNotKnownYetIsWaitedForALittle) {
  Create();
  source_.store.AwaitInstrumentations();
  PutPod("enabled", {kId}, "go");
  StartInPod(7);
  EXPECT_THAT(selected_, IsEmpty());
  k8s::Instrumentations listed;
  ASSERT_TRUE(listed.Set({.namespace_name = "shop", .name = "go", .environments = {}, .resource_attributes = {}}));
  source_.store.ReplaceInstrumentations(listed);
  selection_->OnPodsChanged();
  ASSERT_THAT(SelectedPids(), ElementsAre(7));
  EXPECT_EQ(selected_[0].workload.pod->instrumentation, source_.store.snapshot()->pods()[0]->instrumentation);
  EXPECT_NE(selected_[0].workload.pod->instrumentation, nullptr);
  EXPECT_EQ(selection_->waiting_count(), 0U);
}

TEST_F(TargetSelectionTest, AnInstrumentationThatIsNotKnownInTimeIsLeftOut) {
  Create();
  source_.store.AwaitInstrumentations();
  PutPod("enabled", {kId}, "go");
  StartInPod(7);
  Pass(TargetSelection::kIdentityPatience - absl::Milliseconds(10));
  EXPECT_THAT(selected_, IsEmpty());
  Pass(absl::Milliseconds(20));
  EXPECT_THAT(SelectedPids(), ElementsAre(7));
  source_.store.ReplaceInstrumentations({});
  selection_->OnPodsChanged();
  EXPECT_THAT(SelectedPids(), ElementsAre(7));
  EXPECT_THAT(deselected_, IsEmpty());
}

TEST_F(TargetSelectionTest, AllProcessesOfAPodFollowItsLabel) {
  Create();
  PutPod("enabled", {kId, kSecondId});
  StartInPod(7);
  StartInPod(8, kSecondId);
  StartInPod(9, kSecondId);
  EXPECT_THAT(SelectedPids(), ElementsAre(7, 8, 9));
  PutPod("disabled", {kId, kSecondId});
  EXPECT_THAT(deselected_, ElementsAre(7, 8, 9));
}

TEST_F(TargetSelectionTest, DisabledWinsOverEveryOption) {
  Create({.pids = {7}, .all = true});
  PutPod("disabled");
  StartInPod(7);
  StartInPod(8);
  EXPECT_THAT(SelectedPids(), IsEmpty());
}

TEST_F(TargetSelectionTest, APodThatIsLeftAloneIsSelectedByPidOnly) {
  Create({.pids = {7}, .all = true});
  k8s::Pod pod;
  pod.uid = kUid;
  pod.name = "cart-0";
  pod.namespace_name = "shop";
  pod.containers = {{.name = "app", .id = kId}, {.name = "opentelemetry-auto-instrumentation"}};
  source_.store.Put(pod);
  StartInPod(7);
  StartInPod(8);
  EXPECT_THAT(SelectedPids(), ElementsAre(7));
}

TEST_F(TargetSelectionTest, APodThatVanishesBeforeItsProcessesChangesNothing) {
  Create();
  PutPod("enabled");
  const ProcessInfo process = StartInPod(7);
  source_.store.Remove(kUid);
  selection_->OnPodsChanged();
  EXPECT_THAT(deselected_, IsEmpty());
  selection_->OnGone(process.key);
  EXPECT_THAT(gone_, ElementsAre(7));
  EXPECT_EQ(selection_->tracked_count(), 0U);
}

TEST_F(TargetSelectionTest, NothingIsLeftOfProcessesThatEnd) {
  Create();
  for (pid_t pid = 100; pid < 200; ++pid) {
    const ProcessInfo process = StartInPod(pid);
    selection_->OnGone(process.key);
  }
  EXPECT_EQ(selection_->tracked_count(), 0U);
  EXPECT_EQ(selection_->waiting_count(), 0U);
  Pass(absl::Minutes(1));
  PutPod("enabled");
  EXPECT_THAT(SelectedPids(), IsEmpty());
}

}  // namespace
}  // namespace nodespan::discovery
