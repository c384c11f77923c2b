// SPDX-License-Identifier: Apache-2.0
// Names the code of one traced process from the executable that was inspected.
//
// The file is kept open, because it may be gone from its path, and its process with it, when the last records are read;
// it is looked at only when an address comes up for the first time. What was found is kept for the next record, up to
// kMaxFunctions, as many methods, and kMaxTypes: a process that shows more of them is making them up, and gets no
// further answers. Stacks can be many; of them kMaxStacks are kept, and so many looked up within kStackPeriod. A file
// that has changed since its inspection gives no answers either.
//
// Thread: reader thread; made on the control thread, destroyed on either. One per process, so that no process can give
// names to another one that claims to run the same program.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "goinspect/go_binary.h"
#include "goinspect/symbols.h"
#include "model/code_symbols.h"
#include "procfs/file_identity.h"

namespace nodespan::daemon {

class ProcessSymbols final : public model::CodeSymbols {
 public:
  static constexpr size_t kMaxFunctions = 1024;
  static constexpr size_t kMaxTypes = 1024;
  static constexpr size_t kMaxStacks = 64;
  static constexpr int64_t kStackPeriodNs = 10'000'000'000;

  // `exe_fd`: the file with that identity, which was inspected. `clock` outlives this.
  ProcessSymbols(base::UniqueFd exe_fd, const procfs::FileIdentity& identity, goinspect::Arch arch,
                 const goinspect::SymbolTables& tables, const base::Clock* clock);

  const model::CodeLocation* FunctionAt(uint64_t vaddr) override;
  const model::CodeLocation* MethodOf(uint64_t type_vaddr, std::string_view method) override;
  model::CodeType TypeAt(uint64_t vaddr) override;
  std::vector<model::CodeLocation> StackOf(const std::vector<uint64_t>& return_vaddrs) override;

 private:
  // Null when the file is not the one that was inspected any more.
  std::unique_ptr<goinspect::Symbols> Open() const;

  const base::UniqueFd exe_fd_;
  const procfs::FileIdentity identity_;
  const goinspect::Arch arch_;
  const goinspect::SymbolTables tables_;
  const base::Clock* const clock_;
  absl::flat_hash_map<uint64_t, std::optional<model::CodeLocation>> functions_;  // nullopt: no function begins there
  absl::flat_hash_map<std::pair<uint64_t, std::string>, std::optional<model::CodeLocation>> methods_;
  absl::flat_hash_map<uint64_t, model::CodeType> types_;
  absl::flat_hash_map<std::vector<uint64_t>, std::vector<model::CodeLocation>> stacks_;
  int64_t stacks_since_mono_ns_ = 0;
};

// The function that begins at the address; for a wrapper made by the compiler the method that it calls, if that is the
// only one. The wrapper itself, without file and line, when it cannot be told.
std::optional<model::CodeLocation> ResolveFunction(const goinspect::Symbols& symbols, goinspect::Arch arch,
                                                   uint64_t vaddr);

// The calls that lead to the innermost of the return addresses, with those that were inlined.
std::vector<model::CodeLocation> ResolveStack(const goinspect::Symbols& symbols,
                                              const std::vector<uint64_t>& return_vaddrs);

}  // namespace nodespan::daemon
