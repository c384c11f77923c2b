/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * nethttp_server: HTTP/1.x requests served by net/http, two hits each. Emits NS_RECORD_HTTP_SERVER.
 *
 * Start: net/http.serverHandler.ServeHTTP(sh serverHandler, rw ResponseWriter, req *Request): AX is sh.srv, BX and CX
 * rw, DI req. Everything the span says about the request is read here, before a handler or middleware can change it.
 *
 * End: net/http.(*connReader).abortPendingRead(cr *connReader). Called exactly once for every ServeHTTP, on the same
 * goroutine: by finishRequest when the handler has returned, by the deferred function of (*conn).serve on panic,
 * http.ErrAbortHandler and runtime.Goexit, by hijackLocked when the connection is taken over (net/http/server.go;
 * checked on Go 1.17 to 1.27).
 */
#include "bpf/base/counters.bpf.h"
#include "bpf/base/scratch.bpf.h"
#include "bpf/emit/emit.bpf.h"
#include "bpf/emit/sampling.bpf.h"
#include "bpf/extract/go_regs.bpf.h"
#include "bpf/extract/http_headers.bpf.h"
#include "bpf/extract/target.bpf.h"
#include "bpf/extract/traceparent.bpf.h"
#include "bpf/extract/window.bpf.h"

struct go_string {
	u64 data;
	u64 bytes;
};

/* Appends up to `max` bytes of a Go string to the record's strings, which have room for `room` bytes in all. Strings
 * must be appended in the order of enum ns_http_string; the sum of all limits fits, so the first check never fails in
 * practice. */
