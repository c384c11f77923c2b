// SPDX-License-Identifier: Apache-2.0
#include "spans/forwarded.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/token.h"

namespace nodespan::spans {
namespace {

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return ToLower(x) == ToLower(y); });
}

enum CharClass : uint8_t {
  kTokenChar = 1,  // RFC 9110 section 5.6.2
  kValueChar = 2,  // A token, or what must be quoted in node identifiers, but some proxies do not bother.
};

constexpr std::array<uint8_t, 256> MakeCharClasses() {
  std::array<uint8_t, 256> classes{};
  for (const char c : base::kTokenCharacters) {
    classes[static_cast<uint8_t>(c)] = kTokenChar | kValueChar;
  }
  for (const char c : {':', '[', ']'}) {
    classes[static_cast<uint8_t>(c)] = kValueChar;
  }
  return classes;
}
constexpr std::array<uint8_t, 256> kCharClasses = MakeCharClasses();

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool AtEnd() const { return text_.empty(); }
  bool Take(char c) {
    if (text_.empty() || text_[0] != c) {
      return false;
    }
    text_.remove_prefix(1);
    return true;
  }
  void SkipBlanks() {
    while (Take(' ') || Take('\t')) {
    }
  }
  std::string_view TakeWhile(CharClass wanted) {
    size_t size = 0;
    while (size < text_.size() && (kCharClasses[static_cast<uint8_t>(text_[size])] & wanted) != 0) {
      ++size;
    }
    const std::string_view taken = text_.substr(0, size);
    text_.remove_prefix(size);
    return taken;
  }
  // Behind the opening quote; nullopt when the closing one is missing.
  std::optional<std::string> TakeQuoted() {
    std::string value;
    while (!text_.empty()) {
      if (Take('"')) {
        return value;
      }
      if (Take('\\') && text_.empty()) {
        break;
      }
      value += text_[0];
      text_.remove_prefix(1);
    }
    return std::nullopt;
  }

 private:
  std::string_view text_;
};

void Assign(std::string_view name, std::string value, Forwarded& forwarded) {
  const auto set_once = [&value](std::string& field) {
    if (field.empty()) {
      field = std::move(value);
    }
  };
  if (EqualsIgnoreCase(name, "for")) {
    set_once(forwarded.for_node);
  } else if (EqualsIgnoreCase(name, "host")) {
    set_once(forwarded.host);
  } else if (EqualsIgnoreCase(name, "proto")) {
    set_once(forwarded.proto);
  }
}

}  // namespace

Forwarded ParseForwarded(std::string_view header, bool cut) {
  Forwarded forwarded;
  // A text that is bad where it was cut is not malformed: what stands before the cut is believed.
  const auto broken = [&](const Cursor& cursor) { return cut && cursor.AtEnd() ? forwarded : Forwarded{}; };
  Cursor cursor(header);
  while (true) {
    cursor.SkipBlanks();
    const std::string_view name = cursor.TakeWhile(kTokenChar);
    if (!name.empty()) {  // "a=1;;b=2": empty parameters are allowed
      if (!cursor.Take('=')) {
        return broken(cursor);
      }
      std::string value;
      if (cursor.Take('"')) {
        std::optional<std::string> quoted = cursor.TakeQuoted();
        if (!quoted) {
          return broken(cursor);
        }
        value = *std::move(quoted);
      } else {
        value = cursor.TakeWhile(kValueChar);
        if (value.empty() || (cut && cursor.AtEnd())) {
          return broken(cursor);
        }
      }
      Assign(name, std::move(value), forwarded);
    }
    cursor.SkipBlanks();
    if (cursor.AtEnd() || cursor.Take(',')) {
      return forwarded;
    }
    if (!cursor.Take(';')) {
      return broken(cursor);
    }
  }
}

std::string_view FirstForwardedElement(std::string_view header, bool cut) {
  const size_t comma = header.find(',');
  if (comma == std::string_view::npos && cut) {
    return {};
  }
  const std::string_view element = header.substr(0, comma);
  constexpr std::string_view kBlanks = " \t";
  const size_t begin = element.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    return {};
  }
  return element.substr(begin, element.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace nodespan::spans
