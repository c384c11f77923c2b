/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * otel_span, otel_global: spans that a program makes through the OpenTelemetry API without an SDK of its own. Emits
 * NS_RECORD_API. What a call is, is the tag of its site, an ns_api_action.
 *
 * go.opentelemetry.io/auto/sdk (span.go, tracer.go), and its copy in go.opentelemetry.io/otel/trace (auto.go):
 *   (*tracer).start(t, ctx, span, psc, sampled, sc): the span begins. Its name is not known here, nor needed.
 *   (*span).ended(span, buf): the span as JSON.
 *
 * go.opentelemetry.io/otel/internal/global (trace.go), as long as no provider was set:
 *   (*tracer).newSpan(t, ctx, autoSpan, name, opts), before otel 1.33 (*tracer).Start(t, ctx, name, opts): begins.
 *   Its return has the new context and the span. Both have a copy of the same nonRecordingSpan: the span that a context
 *   leads to is found by the one in the context, and ended by the other, as a rule.
 *   (*nonRecordingSpan).SetAttributes and the like, which do nothing.
 */
#include "bpf/emit/emit.bpf.h"
#include "bpf/emit/parents.bpf.h"
#include "bpf/extract/go_error.bpf.h"
#include "bpf/extract/otel_items.bpf.h"

#define NS_API_FIXED sizeof(struct ns_api_record)

/* Makes the scratch record one of this process. */
static __always_inline void ns_api_new(struct ns_api_scratch *work, const struct ns_hit *hit, u8 action)
{
	__builtin_memset(&work->record, 0, sizeof(work->record));
	__builtin_memset(&work->walk, 0, sizeof(work->walk));
	work->strings_bytes = 0;
	work->record.header.start_mono_ns = bpf_ktime_get_ns();
	work->record.header.end_mono_ns = work->record.header.start_mono_ns;
	work->record.header.type = NS_RECORD_API;
	work->record.header.abi_version = NODESPAN_ABI_VERSION;
	work->record.header.target_slot = hit->slot;
	work->record.header.target_generation = hit->generation;
	work->record.action = action;
}

static __always_inline void ns_api_identify(struct ns_api_scratch *work, const struct ns_api_span *span)
{
	struct ns_record_header *header = &work->record.header;

	header->start_mono_ns = span->start_mono_ns;
	__builtin_memcpy(header->trace_id, span->trace_id, sizeof(header->trace_id));
	__builtin_memcpy(header->span_id, span->span_id, sizeof(header->span_id));
	__builtin_memcpy(header->parent_span_id, span->parent_span_id, sizeof(header->parent_span_id));
	header->trace_flags = span->trace_flags;
	header->ot = span->ot;
}

static __always_inline void ns_api_emit(struct ns_api_scratch *work)
{
	u64 bytes = work->strings_bytes;

	if (bytes > NS_API_STRINGS_BYTES)
		bytes = NS_API_STRINGS_BYTES;
	work->record.header.size_bytes = NS_API_FIXED + bytes;
	ns_emit(&work->record, NS_API_FIXED + bytes, work->record.header.span_id[7]);
}

/* Decides about the span that begins and fills `span`. */
static __always_inline void ns_api_join(struct ns_api_scratch *work, const struct ns_hit *hit, struct go_iface context,
					struct ns_api_span *span)
{
	struct ns_record_header *header = &work->record.header;
	const struct ns_parent_span *parent = NULL;
	struct ns_scratch *search = work->walk.is_new_root ? NULL : ns_scratch_take();

	if (search)
		parent = ns_parent_by_context(search, hit, context);
	span->is_recorded = ns_join_span(hit, header, parent) ? 1 : 0;
	span->start_mono_ns = header->start_mono_ns;
	__builtin_memcpy(span->trace_id, header->trace_id, sizeof(span->trace_id));
	__builtin_memcpy(span->span_id, header->span_id, sizeof(span->span_id));
	__builtin_memcpy(span->parent_span_id, header->parent_span_id, sizeof(span->parent_span_id));
	span->trace_flags = header->trace_flags;
	span->ot = header->ot;
	if (search)
		ns_scratch_release(search);
}

/* The span can be a parent from now on, for who has a context with `value`. `addr`: what ends it. */
static __always_inline void ns_api_note(const struct ns_hit *hit, const struct ns_api_span *span,
					struct ns_api_value value, u64 addr)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_API_SPAN, value.data);
	struct ns_parent_span parent = {.check = addr, .check_above = value.type_vaddr};

	__builtin_memcpy(parent.trace_id, span->trace_id, sizeof(parent.trace_id));
	__builtin_memcpy(parent.span_id, span->span_id, sizeof(parent.span_id));
	parent.trace_flags = span->trace_flags;
	parent.ot = span->ot;
	if (bpf_map_update_elem(&parents, &key, &parent, BPF_ANY))
		ns_count(NS_LOSS_PARENT_MAP_FULL);
}

