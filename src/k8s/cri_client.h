// SPDX-License-Identifier: Apache-2.0
// Asks a container runtime over its unix socket (CRI, gRPC without TLS) which pods and containers run.
//
// Thread: one calls the methods; Cancel() may be called from any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "k8s/pod.h"

namespace nodespan::k8s {

class CriClient {
 public:
  explicit CriClient(const std::string& socket_path);
  ~CriClient();

  // The name of the runtime, "containerd"; call it first, and again after an error. kUnavailable, kDeadlineExceeded:
  // nobody answers, try later. kUnimplemented: it does not speak v1 of the interface.
  absl::StatusOr<std::string> Connect(absl::Duration timeout);

  // The ready pods with their running containers. Adds to `malformed_count` the pods that
  // were left out because they have no uid or name.
  absl::StatusOr<std::vector<Pod>> ListPods(const MetadataFilter& filter, absl::Duration timeout,
                                            size_t& malformed_count);

  // Makes the current call and all later ones fail with kCancelled.
  void Cancel();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nodespan::k8s
