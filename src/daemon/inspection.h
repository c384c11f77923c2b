// SPDX-License-Identifier: Apache-2.0
// What is known about an executable after it was looked at: an immutable value, shared by all processes that run it.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "attach/attach_plan.h"
#include "daemon/content_proof.h"
#include "goinspect/go_binary.h"
#include "goinspect/symbols.h"

namespace nodespan::daemon {

struct Inspection {
  goinspect::BinaryInfo info;
  attach::AttachPlan plan;
  // Equal for equal content, whatever file it lies in; 0 when the binary carries no build id by which to tell.
  uint64_t content_identity = 0;
  // What a process that runs this has in memory: ids, tables and the code around the planned probes.
  std::vector<goinspect::Witness> witnesses;
  // Where the names of functions, lines and types are.
  goinspect::SymbolTables symbols;
  // Recognises the same content in another file.
  ContentKey content_key;
  ContentProof content_proof;
};

// Inspects the executable behind `fd`. kNotFound: not Go, which is what most processes are; kUnimplemented, kDataLoss:
// a Go binary, or nearly one, that cannot be traced, with the reason.
absl::StatusOr<Inspection> Inspect(int fd);

}  // namespace nodespan::daemon
