// SPDX-License-Identifier: Apache-2.0
// The HTTP side of the daemon: /healthz and /readyz for the kubelet, /metrics for Prometheus.
//
// Thread: answers are made on threads of its own, so the handlers must be callable from any thread; they may take a
// second.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "config/config.h"

namespace nodespan::daemon {

struct HttpHandlers {
  std::function<std::string()> why_not_alive;  // empty: alive
  std::function<std::string()> why_not_ready;  // empty: ready
  std::function<std::string()> metrics;        // in Prometheus' text format
};

class HttpEndpoint {
 public:
  // Serves when it returns. kUnavailable: it cannot listen there (the port is taken, the address is not ours).
  static absl::StatusOr<std::unique_ptr<HttpEndpoint>> Start(const config::ListenAddress& address,
                                                             HttpHandlers handlers);
  // Ends the connections.
  ~HttpEndpoint();

  uint16_t port() const;

 private:
  struct Impl;
  explicit HttpEndpoint(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace nodespan::daemon
