// SPDX-License-Identifier: Apache-2.0
// A database server of one test, on a private port and socket, with its data in a temporary folder: PostgreSQL, MariaDB
// or Redis from the distribution's packages, which run as another user, because the first two do not run as root; for
// the protocol of MongoDB FerretDB (tests/ferretdb), which is built.
//
// Lifetime: the destructor ends the server and removes the data.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/e2e/harness/child_process.h"
#include "tests/e2e/harness/go_program.h"

namespace nodespan::e2e {

class DatabaseServer {
 public:
  // Accepting connections when it returns. kNotFound: it is not installed or cannot be built here, the message says
  // what; kInternal: it did not start.
  static absl::StatusOr<std::unique_ptr<DatabaseServer>> StartPostgres();
  static absl::StatusOr<std::unique_ptr<DatabaseServer>> StartMariaDb();
  static absl::StatusOr<std::unique_ptr<DatabaseServer>> StartRedis();
  static absl::StatusOr<std::unique_ptr<DatabaseServer>> StartFerretDb();
  // The server; null after it has skipped the test because the server is not installed, or failed it.
  static std::unique_ptr<DatabaseServer> OrSkip(absl::StatusOr<std::unique_ptr<DatabaseServer>> started);
  static bool HasPostgres();
  ~DatabaseServer();
  DatabaseServer(const DatabaseServer&) = delete;
  DatabaseServer& operator=(const DatabaseServer&) = delete;

  // What tests/goprograms/sqlclient takes for a DSN; of Redis and FerretDB host:port.
  const std::string& dsn() const { return dsn_; }

 private:
  DatabaseServer() = default;

  ScratchFolder folder_;
  std::unique_ptr<ChildProcess> process_;
  std::string dsn_;
};

}  // namespace nodespan::e2e
