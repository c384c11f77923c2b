// SPDX-License-Identifier: Apache-2.0
#include "procfs/proc_text.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::procfs {
namespace {

// include/linux/sched.h
constexpr uint32_t kPfExiting = 0x00000004;
constexpr uint32_t kPfKthread = 0x00200000;

absl::Status Malformed(std::string_view what) {
  return base::MakeStatus(absl::StatusCode::kDataLoss, "malformed {}", what);
}

// Takes text off the front of a view, piece by piece.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  std::string_view rest() const { return text_; }

  // Everything up to `separator`, which is consumed too; the rest when it does not occur.
  std::string_view Until(char separator) {
    size_t end = std::min(text_.find(separator), text_.size());
    std::string_view piece = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    return piece;
  }

  // The next run of characters that are neither blank nor tab; empty at the end.
  std::string_view Word() {
    SkipBlanks();
    size_t end = std::min(text_.find_first_of(" \t"), text_.size());
    std::string_view word = text_.substr(0, end);
    text_.remove_prefix(end);
    return word;
  }

  void SkipBlanks() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t"), text_.size())); }

 private:
  std::string_view text_;
};

template <typename T>
std::optional<T> Number(std::string_view text, int base = 10) {
  T value{};
  const char* end = text.data() + text.size();
  auto [stopped_at, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || stopped_at != end) {
    return std::nullopt;
  }
  return value;
}

std::optional<MapsEntry> ParseMapsLine(std::string_view line) {
  Cursor cursor(line);
  auto start = Number<uint64_t>(cursor.Until('-'), 16);
  auto end = Number<uint64_t>(cursor.Word(), 16);
  std::string_view permissions = cursor.Word();
  auto file_off = Number<uint64_t>(cursor.Word(), 16);
  Cursor device(cursor.Word());
  auto dev_major = Number<uint32_t>(device.Until(':'), 16);
  auto dev_minor = Number<uint32_t>(device.rest(), 16);
  auto ino = Number<uint64_t>(cursor.Word());
  if (!start || !end || *end <= *start || permissions.size() != 4 || !file_off || !dev_major || !dev_minor || !ino) {
    return std::nullopt;
  }
  cursor.SkipBlanks();
  return MapsEntry{.start_addr = *start,
                   .end_addr = *end,
                   .is_executable = permissions[2] == 'x',
                   .file_off = *file_off,
                   .dev_major = *dev_major,
                   .dev_minor = *dev_minor,
                   .ino = *ino,
                   .path = cursor.rest()};
}

}  // namespace

bool ProcessStat::is_kernel_thread() const { return (flags & kPfKthread) != 0; }

bool ProcessStat::is_exiting() const { return state == 'Z' || state == 'X' || (flags & kPfExiting) != 0; }

absl::StatusOr<ProcessStat> ParseStat(std::string_view text) {
  // "PID (COMM) STATE ...": COMM may hold anything, but nothing behind it holds a ')'.
  size_t open = text.find('(');
  size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return Malformed("stat: no (comm)");
  }
  ProcessStat stat{.comm = std::string(text.substr(open + 1, close - open - 1))};
  // Numbered as in proc(5); the word behind COMM is field 3.
  std::string_view fields = text.substr(close + 1);
  fields = fields.substr(0, fields.find('\n'));
  Cursor cursor(fields);
  for (int field = 3; field <= 28; ++field) {
    std::string_view word = cursor.Word();
    bool is_good = !word.empty();
    auto assign = [&is_good, word]<typename T>(T& target) {
      std::optional<T> number = Number<T>(word);
      is_good = number.has_value();
      target = number.value_or(T{});
    };
    switch (field) {
      case 3:
        is_good = word.size() == 1;
        stat.state = is_good ? word[0] : '?';
        break;
      case 4: assign(stat.parent_pid); break;
      case 9: assign(stat.flags); break;
      case 22: assign(stat.start_time_ticks); break;
      case 28: assign(stat.start_stack); break;
      default: break;
    }
    if (!is_good) {
      return Malformed(fmt::format("stat: field {}", field));
    }
  }
  return stat;
}

absl::StatusOr<ProcessStatus> ParseStatus(std::string_view text) {
  ProcessStatus status;
  std::optional<pid_t> pid;
  std::optional<uid_t> effective_uid;
  Cursor lines(text);
  while (!lines.done()) {
    // The only line with foreign text is Name, in which the kernel escapes line ends.
    Cursor line(lines.Until('\n'));
    std::string_view key = line.Until(':');
    if (key == "Pid") {
      pid = Number<pid_t>(line.Word());
    } else if (key == "Uid") {
      line.Word();  // the real one
      effective_uid = Number<uid_t>(line.Word());
    } else if (key == "NSpid") {
      status.namespace_pids.clear();
      for (std::string_view word = line.Word(); !word.empty(); word = line.Word()) {
        std::optional<pid_t> namespace_pid = Number<pid_t>(word);
        // MAX_PID_NS_LEVEL is 32 (kernel/pid_namespace.c), and there is the initial one.
        if (!namespace_pid || status.namespace_pids.size() > 32) {
          return Malformed("status: NSpid");
        }
        status.namespace_pids.push_back(*namespace_pid);
      }
    }
  }
  if (!effective_uid || !pid) {
    return Malformed("status: no Uid or Pid");
  }
  status.effective_uid = *effective_uid;
  if (status.namespace_pids.empty()) {
    status.namespace_pids.push_back(*pid);
  }
  return status;
}

absl::StatusOr<std::vector<MapsEntry>> ParseMaps(std::string_view text) {
  std::vector<MapsEntry> entries;
  Cursor lines(text);
  while (!lines.done()) {
    std::optional<MapsEntry> entry = ParseMapsLine(lines.Until('\n'));
    if (!entry) {
      return Malformed(fmt::format("maps: line {}", entries.size() + 1));
    }
    entries.push_back(*entry);
  }
  return entries;
}

std::map<std::string, std::string, std::less<>> ParseEnviron(std::string_view text,
                                                             std::initializer_list<std::string_view> name_prefixes) {
  std::map<std::string, std::string, std::less<>> environment;
  Cursor entries(text);
  while (!entries.done()) {
    std::string_view entry = entries.Until('\0');
    size_t equals = entry.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      continue;
    }
    const std::string_view name = entry.substr(0, equals);
    if (std::any_of(name_prefixes.begin(), name_prefixes.end(),
                    [name](std::string_view prefix) { return name.starts_with(prefix); })) {
      environment.emplace(name, entry.substr(equals + 1));
    }
  }
  return environment;
}

std::vector<std::string> ParseCmdline(std::string_view text) {
  std::vector<std::string> words;
  Cursor cursor(text);
  while (!cursor.done()) {
    words.emplace_back(cursor.Until('\0'));
  }
  return words;
}

}  // namespace nodespan::procfs
