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

/* Set -> requests that are not traced. Written by the daemon before a process has it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NS_EXCLUSION_SETS);
	__type(key, u32);
	__type(value, struct ns_exclusions);
} exclusions SEC(".maps");

/* Process id -> target slot, for kernels without attach cookies. Written and deleted by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u32);
} target_by_tgid SEC(".maps");

/* ns_binary_params.first_site + site index -> where a probe sits. Written by the daemon with the binary's parameters.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct ns_site);
} sites SEC(".maps");

/* Type of a context.Context -> how to get to the one it was derived from. Written and deleted by the daemon with the
 * binary's parameters. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct ns_context_type_key);
	__type(value, struct ns_context_type);
} context_types SEC(".maps");

/* A span that operations of the same process can have as parent; see emit/parents.bpf.h. */
struct ns_parent_span {
	u64 end_mono_ns; /* 0: open */
	/* Of a context: the addresses of the context it was derived from and of that one's, which tell it from another
	 * one that was later made in the same place: Go gives out freed memory in the order of addresses, so that one
	 * address alone comes back together with its neighbour's. Of a goroutine: the address of its operation's
	 * context. Of a span of the OpenTelemetry API: the address that ends it, and its type, as linked.
	 */
	u64 check;
	u64 check_above;
	/* Of a goroutine: the numbers that the processor it ran on would give to new goroutines next. */
	u64 goid_begin, goid_end;
	/* Of a goroutine that works on a message: when it stops being a parent although it has not come back for the
	 * next one. 0: of any other span. */
	u64 expires_mono_ns;
	u8 trace_id[16];
	u8 span_id[8];
	u8 trace_flags;
	u8 pad[7];
	struct ns_ot_sampling ot;
};

/* Context or goroutine -> span. Written by the programs; entries of a context stay when the span ends, until the oldest
 * make room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 20480);
	__type(key, struct ns_object_key);
	__type(value, struct ns_parent_span);
} parents SEC(".maps");

/*
 * An operation in flight: the record that its end submits with its strings, so that nothing is copied twice, and what
 * the end needs besides. There are two maps, so that an ordinary operation does not cost the room of the longest
 * strings: entries are copied whole when they are inserted.
 */
#define NS_OPERATION_MEMOS 5

struct ns_operation {
	u64 memo[NS_OPERATION_MEMOS]; /* what each kind of operation remembers */
	u64 stack_pointer;	      /* at its start */
	u64 inner;		      /* of the outermost operation: how many are open within it */
	u64 strings_bytes;
	struct ns_record_header header;
	u8 fixed[NS_RECORD_MAX_FIXED_BYTES - sizeof(struct ns_record_header)];
	/* Strings follow the fixed part of the record's own type, and go on behind this struct. */
};

/* Room is left by the start for what the end appends. */
#define NS_SHORT_STRINGS_BYTES 512

struct ns_short_operation {
	struct ns_operation op;
	u8 strings[NS_SHORT_STRINGS_BYTES];
};

struct ns_long_operation {
	struct ns_operation op;
	u8 strings[NS_STRINGS_BYTES];
};

/* Goroutine -> its operation, in one of the two. Inserted at the start, deleted at the end; entries of a process that
 * died are deleted by the daemon when it detaches. Full: NS_LOSS_INFLIGHT_FULL. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct ns_object_key);
	__type(value, struct ns_short_operation);
} inflight_short SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct ns_object_key);
	__type(value, struct ns_long_operation);
} inflight_long SEC(".maps");

/* What one hit tells a later one of the same goroutine before there is an operation. Inserted and deleted by the
 * programs; of a process that died, by the daemon. Full: counted as a field that could not be read. */
struct ns_note {
	u64 words[5];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct ns_object_key);
	__type(value, struct ns_note);
} notes SEC(".maps");

/* A span of the OpenTelemetry API that is open. */
struct ns_api_span {
	u64 start_mono_ns;
	u8 trace_id[16];
	u8 span_id[8];
	u8 parent_span_id[8];
	u8 trace_flags;
	u8 is_recorded;
	u8 pad[6];
	struct ns_ot_sampling ot;
};

/* Object of the kinds NS_OBJECT_API_* -> span. Inserted at the start, deleted at the end. A span that a program never
 * ends stays until it is the least recently used. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct ns_object_key);
	__type(value, struct ns_api_span);
} api_spans SEC(".maps");

/* The span that a message to another program is part of. */
struct ns_outgoing {
	u8 trace_id[16];
	u8 span_id[8];
	u64 stack_pointer; /* at the start of an operation that is not recorded */
	u8 trace_flags;
	u8 pad[7];
	struct ns_ot_sampling ot;
};

/* Object of the kinds NS_OBJECT_OUTGOING_* -> span. Inserted and deleted by the programs; of messages that are never
 * written, until it is the least recently used. One entry unless headers are written. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct ns_object_key);
	__type(value, struct ns_outgoing);
} outgoing SEC(".maps");

#endif /* NODESPAN_MAPS_H */
