// SPDX-License-Identifier: Apache-2.0
#include "k8s/cri_channel.h"

#include "base/errors.h"
#include "grpcpp/grpcpp.h"

namespace nodespan::k8s {
namespace {

// What the kubelet allows; a node with 500 pods stays below 2 MiB.
constexpr int kMaxMessageBytes = 16 * 1024 * 1024;

}  // namespace

std::shared_ptr<grpc::Channel> MakeCriChannel(const std::string& socket_path) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  // Each channel connects for itself, and soon after the runtime has come back.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return grpc::CreateCustomChannel("unix:" + socket_path, grpc::InsecureChannelCredentials(), arguments);
}

absl::Status ToStatus(const grpc::Status& status) {
  return base::MakeStatus(static_cast<absl::StatusCode>(status.error_code()), "{}", status.error_message());
}

}  // namespace nodespan::k8s
