// SPDX-License-Identifier: Apache-2.0
// What a call of Redis is, told from its commands, as the semantic conventions for Redis want it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "events/database_event.h"

namespace nodespan::spans {

struct RedisCall {
  // The command as the client sends it. Of several, PIPELINE or MULTI, with the command behind it when all are of that
  // name. Empty: not known. Valid UTF-8, like the text.
  std::string operation;
  std::optional<uint32_t> batch_size;  // Absent: a single command, also one that was sent as pipeline or transaction.
  // "set ? ?": all arguments are "?", keys as well, because they have names and tokens of people in them. Commands are
  // joined by "; ", those of one text are one. Empty unless asked for.
  std::string text;
};

RedisCall ReadRedisCall(const events::DatabaseEvent& event, bool with_text);

// What an error of the server begins with: "WRONGTYPE", "ERR". Empty when there is no such word. A view into `message`.
std::string_view RedisErrorPrefix(std::string_view message);

}  // namespace nodespan::spans
