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
 *
 * A span of the OpenTelemetry API is in the chain too: as the value that the API puts there. It counts as long as
 * somebody has the context, open or ended. The API's own spans look in the chain only: no parent there means a root.
 *
 * The span of a message that is being worked on is noted under its goroutine only, and not for longer than
 * NS_PROCESSING_NS.
 */
#ifndef NODESPAN_PARENTS_H
#define NODESPAN_PARENTS_H

#include "bpf/emit/sampling.bpf.h"
#include "bpf/extract/go_values.bpf.h"
#include "bpf/extract/hit.bpf.h"

#define NS_CONTEXT_DEPTH 32
#define NS_PARENT_GRACE_NS (10ULL * 1000 * 1000 * 1000)

/* How long a message is taken to be worked on when its goroutine does not come back for the next one: the time after
 * which Kafka's own consumer is taken for dead (max.poll.interval.ms, whose default has been this since Kafka 0.10.1).
 */
#define NS_PROCESSING_NS (5ULL * 60 * 1000 * 1000 * 1000)

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

/* How to follow `context`; NULL, and counted, when the binary does not say. */
static __always_inline const struct ns_context_type *ns_context_type(const struct ns_hit *hit, struct go_iface context)
{
	struct ns_context_type_key key = {
		.itab_vaddr = context.itab - hit->params->load_bias,
		.binary_slot = hit->binary_slot,
	};
	const struct ns_context_type *type;
	u64 descriptor = 0;

	if (!context.itab)
		return NULL; /* found through a pointer: there is none above it */
	type = bpf_map_lookup_elem(&context_types, &key);
	if (!type && !ns_read_u64(&descriptor, context.itab + GO_ITAB_TYPE_OFF)) {
		/* The runtime makes itabs for what comes as another interface (runtime/iface.go, getitab). */
		key.itab_vaddr = descriptor - hit->params->load_bias;
		type = bpf_map_lookup_elem(&context_types, &key);
	}
	if (!type)
		ns_count(NS_LOSS_CONTEXT_TYPE);
	return type;
}

/* The context that `context` was derived from. */
static __always_inline enum ns_context_step ns_context_follow(const struct ns_context_type *type,
							      struct go_iface context, struct go_iface *above)
{
	u64 base = context.data;

	if (!type)
		return NS_CONTEXT_UNKNOWN;
	if (type->is_root)
		return NS_CONTEXT_TOP;
	if (type->has_indirection && ns_read_u64(&base, context.data + type->indirection_off))
		base = 0;
	if (type->is_pointer) {
		above->itab = 0;
		if (base && !ns_read_u64(&above->data, base + type->parent_off))
			return above->data ? NS_CONTEXT_ABOVE : NS_CONTEXT_TOP;
		base = 0;
	}
	if (!base || ns_read_iface(above, base + type->parent_off)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return NS_CONTEXT_UNKNOWN;
	}
	return NS_CONTEXT_ABOVE;
}

static __always_inline enum ns_context_step ns_context_above(const struct ns_hit *hit, struct go_iface context,
							     struct go_iface *above)
{
	return ns_context_follow(ns_context_type(hit, context), context, above);
}

/* A trace.Span as an `any`: its type, as linked, and what it points to. */
struct ns_api_value {
	u64 type_vaddr;
	u64 data;
};

/* The span that a context.valueCtx has for the OpenTelemetry API, as trace.SpanFromContext finds it; data is 0 when its
 * value is something else. */
static __always_inline struct ns_api_value ns_context_api_span(const struct ns_hit *hit,
							       const struct ns_context_type *type, u64 value_context)
{
	u64 key_type = 0, bias = hit->params->load_bias;
	struct ns_api_value value = {};

	if (ns_read_u64(&key_type, value_context + type->key_off) ||
	    key_type != hit->binary->otel.context_key_type_vaddr + bias ||
	    bpf_probe_read_user(&value, sizeof(value), (const void *)(value_context + type->val_off)))
		value.data = 0;
	value.type_vaddr -= bias;
	return value;
}

