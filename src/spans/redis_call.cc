// SPDX-License-Identifier: Apache-2.0
#include "spans/redis_call.h"

#include <algorithm>
#include <string_view>

#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

using events::DatabaseEvent;
using events::DatabaseOperation;
using events::RedisCommand;
using events::RedisCommands;

constexpr std::string_view kMulti = "multi";  // as go-redis itself sends it
constexpr std::string_view kSeparator = "; ";
constexpr std::string_view kMore = "...";
constexpr int kMaxShownArguments = 16;  // of one command

std::string TextOf(const RedisCommand& command) {
  std::string text = Clean(command.name);
  for (int i = 0; i < std::min<int>(command.argument_count, kMaxShownArguments); ++i) {
    text += " ?";
  }
  if (command.argument_count > kMaxShownArguments) {
    text += ' ';
    text += kMore;
  }
  return text;
}

// The texts of several commands; that of one when they are alike.
class JoinedText {
 public:
  void Add(std::string text) {
    if (count_++ == 0) {
      first_ = text;
      joined_ = std::move(text);
      return;
    }
    alike_ = alike_ && text == first_;
    joined_ += kSeparator;
    joined_ += text;
  }
  std::string Take(bool has_more) && {
    if (has_more) {
      Add(std::string(kMore));
    }
    return alike_ ? std::move(first_) : std::move(joined_);
  }

 private:
  size_t count_ = 0;
  bool alike_ = true;
  std::string first_;
  std::string joined_;
};

}  // namespace

RedisCall ReadRedisCall(const DatabaseEvent& event, bool with_text) {
  RedisCommands commands = event.commands;
  std::optional<RedisCommand> command = commands.Next();
  uint32_t left = event.operation == DatabaseOperation::kCommand ? 1 : event.batch_size;
  const bool is_transaction =
      event.operation != DatabaseOperation::kCommand && left >= 2 && command && command->name == kMulti;
  if (is_transaction) {
    command = commands.Next();
    left -= 2;  // MULTI and EXEC
  }
  RedisCall call;
  if (left != 1) {
    call.batch_size = left;
  }
  JoinedText text;
  const std::string_view name = command && left > 0 ? command->name : std::string_view();
  bool alike = !name.empty();
  for (; left > 0 && command; --left, command = commands.Next()) {
    alike = alike && command->name == name;
    if (with_text) {
      text.Add(TextOf(*command));
    }
  }
  alike = alike && left == 0;
  if (call.batch_size) {
    call.operation = is_transaction ? "MULTI" : "PIPELINE";
    call.operation += alike ? " " + Clean(name) : "";
  } else {
    call.operation = Clean(name);
  }
  if (with_text) {
    call.text = std::move(text).Take(left > 0);
  }
  return call;
}

std::string_view RedisErrorPrefix(std::string_view message) {
  const std::string_view word = message.substr(0, message.find(' '));
  const bool is_prefix = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return is_prefix ? word : std::string_view();
}

}  // namespace nodespan::spans
