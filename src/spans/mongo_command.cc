// SPDX-License-Identifier: Apache-2.0
#include "spans/mongo_command.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "absl/strings/ascii.h"
#include "spans/bson_reader.h"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

constexpr std::string_view kValue = R"("?")";
constexpr std::string_view kMore = "...";
constexpr int kMaxDepth = 16;  // what is deeper is a value

// Commands whose first value is the name of a collection (mongodb.com/docs, Database Commands). That of others is
// whatever they are about: a user, a role, a database.
constexpr std::string_view kOfCollections[] = {
    "aggregate",     "collMod",       "collStats",           "compact",     "count",
    "create",        "createIndexes", "createSearchIndexes", "delete",      "distinct",
    "drop",          "dropIndexes",   "dropSearchIndex",     "find",        "findAndModify",
    "findandmodify", "insert",        "killCursors",         "listIndexes", "listSearchIndexes",
    "mapReduce",     "update",        "updateSearchIndex",   "validate"};

// The only one that has it as its second value.
constexpr std::string_view kGetMore = "getMore";
constexpr std::string_view kCollection = "collection";

// x/mongo/driver/operation.go, addSession and addClusterTime; the others that it adds begin with "$".
constexpr std::string_view kOfTheDriver[] = {"lsid", "txnNumber", "startTransaction", "autocommit"};

bool IsOfTheDriver(std::string_view key) {
  return key.starts_with('$') ||
         std::find(std::begin(kOfTheDriver), std::end(kOfTheDriver), key) != std::end(kOfTheDriver);
}

// `index`: of the element in the command.
bool HasCollection(std::string_view command, const BsonElement& element, int index) {
  if (element.type != BsonElement::kString || element.cut) {
    return false;
  }
  if (index > 0) {
    return index == 1 && command == kGetMore && element.key == kCollection;
  }
  return std::find(std::begin(kOfCollections), std::end(kOfCollections), command) != std::end(kOfCollections);
}

// As JSON has it.
void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : Clean(text)) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += static_cast<unsigned char>(c) < ' ' ? '?' : c;
  }
  out += '"';
}

// Writes the document with "?" for its values. False: it ends early, and so does the text.
bool AppendDocument(const BsonElement& nested, int depth, std::string& out);

bool AppendElement(const BsonElement& element, int depth, std::string& out) {
  if (element.IsNested() && depth < kMaxDepth) {
    return AppendDocument(element, depth + 1, out);
  }
  out += kValue;
  return !element.cut;
}

bool AppendDocument(const BsonElement& nested, int depth, std::string& out) {
  const bool is_array = nested.type == BsonElement::kArray;
  BsonReader reader(nested.value);
  bool has_values = false;  // of a list
  char separator = is_array ? '[' : '{';
  while (const std::optional<BsonElement> element = reader.Next()) {
    if (is_array && !element->IsNested() && !element->cut) {
      if (has_values) {
        continue;
      }
      has_values = true;
    }
    out += separator;
    separator = ',';
    if (!is_array) {
      AppendQuoted(element->key, out);
      out += ':';
    }
    if (!AppendElement(*element, depth, out)) {
      return false;
    }
  }
  if (separator != ',') {
    out += separator;
  }
  if (!reader.IsWhole()) {
    return false;
  }
  out += is_array ? ']' : '}';
  return true;
}

// The text of a command, element by element.
class MongoText {
 public:
  void Add(const BsonElement& element, bool is_collection) {
    if (IsOfTheDriver(element.key)) {
      is_over_ = true;
      return;
    }
    text_ += text_.empty() ? '{' : ',';
    AppendQuoted(element.key, text_);
    text_ += ':';
    if (is_collection) {
      AppendQuoted(element.value, text_);
    } else {
      is_cut_ = !AppendElement(element, 0, text_);
    }
  }
  std::string Take(bool is_whole) && {
    if (!text_.empty()) {
      text_ += is_cut_ || !(is_whole || is_over_) ? kMore : "}";
    }
    return std::move(text_);
  }

 private:
  std::string text_;
  bool is_cut_ = false;
  bool is_over_ = false;  // the driver's own keys come last
};

}  // namespace

std::string MongoOperationOf(std::string_view function) {
  constexpr std::string_view kReceiver = ".(*";
  constexpr std::string_view kMethod = ").command";
  constexpr std::string_view kSuffix = "Op";
  // The only type that is not named after its command (drop_collection.go).
  constexpr std::string_view kDropCollection = "dropCollection";
  const size_t begin = function.rfind(kReceiver);
  if (begin == std::string_view::npos || !function.ends_with(kMethod)) {
    return {};
  }
  function.remove_prefix(begin + kReceiver.size());
  function.remove_suffix(std::min(kMethod.size(), function.size()));
  if (function.ends_with(kSuffix)) {
    function.remove_suffix(kSuffix.size());
  }
  std::string name = Clean(function);
  if (!name.empty()) {
    name.front() = absl::ascii_tolower(static_cast<unsigned char>(name.front()));
  }
  return name == kDropCollection ? "drop" : name;
}

MongoCommand ReadMongoCommand(const events::EventString& command, bool with_text) {
  BsonReader reader(command.text);
  MongoCommand result;
  MongoText text;
  std::string_view name;
  constexpr int kNamed = 2;  // so many elements say what it is
  for (int i = 0; with_text || i < kNamed; ++i) {
    const std::optional<BsonElement> element = reader.Next();
    if (!element) {
      break;
    }
    if (i == 0) {
      name = element->key;
      result.operation = Clean(name);
    }
    const bool is_collection = HasCollection(name, *element, i);
    if (is_collection) {
      result.collection = Clean(element->value);
    }
    if (with_text) {
      text.Add(*element, is_collection);
    }
  }
  if (with_text) {
    result.text = std::move(text).Take(reader.IsWhole());
  }
  return result;
}

}  // namespace nodespan::spans
