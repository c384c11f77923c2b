// SPDX-License-Identifier: Apache-2.0
#include "procfs/proc_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::procfs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using namespace std::string_view_literals;

// As printed by Linux 6.x, with another comm.
std::string StatWith(std::string_view comm, std::string_view state = "S", std::string_view flags = "4194560") {
  return "4242 (" + std::string(comm) + ") " + std::string(state) + " 17 4242 4242 34816 4242 " + std::string(flags) +
         " 100 0 0 0 12 3 0 0 20 0 9 0 987654321 1267654656 2100 18446744073709551615 4194304 7000000 "
         "140737488347000 0 0 0 0 0 2143420159 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

TEST(ParseStatTest, ReadsTheFields) {
  absl::StatusOr<ProcessStat> stat = ParseStat(StatWith("server"));
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_EQ(stat->comm, "server");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->parent_pid, 17);
  EXPECT_EQ(stat->start_time_ticks, 987654321U);
  EXPECT_EQ(stat->start_stack, 140737488347000U);
  EXPECT_FALSE(stat->is_kernel_thread());
  EXPECT_FALSE(stat->is_exiting());
}

TEST(ParseStatTest, CommMayLookLikeTheRestOfTheLine) {
  for (const char* comm : {"a) R 1 2 3 (b", "))", "((", " ", "", "x\n) S 1", "4242 (x) S 1 1"}) {
    absl::StatusOr<ProcessStat> stat = ParseStat(StatWith(comm));
    ASSERT_TRUE(stat.ok()) << comm << stat.status();
    EXPECT_EQ(stat->comm, comm);
    EXPECT_EQ(stat->start_time_ticks, 987654321U);
  }
}

TEST(ParseStatTest, KnowsKernelThreadsAndExitingProcesses) {
  EXPECT_TRUE(ParseStat(StatWith("kthreadd", "S", "2129984"))->is_kernel_thread());
  EXPECT_TRUE(ParseStat(StatWith("x", "Z"))->is_exiting());
  EXPECT_TRUE(ParseStat(StatWith("x", "X"))->is_exiting());
  EXPECT_TRUE(ParseStat(StatWith("x", "R", "4"))->is_exiting());
}

TEST(ParseStatTest, RefusesTruncatedAndForeignText) {
  std::string whole = StatWith("server");
  size_t needed = whole.find(" 140737488347000") + 2;
  for (size_t length = 0; length < needed; ++length) {
    absl::StatusOr<ProcessStat> stat = ParseStat(whole.substr(0, length));
    ASSERT_EQ(stat.status().code(), absl::StatusCode::kDataLoss) << length;
    EXPECT_THAT(std::string(stat.status().message()), HasSubstr("malformed stat"));
  }
  EXPECT_FALSE(ParseStat(") (").ok());
  EXPECT_FALSE(ParseStat(StatWith("x", "SS")).ok());
  EXPECT_FALSE(ParseStat(StatWith("x", "S", "-1")).ok());
}

constexpr std::string_view kStatus =
    "Name:\tUid:\\n\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4242\nPid:\t4242\nPPid:\t1\nTracerPid:\t0\n"
    "Uid:\t1000\t1001\t1002\t1003\nGid:\t0\t0\t0\t0\nGroups:\t \nNStgid:\t4242\t7\nNSpid:\t4242\t33\t7\n";

TEST(ParseStatusTest, TakesTheEffectiveUidAndTheInnermostPid) {
  absl::StatusOr<ProcessStatus> status = ParseStatus(kStatus);
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->effective_uid, 1001U);
  EXPECT_THAT(status->namespace_pids, ElementsAre(4242, 33, 7));
  EXPECT_EQ(status->vpid(), 7);
}

TEST(ParseStatusTest, WithoutNSpidThePidStands) { EXPECT_EQ(ParseStatus("Pid:\t5\nUid:\t0\t0\t0\t0\n")->vpid(), 5); }

