// SPDX-License-Identifier: Apache-2.0
#include "config/otlp_options.h"

#include <algorithm>
#include <array>

#include "absl/strings/escaping.h"
#include "config/env_value.h"

namespace nodespan::config {
namespace {

// Resolvers that are compiled into gRPC C++ (doc/naming.md of grpc/grpc).
constexpr std::array<std::string_view, 7> kGrpcSchemes = {"dns",   "unix", "unix-abstract", "ipv4", "ipv6",
                                                          "vsock", "xds"};

absl::Status BadEndpoint(std::string_view why) {
  return base::MakeStatus(absl::StatusCode::kInvalidArgument,
                          "{}; expected http://HOST:PORT, https://HOST:PORT or HOST:PORT", why);
}

// HOST, HOST:PORT, [IPV6] or [IPV6]:PORT.
absl::Status CheckAuthority(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  bool has_port = false;
  size_t host_end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
  if (authority.starts_with('[')) {
    if (host_end == std::string_view::npos) {
      return BadEndpoint("the host lacks its ']'");
    }
    ++host_end;
    host = authority.substr(1, host_end - 2);
  } else {
    host = authority.substr(0, host_end);
  }
  if (host_end < authority.size()) {
    if (authority[host_end] != ':') {
      return BadEndpoint("there is text between ']' and the port");
    }
    has_port = true;
    port = authority.substr(host_end + 1);
  }
  if (host.empty()) {
    return BadEndpoint("the host is missing");
  }
  if (has_port && !ParseInteger(port, 1, 65535).ok()) {
    return BadEndpoint("the port is not a number from 1 to 65535");
  }
  return absl::OkStatus();
}

// What grpc_header_key_is_legal() takes: a subset of the tokens of RFC 7230.
bool IsMetadataKey(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

absl::StatusOr<std::pair<std::string, std::string>> ParseHeader(std::string_view item) {
  size_t equals = item.find('=');
  if (equals == std::string_view::npos) {
    return absl::InvalidArgumentError("expected key=value");
  }
  std::string key = ToLower(Trim(item.substr(0, equals)));
  if (!IsMetadataKey(key)) {
    // The text is not repeated: "Authorization: Bearer ..." written with a colon ends up here.
    return absl::InvalidArgumentError("expected a key of letters, digits, '-', '_' and '.' before '='");
  }
  absl::StatusOr<std::string> decoded = PercentDecode(item.substr(equals + 1));
  if (!decoded.ok()) {
    return base::Annotate(decoded.status(), fmt::format("value of {}", key));
  }
  std::string value(Trim(*decoded));
  if (key.ends_with("-bin")) {
    std::string binary;
    if (!absl::Base64Unescape(base::ToAbsl(value), &binary)) {
      return base::MakeStatus(absl::StatusCode::kInvalidArgument, "value of {}: expected base64", key);
    }
    return std::pair(std::move(key), std::move(value));
  }
  if (!std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7e; })) {
    return base::MakeStatus(absl::StatusCode::kInvalidArgument, "value of {}: expected printable ASCII", key);
  }
  return std::pair(std::move(key), std::move(value));
}

}  // namespace

absl::StatusOr<std::string> ParseEndpoint(std::string_view text) {
  text = Trim(text);
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return BadEndpoint("there is a blank or a control character in it");
  }
  size_t colon = text.find(':');
  std::string scheme = colon == std::string_view::npos ? "" : ToLower(text.substr(0, colon));
  if (std::find(kGrpcSchemes.begin(), kGrpcSchemes.end(), scheme) != kGrpcSchemes.end()) {
    std::string_view rest = text.substr(colon + 1);
    if (rest.find_first_not_of('/') == std::string_view::npos) {
      return BadEndpoint("the address behind the scheme is missing");
    }
    return scheme + ":" + std::string(rest);
  }
  std::string endpoint(text);
  std::string_view authority = text;
  if (size_t separator = text.find("://"); separator != std::string_view::npos) {
    if (scheme != "http" && scheme != "https") {
      return BadEndpoint("the scheme is not supported");
    }
    std::string_view rest = text.substr(separator);
    endpoint = scheme + std::string(rest);
    authority = rest.substr(3);
    authority = authority.substr(0, authority.find_first_of("/?#"));
  } else if (text.find('/') != std::string_view::npos) {
    return BadEndpoint("there is a path without a scheme");
  }
  if (authority.find('@') != std::string_view::npos) {
    return BadEndpoint("user information is not supported (send credentials with OTEL_EXPORTER_OTLP_HEADERS)");
  }
  if (absl::Status bad = CheckAuthority(authority); !bad.ok()) {
    return bad;
  }
  return endpoint;
}

absl::StatusOr<OtlpProtocol> ParseOtlpProtocol(std::string_view text) {
  constexpr std::array<NamedValue<OtlpProtocol>, 2> kProtocols = {
      {{"grpc", OtlpProtocol::kGrpc}, {"http/protobuf", OtlpProtocol::kHttpProtobuf}}};
  return ParseEnum<OtlpProtocol>(text, kProtocols);
}

Headers ParseHeaders(std::string_view variable, std::string_view text, Warnings& warnings) {
  Headers headers;
  size_t number = 0;
  for (std::string_view item : SplitList(text)) {
    ++number;
    auto header = ParseHeader(item);
    if (header.ok()) {
      headers.push_back(*std::move(header));
    } else {
      warnings.Add(variable, fmt::format("item {}: {}", number, base::Message(header.status())),
                   "leaving this header out");
    }
  }
  return headers;
}

}  // namespace nodespan::config
