// SPDX-License-Identifier: Apache-2.0
// Early-return macros for absl::Status and absl::StatusOr.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define NODESPAN_STATUS_CONCAT_INNER_(a, b) a##b
#define NODESPAN_STATUS_CONCAT_(a, b) NODESPAN_STATUS_CONCAT_INNER_(a, b)

// Returns the status of `expr` from the enclosing function unless it is OK.
#define NODESPAN_RETURN_IF_ERROR(expr)                    \
  do {                                                    \
    if (::absl::Status status_ = (expr); !status_.ok()) { \
      return status_;                                     \
    }                                                     \
  } while (false)

// Assigns the value of the StatusOr `expr` to `lhs` (which may be a declaration), or returns its status.
#define NODESPAN_ASSIGN_OR_RETURN(lhs, expr) \
  NODESPAN_ASSIGN_OR_RETURN_IMPL_(NODESPAN_STATUS_CONCAT_(status_or_, __LINE__), lhs, expr)
#define NODESPAN_ASSIGN_OR_RETURN_IMPL_(tmp, lhs, expr) \
  auto tmp = (expr);                                    \
  if (!tmp.ok()) {                                      \
    return std::move(tmp).status();                     \
  }                                                     \
  lhs = *std::move(tmp)
