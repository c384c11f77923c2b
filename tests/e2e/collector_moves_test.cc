// SPDX-License-Identifier: Apache-2.0
// The collector's name gets another address while nodespan runs, as when its pod is replaced behind a headless service.
#include <fstream>
#include <functional>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/http_client.h"
#include "tests/e2e/harness/traced_run.h"
#include "tests/fakes/otlp_http_receiver.h"
#include "tests/fakes/otlp_receiver.h"

namespace nodespan::e2e {
namespace {

// One of the two kinds of receivers, at an address of its own.
struct Receiver {
  int port = 0;  // 0: it does not listen
  std::function<size_t()> spans;
  std::function<void()> stop;
};

Receiver StartGrpc(const std::string& host, int port) {
  const std::shared_ptr<testing::OtlpReceiver> receiver =
      testing::OtlpReceiver::Start({.listen = fmt::format("{}:{}", host, port)});
  return receiver == nullptr ? Receiver{}
                             : Receiver{receiver->port(), [receiver] { return receiver->accepted_spans(); },
                                        [receiver] { receiver->Stop(); }};
}

Receiver StartHttp(const std::string& host, int port) {
  const std::shared_ptr<testing::OtlpHttpReceiver> receiver =
      testing::OtlpHttpReceiver::Start({.host = host, .port = port});
  return receiver == nullptr ? Receiver{}
                             : Receiver{receiver->port(), [receiver] { return receiver->accepted_spans(); },
                                        [receiver] { receiver->Stop(); }};
}

struct Protocol {
  const char* name;
  const char* value;  // of OTEL_EXPORTER_OTLP_PROTOCOL
  Receiver (*start)(const std::string& host, int port);
};

class CollectorMovesTest : public E2eTest, public ::testing::WithParamInterface<Protocol> {};

void WaitForSpans(const Receiver& receiver, size_t count) {
  const Clock::time_point deadline = Clock::now() + kPatience;
  while (receiver.spans() < count && Clock::now() < deadline) {
    std::this_thread::sleep_for(Milliseconds(20));
  }
  EXPECT_EQ(receiver.spans(), count);
}

TEST_P(CollectorMovesTest, SpansFollowItsName) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const Receiver first = GetParam().start("127.0.0.2", 0);
  ASSERT_NE(first.port, 0);
  const Receiver second = GetParam().start("127.0.0.3", first.port);
  if (second.port == 0) {
    GTEST_SKIP() << "port " << first.port << " is free on one address of loopback only";
  }
  // Only nodespan sees this file of names.
  const ScratchFolder scratch;
  const std::string names = scratch.Path("hosts");
  std::ofstream(names) << "127.0.0.2 collector.test\n";

  const auto traced = GoProgram::Start(program.path, {"--client", "external"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start(
      {.arguments = {"--pid", std::to_string(traced->pid())},
       .environment = {{"OTEL_EXPORTER_OTLP_PROTOCOL", GetParam().value}},
       .endpoint = fmt::format("http://collector.test:{}", first.port),
       .launcher = {"unshare", "--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\"", names}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));

  const auto client = HttpClient::Connect(traced->port());
  ASSERT_NE(client, nullptr);
  client->Send("/items/moves-00001");
  ASSERT_EQ(client->Receive(), 200);
  WaitForSpans(first, 1);

  std::ofstream(names) << "127.0.0.3 collector.test\n";
  first.stop();
  client->Send("/items/moves-00002");
  ASSERT_EQ(client->Receive(), 200);
  WaitForSpans(second, 1);
  ASSERT_EQ(client->GetAndClose("/items/moves-00003"), 200);
  WaitForSpans(second, 2);

  traced->Finish();
  const SpanTotals totals = daemon->Stop();
  EXPECT_EQ(totals.exported, 3U);
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

INSTANTIATE_TEST_SUITE_P(Protocols, CollectorMovesTest,
                         ::testing::Values(Protocol{"Grpc", "grpc", StartGrpc},
                                           Protocol{"Http", "http/protobuf", StartHttp}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace nodespan::e2e
