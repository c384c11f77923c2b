// SPDX-License-Identifier: Apache-2.0
// What will be attached to a Go binary, and why: a pure function of the binary. `nodespan inspect` prints it.
//
// A library is attached whole or not at all; what is missing is said in words. Offsets come from the binary's own type
// descriptors (goinspect), candidate names from the catalogue, and there is no table of versions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attach/programs.h"
#include "bpf/abi/nodespan_abi.h"
#include "goinspect/go_binary.h"
#include "model/type_names.h"

namespace nodespan::attach {

struct PlannedProbe {
  Program program = Program::kNetHttpServerStart;
  goinspect::Function function;
  uint64_t function_off = 0;   // bytes from the function's first instruction
  uint64_t file_off = 0;       // what the kernel is given
  std::string instruction;     // "push rbp"
  std::string why;             // one clause for `nodespan inspect`
  ns_site site{};              // what the program is told
  bool is_other_edge = false;  // of the branch of the probe before, which is hit for both
  int32_t frame_bytes = 0;     // of the end of a function: from the stack pointer at the hit to that at its entry
};

// A field whose offset the BPF program uses.
struct FieldUse {
  std::string struct_name;
  goinspect::Field field;
};

enum class LibraryKind {
  kServer,       // its operations are parents of others
  kClient,       // its operations look for their parent
  kDetail,       // it adds to operations of other libraries
  kApi,          // its operations are spans that the program makes itself, and look for their parent
  kOwnSdk,       // not an operation: the program exports spans by itself
  kPropagation,  // writes the trace context into messages of the program
};

struct LibraryPlan {
  std::string library;  // "net/http server"
  LibraryKind kind = LibraryKind::kServer;
  bool is_used = false;  // its code is in the binary; otherwise there is nothing to say about it
  bool attach = false;
  std::vector<PlannedProbe> probes;  // empty unless attach
  std::vector<FieldUse> fields;
  std::vector<std::string> details;   // further facts in use: itab, map layout
  std::vector<std::string> problems;  // why not attached, or what the spans will lack
};

// How contexts of one concrete type lead to the one they were derived from.
struct ContextType {
  uint64_t itab_vaddr = 0;  // or of its descriptor: see ns_context_type_key
  std::string type_name;
  ns_context_type layout{};
};

struct AttachPlan {
  std::vector<LibraryPlan> libraries;
  std::vector<ContextType> context_types;  // empty unless an operation looks for its parent
  model::TypeNamesPtr types;               // that records may mention; null without client operations
  ns_binary_params params{};

  bool attaches_anything() const;
  // All reasons in one line, for a process that is left alone or traced in part. `propagates`: those of
  // LibraryKind::kPropagation as well.
  std::string Problems(bool propagates = false) const;
  // Every probe of every library; the index in here is that of its site.
  std::vector<const PlannedProbe*> Probes() const;
};

// Never fails: what cannot be traced is a problem in the plan.
AttachPlan MakePlan(const goinspect::GoBinary& binary);

}  // namespace nodespan::attach
