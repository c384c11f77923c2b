// SPDX-License-Identifier: Apache-2.0
// What a SQL text does and to which tables, and the text without its values (SPEC section 3.4). One pass over the text,
// for every dialect of sql_dialect.h.
//
// The text comes out of a traced process: any bytes, maybe cut at a limit. Nothing is validated, so that the answer for
// text that is not SQL is empty or a guess; it never contains a value.
//
// Summary: operations and targets in the order of the text, as written, e.g. "INSERT a SELECT b".
// - Targets are tables, views and what DDL and CALL name; a function in FROM, a variable or a placeholder is none.
// - Names of users and roles do not appear.
// - Names written as 'name' are targets where the dialect has them; the parentheses of EXTRACT(YEAR FROM '...') and the
//   like are no such place.
// - At most kMaxSummaryBytes; the first part that does not fit and all after it are left out.
// - Of a cut text the last word is left out: it may be the beginning of another one.
//
// Sanitised text:
// - Each literal, with prefix (E'' N'' X'' q'' U&''), becomes "?". Booleans are literals, NULL is not. A sign directly
//   before a number belongs to it (99+100 is "??"), unless a name, a placeholder, ")" or "]" stands directly before the
//   sign (a+1 is "a+?"). Placeholders are kept.
// - Comments, hints included, are white space; white space becomes one space, none at the ends.
// - IN (...) of nothing but "?" becomes IN (?), so that the length of a list does not make another text.
// - A quoted thing without end becomes "?", and so does the rest of the text when it cannot be said where a string ends
//   (a backslash before a quote while the dialect is not known). MySQL in ANSI_QUOTES mode loses quoted names;
//   NO_BACKSLASH_ESCAPES of MySQL and standard_conforming_strings=off of PostgreSQL are not known here.
//
// Thread: pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "spans/sql_dialect.h"

namespace nodespan::spans {

inline constexpr size_t kMaxSummaryBytes = 255;

// Views into the text.
struct SqlText {
  // Of the first statement: "SELECT", "CREATE TABLE", upper case. WITH ... SELECT is SELECT. Empty: not recognised, so
  // that foreign text cannot invent operations.
  std::string operation;
  // The first table of that operation, or of the first one nested in it; never the name of a WITH query. As written.
  std::string_view collection;
  std::string_view stored_procedure;  // Of CALL, EXEC and (not in PostgreSQL) EXECUTE.
  std::string summary;
  std::string sanitized;         // Empty unless asked for. Not longer than the text.
  uint32_t statement_count = 0;  // Statements that were recognised.
  uint32_t operation_count = 0;  // With nested ones.
  uint32_t target_count = 0;
};

struct SqlTextOptions {
  SqlDialect dialect = SqlDialect::kUnknown;
  bool cut = false;  // The text was longer.
  bool sanitize = false;
  std::string_view summary_prefix;  // What the summary begins with, for example "PREPARE".
};

// Overwrites `result`, whose strings are used again: a caller that keeps it allocates only for growth.
void ReadSqlText(std::string_view text, const SqlTextOptions& options, SqlText& result);

}  // namespace nodespan::spans
