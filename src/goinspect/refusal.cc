// SPDX-License-Identifier: Apache-2.0
#include "goinspect/refusal.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "elf/little_endian.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using base::MakeStatus;
using elf::Load;

// UPX puts its l_info right behind the program headers: checksum, then this.
constexpr std::string_view kUpxMagic = "UPX!";
constexpr uint64_t kUpxMagicOff = 4;

// How much of the data is searched for traces of other compilers when a file is not one of ours.
constexpr uint64_t kMaxTraceBytes = uint64_t{8} << 20;

bool IsPositionIndependentExecutable(elf::Image& image) {
  const auto& dynamic = image.headers().dynamic;
  const uint64_t count = dynamic.has_value() ? std::min<uint64_t>(dynamic->bytes / sizeof(Elf64_Dyn), 1024) : 0;
  const uint8_t* entries = count == 0 ? nullptr : image.file().View(dynamic->file_off, count * sizeof(Elf64_Dyn));
  for (uint64_t i = 0; entries != nullptr && i < count; ++i) {
    const uint8_t* entry = entries + i * sizeof(Elf64_Dyn);
    if (Load<uint64_t>(entry) == DT_FLAGS_1) {
      return (Load<uint64_t>(entry + 8) & DF_1_PIE) != 0;
    }
  }
  return false;
}

// Which other Go compiler left its traces in the data, if any.
std::string_view FindOtherCompiler(elf::Image& image) {
  struct Trace {
    std::string_view text;
    std::string_view compiler;
  };
  static constexpr std::array<Trace, 3> kTraces = {{
      {"libgo.so.", "gccgo"},       // DT_NEEDED of a dynamic gccgo program
      {"libgo/runtime/", "gccgo"},  // source names in libgo's assertions, of a static one
      {"tinygo", "TinyGo"},         // names of TinyGo's runtime interface
  }};
  constexpr uint64_t kLookAhead = 16;
  std::string_view found;
  uint64_t budget = kMaxTraceBytes;
  for (const elf::Segment& segment : image.loads()) {
    if (segment.executable || !found.empty() || budget == 0) {
      continue;
    }
    const uint64_t count = std::min(segment.file_bytes, budget);
    budget -= count;
    (void)image.Scan(segment, segment.vaddr, segment.vaddr + count, kLookAhead, [&](const elf::Image::Window& window) {
      const std::string_view bytes(reinterpret_cast<const char*>(window.bytes.data()), window.bytes.size());
      for (const Trace& trace : kTraces) {
        if (bytes.find(trace.text) != std::string_view::npos) {
          found = trace.compiler;
          return false;
        }
      }
      return true;
    });
  }
  return found;
}

std::string VersionText(const std::optional<BuildInfo>& build_info) {
  return build_info.has_value() && !build_info->go_version.empty() ? build_info->go_version : "unknown version";
}

}  // namespace

absl::Status CheckNotPacked(const elf::Headers& headers, elf::ReadAt read_at) {
  std::array<uint8_t, kUpxMagic.size()> magic{};
  if (read_at(headers.end_file_off + kUpxMagicOff, magic) &&
      std::memcmp(magic.data(), kUpxMagic.data(), magic.size()) == 0) {
    return MakeStatus(StatusCode::kUnimplemented, "packed by UPX: the code exists only in memory; ship it unpacked");
  }
  return absl::OkStatus();
}

absl::Status CheckIsExecutable(elf::Image& image, const std::optional<BuildInfo>& build_info) {
  const std::string mode = build_info.has_value() ? build_info->build_mode : std::string();
  if (mode == "plugin" || mode == "c-shared" || mode == "shared") {
    return MakeStatus(StatusCode::kUnimplemented, "built with -buildmode={}: only executables are supported", mode);
  }
  if (!image.headers().is_shared_object || image.headers().has_interpreter) {
    return absl::OkStatus();
  }
  if (IsPositionIndependentExecutable(image)) {
    return absl::OkStatus();  // static-PIE: starts without a loader, relocates its data itself and never its code
  }
  return MakeStatus(StatusCode::kUnimplemented,
                    "a shared library or plugin with Go code: only executables are supported");
}

absl::Status ExplainMissingFunctionTable(elf::Image& image, const std::optional<BuildInfo>& build_info,
                                         std::span<const PclntabHeader> headers, bool has_go_note) {
  if (!headers.empty()) {
    return MakeStatus(StatusCode::kUnimplemented,
                      "built with {}, Go 1.15 or older (function table {:#x}): Go 1.17 is needed",
                      VersionText(build_info), headers.front().magic);
  }
  if (const std::string_view compiler = FindOtherCompiler(image); !compiler.empty()) {
    return MakeStatus(StatusCode::kUnimplemented, "built with {}: only the standard Go compiler is supported",
                      compiler);
  }
  if (build_info.has_value() && (build_info->go_version == "unknown" || build_info->go_version.empty())) {
    return MakeStatus(StatusCode::kUnimplemented,
                      "no function table and no Go version: obfuscated (garble replaces both), which is not supported");
  }
  if (build_info.has_value() || has_go_note) {
    return MakeStatus(StatusCode::kUnimplemented,
                      "built with {}, but it has no function table that is known: obfuscated or a newer format",
                      VersionText(build_info));
  }
  return MakeStatus(StatusCode::kNotFound, "not a Go executable: neither build info nor function table");
}

}  // namespace nodespan::goinspect
