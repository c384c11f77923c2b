// SPDX-License-Identifier: Apache-2.0
#include "spans/sql_text.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

SqlText Read(std::string_view text, SqlDialect dialect = SqlDialect::kUnknown, bool cut = false) {
  SqlText result;
  ReadSqlText(text, {.dialect = dialect, .cut = cut, .sanitize = true}, result);
  return result;
}
std::string Summary(std::string_view text, SqlDialect dialect = SqlDialect::kUnknown) {
  return Read(text, dialect).summary;
}
std::string Sanitize(std::string_view text, SqlDialect dialect = SqlDialect::kUnknown) {
  return Read(text, dialect).sanitized;
}
std::string Operation(std::string_view text) { return Read(text).operation; }

TEST(SqlTextTest, SummarizesAsTheConventionsShow) {
  EXPECT_EQ(Summary("SELECT * FROM wuser_table"), "SELECT wuser_table");
  EXPECT_EQ(
      Summary("SELECT order_date FROM (SELECT * FROM orders o JOIN customers c ON o.customer_id = c.customer_id)"),
      "SELECT SELECT orders customers");
  EXPECT_EQ(Summary("INSERT INTO a (x, y) SELECT x, y FROM b WHERE z = ?"), "INSERT a SELECT b");
  EXPECT_EQ(Summary("SELECT * FROM a, b"), "SELECT a b");
  EXPECT_EQ(Summary("CREATE  TABLE T"), "CREATE TABLE T");
  EXPECT_EQ(Summary("SELECT * FROM \"song list\", 'artists'"), "SELECT \"song list\" 'artists'");
  EXPECT_EQ(Summary("select * from dbo.T where id = 1"), "select dbo.T");
  EXPECT_EQ(Summary("SELECT * FROM [dbo].[Order Details] x", SqlDialect::kSqlServer), "SELECT [dbo].[Order Details]");
  EXPECT_EQ(Summary("SELECT * FROM `db`.`t``x` AS y", SqlDialect::kMySql), "SELECT `db`.`t``x`");
}

TEST(SqlTextTest, SanitizesAsTheConventionsShow) {
  EXPECT_EQ(Sanitize("SELECT 12.34, -1, +2"), "SELECT ?, ?, ?");
  EXPECT_EQ(Sanitize("99+100"), "??");
  EXPECT_EQ(Sanitize("IDENTITY(1,1)"), "IDENTITY(?,?)");
  EXPECT_EQ(Sanitize("varchar(255)"), "varchar(?)");
}

TEST(SqlTextTest, NamesTheOperationOfEveryKindOfStatement) {
  EXPECT_EQ(Operation("select 1"), "SELECT");
  EXPECT_EQ(Operation("  /* x */ -- y\n Insert into t values (1)"), "INSERT");
  EXPECT_EQ(Operation("(SELECT 1) UNION (SELECT 2)"), "SELECT");
  EXPECT_EQ(Operation("WITH a AS (SELECT 1) SELECT * FROM a"), "SELECT");
  EXPECT_EQ(Operation("WITH RECURSIVE a(n) AS (SELECT 1), b AS (SELECT 2) DELETE FROM t USING a"), "DELETE");
  EXPECT_EQ(Operation("WITH a AS (INSERT INTO t VALUES (1) RETURNING id) SELECT id FROM a"), "SELECT");
  EXPECT_EQ(Operation("CREATE OR REPLACE TEMPORARY VIEW v AS SELECT 1"), "CREATE VIEW");
  EXPECT_EQ(Operation("create unique index concurrently if not exists i on t (a)"), "CREATE INDEX");
  EXPECT_EQ(Operation("ALTER TABLE t ADD COLUMN a int"), "ALTER TABLE");
  EXPECT_EQ(Operation("drop procedure p"), "DROP PROCEDURE");
  EXPECT_EQ(Operation("CREATE EXOTIC THING"), "CREATE");
  EXPECT_EQ(Operation("EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM t"), "EXPLAIN");
  EXPECT_EQ(Operation("{call p(?)}"), "CALL");
  EXPECT_EQ(Operation("EXEC dbo.p @a = 1"), "EXEC");
  EXPECT_EQ(Operation("begin"), "BEGIN");
  EXPECT_EQ(Operation("START TRANSACTION READ ONLY"), "START TRANSACTION");
  EXPECT_EQ(Operation("ROLLBACK TO SAVEPOINT a"), "ROLLBACK");
  for (const std::string_view word :
       {"COMMIT", "SET", "SHOW", "TRUNCATE", "MERGE", "REPLACE", "UPSERT", "COPY", "VACUUM", "PRAGMA", "USE", "LOCK",
        "GRANT", "DESCRIBE", "SAVEPOINT", "VALUES", "UPDATE"}) {
    EXPECT_EQ(Operation(std::string(word) + " x"), word);
  }
}

