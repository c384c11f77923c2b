// SPDX-License-Identifier: Apache-2.0
// UTF-8 as the receivers of protobuf strings insist on it: a single bad byte in one string makes many of them refuse
// the whole request, with the spans of every other workload in it.
//
// What counts as valid: RFC 3629 (no overlong forms, no surrogates, nothing above U+10FFFF).
#pragma once

#include <string>
#include <string_view>

namespace nodespan::otlp {

bool IsValidUtf8(std::string_view text);

// `text` with every byte that is not part of a valid sequence replaced by U+FFFD.
std::string RepairUtf8(std::string_view text);

}  // namespace nodespan::otlp
