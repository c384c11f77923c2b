// SPDX-License-Identifier: Apache-2.0
// The rows of go-redis in the catalogue.
#pragma once

#include <span>
#include <string_view>

#include "attach/database_steps.h"

namespace nodespan::attach {

// The library under one of the paths that it had. All names are patterns (goinspect/names.h).
struct RedisModuleSpec {
  std::string_view process;  // the function that says where the program has the module
  std::string_view client;   // struct of a client of one server
  std::string_view command;  // struct that every command begins with
  std::span<const DatabaseOperationSpec> operations;
};

struct RedisCatalog {
  std::string_view library;
  std::span<const std::string_view> used_when;
  std::span<const RedisModuleSpec> modules;  // the first one that is there counts
  // Fields to go through from the client, and the field of the command.
  std::span<const std::string_view> server;
  std::span<const std::string_view> index;
  std::string_view arguments;
  std::string_view arguments_type;
  std::span<const DatabaseErrorSpec> errors;
};

extern const RedisCatalog kRedisCatalog;

}  // namespace nodespan::attach
