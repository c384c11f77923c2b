// SPDX-License-Identifier: Apache-2.0
#include "config/warnings.h"

#include "fmt/format.h"

namespace nodespan::config {
namespace {

constexpr size_t kMaxQuotedBytes = 80;

}  // namespace

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text.substr(0, kMaxQuotedBytes)) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c < 0x20 || c > 0x7e) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  quoted += text.size() > kMaxQuotedBytes ? "...\"" : "\"";
  return quoted;
}

void Warnings::AddBadValue(std::string_view name, std::string_view value, std::string_view problem,
                           std::string_view consequence) {
  list_.push_back(fmt::format("{}={}: {}; {}", name, Quote(value), problem, consequence));
}

void Warnings::Add(std::string_view name, std::string_view problem, std::string_view consequence) {
  list_.push_back(fmt::format("{}: {}; {}", name, problem, consequence));
}

}  // namespace nodespan::config
