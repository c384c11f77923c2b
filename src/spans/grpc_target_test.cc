// SPDX-License-Identifier: Apache-2.0
#include "spans/grpc_target.h"

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

TEST(GrpcTargetTest, FindsHostAndPort) {
  const GrpcServerName cart{"cart.example", 50051};
  EXPECT_EQ(ParseGrpcTarget("cart.example:50051"), cart);
  EXPECT_EQ(ParseGrpcTarget("dns:cart.example:50051"), cart);
  EXPECT_EQ(ParseGrpcTarget("dns:///cart.example:50051"), cart);
  EXPECT_EQ(ParseGrpcTarget("dns://8.8.8.8/cart.example:50051"), cart);
  EXPECT_EQ(ParseGrpcTarget("passthrough:///cart.example:50051"), cart);
  EXPECT_EQ(ParseGrpcTarget("dns:///cart.example"), (GrpcServerName{"cart.example", std::nullopt}));
  EXPECT_EQ(ParseGrpcTarget("passthrough:///bufnet"), (GrpcServerName{"bufnet", std::nullopt}));
  EXPECT_EQ(ParseGrpcTarget("[2001:db8::1]:443"), (GrpcServerName{"2001:db8::1", 443}));
  EXPECT_EQ(ParseGrpcTarget("ipv4:10.0.0.1:443"), (GrpcServerName{"10.0.0.1", 443}));
}

TEST(GrpcTargetTest, TakesThePathOfAUnixSocket) {
  EXPECT_EQ(ParseGrpcTarget("unix:///run/cart.sock"), (GrpcServerName{"/run/cart.sock", std::nullopt}));
  EXPECT_EQ(ParseGrpcTarget("unix:run/cart.sock"), (GrpcServerName{"run/cart.sock", std::nullopt}));
  EXPECT_EQ(ParseGrpcTarget("unix-abstract:cart"), (GrpcServerName{"cart", std::nullopt}));
}

TEST(GrpcTargetTest, KeepsWhatNamesNoSingleServer) {
  for (const std::string_view target : {"ipv4:10.0.0.1:443,10.0.0.2:443", "xds:///cart", "consul://agent/cart",
                                        "dns:///", "dns://8.8.8.8", "", "a/b"}) {
    EXPECT_EQ(ParseGrpcTarget(target), (GrpcServerName{target, std::nullopt})) << target;
  }
}

}  // namespace
}  // namespace nodespan::spans