/* Keeps the span until its end, in place of one that was in the same memory and that the program has never ended. */
static __always_inline void ns_api_keep(const struct ns_object_key *key, const struct ns_api_span *span)
{
	if (!span->is_recorded)
		bpf_map_delete_elem(&api_spans, key);
	else if (bpf_map_update_elem(&api_spans, key, span, BPF_ANY))
		ns_count(NS_LOSS_INFLIGHT_FULL);
}

SEC("uprobe")
int otel_span_start(struct go_regs *ctx)
{
	struct go_iface context = {.itab = go_arg2(ctx), .data = go_arg3(ctx)};
	struct ns_api_value value = {.data = go_arg4(ctx)};
	struct ns_api_span span = {};
	struct ns_api_scratch *work;
	struct ns_object_key key;
	struct ns_hit hit = {};

	if (ns_hit_begin(ctx, &hit))
		return 0;
	ns_count(NS_COUNT_OPS_STARTED);
	if (ns_leaves_out_all(hit.params))
		return 0;
	key = ns_object(&hit, NS_OBJECT_API_SPAN, value.data);
	value.type_vaddr =
		hit.binary->otel
			.span_type_vaddrs[hit.site->tag == NS_OTEL_SPAN_AUTO ? NS_OTEL_SPAN_AUTO : NS_OTEL_SPAN_SDK];
	work = ns_api_scratch_take();
	if (!work)
		return 0;
	ns_api_new(work, &hit, NS_API_ENCODED);
	ns_api_join(work, &hit, context, &span);
	ns_api_note(&hit, &span, value, key.addr);
	ns_api_keep(&key, &span);
	ns_api_scratch_release(work);
	return 0;
}

SEC("uprobe")
int otel_span_ended(struct go_regs *ctx)
{
	struct go_string json = {.data = go_arg2(ctx), .bytes = go_arg3(ctx)};
	struct ns_api_scratch *work;
	struct ns_api_span *span;
	struct ns_object_key key;
	struct ns_hit hit = {};

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_API_SPAN, go_arg1(ctx));
	span = bpf_map_lookup_elem(&api_spans, &key);
	if (!span)
		return 0;
	work = ns_api_scratch_take();
	if (work) {
		ns_api_new(work, &hit, NS_API_ENCODED);
		ns_api_identify(work, span);
		ns_api_append(work, NS_API_BODY, json, NS_API_MAX_BODY);
		ns_api_emit(work);
		ns_api_scratch_release(work);
	}
	bpf_map_delete_elem(&api_spans, &key);
	return 0;
}

/* What Tracer.Start was given. */
struct ns_api_start {
	u64 tracer;
	struct go_iface context;
	struct go_string name;
	u64 options;
	u64 option_count;
};

static __always_inline void ns_api_begin(struct ns_api_scratch *work, const struct ns_hit *hit,
					 const struct ns_api_start *start, struct ns_api_span *span)
{
	struct go_string tracer = {};

	ns_api_new(work, hit, NS_API_BEGIN);
	ns_api_append(work, NS_API_TEXT, start->name, NS_API_MAX_TEXT);
	if (bpf_probe_read_user(&tracer, sizeof(tracer),
				(const void *)(start->tracer + hit->binary->otel.tracer_name_off)))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	ns_api_append(work, NS_API_TRACER, tracer, NS_API_MAX_TRACER);
	work->walk.option = start->options;
	work->walk.options = start->option_count;
	ns_api_items(work, hit);
	ns_api_join(work, hit, start->context, span);
	if (span->is_recorded)
		ns_api_emit(work);
}

/* Returns -1 when the span is that of a delegate. */
static __always_inline int ns_api_read_start(struct go_regs *ctx, const struct ns_hit *hit, struct ns_api_start *start)
{
	u64 delegate = 0;

	start->tracer = go_arg1(ctx);
	start->context.itab = go_arg2(ctx);
	start->context.data = go_arg3(ctx);
	if (hit->site->tag == NS_OTEL_START_NEW_SPAN) {
		start->name.data = go_arg5(ctx);
		start->name.bytes = go_arg6(ctx);
		start->options = go_arg7(ctx);
		start->option_count = go_arg8(ctx);
		return 0;
	}
	start->name.data = go_arg4(ctx);
	start->name.bytes = go_arg5(ctx);
	start->options = go_arg6(ctx);
	start->option_count = go_arg7(ctx);
	/* The first word of an atomic.Value is the type of what it has. */
	return ns_read_u64(&delegate, start->tracer + hit->binary->otel.tracer_delegate_off) || delegate ? -1 : 0;
}

