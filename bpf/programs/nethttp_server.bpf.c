/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * nethttp_server: requests served by net/http over HTTP/1.x and HTTP/2, two hits each. Emits NS_RECORD_HTTP_SERVER.
 *
 * Start: net/http.serverHandler.ServeHTTP(sh serverHandler, rw ResponseWriter, req *Request): AX is sh.srv, BX and CX
 * rw, DI req. Everything the span says about the request is read here, before a handler or middleware can change it.
 * The type of rw tells the protocol.
 *
 * golang.org/x/net/http2 also serves without an http.Server (h2c), so its streams start at
 * (*serverConn).runHandler(rw *responseWriter, req *http.Request, handler): AX is the connection, BX rw, CX req.
 * It is the first function of their goroutine; one that gets to serverHandler.ServeHTTP makes a third hit there.
 * Since Go 1.27 the package leaves its work to net/http/internal/http2, whose runHandler has a *ServerRequest, from
 * which the http.Request is made later.
 *
 * End of HTTP/1: net/http.(*connReader).abortPendingRead(cr *connReader). Called exactly once for every ServeHTTP, on
 * the same goroutine: by finishRequest when the handler has returned, by the deferred function of (*conn).serve on
 * panic, http.ErrAbortHandler and runtime.Goexit, by hijackLocked when the connection is taken over
 * (net/http/server.go; checked on Go 1.17 to 1.27).
 *
 * End of HTTP/2: the deferred function of (*serverConn).runHandler, which runs on panic, too, and before the state of
 * the response goes back to its pool (net/http/h2_bundle.go, since Go 1.27 net/http/internal/http2/server.go).
 */
#include "bpf/emit/http_request.bpf.h"
#include "bpf/extract/http_handler.bpf.h"

/* What a request begins with. */
struct ns_server_begin {
	u64 request_addr;
	u64 response_addr; /* of the response's state */
	u64 writer;	   /* index into ns_http_server_params.writers */
	u32 kind;	   /* enum ns_http_writer_kind */
	u32 is_stream_request;
};

/* How the request of an operation lies in memory. */
static __always_inline const struct ns_http_request_params *ns_request_params(const struct ns_hit *hit,
									      u32 is_stream_request)
{
	return is_stream_request ? &hit->binary->stream_request : &hit->binary->http_request;
}

/* A client that begins to speak HTTP/2 over HTTP/1 (RFC 9113, section 3.4). Go hands the preface to a handler that may
 * take the connection over (net/http/server.go, isH2Upgrade); the requests come after it. */
static __always_inline int ns_is_http2_preface(const struct ns_request *request)
{
	u8 name[3] = {};

	return request->proto_major == 2 && request->method.bytes == sizeof(name) && request->uri.bytes == 1 &&
	       !bpf_probe_read_user(name, sizeof(name), (const void *)request->method.data) && name[0] == 'P' &&
	       name[1] == 'R' && name[2] == 'I';
}

static __always_inline void ns_server_start(struct ns_scratch *work, const struct ns_hit *hit,
					    const struct ns_object_key *key, const struct ns_server_begin *begin)
{
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_HTTP_SERVER);
	struct ns_request request = {};

	ns_headers_begin(work, 0);
	if (ns_read_request(work->window, ns_request_params(hit, begin->is_stream_request), begin->request_addr,
			    &request)) {
		ns_count(NS_LOSS_READ_FAILED);
		return;
	}
	if (begin->kind == NS_WRITER_HTTP1 && ns_is_http2_preface(&request))
		return;
	op->memo[NS_SERVER_REQUEST] = begin->request_addr;
	op->memo[NS_SERVER_RESPONSE] = begin->response_addr;
	op->memo[NS_SERVER_WRITER] = begin->writer;
	ns_collect_headers(work, hit, NS_HTTP_HEADER_MAP, request.header_map);
	ns_server_open(work, hit, key, &request);
}