/* The same, as it was noted: open or ended, because a context has its span for good. */
static __always_inline struct ns_parent_span *ns_parent_api_span(const struct ns_hit *hit,
								 const struct ns_context_type *type, u64 value_context)
{
	struct ns_api_value value = ns_context_api_span(hit, type, value_context);
	struct ns_object_key key = ns_object(hit, NS_OBJECT_API_SPAN, value.data);
	struct ns_parent_span *span;

	if (!value.data)
		return NULL;
	span = bpf_map_lookup_elem(&parents, &key);
	return span && span->check_above == value.type_vaddr ? span : NULL;
}

/* The scratch parent as one of the span of `header`. */
static __always_inline struct ns_parent_span *ns_parent_new(struct ns_scratch *work,
							    const struct ns_record_header *header)
{
	struct ns_parent_span *span = &work->parent;

	__builtin_memset(span, 0, sizeof(*span));
	__builtin_memcpy(span->trace_id, header->trace_id, sizeof(span->trace_id));
	__builtin_memcpy(span->span_id, header->span_id, sizeof(span->span_id));
	span->trace_flags = header->trace_flags;
	span->ot = header->ot;
	return span;
}

/* Notes the span of `header` as parent for what its goroutine and its context do. */
static __always_inline void ns_note_parents(struct ns_scratch *work, const struct ns_hit *hit,
					    const struct ns_record_header *header, u64 goid, u64 g_addr,
					    struct go_iface context)
{
	struct ns_parent_span *span = ns_parent_new(work, header);
	struct ns_object_key key;
	long err = 0;

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

/* Takes `span` for the parent. */
static __always_inline void ns_take_parent(struct ns_scratch *work, const struct ns_parent_span *span)
{
	work->parent = *span;
	work->contexts.found = 1;
}

/*
 * Looks at the next context of the chain in a scratch slot; 0 when it was the last one. A function of its own, with
 * numbers as arguments: the kernel verifies it once and not for each context of the chain in each program.
 */
__noinline int ns_context_step(u32 target_slot, u32 scratch_slot)
{
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);
	const struct ns_context_type *type;
	const struct ns_parent_span *span, *api_span;
	struct go_iface above = {}, context = {};
	struct ns_context_walk *walk;
	struct ns_object_key key;
	struct ns_hit hit = {};

	if (!work || ns_hit_target(&hit, target_slot))
		return 0;
	walk = &work->contexts;
	context.itab = walk->itab;
	context.data = walk->data;
	if (!context.data && !context.itab)
		return 0; /* a nil context */
	key = ns_object(&hit, NS_OBJECT_CONTEXT, context.data);
	span = bpf_map_lookup_elem(&parents, &key);
	if (span && !span->end_mono_ns) {
		walk->half_checked = 0;
		ns_take_parent(work, span);
		return 0;
	}
	type = ns_context_type(&hit, context);
	if (type && type->has_value) {
		api_span = ns_parent_api_span(&hit, type, context.data);
		if (api_span) {
			walk->half_checked = 0;
			ns_take_parent(work, api_span);
			return 0;
		}
	}
	if (ns_context_follow(type, context, &above) != NS_CONTEXT_ABOVE)
		return 0;
	if (walk->half_checked) {
		walk->half_checked = 0;
		if (work->parent.check_above != above.data)
			walk->found = 0;
	}
	if (!walk->found && span && span->check == above.data &&
	    bpf_ktime_get_ns() - span->end_mono_ns < NS_PARENT_GRACE_NS) {
		ns_take_parent(work, span);
		walk->half_checked = 1;
	}
	walk->itab = above.itab;
	walk->data = above.data;
	return 1;
}

/* Copies the span of the nearest context to the parent of a scratch slot; 0 when there is none. Verified once as well,
 * not for each way that leads to it. */
__noinline int ns_find_context_span(u64 itab, u64 data, u32 target_slot, u32 scratch_slot)
{
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);
	u32 depth;

	if (!work)
		return 0;
	__builtin_memset(&work->contexts, 0, sizeof(work->contexts));
	work->contexts.itab = itab;
	work->contexts.data = data;
	for (depth = 0; depth < NS_CONTEXT_DEPTH; depth++) {
		if (!ns_context_step(target_slot, scratch_slot))
			break;
	}
	if (depth == NS_CONTEXT_DEPTH)
		ns_count(NS_LOSS_CONTEXT_DEPTH);
	/* The next context above was never seen, so there has to be none. */
	if (work->contexts.half_checked && work->parent.check_above)
		return 0;
	return work->contexts.found != 0;
}

