// SPDX-License-Identifier: Apache-2.0
// For tests of the source of the API server: one inside the test, and the source beside it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "k8s/kubernetes_source.h"
#include "k8s/source_watcher.h"
#include "tests/fakes/api_server.h"

namespace nodespan::k8s::testing {

inline nodespan::testing::ApiServerPod PodWith(const std::string& uid, const std::string& trace = "enabled") {
  return {.uid = uid, .name = "pod-" + uid, .labels = {{"nodespan.io/trace", trace}}};
}

class KubernetesSourceFixture : public ::testing::Test {
 protected:
  KubernetesSourceFixture() : folder_(fmt::format("{}/account-{}", ::testing::TempDir(), ::getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~KubernetesSourceFixture() override {
    source_.reset();
    std::filesystem::remove_all(folder_);
  }

  void SetUp() override {
    server_ = nodespan::testing::ApiServer::Start();
    ASSERT_NE(server_, nullptr);
    server_->WriteServiceAccount(folder_);
  }

  void StartSource() {
    KubernetesSourceOptions options;
    const absl::StatusOr<ApiServer> found = FindApiServer("localhost", std::to_string(server_->port()), folder_);
    ASSERT_TRUE(found.ok()) << found.status();
    options.server = *found;
    options.node_name = "node-1";
    options.times.backoff = {.initial = absl::Milliseconds(20), .max = absl::Milliseconds(200)};
    options.times.list_stall = absl::Seconds(1);
    options.times.list_timeout = absl::Seconds(2);
    options.times.watch_time = absl::Seconds(30);
    options.max_refused_wait = max_refused_wait_;
    auto source = StartKubernetesSource(options, MetadataFilter({}), &counters_, watcher_.callback());
    ASSERT_TRUE(source.ok()) << source.status();
    source_ = *std::move(source);
  }

  // The label of the pod is that value; "gone": there is no such pod.
  bool WaitFor(const std::string& uid, const std::string& trace) {
    return watcher_.WaitUntil(*source_, [&](const PodSnapshot& snapshot) {
      const auto pod = FindPod(snapshot, uid);
      return pod == nullptr ? trace == "gone" : FindValue(pod->labels, "nodespan.io/trace") == trace;
    });
  }
  bool WaitForWatch() {
    for (int i = 0; i < 2000 && server_->pod_requests().watches == 0; ++i) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    return server_->pod_requests().watches > 0;
  }
  void WaitForErrors(uint64_t count) {
    while (counters_.Get(metrics::Counter::kPodSourceErrors) < count) {
      absl::SleepFor(absl::Milliseconds(10));
    }
  }

  const std::string folder_;
  absl::Duration max_refused_wait_ = absl::Milliseconds(200);
  metrics::Counters counters_;
  SourceWatcher watcher_;
  std::unique_ptr<nodespan::testing::ApiServer> server_;
  std::unique_ptr<PodSource> source_;
};

}  // namespace nodespan::k8s::testing
