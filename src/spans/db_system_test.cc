// SPDX-License-Identifier: Apache-2.0
#include "spans/db_system.h"

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

std::string_view Name(std::string_view type_name) { return DbSystemOfDriver(type_name).name; }

TEST(DbSystemTest, KnowsTheDriversByTheirConnection) {
  EXPECT_EQ(Name("*github.com/lib/pq.conn"), "postgresql");
  EXPECT_EQ(Name("*github.com/jackc/pgx/v5/stdlib.Conn"), "postgresql");
  EXPECT_EQ(Name("*github.com/jackc/pgx/v4/stdlib.Conn"), "postgresql");
  EXPECT_EQ(Name("*github.com/jackc/pgx/stdlib.Conn"), "postgresql");
  EXPECT_EQ(Name("*github.com/jackc/pgx/v5.Conn"), "postgresql");
  EXPECT_EQ(Name("*github.com/go-sql-driver/mysql.mysqlConn"), "mysql");
  EXPECT_EQ(Name("*github.com/mattn/go-sqlite3.SQLiteConn"), "sqlite");
  EXPECT_EQ(Name("*modernc.org/sqlite.conn"), "sqlite");
  EXPECT_EQ(Name("*github.com/microsoft/go-mssqldb.Conn"), "microsoft.sql_server");
  EXPECT_EQ(Name("*github.com/denisenkom/go-mssqldb.Conn"), "microsoft.sql_server");
  EXPECT_EQ(Name("*github.com/godror/godror.conn"), "oracle.db");
  EXPECT_EQ(Name("*github.com/sijms/go-ora/v2.Connection"), "oracle.db");
  EXPECT_EQ(Name("*gopkg.in/goracle.v2.conn"), "oracle.db");
  EXPECT_EQ(Name("*gopkg.in/rana/ora%2ev4.Con"), "oracle.db");
  EXPECT_EQ(Name("*github.com/googleapis/go-sql-spanner.conn"), "gcp.spanner");
  EXPECT_EQ(Name("*github.com/ClickHouse/clickhouse-go/v2.stdDriver"), "clickhouse");
  EXPECT_EQ(Name("*github.com/trinodb/trino-go-client/trino.Conn"), "trino");
  EXPECT_EQ(Name("*github.com/ibmdb/go_ibm_db.Conn"), "ibm.db2");
  EXPECT_EQ(Name("*github.com/SAP/go-hdb/driver.conn"), "sap.hana");
  EXPECT_EQ(Name("*github.com/mashiike/redshift-data-sql-driver.redshiftDataConn"), "aws.redshift");
}

TEST(DbSystemTest, KnowsVendoredPackagesAndShortNames) {
  EXPECT_EQ(Name("*example.com/app/vendor/github.com/lib/pq.conn"), "postgresql");
  EXPECT_EQ(Name("*a/vendor/b/vendor/github.com/go-sql-driver/mysql.mysqlConn"), "mysql");
  EXPECT_EQ(Name("*pq.conn"), "postgresql");
  EXPECT_EQ(Name("*stdlib.Conn"), "postgresql");
  EXPECT_EQ(Name("*spannerdriver.conn"), "gcp.spanner");
}

TEST(DbSystemTest, TakesEverythingElseForOtherSql) {
  for (const std::string_view type :
       {"", "*", "**", "/", ".", "*github.com/DATA-DOG/go-sqlmock.sqlmock", "*github.com/XSAM/otelsql.otConn",
        "*example.com/github.com/lib/pq.conn", "*github.com/lib/pqx.conn", "*github.com/lib/p", "*github.com/lib/pq",
        "*conn", "*driver.conn", "*github.com/lib/v2", "/vendor/"}) {
    EXPECT_EQ(Name(type), "other_sql") << type;
    EXPECT_EQ(DbSystemOfDriver(type).dialect, SqlDialect::kUnknown) << type;
  }
}

TEST(DbSystemTest, NamesTheOldGenerationAndThePort) {
  const DbSystem& oracle = DbSystemOfDriver("*github.com/godror/godror.conn");
  EXPECT_EQ(oracle.old_name, "oracle");
  EXPECT_EQ(oracle.default_port, uint16_t{1521});
  const DbSystem& snowflake = DbSystemOfDriver("*github.com/snowflakedb/gosnowflake.snowflakeConn");
  EXPECT_EQ(snowflake.name, "other_sql");
  EXPECT_EQ(snowflake.dialect, SqlDialect::kSnowflake);
}

}  // namespace
}  // namespace nodespan::spans
