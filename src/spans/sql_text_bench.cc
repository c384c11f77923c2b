// SPDX-License-Identifier: Apache-2.0
// Cost of reading one SQL text, for its summary alone and with the sanitised text.
#include <string_view>

#include "benchmark/benchmark.h"
#include "spans/sql_text.h"

namespace nodespan::spans {
namespace {

constexpr std::string_view kShort = "SELECT id, name FROM users WHERE id = $1";
// 200 bytes, as an ORM writes them.
constexpr std::string_view kUsual =
    "SELECT o.id, o.created_at, o.total, c.name, c.email FROM shop.orders AS o INNER JOIN shop.customers AS c ON "
    "c.id = o.customer_id WHERE o.status = 'paid' AND o.total > 100.50 ORDER BY o.id LIMIT 50";
static_assert(kUsual.size() > 190 && kUsual.size() < 210);

void Run(benchmark::State& state, std::string_view text, SqlDialect dialect, bool sanitize) {
  SqlText result;
  for (auto _ : state) {
    ReadSqlText(text, {.dialect = dialect, .cut = false, .sanitize = sanitize}, result);
    benchmark::DoNotOptimize(result.summary.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}

void BM_SummaryShort(benchmark::State& state) { Run(state, kShort, SqlDialect::kPostgreSql, false); }
void BM_SummaryUsual(benchmark::State& state) { Run(state, kUsual, SqlDialect::kPostgreSql, false); }
void BM_SummaryUsualUnknownDialect(benchmark::State& state) { Run(state, kUsual, SqlDialect::kUnknown, false); }
void BM_SanitizeShort(benchmark::State& state) { Run(state, kShort, SqlDialect::kPostgreSql, true); }
void BM_SanitizeUsual(benchmark::State& state) { Run(state, kUsual, SqlDialect::kPostgreSql, true); }
BENCHMARK(BM_SummaryShort);
BENCHMARK(BM_SummaryUsual);
BENCHMARK(BM_SummaryUsualUnknownDialect);
BENCHMARK(BM_SanitizeShort);
BENCHMARK(BM_SanitizeUsual);

}  // namespace
}  // namespace nodespan::spans

BENCHMARK_MAIN();
