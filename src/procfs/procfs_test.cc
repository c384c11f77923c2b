// SPDX-License-Identifier: Apache-2.0
#include "procfs/procfs.h"

#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "procfs/fake_proc_tree.h"

namespace nodespan::procfs {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RealProcFsTest, ListsPidsInOrderAndNothingElse) {
  testing::FakeProcTree tree;
  for (pid_t pid : {30, 4, 200}) {
    tree.Put({.pid = pid});
  }
  tree.SetSelf(4);
  std::filesystem::create_directories(tree.root() + "/12x");
  std::filesystem::create_directories(tree.root() + "/sys");
  auto procfs = *RealProcFs::Create(tree.root());
  EXPECT_THAT(*procfs->ListPids(), ElementsAre(4, 30, 200));
  tree.Remove(30);
  EXPECT_THAT(*procfs->ListPids(), ElementsAre(4, 200));
  EXPECT_EQ(*procfs->SelfPid(), 4);
}

TEST(RealProcFsTest, OpensTheProcessThatHasThePidNow) {
  testing::FakeProcTree tree;
  auto procfs = *RealProcFs::Create(tree.root());
  EXPECT_EQ(procfs->Open(7).status().code(), absl::StatusCode::kNotFound);
  tree.Put({.pid = 7, .start_time_ticks = 1});
  EXPECT_EQ(procfs->Open(7)->key(), (model::ProcessKey{7, 1}));
  tree.Put({.pid = 7, .start_time_ticks = 2});
  EXPECT_EQ(procfs->Open(7)->key(), (model::ProcessKey{7, 2}));
}

TEST(RealProcFsTest, SeesThisProcess) {
  auto procfs = *RealProcFs::Create();
  EXPECT_THAT(*procfs->ListPids(), Contains(::getpid()));
  EXPECT_EQ(*procfs->SelfPid(), ::getpid());
}

TEST(RealProcFsTest, AMissingRootSaysWhatIsNeeded) {
  auto procfs = RealProcFs::Create("/nonexistent/proc");
  EXPECT_EQ(procfs.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(procfs.status().message()), HasSubstr("/nonexistent/proc"));
  EXPECT_THAT(std::string(procfs.status().message()), HasSubstr("a mounted procfs is needed"));
}

TEST(RealProcFsTest, SelfThatNamesNoProcessIsRefused) {
  testing::FakeProcTree tree;
  auto procfs = *RealProcFs::Create(tree.root());
  EXPECT_EQ(procfs->SelfPid().status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace nodespan::procfs