static __always_inline void ns_append(struct ns_http_operation *op, const u64 room, enum ns_http_string which, u64 data,
				      u64 bytes, const u64 max)
{
	u64 off = op->strings_bytes;

	if (!bytes || !data)
		return;
	if (off > room - max)
		return;
	if (bytes > max) {
		bytes = max;
		op->record.strings_cut |= 1 << which;
	}
	if (bpf_probe_read_user(ns_http_strings(op) + off, bytes, (const void *)data)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	op->record.string_bytes[which] = bytes;
	op->strings_bytes = off + bytes;
}

static __always_inline void ns_append_field(struct ns_scratch *work, enum ns_http_string which, struct go_string value,
					    const u64 max)
{
	ns_append(&work->http.op, NS_HTTP_STRINGS_BYTES, which, value.data, value.bytes, max);
}

/* Appends the first value of a header. */
static __always_inline void ns_append_header(struct ns_scratch *work, enum ns_http_string which,
					     enum ns_http_header header, const u64 max)
{
	struct go_string value = {};

	if (!work->headers[header].count)
		return;
	if (bpf_probe_read_user(&value, sizeof(value), (const void *)work->headers[header].data)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	ns_append_field(work, which, value, max);
}

#define NS_TRACESTATE_LINES 4 /* header lines that are joined; more mark the list as cut */

/* Appends all values of the tracestate header, joined by commas: W3C Trace Context, section 3.3.1. */
static __always_inline void ns_append_tracestate(struct ns_scratch *work)
{
	const struct ns_go_strings *lines = &work->headers[NS_HEADER_TRACESTATE];
	struct ns_http_operation *op = &work->http.op;
	u64 begin = op->strings_bytes;
	u64 used = 0;

	if (begin > NS_HTTP_STRINGS_BYTES - NS_HTTP_MAX_TRACESTATE)
		return;
#pragma unroll
	for (u32 i = 0; i < NS_TRACESTATE_LINES; i++) {
		struct go_string value = {};
		u64 bytes;

		if (i >= lines->count)
			break;
		if (bpf_probe_read_user(&value, sizeof(value), (const void *)(lines->data + i * sizeof(value)))) {
			ns_count(NS_LOSS_FIELD_UNREADABLE);
			break;
		}
		bytes = value.bytes;
		if (!bytes)
			continue;
		if (used > NS_HTTP_MAX_TRACESTATE - 2) {
			op->record.strings_cut |= 1 << NS_HTTP_TRACESTATE;
			break;
		}
		if (used)
			ns_http_strings(op)[begin + used++] = ',';
		if (bytes > NS_HTTP_MAX_TRACESTATE - used) {
			bytes = NS_HTTP_MAX_TRACESTATE - used;
			op->record.strings_cut |= 1 << NS_HTTP_TRACESTATE;
		}
		/* For the verifiers before Linux 6.8, which compare with constants only. */
		barrier_var(bytes);
		if (bytes > NS_HTTP_MAX_TRACESTATE)
			break;
		if (bpf_probe_read_user(ns_http_strings(op) + begin + used, bytes, (const void *)value.data)) {
			ns_count(NS_LOSS_FIELD_UNREADABLE);
			break;
		}
		used += bytes;
	}
	if (lines->count > NS_TRACESTATE_LINES)
		op->record.strings_cut |= 1 << NS_HTTP_TRACESTATE;
	op->record.string_bytes[NS_HTTP_TRACESTATE] = used;
	op->strings_bytes = begin + used;
}

/* Reads the traceparent header, if there is a valid one, into the record: trace id, parent and the returned flags.
 * Returns -1 when there is none. */
static __always_inline int ns_read_parent(struct ns_scratch *work, u8 *flags)
{
	struct ns_record_header *header = &work->http.op.record.header;
	struct go_string value = {};
	u8 *text = work->window;

	if (!work->headers[NS_HEADER_TRACEPARENT].count)
		return -1;
	/* Several traceparent headers: none of them counts. */
	if (work->headers[NS_HEADER_TRACEPARENT].count > 1 ||
	    bpf_probe_read_user(&value, sizeof(value), (const void *)work->headers[NS_HEADER_TRACEPARENT].data) ||
	    value.bytes < NS_TRACEPARENT_BYTES)
		goto bad;
	text[NS_TRACEPARENT_BYTES] = 0;
	if (bpf_probe_read_user(text,
				value.bytes > NS_TRACEPARENT_BYTES ? NS_TRACEPARENT_BYTES + 1 : NS_TRACEPARENT_BYTES,
				(const void *)value.data))
		goto bad;
	if (ns_parse_traceparent(text, value.bytes, text[NS_TRACEPARENT_BYTES], header->trace_id,
				 header->parent_span_id, flags))
		goto bad;
	return 0;
bad:
	ns_count(NS_LOSS_BAD_TRACEPARENT);
	return -1;
}

/* The fields of net/http.Request, kept while the window is used for other things. */
struct ns_request_fields {
	struct go_string method, uri, host, remote_addr;
	u64 header_map;
};

static __always_inline struct go_string ns_window_string(const u8 *window, u32 off)
{
	struct go_string string = {
		.data = ns_window_u64(window, off),
		.bytes = ns_window_u64(window, off + 8),
	};

	return string;
}

static __always_inline int ns_read_request(struct ns_scratch *work, const struct ns_http_server_params *params,
					   u64 request_addr, struct ns_request_fields *fields)
{
	struct ns_http_server_record *record = &work->http.op.record;
	u32 present = 0;

	if (ns_window_read(work->window, params->request_bytes, request_addr))
		return -1;
	fields->method = ns_window_string(work->window, params->request_method_off);
	fields->header_map = ns_window_u64(work->window, params->request_header_off);
	if (params->present & NS_HTTP_PARAM_URI)
		fields->uri = ns_window_string(work->window, params->request_uri_off);
	if (params->present & NS_HTTP_PARAM_HOST)
		fields->host = ns_window_string(work->window, params->request_host_off);
	if (params->present & NS_HTTP_PARAM_REMOTE_ADDR)
		fields->remote_addr = ns_window_string(work->window, params->request_remote_addr_off);
	if (params->present & NS_HTTP_PARAM_CONTENT_LENGTH) {
		record->request_body_bytes = (s64)ns_window_u64(work->window, params->request_content_length_off);
		present |= NS_HTTP_HAS_REQUEST_BYTES;
	}
	if (params->present & NS_HTTP_PARAM_TLS) {
		record->is_tls = ns_window_u64(work->window, params->request_tls_off) != 0;
		present |= NS_HTTP_HAS_TLS;
	}
	if (params->present & NS_HTTP_PARAM_PROTO) {
		record->proto_major = (u8)ns_window_u64(work->window, params->request_proto_major_off);
		record->proto_minor = (u8)ns_window_u64(work->window, params->request_proto_minor_off);
		present |= NS_HTTP_HAS_PROTO;
	}
	record->present = present;
	return 0;
}

/* Deletes what this goroutine left in flight: an operation whose end was not seen. */
static __always_inline void ns_supersede(const struct ns_inflight_key *key)
{
	if (bpf_map_lookup_elem(&inflight_short, key)) {
		bpf_map_delete_elem(&inflight_short, key);
		ns_count(NS_LOSS_SUPERSEDED);
	}
	if (bpf_map_lookup_elem(&inflight_long, key)) {
		bpf_map_delete_elem(&inflight_long, key);
		ns_count(NS_LOSS_SUPERSEDED);
	}
}

static __always_inline void ns_start(struct ns_scratch *work, const struct ns_target *target,
				     const struct ns_inflight_key *key, u64 request_addr, u64 response_addr)
{
	const struct ns_http_server_params *params = &target->binary->http_server;
	struct ns_http_operation *op = &work->http.op;
	struct ns_record_header *header = &op->record.header;
	struct ns_request_fields fields = {};
	u8 parent_flags = 0;
	int has_parent;
	long err;

	__builtin_memset(op, 0, sizeof(*op));
	__builtin_memset(work->headers, 0, sizeof(work->headers));
	header->start_mono_ns = bpf_ktime_get_ns();
	if (ns_read_request(work, params, request_addr, &fields)) {
		ns_count(NS_LOSS_READ_FAILED);
		return;
	}
	ns_collect_headers(work, &params->header_map, fields.header_map);
	has_parent = ns_read_parent(work, &parent_flags) == 0;
	if (!has_parent) {
		ns_new_trace_id(header->trace_id);
		*(u64 *)header->parent_span_id = 0;
	}
	if (!ns_sample(target->params, has_parent, parent_flags, header->trace_id)) {
		ns_count(NS_COUNT_OPS_UNSAMPLED);
		return;
	}
	ns_new_span_id(header->span_id);
	header->type = NS_RECORD_HTTP_SERVER;
	header->abi_version = NODESPAN_ABI_VERSION;
	header->target_slot = target->slot;
	header->target_generation = target->generation;
	header->trace_flags =
		NS_TRACE_FLAG_SAMPLED | ((has_parent ? parent_flags : NS_TRACE_FLAG_RANDOM) & NS_TRACE_FLAG_RANDOM);
	header->flags = has_parent ? NS_SPAN_REMOTE_PARENT : 0;
	op->request_addr = request_addr;
	op->response_addr = response_addr;

	ns_append_field(work, NS_HTTP_METHOD, fields.method, NS_HTTP_MAX_METHOD);
	ns_append_field(work, NS_HTTP_URI, fields.uri, NS_HTTP_MAX_URI);
	ns_append_field(work, NS_HTTP_HOST, fields.host, NS_HTTP_MAX_HOST);
	ns_append_field(work, NS_HTTP_REMOTE_ADDR, fields.remote_addr, NS_HTTP_MAX_REMOTE_ADDR);
	ns_append_header(work, NS_HTTP_USER_AGENT, NS_HEADER_USER_AGENT, NS_HTTP_MAX_USER_AGENT);
	ns_append_header(work, NS_HTTP_FORWARDED, NS_HEADER_FORWARDED, NS_HTTP_MAX_FORWARDED);
	ns_append_header(work, NS_HTTP_X_FORWARDED_FOR, NS_HEADER_X_FORWARDED_FOR, NS_HTTP_MAX_X_FORWARDED_FOR);
	ns_append_header(work, NS_HTTP_X_FORWARDED_HOST, NS_HEADER_X_FORWARDED_HOST, NS_HTTP_MAX_X_FORWARDED_HOST);
	ns_append_header(work, NS_HTTP_X_FORWARDED_PROTO, NS_HEADER_X_FORWARDED_PROTO, NS_HTTP_MAX_X_FORWARDED_PROTO);
	if (has_parent)
		ns_append_tracestate(work);

	if (op->strings_bytes <= NS_HTTP_SHORT_STRINGS_BYTES - NS_HTTP_MAX_PATTERN)
		err = bpf_map_update_elem(&inflight_short, key, op, BPF_ANY);
	else
		err = bpf_map_update_elem(&inflight_long, key, op, BPF_ANY);
	if (err)
		ns_count(NS_LOSS_INFLIGHT_FULL);
}

SEC("uprobe")
int nethttp_server_start(struct go_regs *ctx)
{
	const struct ns_http_server_params *params;
	struct ns_target target = {};
	struct ns_inflight_key key;
	struct ns_scratch *work;

	if (ns_find_target(ctx, &target))
		return 0;
	params = &target.binary->http_server;
	if ((params->branch_sites & NS_HTTP_BRANCH_START) && go_branch_to_morestack(ctx))
		return 0;
	ns_count(NS_COUNT_OPS_STARTED);
	if (go_arg2(ctx) != params->response_itab_vaddr + target.params->load_bias) {
		ns_count(NS_LOSS_UNKNOWN_WRITER);
		return 0;
	}
	if (target.params->sampler_root == NS_SAMPLE_NEVER && !target.params->parent_based) {
		ns_count(NS_COUNT_OPS_UNSAMPLED);
		return 0;
	}
	key.g_addr = go_current_g(ctx);
	key.target_slot = target.slot;
	key.target_generation = target.generation;
	ns_supersede(&key);
	work = ns_scratch_take();
	if (!work) {
		ns_count(NS_LOSS_NO_SCRATCH);
		return 0;
	}
	ns_start(work, &target, &key, go_arg4(ctx), go_arg3(ctx));
	ns_scratch_release(work);
	return 0;
}

/* Reads what only the end knows: status, bytes written, and how the handler came to its end. */
static __always_inline void ns_read_outcome(struct ns_http_operation *op, u8 *window, const struct ns_target *target,
					    u64 g_addr)
{
	const struct ns_http_server_params *params = &target->binary->http_server;
	struct ns_http_server_record *record = &op->record;
	u64 panic = 0;

	record->outcome = NS_HTTP_HANDLED;
	if (ns_window_read(window, params->response_window_bytes, op->response_addr + params->response_window_off)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	record->status = (u16)ns_window_u64(window, params->response_status_rel);
	record->response_body_bytes = (s64)ns_window_u64(window, params->response_written_rel);
	record->present |= NS_HTTP_HAS_STATUS | NS_HTTP_HAS_RESPONSE_BYTES;
	if (ns_window_u32(window, params->response_handler_done_rel))
		return;
	/* Set while deferred functions run because of a panic or Goexit (runtime/panic.go), nil when hijackLocked
	 * calls. */
	if (bpf_probe_read_user(&panic, sizeof(panic), (const void *)(g_addr + target->binary->g_panic_off)))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	record->outcome = panic ? NS_HTTP_PANICKED : NS_HTTP_HIJACKED;
}

static __always_inline void ns_append_pattern(struct ns_http_operation *op, const u64 room,
					      const struct ns_http_server_params *params)
{
	struct go_string pattern = {};
	u64 addr = 0;

	if (params->present & NS_HTTP_PARAM_PATTERN) {
		addr = op->request_addr + params->request_pattern_off;
	} else if (params->present & NS_HTTP_PARAM_PAT_STR) {
		if (bpf_probe_read_user(&addr, sizeof(addr),
					(const void *)(op->request_addr + params->request_pat_off)) ||
		    !addr)
			return;
		addr += params->pattern_str_off;
	}
	if (!addr)
		return;
	if (bpf_probe_read_user(&pattern, sizeof(pattern), (const void *)addr)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	ns_append(op, room, NS_HTTP_PATTERN, pattern.data, pattern.bytes, NS_HTTP_MAX_PATTERN);
}

/* Completes the record of an operation whose strings have room for `room` bytes, and submits it. */
static __always_inline void ns_finish(struct ns_http_operation *op, const u64 room, const struct ns_target *target,
				      u64 g_addr)
{
	struct ns_scratch *work = ns_scratch_take();
	u64 strings_bytes;

	if (!work) {
		ns_count(NS_LOSS_NO_SCRATCH);
		return;
	}
	ns_read_outcome(op, work->window, target, g_addr);
	ns_scratch_release(work);
	ns_append_pattern(op, room, &target->binary->http_server);
	strings_bytes = op->strings_bytes;
	if (strings_bytes > room)
		strings_bytes = room;
	op->record.header.size_bytes = sizeof(op->record) + strings_bytes;
	op->record.header.end_mono_ns = bpf_ktime_get_ns();
	ns_emit(&op->record, sizeof(op->record) + strings_bytes, op->record.header.span_id[7]);
}

SEC("uprobe")
int nethttp_server_end(struct go_regs *ctx)
{
	struct ns_http_short_operation *short_op;
	struct ns_http_long_operation *long_op;
	struct ns_target target = {};
	struct ns_inflight_key key;

	if (ns_find_target(ctx, &target))
		return 0;
	if ((target.binary->http_server.branch_sites & NS_HTTP_BRANCH_END) && go_branch_to_morestack(ctx))
		return 0;
	key.g_addr = go_current_g(ctx);
	key.target_slot = target.slot;
	key.target_generation = target.generation;
	short_op = bpf_map_lookup_elem(&inflight_short, &key);
	if (short_op) {
		ns_finish(&short_op->op, NS_HTTP_SHORT_STRINGS_BYTES, &target, key.g_addr);
		bpf_map_delete_elem(&inflight_short, &key);
		return 0;
	}
	/* In neither: not sampled, or a request that never reached a handler. */
	long_op = bpf_map_lookup_elem(&inflight_long, &key);
	if (long_op) {
		ns_finish(&long_op->op, NS_HTTP_STRINGS_BYTES, &target, key.g_addr);
		bpf_map_delete_elem(&inflight_long, &key);
	}
	return 0;
}
