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

constexpr std::array<NamedValue<PodSourceKind>, 4> kPodSources = {{
    {"auto", PodSourceKind::kAuto},
    {"kubernetes", PodSourceKind::kKubernetes},
    {"cri", PodSourceKind::kCri},
    {"none", PodSourceKind::kNone},
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

std::string ShowExporters(const std::vector<ExporterKind>& kinds) {
  std::vector<std::string_view> names;
  names.reserve(kinds.size());
  for (const ExporterKind kind : kinds) {
    names.push_back(NameOf<ExporterKind>(kind, kExporters));
  }
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ","));
}

absl::StatusOr<base::LogLevel> ParseLogLevel(std::string_view text) {
  return ParseEnum<base::LogLevel>(text, kLogLevels);
}

std::string_view ShowLogLevel(base::LogLevel level) { return NameOf<base::LogLevel>(level, kLogLevels); }

absl::StatusOr<SelfExporting> ParseSelfExporting(std::string_view text) {
  return ParseEnum<SelfExporting>(text, kSelfExporting);
}

std::string_view ShowSelfExporting(SelfExporting what) { return NameOf<SelfExporting>(what, kSelfExporting); }

absl::StatusOr<AttachMethod> ParseAttachMethod(std::string_view text) {
  return ParseEnum<AttachMethod>(text, kAttachMethods);
}

std::string_view ShowAttachMethod(AttachMethod method) { return NameOf<AttachMethod>(method, kAttachMethods); }

absl::StatusOr<pid_t> ParsePid(std::string_view text) {
  absl::StatusOr<int64_t> pid = ParseInteger(text, 1, kPidMax);
  if (!pid.ok()) {
    return base::MakeStatus(absl::StatusCode::kInvalidArgument, "expected a process id, a whole number from 1 to {}",
                            kPidMax);
  }
  return static_cast<pid_t>(*pid);
}

absl::StatusOr<PodSourceKind> ParsePodSource(std::string_view text) {
  return ParseEnum<PodSourceKind>(text, kPodSources);
}

std::string_view ShowPodSource(PodSourceKind source) { return NameOf<PodSourceKind>(source, kPodSources); }

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  const bool has_brackets = host.starts_with('[') && host.ends_with(']');
  if (has_brackets) {
    host = host.substr(1, host.size() - 2);
  }
  const absl::StatusOr<int64_t> port =
      ParseInteger(colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1), 0, UINT16_MAX);
  const bool is_host = host.find_first_of(has_brackets ? "[] /\t\r\n" : "[]:/ \t\r\n") == std::string_view::npos;
  if (!port.ok() || !is_host) {
    return absl::InvalidArgumentError("expected ADDRESS:PORT or :PORT, such as :9464 or 127.0.0.1:9464");
  }
  return ListenAddress{.host = std::string(host), .port = static_cast<uint16_t>(*port)};
}

std::string ShowListenAddress(const std::optional<ListenAddress>& address) {
  if (!address) {
    return {};
  }
  const bool is_ipv6 = address->host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", address->host, address->port)
                 : fmt::format("{}:{}", address->host, address->port);
}

absl::StatusOr<std::string> ParseNamespace(std::string_view text) {
  constexpr size_t kMaxLength = 63;
  const bool is_name = !text.empty() && text.size() <= kMaxLength && text.front() != '-' && text.back() != '-' &&
                       std::all_of(text.begin(), text.end(),
                                   [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  if (!is_name) {
    return absl::InvalidArgumentError("expected the name of a namespace: lower-case letters, digits and '-'");
  }
  return std::string(text);
}

absl::StatusOr<std::string> ParseSocketPath(std::string_view text) {
  constexpr std::string_view kScheme = "unix://";
  constexpr size_t kMaxLength = 107;  // sockaddr_un
  if (text.starts_with(kScheme)) {
    text.remove_prefix(kScheme.size());
  }
  if (!text.starts_with('/') || text.size() > kMaxLength || text.find('\0') != std::string_view::npos) {
    return base::MakeStatus(absl::StatusCode::kInvalidArgument,
                            "expected the absolute path of a socket, at most {} characters", kMaxLength);
  }
  return std::string(text);
}

}  // namespace nodespan::config
