// SPDX-License-Identifier: Apache-2.0
// The words of SQL that say what a statement does and to which tables. Pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace nodespan::spans {

// Words that are treated one by one; all others that matter are kOrdinary with flags.
enum class SqlWord : uint8_t {
  kNone,  // Not in the table.
  kOrdinary,
  kAlter,
  kArray,
  kAs,
  kBegin,
  kCall,
  kCopy,
  kCreate,
  kDelete,
  kDescribe,
  kDistinct,
  kDrop,
  kExec,
  kExecute,
  kExplain,
  kFalse,
  kFrom,
  kImmediate,
  kIn,
  kIndex,
  kInsert,  // And REPLACE, UPSERT.
  kJoin,
  kMerge,
  kOn,
  kOr,
  kRecursive,
  kSelect,
  kStart,
  kTop,
  kTransaction,
  kTrue,
  kTruncate,
  kUpdate,
  kUsing,
  kWith,
};

enum SqlWordFlags : uint16_t {
  kStartsStatement = 1 << 0,
  kStartsQuery = 1 << 1,  // Also inside another statement: in parentheses, behind WITH, EXPLAIN or BEGIN.
  kOpaque = 1 << 2,       // With kStartsStatement: its further words are not what they are elsewhere.
  kBeforeTable = 1 << 3,  // May stand between the operation and the table.
  kEndsTables = 1 << 4,   // Ends the list of tables.
  kObject = 1 << 5,       // What CREATE, ALTER and DROP are about.
  kNamed = 1 << 6,        // With kObject: its name is a target,
  kCollection = 1 << 7,   // it is a collection,
  kHasBody = 1 << 8,      // it has statements of its own, which are not executed now.
};

struct SqlWordInfo {
  SqlWord word = SqlWord::kNone;
  uint16_t flags = 0;
};

// Case does not matter.
SqlWordInfo LookUpSqlWord(std::string_view text);

}  // namespace nodespan::spans
