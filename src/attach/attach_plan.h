// SPDX-License-Identifier: Apache-2.0
// What will be attached to a Go binary, and why: a pure function of the binary. `nodespan inspect` prints it.
//
// A library is attached whole or not at all; what is missing is said in words. Offsets come from the binary's own type
// descriptors (goinspect), candidate names from the catalogue, and there is no table of versions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "attach/code_sites.h"
#include "bpf/abi/nodespan_abi.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// The BPF programs that are attached to functions.
enum class Program { kNetHttpServerStart, kNetHttpServerEnd };
inline constexpr int kProgramCount = 2;
std::string_view ToString(Program program);

struct PlannedProbe {
  Program program = Program::kNetHttpServerStart;
  goinspect::Function function;
  Site site;
  uint64_t file_off = 0;  // what the kernel is given
};

// A field whose offset the BPF program uses.
struct FieldUse {
  std::string struct_name;
  goinspect::Field field;
};

struct LibraryPlan {
  std::string library;  // "net/http server"
  bool attach = false;
  std::vector<PlannedProbe> probes;  // empty unless attach
  std::vector<FieldUse> fields;
  std::vector<std::string> details;   // further facts in use: itab, map layout
  std::vector<std::string> problems;  // why not attached, or what the spans will lack
};

struct AttachPlan {
  std::vector<LibraryPlan> libraries;
  ns_binary_params params{};

  bool attaches_anything() const;
  // All reasons in one line, for a process that is left alone.
  std::string Problems() const;
};

// Never fails: what cannot be traced is a problem in the plan.
AttachPlan MakePlan(const goinspect::GoBinary& binary);

}  // namespace nodespan::attach
