// SPDX-License-Identifier: Apache-2.0
// Follows the tokens of a SQL text and notes operations and their targets, as sql_text.h promises them.
//
// No grammar: it knows which words begin an operation and where, and which places name a table; parentheses are a
// stack, so that the FROM of a subquery is not that of EXTRACT(YEAR FROM x). Deeper than kMaxDepth nothing is noted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spans/sql_lexer.h"
#include "spans/sql_text.h"
#include "spans/sql_words.h"

namespace nodespan::spans {

class SqlOutline {
 public:
  // `result` outlives this.
  SqlOutline(const SqlTextOptions& options, SqlText* result);

  bool TableExpected() const { return depth_ < kMaxDepth && level().expect == Expect::kTable; }

  // `info` is that of the word, for other tokens empty; `following` is the byte behind the token. True: the token names
  // something.
  bool Take(const SqlToken& token, SqlWordInfo info, char following);

 private:
  static constexpr size_t kMaxDepth = 64;
  static constexpr size_t kMaxWithNames = 8;  // Those after it are taken for tables.

  enum class Expect : uint8_t { kNothing, kWithName, kTable, kObjectName, kProcedure };

  // What is known inside one pair of parentheses.
  struct Level {
    SqlWord operation = SqlWord::kNone;
    Expect expect = Expect::kNothing;
    bool in_list = false;     // A comma is followed by another table.
    bool in_from = false;     // The table is read: a name before "(" is that of a function.
    bool after_with = false;  // Between WITH and its operation.
  };

  Level& level() { return levels_[depth_]; }
  const Level& level() const { return levels_[depth_]; }

  bool TakeWord(const SqlToken& token, SqlWordInfo info, char following);
  bool StartsOperation(SqlWordInfo info) const;
  void StartOperation(std::string_view text, SqlWordInfo info);
  void TakeObject(std::string_view text, SqlWordInfo info);
  bool SkipsBeforeTable(SqlWordInfo info);
  void TakeClause(SqlWordInfo info);
  void ExpectTable(bool in_list, bool in_from);
  bool TakeName(const SqlToken& token, char following);
  void TakeOther(const SqlToken& token);
  void Open();
  void EndStatement();
  void AddTarget(std::string_view name, bool is_collection);
  bool IsWithName(std::string_view name) const;
  void AppendToOperation(std::string_view word);
  void AppendToSummary(std::string_view part);

  const bool string_names_;
  const bool execute_is_call_;
  SqlText& result_;
  std::array<Level, kMaxDepth> levels_;
  size_t depth_ = 0;
  std::array<std::string_view, kMaxWithNames> with_names_;
  size_t with_name_count_ = 0;

  bool at_start_ = true;         // Of a statement.
  bool seeking_ = false;         // Behind EXPLAIN or BEGIN: the operation is still to come.
  bool opaque_ = false;          // Up to the end of the statement.
  bool rest_is_body_ = false;    // Up to the end of the text.
  bool expect_object_ = false;   // Behind CREATE, ALTER, DROP.
  bool keep_expecting_ = false;  // Behind TOP: the next parentheses do not stand for the table.
  bool main_is_open_ = true;     // The operation of the first statement is not yet known.
  bool has_main_collection_ = false;
  bool summary_is_full_ = false;
  SqlWordInfo object_;  // Of CREATE, ALTER, DROP.
  SqlWord previous_word_ = SqlWord::kNone;
  SqlTokenKind previous_kind_ = SqlTokenKind::kEnd;
};

}  // namespace nodespan::spans
