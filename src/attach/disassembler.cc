// SPDX-License-Identifier: Apache-2.0
#include "attach/disassembler.h"

#include <capstone/capstone.h>

#include <type_traits>
#include <utility>

#include "base/errors.h"

namespace nodespan::attach {

static_assert(std::is_same_v<csh, size_t>);

absl::StatusOr<Disassembler> Disassembler::Create(goinspect::Arch arch) {
  csh handle = 0;
  const cs_err error = arch == goinspect::Arch::kAmd64 ? cs_open(CS_ARCH_X86, CS_MODE_64, &handle)
                                                       : cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &handle);
  if (error != CS_ERR_OK) {
    return base::MakeStatus(absl::StatusCode::kInternal, "capstone: {}", cs_strerror(error));
  }
  cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
  return Disassembler(handle);
}

Disassembler::Disassembler(size_t handle) : handle_(handle), instruction_(cs_malloc(handle)) {}

Disassembler::Disassembler(Disassembler&& other) noexcept
    : handle_(std::exchange(other.handle_, 0)), instruction_(std::move(other.instruction_)) {}

Disassembler::~Disassembler() {
  instruction_.reset();
  if (handle_ != 0) {
    cs_close(&handle_);
  }
}

const cs_insn* Disassembler::At(std::span<const uint8_t> code, uint64_t vaddr, uint64_t off) {
  if (off >= code.size()) {
    return nullptr;
  }
  const uint8_t* bytes = code.data() + off;
  size_t size = code.size() - off;
  uint64_t address = vaddr + off;
  return cs_disasm_iter(handle_, &bytes, &size, &address, instruction_.get()) ? instruction_.get() : nullptr;
}

std::string Disassembler::Text(const cs_insn& instruction) {
  return instruction.op_str[0] == '\0' ? std::string(instruction.mnemonic)
                                       : fmt::format("{} {}", instruction.mnemonic, instruction.op_str);
}

void Disassembler::InstructionDeleter::operator()(cs_insn* instruction) const { cs_free(instruction, 1); }

}  // namespace nodespan::attach
