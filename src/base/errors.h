// SPDX-License-Identifier: Apache-2.0
// Making and reading absl::Status with std::string_view and fmt.
//
// Debian's abseil is built with an absl::string_view of its own that does not convert from std::string_view; these
// helpers are the only place that has to know.
#pragma once

#include <cerrno>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"

namespace nodespan::base {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

// The message of `status` as a std::string_view; valid as long as `status`.
inline std::string_view Message(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

// A status with a formatted message: MakeStatus(absl::StatusCode::kDataLoss, "segment {}: {} bytes", i, n).
template <typename... Args>
absl::Status MakeStatus(absl::StatusCode code, fmt::format_string<Args...> format, Args&&... args) {
  return absl::Status(code, ToAbsl(fmt::format(format, std::forward<Args>(args)...)));
}

// Status for `error_number` (a positive errno value) with the code that absl maps it to and the message
// "<context>: <strerror>". Take errno in the very next statement after the failing call.
absl::Status ErrnoStatus(int error_number, std::string_view context);
inline absl::Status ErrnoStatus(std::string_view context) { return ErrnoStatus(errno, context); }

// The same status with "<context>: " put before its message; the code is kept. OK stays OK.
absl::Status Annotate(const absl::Status& status, std::string_view context);

}  // namespace nodespan::base
