// SPDX-License-Identifier: Apache-2.0
#include "attach/captured_names.h"

#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::attach {
namespace {

std::string_view TextOf(const ns_captured_name& name) { return {reinterpret_cast<const char*>(name.word), name.bytes}; }

TEST(ToCapturedNamesTest, AreWrittenAsTheMapHasThem) {
  const std::vector<std::string> names = {"x-request-id", "dnt"};
  const ns_captured_names http = ToCapturedNames(names, HeaderCase::kCanonical);
  EXPECT_EQ(http.count, 2U);
  EXPECT_EQ(http.lengths, 1U << 12 | 1U << 3);
  EXPECT_EQ(TextOf(http.name[0]), "X-Request-Id");
  EXPECT_EQ(TextOf(http.name[1]), "Dnt");
  EXPECT_EQ(TextOf(ToCapturedNames(names, HeaderCase::kLower).name[0]), "x-request-id");
}

TEST(ToCapturedNamesTest, TakesTheLongestNameAndTheFullList) {
  const std::vector<std::string> names(NS_CAPTURED_NAMES + 1, std::string(NS_CAPTURED_NAME_BYTES, 'x'));
  const ns_captured_names result = ToCapturedNames(names, HeaderCase::kLower);
  EXPECT_EQ(result.count, uint64_t{NS_CAPTURED_NAMES});
  EXPECT_EQ(TextOf(result.name[NS_CAPTURED_NAMES - 1]), names[0]);
  EXPECT_EQ(result.lengths, uint64_t{1} << NS_CAPTURED_NAME_BYTES);
}

}  // namespace
}  // namespace nodespan::attach
