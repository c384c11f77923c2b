// SPDX-License-Identifier: Apache-2.0
// The Go programs of tests/goprograms: built, run, and what they say about themselves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/e2e/harness/child_process.h"

namespace nodespan::e2e {

// A Go that builds programs.
struct Toolchain {
  std::string version;  // "1.22.12"
  std::string go;       // path of its go command
};

// `name`: path, oldest, newest or a version. kNotFound: cannot be had here, the message says why.
absl::StatusOr<Toolchain> FindToolchain(const std::string& name);

// The path of a program, built once per toolchain, kind ("default", "stripped", "pie", "cgo") and set of module
// versions
// ("default", "older"). kNotFound: its modules cannot be had here; kInternal: it does not build.
absl::StatusOr<std::string> BuildGoProgram(const std::string& name, const Toolchain& toolchain, const std::string& kind,
                                           const std::string& modules = "default");

// A folder of one test, deleted with everything in it.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string Path(const std::string& name) const { return path_ / name; }
  // A copy of a file under a new name: an executable that nobody else on the machine runs.
  std::string CopyIn(const std::string& file, const std::string& name) const;

 private:
  std::filesystem::path path_;
};

// The remote parent of a span.
struct RemoteParent {
  std::string trace_id;  // hexadecimal
  std::string span_id;
  bool sampled = false;
};

// What httpserver knows about one request; see tests/goprograms/httpserver/truth.go.
struct Truth {
  std::string id, scenario, name, method, target, host, protocol, user_agent, route, outcome;
  std::string handler, handler_file;
  int64_t handler_line = 0;
  std::vector<std::string> traceparent, tracestate;
  std::optional<RemoteParent> parent;
  int64_t request_length = 0;
  int64_t request_bytes = 0;
  int64_t status = 0;
  int64_t handler_bytes = 0;
  int64_t peer_port = 0;
  int64_t server_port = 0;
  int64_t headers = 0;
  uint64_t start_ns = 0;
  uint64_t end_ns = 0;
  bool want_span = false;
};

// A running httpserver that waits for us.
class GoProgram {
 public:
  // Serving, but without traffic, when it returns. Null with a failed expectation otherwise.
  static std::unique_ptr<GoProgram> Start(const std::string& path, const std::vector<std::string>& arguments,
                                          const ChildProcess::Environment& environment = {});

  void StartTraffic() { process_->WriteInput("\n"); }
  // Returns when all of its requests were answered. The server's end of the last ones, and with it their spans, can
  // come a little later: wait for those before the program ends.
  std::vector<Truth> WaitForTraffic();

  // Ends it and checks what tracing must not change: exit status 0, nothing on standard error, and a summary without
  // failures and with as many requests as lines.
  std::vector<Truth> Finish();

  pid_t pid() const { return process_->pid(); }
  uint16_t port() const { return port_; }
  ChildProcess& process() { return *process_; }

 private:
  GoProgram() = default;
  std::vector<Truth> Truths() const;

  std::unique_ptr<ChildProcess> process_;
  uint16_t port_ = 0;
};

}  // namespace nodespan::e2e