TEST(SqlTextTest, DoesNotInventOperations) {
  for (const std::string_view text : {"", " ", "hello", "selected x", "'SELECT' x", "\"SELECT\" x", "x.SELECT", "12"}) {
    const SqlText result = Read(text);
    EXPECT_EQ(result.operation, "") << text;
    EXPECT_EQ(result.summary, "") << text;
    EXPECT_EQ(result.operation_count, 0u) << text;
  }
}

TEST(SqlTextTest, FindsTheTargetsOfEveryKindOfStatement) {
  EXPECT_EQ(Summary("INSERT LOW_PRIORITY IGNORE INTO t(a) VALUES (1), (2)"), "INSERT t");
  EXPECT_EQ(Summary("INSERT OR REPLACE INTO t VALUES (1)"), "INSERT t");
  EXPECT_EQ(Summary("REPLACE INTO t SET a = REPLACE(a, 'x', 'y')"), "REPLACE t");
  EXPECT_EQ(Summary("INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b, c = 1"), "INSERT t");
  EXPECT_EQ(Summary("UPDATE ONLY t SET a = 1, b = 2 FROM u, v WHERE t.id = u.id"), "UPDATE t u v");
  EXPECT_EQ(Summary("UPDATE a, b SET a.x = b.x, a.y = 1"), "UPDATE a b");
  EXPECT_EQ(Summary("DELETE FROM t WHERE a IN (SELECT a FROM u)"), "DELETE t SELECT u");
  EXPECT_EQ(Summary("DELETE TOP (5) FROM t", SqlDialect::kSqlServer), "DELETE t");
  EXPECT_EQ(Summary("DELETE FROM t USING u, v WHERE 1 = 1"), "DELETE t u v");
  EXPECT_EQ(Summary("MERGE INTO t USING s ON (t.a = s.a) WHEN MATCHED THEN UPDATE SET b = s.b, c = 1 "
                    "WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a)"),
            "MERGE t s");
  EXPECT_EQ(Summary("SELECT * FROM a LEFT JOIN b ON a.x = b.x, c INNER JOIN d USING (y) WHERE a.z = 1 ORDER BY p, q"),
            "SELECT a b c d");
  EXPECT_EQ(Summary("SELECT * FROM (a JOIN b ON a.x = b.x), c AS k, ONLY d"), "SELECT a b c d");
  EXPECT_EQ(Summary("SELECT a FROM t1 UNION ALL SELECT b FROM t2 LIMIT 1, 2"), "SELECT t1 SELECT t2");
  EXPECT_EQ(Summary("SELECT * FROM t FOR UPDATE OF t"), "SELECT t");
  EXPECT_EQ(Summary("SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a)"), "SELECT t SELECT u");
  EXPECT_EQ(Summary("SELECT a INTO #new FROM t", SqlDialect::kSqlServer), "SELECT t");
  EXPECT_EQ(Summary("DROP TABLE IF EXISTS a, b CASCADE"), "DROP TABLE a b");
  EXPECT_EQ(Summary("TRUNCATE TABLE a, b"), "TRUNCATE a b");
  EXPECT_EQ(Summary("CREATE TABLE t AS SELECT * FROM u"), "CREATE TABLE t SELECT u");
  EXPECT_EQ(Summary("CREATE INDEX i ON t USING btree (a)"), "CREATE INDEX i t");
  EXPECT_EQ(Summary("CREATE INDEX ON t (a)"), "CREATE INDEX t");
  EXPECT_EQ(Summary("CREATE FUNCTION f(a int) RETURNS int BEGIN SELECT 1 FROM x; DELETE FROM y; END"),
            "CREATE FUNCTION f");
  EXPECT_EQ(Summary("COPY t (a, b) FROM STDIN"), "COPY t");
  EXPECT_EQ(Summary("COPY (SELECT * FROM t) TO STDOUT"), "COPY SELECT t");
  EXPECT_EQ(Summary("EXPLAIN ANALYZE VERBOSE UPDATE t SET a = 1"), "EXPLAIN UPDATE t");
  EXPECT_EQ(Summary("PREPARE s AS SELECT * FROM t"), "PREPARE SELECT t");
  EXPECT_EQ(Summary("BEGIN INSERT INTO t VALUES (1); END"), "BEGIN INSERT t END");
  EXPECT_EQ(Summary("SELECT * FROM t WITH (NOLOCK), u", SqlDialect::kSqlServer), "SELECT t u");
  EXPECT_EQ(Summary("SELECT * FROM a WHERE x IS NOT DISTINCT FROM y"), "SELECT a");
  EXPECT_EQ(Summary("SELECT * FROM db..t"), "SELECT db..t");
  EXPECT_EQ(Summary("SELECT arr FROM t ARRAY JOIN arr WHERE 1", SqlDialect::kClickHouse), "SELECT t");
}

