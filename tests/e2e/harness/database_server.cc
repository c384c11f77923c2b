// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/database_server.h"

#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/errors.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/loopback_port.h"
#include "tests/e2e/harness/nodespan_daemon.h"

namespace nodespan::e2e {
namespace {

constexpr Milliseconds kSetupLimit{120'000};
constexpr Milliseconds kEndLimit{10'000};
constexpr Milliseconds kBuildLimit{1'700'000};
constexpr int kCannotBeBuilt = 77;  // exit status of tests/ferretdb/build

// The newest executable of that name in the folders, which may contain one "*" as a whole component.
std::optional<std::string> FindExecutable(const std::string& name, const std::vector<std::string>& folders) {
  std::vector<std::string> candidates;
  for (const std::string& folder : folders) {
    const size_t star = folder.find('*');
    if (star == std::string::npos) {
      candidates.push_back(folder + "/" + name);
      continue;
    }
    std::error_code error;
    std::vector<std::string> versions;
    for (const auto& entry : std::filesystem::directory_iterator(folder.substr(0, star), error)) {
      versions.push_back(entry.path().string() + folder.substr(star + 1) + "/" + name);
    }
    std::sort(versions.rbegin(), versions.rend());
    candidates.insert(candidates.end(), versions.begin(), versions.end());
  }
  for (const std::string& candidate : candidates) {
    if (::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return std::nullopt;
}

// Words that run a command as `user`, to whom the folders are given.
absl::StatusOr<std::vector<std::string>> As(const std::string& user, const std::vector<std::string>& folders) {
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "there is no user {}", user);
  }
  for (const std::string& folder : folders) {
    if (::chown(folder.c_str(), entry->pw_uid, entry->pw_gid) != 0 || ::chmod(folder.c_str(), 0700) != 0) {
      return base::MakeStatus(absl::StatusCode::kInternal, "{} cannot be given to {}", folder, user);
    }
  }
  return std::vector<std::string>{"setpriv", fmt::format("--reuid={}", entry->pw_uid),
                                  fmt::format("--regid={}", entry->pw_gid), "--clear-groups", "--"};
}

std::vector<std::string> Joined(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

absl::Status RunSetup(const std::vector<std::string>& words) {
  const std::optional<Finished> done = RunToEnd(words, kSetupLimit);
  if (!done || done->status != ExitStatus{}) {
    return base::MakeStatus(absl::StatusCode::kInternal, "setting the server up: {}",
                            done ? done->LastError() : std::string("no answer"));
  }
  return absl::OkStatus();
}

std::optional<std::string> FindPostgres(const std::string& name) {
  return FindExecutable(name, {"/usr/lib/postgresql/*/bin", "/usr/pgsql/bin", "/usr/bin"});
}

}  // namespace

std::unique_ptr<DatabaseServer> DatabaseServer::OrSkip(absl::StatusOr<std::unique_ptr<DatabaseServer>> started) {
  if (started.ok()) {
    return *std::move(started);
  }
  const std::string reason(base::Message(started.status()));
  if (absl::IsNotFound(started.status())) {
    [&reason] { GTEST_SKIP() << reason; }();
  } else {
    ADD_FAILURE() << reason;
  }
  return nullptr;
}

bool DatabaseServer::HasPostgres() { return FindPostgres("initdb") && FindPostgres("postgres"); }

absl::StatusOr<std::unique_ptr<DatabaseServer>> DatabaseServer::StartPostgres() {
  const std::optional<std::string> initdb = FindPostgres("initdb");
  const std::optional<std::string> postgres = FindPostgres("postgres");
  if (!initdb || !postgres) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "PostgreSQL is not installed (package postgresql)");
  }
  std::unique_ptr<DatabaseServer> server(new DatabaseServer());
  const std::string root = server->folder_.Path("");
  const std::string data = server->folder_.Path("data");
  const absl::StatusOr<std::vector<std::string>> as = As("postgres", {root});
  if (!as.ok()) {
    return as.status();
  }
  const absl::Status set_up = RunSetup(
      Joined(*as, {*initdb, "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync"}));
  if (!set_up.ok()) {
    return set_up;
  }
  const int port = FreeLoopbackPort();
  server->process_ =
      ChildProcess::Start(Joined(*as, {*postgres, "-D", data, "-k", root, "-p", std::to_string(port), "-c",
                                       "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=16MB"}));
  if (server->process_ == nullptr || !server->process_->WaitForError("ready to accept connections")) {
    return base::MakeStatus(absl::StatusCode::kInternal, "PostgreSQL did not start");
  }
  server->dsn_ = fmt::format("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", port);
  return server;
}

absl::StatusOr<std::unique_ptr<DatabaseServer>> DatabaseServer::StartMariaDb() {
  const std::optional<std::string> mariadbd = FindExecutable("mariadbd", {"/usr/sbin", "/usr/libexec", "/usr/bin"});
  if (!mariadbd) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "MariaDB is not installed (package mariadb-server-core)");
  }
  std::unique_ptr<DatabaseServer> server(new DatabaseServer());
  const std::string root = server->folder_.Path("");
  const std::string data = server->folder_.Path("data");
  // A database is a folder. System tables are not needed when nobody is asked who he is, which saves setting them up.
  std::error_code error;
  std::filesystem::create_directories(data + "/test", error);
  const absl::StatusOr<std::vector<std::string>> as = As("nobody", {root, data, data + "/test"});
  if (!as.ok()) {
    return as.status();
  }
  const int port = FreeLoopbackPort();
  server->process_ = ChildProcess::Start(
      Joined(*as, {*mariadbd, "--no-defaults", "--skip-grant-tables", "--skip-networking=0", "--datadir=" + data,
                   "--socket=" + server->folder_.Path("socket"), "--port=" + std::to_string(port),
                   "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=16M"}));
  if (server->process_ == nullptr || !server->process_->WaitForError("ready for connections")) {
    return base::MakeStatus(absl::StatusCode::kInternal, "MariaDB did not start");
  }
  server->dsn_ = fmt::format("root@tcp(127.0.0.1:{})/test", port);
  return server;
}

