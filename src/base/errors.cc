// SPDX-License-Identifier: Apache-2.0
#include "base/errors.h"

namespace nodespan::base {

absl::Status ErrnoStatus(int error_number, std::string_view context) {
  return absl::ErrnoToStatus(error_number, ToAbsl(context));
}

absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) {
    return status;
  }
  return MakeStatus(status.code(), "{}: {}", context, Message(status));
}

}  // namespace nodespan::base
