// SPDX-License-Identifier: Apache-2.0
// nodespan: traces Go programs on this node. See README.md.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "base/errors.h"
#include "base/log.h"
#include "config/command_line.h"
#include "config/environment.h"
#include "daemon/check_config_command.h"
#include "daemon/daemon.h"
#include "daemon/inspect_command.h"

namespace {

using nodespan::base::Message;

int Fail(const absl::Status& status) {
  fmt::print(stderr, "nodespan: {}\n", Message(status));
  return 1;
}

int Print(const std::string& text) { return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0 ? 0 : 1; }

}  // namespace

// Nothing of ours throws; what a library throws out of memory may end the process.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  using nodespan::config::CheckRequest;
  using nodespan::config::Config;
  using nodespan::config::InspectRequest;
  using nodespan::config::PrintRequest;

  const absl::StatusOr<nodespan::config::Invocation> invocation =
      nodespan::config::ParseCommandLine(argc, argv, nodespan::config::CopyEnvironment(environ));
  if (!invocation.ok()) {
    return Fail(invocation.status());
  }
  if (const auto* print = std::get_if<PrintRequest>(&invocation->action)) {
    return Print(print->text);
  }
  if (const auto* inspect = std::get_if<InspectRequest>(&invocation->action)) {
    const absl::StatusOr<std::string> report = nodespan::daemon::RunInspect(*inspect);
    return report.ok() ? Print(*report) : Fail(report.status());
  }
  // What is wrong with the settings is said behind them, on standard error, as at a start.
  const auto* check = std::get_if<CheckRequest>(&invocation->action);
  if (check != nullptr && Print(check->settings) != 0) {
    return 1;
  }
  // gRPC writes to standard error by itself, without limit, what our own log says once; a user's setting wins.
  (void)setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const Config& config = check != nullptr ? check->config : std::get<Config>(invocation->action);
  nodespan::base::InitLog(config.log_level);
  for (const std::string& warning : invocation->warnings) {
    spdlog::warn("{}", warning);
  }
  const absl::Status status =
      check != nullptr ? nodespan::daemon::CheckConfig(config) : nodespan::daemon::RunDaemon(config);
  return status.ok() ? 0 : Fail(status);
}
