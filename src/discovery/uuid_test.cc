// SPDX-License-Identifier: Apache-2.0
#include "discovery/uuid.h"

#include "gtest/gtest.h"

namespace nodespan::discovery {
namespace {

// RFC 9562 appendix A.4.
TEST(UuidTest, AgreesWithTheExampleOfTheRfc) {
  constexpr Uuid kDns = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                         0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
  EXPECT_EQ(UuidFromName(kDns, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(UuidTest, DiffersByNameAndNameSpace) {
  EXPECT_NE(UuidFromName({}, "a"), UuidFromName({}, "b"));
  EXPECT_NE(UuidFromName({}, "a"), UuidFromName({1}, "a"));
}

}  // namespace
}  // namespace nodespan::discovery
