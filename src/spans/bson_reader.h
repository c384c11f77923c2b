// SPDX-License-Identifier: Apache-2.0
// Reads BSON documents element by element (bsonspec.org, version 1.1). The bytes can be anything, and the end may be
// missing.
//
// Pure; all is a view into the document.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nodespan::spans {

struct BsonElement {
  static constexpr uint8_t kString = 0x02;
  static constexpr uint8_t kDocument = 0x03;
  static constexpr uint8_t kArray = 0x04;

  uint8_t type = 0;
  std::string_view key;
  // Of strings the text, of documents and arrays all of it, with its size; else what the type has.
  std::string_view value;
  bool cut = false;  // the value goes on behind the end of what there is

  bool IsNested() const { return type == kDocument || type == kArray; }
};

class BsonReader {
 public:
  // `document`: with its size in front.
  explicit BsonReader(std::string_view document);

  // The next element; absent behind the last, and from the first one on that is malformed or whose key is cut.
  std::optional<BsonElement> Next();

  // Whether the document ended as it should.
  bool IsWhole() const { return is_whole_; }

 private:
  std::string_view rest_;
  bool is_whole_ = false;
};

}  // namespace nodespan::spans
