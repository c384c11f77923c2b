// SPDX-License-Identifier: Apache-2.0
// Machine code of amd64 for the tests of those who look through it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "attach/control_flow.h"

namespace nodespan::attach::testing {

inline constexpr uint64_t kVaddr = 0x500000;  // of every function
// Functions that are called.
inline constexpr uint64_t kMorestack = 0x460000;
inline constexpr uint64_t kOther = 0x464000;

// A function put together from instructions; jumps are given by the offset they lead to.
class Code {
 public:
  Code& Add(std::initializer_list<uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes);
    return *this;
  }
  Code& Call(uint64_t vaddr) { return Add({0xe8}).Relative(vaddr - kVaddr); }
  Code& Jump(uint64_t target_off) { return Add({0xe9}).Relative(target_off); }
  Code& Branch(uint8_t condition, uint64_t target_off) {
    return Add({0x0f, static_cast<uint8_t>(0x80 | condition)}).Relative(target_off);
  }
  // push rbp; mov rbp, rsp; sub rsp, 0x40
  Code& Prologue() { return Add({0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x40}); }
  // add rsp, 0x40; pop rbp; ret
  Code& Epilogue() { return Add({0x48, 0x83, 0xc4, 0x40, 0x5d, 0xc3}); }
  Code& Return() { return Add({0xc3}); }
  Code& Load(Reg reg, uint8_t sp_off) {  // of the first eight registers
    return Add({0x48, 0x8b, static_cast<uint8_t>(0x44 | reg << 3), 0x24, sp_off});
  }
  Code& Store(uint8_t sp_off, Reg reg) {
    return Add({0x48, 0x89, static_cast<uint8_t>(0x44 | reg << 3), 0x24, sp_off});
  }
  Code& Zero(Reg reg) { return Add({0x31, static_cast<uint8_t>(0xc0 | reg << 3 | reg)}); }
  Code& Test(Reg reg) { return Add({0x48, 0x85, static_cast<uint8_t>(0xc0 | reg << 3 | reg)}); }
  // call rcx, of a pointer that is loaded from memory
  Code& CallIndirect() { return Add({0x48, 0x8b, 0x0a, 0xff, 0xd1}); }

  uint64_t size() const { return bytes_.size(); }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  Code& Relative(uint64_t target_off) {
    const auto distance = static_cast<uint32_t>(target_off - (bytes_.size() + 4));
    for (int i = 0; i < 4; ++i) {
      bytes_.push_back(static_cast<uint8_t>(distance >> (8 * i)));
    }
    return *this;
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace nodespan::attach::testing
