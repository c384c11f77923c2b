// SPDX-License-Identifier: Apache-2.0
#include "spans/go_error.h"

#include <string_view>

#include "spans/span_common.h"

namespace nodespan::spans {

std::string GoErrorType(const model::TypeNames* types, uint64_t type_vaddr) {
  const std::string_view name = types == nullptr ? std::string_view() : types->Find(type_vaddr);
  if (name.empty()) {
    return "_OTHER";
  }
  if (!name.starts_with('*')) {
    return Clean(name);
  }
  // Type arguments have paths of their own.
  const size_t slash = name.substr(0, name.find('[')).rfind('/');
  return slash == std::string_view::npos ? Clean(name) : "*" + Clean(name.substr(slash + 1));
}

std::string GoErrorMessage(std::string_view type, std::string message) {
  if (!message.empty()) {
    return message;
  }
  if (type == "context.deadlineExceededError") {
    return "context deadline exceeded";  // context/context.go
  }
  if (type == "*poll.DeadlineExceededError") {
    return "i/o timeout";  // internal/poll/fd.go
  }
  return message;
}

}  // namespace nodespan::spans
