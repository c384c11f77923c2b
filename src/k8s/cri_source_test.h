// SPDX-License-Identifier: Apache-2.0
// For tests of the source of the container runtime: a runtime inside the test, and the source beside it.
#pragma once

#include <unistd.h>

#include <memory>
#include <string>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "k8s/cri_source.h"
#include "k8s/source_watcher.h"
#include "tests/fakes/cri_server.h"

namespace nodespan::k8s::testing {

inline runtime::v1::PodSandbox Sandbox(const std::string& uid) {
  runtime::v1::PodSandbox sandbox;
  sandbox.set_id("sandbox-" + uid);
  sandbox.mutable_metadata()->set_uid(uid);
  sandbox.mutable_metadata()->set_name("pod-" + uid);
  sandbox.mutable_metadata()->set_namespace_("default");
  sandbox.set_created_at(1'700'000'000'000'000'000);
  (*sandbox.mutable_labels())["nodespan.io/trace"] = "enabled";
  (*sandbox.mutable_labels())["io.kubernetes.pod.name"] = "pod-" + uid;
  (*sandbox.mutable_annotations())["resource.opentelemetry.io/team"] = "cart";
  return sandbox;
}

inline runtime::v1::Container ContainerOf(const std::string& uid, const std::string& id) {
  runtime::v1::Container container;
  container.set_id(id);
  container.set_pod_sandbox_id("sandbox-" + uid);
  container.mutable_metadata()->set_name("app");
  container.mutable_metadata()->set_attempt(2);
  container.mutable_image()->set_image("sha256:beef");
  container.mutable_image()->set_user_specified_image("registry/shop:1.2");
  container.set_image_ref("sha256:beef");
  container.set_state(runtime::v1::CONTAINER_RUNNING);
  (*container.mutable_annotations())["io.kubernetes.container.type"] = "init";
  return container;
}

class CriSourceFixture : public ::testing::Test {
 protected:
  CriSourceFixture() : path_(fmt::format("{}/cri-{}.sock", ::testing::TempDir(), ::getpid())) {}

  void StartServer() {
    server_ = nodespan::testing::CriServer::Start(path_);
    ASSERT_NE(server_, nullptr);
  }
  void StartSource(CriSourceOptions options = {.poll_period = absl::Milliseconds(100)}) {
    options.socket_path = path_;
    options.call_timeout = absl::Seconds(1);
    source_ = StartCriSource(options, MetadataFilter({}), &counters_, watcher_.callback());
  }
  bool WaitForPod(const std::string& uid, bool is_there = true) {
    return watcher_.WaitUntil(
        *source_, [&](const PodSnapshot& snapshot) { return (FindPod(snapshot, uid) != nullptr) == is_there; });
  }

  const std::string path_;
  metrics::Counters counters_;
  SourceWatcher watcher_;
  std::unique_ptr<nodespan::testing::CriServer> server_;
  std::unique_ptr<PodSource> source_;  // first to go
};

}  // namespace nodespan::k8s::testing
