// SPDX-License-Identifier: Apache-2.0
#include "attach/captured_names.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "model/captured_names.h"

namespace nodespan::attach {
namespace {

static_assert(model::kMaxCapturedNames == NS_CAPTURED_NAMES);
static_assert(model::kMaxCapturedNameBytes == NS_CAPTURED_NAME_BYTES);

std::string Canonical(std::string name) {
  bool is_first = true;
  for (char& c : name) {
    c = is_first ? absl::ascii_toupper(static_cast<unsigned char>(c)) : c;
    is_first = c == '-';
  }
  return name;
}

}  // namespace

ns_captured_names ToCapturedNames(std::span<const std::string> names, HeaderCase letters) {
  ns_captured_names result{};
  for (const std::string& name : names.first(std::min<size_t>(names.size(), NS_CAPTURED_NAMES))) {
    const std::string key = letters == HeaderCase::kCanonical ? Canonical(name) : name;
    ns_captured_name& slot = result.name[result.count++];
    slot.bytes = std::min<size_t>(key.size(), NS_CAPTURED_NAME_BYTES);
    std::memcpy(slot.word, key.data(), slot.bytes);
    result.lengths |= uint64_t{1} << slot.bytes;
  }
  return result;
}

}  // namespace nodespan::attach
