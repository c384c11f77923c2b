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
#include "bpf/emit/operation.bpf.h"
#include "bpf/emit/parents.bpf.h"
#include "bpf/emit/remote_parent.bpf.h"
#include "bpf/extract/http_request.bpf.h"

#define NS_SERVER_FIXED sizeof(struct ns_http_server_record)

/* ns_operation.memo */
enum ns_server_memo {
	NS_SERVER_REQUEST,  /* address of the http.Request */
	NS_SERVER_RESPONSE, /* address of the http.response */
	NS_SERVER_GOID,	    /* number of the goroutine, when the span was noted as a parent */
};

static __always_inline void ns_server_start(struct ns_scratch *work, const struct ns_hit *hit,
					    const struct ns_object_key *key, u64 request_addr, u64 response_addr)
{
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_HTTP_SERVER);
	struct ns_http_server_record *record = ns_op_record(op, ns_http_server_record);
	struct ns_strings strings = {.op = op, .fixed = NS_SERVER_FIXED, .room = NS_STRINGS_BYTES};
	struct ns_request request = {};
	u8 parent_flags = 0;
	int has_parent, sampled;

	__builtin_memset(work->headers, 0, sizeof(work->headers));
	if (ns_read_request(work->window, &hit->binary->http_request, request_addr, &request)) {
		ns_count(NS_LOSS_READ_FAILED);
		return;
	}
	record->request_body_bytes = request.content_length;
	record->is_tls = request.is_tls;
	record->proto_major = request.proto_major;
	record->proto_minor = request.proto_minor;
	record->present = request.present;
	ns_collect_headers(work, &hit->binary->http_header_map, request.header_map);
	has_parent = ns_read_parent(work, &parent_flags) == 0;
	if (!has_parent) {
		ns_new_trace_id(op->header.trace_id);
		*(u64 *)op->header.parent_span_id = 0;
	}
	sampled = ns_sample_and_flag(hit->params, &op->header, has_parent, parent_flags);
	op->header.flags = has_parent ? NS_SPAN_REMOTE_PARENT : 0;
	if (hit->binary->has_client_ops) {
		op->memo[NS_SERVER_GOID] = ns_read_goid(hit, key->addr);
		ns_note_parents(work, hit, &op->header, op->memo[NS_SERVER_GOID], key->addr, request.context);
	}
	if (!sampled) {
		ns_count(NS_COUNT_OPS_UNSAMPLED);
		return;
	}
	op->memo[NS_SERVER_REQUEST] = request_addr;
	op->memo[NS_SERVER_RESPONSE] = response_addr;

	ns_append(strings, NS_HTTP_METHOD, request.method, NS_HTTP_MAX_METHOD);
	ns_append(strings, NS_HTTP_URI, request.uri, NS_HTTP_MAX_URI);
	ns_append(strings, NS_HTTP_HOST, request.host, NS_HTTP_MAX_HOST);
	ns_append(strings, NS_HTTP_REMOTE_ADDR, request.remote_addr, NS_HTTP_MAX_REMOTE_ADDR);
	ns_append_header(work, strings, NS_HTTP_USER_AGENT, NS_HEADER_USER_AGENT, NS_HTTP_MAX_USER_AGENT);
	ns_append_header(work, strings, NS_HTTP_FORWARDED, NS_HEADER_FORWARDED, NS_HTTP_MAX_FORWARDED);
	ns_append_header(work, strings, NS_HTTP_X_FORWARDED_FOR, NS_HEADER_X_FORWARDED_FOR,
			 NS_HTTP_MAX_X_FORWARDED_FOR);
	ns_append_header(work, strings, NS_HTTP_X_FORWARDED_HOST, NS_HEADER_X_FORWARDED_HOST,
			 NS_HTTP_MAX_X_FORWARDED_HOST);
	ns_append_header(work, strings, NS_HTTP_X_FORWARDED_PROTO, NS_HEADER_X_FORWARDED_PROTO,
			 NS_HTTP_MAX_X_FORWARDED_PROTO);
	if (has_parent)
		ns_append_tracestate(work, strings, NS_HTTP_TRACESTATE);
	ns_op_keep(op, key, NS_HTTP_MAX_PATTERN);
}

