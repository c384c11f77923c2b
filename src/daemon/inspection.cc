// SPDX-License-Identifier: Apache-2.0
#include "daemon/inspection.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/hash/hash.h"
#include "base/status_macros.h"

namespace nodespan::daemon {

namespace {

// The code of each planned probe, from the start of its function to behind the instruction.
void AddCodeWitnesses(const goinspect::GoBinary& binary, Inspection& inspection) {
  constexpr uint64_t kBehindBytes = 16;  // longer than any instruction
  for (const attach::LibraryPlan& library : inspection.plan.libraries) {
    for (const attach::PlannedProbe& probe : library.probes) {
      if (const auto code = binary.Code(probe.function); code.ok()) {
        const uint64_t bytes = std::min<uint64_t>(code->size(), probe.function_off + kBehindBytes);
        inspection.witnesses.push_back({probe.function.vaddr,
                                        std::string(reinterpret_cast<const char*>(code->data()), bytes),
                                        "the code of " + probe.function.name});
      }
    }
  }
}

}  // namespace

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
  inspection.witnesses = binary->Witnesses();
  inspection.symbols = binary->FindSymbolTables();
  AddCodeWitnesses(*binary, inspection);
  NODESPAN_ASSIGN_OR_RETURN(inspection.content_key, ReadContentKey(fd));
  NODESPAN_ASSIGN_OR_RETURN(inspection.content_proof,
                            ContentProof::Make(fd, inspection.content_key, binary->Evidence()));
  return inspection;
}

}  // namespace nodespan::daemon
