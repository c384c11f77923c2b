// SPDX-License-Identifier: Apache-2.0
// The parsers of /proc text over one input: no crash, and what is accepted keeps the promises of the header.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "procfs/proc_text.h"

namespace {

using namespace nodespan;

void Require(bool promise) {
  if (!promise) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto stat = procfs::ParseStat(text); stat.ok()) {
    Require(stat->comm.size() < size);
  }
  if (auto status = procfs::ParseStatus(text); status.ok()) {
    Require(!status->namespace_pids.empty() && status->namespace_pids.size() <= 33);
    (void)status->vpid();
  }
  if (auto entries = procfs::ParseMaps(text); entries.ok()) {
    for (const procfs::MapsEntry& entry : *entries) {
      Require(entry.start_addr < entry.end_addr);
      Require(entry.path.empty() ||
              (entry.path.data() >= text.data() && entry.path.data() + entry.path.size() <= text.data() + text.size()));
    }
  }
  for (const auto& [name, value] : procfs::ParseEnviron(text, {"OTEL_"})) {
    Require(name.starts_with("OTEL_") && name.size() + value.size() < size);
  }
  size_t cmdline_bytes = 0;
  for (const std::string& word : procfs::ParseCmdline(text)) {
    cmdline_bytes += word.size();
  }
  Require(cmdline_bytes <= size);
  return 0;
}
