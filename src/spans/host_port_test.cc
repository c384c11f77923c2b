// SPDX-License-Identifier: Apache-2.0
#include "spans/host_port.h"

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

TEST(HostPortTest, SplitsNamesAndIpv4) {
  EXPECT_EQ(SplitHostPort("shop.example"), (HostPort{"shop.example", std::nullopt}));
  EXPECT_EQ(SplitHostPort("shop.example:8080"), (HostPort{"shop.example", 8080}));
  EXPECT_EQ(SplitHostPort("10.0.0.7:51234"), (HostPort{"10.0.0.7", 51234}));
  EXPECT_EQ(SplitHostPort(""), (HostPort{"", std::nullopt}));
}

TEST(HostPortTest, SplitsIpv6WithAndWithoutBracketsAndZone) {
  EXPECT_EQ(SplitHostPort("[2001:db8::1]:443"), (HostPort{"2001:db8::1", 443}));
  EXPECT_EQ(SplitHostPort("[2001:db8::1]"), (HostPort{"2001:db8::1", std::nullopt}));
  EXPECT_EQ(SplitHostPort("2001:db8::1"), (HostPort{"2001:db8::1", std::nullopt}));
  EXPECT_EQ(SplitHostPort("[fe80::1%eth0]:80"), (HostPort{"fe80::1%eth0", 80}));
  EXPECT_EQ(SplitHostPort("::1"), (HostPort{"::1", std::nullopt}));
}

TEST(HostPortTest, WhatIsNotAPortIsNoPort) {
  EXPECT_EQ(SplitHostPort("a:"), (HostPort{"a", std::nullopt}));
  EXPECT_EQ(SplitHostPort("a:0"), (HostPort{"a", std::nullopt}));
  EXPECT_EQ(SplitHostPort("a:65535"), (HostPort{"a", 65535}));
  EXPECT_EQ(SplitHostPort("a:65536"), (HostPort{"a", std::nullopt}));
  EXPECT_EQ(SplitHostPort("a:+80"), (HostPort{"a", std::nullopt}));
  EXPECT_EQ(SplitHostPort("a:http"), (HostPort{"a", std::nullopt}));
  EXPECT_EQ(SplitHostPort("[::1]80"), (HostPort{"::1", std::nullopt}));
  EXPECT_EQ(SplitHostPort("[::1"), (HostPort{"::1", std::nullopt}));
  EXPECT_EQ(SplitHostPort("["), (HostPort{"", std::nullopt}));
  EXPECT_EQ(SplitHostPort(":80"), (HostPort{"", 80}));
}

TEST(HostPortTest, PeerOfAUnixSocketHasNoPortAndUsuallyNoName) {
  EXPECT_EQ(SplitPeerAddress("@"), (HostPort{"", std::nullopt}));
  EXPECT_EQ(SplitPeerAddress("@agent:1"), (HostPort{"@agent:1", std::nullopt}));
  EXPECT_EQ(SplitPeerAddress("/run/a:80"), (HostPort{"/run/a:80", std::nullopt}));
  EXPECT_EQ(SplitPeerAddress("127.0.0.1:80"), (HostPort{"127.0.0.1", 80}));
  EXPECT_EQ(SplitPeerAddress("pipe"), (HostPort{"pipe", std::nullopt}));
}

}  // namespace
}  // namespace nodespan::spans
