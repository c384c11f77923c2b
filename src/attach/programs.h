// SPDX-License-Identifier: Apache-2.0
// The BPF programs that are attached to functions. One row each: adding a program is adding a row.
#pragma once

#include <string_view>

namespace nodespan::attach {

// X(name here, name in the BPF object, role)
#define NODESPAN_PROGRAMS(X)                                         \
  X(kNetHttpServerStart, nethttp_server_start, kStarts)              \
  X(kNetHttpServerEnd, nethttp_server_end, kContinues)               \
  X(kNetHttpClientStart, nethttp_client_start, kStarts)              \
  X(kNetHttpClientConnection, nethttp_client_connection, kContinues) \
  X(kNetHttpClientEnd, nethttp_client_end, kContinues)               \
  X(kDatabaseSqlStart, database_sql_start, kStarts)                  \
  X(kDatabaseSqlStatement, database_sql_statement, kContinues)       \
  X(kDatabaseSqlEnd, database_sql_end, kContinues)                   \
  X(kDatabaseSqlWait, database_sql_wait, kContinues)                 \
  X(kDatabaseSqlRefused, database_sql_refused, kContinues)           \
  X(kNetHttpStreamStart, nethttp_stream_start, kStarts)              \
  X(kFasthttpServerStart, fasthttp_server_start, kStarts)            \
  X(kFasthttpServerEnd, fasthttp_server_end, kContinues)             \
  X(kFasthttpServerHijacked, fasthttp_server_hijacked, kContinues)   \
  X(kFasthttpClientStart, fasthttp_client_start, kStarts)            \
  X(kFasthttpClientEnd, fasthttp_client_end, kContinues)             \
  X(kHttpRoute, http_route, kContinues)                              \
  X(kGrpcServerStart, grpc_server_start, kStarts)                    \
  X(kGrpcServerEnd, grpc_server_end, kContinues)                     \
  X(kGrpcClientStart, grpc_client_start, kStarts)                    \
  X(kGrpcClientWatched, grpc_client_watched, kContinues)             \
  X(kGrpcClientCreated, grpc_client_created, kContinues)             \
  X(kGrpcClientRefused, grpc_client_refused, kContinues)             \
  X(kGrpcClientFinish, grpc_client_finish, kContinues)               \
  X(kOtelSpanStart, otel_span_start, kStarts)                        \
  X(kOtelSpanEnded, otel_span_ended, kContinues)                     \
  X(kOtelGlobalStart, otel_global_start, kStarts)                    \
  X(kOtelGlobalCreated, otel_global_created, kContinues)             \
  X(kOtelGlobalCall, otel_global_call, kContinues)                   \
  X(kOtelExporterExport, otel_exporter_export, kContinues)           \
  X(kKafkaWriterStart, kafka_writer_start, kStarts)                  \
  X(kKafkaWriterEnd, kafka_writer_end, kContinues)                   \
  X(kKafkaReaderStart, kafka_reader_start, kStarts)                  \
  X(kKafkaReaderEnd, kafka_reader_end, kContinues)                   \
  X(kKafkaReaderClose, kafka_reader_close, kContinues)               \
  X(kSaramaProducerStart, sarama_producer_start, kStarts)            \
  X(kSaramaProducerEnd, sarama_producer_end, kContinues)             \
  X(kSaramaBatchRequest, sarama_batch_request, kStarts)              \
  X(kSaramaBatchAnswer, sarama_batch_answer, kContinues)             \
  X(kSaramaBatchEnd, sarama_batch_end, kContinues)                   \
  X(kSaramaConsumerStart, sarama_consumer_start, kStarts)            \
  X(kSaramaConsumerEnd, sarama_consumer_end, kContinues)             \
  X(kGoRedisStart, go_redis_start, kStarts)                          \
  X(kGoRedisEnd, go_redis_end, kContinues)                           \
  X(kPgxStart, pgx_start, kStarts)                                   \
  X(kPgxEnd, pgx_end, kContinues)                                    \
  X(kPgxFailed, pgx_failed, kContinues)                              \
  X(kPgxRows, pgx_rows, kContinues)                                  \
  X(kPgxClosing, pgx_closing, kContinues)                            \
  X(kMongoStart, mongo_start, kStarts)                               \
  X(kMongoCommand, mongo_command, kContinues)                        \
  X(kMongoEnd, mongo_end, kContinues)                                \
  X(kGoPanicBegin, go_panic_begin, kContinues)                       \
  X(kGoPanicFatal, go_panic_fatal, kContinues)                       \
  X(kPropagateHttpRequest, propagate_http_request, kWrites)          \
  X(kPropagateHttpWrite, propagate_http_write, kWrites)              \
  X(kPropagateHttpStream, propagate_http_stream, kWrites)            \
  X(kPropagateHttpFrame, propagate_http_frame, kWrites)              \
  X(kPropagateGrpcFields, propagate_grpc_fields, kWrites)            \
  X(kPropagateGrpcWrite, propagate_grpc_write, kWrites)

enum class Program {
#define NODESPAN_PROGRAM_NAME(name, symbol, role) name,
  NODESPAN_PROGRAMS(NODESPAN_PROGRAM_NAME)
#undef NODESPAN_PROGRAM_NAME
};

#define NODESPAN_PROGRAM_COUNT(name, symbol, role) +1
inline constexpr int kProgramCount = 0 NODESPAN_PROGRAMS(NODESPAN_PROGRAM_COUNT);
#undef NODESPAN_PROGRAM_COUNT

enum class ProgramRole {
  kStarts,     // begins operations
  kContinues,  // looks at what others have begun: attached first, so that no operation is left without its end
  kWrites,  // for headers that are written into the program's messages: loaded and attached only where that is wanted
};

inline constexpr std::string_view kWritingGroup = "propagate";

constexpr std::string_view ToString(Program program) {
  switch (program) {
#define NODESPAN_PROGRAM_CASE(name, symbol, role) \
  case Program::name: return #symbol;
    NODESPAN_PROGRAMS(NODESPAN_PROGRAM_CASE)
#undef NODESPAN_PROGRAM_CASE
  }
  return "unknown";
}

constexpr ProgramRole RoleOf(Program program) {
#define NODESPAN_PROGRAM_ROLE(name, symbol, role) ProgramRole::role,
  constexpr ProgramRole kRoles[] = {NODESPAN_PROGRAMS(NODESPAN_PROGRAM_ROLE)};
#undef NODESPAN_PROGRAM_ROLE
  return kRoles[static_cast<int>(program)];
}

// What programs are of no use without each other: their name up to its last word. A kernel refuses all that write for
// the same reason.
constexpr std::string_view GroupOf(Program program) {
  if (RoleOf(program) == ProgramRole::kWrites) {
    return kWritingGroup;
  }
  const std::string_view name = ToString(program);
  return name.substr(0, name.rfind('_'));
}

}  // namespace nodespan::attach
