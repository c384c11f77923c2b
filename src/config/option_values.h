// SPDX-License-Identifier: Apache-2.0
// Values that a flag and an environment variable have in common: from text and back (ParseX, ShowX). Pure;
// kInvalidArgument says what is expected.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
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

std::string ShowExporters(const std::vector<ExporterKind>& kinds);  // "none" when there is none

absl::StatusOr<base::LogLevel> ParseLogLevel(std::string_view text);
std::string_view ShowLogLevel(base::LogLevel level);

absl::StatusOr<AttachMethod> ParseAttachMethod(std::string_view text);
std::string_view ShowAttachMethod(AttachMethod method);

absl::StatusOr<SelfExporting> ParseSelfExporting(std::string_view text);
std::string_view ShowSelfExporting(SelfExporting what);

absl::StatusOr<pid_t> ParsePid(std::string_view text);

absl::StatusOr<PodSourceKind> ParsePodSource(std::string_view text);
std::string_view ShowPodSource(PodSourceKind source);

// "ADDR:PORT", ":PORT", "[IPV6]:PORT".
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);
std::string ShowListenAddress(const std::optional<ListenAddress>& address);  // empty when absent

// The name of a namespace.
absl::StatusOr<std::string> ParseNamespace(std::string_view text);

// The absolute path of a socket, also as "unix:///path".
absl::StatusOr<std::string> ParseSocketPath(std::string_view text);

}  // namespace nodespan::config
