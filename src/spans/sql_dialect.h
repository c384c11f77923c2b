// SPDX-License-Identifier: Apache-2.0
// What differs between the dialects of SQL in the form of literals, names and comments.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace nodespan::spans {

enum class SqlDialect : uint8_t {
  kUnknown,  // Every construct that could be a literal in some dialect is taken for one.
  kStandard,
  kPostgreSql,
  kMySql,
  kSqlite,
  kSqlServer,
  kOracle,
  kClickHouse,
  kSnowflake,
  kGoogleSql,  // Spanner, BigQuery
};

// What "..." is. kEither: a name where a table is named or beside a dot, else a string.
enum class DoubleQuotes : uint8_t { kName, kString, kEither };

// What a backslash in '...' does. kUnclear: a backslash before a quote leaves open where the string ends.
enum class Backslash : uint8_t { kOrdinary, kEscapes, kUnclear };

struct SqlSyntax {
  DoubleQuotes double_quotes = DoubleQuotes::kName;
  Backslash backslash = Backslash::kOrdinary;
  bool hash_comments = false;     // "#" up to the end of the line
  bool slash_comments = false;    // "//" up to the end of the line
  bool dash_needs_space = false;  // "--" begins a comment only before white space
  bool nested_comments = false;   // "/* /* */ */"
  bool dollar_quotes = false;     // $tag$...$tag$
  bool escape_strings = false;    // E'...' with backslash escapes, whatever `backslash` says
  bool quote_operator = false;    // q'[...]'
  bool triple_quotes = false;     // '''...'''
  bool bracket_names = false;     // [name]
  bool string_names = false;      // 'name' where a table is named
};

// By SqlDialect.
inline constexpr std::array<SqlSyntax, 10> kSqlSyntax = {{
    // "#" is an operator in PostgreSQL and starts temporary tables in SQL Server, but never before a space there.
    {.double_quotes = DoubleQuotes::kEither,
     .backslash = Backslash::kUnclear,
     .hash_comments = true,
     .nested_comments = true,
     .dollar_quotes = true,
     .escape_strings = true,
     .quote_operator = true,
     .string_names = true},
    {},
    {.nested_comments = true, .dollar_quotes = true, .escape_strings = true},
    {.double_quotes = DoubleQuotes::kString,
     .backslash = Backslash::kEscapes,
     .hash_comments = true,
     .dash_needs_space = true},
    // A name that is no column is a string (sqlite.org/quirks.html, "Double-quoted String Literals Are Accepted").
    {.double_quotes = DoubleQuotes::kEither, .bracket_names = true, .string_names = true},
    {.nested_comments = true, .bracket_names = true},
    {.quote_operator = true},
    {.backslash = Backslash::kEscapes, .dollar_quotes = true},
    {.backslash = Backslash::kEscapes, .slash_comments = true, .dollar_quotes = true},
    {.double_quotes = DoubleQuotes::kString,
     .backslash = Backslash::kEscapes,
     .hash_comments = true,
     .triple_quotes = true},
}};

inline constexpr const SqlSyntax& SyntaxOf(SqlDialect dialect) { return kSqlSyntax[static_cast<size_t>(dialect)]; }

}  // namespace nodespan::spans
