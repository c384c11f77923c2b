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

  // Nothing is left that a second look would take for a value: another text comes out only where names that could be
  // strings lost the place that told.
  if (!cut) {
    SqlText again;
    ReadSqlText(result.sanitized, {.dialect = dialect, .cut = false, .sanitize = true}, again);
    Require(again.sanitized.size() <= result.sanitized.size());
  }

  SqlText without;
  ReadSqlText(text, {.dialect = dialect, .cut = cut, .sanitize = false}, without);
  Require(without.summary == result.summary && without.operation == result.operation && without.sanitized.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (size_t dialect = 0; dialect < kSqlSyntax.size(); ++dialect) {
    Check(text, static_cast<SqlDialect>(dialect), /*cut=*/false);
    Check(text, static_cast<SqlDialect>(dialect), /*cut=*/true);
  }
  return 0;
}
