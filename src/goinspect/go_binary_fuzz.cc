// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes, every public method of GoBinary, and LooksLikeGo over a file in memory.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "base/unique_fd.h"
#include "goinspect/go_binary.h"

namespace {

using nodespan::goinspect::GoBinary;

constexpr std::array<std::string_view, 5> kFunctions = {"net/http.serverHandler.ServeHTTP", "main.main", "main.twice",
                                                        "main.(*response).write", ""};
constexpr std::array<std::string_view, 3> kPatterns = {"main.main", "main.last[...]", "main.(*response).write"};
constexpr std::array<std::string_view, 12> kTypes = {
    "net/http.Request", "net/http.response", "*net/http.response", "net/http.Header", "runtime.g", "main.local",
    "main.request",     "*main.response",    "main.header",        "main.writer",     "*",         ""};

// Reads every byte of a view, so that a view of the wrong size does not go unnoticed.
uint64_t Sum(std::span<const uint8_t> bytes) {
  uint64_t sum = 0;
  for (const uint8_t byte : bytes) {
    sum += byte;
  }
  return sum;
}

uint64_t Ask(const GoBinary& binary) {
  uint64_t result = binary.info().content_hash;
  for (const auto& function : binary.FindFunctions(kFunctions)) {
    if (function.has_value()) {
      const auto code = binary.Code(*function);
      result += code.ok() ? Sum(*code) : 0;
      result += binary.StackObjects(*function).ok() ? 1 : 0;
      const auto at = binary.FunctionAt(function->vaddr);
      result += at.has_value() ? at->name.size() : 0;
    }
  }
  for (const auto& match : binary.MatchFunctions(kPatterns)) {
    for (const auto& function : match.functions) {
      result += binary.Code(function).ok() ? 1 : 0;
    }
  }
  result += binary.FunctionAt(0x401020).has_value() ? 1 : 0;
  for (const std::string_view type : kTypes) {
    const auto structure = binary.FindStruct(type);
    if (structure.ok()) {
      for (const auto& field : structure->fields) {
        if (field.offset + field.size_bytes > structure->size_bytes) {
          std::abort();  // a promise to whoever reads memory at these offsets
        }
      }
    }
    result += binary.FindType(type).ok() ? 1 : 0;
    result += binary.FindMapLayout(type).ok() ? 1 : 0;
  }
  result += binary.FindItab("net/http.ResponseWriter", "*net/http.response").ok() ? 1 : 0;
  result += binary.FindItab("main.writer", "*main.response").ok() ? 1 : 0;
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  volatile uint64_t sink = 0;
  if (const auto binary = GoBinary::OpenBytes({data, size}); binary.ok()) {
    sink = Ask(**binary);
  }
  (void)sink;

  static const nodespan::base::UniqueFd file(::memfd_create("fuzz", MFD_CLOEXEC));
  if (file.valid() && ::ftruncate(file.get(), 0) == 0 &&
      ::pwrite(file.get(), data, size, 0) == static_cast<ssize_t>(size)) {
    (void)nodespan::goinspect::LooksLikeGo(file.get());
  }
  return 0;
}
