// SPDX-License-Identifier: Apache-2.0
#include "spans/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace nodespan::spans {

std::string AddressText(const events::SocketAddress& address) {
  constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool mapped =
      address.ip_bytes == 16 && std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.ip.begin());
  const bool v4 = address.ip_bytes == 4 || mapped;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const uint8_t* bytes = address.ip.data() + (mapped ? kMappedPrefix.size() : 0);
  return inet_ntop(v4 ? AF_INET : AF_INET6, bytes, text.data(), text.size()) == nullptr ? std::string() : text.data();
}

}  // namespace nodespan::spans
