// SPDX-License-Identifier: Apache-2.0
#include "spans/socket_address.h"

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

TEST(SocketAddressTest, WritesBothFamilies) {
  EXPECT_EQ(AddressText({.ip = {10, 0, 0, 9}, .ip_bytes = 4}), "10.0.0.9");
  EXPECT_EQ(AddressText({.ip = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, .ip_bytes = 16}),
            "2001:db8::1");
}

TEST(SocketAddressTest, AMappedAddressIsWrittenAsIpv4) {
  EXPECT_EQ(AddressText({.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, .ip_bytes = 16}), "127.0.0.1");
}

}  // namespace
}  // namespace nodespan::spans