/* Starts an operation on the goroutine that was hit. `data`: the writer's. */
static __always_inline void ns_server_begin(struct go_regs *ctx, const struct ns_hit *hit,
					    const struct ns_http_writer *writer, u64 data,
					    struct ns_server_begin *begin)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_HTTP_SERVER, go_current_g(ctx));
	struct ns_scratch *work;
	u64 stream = 0;
	u32 stream_id = 0;

	begin->kind = writer->kind;
	begin->is_stream_request = writer->flags & NS_WRITER_STREAM_REQUEST;
	begin->response_addr = data;
	if (writer->kind == NS_WRITER_HTTP2) {
		if (ns_read_u64(&begin->response_addr, data + writer->state_off) ||
		    ns_read_u64(&stream, begin->response_addr + writer->stream_off) ||
		    bpf_probe_read_user(&stream_id, sizeof(stream_id),
					(const void *)(stream + writer->stream_id_off))) {
			ns_count(NS_COUNT_OPS_STARTED);
			ns_count(NS_LOSS_READ_FAILED);
			return;
		}
		if (!(stream_id & 1))
			return; /* the server's own: a push, which nobody asked for */
	}
	ns_count(NS_COUNT_OPS_STARTED);
	if (!hit->binary->has_client_ops && ns_leaves_out_all(hit->params))
		return;
	ns_op_supersede(&key);
	work = ns_scratch_take();
	if (!work)
		return;
	ns_server_start(work, hit, &key, begin);
	ns_scratch_release(work);
}

SEC("uprobe")
int nethttp_server_start(struct go_regs *ctx)
{
	struct ns_server_begin begin = {.writer = NS_HTTP_WRITERS};
	const struct ns_http_writer *writer;
	struct ns_hit hit = {};
	u64 itab_vaddr;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	itab_vaddr = go_arg2(ctx) - hit.params->load_bias;
#pragma unroll
	for (u32 i = 0; i < NS_HTTP_WRITERS; i++) {
		if (itab_vaddr && hit.binary->http_server.writers[i].itab_vaddr == itab_vaddr)
			begin.writer = i;
	}
	if (begin.writer >= NS_HTTP_WRITERS) {
		ns_count(NS_COUNT_OPS_STARTED);
		ns_count(NS_LOSS_UNKNOWN_WRITER);
		return 0;
	}
	writer = &hit.binary->http_server.writers[begin.writer];
	if (writer->flags & NS_WRITER_STARTS_EARLIER)
		return 0;
	begin.request_addr = go_arg4(ctx);
	ns_server_begin(ctx, &hit, writer, go_arg3(ctx), &begin);
	return 0;
}

SEC("uprobe")
int nethttp_stream_start(struct go_regs *ctx)
{
	struct ns_server_begin begin = {};
	struct ns_hit hit = {};

	if (ns_hit_begin(ctx, &hit))
		return 0;
	begin.writer = hit.site->results[NS_STREAM_SITE_WRITER].value & (NS_HTTP_WRITERS - 1);
	begin.request_addr = go_arg3(ctx);
	ns_server_begin(ctx, &hit, &hit.binary->http_server.writers[begin.writer], go_arg2(ctx), &begin);
	return 0;
}

