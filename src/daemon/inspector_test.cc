// SPDX-License-Identifier: Apache-2.0
#include "daemon/inspector.h"

#include <memory>
#include <vector>

#include "daemon/memory_file.h"
#include "goinspect/fake_go_binary.h"
#include "gtest/gtest.h"
#include "procfs/process_dir.h"

namespace nodespan::daemon {
namespace {

using goinspect::testing::MakeFakeGoBinary;
using metrics::Counter;
using testing::ToFile;

class InspectorTest : public ::testing::Test {
 protected:
  // The results for all files, which are handed in at once.
  std::vector<Inspector::Result> InspectAll(const std::vector<std::vector<uint8_t>>& files) {
    std::vector<Inspector::Result> results;
    for (const std::vector<uint8_t>& file : files) {
      base::UniqueFd fd = ToFile(file);
      const absl::StatusOr<procfs::FileIdentity> identity = procfs::ReadIdentity(fd.get());
      EXPECT_TRUE(identity.ok()) << identity.status();
      inspector_.Inspect(*identity, std::move(fd), [&](const Inspector::Result& result) {
        results.push_back(result);
        if (results.size() == files.size()) {
          loop_->Stop();
        }
      });
    }
    EXPECT_TRUE(loop_->Run().ok());
    return results;
  }

  metrics::Counters counters_;
  std::unique_ptr<base::EventLoop> loop_ = *base::EventLoop::Create();
  Inspector inspector_{loop_.get(), &counters_};
};

TEST_F(InspectorTest, FiftyCopiesOfOneExecutableAreInspectedOnce) {
  const std::vector<Inspector::Result> results = InspectAll({50, MakeFakeGoBinary({}).file});
  ASSERT_EQ(results.size(), 50U);
  for (const Inspector::Result& result : results) {
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(*result, *results[0]) << "one value, shared";
  }
  EXPECT_EQ(counters_.Get(Counter::kBinariesInspected), 1U);
  EXPECT_EQ(counters_.Get(Counter::kBinariesRecognized), 49U);
}

TEST_F(InspectorTest, CopiesWithoutABuildIdAreInspectedOnceToo) {
  const std::vector<Inspector::Result> results = InspectAll({5, MakeFakeGoBinary({.has_build_id = false}).file});
  for (const Inspector::Result& result : results) {
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(*result, *results[0]);
  }
  EXPECT_EQ(counters_.Get(Counter::kBinariesInspected), 1U);
}

TEST_F(InspectorTest, AFileThatOnlyClaimsTheSameBuildIdIsInspectedForItself) {
  auto fake = MakeFakeGoBinary({});
  auto other = fake;
  other.file[other.FileOffset(other.moduledata_vaddr + 23 * 8)] ^= 4;  // etext, which nothing else depends on
  const std::vector<Inspector::Result> results = InspectAll({fake.file, other.file});
  ASSERT_TRUE(results[0].ok() && results[1].ok()) << results[1].status();
  EXPECT_EQ((*results[0])->content_key, (*results[1])->content_key);
  EXPECT_NE(*results[0], *results[1]);
  EXPECT_EQ(counters_.Get(Counter::kBinariesInspected), 2U);
  EXPECT_EQ(counters_.Get(Counter::kBinariesRecognized), 0U);
}

TEST_F(InspectorTest, WhatIsNotGoHasItsReason) {
  const std::vector<Inspector::Result> results = InspectAll({{'#', '!', '/', 'b', 'i', 'n'}});
  EXPECT_EQ(results[0].status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(counters_.Get(Counter::kBinariesInspected), 0U);
}

}  // namespace
}  // namespace nodespan::daemon
