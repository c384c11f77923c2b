/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which traced process a hit belongs to, and its parameters. */
#ifndef NODESPAN_TARGET_H
#define NODESPAN_TARGET_H

#include "bpf/base/maps.bpf.h"

/* What a program needs to know about the process it runs in. */
struct ns_target {
	const struct ns_target_params *params;
	const struct ns_binary_params *binary;
	u32 slot;
	u32 generation;
};

/* Fills `target`; returns 0, or -1 when the process is not traced (any more). */
static __always_inline int ns_find_target(void *ctx, struct ns_target *target)
{
	u32 binary_slot;

	if (ns_has_attach_cookie) {
		target->slot = (u32)bpf_get_attach_cookie(ctx);
	} else {
		u32 tgid = bpf_get_current_pid_tgid() >> 32;
		u32 *slot = bpf_map_lookup_elem(&target_by_tgid, &tgid);

		if (!slot)
			return -1;
		target->slot = *slot;
	}
	target->params = bpf_map_lookup_elem(&targets, &target->slot);
	if (!target->params)
		return -1;
	target->generation = target->params->generation;
	if (!target->generation)
		return -1;
	binary_slot = target->params->binary_slot;
	target->binary = bpf_map_lookup_elem(&binaries, &binary_slot);
	return target->binary ? 0 : -1;
}

#endif /* NODESPAN_TARGET_H */
