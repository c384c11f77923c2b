/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counting of activity and losses. */
#ifndef NODESPAN_COUNTERS_H
#define NODESPAN_COUNTERS_H

#include "bpf/base/maps.bpf.h"

/* Atomic although per CPU: another thread's hit may preempt this program on the same CPU. */
static __always_inline void ns_count(u32 counter)
{
	u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		__sync_fetch_and_add(value, 1);
}

#endif /* NODESPAN_COUNTERS_H */