/* Of the context that was given to an operation; NULL when no noted one is in its chain. In work->parent. */
static __always_inline const struct ns_parent_span *
ns_parent_by_context(struct ns_scratch *work, const struct ns_hit *hit, struct go_iface context)
{
	return ns_find_context_span(context.itab, context.data, hit->slot, work->slot) ? &work->parent : NULL;
}

/*
 * Notes the span of `header` as parent for what its goroutine does until it is done with a message. Returns -1 when the
 * goroutine has another span open: it serves a request, to which the work on the message belongs as well.
 */
static __always_inline long ns_note_processing(struct ns_scratch *work, const struct ns_hit *hit,
					       const struct ns_record_header *header, u64 goid, u64 g_addr)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_GOROUTINE, goid);
	struct ns_parent_span *span;

	if (!goid || bpf_map_lookup_elem(&parents, &key))
		return -1;
	span = ns_parent_new(work, header);
	span->expires_mono_ns = header->start_mono_ns + NS_PROCESSING_NS;
	ns_read_goid_cache(hit, g_addr, span);
	if (bpf_map_update_elem(&parents, &key, span, BPF_ANY))
		ns_count(NS_LOSS_PARENT_MAP_FULL);
	return 0;
}

/* The goroutine is done with its message, if it has one. */
static __always_inline void ns_close_processing(const struct ns_hit *hit, u64 goid)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_GOROUTINE, goid);
	const struct ns_parent_span *span = bpf_map_lookup_elem(&parents, &key);

	if (span && span->expires_mono_ns)
		bpf_map_delete_elem(&parents, &key);
}

/* The span that the goroutine has open. */
static __always_inline struct ns_parent_span *ns_open_span(const struct ns_hit *hit, u64 goid)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_GOROUTINE, goid);
	struct ns_parent_span *span = bpf_map_lookup_elem(&parents, &key);

	if (span && span->expires_mono_ns && bpf_ktime_get_ns() > span->expires_mono_ns)
		return NULL;
	return span;
}

static __always_inline const struct ns_parent_span *ns_parent_by_goroutine(const struct ns_hit *hit, u64 g_addr)
{
	u64 goid = ns_read_goid(hit, g_addr);
	struct ns_parent_span *span;
	u64 creator = 0;

	if (!goid)
		return NULL;
	span = ns_open_span(hit, goid);
	if (span)
		return span;
	if (!(hit->binary->go.present & NS_GO_PARAM_PARENT_GOID) ||
	    ns_read_u64(&creator, g_addr + hit->binary->go.g_parent_goid_off) || !creator)
		return NULL;
	span = ns_open_span(hit, creator);
	if (!span)
		return NULL;
	if (goid >= span->goid_begin && goid < span->goid_end)
		return span;
	ns_count(NS_COUNT_CREATOR_UNSURE);
	return NULL;
}

/* Fills trace id, parent and flags of `header` and decides whether the operation is recorded; counts one that is not
 * sampled. `span`: NULL for a root. */
static __always_inline int ns_join_span(const struct ns_hit *hit, struct ns_record_header *header,
					const struct ns_parent_span *span)
{
	if (!span) {
		ns_new_trace_id(header->trace_id);
		ns_sample_and_flag(hit->params, header, 0, 0);
		return ns_is_recorded(header);
	}
	__builtin_memcpy(header->trace_id, span->trace_id, sizeof(header->trace_id));
	__builtin_memcpy(header->parent_span_id, span->span_id, sizeof(header->parent_span_id));
	header->ot = span->ot;
	ns_sample_and_flag(hit->params, header, 1, span->trace_flags);
	return ns_is_recorded(header);
}

/* The same for an operation that says nothing about its parent. */
static __always_inline int ns_join_trace(struct ns_scratch *work, const struct ns_hit *hit,
					 struct ns_record_header *header, struct go_iface context, u64 g_addr)
{
	const struct ns_parent_span *span = ns_parent_by_context(work, hit, context);

	if (!span)
		span = ns_parent_by_goroutine(hit, g_addr);
	if (!span)
		ns_count(NS_COUNT_ROOT_UNKNOWN);
	return ns_join_span(hit, header, span);
}

#endif /* NODESPAN_PARENTS_H */
