// SPDX-License-Identifier: Apache-2.0
#include "discovery/selector.h"

#include <fnmatch.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "fmt/format.h"

namespace nodespan::discovery {
namespace {

bool Matches(const std::string& glob, const std::string& path) {
  const char* text = path.c_str();
  if (glob.find('/') == std::string::npos) {
    size_t slash = path.rfind('/');
    text += slash == std::string::npos ? 0 : slash + 1;
  }
  return ::fnmatch(glob.c_str(), text, 0) == 0;
}

}  // namespace

Selector::Selector(SelectionOptions options, std::optional<pid_t> own_pid)
    : options_(std::move(options)), own_pid_(own_pid) {}

SelectionDecision Selector::Decide(const ProcessInfo& process) {
  if (process.key.pid == own_pid_) {
    return {.is_selected = false, .reason = "nodespan does not trace itself"};
  }
  if (IsSelectedByPid(process.key)) {
    return {.is_selected = true, .is_named_by_pid = true, .reason = fmt::format("--pid {}", process.key.pid)};
  }
  for (const std::string& glob : options_.exe_globs) {
    if (Matches(glob, process.exe.path)) {
      return {.is_selected = true, .reason = fmt::format("--exe {}", glob)};
    }
  }
  if (options_.all) {
    return {.is_selected = true, .reason = "--all"};
  }
  return {.is_selected = false, .reason = "not selected by --pid, --exe or --all"};
}

bool Selector::IsSelectedByPid(const model::ProcessKey& key) {
  if (std::find(options_.pids.begin(), options_.pids.end(), key.pid) == options_.pids.end()) {
    return false;
  }
  auto [bound, is_first] = bound_pids_.try_emplace(key.pid, key);
  return is_first || bound->second == key;
}

}  // namespace nodespan::discovery
