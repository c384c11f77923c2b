// SPDX-License-Identifier: Apache-2.0
// Names of the code of one traced process, by the addresses that its records mention.
//
// Thread: the reader thread, also those of processes that share what they know.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nodespan::model {

struct CodeLocation {
  std::string function;  // as Go names it: "main.(*shop).order", "main.main.func1"
  std::string file;      // as the compiler was told it; empty: not known
  uint32_t line = 0;     // 0: not known
};

struct CodeType {
  enum class Kind : uint8_t { kOther, kString, kSigned, kUnsigned, kBool };

  std::string name;  // "*errors.errorString", with whole package paths; empty: not known
  Kind kind = Kind::kOther;
  uint8_t size_bytes = 0;  // of numbers
};

class CodeSymbols {
 public:
  virtual ~CodeSymbols() = default;

  // The function that begins at the address, as linked, and where it is declared. A wrapper that the compiler has made
  // stands for what it calls, when that is certain. Null: not known. Valid until the next call.
  virtual const CodeLocation* FunctionAt(uint64_t vaddr) = 0;

  // The method of the type whose descriptor is at the address, as FunctionAt().
  virtual const CodeLocation* MethodOf(uint64_t type_vaddr, std::string_view method) = 0;

  // The type whose descriptor is at the address, as linked.
  virtual CodeType TypeAt(uint64_t vaddr) = 0;

  // The calls of a stack, given by their return addresses, innermost first, with those that were inlined. Empty: not
  // known.
  virtual std::vector<CodeLocation> StackOf(const std::vector<uint64_t>& return_vaddrs) = 0;
};

using CodeSymbolsPtr = std::shared_ptr<CodeSymbols>;

}  // namespace nodespan::model
