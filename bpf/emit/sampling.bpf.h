/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* New ids and the head sampling decision (SPEC section 1.4, the Go SDK's rules; consistent probability by the
 * OpenTelemetry specification, "TraceState: Probability Sampling"). */
#ifndef NODESPAN_SAMPLING_H
#define NODESPAN_SAMPLING_H

#include "bpf/base/counters.bpf.h"

#define NS_TRACE_FLAG_SAMPLED 0x01
#define NS_TRACE_FLAG_RANDOM 0x02
/* Not of W3C and never sent: the operation was excluded, and so is what it causes. */
#define NS_TRACE_FLAG_EXCLUDED 0x80

/* Set before the object is loaded: operations that the sampler leaves out have records as well, for metrics of all. */
const volatile u8 ns_records_unsampled = 0;

/* Set before the object is loaded: messages to other programs get the trace context written into them, also those of
 * operations that are not sampled. */
const volatile u8 ns_propagates = 0;

static __always_inline u64 ns_random_u64(void)
{
	return (u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();
}

/* An all-zero id is invalid; the odds are 2^-64, the cost of ruling it out is nothing. */
static __always_inline void ns_new_span_id(u8 *span_id)
{
	*(u64 *)span_id = ns_random_u64() | 1;
}

static __always_inline void ns_new_trace_id(u8 *trace_id)
{
	*(u64 *)trace_id = ns_random_u64() | 1;
	*(u64 *)(trace_id + 8) = ns_random_u64();
}

static __always_inline u64 ns_be64(const u8 *bytes)
{
	return __builtin_bswap64(*(const u64 *)bytes);
}

/* Whether the sampler leaves out every operation; then this one is counted as left out. */
static __always_inline int ns_leaves_out_all(const struct ns_target_params *params)
{
	if (params->sampler_root != NS_SAMPLE_NEVER || params->parent_based || ns_records_unsampled || ns_propagates)
		return 0;
	ns_count(NS_COUNT_OPS_UNSAMPLED);
	return 1;
}

/* Whether consistent sampling with this threshold takes the trace. */
static __always_inline int ns_is_consistent(const struct ns_record_header *header, u64 threshold)
{
	u64 randomness = header->ot.randomness ? header->ot.randomness : ns_be64(header->trace_id + 8);

	return (randomness & NS_OT_MASK) >= (threshold & NS_OT_MASK);
}

/* Whether the operation is recorded, given its (new or inherited) trace id and `ot` entry, which then says what was
 * decided. */
static __always_inline int ns_sample(const struct ns_target_params *params, int has_parent, u8 parent_flags,
				     struct ns_record_header *header)
{
	if (has_parent && (parent_flags & NS_TRACE_FLAG_EXCLUDED))
		return 0;
	if (params->parent_based && has_parent) {
		/* A threshold that did not decide so says nothing about how many traces this one stands for. */
		if (params->sampler_root == NS_SAMPLE_CONSISTENT && !ns_is_consistent(header, header->ot.threshold))
			header->ot.threshold = 0;
		return parent_flags & NS_TRACE_FLAG_SAMPLED;
	}
	if (params->sampler_root == NS_SAMPLE_NEVER)
		return 0;
	if (params->sampler_root == NS_SAMPLE_TRACE_ID_RATIO)
		return (ns_be64(header->trace_id + 8) >> 1) < params->threshold;
	if (params->sampler_root == NS_SAMPLE_CONSISTENT) {
		header->ot.threshold = params->threshold | NS_OT_PRESENT;
		return ns_is_consistent(header, params->threshold);
	}
	return 1;
}

/* Decides, and gives the span its id and trace flags; header->ot is that of its parent before. Returns whether it is
 * sampled; also a span that is not has both, for its children to inherit. */
static __always_inline int ns_sample_and_flag(const struct ns_target_params *params, struct ns_record_header *header,
					      int has_parent, u8 parent_flags)
{
	int sampled = ns_sample(params, has_parent, parent_flags, header);

	ns_new_span_id(header->span_id);
	header->trace_flags =
		(has_parent ? parent_flags : NS_TRACE_FLAG_RANDOM) & (NS_TRACE_FLAG_RANDOM | NS_TRACE_FLAG_EXCLUDED);
	if (sampled)
		header->trace_flags |= NS_TRACE_FLAG_SAMPLED;
	return sampled;
}

/* Whether an operation that was decided about has a record. One that is not sampled is counted. */
static __always_inline int ns_is_recorded(const struct ns_record_header *header)
{
	if (header->trace_flags & NS_TRACE_FLAG_SAMPLED)
		return 1;
	ns_count(NS_COUNT_OPS_UNSAMPLED);
	return ns_records_unsampled && !(header->trace_flags & NS_TRACE_FLAG_EXCLUDED);
}

#endif /* NODESPAN_SAMPLING_H */
