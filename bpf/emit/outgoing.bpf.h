/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Trace context on its way into a message, from where an operation begins to where its message is written, which is
 * another goroutine for most protocols: a span is noted under something that both know.
 *
 * An operation that is recorded is found while it is open. One that is not leaves a note under its goroutine, for its
 * context is sent as well; the note is taken once.
 */
#ifndef NODESPAN_OUTGOING_H
#define NODESPAN_OUTGOING_H

#include "bpf/emit/operation.bpf.h"
#include "bpf/emit/sampling.bpf.h"

static __always_inline void ns_outgoing_from(struct ns_outgoing *to, const struct ns_operation *op)
{
	__builtin_memcpy(to->trace_id, op->header.trace_id, sizeof(to->trace_id));
	__builtin_memcpy(to->span_id, op->header.span_id, sizeof(to->span_id));
	to->stack_pointer = op->stack_pointer;
	to->trace_flags = op->header.trace_flags & (NS_TRACE_FLAG_SAMPLED | NS_TRACE_FLAG_RANDOM);
	to->ot = op->header.ot;
}

/* Notes the scratch span under the object. */
static __always_inline void ns_outgoing_note(struct ns_scratch *work, const struct ns_hit *hit,
					     enum ns_object_kind kind, u64 addr)
{
	struct ns_object_key key = ns_object(hit, kind, addr);

	if (bpf_map_update_elem(&outgoing, &key, &work->outgoing, BPF_ANY))
		ns_count(NS_LOSS_PROPAGATION_UNKNOWN);
}

/* Nothing is known of the object: what is noted under it is of another one that was in the same place. */
static __always_inline void ns_outgoing_forget(const struct ns_hit *hit, enum ns_object_kind kind, u64 addr)
{
	struct ns_object_key key = ns_object(hit, kind, addr);

	bpf_map_delete_elem(&outgoing, &key);
}

/* Moves what is noted under the object to the scratch span; -1 when there is nothing. */
static __always_inline int ns_outgoing_take(struct ns_scratch *work, const struct ns_hit *hit, enum ns_object_kind kind,
					    u64 addr)
{
	struct ns_object_key key = ns_object(hit, kind, addr);
	const struct ns_outgoing *noted = bpf_map_lookup_elem(&outgoing, &key);

	if (!noted)
		return -1;
	work->outgoing = *noted;
	/* One message is written by one goroutine: who finds the note has it, deleted or not. */
	bpf_map_delete_elem(&outgoing, &key);
	return 0;
}

/* An operation that is not recorded begins. `kind`: NS_OBJECT_OUTGOING_HTTP or _GRPC. */
static __always_inline void ns_outgoing_begin(struct ns_scratch *work, const struct ns_hit *hit,
					      enum ns_object_kind kind, u64 g_addr, const struct ns_operation *op)
{
	if (!ns_propagates)
		return;
	ns_outgoing_from(&work->outgoing, op);
	ns_outgoing_note(work, hit, kind, g_addr);
}

/* Fills the scratch span with that of the operation which the goroutine is about to send: `op`, the innermost one that
 * is recorded, or else the one that is not. -1, and counted, when it has none. */
static __always_inline int ns_outgoing_find(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
					    const struct ns_operation *op, enum ns_object_kind kind)
{
	if (op) {
		ns_outgoing_from(&work->outgoing, op);
		return 0;
	}
	if (!ns_outgoing_take(work, hit, kind, go_current_g(ctx)) &&
	    ns_encloses(work->outgoing.stack_pointer, go_current_g(ctx), go_stack_pointer(ctx)))
		return 0;
	ns_count(NS_LOSS_PROPAGATION_UNKNOWN);
	return -1;
}

#endif /* NODESPAN_OUTGOING_H */
