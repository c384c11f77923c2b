// SPDX-License-Identifier: Apache-2.0
#include "spans/bson_reader.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "spans/bson_test_util.h"

namespace nodespan::spans {
namespace {

std::vector<BsonElement> ElementsOf(std::string_view document, bool* is_whole) {
  BsonReader reader(document);
  std::vector<BsonElement> elements;
  while (const std::optional<BsonElement> element = reader.Next()) {
    elements.push_back(*element);
  }
  *is_whole = reader.IsWhole();
  return elements;
}

TEST(BsonReaderTest, PassesOverValuesOfEveryType) {
  using namespace std::string_literals;
  const std::string text = BsonText("x").substr(1);
  const std::vector<std::string> values = {
      BsonValue(0x01, "12345678"),
      BsonText("text"),
      BsonNested({{"a", BsonInt(1)}}),
      BsonList({BsonInt(1)}),
      BsonValue(0x05, BsonNumber(int32_t{2}) + "\0xy"s),
      BsonValue(0x06, ""),
      BsonValue(0x07, "123456789012"),
      BsonValue(0x08, "\1"),
      BsonValue(0x09, "12345678"),
      BsonValue(0x0a, ""),
      BsonValue(0x0b, "^a\0i\0"s),
      BsonValue(0x0c, text + "123456789012"),
      BsonValue(0x0d, text),
      BsonValue(0x0e, text),
      BsonValue(0x0f, BsonNumber(static_cast<int32_t>(4 + text.size() + 5)) + text + BsonDocument({})),
      BsonValue(0x10, "1234"),
      BsonValue(0x11, "12345678"),
      BsonInt(5),
      BsonValue(0x13, "1234567890123456"),
      BsonValue(0x7f, ""),
      BsonValue(0xff, "")};
  for (const std::string& value : values) {
    const std::string document = BsonDocument({{"first", value}, {"last", BsonText("end")}});
    bool is_whole = false;
    const std::vector<BsonElement> elements = ElementsOf(document, &is_whole);
    ASSERT_EQ(elements.size(), 2U) << int{static_cast<uint8_t>(value.front())};
    EXPECT_EQ(elements[0].key, "first");
    EXPECT_EQ(elements[0].type, static_cast<uint8_t>(value.front()));
    EXPECT_FALSE(elements[0].cut);
    EXPECT_EQ(elements[1].value, "end");
    EXPECT_TRUE(is_whole);
  }
}

TEST(BsonReaderTest, GivesWhatThereIsOfACutValue) {
  const std::string document = BsonDocument({{"a", BsonInt(1)}, {"b", BsonText("long text")}});
  bool is_whole = true;
  const std::vector<BsonElement> elements =
      ElementsOf(std::string_view(document).substr(0, document.size() - 5), &is_whole);
  ASSERT_EQ(elements.size(), 2U);
  EXPECT_TRUE(elements[1].cut);
  EXPECT_EQ(elements[1].value, "long t");
  EXPECT_FALSE(is_whole);
}

TEST(BsonReaderTest, EndsAtWhatIsMalformed) {
  bool is_whole = true;
  EXPECT_TRUE(ElementsOf("", &is_whole).empty());
  EXPECT_FALSE(is_whole);
  EXPECT_TRUE(ElementsOf(BsonNumber(int32_t{3}), &is_whole).empty());  // smaller than its own size
  EXPECT_TRUE(ElementsOf(BsonNumber(int32_t{-1}) + "\x0a", &is_whole).empty());
  EXPECT_TRUE(ElementsOf(BsonNumber(int32_t{9}) + "\x0a"
                                                  "key",
                         &is_whole)
                  .empty());  // its key does not end
  const std::string unknown = BsonDocument({{"a", BsonValue(0x42, "12")}, {"b", BsonInt(1)}});
  ASSERT_EQ(ElementsOf(unknown, &is_whole).size(), 1U);
  EXPECT_FALSE(is_whole);
  const std::string negative = BsonDocument({{"a", BsonValue(0x02, BsonNumber(int32_t{-5}) + "abc")}});
  const std::vector<BsonElement> elements = ElementsOf(negative, &is_whole);
  ASSERT_EQ(elements.size(), 1U);
  EXPECT_TRUE(elements[0].cut);
  const std::string more = BsonNumber(int32_t{6}) + std::string(2, '\0');
  EXPECT_TRUE(ElementsOf(more, &is_whole).empty());
  EXPECT_FALSE(is_whole) << "there is something behind its end";
}

TEST(BsonReaderTest, EmptyDocumentsAreWhole) {
  bool is_whole = false;
  EXPECT_TRUE(ElementsOf(BsonDocument({}), &is_whole).empty());
  EXPECT_TRUE(is_whole);
}

}  // namespace
}  // namespace nodespan::spans