TEST(SqlTextTest, TakesNoValueForATarget) {
  EXPECT_EQ(Summary("SELECT EXTRACT(YEAR FROM '2020-01-01'), TRIM(BOTH 'x' FROM 'secret') FROM t"), "SELECT t");
  EXPECT_EQ(Summary("SELECT SUBSTRING(name FROM 2) FROM t"), "SELECT t");
  EXPECT_EQ(Summary("SELECT * FROM generate_series(1, 10) g, t"), "SELECT t");
  EXPECT_EQ(Summary("SELECT * FROM ?"), "SELECT");
  EXPECT_EQ(Summary("SELECT * FROM @rows", SqlDialect::kSqlServer), "SELECT");
  EXPECT_EQ(Summary("SELECT * FROM 'secret'", SqlDialect::kPostgreSql), "SELECT");
  EXPECT_EQ(Summary("SELECT * FROM \"secret\"", SqlDialect::kMySql), "SELECT");
  EXPECT_EQ(Summary("CREATE USER bob IDENTIFIED BY 'pw'"), "CREATE USER");
  EXPECT_EQ(Summary("GRANT SELECT ON t TO bob"), "GRANT");
  EXPECT_EQ(Summary("EXEC ('DELETE FROM x')"), "EXEC");
}

TEST(SqlTextTest, PicksTheCollectionOfTheStatement) {
  EXPECT_EQ(Read("SELECT (SELECT max(x) FROM b) FROM a.t").collection, "a.t");
  EXPECT_EQ(Read("SELECT * FROM (SELECT * FROM orders) o").collection, "orders");
  EXPECT_EQ(Read("WITH x AS (SELECT * FROM a) SELECT * FROM X").collection, "a");
  EXPECT_EQ(Read("WITH x AS (SELECT * FROM a) INSERT INTO t SELECT * FROM x").collection, "t");
  EXPECT_EQ(Read("INSERT INTO \"T\" VALUES (1)", SqlDialect::kPostgreSql).collection, "\"T\"");
  EXPECT_EQ(Read("CREATE INDEX i ON t (a)").collection, "t");
  EXPECT_EQ(Read("CREATE DATABASE d").collection, "");
  EXPECT_EQ(Read("DELETE FROM a; DELETE FROM b").collection, "a");
}

TEST(SqlTextTest, NamesTheStoredProcedure) {
  EXPECT_EQ(Read("CALL shop.refresh(1)").stored_procedure, "shop.refresh");
  EXPECT_EQ(Read("{? = call refresh(?)}").stored_procedure, "refresh");
  EXPECT_EQ(Read("EXEC @r = dbo.[p q] 1", SqlDialect::kSqlServer).stored_procedure, "dbo.[p q]");
  EXPECT_EQ(Read("EXECUTE plan1(3)", SqlDialect::kPostgreSql).stored_procedure, "");
  EXPECT_EQ(Read("EXECUTE IMMEDIATE 'x'", SqlDialect::kOracle).stored_procedure, "");
  EXPECT_EQ(Read("SELECT f(1)").stored_procedure, "");
}

