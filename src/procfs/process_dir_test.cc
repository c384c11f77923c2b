// SPDX-License-Identifier: Apache-2.0
#include "procfs/process_dir.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "procfs/fake_proc_tree.h"
#include "procfs/procfs.h"

namespace nodespan::procfs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;
using namespace std::string_view_literals;

ProcessDir OpenIn(const std::string& root, pid_t pid) {
  auto procfs = RealProcFs::Create(root);
  EXPECT_TRUE(procfs.ok()) << procfs.status();
  auto process = (*procfs)->Open(pid);
  EXPECT_TRUE(process.ok()) << process.status();
  return *std::move(process);
}

// A child that does nothing until it is killed.
class Child {
 public:
  Child() : pid_(::fork()) {
    if (pid_ == 0) {
      while (true) {
        ::pause();
      }
    }
  }
  ~Child() { Kill(); }
  pid_t pid() const { return pid_; }
  void Kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      pid_ = -1;
    }
  }

 private:
  pid_t pid_;
};

TEST(ProcessDirTest, DescribesTheProcessThatRunsThisTest) {
  ProcessDir self = OpenIn("/proc", ::getpid());
  EXPECT_EQ(self.key().pid, ::getpid());
  EXPECT_GT(self.key().start_time_ticks, 0U);
  EXPECT_NE(self.ReadStat()->start_stack, 0U);
  EXPECT_EQ(self.ReadStatus()->effective_uid, ::geteuid());
  EXPECT_EQ(self.ReadStatus()->namespace_pids.front(), ::getpid());
  EXPECT_THAT(self.ReadExeLink()->path, ::testing::EndsWith("procfs_test"));
  EXPECT_FALSE(self.ReadExeLink()->is_deleted);
  EXPECT_THAT(self.ReadCmdline()->front(), ::testing::EndsWith("procfs_test"));
  EXPECT_GT(*self.ReadMountNamespace(), 0U);

  struct stat file {};
  ASSERT_EQ(::stat("/proc/self/exe", &file), 0);
  absl::StatusOr<FileIdentity> identity = self.ReadExeIdentity();
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->dev, file.st_dev);
  EXPECT_EQ(identity->ino, file.st_ino);
  EXPECT_EQ(identity->mtime_ns, file.st_mtim.tv_sec * 1'000'000'000 + file.st_mtim.tv_nsec);
  EXPECT_EQ(identity->size_bytes, static_cast<uint64_t>(file.st_size));
}

TEST(ProcessDirTest, ExeDescriptorIsCloseOnExec) {
  absl::StatusOr<base::UniqueFd> exe = OpenIn("/proc", ::getpid()).OpenExe();
  ASSERT_TRUE(exe.ok()) << exe.status();
  EXPECT_TRUE(::fcntl(exe->get(), F_GETFD) & FD_CLOEXEC);
  char magic[4] = {};
  EXPECT_EQ(::pread(exe->get(), magic, 4, 0), 4);
  EXPECT_EQ(std::string_view(magic, 4),
            "\x7f"
            "ELF");
}

TEST(ProcessDirTest, MappingsOfThisExecutableContainItsCode) {
  ProcessDir self = OpenIn("/proc", ::getpid());
  base::UniqueFd exe = *self.OpenExe();
  absl::StatusOr<std::vector<ExeMapping>> mappings = self.ReadExeMappings(exe.get());
  ASSERT_TRUE(mappings.ok()) << mappings.status();
  EXPECT_EQ(mappings->front().file_off, 0U);
  auto code_addr = reinterpret_cast<uint64_t>(&OpenIn);
  EXPECT_TRUE(std::any_of(mappings->begin(), mappings->end(), [code_addr](const ExeMapping& mapping) {
    return mapping.is_executable && mapping.start_addr <= code_addr && code_addr < mapping.end_addr;
  }));
}

