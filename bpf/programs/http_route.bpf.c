/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * http_route: the template of the route that a request took, and the handler at its end, for the record of the server
 * operation that its goroutine has open. One hit a request, emits nothing.
 *
 * Where it is hit, and what the words of the site are, differs by router; src/attach/route_catalog.cc lists them:
 *   gin, echo    the call of sync.(*Pool).Put(x any) that gives the router's context back: BX and CX are x
 *   chi          a branch behind the call of (*node).FindRoute, whose results 2 and 3 are the handler; the context is
 *                what the call was given. One hit for each router that is mounted in another, and its own
 *   fiber        the deferred function that gives the router's context back, which has captured it and its App
 *   gorilla/mux  requestWithRoute(r *http.Request, route *Route): BX
 *   ServeMux     up to Go 1.21, and later in the mode of Go 1.21: the end of handler(): words 0 and 1 of its results
 * are the handler, 2 and 3 the pattern later: a branch behind the call of findHandler(), with the same results where
 * there is no such branch: (*ServeMux).ServeHTTP(w, r *http.Request): DI, whose Pattern is read when the request ends
 */
#include "bpf/emit/http_server.bpf.h"
#include "bpf/extract/http_handler.bpf.h"

#define NS_ROUTE_PARTS 8 /* patterns that are joined: one for each router that is mounted in another, and its own */

NS_ASSERT(2 * NS_HTTP_MAX_PATTERN <= NS_WINDOW_BYTES);

