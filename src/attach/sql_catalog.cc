// SPDX-License-Identifier: Apache-2.0
#include "attach/sql_catalog.h"

#include <iterator>

namespace nodespan::attach {
namespace {

using Sql = ns_sql_params;

constexpr std::string_view kString[] = {"string"};
constexpr std::string_view kContext[] = {"context.Context"};
constexpr std::string_view kDriverConn[] = {"driver.Conn"};
constexpr std::string_view kDriverConnPtr[] = {"*sql.driverConn"};
constexpr std::string_view kDbPtr[] = {"*sql.DB"};

// Source of all: database/sql/sql.go. The deferred closures release a lock or a connection and leave the results alone.
// They are called func1 up to Go 1.21 where they only call a method, and deferwrap1 since.
constexpr std::string_view kQuery[] = {"database/sql.(*DB).queryDC"};
constexpr std::string_view kExec[] = {"database/sql.(*DB).execDC"};
constexpr std::string_view kExecDeferred[] = {"database/sql.(*DB).execDC.func1"};
constexpr std::string_view kPreparedQuery[] = {"database/sql.rowsiFromStatement"};
constexpr std::string_view kPreparedQueryDeferred[] = {"database/sql.rowsiFromStatement.deferwrap1",
                                                       "database/sql.rowsiFromStatement.func1"};
constexpr std::string_view kPreparedExec[] = {"database/sql.resultFromStatement"};
constexpr std::string_view kPreparedExecDeferred[] = {"database/sql.resultFromStatement.deferwrap1",
                                                      "database/sql.resultFromStatement.func1"};
constexpr std::string_view kBegin[] = {"database/sql.(*DB).beginDC"};
constexpr std::string_view kPing[] = {"database/sql.(*DB).pingDC"};
constexpr std::string_view kCommit[] = {"database/sql.(*Tx).Commit"};
constexpr std::string_view kCommitCall[] = {"database/sql.(*Tx).Commit.func1"};
constexpr std::string_view kRollback[] = {"database/sql.(*Tx).rollback"};
constexpr std::string_view kRollbackCall[] = {"database/sql.(*Tx).rollback.func1"};
constexpr std::string_view kStmtQuery[] = {"database/sql.(*Stmt).QueryContext"};
constexpr std::string_view kStmtExec[] = {"database/sql.(*Stmt).ExecContext"};

constexpr std::string_view kUsedWhen[] = {"database/sql.(*DB).queryDC", "database/sql.(*DB).execDC",
                                          "database/sql.(*DB).beginDC"};

// Result words: something that is zero on failure, and the error.
constexpr int kPointerAndError[] = {0, 1, 2};
constexpr int kInterfaceAndError[] = {0, 2, 3};
constexpr int kOnlyError[] = {0, 1};

constexpr Program kStart = Program::kDatabaseSqlStart;
constexpr Program kEnd = Program::kDatabaseSqlEnd;

constexpr DatabaseOperationSpec kOperations[] = {
    {NS_DB_OP_QUERY, "queries", {kStart, kQuery}, {kEnd, kQuery, {}, kPointerAndError, 1}, true},
    {NS_DB_OP_EXEC, "executed statements", {kStart, kExec}, {kEnd, kExec, kExecDeferred, kInterfaceAndError, 1}, true},
    {NS_DB_OP_PREPARED_QUERY,
     "queries of prepared statements",
     {kStart, kPreparedQuery},
     {kEnd, kPreparedQuery, kPreparedQueryDeferred, kInterfaceAndError, 1},
     false},
    {NS_DB_OP_PREPARED_EXEC,
     "executed prepared statements",
     {kStart, kPreparedExec},
     {kEnd, kPreparedExec, kPreparedExecDeferred, kInterfaceAndError, 1},
     false},
    {NS_DB_OP_BEGIN, "BEGIN", {kStart, kBegin}, {kEnd, kBegin, {}, kPointerAndError, 1}, false},
    {NS_DB_OP_COMMIT, "COMMIT", {kStart, kCommitCall}, {kEnd, kCommit, {}, kOnlyError, 0, true}, false},
    {NS_DB_OP_ROLLBACK, "ROLLBACK", {kStart, kRollbackCall}, {kEnd, kRollback, {}, kOnlyError, 0, true}, false},
    {NS_DB_OP_PING, "pings", {kStart, kPing}, {kEnd, kPing, {}, kOnlyError, 0, false, true}, false},
};

constexpr FunctionSpec kStatements[] = {
    {Program::kDatabaseSqlStatement, kStmtQuery},
    {Program::kDatabaseSqlStatement, kStmtExec},
};

// (*DB).conn makes a channel for the connection when it has to wait, and for nothing else.
constexpr std::string_view kConn[] = {"database/sql.(*DB).conn"};
constexpr std::string_view kWaitCall = "runtime.makechan";
constexpr std::string_view kDbQuery[] = {"database/sql.(*DB).query"};
constexpr std::string_view kDbExec[] = {"database/sql.(*DB).exec"};
constexpr std::string_view kDbBegin[] = {"database/sql.(*DB).begin"};
constexpr std::string_view kConnStmt[] = {"database/sql.(*Stmt).connStmt"};
constexpr std::string_view kPingContext[] = {"database/sql.(*DB).PingContext"};
// Calls its closure again when the connection is broken; up to Go 1.19 it did that itself.
constexpr std::string_view kPingCaller[] = {"database/sql.(*DB).PingContext.func1", "database/sql.(*DB).PingContext"};

// Result words: dc, (releaseConn, ds,) err
constexpr int kConnStmtResults[] = {0, 3, 4};

constexpr EndSpec Refused(std::span<const std::string_view> function, std::span<const int> words, int error_word) {
  return {Program::kDatabaseSqlRefused, function, {}, words, error_word, false, false, /*failures_only=*/true};
}

constexpr SqlWaiterSpec kWaiters[] = {
    {NS_DB_OP_QUERY, kDbQuery, Refused(kDbQuery, kPointerAndError, 1), true},
    {NS_DB_OP_EXEC, kDbExec, Refused(kDbExec, kInterfaceAndError, 1), true},
    {NS_DB_OP_BEGIN, kDbBegin, Refused(kDbBegin, kPointerAndError, 1), false},
    {NS_DB_OP_PREPARED_QUERY, kConnStmt, Refused(kConnStmt, kConnStmtResults, 1), false},
    {NS_DB_OP_PING, kPingCaller, Refused(kPingContext, kOnlyError, 0), false},
};
static_assert(std::size(kWaiters) == NS_SQL_WAITERS);

constexpr FieldSpec<Sql> kFields[] = {
    {"database/sql.driverConn", "db", kDbPtr, &Sql::driver_conn_db_off},
    {"database/sql.driverConn", "ci", kDriverConn, &Sql::driver_conn_ci_off},
};
constexpr FieldSpec<Sql> kStatementFields[] = {
    {"database/sql.Stmt", "query", kString, &Sql::stmt_query_off},
};
constexpr FieldSpec<Sql> kTransactionFields[] = {
    {"database/sql.Tx", "db", kDbPtr, &Sql::tx_db_off},
    {"database/sql.Tx", "dc", kDriverConnPtr, &Sql::tx_dc_off},
    {"database/sql.Tx", "ctx", kContext, &Sql::tx_ctx_off},
};

constexpr std::string_view kConnector[] = {"driver.Connector"};
constexpr std::string_view kDriver[] = {"driver.Driver"};
constexpr FieldSpec<Sql> kConnectorFields[] = {
    {"database/sql.DB", "connector", kConnector, &Sql::db_connector_off},
};
constexpr FieldSpec<Sql> kDsnConnectorFields[] = {
    {"database/sql.dsnConnector", "driver", kDriver, &Sql::dsn_connector_driver_off},
};
constexpr FieldSpec<Sql> kStmtDbFields[] = {
    {"database/sql.Stmt", "db", kDbPtr, &Sql::stmt_db_off},
};

// lib/pq conn.go: the settings are a field since 1.11, before they are a map that is not read.
constexpr std::string_view kPqServer[] = {"cfg", "Host"};
constexpr std::string_view kPqPort[] = {"cfg", "Port"};
constexpr std::string_view kPqDatabase[] = {"cfg", "Database"};
// pgx stdlib/sql.go, conn.go; pgconn/config.go.
constexpr std::string_view kPgxServer[] = {"conn", "config", "Config", "Host"};
constexpr std::string_view kPgxPort[] = {"conn", "config", "Config", "Port"};
constexpr std::string_view kPgxDatabase[] = {"conn", "config", "Config", "Database"};
// go-sql-driver/mysql connection.go, dsn.go: the address has its port.
constexpr std::string_view kMysqlServer[] = {"cfg", "Addr"};
constexpr std::string_view kMysqlDatabase[] = {"cfg", "DBName"};

constexpr SqlDriverSpec kDrivers[] = {
    {"github.com/lib/pq.conn", {kPqServer, kPqPort, kPqDatabase}},
    {"github.com/jackc/pgx{/vN}/stdlib.Conn", {kPgxServer, kPgxPort, kPgxDatabase}},
    {"github.com/go-sql-driver/mysql.mysqlConn", {kMysqlServer, {}, kMysqlDatabase}},
};

constexpr DatabaseErrorSpec kErrors[] = {
    {"github.com/lib/pq.Error", "Code", "Message"},
    {"github.com/jackc/pgx{/vN}/pgconn.PgError", "Code", "Message"},
    {"github.com/jackc/pgconn.PgError", "Code", "Message"},
    {"github.com/go-sql-driver/mysql.MySQLError", "Number", "Message"},
};

}  // namespace

constexpr SqlCatalog kSqlCatalog = {
    "database/sql", kUsedWhen, kOperations, kStatements, kFields,  kStatementFields, kTransactionFields,
    kDrivers,       kErrors,   kWaitCall,   kConn,       kWaiters, kConnectorFields, kDsnConnectorFields,
    kStmtDbFields};

}  // namespace nodespan::attach
