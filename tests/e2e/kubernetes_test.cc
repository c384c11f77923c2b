// SPDX-License-Identifier: Apache-2.0
// Pods that are selected by their labels: the built daemon, an API server and a container runtime inside the test, and
// a process whose control group is that of a container.
#include <poll.h>
#include <signal.h>

#include <filesystem>
#include <map>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "tests/e2e/harness/container_cgroup.h"
#include "tests/e2e/harness/http_client.h"
#include "tests/e2e/harness/traced_run.h"
#include "tests/fakes/api_server.h"
#include "tests/fakes/cri_server.h"

namespace nodespan::e2e {
namespace {

using ::testing::AllOf;
using testing::ApiServer;
using testing::ApiServerPod;
using ::testing::Contains;
using testing::CriServer;
using ::testing::Pair;

constexpr Milliseconds kAtOnce{1000};

const std::string kUid = "01234567-89ab-cdef-0123-456789abcdef";
const std::string kId = std::string(60, 'c') + "0e2e";

class KubernetesTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    program_ = BuildOrSkip();
    cgroup_ = ContainerCgroup::Create(kUid, kId);
    if (cgroup_ == nullptr && !IsSkipped()) {
      GTEST_SKIP() << "no cgroup hierarchy in which groups can be made";
    }
  }
  bool CannotRun() const { return !program_.ok() || cgroup_ == nullptr; }

  // The daemon as in a pod of node-1, with the API server as its source.
  static std::unique_ptr<NodespanDaemon> StartInPod(const ApiServer& api, const ScratchFolder& account) {
    api.WriteServiceAccount(account.Path(""));
    return NodespanDaemon::Start({.arguments = {"--pod-source", "auto", "--http-listen", "127.0.0.1:0"},
                                  .environment = {{"KUBERNETES_SERVICE_HOST", "localhost"},
                                                  {"KUBERNETES_SERVICE_PORT", std::to_string(api.port())},
                                                  {"NODESPAN_SERVICE_ACCOUNT_DIR", account.Path("")},
                                                  {"NODE_NAME", "node-1"},
                                                  {"OTEL_LOG_LEVEL", "info"}}});
  }

  std::unique_ptr<GoProgram> StartInContainer() {
    return GoProgram::Start(cgroup_->Wrap(program_.path), {"--client", "external"});
  }

  // Sends a request and returns how many of its spans come: one or none.
  static size_t Request(NodespanDaemon& daemon, GoProgram& target, const std::string& id) {
    const size_t before = daemon.receiver().accepted_spans();
    const auto client = HttpClient::Connect(target.port());
    if (client == nullptr) {
      return 0;
    }
    EXPECT_EQ(client->GetAndClose("/items/" + id), 200);
    (void)daemon.receiver().WaitForSpans(before + 1, kAtOnce);
    return daemon.receiver().accepted_spans() - before;
  }

  static std::map<std::string, std::string> ResourceOfLastSpan(NodespanDaemon& daemon) {
    std::map<std::string, std::string> attributes;
    for (const testing::OtlpCall& call : daemon.receiver().calls()) {
      for (const auto& resource_spans : call.request.resource_spans()) {
        attributes.clear();
        for (const auto& attribute : resource_spans.resource().attributes()) {
          attributes[attribute.key()] = attribute.value().string_value();
        }
      }
    }
    return attributes;
  }

  Program program_;
  std::unique_ptr<ContainerCgroup> cgroup_;
};

Milliseconds Since(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration_cast<Milliseconds>(end - start);
}

