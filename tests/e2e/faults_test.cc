// SPDX-License-Identifier: Apache-2.0
// What goes wrong around the daemon must be said clearly and must not reach the traced program.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "gmock/gmock.h"
#include "tests/e2e/harness/traced_run.h"

namespace nodespan::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Nobody reports the spans here, so the server's end of the last requests is given this time.
void LetServerFinish() { ::poll(nullptr, 0, 300); }

class FaultsTest : public E2eTest {};

// A port on loopback where nobody listens, and nobody can while the descriptor is held.
struct ClosedPort {
  base::UniqueFd holder;
  uint16_t port = 0;
};

ClosedPort HoldClosedPort() {
  ClosedPort closed{base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), 0};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(closed.holder.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(closed.holder.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  closed.port = ntohs(address.sin_port);
  return closed;
}

TEST_F(FaultsTest, WithoutCapabilitiesItSaysInOneSentenceWhichOnesItNeeds) {
  const std::optional<Finished> done =
      RunToEnd({"setpriv", "--bounding-set=-all", "--inh-caps=-all", NodespanBinary(), "--all"}, kPatience);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->status, (ExitStatus{1, 0}));
  ASSERT_EQ(done->error.size(), 1U) << ::testing::PrintToString(done->error);
  EXPECT_THAT(done->error[0], AllOf(StartsWith("nodespan: "), HasSubstr("CAP_BPF"), HasSubstr("CAP_PERFMON")));
  EXPECT_TRUE(done->output.empty());
}

TEST_F(FaultsTest, WithoutRootItSaysInOneSentenceWhatItNeeds) {
  const std::optional<Finished> done =
      RunToEnd({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", NodespanBinary(), "--all"}, kPatience);
  ASSERT_TRUE(done);
  if (done->status.code == 126 || done->status.code == 127) {
    GTEST_SKIP() << "nobody may not execute " << NodespanBinary();
  }
  EXPECT_EQ(done->status, (ExitStatus{1, 0}));
  ASSERT_EQ(done->error.size(), 1U) << ::testing::PrintToString(done->error);
  EXPECT_THAT(done->error[0], AllOf(StartsWith("nodespan: "), HasSubstr("CAP_BPF")));
}

TEST_F(FaultsTest, WithoutACollectorSpansAreCountedAsLostAndTheProgramGoesOn) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const ClosedPort closed = HoldClosedPort();
  const auto traced = GoProgram::Start(program.path, {"--scenario", "basic"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())},
                                             .endpoint = "http://127.0.0.1:" + std::to_string(closed.port)});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  traced->StartTraffic();
  traced->WaitForTraffic();
  LetServerFinish();
  const std::vector<Truth> truths = traced->Finish();
  const SpanTotals totals = daemon->Stop();
  EXPECT_EQ(totals.exported, 0U);
  EXPECT_EQ(totals.lost, CountSampled(truths));
  EXPECT_THAT(totals.reasons, ::testing::MatchesRegex("(export_failed|shutdown)=[0-9]+( shutdown=[0-9]+)?"));
}

// The collector is away for longer than an export may take, several times over.
TEST_F(FaultsTest, ACollectorThatComesLaterGetsEverySpan) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  ClosedPort closed = HoldClosedPort();
  const auto traced = GoProgram::Start(program.path, {"--scenario", "basic"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())},
                                             .environment = {{"OTEL_EXPORTER_OTLP_TIMEOUT", "200"}},
                                             .endpoint = "http://127.0.0.1:" + std::to_string(closed.port)});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  traced->StartTraffic();
  traced->WaitForTraffic();
  LetServerFinish();
  const std::vector<Truth> truths = traced->Finish();
  ::poll(nullptr, 0, 1000);
  closed.holder.Reset();
  const auto late = testing::OtlpReceiver::Start({.listen = "127.0.0.1:" + std::to_string(closed.port)});
  ASSERT_NE(late, nullptr);
  EXPECT_TRUE(late->WaitForSpans(CountSampled(truths), std::chrono::seconds(30)));
  const SpanTotals totals = daemon->Stop();
  EXPECT_EQ(late->accepted_spans(), CountSampled(truths));
  EXPECT_EQ(totals.exported, CountSampled(truths));
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

TEST_F(FaultsTest, AFullQueueDropsSpansAndCountsThem) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const ClosedPort closed = HoldClosedPort();
  const auto traced = GoProgram::Start(program.path, {"--scenario", "keepalive", "--requests", "200"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start(
      {.arguments = {"--pid", std::to_string(traced->pid())},
       .environment = {{"OTEL_BSP_MAX_QUEUE_SIZE", "50"}, {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10"}},
       .endpoint = "http://127.0.0.1:" + std::to_string(closed.port)});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  traced->StartTraffic();
  traced->WaitForTraffic();
  LetServerFinish();
  EXPECT_EQ(traced->Finish().size(), 400U);
  const SpanTotals totals = daemon->Stop();
  EXPECT_EQ(totals.exported, 0U);
  EXPECT_EQ(totals.lost, 400U);
  EXPECT_THAT(totals.reasons, HasSubstr("queue_full="));
}

TEST_F(FaultsTest, AProgramThatIsNotGoIsLeftAlone) {
  const auto other = ChildProcess::Start({"/bin/cat"});
  ASSERT_NE(other, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(other->pid())}});
  ASSERT_NE(daemon, nullptr);
  EXPECT_FALSE(daemon->process().WaitForError("attached pid=", Milliseconds(500)));
  other->WriteInput("still there\n");
  EXPECT_TRUE(other->WaitForOutput("still there"));
  other->CloseInput();
  EXPECT_EQ(other->Wait(), ExitStatus{});
  const SpanTotals totals = daemon->Stop();
  EXPECT_EQ(totals.exported + totals.lost + totals.unsampled, 0U);
}

}  // namespace
}  // namespace nodespan::e2e