/* Appends one string to the text. Returns whether there is room for more. */
static __always_inline int ns_route_add(u8 *window, struct ns_route_text *text, struct go_string part)
{
	u64 used = *(volatile u64 *)&text->bytes;
	u64 bytes = part.bytes;

	if (!bytes)
		return 1;
	if (used > NS_HTTP_MAX_PATTERN)
		return 0;
	if (bytes > NS_HTTP_MAX_PATTERN - used) {
		bytes = NS_HTTP_MAX_PATTERN - used;
		text->cut = 1;
	}
	text->added = bytes;
	/* As in ns_append: compared right before their use, with constants only, and not used behind it. */
	used = *(volatile u64 *)&text->bytes;
	barrier_var(bytes);
	if (used > NS_HTTP_MAX_PATTERN || bytes > NS_HTTP_MAX_PATTERN ||
	    bpf_probe_read_user(window + used, bytes, (const void *)part.data)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	*(volatile u64 *)&text->bytes += *(volatile u64 *)&text->added;
	return !text->cut;
}

/* Words that the deferred function has captured at most: the App, and a context as an interface. */
#define NS_ROUTE_CAPTURED 3

/*
 * The router's object that the closure has captured. The order of what a closure captures is the compiler's; it is the
 * one that has another one as its owner. 0: there is none.
 */
static __always_inline u64 ns_route_captured(u64 closure, const struct ns_route_params *params)
{
	u64 words[NS_ROUTE_CAPTURED] = {};
	u64 owner;

#pragma unroll
	for (u32 i = 0; i < NS_ROUTE_CAPTURED; i++)
		(void)ns_read_u64(&words[i], closure + 8 * (i + 1)); /* there may be fewer */
#pragma unroll
	for (u32 i = 0; i < NS_ROUTE_CAPTURED; i++) {
		owner = 0;
		if (!words[i] || ns_read_u64(&owner, words[i] + params->owner_off) || !owner)
			continue;
#pragma unroll
		for (u32 j = 0; j < NS_ROUTE_CAPTURED; j++) {
			if (j != i && words[j] == owner)
				return words[i];
		}
	}
	return 0;
}

/* Address of the router's object: what the site has. Of NS_ROUTE_VALUE it is the length of the string. */
static __always_inline u64 ns_route_object(struct go_regs *ctx, const struct ns_hit *hit, const struct ns_scratch *work,
					   const struct ns_route_params *params)
{
	return params->has_owner ? ns_route_captured(go_closure(ctx), params)
				 : ns_result(ctx, hit, work, NS_ROUTE_SITE_SECOND);
}

/* Reads the route into the window and says of it in work->route. Returns -1 when there is none to be read. */
static __always_inline int ns_route_read(struct go_regs *ctx, const struct ns_hit *hit, struct ns_scratch *work,
					 const struct ns_route_params *params, u64 object)
{
	struct ns_route_text *text = &work->route;
	u64 first = ns_result(ctx, hit, work, NS_ROUTE_SITE_FIRST);
	struct go_string value = {.data = first, .bytes = object};
	u8 is_none = 0;

	__builtin_memset(text, 0, sizeof(*text));
	if (params->kind != NS_ROUTE_VALUE) {
		if (params->type_vaddr && first != params->type_vaddr + hit->params->load_bias)
			return -1; /* something else is put into some other pool */
		if (params->has_pointer && ns_read_u64(&object, object + params->pointer_off))
			goto unreadable;
		if (!object)
			return -1; /* a route without a path */
		if (params->has_unless &&
		    bpf_probe_read_user(&is_none, sizeof(is_none), (const void *)(object + params->unless_off)))
			goto unreadable;
		if (is_none)
			return -1; /* a middleware that was the last to be asked */
		if (bpf_probe_read_user(&value, sizeof(value), (const void *)(object + params->route_off)))
			goto unreadable;
	}
	if (params->kind != NS_ROUTE_STRINGS) {
		(void)ns_route_add(work->window, text, value);
		return 0;
	}
#pragma unroll
	for (u32 i = 0; i < NS_ROUTE_PARTS; i++) {
		struct go_string part = {};

		if (i >= value.bytes)
			break;
		if (bpf_probe_read_user(&part, sizeof(part), (const void *)(value.data + i * sizeof(part))))
			goto unreadable;
		if (!ns_route_add(work->window, text, part))
			break;
	}
	if (value.bytes > NS_ROUTE_PARTS)
		text->cut = 1;
	return 0;
unreadable:
	ns_count(NS_LOSS_FIELD_UNREADABLE);
	return -1;
}

/* Code of the handler that the router chose, as linked; 0 when it is not known. */
static __always_inline u64 ns_route_handler(struct go_regs *ctx, const struct ns_hit *hit, struct ns_scratch *work,
					    const struct ns_route_params *params, u64 object)
{
	struct go_iface handler = {};
	struct go_slice list = {};
	u64 func = 0, code;

	if (params->handler_is_behind && ns_read_u64(&object, object + params->pointer_off))
		goto unreadable;
	object += params->handler_off;
	switch (params->handler_kind) {
	case NS_HANDLER_WORDS:
		handler.itab = ns_result(ctx, hit, work, NS_ROUTE_SITE_HANDLER);
		handler.data = ns_result(ctx, hit, work, NS_ROUTE_SITE_HANDLER + 1);
		return ns_handler_code(hit, handler);
	case NS_HANDLER_INTERFACE:
		if (ns_read_iface(&handler, object))
			goto unreadable;
		return ns_handler_code(hit, handler);
	case NS_HANDLER_FUNC:
	case NS_HANDLER_STATIC_FUNC:
		if (ns_read_u64(&func, object))
			goto unreadable;
		if (params->handler_kind == NS_HANDLER_STATIC_FUNC && !ns_is_static_func(hit, func))
			return 0;
		break;
	case NS_HANDLER_LAST_FUNC:
		if (bpf_probe_read_user(&list, sizeof(list), (const void *)object))
			goto unreadable;
		if (!list.count || ns_read_u64(&func, list.data + (list.count - 1) * sizeof(func)))
			return 0;
		break;
	default:
		return 0;
	}
	code = ns_func_code(hit, func);
	if (params->wrapper_vaddr && code == params->wrapper_vaddr) {
		if (ns_read_u64(&func, func + params->wrapped_off))
			goto unreadable;
		code = ns_func_code(hit, func);
	}
	return code;
unreadable:
	ns_count(NS_LOSS_FIELD_UNREADABLE);
	return 0;
}

/*
 * Whether a router's word replaces what an earlier one said. A web framework knows better than ServeMux, behind which
 * it is mounted. Of two frameworks the inner one knows better: gorilla/mux and chi speak on the way in, the others on
 * the way out; chi once for each router on the way, every time with all patterns so far. A router that found no route
 * replaces nothing but a mount pattern, which says less than that.
 */
static __always_inline int ns_route_replaces(u32 source, u64 bytes, u32 old_source, u64 old_bytes)
{
	if (old_source == NS_ROUTE_NONE)
		return 1;
	if (source == NS_ROUTE_SERVE_MUX || old_source == NS_ROUTE_SERVE_MUX)
		return old_source == NS_ROUTE_SERVE_MUX;
	return bytes && (!old_bytes || old_source == NS_ROUTE_GORILLA || old_source == NS_ROUTE_CHI);
}

static __always_inline void ns_route_store(struct ns_operation *op, const u64 room, const struct ns_scratch *work,
					   u32 source, u64 handler_vaddr)
{
	struct ns_http_server_record *record = ns_op_record(op, ns_http_server_record);
	u64 old_bytes = op->header.string_bytes[NS_HTTP_PATTERN];
	const struct ns_route_text *text = &work->route;
	u64 bytes = text->bytes;
	u64 off;

	if (!ns_route_replaces(source, bytes, record->route_source, old_bytes))
		return;
	/* The pattern is the last string. */
	*(volatile u64 *)&op->strings_bytes -= old_bytes;
	op->header.string_bytes[NS_HTTP_PATTERN] = 0;
	off = *(volatile u64 *)&op->strings_bytes;
	barrier_var(bytes); /* as above */
	if (off > room - NS_HTTP_MAX_PATTERN || bytes > NS_HTTP_MAX_PATTERN ||
	    bpf_probe_read_kernel(ns_op_strings(op, NS_SERVER_FIXED) + off, bytes, work->window))
		return;
	op->header.string_bytes[NS_HTTP_PATTERN] = *(volatile u64 *)&text->bytes;
	*(volatile u64 *)&op->strings_bytes += *(volatile u64 *)&text->bytes;
	op->header.strings_cut &= ~(1 << NS_HTTP_PATTERN);
	if (text->cut)
		op->header.strings_cut |= 1 << NS_HTTP_PATTERN;
	record->route_source = source;
	/* What serves a request without a route is not a handler of the program's, or of no route in particular. */
	record->handler_vaddr = op->header.string_bytes[NS_HTTP_PATTERN] ? handler_vaddr : 0;
}

SEC("uprobe")
int http_route(struct go_regs *ctx)
{
	struct ns_short_operation *short_op;
	struct ns_long_operation *long_op = NULL;
	const struct ns_route_params *params;
	struct ns_scratch *work;
	struct ns_hit hit = {};
	struct ns_object_key key;
	u64 object;

	if (ns_hit_begin(ctx, &hit) || hit.other_caller)
		return 0;
	key = ns_object(&hit, NS_OBJECT_HTTP_SERVER, go_current_g(ctx));
	short_op = bpf_map_lookup_elem(&inflight_short, &key);
	if (!short_op)
		long_op = bpf_map_lookup_elem(&inflight_long, &key);
	if (!short_op && !long_op)
		return 0;
	work = ns_scratch_try();
	if (!work) {
		ns_count(NS_LOSS_FIELD_UNREADABLE); /* the request stays, only its route is not known */
		return 0;
	}
	go_copy_registers(ctx, work->registers);
	params = &hit.binary->routes[hit.site->tag & (NS_ROUTES - 1)];
	object = ns_route_object(ctx, &hit, work, params);
	if (params->kind == NS_ROUTE_REQUEST) {
		if (short_op)
			short_op->op.memo[NS_SERVER_MUX_REQUEST] = object;
		else if (long_op)
			long_op->op.memo[NS_SERVER_MUX_REQUEST] = object;
	} else if (!ns_route_read(ctx, &hit, work, params, object)) {
		u64 handler_vaddr = ns_route_handler(ctx, &hit, work, params, object);

		if (short_op)
			ns_route_store(&short_op->op, NS_SHORT_STRINGS_BYTES, work, params->source, handler_vaddr);
		else if (long_op)
			ns_route_store(&long_op->op, NS_STRINGS_BYTES, work, params->source, handler_vaddr);
	}
	ns_scratch_release(work);
	return 0;
}
