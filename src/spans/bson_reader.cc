// SPDX-License-Identifier: Apache-2.0
#include "spans/bson_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace nodespan::spans {
namespace {

constexpr size_t kSizeBytes = 4;

// The number that a string, a document and the like begin with; little-endian, like this machine.
std::optional<size_t> ReadSize(std::string_view bytes) {
  int32_t size = 0;
  if (bytes.size() < sizeof(size)) {
    return std::nullopt;
  }
  std::memcpy(&size, bytes.data(), sizeof(size));
  return size < 0 ? std::nullopt : std::optional(static_cast<size_t>(size));
}

// Bytes of a value that has `before` bytes, its size included, in front of as many as the size says.
std::optional<size_t> WithSize(std::string_view bytes, size_t before) {
  const std::optional<size_t> size = ReadSize(bytes);
  return size ? std::optional(*size + before) : std::nullopt;
}

// Bytes of a value whose size counts itself.
std::optional<size_t> Whole(std::string_view bytes) {
  const std::optional<size_t> size = ReadSize(bytes);
  return size && *size >= kSizeBytes ? size : std::nullopt;
}

// Bytes of `count` texts that end in a zero.
std::optional<size_t> Texts(std::string_view bytes, int count) {
  size_t end = 0;
  for (; count > 0; --count) {
    const size_t zero = bytes.find('\0', end);
    if (zero == std::string_view::npos) {
      return std::nullopt;
    }
    end = zero + 1;
  }
  return end;
}

// Bytes of the value of that type at the front of `bytes`; more than there are when it is cut. Absent when that cannot
// be told.
std::optional<size_t> ValueBytes(uint8_t type, std::string_view bytes) {
  switch (type) {
    case 0x01: return 8;  // double
    case BsonElement::kString: return WithSize(bytes, kSizeBytes);
    case BsonElement::kDocument:
    case BsonElement::kArray: return Whole(bytes);
    case 0x05: return WithSize(bytes, kSizeBytes + 1);   // binary, with its subtype
    case 0x06: return 0;                                 // undefined
    case 0x07: return 12;                                // ObjectId
    case 0x08: return 1;                                 // bool
    case 0x09: return 8;                                 // time
    case 0x0a: return 0;                                 // null
    case 0x0b: return Texts(bytes, 2);                   // regular expression
    case 0x0c: return WithSize(bytes, kSizeBytes + 12);  // DBPointer
    case 0x0d:                                           // JavaScript
    case 0x0e: return WithSize(bytes, kSizeBytes);       // symbol
    case 0x0f: return Whole(bytes);                      // JavaScript with scope
    case 0x10: return 4;                                 // int32
    case 0x11:                                           // timestamp
    case 0x12: return 8;                                 // int64
    case 0x13: return 16;                                // decimal128
    case 0x7f:                                           // greatest and least key
    case 0xff: return 0;
    default: return std::nullopt;
  }
}

}  // namespace

BsonReader::BsonReader(std::string_view document) {
  const std::optional<size_t> size = Whole(document);
  if (size) {
    rest_ = document.substr(kSizeBytes, std::min(*size, document.size()) - kSizeBytes);
  }
}

std::optional<BsonElement> BsonReader::Next() {
  std::string_view bytes = rest_;
  rest_ = {};
  if (bytes.empty()) {
    return std::nullopt;
  }
  if (bytes.front() == '\0') {
    is_whole_ = bytes.size() == 1;
    return std::nullopt;
  }
  BsonElement element{.type = static_cast<uint8_t>(bytes.front())};
  bytes.remove_prefix(1);
  const std::optional<size_t> key_bytes = Texts(bytes, 1);
  if (!key_bytes) {
    return std::nullopt;
  }
  element.key = bytes.substr(0, *key_bytes - 1);
  bytes.remove_prefix(*key_bytes);
  const std::optional<size_t> value_bytes = ValueBytes(element.type, bytes);
  element.cut = !value_bytes || *value_bytes > bytes.size();
  element.value = element.cut ? bytes : bytes.substr(0, *value_bytes);
  if (!element.cut) {
    rest_ = bytes.substr(*value_bytes);
  }
  if (element.type == BsonElement::kString) {
    element.value.remove_prefix(std::min(kSizeBytes, element.value.size()));
    if (!element.cut && !element.value.empty()) {
      element.value.remove_suffix(1);
    }
  }
  return element;
}

}  // namespace nodespan::spans
