/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every program begins with: which process and which site a hit belongs to, and whether it counts. */
#ifndef NODESPAN_HIT_H
#define NODESPAN_HIT_H

#include "bpf/base/maps.bpf.h"
#include "bpf/base/own_stack.bpf.h"
#include "bpf/base/scratch.bpf.h"
#include "bpf/extract/go_regs.bpf.h"

struct ns_hit {
	const struct ns_target_params *params;
	const struct ns_binary_params *binary;
	const struct ns_site *site;
	u32 slot;
	u32 generation;
	u32 binary_slot;
	u32 site_index;	  /* in `sites` */
	u32 other_caller; /* the site names its caller and this hit has another one: panic or Goexit */
};

/*
 * Kernels without cookies: the index in `sites` of the instruction at the address; -1 when it has none. A function of
 * its own, with numbers as arguments: the rest of a program would be verified once for each site that it may be.
 */
__noinline int ns_site_by_address(u32 binary_slot, u64 vaddr)
{
	const struct ns_binary_params *binary = bpf_map_lookup_elem(&binaries, &binary_slot);

	if (!binary)
		return -1;
	for (u32 i = 0; i < NS_MAX_SITES && i < binary->site_count; i++) {
		u32 index = binary->first_site + i;
		const struct ns_site *site = bpf_map_lookup_elem(&sites, &index);

		if (site && site->vaddr == vaddr)
			return index;
	}
	return -1;
}

/* Fills what is known of the process in a target slot; returns 0, or -1 when it is not traced (any more). That is all
 * that functions of their own have, which are given numbers only; there is no site then. */
static __always_inline int ns_hit_target(struct ns_hit *hit, u32 target_slot)
{
	hit->slot = target_slot;
	hit->params = bpf_map_lookup_elem(&targets, &hit->slot);
	if (!hit->params)
		return -1;
	hit->generation = hit->params->generation;
	if (!hit->generation)
		return -1;
	hit->binary_slot = hit->params->binary_slot;
	hit->binary = bpf_map_lookup_elem(&binaries, &hit->binary_slot);
	return hit->binary ? 0 : -1;
}

/* Fills hit->params, ->binary and ->site; returns 0, or -1 when the process is not traced (any more). */
static __always_inline int ns_find_target(struct go_regs *ctx, struct ns_hit *hit)
{
	u64 cookie = 0;
	u32 target_slot;

	if (ns_has_attach_cookie) {
		cookie = bpf_get_attach_cookie(ctx);
		target_slot = (u32)cookie;
	} else {
		u32 tgid = bpf_get_current_pid_tgid() >> 32;
		u32 *slot = bpf_map_lookup_elem(&target_by_tgid, &tgid);

		if (!slot)
			return -1;
		target_slot = *slot;
	}
	if (ns_hit_target(hit, target_slot))
		return -1;
	if (ns_has_attach_cookie) {
		hit->site_index = hit->binary->first_site + (u32)(cookie >> 32);
	} else {
		hit->site_index = ns_site_by_address(hit->binary_slot, go_instruction(ctx) - hit->params->load_bias);
	}
	hit->site = bpf_map_lookup_elem(&sites, &hit->site_index); /* -1 is behind its end */
	return hit->site ? 0 : -1;
}

/* Returns 0 when the hit counts. */
static __always_inline int ns_hit_begin(struct go_regs *ctx, struct ns_hit *hit)
{
	u8 flags;

	ns_keep_own_stack(ctx);
	if (ns_find_target(ctx, hit))
		return -1;
	flags = hit->site->flags;
	if ((flags & NS_SITE_STACK_CHECK) && go_branch_to_morestack(ctx))
		return -1;
	if ((flags & NS_SITE_EDGE) && go_condition_holds(ctx, hit->site->edge) != ((flags & NS_SITE_EDGE_TAKEN) != 0)) {
		if (!(flags & NS_SITE_OTHER_EDGE_NEXT))
			return -1;
		hit->site_index++;
		hit->site = bpf_map_lookup_elem(&sites, &hit->site_index);
		if (!hit->site)
			return -1;
		flags = hit->site->flags;
	}
	if (flags & NS_SITE_CALLER) {
		u64 caller = 0;

		/* An end that is not seen would be worse than a panic that is taken for an ordinary one. */
		if (bpf_probe_read_user(&caller, sizeof(caller), (const void *)go_stack_pointer(ctx))) {
			ns_count(NS_LOSS_FIELD_UNREADABLE);
			return 0;
		}
		caller -= hit->params->load_bias + hit->site->caller_vaddr;
		hit->other_caller = caller >= hit->site->caller_bytes;
	}
	return 0;
}

/* The same with scratch memory, to be given back; NULL when the hit does not count or there is none left. */
static __always_inline struct ns_scratch *ns_hit_begin_work(struct go_regs *ctx, struct ns_hit *hit)
{
	return ns_hit_begin(ctx, hit) ? NULL : ns_scratch_take();
}

/* At the start site of a function: whether one of the `frames` innermost calls that have led to it returns to that
 * code. Calls are found by the frame pointers that Go keeps. */
static __always_inline int ns_is_called_from(const struct go_regs *ctx, u64 code, u64 bytes, const u32 frames)
{
	struct {
		u64 outer, return_address;
	} frame = {.outer = go_frame_pointer(ctx)};

	if (go_read_return_address(ctx, &frame.return_address))
		return 0;
	for (u32 i = 0; i < frames; i++) {
		if (frame.return_address - code < bytes)
			return 1;
		if (bpf_probe_read_user(&frame, sizeof(frame), (const void *)frame.outer))
			break;
	}
	return 0;
}

/* The key of an object of the process that was hit. */
static __always_inline struct ns_object_key ns_object(const struct ns_hit *hit, enum ns_object_kind kind, u64 addr)
{
	struct ns_object_key key = {
		.addr = addr,
		.target_slot = hit->slot,
		.target_generation = hit->generation,
		.kind = kind,
	};

	return key;
}

/* Word `index` of the function's results, by where the site has it. Before the first call for a hit,
 * go_copy_registers() must have filled work->registers: only memory can be indexed. */
static __always_inline u64 ns_result(struct go_regs *ctx, const struct ns_hit *hit, const struct ns_scratch *work,
				     u32 index)
{
	const struct ns_value_location *where = &hit->site->results[index & (NS_SITE_RESULTS - 1)];
	u64 word = 0, addr = 0;

	if (where->source == NS_VALUE_REGISTER)
		return work->registers[where->value & (NS_REG_COUNT - 1)];
	if (where->source == NS_VALUE_CONSTANT)
		return (u64)(s64)where->value;
	if (where->source == NS_VALUE_ADDRESS)
		return (u32)where->value + hit->params->load_bias;
	if (where->source == NS_VALUE_STACK)
		addr = go_stack_pointer(ctx) + (s64)where->value;
	else if (where->source == NS_VALUE_MEMORY)
		addr = (u32)where->value + hit->params->load_bias;
	if (addr && bpf_probe_read_user(&word, sizeof(word), (const void *)addr))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return word;
}

#endif /* NODESPAN_HIT_H */
