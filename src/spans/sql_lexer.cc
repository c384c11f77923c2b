// SPDX-License-Identifier: Apache-2.0
#include "spans/sql_lexer.h"

#include <algorithm>
#include <array>

namespace nodespan::spans {
namespace {

enum CharClass : uint8_t {
  kSpace = 1,
  kWordStart = 2,
  kDigit = 4,
  kWordPart = 8,
};

constexpr std::array<uint8_t, 256> MakeCharClasses() {
  std::array<uint8_t, 256> classes{};
  for (const char c : {' ', '\t', '\n', '\v', '\f', '\r'}) {
    classes[static_cast<uint8_t>(c)] = kSpace;
  }
  for (int c = 'a'; c <= 'z'; ++c) {
    classes[c] = classes[c - 'a' + 'A'] = kWordStart | kWordPart;
  }
  for (int c = 0x80; c < 0x100; ++c) {  // Letters of other scripts, in any encoding.
    classes[c] = kWordStart | kWordPart;
  }
  classes['_'] = kWordStart | kWordPart;
  for (int c = '0'; c <= '9'; ++c) {
    classes[c] = kDigit | kWordPart;
  }
  classes['$'] = classes['#'] = kWordPart;  // Oracle, MySQL, PostgreSQL: sys.v$session
  return classes;
}
constexpr std::array<uint8_t, 256> kCharClasses = MakeCharClasses();

bool Is(char c, uint8_t classes) { return (kCharClasses[static_cast<uint8_t>(c)] & classes) != 0; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

char ClosingBracket(char c) {
  switch (c) {
    case '[': return ']';
    case '(': return ')';
    case '{': return '}';
    case '<': return '>';
    default: return c;
  }
}

}  // namespace

bool SqlLexer::StartsNumber(size_t position) const {
  return Is(At(position), kDigit) || (At(position) == '.' && Is(At(position + 1), kDigit));
}

void SqlLexer::SkipLine() { position_ = std::min(text_.find('\n', position_), text_.size()); }

void SqlLexer::SkipBlockComment() {
  size_t depth = 1;
  position_ += 2;
  for (; position_ < text_.size(); ++position_) {
    if (text_[position_] == '*' && At(position_ + 1) == '/') {
      ++position_;
      if (--depth == 0) {
        ++position_;
        return;
      }
    } else if (syntax_.nested_comments && text_[position_] == '/' && At(position_ + 1) == '*') {
      ++position_;
      ++depth;
    }
  }
}

// Whether `c`, the character at the position, and `next` do.
bool SqlLexer::StartsLineComment(char c, char next) const {
  switch (c) {
    case '-':
      return next == '-' &&
             (!syntax_.dash_needs_space || position_ + 2 >= text_.size() || Is(At(position_ + 2), kSpace));
    case '/': return next == '/' && syntax_.slash_comments;
    case '#':
      return syntax_.hash_comments && (syntax_.backslash != Backslash::kUnclear || next == '\0' || Is(next, kSpace));
    default: return false;
  }
}

bool SqlLexer::SkipSpace() {
  const size_t begin = position_;
  while (position_ < text_.size()) {
    const char c = text_[position_];
    const char next = At(position_ + 1);
    if (Is(c, kSpace)) {
      ++position_;
    } else if (StartsLineComment(c, next)) {
      SkipLine();
    } else if (c == '/' && next == '*') {
      SkipBlockComment();
    } else {
      break;
    }
  }
  return position_ != begin;
}

// Whether a sign or a colon at the position is an operator because a value ends directly before it.
bool SqlLexer::EndsValue(bool space_before) const {
  if (space_before) {
    return false;
  }
  switch (previous_) {
    case SqlTokenKind::kWord:
    case SqlTokenKind::kName:
    case SqlTokenKind::kPlaceholder:
    case SqlTokenKind::kClose: return true;
    case SqlTokenKind::kOther: return previous_last_ == ']';
    default: return false;
  }
}

SqlToken SqlLexer::Next(bool table_expected) {
  SqlToken token;
  token.space_before = SkipSpace();
  const size_t begin = position_;
  if (begin < text_.size()) {
    token.kind = Scan(token.space_before, table_expected);
    token.text = text_.substr(begin, position_ - begin);
    previous_last_ = token.text.back();
  }
  previous_ = token.kind;
  return token;
}

SqlTokenKind SqlLexer::Scan(bool space_before, bool table_expected) {
  const char c = text_[position_];
  if (Is(c, kWordStart)) {
    return ScanWord();
  }
  if (StartsNumber(position_)) {
    return ScanNumber();
  }
  switch (c) {
    case '\'': return ScanString('\'', syntax_.backslash, SqlTokenKind::kString);
    case '"': return ScanDoubleQuoted();
    case '`': return ScanDottedName(ScanQuotedName('`'));
    case '$': return ScanDollar();
    case '[':
      if (syntax_.bracket_names || table_expected) {
        return ScanDottedName(ScanQuotedName(']'));
      }
      break;
    case '+':
    case '-':
      if (StartsNumber(position_ + 1) && !EndsValue(space_before)) {
        ++position_;
        return ScanNumber();
      }
      break;
    case '?':
      ++position_;
      while (Is(At(position_), kDigit)) {
        ++position_;
      }
      return SqlTokenKind::kPlaceholder;
    case ':':
      if (At(position_ + 1) == ':') {
        position_ += 2;
        return SqlTokenKind::kOther;
      }
      // Behind a value it is a slice, a path or a type: a[1:2], doc:field, {p:Int8}.
      if (!Is(At(position_ + 1), kWordPart) || EndsValue(space_before) || previous_ == SqlTokenKind::kNumber) {
        break;
      }
      [[fallthrough]];
    case '@': {
      size_t end = position_ + 1;
      if (c == '@' && At(end) == '@') {
        ++end;
      }
      if (!Is(At(end), kWordPart)) {
        break;
      }
      while (Is(At(end), kWordPart)) {
        ++end;
      }
      position_ = end;
      return SqlTokenKind::kPlaceholder;
    }
    case '#':
      if (Is(At(position_ + 1), kWordStart | kDigit) || At(position_ + 1) == '#') {  // #temp, ##temp of SQL Server
        return ScanWord();
      }
      break;
    case '(': ++position_; return SqlTokenKind::kOpen;
    case ')': ++position_; return SqlTokenKind::kClose;
    case ',': ++position_; return SqlTokenKind::kComma;
    case ';': ++position_; return SqlTokenKind::kSemicolon;
    default: break;
  }
  ++position_;
  return SqlTokenKind::kOther;
}

// A string prefix of SQL, PostgreSQL, MySQL or GoogleSQL, which belongs to the literal.
bool SqlLexer::IsStringPrefix(size_t begin, size_t end, Backslash* backslash) const {
  const char first = Lower(text_[begin]);
  if (end - begin == 1) {
    if (first == 'e' && syntax_.escape_strings) {
      *backslash = Backslash::kEscapes;
      return true;
    }
    if (first == 'r' && syntax_.triple_quotes) {
      return true;
    }
    return first == 'n' || first == 'b' || first == 'x';
  }
  return end - begin == 2 && syntax_.triple_quotes &&
         ((first == 'r' && Lower(text_[begin + 1]) == 'b') || (first == 'b' && Lower(text_[begin + 1]) == 'r'));
}

SqlTokenKind SqlLexer::ScanWord() {
  const size_t begin = position_;
  ++position_;
  while (position_ < text_.size() && Is(text_[position_], kWordPart)) {
    ++position_;
  }
  const char next = At(position_);
  if (next == '\'' || (next == '"' && syntax_.double_quotes == DoubleQuotes::kString)) {
    Backslash backslash = syntax_.backslash;
    if (IsStringPrefix(begin, position_, &backslash)) {
      return ScanString(next, backslash, SqlTokenKind::kString);
    }
    const size_t size = position_ - begin;
    if (next == '\'' && syntax_.quote_operator && size <= 2 && Lower(text_[position_ - 1]) == 'q' &&
        (size == 1 || Lower(text_[begin]) == 'n')) {
      return ScanRawQuote();
    }
  }
  if (next == '&' && position_ - begin == 1 && Lower(text_[begin]) == 'u') {  // U&'...', U&"..."
    const char quote = At(position_ + 1);
    if (quote == '\'' || quote == '"') {
      ++position_;
      return quote == '\'' ? ScanString('\'', syntax_.backslash, SqlTokenKind::kString) : ScanDoubleQuoted();
    }
  }
  return next == '.' ? ScanDottedName(SqlTokenKind::kWord) : SqlTokenKind::kWord;
}

// After the first part of a name: takes the parts behind dots. A part that is not whole is left to the next token.
SqlTokenKind SqlLexer::ScanDottedName(SqlTokenKind first) {
  if (first == SqlTokenKind::kUnterminated) {
    return first;
  }
  SqlTokenKind kind = first;
  while (At(position_) == '.') {
    const size_t dot = position_;
    while (At(position_) == '.') {  // "db..table" of SQL Server
      ++position_;
    }
    const char c = At(position_);
    if (Is(c, kWordStart) || c == '#') {
      while (position_ < text_.size() && Is(text_[position_], kWordPart)) {
        ++position_;
      }
    } else if (c == '`' || c == '"' || c == '[') {
      if (c == '"' && syntax_.double_quotes == DoubleQuotes::kString) {
        position_ = dot;
        return kind;
      }
      if (ScanQuotedName(c == '[' ? ']' : c) == SqlTokenKind::kUnterminated) {
        position_ = dot;
        return kind;
      }
    } else {
      position_ = dot;
      return kind;
    }
    kind = SqlTokenKind::kName;
  }
  return kind;
}

// From the opening quote or bracket at the position.
SqlTokenKind SqlLexer::ScanQuotedName(char end) {
  for (size_t i = position_ + 1; i < text_.size(); ++i) {
    if (text_[i] == '\\' && end == '`' && syntax_.backslash == Backslash::kEscapes &&
        syntax_.double_quotes != DoubleQuotes::kString) {
      ++i;  // ClickHouse
    } else if (text_[i] == end) {
      if (At(i + 1) != end) {
        position_ = i + 1;
        return SqlTokenKind::kName;
      }
      ++i;
    }
  }
  return Unterminated();
}

SqlTokenKind SqlLexer::ScanDoubleQuoted() {
  switch (syntax_.double_quotes) {
    case DoubleQuotes::kName: return ScanDottedName(ScanQuotedName('"'));
    case DoubleQuotes::kString: return ScanString('"', syntax_.backslash, SqlTokenKind::kString);
    case DoubleQuotes::kEither: break;
  }
  const SqlTokenKind kind = ScanString('"', syntax_.backslash, SqlTokenKind::kNameOrString);
  return ScanDottedName(kind);
}

SqlTokenKind SqlLexer::ScanString(char quote, Backslash backslash, SqlTokenKind kind) {
  const size_t begin = position_ + 1;
  if (syntax_.triple_quotes && At(begin) == quote && At(begin + 1) == quote) {
    for (size_t i = begin + 2; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == quote && At(i + 1) == quote && At(i + 2) == quote) {
        position_ = i + 3;
        return kind;
      }
    }
    return Unterminated();
  }
  for (size_t i = begin; i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == '\\' && backslash != Backslash::kOrdinary) {
      if (backslash == Backslash::kUnclear && At(i + 1) == quote) {
        return Unterminated();
      }
      ++i;
    } else if (c == quote) {
      if (At(i + 1) != quote) {
        position_ = i + 1;
        return kind;
      }
      ++i;
    }
  }
  return Unterminated();
}

