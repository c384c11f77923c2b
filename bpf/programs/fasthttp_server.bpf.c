/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * fasthttp_server: requests served by github.com/valyala/fasthttp, two hits each. Emits NS_RECORD_HTTP_SERVER.
 *
 * All of it happens in the loop of (*Server).serveConn (server.go; serveConnCounted in later releases), one goroutine
 * for all requests of a connection, which serves other connections afterwards. A RequestCtx is used again for the next
 * request, and by other connections: nothing of it is read but at these sites.
 *
 * Start: the call of (*Request).MayContinue, which every request comes by that was read without an error, before its
 * handler; where that is inlined, the call of (*RequestHeader).peek in it. AX is the Request, or its Header, in the
 * RequestCtx. A body that came with the head was read by then.
 *
 * End: writeResponse(ctx *RequestCtx, w): when the handler has returned, also for a request that was denied or whose
 * body could not be read. After TimeoutError the RequestCtx is another one, as the handler still has the old one; so
 * the operation is found by its goroutine, and the response in AX.
 *
 * Hijacked: the call of runtime.newproc in serveConn: the handler took the connection over. A response was written
 * before that, unless the handler did not want one (HijackSetNoResponse).
 *
 * A handler that panics ends the process, which go_panic sees; fasthttp recovers nothing.
 */
#include "bpf/emit/http_request.bpf.h"
#include "bpf/extract/fasthttp_request.bpf.h"
#include "bpf/extract/go_func.bpf.h"
#include "bpf/extract/socket_address.bpf.h"

static __always_inline void ns_fasthttp_begin(struct ns_scratch *work, const struct ns_hit *hit,
					      const struct ns_object_key *key, u64 request_ctx)
{
	const struct ns_fasthttp_params *params = &hit->binary->fasthttp;
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_HTTP_SERVER);
	struct ns_http_server_record *record = ns_op_record(op, ns_http_server_record);
	struct ns_request request = {};
	struct go_iface conn = {};

	ns_headers_begin(work, 1);
	if (ns_fasthttp_read(work, hit, request_ctx, &request)) {
		ns_count(NS_LOSS_READ_FAILED);
		return;
	}
	record->library = NS_HTTP_FASTHTTP;
	op->memo[NS_SERVER_REQUEST] = request_ctx;
	if (params->present & NS_FASTHTTP_PARAM_CONN) {
		if (ns_read_iface(&conn, request_ctx + params->conn_off))
			ns_count(NS_LOSS_FIELD_UNREADABLE);
		else
			ns_read_peer(hit, conn, &record->peer);
	}
	ns_server_open(work, hit, key, &request);
}

SEC("uprobe")
int fasthttp_server_start(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_HTTP_SERVER, go_current_g(ctx));
	ns_count(NS_COUNT_OPS_STARTED);
	if (!hit.binary->has_client_ops && ns_leaves_out_all(hit.params))
		return 0;
	ns_op_supersede(&key);
	work = ns_scratch_take();
	if (!work)
		return 0;
	ns_fasthttp_begin(work, &hit, &key, go_arg1(ctx) - (u32)hit.site->results[NS_FASTHTTP_SITE_PART_OFF].value);
	ns_scratch_release(work);
	return 0;
}

/* Bytes of the body that the response at `request_ctx` has; -1 when it is a stream that does not say how long it is. */
static __always_inline s64 ns_fasthttp_body_bytes(const struct ns_fasthttp_params *params, u64 request_ctx, u32 status)
{
	struct go_iface stream = {};
	struct go_string body = {};
	u64 length = 0, buffer = 0;

	if ((status >= 100 && status < 200) || status == 204 || status == 304)
		return 0; /* not sent (http.go, (*Response).mustSkipBody) */
	if (ns_read_iface(&stream, request_ctx + params->body_stream_off))
		goto unreadable;
	if (stream.itab) {
		if (ns_read_u64(&length, request_ctx + params->response_length_off))
			goto unreadable;
		return (s64)length;
	}
	if (bpf_probe_read_user(&body, sizeof(body), (const void *)(request_ctx + params->body_raw_off)))
		goto unreadable;
	if (body.data)
		return body.bytes;
	if (ns_read_u64(&buffer, request_ctx + params->body_off))
		goto unreadable;
	if (!buffer)
		return 0;
	if (bpf_probe_read_user(&body, sizeof(body), (const void *)(buffer + params->buffer_off)))
		goto unreadable;
	return body.bytes;
unreadable:
	ns_count(NS_LOSS_FIELD_UNREADABLE);
	return -1;
}

