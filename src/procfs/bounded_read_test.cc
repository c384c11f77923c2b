// SPDX-License-Identifier: Apache-2.0
#include "procfs/bounded_read.h"

#include <fcntl.h>

#include <cerrno>

#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "procfs/fake_proc_tree.h"

namespace nodespan::procfs {
namespace {

class BoundedReadTest : public ::testing::Test {
 protected:
  BoundedReadTest() {
    tree_.Put({.pid = 7});
    dir_fd_ = base::UniqueFd(::open((tree_.root() + "/7").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

  testing::FakeProcTree tree_;
  base::UniqueFd dir_fd_;
};

TEST_F(BoundedReadTest, ReadsFilesOfAnySizeUpToTheLimit) {
  for (size_t size : {0, 1, 4095, 4096, 4097, 100000}) {
    std::string text(size, 'x');
    tree_.Write(7, "file", text);
    EXPECT_EQ(*ReadBounded(dir_fd_.get(), "file", 100000), text) << size;
  }
}

TEST_F(BoundedReadTest, OneByteAboveTheLimitFailsOrIsCut) {
  tree_.Write(7, "file", std::string(5001, 'x'));
  absl::StatusOr<std::string> failed = ReadBounded(dir_fd_.get(), "file", 5000);
  EXPECT_EQ(failed.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(failed.status().message(), "file: larger than 5000 bytes");
  EXPECT_EQ(*ReadBounded(dir_fd_.get(), "file", 5000, OverLimit::kCut), std::string(5000, 'x'));
}

TEST_F(BoundedReadTest, MissingFilesAndLinksAreNotFound) {
  EXPECT_EQ(ReadBounded(dir_fd_.get(), "nothing", 10).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadLink(dir_fd_.get(), "nothing").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(BoundedReadTest, ErrnoValuesOfAnEndedProcessAreNotFound) {
  EXPECT_EQ(ProcError(ESRCH, "x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ProcError(ENOENT, "x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ProcError(EACCES, "x").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(ProcError(EPERM, "exe").message()),
              ::testing::HasSubstr("exe: Operation not permitted (CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH are needed)"));
  EXPECT_NE(ProcError(EIO, "x").code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace nodespan::procfs
