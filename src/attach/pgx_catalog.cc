// SPDX-License-Identifier: Apache-2.0
#include "attach/pgx_catalog.h"

namespace nodespan::attach {
namespace {

// Source: conn.go, rows.go, batch.go and copy_from.go of v5. In v4 rows and command tags are of other types.
constexpr std::string_view kQuery[] = {"github.com/jackc/pgx{/vN}.(*Conn).Query"};
constexpr std::string_view kExec[] = {"github.com/jackc/pgx{/vN}.(*Conn).Exec"};
constexpr std::string_view kPrepare[] = {"github.com/jackc/pgx{/vN}.(*Conn).Prepare"};
constexpr std::string_view kSendBatch[] = {"github.com/jackc/pgx{/vN}.(*Conn).SendBatch"};
constexpr std::string_view kCopyFrom[] = {"github.com/jackc/pgx{/vN}.(*Conn).CopyFrom"};
constexpr std::string_view kCopyRun[] = {"github.com/jackc/pgx{/vN}.(*copyFrom).run"};
constexpr std::string_view kBatchClose[] = {"github.com/jackc/pgx{/vN}.(*batchResults).Close"};
constexpr std::string_view kBatchDeferred[] = {"github.com/jackc/pgx{/vN}.(*batchResults).Close.func1"};
constexpr std::string_view kPipelineClose[] = {"github.com/jackc/pgx{/vN}.(*pipelineBatchResults).Close"};
constexpr std::string_view kPipelineDeferred[] = {"github.com/jackc/pgx{/vN}.(*pipelineBatchResults).Close.func1"};

// Result words. A CommandTag is a string.
constexpr int kErrorBehindTwo[] = {2, 3};
constexpr int kErrorBehindOne[] = {1, 2};
constexpr int kStatementAndError[] = {0, 1, 2};
constexpr int kOnlyError[] = {0, 1};

constexpr Program kStart = Program::kPgxStart;
constexpr Program kEnd = Program::kPgxEnd;

// Pings are not among them: nearly all are those by which pools and drivers look after their connections.
constexpr DatabaseOperationSpec kOperations[] = {
    {NS_DB_OP_EXEC, "executed statements", {kStart, kExec}, {kEnd, kExec, {}, kErrorBehindTwo, 0}, true},
    // Once for each statement and connection: returns are single-stepped.
    {NS_DB_OP_PREPARE,
     "prepared statements",
     {kStart, kPrepare},
     {kEnd, kPrepare, {}, kStatementAndError, 1, false, true},
     true},
    {NS_DB_OP_COPY, "COPY", {kStart, kCopyFrom}, {kEnd, kCopyRun, {}, kErrorBehindOne, 0}, false},
};

constexpr PgxBatchSpec kBatches[] = {
    {{Program::kPgxClosing, kBatchClose},
     {kEnd, kBatchClose, kBatchDeferred, kOnlyError, 0},
     "github.com/jackc/pgx{/vN}.batchResults"},
    {{Program::kPgxClosing, kPipelineClose},
     {kEnd, kPipelineClose, kPipelineDeferred, kOnlyError, 0},
     "github.com/jackc/pgx{/vN}.pipelineBatchResults"},
};

constexpr std::string_view kQueries[] = {"QueuedQueries", "queuedQueries"};
constexpr std::string_view kSql[] = {"SQL", "query"};

// pgconn/config.go
constexpr std::string_view kServer[] = {"config", "Config", "Host"};
constexpr std::string_view kPort[] = {"config", "Config", "Port"};
constexpr std::string_view kDatabase[] = {"config", "Config", "Database"};

constexpr DatabaseErrorSpec kErrors[] = {
    {"github.com/jackc/pgx{/vN}/pgconn.PgError", "Code", "Message"},
};

}  // namespace

constexpr PgxCatalog kPgxCatalog = {
    .library = "jackc/pgx",
    .used_when = kQuery,
    .query = kQuery[0],
    .operations = kOperations,
    .send_query = {kStart, kQuery},
    .rows = {Program::kPgxRows, Program::kPgxFailed, "github.com/jackc/pgx{/vN}.(*baseRows).Close",
             "github.com/jackc/pgx{/vN}/pgconn.(*ResultReader).Close", kErrorBehindTwo},
    .send_batch = {kStart, kSendBatch},
    .batches = kBatches,
    .rows_struct = "github.com/jackc/pgx{/vN}.baseRows",
    .error_field = "err",
    .conn_field = "conn",
    .conn_type = "*pgx.Conn",
    .batch_queries = {"github.com/jackc/pgx{/vN}.Batch", kQueries, "[]*pgx.QueuedQuery"},
    .queued_sql = {"github.com/jackc/pgx{/vN}.QueuedQuery", kSql, "string"},
    .conn = "github.com/jackc/pgx{/vN}.Conn",
    .address = {kServer, kPort, kDatabase},
    .errors = kErrors,
};

}  // namespace nodespan::attach