TEST(ProcessDirTest, EverythingIsNotFoundOnceTheProcessHasEnded) {
  Child child;
  ProcessDir process = OpenIn("/proc", child.pid());
  base::UniqueFd exe = *process.OpenExe();
  child.Kill();
  EXPECT_EQ(process.ReadStat().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(process.ReadStatus().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(process.ReadExeLink().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(process.ReadExeIdentity().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(process.OpenExe().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(process.ReadEnviron({"OTEL_"}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(process.ReadCmdline().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(process.ReadExeMappings(exe.get()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(process.ReadMountNamespace().status().code(), absl::StatusCode::kNotFound);
}

TEST(ProcessDirTest, DeletedSuffixIsNotPartOfThePath) {
  testing::FakeProcTree tree;
  tree.Put({.pid = 7, .exe_name = "server (deleted)"});
  absl::StatusOr<ExeLink> link = OpenIn(tree.root(), 7).ReadExeLink();
  ASSERT_TRUE(link.ok()) << link.status();
  EXPECT_EQ(link->path, tree.ExePath("server"));
  EXPECT_TRUE(link->is_deleted);
}

TEST(ProcessDirTest, EnvironAndCmdlineAreReadFromTheirFiles) {
  testing::FakeProcTree tree;
  tree.Put({.pid = 7});
  tree.Write(7, "environ", "HOME=/\0OTEL_SERVICE_NAME=shop\0"sv);
  tree.Write(7, "cmdline", "/srv/shop\0-v\0"sv);
  ProcessDir process = OpenIn(tree.root(), 7);
  EXPECT_THAT(*process.ReadEnviron({"OTEL_"}), ElementsAre(Pair("OTEL_SERVICE_NAME", "shop")));
  EXPECT_THAT(*process.ReadCmdline(), ElementsAre("/srv/shop", "-v"));
}

TEST(ProcessDirTest, HugeFilesAreRefusedOrCut) {
  testing::FakeProcTree tree;
  tree.Put({.pid = 7});
  tree.Write(7, "environ", std::string(ProcessDir::kMaxEnvironBytes + 1, 'x'));
  tree.Write(7, "cmdline", std::string(ProcessDir::kMaxCmdlineBytes + 1, 'x'));
  ProcessDir process = OpenIn(tree.root(), 7);
  EXPECT_EQ(process.ReadEnviron({"OTEL_"}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(*process.ReadCmdline(), ElementsAre(SizeIs(ProcessDir::kMaxCmdlineBytes)));
}

class ExeMappingsTest : public ::testing::Test {
 protected:
  ExeMappingsTest() { tree_.Put({.pid = 7}); }

  // Identity of the executable as maps would print it.
  std::string DeviceAndInode() {
    struct stat file {};
    EXPECT_EQ(::stat(tree_.ExePath("server").c_str(), &file), 0);
    return fmt::format("{:02x}:{:02x} {}", major(file.st_dev), minor(file.st_dev), file.st_ino);
  }
  absl::StatusOr<std::vector<ExeMapping>> Read() {
    ProcessDir process = OpenIn(tree_.root(), 7);
    base::UniqueFd exe = *process.OpenExe();
    return process.ReadExeMappings(exe.get());
  }

  testing::FakeProcTree tree_;
};

TEST_F(ExeMappingsTest, AreFoundByDeviceAndInodeWhateverThePath) {
  tree_.Write(7, "maps",
              fmt::format("400000-401000 r--p 00000000 {0} /elsewhere\n401000-500000 r-xp 00001000 {0} /elsewhere\n"
                          "600000-601000 rw-p 00000000 00:00 0 \n700000-701000 r-xp 00000000 00:01 1 {1}\n",
                          DeviceAndInode(), tree_.ExePath("server")));
  absl::StatusOr<std::vector<ExeMapping>> mappings = Read();
  ASSERT_TRUE(mappings.ok()) << mappings.status();
  ASSERT_THAT(*mappings, SizeIs(2));
  EXPECT_EQ((*mappings)[0].start_addr, 0x400000U);
  EXPECT_FALSE((*mappings)[0].is_executable);
  EXPECT_EQ((*mappings)[1].start_addr, 0x401000U);
  EXPECT_EQ((*mappings)[1].end_addr, 0x500000U);
  EXPECT_EQ((*mappings)[1].file_off, 0x1000U);
  EXPECT_TRUE((*mappings)[1].is_executable);
}

TEST_F(ExeMappingsTest, AreFoundByPathWhenTheDeviceIsShownDifferently) {
  tree_.Write(7, "maps",
              fmt::format("400000-401000 r-xp 00000000 00:7f 99 {}\n500000-501000 r-xp 00000000 00:7f 98 {}\n",
                          tree_.ExePath("server"), tree_.ExePath("other")));
  absl::StatusOr<std::vector<ExeMapping>> mappings = Read();
  ASSERT_TRUE(mappings.ok()) << mappings.status();
  ASSERT_THAT(*mappings, SizeIs(1));
  EXPECT_EQ(mappings->front().start_addr, 0x400000U);
}

TEST_F(ExeMappingsTest, NoMappingIsNotFoundAndBadTextIsDataLoss) {
  tree_.Write(7, "maps", "400000-401000 r-xp 00000000 00:00 0 \n");
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kNotFound);
  tree_.Write(7, "maps", "garbage\n");
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace nodespan::procfs
