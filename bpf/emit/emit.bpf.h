/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The only place that submits records to the ring. */
#ifndef NODESPAN_EMIT_H
#define NODESPAN_EMIT_H

#include "bpf/base/counters.bpf.h"

/*
 * Submits the record that starts at `record` (with its strings, `bytes` in all). A wake-up costs more than the probe,
 * so there is none: the reader looks every few milliseconds. Every 16th record, by a random bit pattern, checks how
 * full the ring is and wakes the reader if it is behind.
 */
static __always_inline void ns_emit(void *record, u64 bytes, u8 random)
{
	u64 flags = BPF_RB_NO_WAKEUP;

	if ((random & 0xf) == 0xf && bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) > ns_ring_wake_bytes)
		flags = BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_output(&records, record, bytes, flags))
		ns_count(NS_LOSS_RING_FULL);
	else
		ns_count(NS_COUNT_RECORDS);
}

#endif /* NODESPAN_EMIT_H */