TEST(SqlTextTest, CountsStatementsAndOperations) {
  const SqlText batch = Read("INSERT INTO a VALUES (1); UPDATE b SET c = (SELECT 1);");
  EXPECT_EQ(batch.statement_count, 2u);
  EXPECT_EQ(batch.operation_count, 3u);
  EXPECT_EQ(batch.target_count, 2u);
  EXPECT_EQ(batch.operation, "INSERT");
  EXPECT_EQ(batch.summary, "INSERT a UPDATE b SELECT");
  EXPECT_EQ(Read("WITH a AS (SELECT 1) SELECT 2;").statement_count, 1u);
  EXPECT_EQ(Read("SELECT ';'").statement_count, 1u);
}

TEST(SqlTextTest, CutsTheSummaryBetweenItsParts) {
  std::string text = "SELECT * FROM t0";
  for (int i = 1; i < 100; ++i) {
    text += ", table" + std::to_string(i);
  }
  const std::string summary = Summary(text);
  EXPECT_LE(summary.size(), kMaxSummaryBytes);
  EXPECT_GT(summary.size(), kMaxSummaryBytes - 8);
  EXPECT_EQ(summary.substr(summary.size() - 8), " table31");
  EXPECT_EQ(Summary("SELECT * FROM " + std::string(300, 'x') + ", y"), "SELECT");
}

TEST(SqlTextTest, LeavesOutWhatMayBeTheBeginningOfAWord) {
  const auto summary = [](std::string_view text) { return Read(text, SqlDialect::kUnknown, /*cut=*/true).summary; };
  EXPECT_EQ(summary("SELECT * FROM orders_20"), "SELECT");
  EXPECT_EQ(summary("SELECT * FROM shop.\"ord"), "SELECT");
  EXPECT_EQ(summary("SELECT * FROM orders WHE"), "SELECT orders");
  EXPECT_EQ(summary("DELE"), "");
}

TEST(SqlTextTest, ReplacesLiteralsOfEveryForm) {
  EXPECT_EQ(Sanitize("SELECT 'it''s', '', N'x', X'1F', b'01', .5, 5., 1e-3, 0x1F, 0b01, 1_000, 10L"),
            "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?");
  EXPECT_EQ(Sanitize("WHERE a=true AND b IS NOT FALSE AND c IS NULL"), "WHERE a=? AND b IS NOT ? AND c IS NULL");
  EXPECT_EQ(Sanitize("DATE '2020-01-01' + INTERVAL '1' DAY"), "DATE ? + INTERVAL ? DAY");
  EXPECT_EQ(Sanitize("SELECT t1.c2, col3 FROM t4 x5"), "SELECT t1.c2, col3 FROM t4 x5");
  EXPECT_EQ(Sanitize("SET a=a+1, b = b - 2, c=(d)-3, e=-4, f = $1-5"), "SET a=a+?, b = b - ?, c=(d)-?, e=?, f = $1-?");
}

TEST(SqlTextTest, KeepsPlaceholders) {
  EXPECT_EQ(Sanitize("a = ? AND b = $1 AND c = :n AND d = :2 AND e = @p1 AND f = ?3"),
            "a = ? AND b = $1 AND c = :n AND d = :2 AND e = @p1 AND f = ?3");
  EXPECT_EQ(Sanitize("$1::int[]", SqlDialect::kPostgreSql), "$1::int[]");
  EXPECT_EQ(Sanitize("a[1:2]", SqlDialect::kPostgreSql), "a[?:?]");
  EXPECT_EQ(Sanitize("SELECT @@version, $name", SqlDialect::kSqlite), "SELECT @@version, $name");
}

TEST(SqlTextTest, RemovesCommentsAndWhiteSpace) {
  EXPECT_EQ(Sanitize("  SELECT\t1 -- 'secret\n\n FROM /* it's */ t  "), "SELECT ? FROM t");
  EXPECT_EQ(Sanitize("SELECT/*+ hint */a/**/"), "SELECT a");
  EXPECT_EQ(Sanitize("a /* x /* y */ z */ b", SqlDialect::kPostgreSql), "a b");
  EXPECT_EQ(Sanitize("a /* x /* y */ b", SqlDialect::kMySql), "a b");
  EXPECT_EQ(Sanitize("a # don't\nb", SqlDialect::kMySql), "a b");
  EXPECT_EQ(Sanitize("a // don't\nb", SqlDialect::kSnowflake), "a b");
  EXPECT_EQ(Sanitize("5--3", SqlDialect::kMySql), "?-?");
  EXPECT_EQ(Sanitize("5--3", SqlDialect::kPostgreSql), "?");
  EXPECT_EQ(Sanitize("a #>> '{x}'", SqlDialect::kPostgreSql), "a #>> ?");
  EXPECT_EQ(Sanitize("a /* no end 'x"), "a");
}

