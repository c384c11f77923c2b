// SPDX-License-Identifier: Apache-2.0
// Socket addresses as text. Pure function.
#pragma once

#include <string>

#include "events/record_reader.h"

namespace nodespan::spans {

// "10.0.0.7", "2001:db8::1"; an IPv4 address in IPv6 form is written as IPv4.
std::string AddressText(const events::SocketAddress& address);

}  // namespace nodespan::spans