// Oracle: q'[...]', the position is at the quote.
SqlTokenKind SqlLexer::ScanRawQuote() {
  const size_t begin = position_ + 2;
  if (begin >= text_.size()) {
    return Unterminated();
  }
  const char end = ClosingBracket(text_[begin - 1]);
  for (size_t i = begin; i + 1 < text_.size(); ++i) {
    if (text_[i] == end && text_[i + 1] == '\'') {
      position_ = i + 2;
      return SqlTokenKind::kString;
    }
  }
  return Unterminated();
}

// Everything that a number can consist of, and letters behind it: 0x1F 1e-3 1_000 10L 5.
SqlTokenKind SqlLexer::ScanNumber() {
  const bool hexadecimal = At(position_) == '0' && Lower(At(position_ + 1)) == 'x';
  while (position_ < text_.size()) {
    const char c = text_[position_];
    const char next = At(position_ + 1);
    if (Lower(c) == 'e' && !hexadecimal && (next == '+' || next == '-') && Is(At(position_ + 2), kDigit)) {
      position_ += 2;
    } else if (!Is(c, kWordPart) && c != '.') {
      break;
    }
    ++position_;
  }
  return SqlTokenKind::kNumber;
}

SqlTokenKind SqlLexer::ScanDollar() {
  const size_t begin = position_;
  size_t end = begin + 1;
  if (Is(At(end), kDigit)) {
    while (Is(At(end), kDigit)) {
      ++end;
    }
    position_ = end;
    return SqlTokenKind::kPlaceholder;
  }
  while (Is(At(end), kWordPart) && At(end) != '$') {
    ++end;
  }
  if (syntax_.dollar_quotes) {
    if (end >= text_.size()) {  // The tag of a text that was cut inside it, or behind it.
      return Unterminated();
    }
    if (text_[end] == '$') {
      const std::string_view tag = text_.substr(begin, end + 1 - begin);
      const size_t close = text_.find(tag, end + 1);
      if (close == std::string_view::npos) {
        return Unterminated();
      }
      position_ = close + tag.size();
      return SqlTokenKind::kString;
    }
  }
  position_ = end;
  return end == begin + 1 ? SqlTokenKind::kOther : SqlTokenKind::kPlaceholder;  // $name of SQLite
}

}  // namespace nodespan::spans
