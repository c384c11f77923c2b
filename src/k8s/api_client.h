// SPDX-License-Identifier: Apache-2.0
// Requests to the Kubernetes API server: HTTPS, the cluster's authority, the token of the service account.
//
// Thread: one calls Get(); Stop() may be called from any.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace nodespan::k8s {

struct ApiServer {
  std::string base_url;    // "https://10.96.0.1:443"
  std::string ca_file;     // PEM
  std::string token_file;  // read before every request, because the kubelet renews it
};

class ApiClient {
 public:
  // False: the rest of the answer is not wanted.
  using OnBytes = std::function<bool(std::string_view bytes)>;

  // kInternal: the HTTP library cannot be set up.
  static absl::StatusOr<std::unique_ptr<ApiClient>> Create(ApiServer server);
  ~ApiClient();

  // Gets `path` (with query) and hands on the body of a successful answer as it comes in. Errors that the server tells:
  // kUnauthenticated (401), kPermissionDenied (403), kNotFound (404), kOutOfRange (410: start over),
  // kResourceExhausted (429), kFailedPrecondition (any other). Errors of the way to it: kUnavailable, kDeadlineExceeded
  // (`timeout` for all of the answer; or, if `is_stalled_after` is not zero, no byte for so long). kCancelled: Stop().
  absl::Status Get(const std::string& path, absl::Duration timeout, absl::Duration is_stalled_after,
                   const OnBytes& on_bytes);

  // Ends the current request and all later ones at once.
  void Stop();

 private:
  struct Impl;
  explicit ApiClient(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace nodespan::k8s
