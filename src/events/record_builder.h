// SPDX-License-Identifier: Apache-2.0
// Builds records as the BPF programs emit them, for tests, benchmarks and fuzz corpora.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/abi/nodespan_abi.h"

namespace nodespan::events::testing {

// A complete, valid HTTP server record; change `fixed` and the strings at will, then take Bytes().
class HttpServerRecordBuilder {
 public:
  HttpServerRecordBuilder() {
    ns_record_header& header = fixed.header;
    header.type = NS_RECORD_HTTP_SERVER;
    header.abi_version = NODESPAN_ABI_VERSION;
    header.target_slot = 3;
    header.target_generation = 7;
    header.start_mono_ns = 1'000'000;
    header.end_mono_ns = 3'500'000;
    std::memset(header.trace_id, 0xaa, sizeof(header.trace_id));
    std::memset(header.span_id, 0xbb, sizeof(header.span_id));
    header.trace_flags = 1;
    fixed.present = NS_HTTP_HAS_STATUS | NS_HTTP_HAS_REQUEST_BYTES | NS_HTTP_HAS_RESPONSE_BYTES | NS_HTTP_HAS_TLS |
                    NS_HTTP_HAS_PROTO;
    fixed.status = 200;
    fixed.outcome = NS_HTTP_HANDLED;
    fixed.response_body_bytes = 1234;
    fixed.proto_major = 1;
    fixed.proto_minor = 1;
    Set(NS_HTTP_METHOD, "GET");
    Set(NS_HTTP_URI, "/users/42?verbose=1");
    Set(NS_HTTP_HOST, "shop.example:8080");
    Set(NS_HTTP_REMOTE_ADDR, "10.0.0.7:51234");
    Set(NS_HTTP_USER_AGENT, "curl/8.5.0");
    Set(NS_HTTP_PATTERN, "GET /users/{id}");
  }

  HttpServerRecordBuilder& Set(ns_http_string which, std::string_view text, bool cut = false) {
    strings_[which] = text;
    const auto bit = static_cast<uint16_t>(1U << which);
    fixed.strings_cut = static_cast<uint16_t>(cut ? fixed.strings_cut | bit : fixed.strings_cut & ~bit);
    return *this;
  }

  std::vector<std::byte> Bytes() const {
    ns_http_server_record head = fixed;
    std::string tail;
    for (size_t i = 0; i < strings_.size(); ++i) {
      head.string_bytes[i] = static_cast<uint16_t>(strings_[i].size());
      tail += strings_[i];
    }
    head.header.size_bytes = static_cast<uint32_t>(sizeof(head) + tail.size());
    std::vector<std::byte> bytes(head.header.size_bytes);
    std::memcpy(bytes.data(), &head, sizeof(head));
    std::memcpy(bytes.data() + sizeof(head), tail.data(), tail.size());
    return bytes;
  }

  ns_http_server_record fixed{};

 private:
  std::array<std::string, NS_HTTP_STRING_COUNT> strings_;
};

}  // namespace nodespan::events::testing
