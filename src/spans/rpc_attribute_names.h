// SPDX-License-Identifier: Apache-2.0
// Names of the RPC attributes in both generations of the semantic conventions (SPEC section 3.3).
#pragma once

#include "spans/attribute_name.h"

namespace nodespan::spans::rpc {

inline constexpr AttributeName kSystem{"rpc.system.name", "rpc.system"};
// The same key with another value: "package.Service/Method" and "Method".
inline constexpr AttributeName kMethodStable{"rpc.method", ""};
inline constexpr AttributeName kMethodOld{"", "rpc.method"};
inline constexpr AttributeName kMethodOriginal{"rpc.method_original", ""};
inline constexpr AttributeName kService{"", "rpc.service"};
// A name and a number.
inline constexpr AttributeName kStatusCodeStable{"rpc.response.status_code", ""};
inline constexpr AttributeName kStatusCodeOld{"", "rpc.grpc.status_code"};
inline constexpr AttributeName kErrorType{"error.type", ""};
inline constexpr AttributeName kServerAddress{"server.address", "server.address"};
inline constexpr AttributeName kServerPort{"server.port", "server.port"};
inline constexpr AttributeName kPeerAddress{"network.peer.address", "network.peer.address"};
inline constexpr AttributeName kPeerPort{"network.peer.port", "network.peer.port"};

}  // namespace nodespan::spans::rpc
