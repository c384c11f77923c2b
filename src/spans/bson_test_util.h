// SPDX-License-Identifier: Apache-2.0
// Makes BSON documents for tests.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nodespan::spans {

template <typename Number>
std::string BsonNumber(Number value) {
  std::string bytes(sizeof(value), '\0');
  std::memcpy(bytes.data(), &value, sizeof(value));
  return bytes;
}

// A value with its type in front.
inline std::string BsonValue(uint8_t type, std::string_view bytes) {
  return static_cast<char>(type) + std::string(bytes);
}
inline std::string BsonText(std::string_view text) {
  return BsonValue(0x02, BsonNumber(static_cast<int32_t>(text.size() + 1)) + std::string(text) + '\0');
}
inline std::string BsonInt(int64_t value) { return BsonValue(0x12, BsonNumber(value)); }

using BsonFields = std::vector<std::pair<std::string, std::string>>;  // key and value

inline std::string BsonDocument(const BsonFields& fields) {
  std::string body;
  for (const auto& [key, value] : fields) {
    body += value.substr(0, 1) + key + '\0' + value.substr(1);
  }
  return BsonNumber(static_cast<int32_t>(body.size() + sizeof(int32_t) + 1)) + body + '\0';
}
inline std::string BsonNested(const BsonFields& fields) { return BsonValue(0x03, BsonDocument(fields)); }
inline std::string BsonList(const std::vector<std::string>& values) {
  BsonFields fields;
  for (size_t i = 0; i < values.size(); ++i) {
    fields.emplace_back(std::to_string(i), values[i]);
  }
  return BsonValue(0x04, BsonDocument(fields));
}

}  // namespace nodespan::spans
