// SPDX-License-Identifier: Apache-2.0
#include "spans/sql_text.h"

#include <array>

#include "spans/sql_lexer.h"
#include "spans/sql_outline.h"
#include "spans/sql_words.h"

namespace nodespan::spans {
namespace {

// Writes the text without its values.
class Sanitizer {
 public:
  explicit Sanitizer(std::string* out) : out_(*out) {}

  // `is_word_whole`: not cut. `is_name`: it is no string, where only the place tells.
  void Take(const SqlToken& token, SqlWordInfo info, bool is_name, bool is_word_whole) {
    if (token.space_before && !out_.empty() && token.kind != SqlTokenKind::kEnd) {
      out_ += ' ';
    }
    const bool is_literal = IsLiteral(token, info, is_name, is_word_whole);
    FollowList(token, info, is_literal);
    if (is_literal) {
      out_ += '?';
    } else {
      out_ += token.text;
    }
    if (token.kind == SqlTokenKind::kOpen && list_ == List::kOpens) {
      list_ = List::kInside;
      list_begin_ = out_.size();
    }
  }

 private:
  enum class List : uint8_t { kNone, kOpens, kInside };

  static bool IsLiteral(const SqlToken& token, SqlWordInfo info, bool is_name, bool is_word_whole) {
    switch (token.kind) {
      case SqlTokenKind::kString:
      case SqlTokenKind::kNumber:
      case SqlTokenKind::kUnterminated: return true;
      case SqlTokenKind::kNameOrString: return !is_name;
      case SqlTokenKind::kWord:
        return is_word_whole ? !is_name && (info.word == SqlWord::kTrue || info.word == SqlWord::kFalse)
                             : MayBecomeBoolean(token.text);
      default: return false;
    }
  }

  static bool MayBecomeBoolean(std::string_view text) {
    for (const std::string_view literal : {"TRUE", "FALSE"}) {
      bool equal = text.size() <= literal.size();
      for (size_t i = 0; equal && i < text.size(); ++i) {
        equal = (text[i] & ~0x20) == literal[i];
      }
      if (equal) {
        return true;
      }
    }
    return false;
  }

  // IN (?, ?) -> IN (?)
  void FollowList(const SqlToken& token, SqlWordInfo info, bool is_literal) {
    if (list_ == List::kInside) {
      if (is_literal || token.text == "?") {
        list_has_item_ = true;
        return;
      }
      if (token.kind == SqlTokenKind::kComma) {
        return;
      }
      const bool ends = token.kind == SqlTokenKind::kClose || token.kind == SqlTokenKind::kEnd;
      if (ends && list_has_item_) {
        out_.resize(list_begin_);
        out_ += '?';
      }
    }
    list_has_item_ = false;
    if (info.word == SqlWord::kIn) {
      list_ = List::kOpens;
    } else if (token.kind != SqlTokenKind::kOpen || list_ != List::kOpens) {
      list_ = List::kNone;
    }
  }

  std::string& out_;
  List list_ = List::kNone;
  bool list_has_item_ = false;
  size_t list_begin_ = 0;
};

}  // namespace

void ReadSqlText(std::string_view text, const SqlTextOptions& options, SqlText& result) {
  result.operation.clear();
  result.collection = {};
  result.stored_procedure = {};
  result.summary.clear();
  result.sanitized.clear();
  result.statement_count = result.operation_count = result.target_count = 0;

  SqlLexer lexer(text, SyntaxOf(options.dialect));
  SqlOutline outline(options, &result);
  Sanitizer sanitizer(&result.sanitized);
  if (options.sanitize) {
    result.sanitized.reserve(text.size());
  }
  SqlToken token;
  do {
    token = lexer.Next(outline.TableExpected());
    const SqlWordInfo info = token.kind == SqlTokenKind::kWord ? LookUpSqlWord(token.text) : SqlWordInfo();
    const bool is_whole = !options.cut || !lexer.AtEnd();
    const bool is_name = is_whole && outline.Take(token, info, lexer.Following());
    if (options.sanitize) {
      sanitizer.Take(token, info, is_name, is_whole);
    }
  } while (token.kind != SqlTokenKind::kEnd);
}

}  // namespace nodespan::spans
