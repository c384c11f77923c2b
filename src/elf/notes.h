// SPDX-License-Identifier: Apache-2.0
// Finds a note by name and type among the PT_NOTE segments. Source: System V ABI "Note Section"; elf(5).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace nodespan::elf {

// In the bytes of one PT_NOTE segment: the description of the note, a part of `notes`; nullopt when there is none or
// the notes before it are malformed.
std::optional<std::span<const uint8_t>> FindNote(std::span<const uint8_t> notes, std::string_view name, uint32_t type);

}  // namespace nodespan::elf