TEST(SqlTextTest, ShortensListsOfLiterals) {
  EXPECT_EQ(Sanitize("a IN (1, 2, 3) AND b NOT IN ( 'x' )"), "a IN (?) AND b NOT IN (?)");
  EXPECT_EQ(Sanitize("a IN (?, ?, ?)"), "a IN (?)");
  EXPECT_EQ(Sanitize("a IN (1, b, 3)"), "a IN (?, b, ?)");
  EXPECT_EQ(Sanitize("a IN ($1, $2)"), "a IN ($1, $2)");
  EXPECT_EQ(Sanitize("a IN () f(1, 2)"), "a IN () f(?, ?)");
  EXPECT_EQ(Sanitize("a IN ((1, 2), (3, 4))"), "a IN ((?, ?), (?, ?))");
  EXPECT_EQ(Read("a IN (1, 2", SqlDialect::kUnknown, /*cut=*/true).sanitized, "a IN (?");
  EXPECT_EQ(Sanitize("VALUES (1, 2), (3, 4)"), "VALUES (?, ?), (?, ?)");
}

TEST(SqlTextTest, KnowsTheQuotesOfEachDialect) {
  EXPECT_EQ(Sanitize("SELECT $$it's$$, $a$ $$ 1 $a$, E'it\\'s', 'C:\\', \"Col\"", SqlDialect::kPostgreSql),
            "SELECT ?, ?, ?, ?, \"Col\"");
  EXPECT_EQ(Sanitize("SELECT 'it\\'s', \"say \\\"x\\\"\", `c`, _utf8'x'", SqlDialect::kMySql),
            "SELECT ?, ?, `c`, _utf8?");
  EXPECT_EQ(Sanitize("SELECT [a]]1 'b], N'x' FROM #t", SqlDialect::kSqlServer), "SELECT [a]]1 'b], ? FROM #t");
  EXPECT_EQ(Sanitize("SELECT q'[it's]', nq'!x'y!', v$x", SqlDialect::kOracle), "SELECT ?, ?, v$x");
  EXPECT_EQ(Sanitize("SELECT '''it's''', r\"\\\", rb'x'", SqlDialect::kGoogleSql), "SELECT ?, ?");
  EXPECT_EQ(Sanitize("SELECT U&'d\\0061t', U&\"d\\0061t\"", SqlDialect::kPostgreSql), "SELECT ?, U&\"d\\0061t\"");
  EXPECT_EQ(Sanitize("SELECT 'a\\'b', {p:UInt8}, [1,2]", SqlDialect::kClickHouse), "SELECT ?, {p:UInt8}, [?,?]");
}

TEST(SqlTextTest, TakesDoubleQuotesForStringsWhereTheyMayBe) {
  for (const SqlDialect dialect : {SqlDialect::kUnknown, SqlDialect::kSqlite}) {
    EXPECT_EQ(Sanitize("SELECT u.\"id\" FROM \"users\" JOIN \"s\".\"t\" WHERE name = \"bob\"", dialect),
              "SELECT u.\"id\" FROM \"users\" JOIN \"s\".\"t\" WHERE name = ?");
  }
}

TEST(SqlTextTest, HidesTheRestWhenTheEndOfAStringIsUnclear) {
  EXPECT_EQ(Sanitize("a = 'x\\' AND b = 'secret'"), "a = ?");
  EXPECT_EQ(Sanitize("a = 'x\\\\' AND b = 'secret'"), "a = ? AND b = ?");
  EXPECT_EQ(Sanitize("a = 'x\\' AND b = 'secret'", SqlDialect::kStandard), "a = ? AND b = ?");
  EXPECT_EQ(Sanitize("a = 'secret"), "a = ?");
  EXPECT_EQ(Sanitize("a = \"secret", SqlDialect::kPostgreSql), "a = ?");
  EXPECT_EQ(Sanitize("a = $x$secret", SqlDialect::kPostgreSql), "a = ?");
  EXPECT_EQ(Sanitize("a = $secret", SqlDialect::kPostgreSql), "a = ?");
  EXPECT_EQ(Sanitize("a = q'[secret]", SqlDialect::kOracle), "a = ?");
}

