/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The shared BPF object: one translation unit, so that all programs share one set of maps. */
#include "bpf/programs/database_sql.bpf.c"
#include "bpf/programs/fasthttp_client.bpf.c"
#include "bpf/programs/fasthttp_server.bpf.c"
#include "bpf/programs/go_panic.bpf.c"
#include "bpf/programs/go_redis.bpf.c"
#include "bpf/programs/grpc_client.bpf.c"
#include "bpf/programs/grpc_server.bpf.c"
#include "bpf/programs/http_route.bpf.c"
#include "bpf/programs/kafka_reader.bpf.c"
#include "bpf/programs/kafka_writer.bpf.c"
#include "bpf/programs/mongo.bpf.c"
#include "bpf/programs/nethttp_client.bpf.c"
#include "bpf/programs/nethttp_server.bpf.c"
#include "bpf/programs/otel_api.bpf.c"
#include "bpf/programs/otel_exporter.bpf.c"
#include "bpf/programs/pgx.bpf.c"
#include "bpf/programs/process_watch.bpf.c"
#include "bpf/programs/propagate_grpc.bpf.c"
#include "bpf/programs/propagate_http.bpf.c"
#include "bpf/programs/sarama_batch.bpf.c"
#include "bpf/programs/sarama_consumer.bpf.c"
#include "bpf/programs/sarama_producer.bpf.c"

/* bpf_probe_read_user() is for GPL-compatible programs only. */
char _license[] SEC("license") = "Dual BSD/GPL";
