// SPDX-License-Identifier: Apache-2.0
#include "discovery/process_table.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "procfs/fake_proc_tree.h"

namespace nodespan::discovery {
namespace {

using metrics::Counter;
using procfs::testing::FakeProcess;
using procfs::testing::FakeProcTree;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr uint32_t kPfExiting = 0x4;
constexpr uint32_t kPfKthread = 0x00200000;

class ProcessTableTest : public ::testing::Test {
 protected:
  explicit ProcessTableTest(size_t max_processes = ProcessTable::kDefaultMaxProcesses)
      : procfs_(*procfs::RealProcFs::Create(tree_.root())),
        table_(*procfs_, counters_,
               {.on_appeared =
                    [this](const ProcessInfo& process) {
                      log_.push_back(fmt::format("+{}@{} {}", process.key.pid, process.key.start_time_ticks,
                                                 std::filesystem::path(process.exe.path).filename().string()));
                    },
                .on_gone =
                    [this](const model::ProcessKey& key) {
                      log_.push_back(fmt::format("-{}@{}", key.pid, key.start_time_ticks));
                    }},
               max_processes) {}

  // What was reported since the last call.
  std::vector<std::string> Log() { return std::exchange(log_, {}); }

  FakeProcTree tree_;
  std::unique_ptr<procfs::RealProcFs> procfs_;
  metrics::Counters counters_;
  std::vector<std::string> log_;
  ProcessTable table_;
};

TEST_F(ProcessTableTest, ScanReportsEveryProcessOnceAndNoKernelThreadsOrZombies) {
  tree_.Put({.pid = 1, .exe_name = "init"});
  tree_.Put({.pid = 2, .comm = "kthreadd", .flags = kPfKthread, .exe_name = ""});
  tree_.Put({.pid = 3, .state = 'Z', .exe_name = ""});
  tree_.Put({.pid = 4});
  ASSERT_TRUE(table_.Scan().ok());
  EXPECT_THAT(Log(), ElementsAre("+1@1000 init", "+4@1000 server"));
  ASSERT_TRUE(table_.Scan().ok());
  EXPECT_THAT(Log(), IsEmpty());
  EXPECT_EQ(counters_.Get(Counter::kProcessEventsMissed), 0U);
}

TEST_F(ProcessTableTest, ReportsIdentityAndPathOfTheExecutable) {
  ProcessInfo seen;
  ProcessTable table(*procfs_, counters_,
                     {.on_appeared = [&seen](const ProcessInfo& process) { seen = process; }, .on_gone = {}});
  tree_.Put({.pid = 4, .exe_name = "server (deleted)"});
  table.OnExec(4);
  EXPECT_EQ(seen.exe.path, tree_.ExePath("server"));
  EXPECT_TRUE(seen.exe.is_deleted);
  EXPECT_NE(seen.exe_identity.ino, 0U);
  EXPECT_EQ(seen.exe_identity.size_bytes, std::string("server (deleted)").size());
}

TEST_F(ProcessTableTest, ExecAndExitEventsAreReportedAtOnce) {
  tree_.Put({.pid = 4});
  table_.OnExec(4);
  EXPECT_THAT(Log(), ElementsAre("+4@1000 server"));
  tree_.Remove(4);
  table_.OnExit(4);
  EXPECT_THAT(Log(), ElementsAre("-4@1000"));
  EXPECT_EQ(table_.size(), 0U);
  EXPECT_EQ(counters_.Get(Counter::kExecEvents), 1U);
  EXPECT_EQ(counters_.Get(Counter::kExitEvents), 1U);
}

TEST_F(ProcessTableTest, ExitEventOfAProcessStillInProcCounts) {
  tree_.Put({.pid = 4});
  table_.OnExec(4);
  tree_.Put({.pid = 4, .state = 'R', .flags = kPfExiting});
  table_.OnExit(4);
  EXPECT_THAT(Log(), ElementsAre("+4@1000 server", "-4@1000"));
  ASSERT_TRUE(table_.Sweep().ok());
  EXPECT_THAT(Log(), IsEmpty());
}

TEST_F(ProcessTableTest, ExitBeforeTheFirstLookIsSilent) {
  table_.OnExec(4);
  table_.OnExit(4);
  EXPECT_THAT(Log(), IsEmpty());
  EXPECT_EQ(table_.size(), 0U);
}

TEST_F(ProcessTableTest, EventOfWhatTheScanFoundIsNotReportedAgain) {
  tree_.Put({.pid = 4});
  ASSERT_TRUE(table_.Scan().ok());
  table_.OnExec(4);
  table_.OnExec(4);
  EXPECT_THAT(Log(), ElementsAre("+4@1000 server"));
}

TEST_F(ProcessTableTest, ExecOfAnotherFileIsGoneAndAppeared) {
  tree_.Put({.pid = 4, .start_stack = 1, .exe_name = "shell"});
  table_.OnExec(4);
  tree_.Put({.pid = 4, .start_stack = 2, .exe_name = "server"});
  table_.OnExec(4);
  EXPECT_THAT(Log(), ElementsAre("+4@1000 shell", "-4@1000", "+4@1000 server"));
}

TEST_F(ProcessTableTest, ExecOfTheSameFileIsSeenByItsStack) {
  tree_.Put({.pid = 4, .start_stack = 1});
  table_.OnExec(4);
  tree_.Put({.pid = 4, .start_stack = 2});
  table_.OnExec(4);
  EXPECT_THAT(Log(), ElementsAre("+4@1000 server", "-4@1000", "+4@1000 server"));
}

TEST_F(ProcessTableTest, ReusedPidIsGoneAndAppearedWhicheverEventTells) {
  auto reuse_and_tell = [this](uint64_t start_time, auto tell) {
    tree_.Put({.pid = 4, .start_time_ticks = start_time});
    tell();
    return Log();
  };
  tree_.Put({.pid = 4});
  table_.OnExec(4);
  (void)Log();
  EXPECT_THAT(reuse_and_tell(2000, [this] { table_.OnExec(4); }), ElementsAre("-4@1000", "+4@2000 server"));
  // The late exit event of the former owner.
  EXPECT_THAT(reuse_and_tell(3000, [this] { table_.OnExit(4); }), ElementsAre("-4@2000", "+4@3000 server"));
  EXPECT_THAT(reuse_and_tell(4000, [this] { ASSERT_TRUE(table_.Sweep().ok()); }),
              ElementsAre("-4@3000", "+4@4000 server"));
  // And its exit event after the new one was seen changes nothing.
  table_.OnExit(4);
  EXPECT_THAT(Log(), IsEmpty());
  EXPECT_EQ(table_.size(), 1U);
}

TEST_F(ProcessTableTest, SweepFindsWhatEventsDidNotTellAndCountsIt) {
  tree_.Put({.pid = 4});
  tree_.Put({.pid = 5, .exe_name = "shell"});
  tree_.Put({.pid = 6});
  ASSERT_TRUE(table_.Scan().ok());
  (void)Log();
  tree_.Remove(4);
  tree_.Put({.pid = 5, .exe_name = "server"});
  tree_.Put({.pid = 7});
  ASSERT_TRUE(table_.Sweep().ok());
  EXPECT_THAT(Log(), UnorderedElementsAre("-4@1000", "-5@1000", "+5@1000 server", "+7@1000 server"));
  EXPECT_EQ(counters_.Get(Counter::kProcessEventsMissed), 3U);
  ASSERT_TRUE(table_.Sweep().ok());
  EXPECT_THAT(Log(), IsEmpty());
  EXPECT_EQ(counters_.Get(Counter::kProcessEventsMissed), 3U);
}

TEST_F(ProcessTableTest, ReplacedFileUnderARunningProcessIsNoExec) {
  tree_.Put({.pid = 4});
  ASSERT_TRUE(table_.Scan().ok());
  (void)Log();
  // In the real /proc the link goes on leading to the old inode; the tree shows that with a file of its own.
  tree_.ReplaceExe("other");
  ASSERT_TRUE(table_.Sweep().ok());
  EXPECT_THAT(Log(), IsEmpty());
  tree_.ReplaceExe("server");
  ASSERT_TRUE(table_.Sweep().ok());
  EXPECT_THAT(Log(), ElementsAre("-4@1000", "+4@1000 server"));
}

TEST_F(ProcessTableTest, UnreadableStatChangesNothing) {
  tree_.Put({.pid = 4});
  table_.OnExec(4);
  (void)Log();
  tree_.Write(4, "stat", "garbage");
  table_.OnExec(4);
  ASSERT_TRUE(table_.Sweep().ok());
  EXPECT_THAT(Log(), IsEmpty());
  EXPECT_EQ(table_.size(), 1U);
}

TEST_F(ProcessTableTest, FailureToListProcessesIsReportedAndKeepsTheTable) {
  struct BrokenProcFs : procfs::ProcFs {
    absl::StatusOr<std::vector<pid_t>> ListPids() const override { return absl::ResourceExhaustedError("no fd"); }
    absl::StatusOr<procfs::ProcessDir> Open(pid_t pid) const override { return good->Open(pid); }
    absl::StatusOr<pid_t> SelfPid() const override { return good->SelfPid(); }
    const procfs::ProcFs* good = nullptr;
  } broken;
  broken.good = procfs_.get();
  size_t gone = 0;
  ProcessTable table(broken, counters_,
                     {.on_appeared = [](const ProcessInfo&) {}, .on_gone = [&gone](const auto&) { ++gone; }});
  tree_.Put({.pid = 4});
  table.OnExec(4);
  EXPECT_EQ(table.Sweep().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(gone, 0U);
}

TEST_F(ProcessTableTest, BecomesEmptyWhenAllProcessesHaveEnded) {
  for (pid_t pid = 100; pid < 400; ++pid) {
    tree_.Put({.pid = pid});
  }
  ASSERT_TRUE(table_.Scan().ok());
  EXPECT_EQ(table_.size(), 300U);
  for (pid_t pid = 100; pid < 400; ++pid) {
    tree_.Remove(pid);
    if (pid % 2 == 0) {
      table_.OnExit(pid);
    }
  }
  EXPECT_EQ(table_.size(), 150U);
  ASSERT_TRUE(table_.Sweep().ok());
  EXPECT_EQ(table_.size(), 0U);
  EXPECT_THAT(Log(), SizeIs(600));
}

class FullProcessTableTest : public ProcessTableTest {
 protected:
  FullProcessTableTest() : ProcessTableTest(2) {}
};

TEST_F(FullProcessTableTest, LeavesNewProcessesOutUntilOthersEnd) {
  for (pid_t pid : {4, 5, 6}) {
    tree_.Put({.pid = pid});
  }
  ASSERT_TRUE(table_.Scan().ok());
  EXPECT_THAT(Log(), ElementsAre("+4@1000 server", "+5@1000 server"));
  EXPECT_EQ(table_.untracked_count(), 1U);
  tree_.Remove(4);
  ASSERT_TRUE(table_.Sweep().ok());
  ASSERT_TRUE(table_.Sweep().ok());
  EXPECT_THAT(Log(), ElementsAre("-4@1000", "+6@1000 server"));
  EXPECT_EQ(table_.untracked_count(), 0U);
}

// Processes start, exec, end and reuse pids at random while events are lost, doubled and shuffled. At every moment each
// report must fit the ones before it, and after a sweep the table must be the truth.
TEST_F(ProcessTableTest, StaysConsistentUnderAnyOrderOfEvents) {
  std::mt19937 random(20240601);
  auto pick = [&random](int count) { return std::uniform_int_distribution<int>(0, count - 1)(random); };
  std::map<pid_t, FakeProcess> truth;
  std::map<std::string, int> reported;  // "pid@start" -> reported and not yet gone
  std::vector<std::pair<bool, pid_t>> events;
  uint64_t next_start = 1;
  for (int step = 0; step < 1000; ++step) {
    pid_t pid = 10 + pick(6);
    auto found = truth.find(pid);
    if (found == truth.end()) {
      truth[pid] = {.pid = pid, .start_time_ticks = next_start++, .start_stack = next_start};
      tree_.Put(truth[pid]);
      events.emplace_back(true, pid);
    } else if (pick(2) == 0) {
      found->second.start_stack += 16;
      found->second.exe_name = fmt::format("server{}", pick(3));
      tree_.Put(found->second);
      events.emplace_back(true, pid);
    } else {
      truth.erase(found);
      tree_.Remove(pid);
      events.emplace_back(false, pid);
    }
    std::shuffle(events.begin(), events.end(), random);
    while (!events.empty() && pick(3) != 0) {
      auto [is_exec, event_pid] = events.back();
      if (pick(8) != 0) {
        events.pop_back();  // otherwise it comes again
      }
      if (pick(5) != 0) {
        is_exec ? table_.OnExec(event_pid) : table_.OnExit(event_pid);
      }
    }
    bool swept = pick(50) == 0;
    if (swept) {
      ASSERT_TRUE(table_.Sweep().ok());
    }
    for (const std::string& line : Log()) {
      std::string name = line.substr(1, line.find(' ') - 1);
      int& count = reported[name];
      count += line[0] == '+' ? 1 : -1;
      ASSERT_TRUE(count == 0 || count == 1) << line << " in step " << step;
      if (count == 0) {
        reported.erase(name);
      }
    }
    if (swept) {
      ASSERT_EQ(reported.size(), truth.size());
      for (const auto& [truth_pid, process] : truth) {
        ASSERT_TRUE(reported.contains(fmt::format("{}@{}", truth_pid, process.start_time_ticks)));
      }
    }
  }
}

TEST(ProcessTableRealTest, FollowsAChildThroughForkExecAndExit) {
  auto procfs = *procfs::RealProcFs::Create();
  metrics::Counters counters;
  std::vector<std::string> log;
  pid_t child = 0;
  ProcessTable table(*procfs, counters,
                     {.on_appeared =
                          [&](const ProcessInfo& process) {
                            if (process.key.pid == child) {
                              log.push_back("+" + std::filesystem::path(process.exe.path).filename().string());
                            }
                          },
                      .on_gone =
                          [&](const model::ProcessKey& key) {
                            if (key.pid == child) {
                              log.push_back("-");
                            }
                          }});
  int go[2];
  ASSERT_EQ(::pipe(go), 0);
  child = ::fork();
  if (child == 0) {
    char byte;
    (void)!::read(go[0], &byte, 1);
    ::execl("/bin/sleep", "sleep", "60", nullptr);
    ::_exit(1);
  }
  ASSERT_TRUE(table.Scan().ok());
  EXPECT_THAT(log, ElementsAre("+discovery_test"));
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  for (int tries = 0; tries < 500 && log.size() < 3; ++tries) {
    ::usleep(10'000);  // until the child has executed sleep
    table.OnExec(child);
  }
  EXPECT_THAT(log, ElementsAre("+discovery_test", "-", "+sleep"));
  ::kill(child, SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  table.OnExit(child);  // a zombie now
  EXPECT_THAT(log, ElementsAre("+discovery_test", "-", "+sleep", "-"));
  ::waitpid(child, nullptr, 0);
  ::close(go[0]);
  ::close(go[1]);
}

}  // namespace
}  // namespace nodespan::discovery
