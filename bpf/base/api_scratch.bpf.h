/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Working memory for records of the OpenTelemetry API, which have more to say than others. */
#ifndef NODESPAN_API_SCRATCH_H
#define NODESPAN_API_SCRATCH_H

#include "bpf/base/scratch.bpf.h"

/* What is still to be read of the options of a call. In memory and not in registers, so that the verifier sees the same
 * unknown numbers at every step. */
struct ns_api_walk {
	u64 option; /* next trace.SpanStartOption or the like */
	u64 options;
	u64 attribute; /* next attribute.KeyValue */
	u64 attributes;
	u64 element; /* next string of a []string */
	u64 elements;
	u64 link; /* next trace.Link */
	u64 links;
	u64 is_new_root;
};

struct ns_api_scratch {
	u64 users; /* 1: taken */
	u64 slot;  /* of this one */
	struct ns_api_walk walk;
	u64 item[8]; /* what is read before it is known to fit */
	u64 strings_bytes;
	struct ns_api_record record;
	u8 strings[NS_API_STRINGS_BYTES]; /* of the record */
};

#define NS_API_SCRATCH_SLOTS 2

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NS_API_SCRATCH_SLOTS);
	__type(key, u32);
	__type(value, struct ns_api_scratch);
} api_scratch SEC(".maps");

/* Like ns_scratch_take(). */
static __always_inline struct ns_api_scratch *ns_api_scratch_take(void)
{
	for (u32 i = 0; i < NS_API_SCRATCH_SLOTS; i++) {
		u32 slot = i;
		struct ns_api_scratch *taken = bpf_map_lookup_elem(&api_scratch, &slot);

		if (!taken)
			return NULL;
		if (ns_slot_try(&taken->users)) {
			taken->slot = i;
			return taken;
		}
	}
	ns_count(NS_LOSS_NO_SCRATCH);
	return NULL;
}

static __always_inline void ns_api_scratch_release(struct ns_api_scratch *taken)
{
	__sync_fetch_and_add(&taken->users, -1);
}

#endif /* NODESPAN_API_SCRATCH_H */
