// SPDX-License-Identifier: Apache-2.0
// Disassembler decodes one machine instruction at a time: capstone behind an owner.
//
// Internal to attach: a file that looks into an instruction includes <capstone/capstone.h> itself.
// Thread: one at a time per object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "goinspect/go_binary.h"

struct cs_insn;  // capstone's

namespace nodespan::attach {

class Disassembler {
 public:
  // kInternal: the capstone library lacks the architecture.
  static absl::StatusOr<Disassembler> Create(goinspect::Arch arch);
  Disassembler(Disassembler&& other) noexcept;
  Disassembler& operator=(Disassembler&&) = delete;
  ~Disassembler();

  // Decodes the instruction at `off`, with details; null when there is none. Valid until the next call.
  const cs_insn* At(std::span<const uint8_t> code, uint64_t vaddr, uint64_t off);

  // "push rbp"
  static std::string Text(const cs_insn& instruction);

 private:
  struct InstructionDeleter {
    void operator()(cs_insn* instruction) const;
  };

  explicit Disassembler(size_t handle);

  size_t handle_;
  std::unique_ptr<cs_insn, InstructionDeleter> instruction_;
};

}  // namespace nodespan::attach
