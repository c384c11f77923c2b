// SPDX-License-Identifier: Apache-2.0
// Finds a note by name and type among the PT_NOTE segments. Source: System V ABI "Note Section"; elf(5).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace nodespan::elf {

// Types of notes that tell builds apart.
inline constexpr uint32_t kGoBuildIdNote = 4;   // of "Go": ELF_NOTE_GOBUILDID_TAG of cmd/link
inline constexpr uint32_t kGnuBuildIdNote = 3;  // of "GNU": NT_GNU_BUILD_ID

// In the bytes of one PT_NOTE segment: the description of the note, a part of `notes`; nullopt when there is none or
// the notes before it are malformed.
std::optional<std::span<const uint8_t>> FindNote(std::span<const uint8_t> notes, std::string_view name, uint32_t type);

}  // namespace nodespan::elf
