// SPDX-License-Identifier: Apache-2.0
// What a client's connection of HTTP/2 is given a request by, in the three copies of the package:
// golang.org/x/net/http2, the one in net/http up to Go 1.26, and net/http/internal/http2. Source: their
// http2/transport.go, type ClientConn. Each name is that of the innermost function in some releases.
#pragma once

#include <string_view>

namespace nodespan::attach {

inline constexpr std::string_view kXNetRoundTrip[] = {"golang.org/x/net/http2.(*ClientConn).internalRoundTrip",
                                                      "golang.org/x/net/http2.(*ClientConn).roundTrip",
                                                      "golang.org/x/net/http2.(*ClientConn).RoundTrip"};
inline constexpr std::string_view kBundledRoundTrip[] = {"net/http.(*http2ClientConn).roundTrip",
                                                         "net/http.(*http2ClientConn).RoundTrip"};
inline constexpr std::string_view kInternalRoundTrip[] = {"net/http/internal/http2.(*ClientConn).internalRoundTrip",
                                                          "net/http/internal/http2.(*ClientConn).roundTrip",
                                                          "net/http/internal/http2.(*ClientConn).RoundTrip"};

}  // namespace nodespan::attach
