// SPDX-License-Identifier: Apache-2.0
// Reading files and links of /proc with a limit. They have no size of their own, so it takes reading to the end.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace nodespan::procfs {

enum class OverLimit { kFail, kCut };

// The whole file `name` below the directory `dir_fd`. kNotFound: it is not there or its process has ended.
// When there is more than `limit_bytes`: kResourceExhausted, or the first `limit_bytes` with OverLimit::kCut.
absl::StatusOr<std::string> ReadBounded(int dir_fd, const char* name, size_t limit_bytes,
                                        OverLimit over_limit = OverLimit::kFail);

// The text of the link `name` below `dir_fd`, up to PATH_MAX bytes.
absl::StatusOr<std::string> ReadLink(int dir_fd, const char* name);

// A status for `error_number`; ESRCH, ENOENT and ENOTDIR, the ways in which /proc says that a process has ended, become
// kNotFound, EACCES and EPERM become kPermissionDenied.
absl::Status ProcError(int error_number, std::string_view context);

}  // namespace nodespan::procfs
