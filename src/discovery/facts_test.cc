// SPDX-License-Identifier: Apache-2.0
#include "discovery/facts.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "procfs/fake_proc_tree.h"
#include "procfs/procfs.h"

namespace nodespan::discovery {
namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n# "
    "comment\n:x:5:5::/:\nbroken\nshort:x:1000\nalice:x:1000:1000::/home/alice:/bin/sh\n"
    "bob:x:1001:1001::/home/bob:/bin/sh";

TEST(FindUserNameTest, FindsWholeLinesOnly) {
  EXPECT_EQ(FindUserName(kPasswd, 0), "root");
  EXPECT_EQ(FindUserName(kPasswd, 1000), "alice");
  EXPECT_EQ(FindUserName(kPasswd, 1001), "bob");
  EXPECT_EQ(FindUserName(kPasswd, 100), std::nullopt);
  EXPECT_EQ(FindUserName(kPasswd, 5), std::nullopt);
  EXPECT_EQ(FindUserName("", 0), std::nullopt);
}

class FactsTest : public ::testing::Test {
 protected:
  FactsTest() {
    for (const char* folder : {"etc", "var/lib/dbus", "proc/sys/kernel/random", "proc/self/ns"}) {
      std::filesystem::create_directories(root_ + "/" + folder);
    }
    WriteFile("proc/sys/kernel/random/boot_id", "11111111-2222-3333-4444-555555555555\n");
    WriteFile("etc/passwd", kPasswd);
  }
  void WriteFile(const std::string& name, std::string_view text) { std::ofstream(root_ + "/" + name) << text; }
  procfs::ProcessDir Open(pid_t pid) { return *(*procfs::RealProcFs::Create(tree_.root()))->Open(pid); }

  procfs::testing::FakeProcTree tree_;
  std::string root_ = tree_.root() + "/root";
};

TEST_F(FactsTest, HostIdFallsBackToTheOneOfDbus) {
  EXPECT_EQ(ReadHostFacts(root_).id, "");
  WriteFile("var/lib/dbus/machine-id", "bbbb\n");
  EXPECT_EQ(ReadHostFacts(root_).id, "bbbb");
  WriteFile("etc/machine-id", "aaaa\n");
  EXPECT_EQ(ReadHostFacts(root_).id, "aaaa");
  EXPECT_EQ(ReadHostFacts(root_).boot_id, "11111111-2222-3333-4444-555555555555");
}

TEST_F(FactsTest, RealHostHasNameArchAndBootTime) {
  HostFacts host = ReadHostFacts();
  EXPECT_NE(host.name, "");
  EXPECT_TRUE(host.arch == "amd64" || host.arch == "arm64") << host.arch;
  EXPECT_NE(host.mount_namespace, 0U);
  ASSERT_TRUE(host.boot_time.has_value());
  EXPECT_LT(*host.boot_time, absl::Now());
}

TEST_F(FactsTest, ProcessFactsComeFromItsFiles) {
  tree_.Put({.pid = 7, .start_time_ticks = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK)) * 5 / 2});
  tree_.Write(7, "status", "Pid:\t7\nUid:\t1000\t1000\t1000\t1000\nNSpid:\t7\t1\n");
  HostFacts host{.boot_time = absl::FromUnixSeconds(1000)};
  absl::StatusOr<ProcessFacts> facts = ReadProcessFacts(Open(7), host, root_);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->key.pid, 7);
  EXPECT_EQ(facts->vpid, 1);
  EXPECT_EQ(facts->exe_path, tree_.ExePath("server"));
  EXPECT_EQ(facts->creation_time, absl::FromUnixMillis(1'002'500));
}

TEST_F(FactsTest, OwnerIsNamedOnlyInOurOwnMountNamespace) {
  tree_.Put({.pid = 7});
  tree_.Write(7, "status", "Pid:\t7\nUid:\t1000\t1000\t1000\t1000\n");
  std::filesystem::create_directories(tree_.root() + "/7/ns");
  tree_.Write(7, "ns/mnt", "");
  struct stat mount_namespace {};
  ASSERT_EQ(::stat((tree_.root() + "/7/ns/mnt").c_str(), &mount_namespace), 0);

  HostFacts same{.mount_namespace = mount_namespace.st_ino};
  EXPECT_EQ(ReadProcessFacts(Open(7), same, root_)->owner, "alice");
  HostFacts other{.mount_namespace = mount_namespace.st_ino + 1};
  EXPECT_EQ(ReadProcessFacts(Open(7), other, root_)->owner, "1000");
  EXPECT_EQ(ReadProcessFacts(Open(7), HostFacts{}, root_)->owner, "1000");
  tree_.Write(7, "status", "Pid:\t7\nUid:\t77\t77\t77\t77\n");
  EXPECT_EQ(ReadProcessFacts(Open(7), same, root_)->owner, "77");
}

TEST_F(FactsTest, FactsOfThisProcessAreRight) {
  auto procfs = *procfs::RealProcFs::Create();
  absl::StatusOr<ProcessFacts> facts = ReadProcessFacts(*procfs->Open(::getpid()), ReadHostFacts());
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->vpid, ::getpid());
  ASSERT_TRUE(facts->creation_time.has_value());
  // The test was started a moment ago; ticks and clocks are coarse.
  EXPECT_LT(*facts->creation_time, absl::Now() + absl::Seconds(1));
  EXPECT_GT(*facts->creation_time, absl::Now() - absl::Minutes(10));
}

TEST_F(FactsTest, EndedProcessIsNotFound) {
  tree_.Put({.pid = 7});
  procfs::ProcessDir process = Open(7);
  tree_.Remove(7);
  EXPECT_EQ(ReadProcessFacts(process, {}, root_).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace nodespan::discovery
