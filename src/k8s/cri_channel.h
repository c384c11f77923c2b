// SPDX-License-Identifier: Apache-2.0
// What calls of a container runtime have in common: gRPC without TLS over its unix socket, interface v1, which is all
// that Kubernetes takes since 1.26.
//
// Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace grpc {
class Channel;
class Status;
}  // namespace grpc

namespace nodespan::k8s {

// A method is its name behind this.
inline constexpr std::string_view kCriService = "/runtime.v1.RuntimeService/";

// Makes no connection yet. A socket that is made anew under its path is connected to again by itself. An answer is at
// most 16 MiB.
std::shared_ptr<grpc::Channel> MakeCriChannel(const std::string& socket_path);

absl::Status ToStatus(const grpc::Status& status);

}  // namespace nodespan::k8s
