// SPDX-License-Identifier: Apache-2.0
#include "config/warnings.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace nodespan::config {
namespace {

constexpr size_t kMaxQuotedBytes = 80;

}  // namespace

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool is_printable = c >= 0x20 && c <= 0x7e;
    escaped += is_printable ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return escaped;
}

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text.substr(0, kMaxQuotedBytes)) {
    quoted += c == '"' || c == '\\' ? std::string{'\\', c} : Escape({&c, 1});
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

void Warnings::Add(std::string_view problem, std::string_view consequence) {
  list_.push_back(fmt::format("{}; {}", problem, consequence));
}

void Warnings::DropRepeated() {
  std::vector<std::string> kept;
  for (std::string& warning : list_) {
    if (std::find(kept.begin(), kept.end(), warning) == kept.end()) {
      kept.push_back(std::move(warning));
    }
  }
  list_ = std::move(kept);
}

}  // namespace nodespan::config
