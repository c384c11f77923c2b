// SPDX-License-Identifier: Apache-2.0
// An Apache Kafka broker of one test, its own controller (KRaft), on private ports of the loopback address, with its
// data in a temporary folder. It does not create topics by itself.
//
// Lifetime: the destructor ends the broker and removes the data.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/e2e/harness/child_process.h"
#include "tests/e2e/harness/go_program.h"

namespace nodespan::e2e {

class KafkaBroker {
 public:
  // Accepting connections when it returns. kNotFound: Java, Maven or Kafka itself cannot be had, the message says
  // which; kInternal: it did not start.
  static absl::StatusOr<std::unique_ptr<KafkaBroker>> Start();
  ~KafkaBroker();
  KafkaBroker(const KafkaBroker&) = delete;
  KafkaBroker& operator=(const KafkaBroker&) = delete;

  // "127.0.0.1:PORT"
  const std::string& address() const { return address_; }

 private:
  KafkaBroker() = default;

  ScratchFolder folder_;
  std::unique_ptr<ChildProcess> process_;
  std::string address_;
};

}  // namespace nodespan::e2e
