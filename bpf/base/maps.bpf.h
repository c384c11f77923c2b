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

/* One value of a header in a Go []string: what the map element holds. */
struct ns_go_strings {
	u64 data;
	u64 count;
};

/* Headers that the scan looks for; the array in ns_http_operation is indexed by this. */
enum ns_http_header {
	NS_HEADER_TRACEPARENT,
	NS_HEADER_TRACESTATE,
	NS_HEADER_USER_AGENT,
	NS_HEADER_FORWARDED,
	NS_HEADER_X_FORWARDED_FOR,
	NS_HEADER_X_FORWARDED_HOST,
	NS_HEADER_X_FORWARDED_PROTO,
	NS_HEADER_COUNT
};
#define NS_HEADER_SLOTS 8 /* a power of two, so that an index can be masked */
NS_ASSERT(NS_HEADER_COUNT <= NS_HEADER_SLOTS);

/* Where the walk over a Go map is: a run of groups, then what follows it. Kept in the map value and not on the stack,
 * so that the verifier sees the same unknown numbers at every step and does not follow each possible walk. */
struct ns_map_walk {
	u64 base;     /* first group of the current run */
	u64 groups;   /* groups in the run */
	u64 next;     /* next group to visit */
	u64 overflow; /* classic: overflow bucket to visit before that */
	u64 old_base; /* classic: buckets of an unfinished growth, visited last */
	u64 old_groups;
	u64 dir; /* Swiss: rest of the table directory */
	u64 dir_entries;
	u64 in_part; /* the group in the window was read in part (ns_window_read_part) */
	u64 table;   /* Swiss: table just visited; equal neighbours are the same table */
};

/*
 * An HTTP operation in flight. It begins with the record that its end submits, so nothing is copied twice, and holds
 * the working memory of the start program: per-CPU scratch would not do, because uprobe programs can be preempted by
 * another thread's hit on the same CPU, while this entry belongs to one goroutine.
 */
struct ns_http_operation {
	struct ns_http_server_record record;
	u8 strings[NS_HTTP_STRINGS_BYTES];
	u8 window[NS_WINDOW_BYTES];
	struct ns_go_strings headers[NS_HEADER_SLOTS];
	u8 header_name[24];
	struct ns_map_walk walk;
	u64 request_addr;
	u64 response_addr;
	u64 strings_bytes;
};

/* Goroutine -> its operation. Inserted at the start, deleted at the end; entries of a process that died are deleted by
 * the daemon when it detaches. Full: NS_LOSS_INFLIGHT_FULL. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct ns_inflight_key);
	__type(value, struct ns_http_operation);
} inflight SEC(".maps");

#endif /* NODESPAN_MAPS_H */
