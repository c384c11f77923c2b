/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every map of the shared object. max_entries given here are defaults; the daemon sets them from its configuration. */
#ifndef NODESPAN_MAPS_H
#define NODESPAN_MAPS_H

#include "bpf/base/bpf_prelude.bpf.h"

/* Finished operations: ns_*_record. Written by emit/, read by the daemon's reader thread. Full: NS_LOSS_RING_FULL. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024);
} records SEC(".maps");

/* Processes that came and went: ns_process_event. Written by process_watch, read by the control thread. Full: the event
 * is lost, and the daemon's sweep of /proc finds out. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} process_events SEC(".maps");

/* enum ns_counter -> u64. Written by every program, read by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NS_COUNTER_COUNT);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

/* Slot -> parameters of a traced process. Written by the daemon before it attaches; generation 0 switches a slot off.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct ns_target_params);
} targets SEC(".maps");

/* Slot -> parameters of a distinct Go binary. Written by the daemon before the first process of it is attached to. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, u32);
	__type(value, struct ns_binary_params);
} binaries SEC(".maps");

/* Process id -> target slot, for kernels without attach cookies. Written and deleted by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u32);
} target_by_tgid SEC(".maps");

/*
 * An HTTP operation in flight: the record that its end submits with its strings, so that nothing is copied twice, and
 * what the end needs besides. There are two maps, so that an ordinary operation does not cost the room of the longest
 * strings: entries are copied whole when they are inserted.
 */
struct ns_http_operation {
	u64 request_addr;
	u64 response_addr;
	u64 strings_bytes;
	struct ns_http_server_record record; /* last: its strings follow */
};

static __always_inline u8 *ns_http_strings(struct ns_http_operation *op)
{
	return (u8 *)(op + 1);
}

/* Room for the pattern is left by the start: the end appends it. */
#define NS_HTTP_SHORT_STRINGS_BYTES 512

struct ns_http_short_operation {
	struct ns_http_operation op;
	u8 strings[NS_HTTP_SHORT_STRINGS_BYTES];
};

struct ns_http_long_operation {
	struct ns_http_operation op;
	u8 strings[NS_HTTP_STRINGS_BYTES];
};

/* Goroutine -> its operation, in one of the two. Inserted at the start, deleted at the end; entries of a process that
 * died are deleted by the daemon when it detaches. Full: NS_LOSS_INFLIGHT_FULL. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct ns_inflight_key);
	__type(value, struct ns_http_short_operation);
} inflight_short SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct ns_inflight_key);
	__type(value, struct ns_http_long_operation);
} inflight_long SEC(".maps");

#endif /* NODESPAN_MAPS_H */
