/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Working memory of the programs: too large for the stack, and always in the cache because every hit on a CPU uses the
 * same bytes. A program does not move to another CPU while it runs, but another thread's hit can preempt it (kernels
 * with full or lazy preemption), so each takes one of a few slots for itself.
 */
#ifndef NODESPAN_SCRATCH_H
#define NODESPAN_SCRATCH_H

#include "bpf/base/counters.bpf.h"
#include "bpf/base/go_types.bpf.h"

/* Headers that the scan looks for; the array in ns_scratch is indexed by this. */
enum ns_http_header {
	NS_HEADER_TRACEPARENT,
	NS_HEADER_TRACESTATE,
	NS_HEADER_USER_AGENT,
	NS_HEADER_FORWARDED,
	NS_HEADER_X_FORWARDED_FOR,
	NS_HEADER_X_FORWARDED_HOST,
	NS_HEADER_X_FORWARDED_PROTO,
	NS_HEADER_AUTHORITY, /* of HTTP/2, as gRPC keeps it */
	NS_HEADER_CAPTURED,  /* first of those of ns_captured_names */
	NS_HEADER_COUNT = NS_HEADER_CAPTURED + NS_CAPTURED_NAMES
};
#define NS_HEADER_SLOTS 16 /* a power of two, so that an index can be masked */
NS_ASSERT(NS_HEADER_COUNT <= NS_HEADER_SLOTS);

/* Values kept of one header where they are not in a []string; further ones are counted only. */
#define NS_HEADER_LINES 4

/* Where the walk over a Go map is: a run of groups, then what follows it. Kept in a map value and not on the stack, so
 * that the verifier sees the same unknown numbers at every step and does not follow each possible walk. */
struct ns_map_walk {
	u64 base;     /* first group of the current run */
	u64 groups;   /* groups in the run */
	u64 next;     /* next group to visit */
	u64 overflow; /* classic: overflow bucket to visit before that */
	u64 old_base; /* classic: buckets of an unfinished growth, visited last */
	u64 old_groups;
	u64 dir; /* Swiss: rest of the table directory */
	u64 dir_entries;
	u64 readable; /* bytes of the group that are in the window */
	u64 table;    /* Swiss: table just visited; equal neighbours are the same table */
	u64 unseen;   /* 1: something that could not be read was passed by */
};

/* A route that is being put together of its parts in the window; here for the same reason. */
struct ns_route_text {
	u64 bytes;
	u64 cut;
	u64 added; /* by the last part */
};

/* Where the walk up the contexts of an operation is; here for the same reason. */
struct ns_context_walk {
	u64 itab; /* the next one */
	u64 data;
	u64 found;	  /* the scratch parent is the nearest noted span so far */
	u64 half_checked; /* which has ended, and only the context right above was compared */
};

/* Where the walk over the messages of a batch and their headers is, and what it has found; here for the same reason. */
struct ns_message_walk {
	u64 kind;    /* enum ns_message_kind */
	u64 message; /* the next one */
	u64 pointer; /* where the next one's address is; 0: it is next to the one before */
	u64 messages;
	u64 header; /* the next one of the message before */
	u64 headers;
	u64 topic; /* a Go string: of the first message */
	u64 topic_bytes;
	u64 topics_differ;
	u64 links;
	u64 dropped_links;
};

/* Where the walk over the characters of a tracestate is, and what it has found; here for the same reason. */
struct ns_ot_walk {
	u64 state; /* enum ns_ot_state */
	u64 value; /* of the digits so far */
	u64 digits;
	struct ns_ot_sampling ot;
};

/* Where the walk over the commands of a pipeline is; here for the same reason. */
struct ns_command_walk {
	u64 command;  /* what the next Cmder points to; 0: still to be read */
	u64 next;     /* address of the next Cmder */
	u64 commands; /* left */
};

/* A header that is written into a message: its text, HTTP/1 or HPACK; here for the same reason. */
#define NS_CONTEXT_TEXT_BYTES 256 /* a power of two, so that an index can be masked */

struct ns_context_text {
	u64 bytes;
	u64 traceparent_bytes; /* those of traceparent alone, which comes first */
	u8 text[NS_CONTEXT_TEXT_BYTES];
};

struct ns_scratch {
	u64 users; /* 1: taken */
	u64 slot;  /* of this one */
	u8 window[NS_WINDOW_BYTES];
	struct go_slice headers[NS_HEADER_SLOTS]; /* the values: a []string, as the map of headers has it */
	struct go_string lines[NS_HEADER_SLOTS][NS_HEADER_LINES];
	u64 has_lines; /* the values of headers[] are in lines[], and not where its data says */
	struct ns_map_walk walk;
	struct ns_context_walk contexts;
	struct ns_route_text route;
	struct ns_message_walk messages;
	struct ns_ot_walk ot;
	struct ns_command_walk commands;
	struct ns_parent_span parent;
	struct ns_outgoing outgoing;
	struct ns_context_text context_text;
	u64 registers[NS_REG_COUNT];
	struct ns_long_operation operation; /* being put together; what counts of it is copied to the in-flight map */
	u8 beyond[NS_HTTP_MAX_TRACESTATE];  /* never used: the verifier adds up the largest offset and the largest size
					     */
};

#define NS_SCRATCH_SLOTS 4

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NS_SCRATCH_SLOTS);
	__type(key, u32);
	__type(value, struct ns_scratch);
} scratch SEC(".maps");

/*
 * Whether the slot with these users is the caller's now. Two programs that try the same slot at once may both go on to
 * the next one, but never both take it: who reads 1 was alone between adding and reading, and whoever comes later reads
 * 2.
 */
static __always_inline int ns_slot_try(u64 *users)
{
	__sync_fetch_and_add(users, 1);
	if (*(volatile u64 *)users == 1)
		return 1;
	__sync_fetch_and_add(users, -1);
	return 0;
}

/* Takes a slot, to be given back with ns_scratch_release(); NULL when all are taken. */
static __always_inline struct ns_scratch *ns_scratch_try(void)
{
	for (u32 i = 0; i < NS_SCRATCH_SLOTS; i++) {
		u32 slot = i;
		struct ns_scratch *taken = bpf_map_lookup_elem(&scratch, &slot);

		if (!taken)
			return NULL;
		if (ns_slot_try(&taken->users)) {
			taken->slot = i;
			return taken;
		}
	}
	return NULL;
}

/* The same for an operation that is lost without one, and counted. */
static __always_inline struct ns_scratch *ns_scratch_take(void)
{
	struct ns_scratch *taken = ns_scratch_try();

	if (!taken)
		ns_count(NS_LOSS_NO_SCRATCH);
	return taken;
}

static __always_inline void ns_scratch_release(struct ns_scratch *taken)
{
	__sync_fetch_and_add(&taken->users, -1);
}

#endif /* NODESPAN_SCRATCH_H */
