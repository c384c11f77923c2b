// SPDX-License-Identifier: Apache-2.0
#include "config/option_values.h"

#include <algorithm>
#include <array>

#include "config/env_value.h"

namespace nodespan::config {
namespace {

constexpr std::array<NamedValue<ExporterKind>, 3> kExporters = {{
    {"otlp", ExporterKind::kOtlp},
    {"console", ExporterKind::kConsole},
    {"otlp/stdout", ExporterKind::kOtlpStdout},
}};

constexpr std::array<NamedValue<base::LogLevel>, 5> kLogLevels = {{
    {"debug", base::LogLevel::kDebug},
    {"info", base::LogLevel::kInfo},
    {"warn", base::LogLevel::kWarn},
    {"error", base::LogLevel::kError},
    {"none", base::LogLevel::kNone},
}};

constexpr std::array<NamedValue<SelfExporting>, 2> kSelfExporting = {{
    {"skip", SelfExporting::kSkip},
    {"trace", SelfExporting::kTrace},
}};

constexpr std::array<NamedValue<AttachMethod>, 3> kAttachMethods = {{
    {"auto", AttachMethod::kAuto},
    {"uprobe_multi", AttachMethod::kUprobeMulti},
    {"perf", AttachMethod::kPerf},
}};

// PID_MAX_LIMIT on 64-bit kernels (include/linux/threads.h).
constexpr int64_t kPidMax = int64_t{4} * 1024 * 1024;

}  // namespace

ExporterList ParseExporters(std::string_view text) {
  ExporterList list;
  for (std::string_view item : SplitList(text)) {
    absl::StatusOr<ExporterKind> kind = ParseEnum<ExporterKind>(item, kExporters);
    if (ToLower(item) == "none") {
      list.none = true;
    } else if (!kind.ok()) {
      list.unknown.push_back(item);
    } else if (std::find(list.kinds.begin(), list.kinds.end(), *kind) == list.kinds.end()) {
      list.kinds.push_back(*kind);
    }
  }
  return list;
}

absl::StatusOr<base::LogLevel> ParseLogLevel(std::string_view text) {
  return ParseEnum<base::LogLevel>(text, kLogLevels);
}

absl::StatusOr<SelfExporting> ParseSelfExporting(std::string_view text) {
  return ParseEnum<SelfExporting>(text, kSelfExporting);
}

absl::StatusOr<AttachMethod> ParseAttachMethod(std::string_view text) {
  return ParseEnum<AttachMethod>(text, kAttachMethods);
}

absl::StatusOr<pid_t> ParsePid(std::string_view text) {
  absl::StatusOr<int64_t> pid = ParseInteger(text, 1, kPidMax);
  if (!pid.ok()) {
    return base::MakeStatus(absl::StatusCode::kInvalidArgument, "expected a process id, a whole number from 1 to {}",
                            kPidMax);
  }
  return static_cast<pid_t>(*pid);
}

}  // namespace nodespan::config
