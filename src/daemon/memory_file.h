// SPDX-License-Identifier: Apache-2.0
// Executables for tests.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

#include "base/unique_fd.h"
#include "gtest/gtest.h"

namespace nodespan::daemon::testing {

// A file of its own, and so an identity of its own.
inline base::UniqueFd ToFile(const std::vector<uint8_t>& bytes) {
  base::UniqueFd fd(::memfd_create("nodespan_test", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return fd;
}

}  // namespace nodespan::daemon::testing
