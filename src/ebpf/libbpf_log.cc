// SPDX-License-Identifier: Apache-2.0
#include "ebpf/libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <string_view>
#include <vector>

namespace nodespan::ebpf {
namespace {

constexpr size_t kMaxMessages = 20;
constexpr size_t kMaxMessageBytes = 400;

thread_local std::vector<std::string> messages;
thread_local bool print_all = false;

// The end of a verifier log says what was refused; its beginning is only the way there.
std::string LastLines(std::string_view text) {
  while (!text.empty() && text.back() == '\n') {
    text.remove_suffix(1);
  }
  if (text.size() > kMaxMessageBytes) {
    text.remove_prefix(text.size() - kMaxMessageBytes);
  }
  std::string line(text);
  for (char& c : line) {
    if (c == '\n') {
      c = ' ';
    }
  }
  return line;
}

int Collect(libbpf_print_level level, const char* format, va_list args) {
  va_list copy;
  va_copy(copy, args);
  const int size = std::vsnprintf(nullptr, 0, format, copy);
  va_end(copy);
  if (size < 0) {
    return size;
  }
  std::string text(static_cast<size_t>(size), '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, args);
  if (print_all) {
    std::fputs(text.c_str(), stderr);
  }
  if (level == LIBBPF_WARN) {
    if (messages.size() == kMaxMessages) {
      messages.erase(messages.begin());
    }
    messages.push_back(LastLines(text));
  }
  return size;
}

}  // namespace

LibbpfLog::LibbpfLog(bool verbatim) : previous_(reinterpret_cast<void*>(libbpf_set_print(Collect))) {
  messages.clear();
  print_all = verbatim;
}

LibbpfLog::~LibbpfLog() {
  libbpf_set_print(reinterpret_cast<libbpf_print_fn_t>(previous_));
  print_all = false;
}

std::string LibbpfLog::Summary() const {
  std::string all;
  for (const std::string& message : messages) {
    if (!all.empty()) {
      all += "; ";
    }
    all += message;
  }
  return all;
}

}  // namespace nodespan::ebpf