// All literals are made of Z and 7 only, which are nowhere else.
TEST(SqlTextTest, LeaksNothingOfALiteralWhereverTheTextIsCut) {
  struct Sample {
    SqlDialect dialect;
    std::string_view text;
  };
  const std::vector<Sample> samples = {
      {SqlDialect::kUnknown,
       "SELECT a, 'ZZ''7Z', -7.7e+7, \"ZZ\" FROM t WHERE b = 'Z\\'ZZ' AND c IN (7, 'Z') -- Z'7\n"},
      {SqlDialect::kStandard, "SELECT 'Z\\', 'ZZ' FROM t WHERE a = +77 /* 'Z */ AND b = N'Z' AND c = 0x77"},
      {SqlDialect::kPostgreSql,
       "SELECT $$Z'Z$$, $q$ Z $$ 7 $q$, E'Z\\'Z', U&'Z' FROM \"t\" WHERE a=X'77' AND b[7:7] = 7"},
      {SqlDialect::kMySql, "INSERT INTO `t` VALUES (\"Z\\\"Z\", 'Z\\\\', 7, _utf8'ZZ', x'77') # Z'\n, (.7, 7--7)"},
      {SqlDialect::kSqlite, "SELECT \"ZZ\", [a] FROM 't' WHERE b = \"Z\"\"Z\" AND c = 'Z' || 7"},
      {SqlDialect::kSqlServer, "SELECT [a]]b], N'ZZ' FROM #t WHERE a = 'Z''Z' AND b = @p AND c = 7"},
      {SqlDialect::kOracle, "SELECT q'[Z'Z]', nq'{ZZ}' FROM t WHERE d = DATE 'ZZ' AND e = :a"},
      {SqlDialect::kClickHouse, "SELECT 'Z\\'Z', [7, 7] FROM t WHERE a = {p:Int} AND b = 'ZZ' SETTINGS x = 7"},
      {SqlDialect::kSnowflake, "SELECT $$Z'Z$$, 'Z\\'Z', c:d FROM t WHERE a = 7"},
      {SqlDialect::kGoogleSql,
       "SELECT '''Z'Z''', \"\"\"Z\"Z\"\"\", r'Z\\'Z', b\"Z\" FROM `p.t` WHERE a = @p AND c = 7.7"},
  };
  for (const Sample& sample : samples) {
    for (size_t size = 0; size <= sample.text.size(); ++size) {
      const SqlText result = Read(sample.text.substr(0, size), sample.dialect, size < sample.text.size());
      EXPECT_EQ(result.sanitized.find_first_of("Z7"), std::string::npos)
          << sample.text.substr(0, size) << " -> " << result.sanitized;
      EXPECT_EQ(result.summary.find_first_of("Z7"), std::string::npos) << result.summary;
    }
  }
  EXPECT_EQ(Read("a = tru", SqlDialect::kPostgreSql, /*cut=*/true).sanitized, "a = ?");
}

TEST(SqlTextTest, OverwritesWhatWasThereBefore) {
  SqlText result;
  ReadSqlText("CALL p(1); SELECT 1 FROM t", {.sanitize = true}, result);
  ReadSqlText("", {}, result);
  EXPECT_EQ(result.operation + result.summary + result.sanitized, "");
  EXPECT_TRUE(result.collection.empty() && result.stored_procedure.empty());
  EXPECT_EQ(result.statement_count + result.operation_count + result.target_count, 0u);
}

TEST(SqlTextTest, SurvivesDeepParentheses) {
  const std::string deep(5000, '(');
  EXPECT_EQ(Summary(deep + "SELECT * FROM t" + std::string(5000, ')') + " SELECT * FROM u"), "SELECT u");
  EXPECT_EQ(Summary(")))SELECT * FROM t"), "SELECT t");
}

}  // namespace
}  // namespace nodespan::spans
