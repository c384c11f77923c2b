// SPDX-License-Identifier: Apache-2.0
// Writes seeds for the fuzz target of the record reader into the folder given as argument: valid records, from which
// tests/fuzz/make_corpus.py makes broken ones.
#include <fstream>
#include <string>
#include <vector>

#include "events/record_builder.h"

namespace {

using nodespan::events::testing::ApiRecordBuilder;
using nodespan::events::testing::DatabaseRecordBuilder;
using nodespan::events::testing::GrpcRecordBuilder;
using nodespan::events::testing::HttpClientRecordBuilder;
using nodespan::events::testing::HttpServerRecordBuilder;
using nodespan::events::testing::KafkaRecordBuilder;
using nodespan::events::testing::PanicRecordBuilder;
using nodespan::events::testing::RedisRecordBuilder;

bool Write(const std::string& path, const std::vector<std::byte>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return file.good();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    return 2;
  }
  const std::string folder = argv[1];
  HttpServerRecordBuilder longest;
  longest.Set(NS_HTTP_TRACESTATE, std::string(NS_HTTP_MAX_TRACESTATE, 't'), /*cut=*/true);
  longest.Set(NS_HTTP_URI, std::string(NS_HTTP_MAX_URI, '/'), /*cut=*/true);
  HttpServerRecordBuilder hijacked;
  hijacked.fixed.outcome = NS_HTTP_HIJACKED;
  hijacked.fixed.present = 0;
  HttpClientRecordBuilder failed;
  failed.fixed.present = NS_CLIENT_FAILED;
  failed.fixed.error_type_vaddr = 0x4711;
  failed.Set(NS_CLIENT_ERROR, "EOF");
  GrpcRecordBuilder refused;
  refused.Code(14, "connection refused");
  DatabaseRecordBuilder violation;
  violation.fixed.present = NS_DB_FAILED;
  violation.fixed.pool_wait_ns = 40'000'000;
  violation.Set(NS_DB_CODE, "23505").Set(NS_DB_MESSAGE, "duplicate");
  RedisRecordBuilder pipeline({{"set", 2}, {"get", 1}});
  pipeline.fixed.operation = NS_DB_OP_PIPELINE;
  pipeline.fixed.batch_size = 2;
  ApiRecordBuilder begin;
  begin.Numbers<uint64_t>(NS_ITEM_SPAN_KIND, "", {3}).Item(NS_ITEM_STRING, "key", "value");
  begin.Item(NS_ITEM_STRINGS, "list", "").Item(NS_ITEM_ELEMENT, "", "a").Item(NS_ITEM_ELEMENT, "", "b");
  ApiRecordBuilder encoded(NS_API_ENCODED);
  encoded.Set(NS_API_BODY, R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]}]}]})");
  KafkaRecordBuilder too_large;
  too_large.fixed.present = NS_KAFKA_FAILED | NS_KAFKA_HAS_CODE;
  too_large.fixed.error_code = 10;
  too_large.fixed.dropped_links = 3;
  too_large.Link(1, 2, 1).Link(3, 4, 0);
  KafkaRecordBuilder sarama;
  sarama.fixed.library = NS_KAFKA_LIBRARY_SARAMA;
  sarama.fixed.present = NS_KAFKA_HAS_PARTITION;
  HttpServerRecordBuilder fasthttp;
  fasthttp.fixed.library = NS_HTTP_FASTHTTP;
  fasthttp.fixed.route_source = NS_ROUTE_FIBER;
  fasthttp.fixed.peer.ip_bytes = 16;
  HttpClientRecordBuilder fasthttp_client;
  fasthttp_client.fixed.library = NS_HTTP_FASTHTTP;
  fasthttp_client.Set(NS_CLIENT_PATH, "https://api.example:8443/orders?dry=1").Set(NS_CLIENT_QUERY, "");
  const bool written =
      Write(folder + "/fasthttp_client", fasthttp_client.Bytes()) && Write(folder + "/fasthttp", fasthttp.Bytes()) &&
      Write(folder + "/api_begin", begin.Bytes()) && Write(folder + "/api_encoded", encoded.Bytes()) &&
      Write(folder + "/kafka_send", too_large.Bytes()) && Write(folder + "/kafka_sarama", sarama.Bytes()) &&
      Write(folder + "/kafka_process", KafkaRecordBuilder(NS_KAFKA_PROCESS).Link(5, 6, 1).Bytes()) &&
      Write(folder + "/panic", PanicRecordBuilder().Bytes()) &&
      Write(folder + "/sql", DatabaseRecordBuilder().Bytes()) && Write(folder + "/sql_failed", violation.Bytes()) &&
      Write(folder + "/redis", pipeline.Bytes()) &&
      Write(folder + "/grpc_server", GrpcRecordBuilder(NS_RECORD_GRPC_SERVER).Bytes()) &&
      Write(folder + "/grpc_client", refused.Bytes()) && Write(folder + "/client", HttpClientRecordBuilder().Bytes()) &&
      Write(folder + "/client_failed", failed.Bytes()) && Write(folder + "/usual", HttpServerRecordBuilder().Bytes()) &&
      Write(folder + "/longest", longest.Bytes()) && Write(folder + "/hijacked", hijacked.Bytes());
  return written ? 0 : 1;
}
