// SPDX-License-Identifier: Apache-2.0
// Values that a flag and an environment variable have in common. Pure; kInvalidArgument says what is expected.
#pragma once

#include <sys/types.h>

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/log.h"
#include "config/config.h"

namespace nodespan::config {

// What a comma list such as `otlp,console` says.
struct ExporterList {
  std::vector<ExporterKind> kinds;  // each once, in the order given
  bool none = false;                // the list has the item `none`
  std::vector<std::string_view> unknown;
};
ExporterList ParseExporters(std::string_view text);
inline constexpr std::string_view kExpectedExporters = "expected otlp, console, otlp/stdout or none";

absl::StatusOr<base::LogLevel> ParseLogLevel(std::string_view text);

// The names of --attach-method.
absl::StatusOr<AttachMethod> ParseAttachMethod(std::string_view text);
absl::StatusOr<SelfExporting> ParseSelfExporting(std::string_view text);

absl::StatusOr<pid_t> ParsePid(std::string_view text);

absl::StatusOr<PodSourceKind> ParsePodSource(std::string_view text);

// "ADDR:PORT", ":PORT", "[IPV6]:PORT".
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// The name of a namespace.
absl::StatusOr<std::string> ParseNamespace(std::string_view text);

// The absolute path of a socket, also as "unix:///path".
absl::StatusOr<std::string> ParseSocketPath(std::string_view text);

}  // namespace nodespan::config
