// SPDX-License-Identifier: Apache-2.0
#include "spans/db_system.h"

#include <algorithm>
#include <cstddef>

namespace nodespan::spans {
namespace {

constexpr std::string_view kOtherName = "other_sql";

constexpr DbSystem kPostgreSql{"postgresql", "postgresql", 5432, SqlDialect::kPostgreSql};
constexpr DbSystem kMySql{"mysql", "mysql", 3306, SqlDialect::kMySql};
constexpr DbSystem kSqlite{"sqlite", "sqlite", std::nullopt, SqlDialect::kSqlite};
constexpr DbSystem kSqlServer{"microsoft.sql_server", "mssql", 1433, SqlDialect::kSqlServer};
constexpr DbSystem kOracle{"oracle.db", "oracle", 1521, SqlDialect::kOracle};
constexpr DbSystem kClickHouse{"clickhouse", "clickhouse", 9000, SqlDialect::kClickHouse};
constexpr DbSystem kSpanner{"gcp.spanner", "spanner", std::nullopt, SqlDialect::kGoogleSql};
constexpr DbSystem kDb2{"ibm.db2", "db2", 50000, SqlDialect::kStandard};
constexpr DbSystem kHana{"sap.hana", "hanadb", std::nullopt, SqlDialect::kStandard};
constexpr DbSystem kRedshift{"aws.redshift", "redshift", 5439, SqlDialect::kPostgreSql};
constexpr DbSystem kTrino{"trino", "trino", 8080, SqlDialect::kStandard};
constexpr DbSystem kFirebird{"firebirdsql", "firebird", 3050, SqlDialect::kStandard};
constexpr DbSystem kTeradata{"teradata", "teradata", 1025, SqlDialect::kStandard};
constexpr DbSystem kHive{"hive", "hive", 10000, SqlDialect::kUnknown};
// Databases without a name of their own in the conventions.
constexpr DbSystem kVertica{kOtherName, "vertica", 5433, SqlDialect::kPostgreSql};
constexpr DbSystem kSnowflake{kOtherName, kOtherName, 443, SqlDialect::kSnowflake};
constexpr DbSystem kBigQuery{kOtherName, kOtherName, std::nullopt, SqlDialect::kGoogleSql};
constexpr DbSystem kPresto{kOtherName, kOtherName, 8080, SqlDialect::kStandard};
constexpr DbSystem kDuckDb{kOtherName, kOtherName, std::nullopt, SqlDialect::kPostgreSql};
constexpr DbSystem kOther{kOtherName, kOtherName, std::nullopt, SqlDialect::kUnknown};

struct Driver {
  std::string_view package;     // Without major versions; all packages below it count as well.
  std::string_view short_type;  // What %T prints for its connection, without the star; empty: too common a name.
  const DbSystem* system;
};

constexpr Driver kDrivers[] = {
    {"github.com/lib/pq", "pq.conn", &kPostgreSql},
    {"github.com/jackc/pgx", "stdlib.Conn", &kPostgreSql},
    {"github.com/bmizerany/pq", "", &kPostgreSql},
    {"github.com/uptrace/bun/driver/pgdriver", "pgdriver.Conn", &kPostgreSql},
    {"github.com/yugabyte/pgx", "", &kPostgreSql},
    {"gitee.com/opengauss/openGauss-connector-go-pq", "", &kPostgreSql},
    {"github.com/go-sql-driver/mysql", "mysql.mysqlConn", &kMySql},
    {"github.com/go-mysql-org/go-mysql/driver", "", &kMySql},
    {"github.com/siddontang/go-mysql/driver", "", &kMySql},
    {"github.com/ziutek/mymysql/godrv", "godrv.conn", &kMySql},
    {"github.com/mattn/go-sqlite3", "sqlite3.SQLiteConn", &kSqlite},
    {"modernc.org/sqlite", "sqlite.conn", &kSqlite},
    {"github.com/glebarez/go-sqlite", "", &kSqlite},
    {"github.com/glebarez/sqlite", "", &kSqlite},
    {"github.com/ncruces/go-sqlite3", "", &kSqlite},
    {"github.com/mutecomm/go-sqlcipher", "", &kSqlite},
    {"github.com/tursodatabase/go-libsql", "libsql.conn", &kSqlite},
    {"github.com/tursodatabase/libsql-client-go", "", &kSqlite},
    {"github.com/libsql/libsql-client-go", "", &kSqlite},
    {"github.com/microsoft/go-mssqldb", "mssql.Conn", &kSqlServer},
    {"github.com/denisenkom/go-mssqldb", "", &kSqlServer},
    {"github.com/minus5/gofreetds", "freetds.MssqlConn", &kSqlServer},
    {"github.com/godror/godror", "godror.conn", &kOracle},
    {"github.com/sijms/go-ora", "go_ora.Connection", &kOracle},
    {"github.com/mattn/go-oci8", "oci8.Conn", &kOracle},
    {"gopkg.in/goracle", "goracle.conn", &kOracle},
    {"gopkg.in/rana/ora", "ora.Con", &kOracle},
    {"github.com/ClickHouse/clickhouse-go", "clickhouse.stdDriver", &kClickHouse},
    {"github.com/kshvakov/clickhouse", "", &kClickHouse},
    {"github.com/mailru/go-clickhouse", "", &kClickHouse},
    {"github.com/googleapis/go-sql-spanner", "spannerdriver.conn", &kSpanner},
    {"github.com/cloudspannerecosystem/go-sql-spanner", "", &kSpanner},
    {"github.com/ibmdb/go_ibm_db", "go_ibm_db.Conn", &kDb2},
    {"github.com/SAP/go-hdb", "", &kHana},
    {"github.com/mashiike/redshift-data-sql-driver", "redshiftdatasqldriver.redshiftDataConn", &kRedshift},
    {"github.com/trinodb/trino-go-client", "trino.Conn", &kTrino},
    {"github.com/prestodb/presto-go-client", "presto.Conn", &kPresto},
    {"github.com/nakagami/firebirdsql", "firebirdsql.firebirdsqlConn", &kFirebird},
    {"github.com/Teradata/gosql-driver", "", &kTeradata},
    {"sqlflow.org/gohive", "gohive.hiveConnection", &kHive},
    {"github.com/vertica/vertica-sql-go", "vertigo.connection", &kVertica},
    {"github.com/snowflakedb/gosnowflake", "gosnowflake.snowflakeConn", &kSnowflake},
    {"gorm.io/driver/bigquery", "", &kBigQuery},
    {"github.com/marcboeker/go-duckdb", "duckdb.Conn", &kDuckDb},
    {"github.com/duckdb/duckdb-go", "", &kDuckDb},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "v5", as an element of a path.
bool IsMajorVersion(std::string_view element) {
  return element.size() > 1 && element.front() == 'v' && std::all_of(element.begin() + 1, element.end(), IsDigit);
}

// Takes the first element off `path`.
std::string_view TakeElement(std::string_view& path) {
  const size_t slash = std::min(path.find('/'), path.size());
  const std::string_view element = path.substr(0, slash);
  path.remove_prefix(std::min(slash + 1, path.size()));
  return element;
}

// "goracle" for "goracle.v2", "goracle%2ev2" (as the linker writes it) and itself.
std::string_view WithoutVersionSuffix(std::string_view element) {
  for (const std::string_view dot : {".", "%2e"}) {
    const size_t found = element.rfind(dot);
    if (found != std::string_view::npos && IsMajorVersion(element.substr(found + dot.size()))) {
      return element.substr(0, found);
    }
  }
  return element;
}

// Whether `path` is `package` or below it, major versions left aside.
bool IsIn(std::string_view path, std::string_view package) {
  while (!package.empty()) {
    std::string_view element = TakeElement(path);
    if (IsMajorVersion(element)) {
      element = TakeElement(path);
    }
    if (WithoutVersionSuffix(element) != TakeElement(package)) {
      return false;
    }
  }
  return true;
}

}  // namespace

const DbSystem& DbSystemOfDriver(std::string_view type_name) {
  constexpr std::string_view kVendor = "/vendor/";
  while (!type_name.empty() && type_name.front() == '*') {
    type_name.remove_prefix(1);
  }
  if (const size_t vendor = type_name.rfind(kVendor); vendor != std::string_view::npos) {
    type_name.remove_prefix(vendor + kVendor.size());
  }
  const size_t dot = type_name.rfind('.');
  const size_t slash = type_name.rfind('/');
  if (dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash)) {
    return kOther;
  }
  const std::string_view package = type_name.substr(0, dot);
  for (const Driver& driver : kDrivers) {
    if (slash == std::string_view::npos ? type_name == driver.short_type : IsIn(package, driver.package)) {
      return *driver.system;
    }
  }
  return kOther;
}

}  // namespace nodespan::spans
