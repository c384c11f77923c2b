// SPDX-License-Identifier: Apache-2.0
// Names the code of one traced process from the executable that was inspected.
//
// The file is kept open, because it may be gone from its path, and its process with it, when the last records are read;
// it is looked at only when an address comes up for the first time. What was found is kept for the next record, up to
// kMaxFunctions: a process that shows more of them is making them up, and gets no further answers. A file that has
// changed since its inspection gives none either.
//
// Thread: reader thread; made on the control thread, destroyed on either. One per process, so that no process can give
// names to another one that claims to run the same program.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "base/unique_fd.h"
#include "goinspect/go_binary.h"
#include "goinspect/symbols.h"
#include "model/code_symbols.h"
#include "procfs/file_identity.h"

namespace nodespan::daemon {

class ProcessSymbols final : public model::CodeSymbols {
 public:
  static constexpr size_t kMaxFunctions = 1024;

  // `exe_fd`: the file with that identity, which was inspected.
  ProcessSymbols(base::UniqueFd exe_fd, const procfs::FileIdentity& identity, goinspect::Arch arch,
                 const goinspect::SymbolTables& tables);

  const model::CodeLocation* FunctionAt(uint64_t vaddr) override;

 private:
  // Null when the file is not the one that was inspected any more.
  std::unique_ptr<goinspect::Symbols> Open() const;

  const base::UniqueFd exe_fd_;
  const procfs::FileIdentity identity_;
  const goinspect::Arch arch_;
  const goinspect::SymbolTables tables_;
  absl::flat_hash_map<uint64_t, std::optional<model::CodeLocation>> functions_;  // nullopt: no function begins there
};

// The function that begins at the address; for a wrapper made by the compiler the method that it calls, if that is the
// only one. The wrapper itself, without file and line, when it cannot be told.
std::optional<model::CodeLocation> ResolveFunction(const goinspect::Symbols& symbols, goinspect::Arch arch,
                                                   uint64_t vaddr);

}  // namespace nodespan::daemon
