// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as a command of MongoDB, whole and cut.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "spans/bson_reader.h"
#include "spans/mongo_command.h"

namespace {

using namespace nodespan;
using namespace nodespan::spans;

void Require(bool promise) {
  if (!promise) {
    std::abort();
  }
}

// A document of one string.
std::string DocumentOf(std::string_view key, std::string_view value) {
  const auto number = [](size_t size) {
    const auto narrow = static_cast<int32_t>(size);
    std::string bytes(sizeof(narrow), '\0');
    std::memcpy(bytes.data(), &narrow, sizeof(narrow));
    return bytes;
  };
  const std::string body =
      '\x02' + std::string(key) + '\0' + number(value.size() + 1) + std::string(value) + '\0' + '\0';
  return number(body.size() + sizeof(int32_t)) + body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const MongoCommand command = ReadMongoCommand({.text = bytes}, true);
  Require(base::IsValidUtf8(command.operation) && base::IsValidUtf8(command.collection));
  Require(base::IsValidUtf8(command.text));
  const MongoCommand without = ReadMongoCommand({.text = bytes}, false);
  Require(without.operation == command.operation && without.collection == command.collection && without.text.empty());

  size_t taken = 0;
  for (BsonReader reader(bytes); const auto element = reader.Next();) {
    taken += 1 + element->key.size() + 1 + element->value.size();
  }
  Require(taken <= size);

  // No value is shown, whatever is in it and wherever it is cut.
  const std::string document = DocumentOf("comment", bytes);
  const MongoCommand comment = ReadMongoCommand({.text = document}, true);
  Require(comment.text == R"({"comment":"?"})");
  const std::string_view start = std::string_view(document).substr(0, document.size() / 2);
  const std::string text = ReadMongoCommand({.text = start, .cut = true}, true).text;
  Require(text.empty() || text == R"({"comment":"?"...)");
  return 0;
}
