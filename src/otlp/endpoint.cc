// SPDX-License-Identifier: Apache-2.0
#include "otlp/endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::otlp {
namespace {

using base::MakeStatus;

constexpr std::string_view kDefaultPort = "4317";
// Scheme -> does the rest name hosts with ports that may be missing?
constexpr std::array<std::pair<std::string_view, bool>, 5> kGrpcSchemes = {
    {{"dns", true}, {"ipv4", true}, {"ipv6", true}, {"unix", false}, {"unix-abstract", false}}};

absl::Status Invalid(std::string_view text, std::string_view why) {
  return MakeStatus(absl::StatusCode::kInvalidArgument, "OTLP endpoint \"{}\": {}", text, why);
}

bool IsPort(std::string_view text) {
  uint32_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

std::string ToLower(std::string_view text) {
  std::string lower(text);
  absl::AsciiStrToLower(&lower);
  return lower;
}

// "host", "host:port", "[v6]", "[v6]:port" -> the same with a port.
absl::StatusOr<std::string> WithPort(std::string_view authority, std::string_view text, Endpoint& endpoint) {
  if (authority.find('@') != std::string_view::npos) {
    return Invalid(text, "user and password do not belong here; use OTEL_EXPORTER_OTLP_HEADERS");
  }
  std::string_view host = authority;
  std::string_view after_host;
  if (authority.starts_with('[')) {
    const size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) {
      return Invalid(text, "missing ] after the IPv6 address");
    }
    host = authority.substr(0, bracket + 1);
    after_host = authority.substr(bracket + 1);
    if (host.size() == 2) {
      return Invalid(text, "no host");
    }
  } else if (const size_t colon = authority.find(':'); colon != std::string_view::npos) {
    if (authority.find(':', colon + 1) != std::string_view::npos) {
      return Invalid(text, "an IPv6 address needs brackets: [::1]:4317");
    }
    host = authority.substr(0, colon);
    after_host = authority.substr(colon);
  }
  if (host.empty()) {
    return Invalid(text, "no host");
  }
  if (after_host.empty()) {
    endpoint.warnings.push_back(fmt::format("OTLP endpoint \"{}\" has no port, using {}", text, kDefaultPort));
    return fmt::format("{}:{}", host, kDefaultPort);
  }
  if (!after_host.starts_with(':') || !IsPort(after_host.substr(1))) {
    return Invalid(text, "the port must be a number from 1 to 65535");
  }
  return std::string(authority);
}

// http:// and https://: everything behind the authority is not gRPC's.
absl::Status ParseUrl(std::string_view rest, std::string_view text, Endpoint& endpoint) {
  const size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view path = rest.substr(authority_end);
  NODESPAN_ASSIGN_OR_RETURN(const std::string authority, WithPort(rest.substr(0, authority_end), text, endpoint));
  if (!path.empty() && path != "/") {
    endpoint.warnings.push_back(
        fmt::format("OTLP endpoint \"{}\": \"{}\" is ignored, OTLP/gRPC has a fixed path", text, path));
  }
  endpoint.target = "dns:///" + authority;
  return absl::OkStatus();
}

// scheme:rest, as gRPC's naming document has it: dns:host, dns:///host, dns://resolver/host, unix:path, unix:///path.
absl::Status ParseGrpcTarget(std::string_view scheme, std::string_view rest, bool has_ports, std::string_view text,
                             Endpoint& endpoint) {
  std::string prefix = fmt::format("{}:", scheme);
  if (has_ports && rest.starts_with("//")) {
    const size_t slash = rest.find('/', 2);
    if (slash == std::string_view::npos) {
      return Invalid(text, fmt::format("write {}:///host:port", scheme));
    }
    prefix += rest.substr(0, slash + 1);
    rest.remove_prefix(slash + 1);
  }
  if (!has_ports) {
    if (rest.find_first_not_of('/') == std::string_view::npos) {
      return Invalid(text, "no socket path");
    }
    endpoint.target = prefix + std::string(rest);
    return absl::OkStatus();
  }
  // A list of addresses ("ipv4:10.0.0.1:4317,10.0.0.2:4317") is gRPC's to read when every item has its port.
  std::string addresses;
  while (true) {
    const size_t comma = std::min(rest.find(','), rest.size());
    NODESPAN_ASSIGN_OR_RETURN(const std::string address, WithPort(rest.substr(0, comma), text, endpoint));
    addresses += (addresses.empty() ? "" : ",") + address;
    if (comma == rest.size()) {
      break;
    }
    rest.remove_prefix(comma + 1);
  }
  endpoint.target = prefix + addresses;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text, bool insecure) {
  if (text.empty()) {
    return Invalid(text, "empty");
  }
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c >= 0x7F; })) {
    return Invalid(text, "contains a character that no address has");
  }
  Endpoint endpoint;
  endpoint.use_tls = !insecure;
  const size_t colon = text.find(':');
  const std::string scheme = colon == std::string_view::npos ? "" : ToLower(text.substr(0, colon));
  if ((scheme == "http" || scheme == "https") && text.substr(colon).starts_with("://")) {
    endpoint.use_tls = scheme == "https";
    NODESPAN_RETURN_IF_ERROR(ParseUrl(text.substr(colon + 3), text, endpoint));
    return endpoint;
  }
  const auto* known = std::find_if(kGrpcSchemes.begin(), kGrpcSchemes.end(),
                                   [&scheme](const auto& entry) { return entry.first == scheme; });
  // "dns:4317" is a host named dns.
  if (known != kGrpcSchemes.end() && !IsPort(text.substr(colon + 1))) {
    NODESPAN_RETURN_IF_ERROR(ParseGrpcTarget(scheme, text.substr(colon + 1), known->second, text, endpoint));
    return endpoint;
  }
  if (text.find("://") != std::string_view::npos) {
    return Invalid(text, "unknown scheme; use http://, https://, dns:///, ipv4:, ipv6:, unix:/// or host:port");
  }
  NODESPAN_RETURN_IF_ERROR(ParseUrl(text, text, endpoint));
  return endpoint;
}

}  // namespace nodespan::otlp
