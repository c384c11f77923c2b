// SPDX-License-Identifier: Apache-2.0
#include "k8s/cgroup.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace nodespan::k8s {
namespace {

constexpr size_t kIdDigits = 64;
constexpr std::string_view kScope = ".scope";
// The process that watches over a container of CRI-O or Podman has the container's id in the name of a cgroup of its
// own.
constexpr std::string_view kMonitor = "conmon-";

// cgroup v1 has a path for each controller. Those that every runtime sets come first.
constexpr std::array<std::string_view, 4> kControllers = {"name=systemd", "memory", "cpu", "pids"};

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool IsHex(std::string_view text) { return std::all_of(text.begin(), text.end(), IsHexDigit); }

// One name of a cgroup path, without what systemd puts behind it.
std::string_view WithoutScope(std::string_view segment) {
  return segment.ends_with(kScope) ? segment.substr(0, segment.size() - kScope.size()) : segment;
}

// The id at the end of a segment: "<id>", "cri-containerd-<id>.scope", "<slice>:cri-containerd:<id>".
std::string_view FindContainerId(std::string_view segment) {
  segment = WithoutScope(segment);
  if (segment.size() < kIdDigits) {
    return {};
  }
  const std::string_view prefix = segment.substr(0, segment.size() - kIdDigits);
  const std::string_view id = segment.substr(prefix.size());
  const bool is_bounded = prefix.empty() || prefix.back() == '-' || prefix.back() == ':';
  return is_bounded && IsHex(id) && !prefix.ends_with(kMonitor) ? id : std::string_view();
}

// The length of the uid that `text` starts with, or 0. systemd writes '_' for '-', which separates levels of slices.
size_t UidLength(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  constexpr size_t kStaticDigits = 32;
  const auto ends_at = [text](size_t length) { return text.size() == length || !IsHexDigit(text[length]); };
  if (text.size() >= kStaticDigits && IsHex(text.substr(0, kStaticDigits)) && ends_at(kStaticDigits)) {
    return kStaticDigits;
  }
  if (text.size() < kShape.size()) {
    return 0;
  }
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool fits = kShape[i] == 'x' ? IsHexDigit(text[i]) : text[i] == '-' || text[i] == '_';
    if (!fits) {
      return 0;
    }
  }
  return ends_at(kShape.size()) ? kShape.size() : 0;
}

// The uid of "pod<uid>", "kubepods-burstable-pod<uid>.slice" and the like; the last one of the segment.
std::string FindPodUid(std::string_view segment) {
  constexpr std::string_view kPod = "pod";
  for (size_t at = segment.rfind(kPod); at != std::string_view::npos;
       at = at == 0 ? std::string_view::npos : segment.rfind(kPod, at - 1)) {
    const std::string_view rest = segment.substr(at + kPod.size());
    if (const size_t length = UidLength(rest); length > 0) {
      std::string uid(rest.substr(0, length));
      std::replace(uid.begin(), uid.end(), '_', '-');
      return uid;
    }
  }
  return {};
}

std::optional<CgroupContainer> ParsePath(std::string_view path) {
  CgroupContainer found;
  std::string uid;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (std::string segment_uid = FindPodUid(segment); !segment_uid.empty()) {
      // A pod within the container found so far, if any: that container is a node.
      uid = std::move(segment_uid);
      found = {};
    }
    if (const std::string_view id = FindContainerId(segment); !id.empty()) {
      found = {.container_id = std::string(id), .pod_uid = uid};
    }
  }
  return found.container_id.empty() ? std::nullopt : std::optional(std::move(found));
}

struct CgroupLine {
  std::string_view controllers;  // of v1, separated by commas; empty: v2
  std::string_view path;
};

std::optional<CgroupLine> SplitLine(std::string_view line) {
  const size_t first = line.find(':');
  const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
  if (second == std::string_view::npos) {
    return std::nullopt;
  }
  return CgroupLine{line.substr(first + 1, second - first - 1), line.substr(second + 1)};
}

bool HasController(std::string_view controllers, std::string_view wanted) {
  while (!controllers.empty()) {
    const size_t comma = controllers.find(',');
    if (controllers.substr(0, comma) == wanted) {
      return true;
    }
    controllers = comma == std::string_view::npos ? std::string_view() : controllers.substr(comma + 1);
  }
  return false;
}

// Position in the order of preference; those that are not listed come last.
size_t Rank(std::string_view controllers) {
  if (controllers.empty()) {
    return 0;
  }
  const auto* found = std::find_if(kControllers.begin(), kControllers.end(),
                                   [controllers](std::string_view name) { return HasController(controllers, name); });
  return 1 + static_cast<size_t>(found - kControllers.begin());
}

}  // namespace

std::optional<CgroupContainer> ParseCgroup(std::string_view text) {
  std::optional<CgroupContainer> best;
  size_t best_rank = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::optional<CgroupLine> line = SplitLine(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (!line) {
      continue;
    }
    const size_t rank = Rank(line->controllers);
    if (best && rank >= best_rank) {
      continue;
    }
    if (std::optional<CgroupContainer> container = ParsePath(line->path); container) {
      best = std::move(container);
      best_rank = rank;
    }
  }
  return best;
}

}  // namespace nodespan::k8s