SEC("uprobe")
int nethttp_server_start(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	ns_count(NS_COUNT_OPS_STARTED);
	if (go_arg2(ctx) != hit.binary->http_server.response_itab_vaddr + hit.params->load_bias) {
		ns_count(NS_LOSS_UNKNOWN_WRITER);
		return 0;
	}
	if (hit.params->sampler_root == NS_SAMPLE_NEVER && !hit.params->parent_based && !hit.binary->has_client_ops) {
		ns_count(NS_COUNT_OPS_UNSAMPLED);
		return 0;
	}
	key = ns_object(&hit, NS_OBJECT_HTTP_SERVER, go_current_g(ctx));
	ns_op_supersede(&key);
	work = ns_scratch_take();
	if (!work) {
		ns_count(NS_LOSS_NO_SCRATCH);
		return 0;
	}
	ns_server_start(work, &hit, &key, go_arg4(ctx), go_arg3(ctx));
	ns_scratch_release(work);
	return 0;
}

/* Reads what only the end knows: status, bytes written, and how the handler came to its end. */
static __always_inline void ns_read_outcome(struct ns_operation *op, u8 *window, const struct ns_hit *hit, u64 g_addr)
{
	const struct ns_http_server_params *params = &hit->binary->http_server;
	struct ns_http_server_record *record = ns_op_record(op, ns_http_server_record);
	u64 panic = 0;

	record->outcome = NS_HTTP_HANDLED;
	if (ns_window_read(window, params->response_window_bytes,
			   op->memo[NS_SERVER_RESPONSE] + params->response_window_off)) {
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
	if (ns_read_u64(&panic, g_addr + hit->binary->go.g_panic_off))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	record->outcome = panic ? NS_HTTP_PANICKED : NS_HTTP_HIJACKED;
}

static __always_inline void ns_append_pattern(struct ns_strings strings, const struct ns_http_request_params *params)
{
	u64 request_addr = strings.op->memo[NS_SERVER_REQUEST];
	struct go_string pattern = {};
	u64 addr = 0;

	if (params->present & NS_HTTP_PARAM_PATTERN) {
		addr = request_addr + params->pattern_off;
	} else if (params->present & NS_HTTP_PARAM_PAT_STR) {
		if (ns_read_u64(&addr, request_addr + params->pat_off) || !addr)
			return;
		addr += params->pat_str_off;
	}
	if (!addr)
		return;
	if (bpf_probe_read_user(&pattern, sizeof(pattern), (const void *)addr)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	ns_append(strings, NS_HTTP_PATTERN, pattern, NS_HTTP_MAX_PATTERN);
}

/* Completes the record of an operation whose strings have room for `room` bytes, and submits it. */
static __always_inline void ns_server_finish(struct ns_operation *op, const u64 room, const struct ns_hit *hit,
					     u64 g_addr)
{
	struct ns_strings strings = {.op = op, .fixed = NS_SERVER_FIXED, .room = room};
	struct ns_scratch *work = ns_scratch_take();

	if (!work) {
		ns_count(NS_LOSS_NO_SCRATCH);
		return;
	}
	ns_read_outcome(op, work->window, hit, g_addr);
	ns_scratch_release(work);
	ns_append_pattern(strings, &hit->binary->http_request);
	if (op->memo[NS_SERVER_GOID])
		ns_close_parents(hit, op->memo[NS_SERVER_GOID]);
	ns_op_finish(strings);
}

SEC("uprobe")
int nethttp_server_end(struct go_regs *ctx)
{
	struct ns_short_operation *short_op;
	struct ns_long_operation *long_op;
	struct ns_hit hit = {};
	struct ns_object_key key;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_HTTP_SERVER, go_current_g(ctx));
	short_op = bpf_map_lookup_elem(&inflight_short, &key);
	if (short_op) {
		ns_server_finish(&short_op->op, NS_SHORT_STRINGS_BYTES, &hit, key.addr);
		bpf_map_delete_elem(&inflight_short, &key);
		return 0;
	}
	long_op = bpf_map_lookup_elem(&inflight_long, &key);
	if (long_op) {
		ns_server_finish(&long_op->op, NS_STRINGS_BYTES, &hit, key.addr);
		bpf_map_delete_elem(&inflight_long, &key);
		return 0;
	}
	/* In neither: not sampled, or a request that never reached a handler. */
	if (hit.binary->has_client_ops)
		ns_close_parents(&hit, ns_read_goid(&hit, key.addr));
	return 0;
}