/* Reads what only the end knows: status, bytes written, and how the handler came to its end. */
static __always_inline void ns_read_outcome(struct ns_operation *op, u8 *window, const struct ns_hit *hit, u64 g_addr)
{
	const struct ns_http_writer *writer =
		&hit->binary->http_server.writers[op->memo[NS_SERVER_WRITER] & (NS_HTTP_WRITERS - 1)];
	struct ns_http_server_record *record = ns_op_record(op, ns_http_server_record);
	u64 panic = 0;

	record->outcome = NS_HTTP_HANDLED;
	if (ns_window_read(window, writer->window_bytes, op->memo[NS_SERVER_RESPONSE] + writer->window_off)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	record->status = (u16)ns_window_u64(window, writer->status_rel);
	record->response_body_bytes = (s64)ns_window_u64(window, writer->written_rel);
	record->present |= NS_HTTP_HAS_STATUS | NS_HTTP_HAS_RESPONSE_BYTES;
	if (writer->kind == NS_WRITER_HTTP1 && ns_window_u32(window, writer->handler_done_rel))
		return;
	/* Set while deferred functions run because of a panic or Goexit (runtime/panic.go), nil when hijackLocked
	 * calls. */
	if (ns_read_u64(&panic, g_addr + hit->binary->go.g_panic_off))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	if (panic)
		record->outcome = NS_HTTP_PANICKED;
	else if (writer->kind == NS_WRITER_HTTP1)
		record->outcome = NS_HTTP_HIJACKED;
}

/* The http.Request whose Pattern ServeMux has set: the last one that a ServeMux got. If that was a copy, nobody may
 * refer to it any more; while it has the very target string of the request, its memory is certainly not in use for
 * anything else. 0: there is none. */
static __always_inline u64 ns_matched_request(const struct ns_operation *op, const struct ns_hit *hit)
{
	const struct ns_http_writer *writer =
		&hit->binary->http_server.writers[op->memo[NS_SERVER_WRITER] & (NS_HTTP_WRITERS - 1)];
	const u32 is_stream_request = writer->flags & NS_WRITER_STREAM_REQUEST;
	const struct ns_http_request_params *params = ns_request_params(hit, is_stream_request);
	const struct ns_http_request_params *mux_params = &hit->binary->http_request;
	u64 request_addr = op->memo[NS_SERVER_REQUEST];
	u64 mux_request_addr = op->memo[NS_SERVER_MUX_REQUEST];
	u64 served_addr = is_stream_request ? 0 : request_addr;
	struct go_string uri = {}, mux_uri = {};

	if (!mux_request_addr || mux_request_addr == request_addr || !(params->present & NS_HTTP_PARAM_URI) ||
	    !(mux_params->present & NS_HTTP_PARAM_URI))
		return served_addr;
	if (bpf_probe_read_user(&uri, sizeof(uri), (const void *)(request_addr + params->uri_off)) ||
	    bpf_probe_read_user(&mux_uri, sizeof(mux_uri), (const void *)(mux_request_addr + mux_params->uri_off)) ||
	    uri.data != mux_uri.data || uri.bytes != mux_uri.bytes)
		return served_addr;
	return mux_request_addr;
}

/* What ServeMux left in the request, unless a router has spoken. */
static __always_inline void ns_append_pattern(struct ns_strings strings, const struct ns_hit *hit)
{
	const struct ns_http_request_params *params = &hit->binary->http_request;
	struct ns_http_server_record *record = ns_op_record(strings.op, ns_http_server_record);
	struct go_string pattern = {};
	u64 request_addr, addr = 0;

	if (record->route_source != NS_ROUTE_NONE ||
	    !(params->present & (NS_HTTP_PARAM_PATTERN | NS_HTTP_PARAM_PAT_STR)))
		return;
	request_addr = ns_matched_request(strings.op, hit);
	if (!request_addr)
		return;
	if (params->present & NS_HTTP_PARAM_PATTERN) {
		addr = request_addr + params->pattern_off;
	} else {
		if (ns_read_u64(&addr, request_addr + params->pat_off) || !addr)
			return;
		addr += params->pat_str_off;
	}
	if (bpf_probe_read_user(&pattern, sizeof(pattern), (const void *)addr)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	ns_append(strings, NS_HTTP_PATTERN, pattern, NS_HTTP_MAX_PATTERN);
	record->route_source = NS_ROUTE_SERVE_MUX;
}

/* The handler of the server itself, when no router was asked which one it is. A function that captures nothing serves
 * the request itself; anything else may only stand before a handler, as middlewares do. */
static __always_inline void ns_read_server_handler(struct ns_operation *op, const struct ns_hit *hit)
{
	const struct ns_handler_params *params = &hit->binary->handler;
	const struct ns_http_writer *writer =
		&hit->binary->http_server.writers[op->memo[NS_SERVER_WRITER] & (NS_HTTP_WRITERS - 1)];
	struct ns_http_server_record *record = ns_op_record(op, ns_http_server_record);
	struct go_iface handler = {};
	u64 conn = 0, server = 0;

	if (record->route_source != NS_ROUTE_NONE || op->memo[NS_SERVER_MUX_REQUEST] ||
	    writer->kind != NS_WRITER_HTTP1 || !(params->present & NS_HANDLER_PARAM_SERVER))
		return;
	if (ns_read_u64(&conn, op->memo[NS_SERVER_RESPONSE] + params->response_conn_off) ||
	    ns_read_u64(&server, conn + params->conn_server_off) ||
	    ns_read_iface(&handler, server + params->server_handler_off)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	if (handler.itab == params->func_itab_vaddr + hit->params->load_bias && ns_is_static_func(hit, handler.data))
		record->handler_vaddr = ns_func_code(hit, handler.data);
}

/* Completes the record of an operation whose strings have room for `room` bytes, and submits it. */
static __always_inline void ns_server_finish(struct ns_operation *op, const u64 room, const struct ns_hit *hit,
					     u64 g_addr)
{
	struct ns_strings strings = {.op = op, .fixed = NS_SERVER_FIXED, .room = room};
	struct ns_scratch *work = ns_scratch_take();

	if (!work)
		return;
	ns_read_outcome(op, work->window, hit, g_addr);
	ns_scratch_release(work);
	ns_read_server_handler(op, hit);
	ns_append_pattern(strings, hit);
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
