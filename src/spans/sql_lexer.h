// SPDX-License-Identifier: Apache-2.0
// SQL text -> tokens, for every dialect of sql_dialect.h.
//
// The text comes out of a traced process: any bytes, maybe cut at a limit. Every byte of it is in exactly one token or
// in white space and comments before one; a token never is longer or shorter than the literal it stands for in a way
// that would let a part of the literal pass for something else. Where that cannot be decided the rest of the text is
// one kUnterminated token. Nothing is allocated, each byte is looked at a constant number of times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spans/sql_dialect.h"

namespace nodespan::spans {

enum class SqlTokenKind : uint8_t {
  kEnd,
  kWord,          // A name or keyword without quotes and dots.
  kName,          // A quoted name, or a name with dots: `a`.b, dbo.[T], o.id
  kNameOrString,  // "..." by itself where the dialect leaves open what it is.
  kString,        // Any quoted literal, with its prefix.
  kNumber,        // With its sign.
  kPlaceholder,   // ? ?1 $1 :n @p @@v
  kOpen,          // (
  kClose,         // )
  kComma,
  kSemicolon,
  kOther,         // One character, or "::".
  kUnterminated,  // A quoted thing or a dollar tag whose end is missing or unclear; the last token.
};

struct SqlToken {
  SqlTokenKind kind = SqlTokenKind::kEnd;
  bool space_before = false;  // White space or a comment.
  std::string_view text;      // As written.
};

class SqlLexer {
 public:
  // `text` outlives this and all tokens.
  SqlLexer(std::string_view text, const SqlSyntax& syntax) : text_(text), syntax_(syntax) {}

  // `table_expected`: a table is named here, so "[" begins a name even if the dialect is not known.
  SqlToken Next(bool table_expected);

  // The byte behind the last token; '\0' at the end.
  char Following() const { return At(position_); }
  bool AtEnd() const { return position_ >= text_.size(); }

 private:
  char At(size_t position) const { return position < text_.size() ? text_[position] : '\0'; }
  bool StartsNumber(size_t position) const;
  bool StartsLineComment(char c, char next) const;
  bool SkipSpace();
  void SkipLine();
  void SkipBlockComment();
  bool EndsValue(bool space_before) const;
  SqlTokenKind Scan(bool space_before, bool table_expected);
  SqlTokenKind ScanWord();
  SqlTokenKind ScanDottedName(SqlTokenKind first);
  SqlTokenKind ScanNumber();
  SqlTokenKind ScanDollar();
  SqlTokenKind ScanString(char quote, Backslash backslash, SqlTokenKind kind);
  SqlTokenKind ScanRawQuote();
  SqlTokenKind ScanQuotedName(char end);
  SqlTokenKind ScanDoubleQuoted();
  bool IsStringPrefix(size_t begin, size_t end, Backslash* backslash) const;
  SqlTokenKind Unterminated() {
    position_ = text_.size();
    return SqlTokenKind::kUnterminated;
  }

  const std::string_view text_;
  const SqlSyntax& syntax_;
  size_t position_ = 0;
  SqlTokenKind previous_ = SqlTokenKind::kEnd;
  char previous_last_ = '\0';
};

}  // namespace nodespan::spans
