// SPDX-License-Identifier: Apache-2.0
// Names of the HTTP attributes in both generations of the semantic conventions (SPEC section 3.2).
#pragma once

#include "spans/attribute_name.h"

namespace nodespan::spans::http {

inline constexpr AttributeName kRequestMethod{"http.request.method", "http.method"};
inline constexpr AttributeName kRequestMethodOriginal{"http.request.method_original", ""};
inline constexpr AttributeName kStatusCode{"http.response.status_code", "http.status_code"};
inline constexpr AttributeName kErrorType{"error.type", ""};
inline constexpr AttributeName kUrlPath{"url.path", ""};
inline constexpr AttributeName kUrlQuery{"url.query", ""};
inline constexpr AttributeName kTarget{"", "http.target"};
inline constexpr AttributeName kUrl{"", "http.url"};
inline constexpr AttributeName kScheme{"url.scheme", "http.scheme"};
inline constexpr AttributeName kRoute{"http.route", "http.route"};
inline constexpr AttributeName kServerAddress{"server.address", "net.host.name"};
inline constexpr AttributeName kServerPort{"server.port", "net.host.port"};
inline constexpr AttributeName kClientAddress{"client.address", "http.client_ip"};
inline constexpr AttributeName kPeerAddress{"network.peer.address", "net.sock.peer.addr"};
inline constexpr AttributeName kPeerPort{"network.peer.port", "net.sock.peer.port"};
inline constexpr AttributeName kProtocolVersion{"network.protocol.version", "net.protocol.version"};
inline constexpr AttributeName kUserAgent{"user_agent.original", "user_agent.original"};
inline constexpr AttributeName kRequestBodySize{"http.request.body.size", "http.request_content_length"};
inline constexpr AttributeName kResponseBodySize{"http.response.body.size", "http.response_content_length"};

}  // namespace nodespan::spans::http
