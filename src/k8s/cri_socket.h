// SPDX-License-Identifier: Apache-2.0
// Where container runtimes have their socket.
//
// Any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace nodespan::k8s {

// In the order in which they are tried.
std::span<const std::string_view> CriSockets();

// The first path of `candidates` at which somebody accepts connections.
std::optional<std::string> FindCriSocket(std::span<const std::string_view> candidates);

// `named` when it is not empty, else the first of CriSockets() that answers. kUnavailable: none does.
absl::StatusOr<std::string> ChooseCriSocket(const std::string& named);

}  // namespace nodespan::k8s