/* Reads the response, unless the handler took the connection over without one: `response_ctx` is 0 then. */
static __always_inline void ns_fasthttp_outcome(struct ns_operation *op, const struct ns_hit *hit, u64 response_ctx)
{
	const struct ns_fasthttp_params *params = &hit->binary->fasthttp;
	struct ns_http_server_record *record = ns_op_record(op, ns_http_server_record);
	u64 status = 0;

	if (!response_ctx) {
		record->outcome = NS_HTTP_HIJACKED;
		return;
	}
	record->outcome = NS_HTTP_HANDLED;
	if (ns_read_u64(&status, response_ctx + params->status_off)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	/* Programs can set any number. 0: 200, as for net/http */
	if (!status || (status >= 100 && status <= 999)) {
		record->status = (u16)status;
		record->present |= NS_HTTP_HAS_STATUS;
	}
	if (params->present & NS_FASTHTTP_PARAM_BODY) {
		record->response_body_bytes = ns_fasthttp_body_bytes(params, response_ctx, (u32)status);
		record->present |= NS_HTTP_HAS_RESPONSE_BYTES;
	}
}

/* The handler of the server itself, when no router was asked: as for net/http, a function that captures nothing. */
static __always_inline void ns_fasthttp_handler(struct ns_operation *op, const struct ns_hit *hit)
{
	const struct ns_fasthttp_params *params = &hit->binary->fasthttp;
	struct ns_http_server_record *record = ns_op_record(op, ns_http_server_record);
	u64 server = 0, handler = 0;

	if (record->route_source != NS_ROUTE_NONE || !(params->present & NS_FASTHTTP_PARAM_HANDLER))
		return;
	if (ns_read_u64(&server, op->memo[NS_SERVER_REQUEST] + params->server_off) ||
	    ns_read_u64(&handler, server + params->handler_off)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	if (ns_is_static_func(hit, handler))
		record->handler_vaddr = ns_func_code(hit, handler);
}

/* Completes the record of an operation whose strings have room for `room` bytes, and submits it. */
static __always_inline void ns_fasthttp_finish(struct ns_operation *op, const u64 room, const struct ns_hit *hit,
					       u64 response_ctx)
{
	struct ns_strings strings = {.op = op, .fixed = NS_SERVER_FIXED, .room = room};

	ns_fasthttp_outcome(op, hit, response_ctx);
	ns_fasthttp_handler(op, hit);
	if (op->memo[NS_SERVER_GOID])
		ns_close_parents(hit, op->memo[NS_SERVER_GOID]);
	ns_op_finish(strings);
}

/* The operation of the goroutine ends, if it has one open. */
static __always_inline void ns_fasthttp_end(struct go_regs *ctx, const struct ns_hit *hit, u64 response_ctx)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_HTTP_SERVER, go_current_g(ctx));
	struct ns_short_operation *short_op = bpf_map_lookup_elem(&inflight_short, &key);
	struct ns_long_operation *long_op;

	if (short_op) {
		ns_fasthttp_finish(&short_op->op, NS_SHORT_STRINGS_BYTES, hit, response_ctx);
		bpf_map_delete_elem(&inflight_short, &key);
		return;
	}
	long_op = bpf_map_lookup_elem(&inflight_long, &key);
	if (long_op) {
		ns_fasthttp_finish(&long_op->op, NS_STRINGS_BYTES, hit, response_ctx);
		bpf_map_delete_elem(&inflight_long, &key);
		return;
	}
	/* In neither: not sampled, ended before it was hijacked, or a request that could not be read. */
	if (hit->binary->has_client_ops)
		ns_close_parents(hit, ns_read_goid(hit, key.addr));
}

SEC("uprobe")
int fasthttp_server_end(struct go_regs *ctx)
{
	struct ns_hit hit = {};

	if (!ns_hit_begin(ctx, &hit))
		ns_fasthttp_end(ctx, &hit, go_arg1(ctx));
	return 0;
}

SEC("uprobe")
int fasthttp_server_hijacked(struct go_regs *ctx)
{
	struct ns_hit hit = {};

	if (!ns_hit_begin(ctx, &hit))
		ns_fasthttp_end(ctx, &hit, 0);
	return 0;
}
