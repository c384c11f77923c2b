// SPDX-License-Identifier: Apache-2.0
// A TCP server that does what no server should: says the same bytes to everybody, resets, or stays silent.
//
// Depends on nothing of src/.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nodespan::testing {

class RawServer {
 public:
  enum class Manner {
    kReplyAndClose,  // says its reply at once
    kReplyAndReset,  // reads something, says its reply, and resets the connection
    kStaySilent,     // accepts, and nothing more
  };

  RawServer(Manner manner, std::string reply)
      : manner_(manner), reply_(std::move(reply)), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket_, 16) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~RawServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void Serve() {
    std::vector<int> silent;
    while (true) {
      const int connection = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) {
        break;
      }
      if (manner_ == Manner::kStaySilent) {
        silent.push_back(connection);
        continue;
      }
      if (manner_ == Manner::kReplyAndReset) {
        char request[512];
        (void)!::recv(connection, request, sizeof request, 0);
      }
      (void)!::send(connection, reply_.data(), reply_.size(), MSG_NOSIGNAL);
      if (manner_ == Manner::kReplyAndReset) {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      }
      ::close(connection);
    }
    for (const int connection : silent) {
      ::close(connection);
    }
  }

  const Manner manner_;
  const std::string reply_;
  const int socket_;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace nodespan::testing
