// SPDX-License-Identifier: Apache-2.0
// What decoding costs: finding the start site of a function, which looks at its prologue and the block behind its end,
// and going through all of its instructions for calls.
#include <vector>

#include "attach/code_sites.h"
#include "benchmark/benchmark.h"

namespace nodespan::attach {
namespace {

constexpr uint64_t kVaddr = 0x500000;

// cmp 0x10(%r14),%rsp; jbe end; push %rbp; mov %rsp,%rbp; a body of usual instructions; ret; call morestack; jmp start
std::vector<uint8_t> FunctionOf(size_t bytes) {
  std::vector<uint8_t> code = {0x49, 0x3b, 0x66, 0x10, 0x0f, 0x86, 0, 0, 0, 0, 0x55, 0x48, 0x89, 0xe5};
  const std::vector<uint8_t> body = {0x48, 0x8b, 0x44, 0x24, 0x08,   // mov 0x8(%rsp),%rax
                                     0x48, 0x85, 0xc0,               // test %rax,%rax
                                     0x74, 0x00,                     // je
                                     0xe8, 0x00, 0x10, 0x00, 0x00};  // call
  while (code.size() + body.size() + 16 < bytes) {
    code.insert(code.end(), body.begin(), body.end());
  }
  code.push_back(0xc3);
  const auto jump = static_cast<uint32_t>(code.size() - 10);
  for (size_t i = 0; i < 4; ++i) {
    code[6 + i] = static_cast<uint8_t>(jump >> (8 * i));
  }
  code.insert(code.end(), {0xe8, 0, 0, 0, 0, 0xeb, 0x80});
  return code;
}

void StartSite(benchmark::State& state) {
  const std::vector<uint8_t> code = FunctionOf(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    const auto site = FindStartSite(code, kVaddr, goinspect::Arch::kAmd64, [](uint64_t) { return true; });
    if (!site.ok()) {
      state.SkipWithError("no site");
      return;
    }
  }
}
BENCHMARK(StartSite)->Arg(256)->Arg(4096)->Arg(65536)->Unit(benchmark::kMicrosecond);

void AllCalls(benchmark::State& state) {
  const std::vector<uint8_t> code = FunctionOf(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(Calls(code, kVaddr, goinspect::Arch::kAmd64, kVaddr));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * code.size()));
}
BENCHMARK(AllCalls)->Arg(256)->Arg(4096)->Arg(65536)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace nodespan::attach

BENCHMARK_MAIN();
