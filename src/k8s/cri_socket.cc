// SPDX-License-Identifier: Apache-2.0
#include "k8s/cri_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>

#include "base/unique_fd.h"

namespace nodespan::k8s {
namespace {

constexpr std::array<std::string_view, 7> kSockets = {
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/k0s/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
    "/run/dockershim.sock",
};

bool IsAnswered(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return false;
  }
  path.copy(address.sun_path, path.size());
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return fd.valid() && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

}  // namespace

std::span<const std::string_view> CriSockets() { return kSockets; }

std::optional<std::string> FindCriSocket(std::span<const std::string_view> candidates) {
  for (const std::string_view path : candidates) {
    if (IsAnswered(path)) {
      return std::string(path);
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::string> ChooseCriSocket(const std::string& named) {
  if (!named.empty()) {
    return named;
  }
  if (std::optional<std::string> found = FindCriSocket(CriSockets()); found) {
    return *std::move(found);
  }
  return absl::UnavailableError("no container runtime answers at any of its usual sockets (--cri-socket names one)");
}

}  // namespace nodespan::k8s