SEC("uprobe")
int otel_global_start(struct go_regs *ctx)
{
	struct ns_api_start start = {};
	struct ns_api_scratch *work;
	struct ns_api_span span = {};
	struct ns_object_key key;
	struct ns_hit hit = {};

	if (ns_hit_begin(ctx, &hit) || ns_api_read_start(ctx, &hit, &start))
		return 0;
	ns_count(NS_COUNT_OPS_STARTED);
	if (ns_leaves_out_all(hit.params))
		return 0;
	key = ns_object(&hit, NS_OBJECT_API_STARTING, go_current_g(ctx));
	work = ns_api_scratch_take();
	if (!work)
		return 0;
	ns_api_begin(work, &hit, &start, &span);
	if (bpf_map_update_elem(&api_spans, &key, &span, BPF_ANY))
		ns_count(NS_LOSS_INFLIGHT_FULL);
	ns_api_scratch_release(work);
	return 0;
}

/* (context.Context, trace.Span) are in the first four result registers. */
SEC("uprobe")
int otel_global_created(struct go_regs *ctx)
{
	struct go_iface context = {.itab = go_arg1(ctx), .data = go_arg2(ctx)};
	struct ns_object_key starting, key, in_context;
	const struct ns_context_type *type;
	struct ns_api_value value = {};
	struct ns_api_span *starting_span;
	struct ns_api_span span;
	struct ns_hit hit = {};

	if (ns_hit_begin(ctx, &hit))
		return 0;
	starting = ns_object(&hit, NS_OBJECT_API_STARTING, go_current_g(ctx));
	key = ns_object(&hit, NS_OBJECT_API_SPAN, go_arg4(ctx));
	type = ns_context_type(&hit, context);
	if (type && type->has_value)
		value = ns_context_api_span(&hit, type, context.data);
	starting_span = bpf_map_lookup_elem(&api_spans, &starting);
	if (!starting_span) {
		/* Its start was not seen. What was in the same memory before is not to be taken for it. */
		in_context = ns_object(&hit, NS_OBJECT_API_SPAN, value.data);
		bpf_map_delete_elem(&parents, &in_context);
		bpf_map_delete_elem(&api_spans, &key);
		return 0;
	}
	span = *starting_span;
	bpf_map_delete_elem(&api_spans, &starting);
	if (value.data)
		ns_api_note(&hit, &span, value, key.addr);
	else
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	ns_api_keep(&key, &span);
	return 0;
}

/* The open span that a trace.Span points to, or the copy of it in a context; sets `key`. */
static __always_inline struct ns_api_span *ns_api_find(const struct ns_hit *hit, u64 addr, struct ns_object_key *key)
{
	struct ns_parent_span *noted;
	struct ns_api_span *span;

	*key = ns_object(hit, NS_OBJECT_API_SPAN, addr);
	span = bpf_map_lookup_elem(&api_spans, key);
	if (span)
		return span;
	noted = bpf_map_lookup_elem(&parents, key);
	if (!noted)
		return NULL;
	key->addr = noted->check;
	return bpf_map_lookup_elem(&api_spans, key);
}

/* Reads the arguments of a method of trace.Span, of which the first is the span. */
static __always_inline void ns_api_call(struct go_regs *ctx, struct ns_api_scratch *work, const struct ns_hit *hit)
{
	struct go_iface error = {.itab = go_arg2(ctx), .data = go_arg3(ctx)};
	struct go_string text = {.data = go_arg2(ctx), .bytes = go_arg3(ctx)};

	switch (hit->site->tag) {
	case NS_API_ATTRIBUTES:
		work->walk.attribute = go_arg2(ctx);
		work->walk.attributes = go_arg3(ctx);
		return;
	case NS_API_STATUS:
		work->record.number = go_arg2(ctx);
		text.data = go_arg3(ctx);
		text.bytes = go_arg4(ctx);
		break;
	case NS_API_EVENT:
		work->walk.option = go_arg4(ctx);
		work->walk.options = go_arg5(ctx);
		break;
	case NS_API_ERROR:
		if (error.itab)
			work->record.error_type_vaddr = ns_error_type(hit, error);
		text = ns_look_into_error(hit, error).text;
		work->walk.option = go_arg4(ctx);
		work->walk.options = go_arg5(ctx);
		break;
	case NS_API_END:
		work->walk.option = go_arg2(ctx);
		work->walk.options = go_arg3(ctx);
		return;
	default:
		break;
	}
	ns_api_append(work, NS_API_TEXT, text, NS_API_MAX_TEXT);
}

SEC("uprobe")
int otel_global_call(struct go_regs *ctx)
{
	struct ns_api_scratch *work;
	struct ns_object_key key;
	struct ns_api_span *span;
	struct ns_hit hit = {};

	if (ns_hit_begin(ctx, &hit))
		return 0;
	span = ns_api_find(&hit, go_arg1(ctx), &key);
	if (!span)
		return 0;
	work = ns_api_scratch_take();
	if (work) {
		ns_api_new(work, &hit, hit.site->tag);
		ns_api_identify(work, span);
		ns_api_call(ctx, work, &hit);
		ns_api_items(work, &hit);
		ns_api_emit(work);
		ns_api_scratch_release(work);
	}
	if (hit.site->tag == NS_API_END)
		bpf_map_delete_elem(&api_spans, &key);
	return 0;
}
