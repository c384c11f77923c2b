// SPDX-License-Identifier: Apache-2.0
// "host:port" in the forms of RFC 9110 (Host), RFC 7239 (nodes) and Go's net.Addr.String(). Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nodespan::spans {

struct HostPort {
  std::string_view host;         // Without brackets; an IPv6 zone ("%eth0") is kept. May be empty.
  std::optional<uint16_t> port;  // 1-65535; absent when there is none or it is not a port.

  bool operator==(const HostPort&) const = default;
};

// name, name:port, IPv4, IPv4:port, [IPv6], [IPv6]:port; more than one colon without brackets is a bare IPv6 address.
HostPort SplitHostPort(std::string_view text);

// What net/http puts into Request.RemoteAddr: as above for TCP; for a Unix socket the name of the peer, which is "@" or
// empty for the usual unnamed one (host is empty then: there is no address) and may contain any character.
HostPort SplitPeerAddress(std::string_view text);

}  // namespace nodespan::spans
