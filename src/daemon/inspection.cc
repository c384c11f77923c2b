// SPDX-License-Identifier: Apache-2.0
#include "daemon/inspection.h"

#include <memory>

#include "absl/hash/hash.h"
#include "base/status_macros.h"

namespace nodespan::daemon {

absl::StatusOr<Inspection> Inspect(int fd) {
  NODESPAN_RETURN_IF_ERROR(goinspect::LooksLikeGo(fd));
  NODESPAN_ASSIGN_OR_RETURN(const std::unique_ptr<goinspect::GoBinary> binary, goinspect::GoBinary::Open(fd));
  Inspection inspection;
  inspection.info = binary->info();
  inspection.plan = attach::MakePlan(*binary);
  if (!inspection.info.go_build_id.empty() || !inspection.info.gnu_build_id.empty()) {
    inspection.content_identity = absl::HashOf(inspection.info.content_hash, inspection.info.file_bytes,
                                               inspection.info.go_build_id, inspection.info.gnu_build_id);
  }
  return inspection;
}

}  // namespace nodespan::daemon
