// SPDX-License-Identifier: Apache-2.0
// Processes that come, go, die and change while they are traced.
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gmock/gmock.h"
#include "tests/e2e/harness/http_client.h"
#include "tests/e2e/harness/traced_run.h"

namespace nodespan::e2e {
namespace {

class LifecycleTest : public E2eTest {};

void Sleep(Milliseconds time) { ::poll(nullptr, 0, static_cast<int>(time.count())); }

TEST_F(LifecycleTest, ProcessesOfOneBinaryAreTracedEachForItself) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  constexpr int kProcesses = 5;
  const ScratchFolder scratch;
  const std::string path = scratch.CopyIn(program.path, "httpserver");
  std::vector<std::unique_ptr<GoProgram>> processes;
  // Some before the daemon, some after it.
  const auto start = [&](int count) {
    for (int i = 0; i < count; ++i) {
      processes.push_back(GoProgram::Start(path, {"--scenario", "basic,keepalive"},
                                           {{"OTEL_SERVICE_NAME", "service-" + std::to_string(processes.size())}}));
    }
  };
  start(kProcesses / 2);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--exe", path}});
  ASSERT_NE(daemon, nullptr);
  start(kProcesses - kProcesses / 2);
  for (const auto& process : processes) {
    ASSERT_NE(process, nullptr);
    ASSERT_TRUE(daemon->WaitUntilAttached(process->pid()));
  }
  for (const auto& process : processes) {
    process->StartTraffic();
  }
  size_t requests = 0;
  for (const auto& process : processes) {
    requests += CountSampled(process->WaitForTraffic());
  }
  daemon->WaitForSpans(requests);
  std::vector<std::vector<Truth>> truths;
  for (const auto& process : processes) {
    truths.push_back(process->Finish());
  }
  const SpanTotals totals = daemon->Stop();
  const std::vector<ReceivedSpan> spans = daemon->spans();
  for (size_t i = 0; i < processes.size(); ++i) {
    SCOPED_TRACE("process " + std::to_string(i));
    const pid_t pid = processes[i]->pid();
    ExpectSpansOf(pid, truths[i], spans);
    for (const ReceivedSpan& received : spans) {
      if (received.pid == pid) {
        EXPECT_EQ(received.service_name, "service-" + std::to_string(i));
      }
    }
  }
  EXPECT_EQ(totals.exported, requests);
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

// As containers of one image do, each has a file of its own. That they are inspected once is InspectorTest's claim.
TEST_F(LifecycleTest, FiftyReplicasOfOneImageAreAllAttached) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  constexpr int kReplicas = 50;
  const ScratchFolder scratch;
  std::vector<std::unique_ptr<GoProgram>> replicas;
  for (int i = 0; i < kReplicas; ++i) {
    const std::string path = scratch.CopyIn(program.path, "replica" + std::to_string(i));
    replicas.push_back(GoProgram::Start(path, {"--scenario", "keepalive"}));
    ASSERT_NE(replicas.back(), nullptr);
  }
  const auto daemon = NodespanDaemon::Start({.arguments = {"--exe", scratch.Path("replica*")}});
  ASSERT_NE(daemon, nullptr);
  std::optional<Line> first;
  std::optional<Line> last;
  for (const auto& replica : replicas) {
    last = daemon->WaitUntilAttached(replica->pid());
    ASSERT_TRUE(last);
    first = first && first->arrived < last->arrived ? first : last;
  }
  std::printf("from the first to the last of %d attached: %.1f ms\n", kReplicas,
              std::chrono::duration<double, std::milli>(last->arrived - first->arrived).count());
  replicas.back()->StartTraffic();
  daemon->WaitForSpans(CountSampled(replicas.back()->WaitForTraffic()));
  const pid_t traced = replicas.back()->pid();
  const std::vector<Truth> truths = replicas.back()->Finish();
  const SpanTotals totals = daemon->Stop();
  ExpectSpansOf(traced, truths, daemon->spans());
  EXPECT_EQ(totals.exported, CountSampled(truths));
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

TEST_F(LifecycleTest, AnotherProcessOfTheSameFileIsLeftAlone) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const auto traced = GoProgram::Start(program.path, {"--scenario", "keepalive"});
  const auto other = GoProgram::Start(program.path, {"--scenario", "keepalive"});
  ASSERT_TRUE(traced != nullptr && other != nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  for (GoProgram* process : {traced.get(), other.get()}) {
    process->StartTraffic();
    process->WaitForTraffic();
  }
  other->Finish();
  daemon->WaitForSpans(CountSampled(traced->WaitForTraffic()));
  const std::vector<Truth> truths = traced->Finish();
  const SpanTotals totals = daemon->Stop();
  ExpectSpansOf(traced->pid(), truths, daemon->spans());
  EXPECT_EQ(totals.exported, truths.size());
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

TEST_F(LifecycleTest, TheTracerMayLeaveAndComeBackWhileRequestsRun) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const auto traced =
      GoProgram::Start(program.path, {"--scenario", "concurrency", "--connections", "20", "--requests", "300"});
  ASSERT_NE(traced, nullptr);
  traced->StartTraffic();
  for (int round = 0; round < 3; ++round) {
    const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())}});
    ASSERT_NE(daemon, nullptr);
    ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
    Sleep(Milliseconds(100));
    // Operations in flight at that moment are lost, and counted as that and as nothing else.
    const SpanTotals totals = daemon->Stop();
    EXPECT_TRUE(totals.lost == 0 || totals.reasons == "unfinished=" + std::to_string(totals.lost)) << totals.reasons;
    EXPECT_LE(totals.lost, 20U);
  }
  traced->WaitForTraffic();
  EXPECT_EQ(traced->Finish().size(), 6000U);
}

