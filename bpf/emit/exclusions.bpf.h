/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests that the user does not want to see: health checks above all. Decided at their start, so that they and what
 * they cause cost no more than requests that the sampler leaves out. */
#ifndef NODESPAN_EXCLUSIONS_H
#define NODESPAN_EXCLUSIONS_H

#include "bpf/emit/remote_parent.bpf.h"
#include "bpf/emit/sampling.bpf.h"

/*
 * Whether the `bytes` bytes of user memory at `addr` match a pattern of the set. A function of its own, with numbers as
 * arguments: the kernel verifies it once.
 */
__noinline int ns_matches_pattern(u32 set, u32 subject, u64 addr, u64 bytes)
{
	const struct ns_exclusions *excluded = bpf_map_lookup_elem(&exclusions, &set);
	u64 word[NS_PATTERN_WORDS] = {};
	u64 readable = bytes;

	subject &= NS_PATTERN_SUBJECTS - 1;
	if (!excluded || !excluded->count[subject])
		return 0;
	if (readable > NS_PATTERN_BYTES)
		readable = NS_PATTERN_BYTES;
	barrier_var(readable);
	if (readable > NS_PATTERN_BYTES || bpf_probe_read_user(word, readable, (const void *)addr)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	for (u32 i = 0; i < NS_PATTERNS; i++) {
		const struct ns_pattern *pattern = &excluded->pattern[subject][i];
		u64 difference = 0;

		if (i >= excluded->count[subject])
			break;
		for (u32 j = 0; j < NS_PATTERN_WORDS; j++)
			difference |= (word[j] & pattern->mask[j]) ^ pattern->word[j];
		if (!difference && (!pattern->is_whole || bytes == pattern->bytes))
			return 1;
	}
	return 0;
}

/* Decides whether a request is recorded, and counts one that is not. Gives its span the id and the trace flags, as
 * ns_sample_and_flag() does. `user_agent` is filled for a request that is recorded. */
static __always_inline int ns_admit_request(const struct ns_scratch *work, const struct ns_hit *hit,
					    struct ns_record_header *header, int has_parent, u8 parent_flags,
					    struct go_string path, struct go_string *user_agent)
{
	u32 set = hit->params->exclusion_set;

	if (!ns_sample_and_flag(hit->params, header, has_parent, parent_flags) && !ns_records_unsampled)
		return ns_is_recorded(header);
	*user_agent = ns_header_value(work, NS_HEADER_USER_AGENT);
	if (!(path.bytes && ns_matches_pattern(set, NS_PATTERN_PATH, path.data, path.bytes)) &&
	    !(user_agent->bytes && ns_matches_pattern(set, NS_PATTERN_USER_AGENT, user_agent->data, user_agent->bytes)))
		return ns_is_recorded(header);
	header->trace_flags = (header->trace_flags & ~NS_TRACE_FLAG_SAMPLED) | NS_TRACE_FLAG_EXCLUDED;
	ns_count(NS_COUNT_OPS_EXCLUDED);
	return 0;
}

#endif /* NODESPAN_EXCLUSIONS_H */
