/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which span an operation belongs to.
 *
 * A server operation notes its span twice: under the address of its context.Context and under the number of its
 * goroutine. An operation within the program looks, in this order, for
 *   1. the nearest noted context of an open span in the chain of contexts that it was given; without one, the nearest
 * of a span that has ended less than NS_PARENT_GRACE_NS ago: goroutines go on with the context of a request that was
 *      answered;
 *   2. the open span of its own goroutine;
 *   3. the open span of the goroutine that created it, if it was certainly created during that span. Goroutines do not
 *      know when they were created, but their numbers do: a processor hands out the numbers of its batch in order
 *      (runtime/proc.go, newproc1), so a number that was yet to be handed out when the span began is younger than that.
 * Otherwise it is a root, and counted. A finished request is never inherited by a pooled worker.
 */
#ifndef NODESPAN_PARENTS_H
#define NODESPAN_PARENTS_H

#include "bpf/emit/sampling.bpf.h"
#include "bpf/extract/go_values.bpf.h"
#include "bpf/extract/hit.bpf.h"

#define NS_CONTEXT_DEPTH 32
#define NS_PARENT_GRACE_NS (10ULL * 1000 * 1000 * 1000)

static __always_inline u64 ns_read_goid(const struct ns_hit *hit, u64 g_addr)
{
	u64 goid = 0;

	if (!(hit->binary->go.present & NS_GO_PARAM_GOID) || ns_read_u64(&goid, g_addr + hit->binary->go.g_goid_off))
		return 0;
	return goid;
}

/* The numbers that the current processor gives to goroutines next; nothing when they cannot be read. */
static __always_inline void ns_read_goid_cache(const struct ns_hit *hit, u64 g_addr, struct ns_parent_span *span)
{
	const struct ns_go_params *go = &hit->binary->go;
	u64 m = 0, p = 0, begin = 0, end = 0;

	if (!(go->present & NS_GO_PARAM_PARENT_GOID))
		return;
	if (ns_read_u64(&m, g_addr + go->g_m_off) || ns_read_u64(&p, m + go->m_p_off) ||
	    ns_read_u64(&begin, p + go->p_goid_cache_off) || ns_read_u64(&end, p + go->p_goid_cache_end_off)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	span->goid_begin = begin;
	span->goid_end = end;
}

enum ns_context_step {
	NS_CONTEXT_ABOVE,   /* there is one above */
	NS_CONTEXT_TOP,	    /* a root */
	NS_CONTEXT_UNKNOWN, /* a type that the binary does not say how to follow, or unreadable; counted */
};

/* The context that `context` was derived from. */
static __always_inline enum ns_context_step ns_context_above(const struct ns_hit *hit, struct go_iface context,
							     struct go_iface *above)
{
	struct ns_context_type_key key = {
		.itab_vaddr = context.itab - hit->params->load_bias,
		.binary_slot = hit->binary_slot,
	};
	const struct ns_context_type *type = bpf_map_lookup_elem(&context_types, &key);
	u64 base = context.data;

	if (!type) {
		ns_count(NS_LOSS_CONTEXT_TYPE);
		return NS_CONTEXT_UNKNOWN;
	}
	if (type->is_root)
		return NS_CONTEXT_TOP;
	if (type->has_indirection && ns_read_u64(&base, context.data + type->indirection_off))
		base = 0;
	if (!base || ns_read_iface(above, base + type->parent_off)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return NS_CONTEXT_UNKNOWN;
	}
	return NS_CONTEXT_ABOVE;
}

/* Notes the span of `header` as parent for what its goroutine and its context do. */
static __always_inline void ns_note_parents(struct ns_scratch *work, const struct ns_hit *hit,
					    const struct ns_record_header *header, u64 goid, u64 g_addr,
					    struct go_iface context)
{
	struct ns_parent_span *span = &work->parent;
	struct ns_object_key key;
	long err = 0;

	__builtin_memset(span, 0, sizeof(*span));
	__builtin_memcpy(span->trace_id, header->trace_id, sizeof(span->trace_id));
	__builtin_memcpy(span->span_id, header->span_id, sizeof(span->span_id));
	span->trace_flags = header->trace_flags;
	if (context.data) {
		struct go_iface above = {};

		if (!ns_context_above(hit, context, &above)) {
			span->check = above.data;
			if (!ns_context_above(hit, above, &above))
				span->check_above = above.data;
		}
		key = ns_object(hit, NS_OBJECT_CONTEXT, context.data);
		err = bpf_map_update_elem(&parents, &key, span, BPF_ANY);
	}
	if (goid) {
		span->check = context.data;
		ns_read_goid_cache(hit, g_addr, span);
		key = ns_object(hit, NS_OBJECT_GOROUTINE, goid);
		err |= bpf_map_update_elem(&parents, &key, span, BPF_ANY);
	}
	if (err)
		ns_count(NS_LOSS_PARENT_MAP_FULL);
}

/* The span of this goroutine has ended. */
static __always_inline void ns_close_parents(const struct ns_hit *hit, u64 goid)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_GOROUTINE, goid);
	struct ns_parent_span *span = bpf_map_lookup_elem(&parents, &key);
	struct ns_object_key context_key;

	if (!span)
		return;
	context_key = ns_object(hit, NS_OBJECT_CONTEXT, span->check);
	bpf_map_delete_elem(&parents, &key);
	span = bpf_map_lookup_elem(&parents, &context_key);
	if (span)
		span->end_mono_ns = bpf_ktime_get_ns();
}