TEST_F(LifecycleTest, AProcessKilledInARequestLosesThatRequestOnly) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const auto traced = GoProgram::Start(program.path, {"--client", "external"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  const auto client = HttpClient::Connect(traced->port());
  ASSERT_NE(client, nullptr);
  client->Send("/items/killed-00001");
  EXPECT_EQ(client->Receive(), 200);
  daemon->WaitForSpans(1);
  client->Send("/gone/killed-00002");
  Sleep(Milliseconds(300));
  traced->process().Signal(SIGKILL);
  EXPECT_EQ(traced->process().Wait(), (ExitStatus{0, SIGKILL}));
  const SpanTotals totals = daemon->Stop();
  const std::vector<ReceivedSpan> spans = daemon->spans();
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(AttributesOf(spans[0].span)["url.path"], "/items/killed-00001");
  EXPECT_EQ(totals.exported, 1U);
  EXPECT_EQ(totals.lost, 1U);
  EXPECT_EQ(totals.reasons, "unfinished=1");
}

TEST_F(LifecycleTest, AFileReplacedOnDiskDoesNotMixUpOldAndNewProcesses) {
  const Program before = BuildOrSkip("path", "default");
  const Program after = BuildOrSkip("oldest", "stripped");
  if (!before.ok() || !after.ok()) {
    return;
  }
  const ScratchFolder scratch;
  const std::string path = scratch.CopyIn(before.path, "service");
  const auto old_process = GoProgram::Start(path, {"--scenario", "basic"});
  ASSERT_NE(old_process, nullptr);
  std::filesystem::rename(scratch.CopyIn(after.path, "new"), path);
  const auto new_process = GoProgram::Start(path, {"--scenario", "basic"});
  ASSERT_NE(new_process, nullptr);
  const auto daemon = NodespanDaemon::Start(
      {.arguments = {"--pid", std::to_string(old_process->pid()), "--pid", std::to_string(new_process->pid())}});
  ASSERT_NE(daemon, nullptr);
  size_t requests = 0;
  for (GoProgram* process : {old_process.get(), new_process.get()}) {
    ASSERT_TRUE(daemon->WaitUntilAttached(process->pid()));
    process->StartTraffic();
    requests += CountSampled(process->WaitForTraffic());
  }
  daemon->WaitForSpans(requests);
  const std::vector<Truth> old_truths = old_process->Finish();
  const std::vector<Truth> new_truths = new_process->Finish();
  const SpanTotals totals = daemon->Stop();
  const std::vector<ReceivedSpan> spans = daemon->spans();
  ExpectSpansOf(old_process->pid(), old_truths, spans);
  ExpectSpansOf(new_process->pid(), new_truths, spans);
  EXPECT_EQ(totals.exported, requests);
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

// Runs traffic in `process` and expects its spans.
void ExpectTraced(NodespanDaemon& daemon, GoProgram& process) {
  ASSERT_TRUE(daemon.WaitUntilAttached(process.pid())) << daemon.Log();
  process.StartTraffic();
  daemon.WaitForSpans(CountSampled(process.WaitForTraffic()));
  const std::vector<Truth> truths = process.Finish();
  const SpanTotals totals = daemon.Stop();
  ExpectSpansOf(process.pid(), truths, daemon.spans());
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

TEST_F(LifecycleTest, AFileThatWasDeletedOrRenamedIsStillTheOneThatRuns) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  for (const bool is_renamed : {false, true}) {
    SCOPED_TRACE(is_renamed ? "renamed" : "deleted");
    const ScratchFolder scratch;
    const std::string path = scratch.CopyIn(program.path, "service");
    const auto process = GoProgram::Start(path, {"--scenario", "basic"});
    ASSERT_NE(process, nullptr);
    if (is_renamed) {
      std::filesystem::rename(path, scratch.Path("other"));
    } else {
      std::filesystem::remove(path);
    }
    const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(process->pid())}});
    ASSERT_NE(daemon, nullptr);
    ExpectTraced(*daemon, *process);
  }
}