TEST_F(KubernetesTest, ALabelOnALivePodStartsTracesAndItsRemovalEndsThem) {
  if (CannotRun()) {
    return;
  }
  const auto api = ApiServer::Start();
  ASSERT_NE(api, nullptr);
  const ScratchFolder account;
  ApiServerPod pod = {.uid = kUid, .name = "cart-6d4cf56db6-x7k2p", .namespace_name = "shop", .container_id = kId};
  api->Put(pod);
  const auto target = StartInContainer();
  ASSERT_NE(target, nullptr);
  const auto daemon = StartInPod(*api, account);
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->process().WaitForError("pods come from the API server: 1 known")) << daemon->Log();
  EXPECT_EQ(Request(*daemon, *target, "before"), 0U);

  Clock::time_point start = Clock::now();
  pod.labels = {{"nodespan.io/trace", "enabled"}};
  api->Put(pod);
  const std::optional<Line> attached = daemon->WaitUntilAttached(target->pid());
  ASSERT_TRUE(attached);
  std::printf("from the label to attached: %lld ms\n", static_cast<long long>(Since(start, attached->arrived).count()));
  EXPECT_LT(Since(start, attached->arrived), kAtOnce);
  EXPECT_EQ(Request(*daemon, *target, "labelled"), 1U);
  EXPECT_THAT(
      ResourceOfLastSpan(*daemon),
      AllOf(Contains(Pair("service.name", "cart-6d4cf56db6-x7k2p")), Contains(Pair("service.namespace", "shop")),
            Contains(Pair("service.version", "1.2")),
            Contains(Pair("service.instance.id", "shop.cart-6d4cf56db6-x7k2p.app")),
            Contains(Pair("k8s.namespace.name", "shop")), Contains(Pair("k8s.pod.name", "cart-6d4cf56db6-x7k2p")),
            Contains(Pair("k8s.pod.uid", kUid)), Contains(Pair("k8s.node.name", "node-1")),
            Contains(Pair("host.name", "node-1")), Contains(Pair("k8s.container.name", "app")),
            Contains(Pair("container.id", kId)), Contains(Pair("container.image.name", "registry.example/shop"))));

  for (const char* path : {"/healthz", "/readyz", "/metrics"}) {
    EXPECT_FALSE(daemon->Get(path).empty());
  }

  const size_t links = daemon->kernel_objects().link_ids.size();
  start = Clock::now();
  pod.labels.clear();
  api->Put(pod);
  const std::optional<Line> detached = daemon->process().WaitForError(fmt::format("detached pid={} ", target->pid()));
  ASSERT_TRUE(detached) << daemon->Log();
  EXPECT_LT(Since(start, detached->arrived), kAtOnce);
  EXPECT_EQ(Request(*daemon, *target, "unlabelled"), 0U);
  EXPECT_LT(daemon->kernel_objects().link_ids.size(), links);

  // Again, while the API server is away and comes back.
  api->Stop();
  pod.labels = {{"nodespan.io/trace", "enabled"}};
  api->Put(pod);
  ASSERT_TRUE(api->Restart());
  const Clock::time_point deadline = Clock::now() + kPatience;
  size_t spans = 0;
  for (int i = 0; spans == 0 && Clock::now() < deadline; ++i) {
    spans = Request(*daemon, *target, fmt::format("again{}", i));
  }
  EXPECT_EQ(spans, 1U) << daemon->Log();
  target->Finish();
  const SpanTotals totals = daemon->Stop();
  EXPECT_EQ(totals.exported, 2U);
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