/* Follows the chain of contexts; NULL when no noted one is in it. */
static __always_inline struct ns_parent_span *ns_parent_by_context(const struct ns_hit *hit, struct go_iface context,
								   u64 now)
{
	struct ns_parent_span *ended = NULL;
	u32 half_checked = 0; /* of `ended`, only the context right above was compared */

	for (u32 depth = 0; depth < NS_CONTEXT_DEPTH; depth++) {
		struct ns_object_key key = ns_object(hit, NS_OBJECT_CONTEXT, context.data);
		struct ns_parent_span *span;
		struct go_iface above = {};

		if (!context.data && !context.itab)
			goto top; /* a nil context */
		span = bpf_map_lookup_elem(&parents, &key);
		if (span && !span->end_mono_ns)
			return span;
		if (ns_context_above(hit, context, &above) != NS_CONTEXT_ABOVE)
			goto top;
		if (half_checked) {
			half_checked = 0;
			if (ended->check_above != above.data)
				ended = NULL;
		}
		if (!ended && span && span->check == above.data && now - span->end_mono_ns < NS_PARENT_GRACE_NS) {
			ended = span;
			half_checked = 1;
		}
		context = above;
	}
	ns_count(NS_LOSS_CONTEXT_DEPTH);
top:
	return half_checked && ended && ended->check_above ? NULL : ended;
}

static __always_inline struct ns_parent_span *ns_parent_by_goroutine(const struct ns_hit *hit, u64 g_addr)
{
	u64 goid = ns_read_goid(hit, g_addr);
	struct ns_parent_span *span;
	struct ns_object_key key;
	u64 creator = 0;

	if (!goid)
		return NULL;
	key = ns_object(hit, NS_OBJECT_GOROUTINE, goid);
	span = bpf_map_lookup_elem(&parents, &key);
	if (span)
		return span;
	if (!(hit->binary->go.present & NS_GO_PARAM_PARENT_GOID) ||
	    ns_read_u64(&creator, g_addr + hit->binary->go.g_parent_goid_off) || !creator)
		return NULL;
	key = ns_object(hit, NS_OBJECT_GOROUTINE, creator);
	span = bpf_map_lookup_elem(&parents, &key);
	if (!span)
		return NULL;
	if (goid >= span->goid_begin && goid < span->goid_end)
		return span;
	ns_count(NS_COUNT_CREATOR_UNSURE);
	return NULL;
}

/* Fills trace id, parent and flags of `header` and decides whether the operation is recorded. */
static __always_inline int ns_join_trace(const struct ns_hit *hit, struct ns_record_header *header,
					 struct go_iface context, u64 g_addr)
{
	struct ns_parent_span *span = ns_parent_by_context(hit, context, header->start_mono_ns);

	if (!span)
		span = ns_parent_by_goroutine(hit, g_addr);
	if (span) {
		__builtin_memcpy(header->trace_id, span->trace_id, sizeof(header->trace_id));
		__builtin_memcpy(header->parent_span_id, span->span_id, sizeof(header->parent_span_id));
		return ns_sample_and_flag(hit->params, header, 1, span->trace_flags);
	}
	ns_count(NS_COUNT_ROOT_UNKNOWN);
	ns_new_trace_id(header->trace_id);
	return ns_sample_and_flag(hit->params, header, 0, 0);
}

#endif /* NODESPAN_PARENTS_H */
