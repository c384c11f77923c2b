// SPDX-License-Identifier: Apache-2.0
// As much of an HTTP/1.1 client as a test needs that chooses its own headers: one keep-alive connection to loopback.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace nodespan::e2e {

class HttpClient {
 public:
  // Null with a failed expectation when nobody listens.
  static std::unique_ptr<HttpClient> Connect(uint16_t port);

  // Sends a GET; `header_lines` end with CRLF each. Does not wait for the answer.
  void Send(const std::string& target, const std::string& header_lines = {});
  // Sends the last request of the connection and returns its status when the server has closed the connection, which it
  // does when it is done with the request.
  int GetAndClose(const std::string& target, const std::string& header_lines = {});
  // The status of the next answer, whose body is read; 0 with a failed expectation when none comes.
  int Receive();
  // Of the answer that was received last.
  const std::string& body() const { return body_; }

 private:
  HttpClient() = default;

  base::UniqueFd fd_;
  std::string unread_;
  std::string body_;
};

}  // namespace nodespan::e2e