TEST_F(KubernetesTest, TheAnnotationOfANamespaceStartsAndEndsTracesOnceItMayBeRead) {
  if (CannotRun()) {
    return;
  }
  const auto api = ApiServer::Start();
  ASSERT_NE(api, nullptr);
  const ScratchFolder account;
  const std::string annotation = "instrumentation.opentelemetry.io/inject-go";
  api->ForbidNamespaces(true);
  api->PutNamespace("shop", {});
  api->Put({.uid = kUid, .name = "cart-6d4cf56db6-x7k2p", .namespace_name = "shop", .container_id = kId});
  const auto target = StartInContainer();
  ASSERT_NE(target, nullptr);
  const auto daemon = StartInPod(*api, account);
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->process().WaitForError("annotations of namespaces do not count")) << daemon->Log();
  ASSERT_TRUE(daemon->process().WaitForError("pods come from the API server: 1 known")) << daemon->Log();
  EXPECT_EQ(Request(*daemon, *target, "forbidden"), 0U);

  api->ForbidNamespaces(false);
  ASSERT_TRUE(daemon->process().WaitForError("annotations of namespaces come from the API server")) << daemon->Log();
  EXPECT_EQ(Request(*daemon, *target, "bare"), 0U);

  Clock::time_point start = Clock::now();
  api->PutNamespace("shop", {{annotation, "true"}});
  const std::optional<Line> attached = daemon->WaitUntilAttached(target->pid());
  ASSERT_TRUE(attached) << daemon->Log();
  std::printf("from the annotation to attached: %lld ms\n",
              static_cast<long long>(Since(start, attached->arrived).count()));
  EXPECT_LT(Since(start, attached->arrived), kAtOnce);
  EXPECT_EQ(Request(*daemon, *target, "annotated"), 1U);

  start = Clock::now();
  api->PutNamespace("shop", {{annotation, "false"}});
  const std::optional<Line> detached = daemon->process().WaitForError(fmt::format("detached pid={} ", target->pid()));
  ASSERT_TRUE(detached) << daemon->Log();
  EXPECT_LT(Since(start, detached->arrived), kAtOnce);
  EXPECT_EQ(Request(*daemon, *target, "after"), 0U);
  target->Finish();
  const SpanTotals totals = daemon->Stop();
  EXPECT_EQ(totals.exported, 1U);
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

TEST_F(KubernetesTest, AContainerThatStartsIsTracedByTheLabelsThatTheRuntimeKnows) {
  if (CannotRun()) {
    return;
  }
  const ScratchFolder scratch;
  const auto cri = CriServer::Start(scratch.Path("cri.sock"));
  ASSERT_NE(cri, nullptr);
  const auto daemon = NodespanDaemon::Start(
      {.arguments = {"--cri-socket", scratch.Path("cri.sock")}, .environment = {{"KUBERNETES_SERVICE_HOST", ""}}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->process().WaitForError("pods come from the container runtime")) << daemon->Log();

  // The process is there first, as it can be.
  const auto target = StartInContainer();
  ASSERT_NE(target, nullptr);
  const Clock::time_point start = Clock::now();
  runtime::v1::PodSandbox sandbox;
  sandbox.set_id("sandbox");
  sandbox.mutable_metadata()->set_uid(kUid);
  sandbox.mutable_metadata()->set_name("cart-6d4cf56db6-x7k2p");
  sandbox.mutable_metadata()->set_namespace_("shop");
  (*sandbox.mutable_labels())["nodespan.io/trace"] = "enabled";
  (*sandbox.mutable_labels())["pod-template-hash"] = "6d4cf56db6";
  runtime::v1::Container container;
  container.set_id(kId);
  container.set_pod_sandbox_id("sandbox");
  container.mutable_metadata()->set_name("app");
  container.set_state(runtime::v1::CONTAINER_RUNNING);
  cri->Put(container);
  cri->Put(sandbox);
  const std::optional<Line> attached = daemon->WaitUntilAttached(target->pid());
  ASSERT_TRUE(attached);
  EXPECT_LT(Since(start, attached->arrived), Milliseconds(2000));
  EXPECT_EQ(Request(*daemon, *target, "one"), 1U);
  EXPECT_THAT(ResourceOfLastSpan(*daemon),
              AllOf(Contains(Pair("service.name", "cart")), Contains(Pair("k8s.deployment.name", "cart")),
                    Contains(Pair("container.runtime.name", "fakeruntime"))));
  target->Finish();
  const SpanTotals totals = daemon->Stop();
  EXPECT_EQ(totals.exported, 1U);
}

}  // namespace
}  // namespace nodespan::e2e