// A container's file system: the program lies in the lower layer of an overlay that only its mount namespace has.
std::unique_ptr<GoProgram> StartInOverlay(const ScratchFolder& scratch, const std::string& program_path) {
  for (const char* folder : {"lower", "upper", "merged"}) {
    std::filesystem::create_directory(scratch.Path(folder));
  }
  scratch.CopyIn(program_path, "lower/service");
  // An overlay cannot be the upper layer of another one, so the upper layer is memory.
  const std::string path = scratch.Path("run");
  std::ofstream(path) << "#!/bin/sh\n"
                         "cd "
                      << scratch.Path("")
                      << "\n"
                         "exec unshare --mount sh -c 'mount -t tmpfs tmpfs upper && mkdir upper/u upper/w && "
                         "mount -t overlay overlay -o lowerdir=lower,upperdir=upper/u,workdir=upper/w merged && "
                         "exec "
                      << scratch.Path("merged/service") << " \"$@\"' sh \"$@\"\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return GoProgram::Start(path, {"--scenario", "basic"});
}

TEST_F(LifecycleTest, AProgramInAnOverlayIsTraced) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const ScratchFolder scratch;
  const auto process = StartInOverlay(scratch, program.path);
  ASSERT_NE(process, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(process->pid())}});
  ASSERT_NE(daemon, nullptr);
  ExpectTraced(*daemon, *process);
}

// `touch` makes the overlay copy the file: /proc/PID/exe then leads to the copy, while the original is what runs.
TEST_F(LifecycleTest, AFileCopiedUpInAnOverlayIsRefusedAndNotTracedInVain) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const ScratchFolder scratch;
  const auto process = StartInOverlay(scratch, program.path);
  ASSERT_NE(process, nullptr);
  const std::optional<Finished> touched = RunToEnd(
      {"nsenter", "--mount", "--target", std::to_string(process->pid()), "touch", scratch.Path("merged/service")},
      kPatience);
  ASSERT_TRUE(touched && touched->status == ExitStatus{}) << touched->LastError();
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(process->pid())}});
  ASSERT_NE(daemon, nullptr);
  const std::optional<Line> refused =
      daemon->process().WaitForError("not traced: pid=" + std::to_string(process->pid()), kPatience);
  ASSERT_TRUE(refused) << daemon->Log();
  EXPECT_THAT(refused->text, ::testing::HasSubstr("a copy of its file that it does not run"));
  process->StartTraffic();
  process->WaitForTraffic();
  process->Finish();
  daemon->Stop();
  EXPECT_TRUE(daemon->spans().empty());
}

TEST_F(LifecycleTest, CodeChangedInMemoryIsRefused) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const auto process = GoProgram::Start(program.path, {"--scenario", "basic"});
  ASSERT_NE(process, nullptr);
  // The first bytes of the executable's code segment hold the Go build id: one letter of it is changed.
  const std::string script =
      "import sys\n"
      "pid = sys.argv[1]\n"
      "line = next(l for l in open(f'/proc/{pid}/maps') if l.rstrip().endswith('httpserver') or 'r-xp' in l)\n"
      "start = int(line.split('-')[0], 16)\n"
      "with open(f'/proc/{pid}/mem', 'r+b', buffering=0) as memory:\n"
      "    memory.seek(start)\n"
      "    at = memory.read(4096).find(b'Go\\0\\0')\n"
      "    assert at > 0\n"
      "    memory.seek(start + at + 8)\n"
      "    memory.write(b'#')\n";
  const std::optional<Finished> changed =
      RunToEnd({"python3", "-c", script, std::to_string(process->pid())}, kPatience);
  ASSERT_TRUE(changed && changed->status == ExitStatus{}) << changed->LastError();
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(process->pid())}});
  ASSERT_NE(daemon, nullptr);
  const std::optional<Line> refused =
      daemon->process().WaitForError("not traced: pid=" + std::to_string(process->pid()), kPatience);
  ASSERT_TRUE(refused) << daemon->Log();
  EXPECT_THAT(refused->text, ::testing::HasSubstr("a note with its build id differs"));
  process->StartTraffic();
  process->WaitForTraffic();
  process->Finish();
  daemon->Stop();
  EXPECT_TRUE(daemon->spans().empty());
}

