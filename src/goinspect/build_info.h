// SPDX-License-Identifier: Apache-2.0
// Build info: Go version and main module, as the linker stores them for `go version -m`.
//
// Found by its magic in the writable segments; survives stripping. Programs built without modules have no module part;
// obfuscators remove it or put something meaningless there: treat all of it as a hint. Source: Go's debug/buildinfo,
// runtime/debug.ParseBuildInfo.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "elf/image.h"

namespace nodespan::goinspect {

struct BuildInfo {
  std::string go_version;   // "go1.26.8"; of Go 1.17 and older too
  std::string main_module;  // module path, or package path of main outside of modules; may be empty
  std::string build_mode;   // "exe", "pie", "c-shared", "plugin", ...; may be empty
  std::string module_text;  // all of it, with one line per module and setting; for identity
};

// Nullopt when there is none or it is malformed.
std::optional<BuildInfo> FindBuildInfo(elf::Image& image);

// The offset of the build info's header in `bytes`, which begin at a 16-aligned address; nullopt when it is not there.
std::optional<uint64_t> FindBuildInfoMagic(std::span<const uint8_t> bytes);

}  // namespace nodespan::goinspect