TEST(ParseStatusTest, RefusesWhatIsMissingOrNotANumber) {
  for (const char* bad : {"", "Pid:\t5\n", "Uid:\t0\t0\t0\t0\n", "Pid:\tx\nUid:\t0\t0\t0\t0\n", "Pid:\t5\nUid:\t0\n",
                          "Pid:\t5\nUid:\t0\t0\nNSpid:\t5\tx\n"}) {
    EXPECT_EQ(ParseStatus(bad).status().code(), absl::StatusCode::kDataLoss) << bad;
  }
  std::string many = "Pid:\t5\nUid:\t0\t0\nNSpid:";
  for (int i = 0; i < 100; ++i) {
    many += "\t1";
  }
  EXPECT_FALSE(ParseStatus(many).ok());
}

TEST(ParseMapsTest, ReadsFilesAnonymousMemoryAndNamesWithBlanks) {
  absl::StatusOr<std::vector<MapsEntry>> entries = ParseMaps(
      "00400000-00623000 r-xp 00001000 fe:0a 246999                             /srv/my app (deleted)\n"
      "c000000000-c000400000 rw-p 00000000 00:00 0 \n"
      "7ffd3a5d4000-7ffd3a5f5000 rw-p 00000000 00:00 0                          [stack]\n"
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n");
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 4U);
  const MapsEntry& first = (*entries)[0];
  EXPECT_EQ(first.start_addr, 0x400000U);
  EXPECT_EQ(first.end_addr, 0x623000U);
  EXPECT_TRUE(first.is_executable);
  EXPECT_EQ(first.file_off, 0x1000U);
  EXPECT_EQ(first.dev_major, 0xfeU);
  EXPECT_EQ(first.dev_minor, 0xaU);
  EXPECT_EQ(first.ino, 246999U);
  EXPECT_EQ(first.path, "/srv/my app (deleted)");
  EXPECT_EQ((*entries)[1].path, "");
  EXPECT_FALSE((*entries)[1].is_executable);
  EXPECT_EQ((*entries)[3].end_addr, 0xffffffffff601000U);
}

TEST(ParseMapsTest, RefusesMalformedLinesAndNamesThem) {
  constexpr std::string_view kGood = "00400000-00623000 r-xp 00001000 fe:0a 1 /x\n";
  for (const char* bad : {"x", "400000 r-xp 0 fe:0a 1", "2-1 r-xp 0 fe:0a 1", "1-1 r-xp 0 fe:0a 1", "1-2 rx 0 fe:0a 1",
                          "1-2 r-xp g fe:0a 1", "1-2 r-xp 0 fe0a 1", "1-2 r-xp 0 fe:0a", "1-2 r-xp 0 fe:0a -1",
                          "10000000000000000-2 r-xp 0 fe:0a 1"}) {
    absl::StatusOr<std::vector<MapsEntry>> entries = ParseMaps(std::string(kGood) + bad);
    ASSERT_EQ(entries.status().code(), absl::StatusCode::kDataLoss) << bad;
    EXPECT_EQ(entries.status().message(), "malformed maps: line 2");
  }
  EXPECT_TRUE(ParseMaps("")->empty());
}

TEST(ParseEnvironTest, KeepsThePrefixAndTheFirstOfTwo) {
  constexpr std::string_view kText = "OTEL_A=1=2\0PASSWORD=secret\0OTEL_B\0OTEL_A=3\0OTEL_C=\0OTEL_D=cut"sv;
  EXPECT_THAT(ParseEnviron(kText, {"OTEL_"}),
              ElementsAre(Pair("OTEL_A", "1=2"), Pair("OTEL_C", ""), Pair("OTEL_D", "cut")));
  EXPECT_THAT(ParseEnviron(kText, {"OTEL_D", "PASS"}), ElementsAre(Pair("OTEL_D", "cut"), Pair("PASSWORD", "secret")));
  EXPECT_THAT(ParseEnviron(kText, {"NOTHING_"}), IsEmpty());
  EXPECT_EQ(ParseEnviron(kText, {""}).size(), 4U);
  EXPECT_THAT(ParseEnviron("=x\0\0"sv, {""}), IsEmpty());
}

TEST(ParseCmdlineTest, KeepsEmptyArguments) {
  EXPECT_THAT(ParseCmdline("/bin/x\0\0-v\0"sv), ElementsAre("/bin/x", "", "-v"));
  EXPECT_THAT(ParseCmdline(""), IsEmpty());
}

}  // namespace
}  // namespace nodespan::procfs
