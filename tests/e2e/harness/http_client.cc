// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstdlib>
#include <cstring>

#include "fmt/format.h"
#include "gtest/gtest.h"

namespace nodespan::e2e {

std::unique_ptr<HttpClient> HttpClient::Connect(uint16_t port) {
  std::unique_ptr<HttpClient> client(new HttpClient());
  client->fd_.Reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{30, 0};
  ::setsockopt(client->fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  if (::connect(client->fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ADD_FAILURE() << "connect to port " << port << ": " << std::strerror(errno);
    return nullptr;
  }
  return client;
}

void HttpClient::Send(const std::string& target, const std::string& header_lines) {
  const std::string text = fmt::format("GET {} HTTP/1.1\r\nHost: e2e.test\r\n{}\r\n", target, header_lines);
  EXPECT_EQ(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

int HttpClient::Receive() {
  size_t head_end = std::string::npos;
  size_t body_bytes = 0;
  while (true) {
    head_end = unread_.find("\r\n\r\n");
    if (head_end != std::string::npos) {
      const size_t length = unread_.find("Content-Length: ");
      body_bytes = length < head_end ? std::strtoul(unread_.c_str() + length + 16, nullptr, 10) : 0;
      if (unread_.size() >= head_end + 4 + body_bytes) {
        break;
      }
    }
    char buffer[4096];
    const ssize_t got = ::recv(fd_.get(), buffer, sizeof(buffer), 0);
    if (got <= 0) {
      ADD_FAILURE() << "no answer: " << (got == 0 ? "closed" : std::strerror(errno));
      return 0;
    }
    unread_.append(buffer, static_cast<size_t>(got));
  }
  const int status = std::atoi(unread_.c_str() + std::strlen("HTTP/1.1 "));
  body_ = unread_.substr(head_end + 4, body_bytes);
  unread_.erase(0, head_end + 4 + body_bytes);
  return status;
}

int HttpClient::GetAndClose(const std::string& target, const std::string& header_lines) {
  Send(target, header_lines + "Connection: close\r\n");
  const int status = Receive();
  char byte = 0;
  EXPECT_EQ(::recv(fd_.get(), &byte, 1, 0), 0) << "the server did not close";
  return status;
}

}  // namespace nodespan::e2e