TEST_F(LifecycleTest, AStormOfShortLivedProcessesLeavesNothingBehind) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  constexpr int kWorkers = 4;
  constexpr int kRounds = 50;  // each starts two processes
  const ScratchFolder scratch;
  const std::string path = scratch.CopyIn(program.path, "httpserver");
  const auto daemon = NodespanDaemon::Start({.arguments = {"--exe", path}});
  ASSERT_NE(daemon, nullptr);
  const pid_t daemon_pid = daemon->process().pid();
  size_t expected_spans = 0;
  // Runs the program with traffic and checks its spans.
  const auto trace_one = [&] {
    const auto traced = GoProgram::Start(path, {"--scenario", "basic"});
    ASSERT_NE(traced, nullptr);
    ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
    traced->StartTraffic();
    expected_spans += CountSampled(traced->WaitForTraffic());
    daemon->WaitForSpans(expected_spans);
    ExpectSpansOf(traced->pid(), traced->Finish(), daemon->spans());
  };

  // First of all once, so that the connection to the receiver is there. Its links are closed a little after its end.
  trace_one();
  Sleep(Milliseconds(2000));
  const size_t descriptors = CountDescriptors(daemon_pid);
  std::vector<std::thread> workers;
  for (int worker = 0; worker < kWorkers; ++worker) {
    workers.emplace_back([&path] {
      for (int round = 0; round < kRounds; ++round) {
        const std::optional<Finished> other = RunToEnd({"/bin/true"}, kPatience);
        EXPECT_TRUE(other && other->status == ExitStatus{});
        // Its standard input is closed, so it exits as soon as it serves.
        const std::optional<Finished> go = RunToEnd({path, "--wait"}, kPatience);
        EXPECT_TRUE(go && go->status == ExitStatus{});
      }
    });
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  trace_one();
  const Clock::time_point deadline = Clock::now() + kPatience;
  while (CountDescriptors(daemon_pid) > descriptors && Clock::now() < deadline) {
    Sleep(Milliseconds(50));
  }
  EXPECT_LE(CountDescriptors(daemon_pid), descriptors);
  const SpanTotals totals = daemon->Stop();
  EXPECT_EQ(totals.exported, expected_spans);
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

TEST_F(LifecycleTest, AKnownBinaryIsAttachedAtOnce) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  constexpr int kSamples = 5;
  const ScratchFolder scratch;
  const std::string path = scratch.CopyIn(program.path, "httpserver");
  const auto daemon = NodespanDaemon::Start({.arguments = {"--exe", path}});
  ASSERT_NE(daemon, nullptr);
  const auto first = GoProgram::Start(path, {"--scenario", "keepalive"});
  ASSERT_NE(first, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(first->pid()));
  std::vector<double> milliseconds;
  for (int sample = 0; sample < kSamples; ++sample) {
    const auto next = GoProgram::Start(path, {"--scenario", "keepalive"});
    ASSERT_NE(next, nullptr);
    const std::optional<Line> attached = daemon->WaitUntilAttached(next->pid());
    ASSERT_TRUE(attached);
    milliseconds.push_back(
        std::chrono::duration<double, std::milli>(attached->arrived - next->process().started()).count());
    next->Finish();
  }
  first->Finish();
  std::sort(milliseconds.begin(), milliseconds.end());
  const double median = milliseconds[kSamples / 2];
  double load = 0;
  ASSERT_EQ(::getloadavg(&load, 1), 1);
  const bool is_idle = load < std::thread::hardware_concurrency();
  std::printf("from start of the process to attached: median %.1f ms of %d, load %.1f\n", median, kSamples, load);
  RecordProperty("attach_ms", std::to_string(median));
  EXPECT_LT(median, is_idle ? 100.0 : 300.0);
  daemon->Stop();
}

}  // namespace
}  // namespace nodespan::e2e
