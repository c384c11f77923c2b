// SPDX-License-Identifier: Apache-2.0
#include "spans/grpc_target.h"

#include <algorithm>
#include <array>

#include "spans/host_port.h"

namespace nodespan::spans {
namespace {

enum class Scheme { kHost, kPath, kOther };

Scheme SchemeOf(std::string_view name) {
  constexpr std::array<std::string_view, 4> kHosts = {"dns", "passthrough", "ipv4", "ipv6"};
  constexpr std::array<std::string_view, 2> kPaths = {"unix", "unix-abstract"};
  if (std::find(kHosts.begin(), kHosts.end(), name) != kHosts.end()) {
    return Scheme::kHost;
  }
  return std::find(kPaths.begin(), kPaths.end(), name) != kPaths.end() ? Scheme::kPath : Scheme::kOther;
}

// What follows "//": an authority, which is that of the name service, and behind a slash the endpoint.
std::string_view WithoutAuthority(std::string_view text, Scheme scheme) {
  text.remove_prefix(2);
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return {};
  }
  text.remove_prefix(slash);
  if (scheme == Scheme::kHost) {
    text.remove_prefix(1);
  }
  return text;
}

}  // namespace

GrpcServerName ParseGrpcTarget(std::string_view target) {
  std::string_view endpoint = target;
  Scheme scheme = Scheme::kHost;
  if (const size_t colon = target.find(':'); colon != std::string_view::npos) {
    const Scheme named = SchemeOf(target.substr(0, colon));
    const std::string_view rest = target.substr(colon + 1);
    const bool is_url = rest.starts_with("//");
    if (named == Scheme::kOther && is_url) {
      return {target, std::nullopt};
    }
    if (named != Scheme::kOther) {  // Otherwise it is a host.
      scheme = named;
      endpoint = is_url ? WithoutAuthority(rest, scheme) : rest;
    }
  }
  if (endpoint.empty() || endpoint.find(',') != std::string_view::npos) {
    return {target, std::nullopt};
  }
  if (scheme == Scheme::kPath) {
    return {endpoint, std::nullopt};
  }
  const HostPort server = SplitHostPort(endpoint);
  if (server.host.empty() || server.host.find('/') != std::string_view::npos) {
    return {target, std::nullopt};
  }
  return {server.host, server.port};
}

}  // namespace nodespan::spans
