// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as SQL of every dialect, whole and cut. The promises of sql_text.h hold for all of them.
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include "spans/sql_text.h"

namespace {

using namespace nodespan::spans;

void Require(bool promise) {
  if (!promise) {
    std::abort();
  }
}

bool IsInside(std::string_view part, std::string_view text) {
  const std::less_equal<> not_after;
  return part.empty() ||
         (not_after(text.data(), part.data()) && not_after(part.data() + part.size(), text.data() + text.size()));
}

void Check(std::string_view text, SqlDialect dialect, bool cut) {
  SqlText result;
  ReadSqlText(text, {.dialect = dialect, .cut = cut, .sanitize = true}, result);
  Require(result.sanitized.size() <= text.size());
  Require(result.summary.size() <= kMaxSummaryBytes);
  Require(IsInside(result.collection, text) && IsInside(result.stored_procedure, text));
  Require(result.operation.empty() || result.operation_count > 0);  // The end of WITH may be missing.

  SqlText without;
  ReadSqlText(text, {.dialect = dialect, .cut = cut, .sanitize = false}, without);
  Require(without.summary == result.summary && without.operation == result.operation && without.sanitized.empty());
}

// `text` as a string literal of the dialect.
std::string Quote(std::string_view text, SqlDialect dialect) {
  const bool escapes = SyntaxOf(dialect).backslash == Backslash::kEscapes;
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || (c == '\\' && escapes)) {
      quoted += escapes ? '\\' : c;
    }
    quoted += c;
  }
  return quoted + "'";
}

// No part of a literal is left, whatever is in it and wherever the text is cut.
void CheckLiteral(std::string_view text, SqlDialect dialect) {
  if (SyntaxOf(dialect).backslash == Backslash::kUnclear && text.find('\\') != std::string_view::npos) {
    return;
  }
  constexpr std::string_view kBefore = "SELECT ";
  const std::string literal = Quote(text, dialect);
  const std::string statement = std::string(kBefore) + literal + " FROM t";
  SqlText result;
  ReadSqlText(statement, {.dialect = dialect, .cut = false, .sanitize = true}, result);
  Require(result.sanitized == "SELECT ? FROM t" && result.summary == "SELECT t");
  const size_t kept = 1 + (text.empty() ? 0 : static_cast<uint8_t>(text.front())) % literal.size();
  ReadSqlText(std::string_view(statement).substr(0, kBefore.size() + kept),
              {.dialect = dialect, .cut = true, .sanitize = true}, result);
  Require(result.sanitized == "SELECT ?" && result.summary == "SELECT");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (size_t dialect = 0; dialect < kSqlSyntax.size(); ++dialect) {
    Check(text, static_cast<SqlDialect>(dialect), /*cut=*/false);
    Check(text, static_cast<SqlDialect>(dialect), /*cut=*/true);
    CheckLiteral(text, static_cast<SqlDialect>(dialect));
  }
  return 0;
}