absl::StatusOr<std::unique_ptr<DatabaseServer>> DatabaseServer::StartRedis() {
  const std::optional<std::string> redis = FindExecutable("redis-server", {"/usr/bin", "/usr/local/bin"});
  if (!redis) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "Redis is not installed (package redis-server)");
  }
  std::unique_ptr<DatabaseServer> server(new DatabaseServer());
  const std::string root = server->folder_.Path("");
  const absl::StatusOr<std::vector<std::string>> as = As("nobody", {root});
  if (!as.ok()) {
    return as.status();
  }
  const int port = FreeLoopbackPort();
  server->process_ = ChildProcess::Start(Joined(*as, {*redis, "--port", std::to_string(port), "--bind", "127.0.0.1",
                                                      "--save", "", "--appendonly", "no", "--dir", root}));
  if (server->process_ == nullptr || !server->process_->WaitForOutput("Ready to accept connections")) {
    return base::MakeStatus(absl::StatusCode::kInternal, "Redis did not start");
  }
  server->dsn_ = fmt::format("127.0.0.1:{}", port);
  return server;
}

absl::StatusOr<std::unique_ptr<DatabaseServer>> DatabaseServer::StartFerretDb() {
  const std::optional<Finished> built = RunToEnd({SourcePath("tests/ferretdb/build")}, kBuildLimit);
  if (built && built->status.code == kCannotBeBuilt) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "{}", built->LastError());
  }
  if (!built || built->status != ExitStatus{} || built->output.empty()) {
    return base::MakeStatus(absl::StatusCode::kInternal, "building FerretDB: {}",
                            built ? built->LastError() : std::string("it takes too long"));
  }
  std::unique_ptr<DatabaseServer> server(new DatabaseServer());
  server->dsn_ = fmt::format("127.0.0.1:{}", FreeLoopbackPort());
  server->process_ = ChildProcess::Start({built->output.front(), server->dsn_, server->folder_.Path("")});
  if (server->process_ == nullptr || !server->process_->WaitForOutput("ready")) {
    return base::MakeStatus(absl::StatusCode::kInternal, "FerretDB did not start");
  }
  return server;
}

DatabaseServer::~DatabaseServer() {
  if (process_ != nullptr) {
    process_->Signal(SIGTERM);
    (void)process_->Wait(kEndLimit);
  }
}

}  // namespace nodespan::e2e
