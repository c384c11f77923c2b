// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as the code of a function, on both machines: a site that is found lies inside of it, where an
// instruction begins that the kernel emulates.
#include <cstdlib>
#include <span>

#include "attach/code_sites.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace attach = nodespan::attach;
  constexpr uint64_t kVaddr = 0x500000;
  for (const auto arch : {nodespan::goinspect::Arch::kAmd64, nodespan::goinspect::Arch::kArm64}) {
    const bool is_amd64 = arch == nodespan::goinspect::Arch::kAmd64;
    for (const bool leads_to_morestack : {false, true}) {
      const auto site = attach::FindStartSite({data, size}, kVaddr, arch,
                                              [leads_to_morestack](uint64_t) { return leads_to_morestack; });
      if (!site.ok()) {
        continue;
      }
      const uint64_t off = site->function_off;
      const bool is_inside = off < size && (is_amd64 || (off % 4 == 0 && size - off >= 4));
      // push %rbp is one byte, perhaps behind a REX prefix.
      const bool is_push = site->kind == attach::SiteKind::kPush;
      if (!is_inside || (is_push && !is_amd64)) {
        std::abort();
      }
    }
    (void)attach::Calls({data, size}, kVaddr, arch, kVaddr + 16);
  }
  return 0;
}
