/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * fasthttp_client: requests sent by github.com/valyala/fasthttp, one span for each attempt, two hits each. Emits
 * NS_RECORD_HTTP_CLIENT.
 *
 * Start: (*transport).RoundTrip(t, hc *HostClient, req *Request, resp *Response) (retry bool, err error) (client.go):
 * CX is req, DI resp. There is no context: whose request it is tells the goroutine.
 *
 * End: wherever the planner found the error. What the request says is read here: it gets its target, as it is sent,
 * only when it is written. Both belong to the caller, who waits.
 */
#include "bpf/emit/operation.bpf.h"
#include "bpf/emit/parents.bpf.h"
#include "bpf/extract/go_error.bpf.h"
#include "bpf/extract/socket_address.bpf.h"

#define NS_FASTHTTP_CLIENT_FIXED sizeof(struct ns_http_client_record)

/* ns_operation.memo */
enum ns_fasthttp_client_memo {
	NS_FASTHTTP_CLIENT_REQUEST,
	NS_FASTHTTP_CLIENT_RESPONSE,
};

static __always_inline void ns_fasthttp_client_begin(struct go_regs *ctx, struct ns_scratch *work,
						     const struct ns_hit *hit, const struct ns_object_key *key)
{
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_HTTP_CLIENT);
	struct go_iface no_context = {};

	op->stack_pointer = go_stack_pointer(ctx);
	op->memo[NS_FASTHTTP_CLIENT_REQUEST] = go_arg3(ctx);
	op->memo[NS_FASTHTTP_CLIENT_RESPONSE] = go_arg4(ctx);
	ns_op_record(op, ns_http_client_record)->library = NS_HTTP_FASTHTTP;
	if (ns_join_trace(work, hit, &op->header, no_context, key->addr))
		ns_op_keep(op, key, 0);
}

SEC("uprobe")
int fasthttp_client_start(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_HTTP_CLIENT, go_current_g(ctx));
	work = ns_op_begin_within(ctx, &hit, &key);
	if (!work)
		return 0;
	ns_fasthttp_client_begin(ctx, work, &hit, &key);
	ns_scratch_release(work);
	return 0;
}

static __always_inline void ns_fasthttp_read_request(const struct ns_hit *hit, struct ns_strings strings)
{
	const struct ns_fasthttp_client_params *params = &hit->binary->fasthttp_client;
	struct ns_http_client_record *record = ns_op_record(strings.op, ns_http_client_record);
	const u64 request = strings.op->memo[NS_FASTHTTP_CLIENT_REQUEST];
	struct go_string user = {}; /* a []byte begins like a string */

	if (ns_read_u64((u64 *)&record->request_body_bytes, request + params->request_length_off) ||
	    bpf_probe_read_user(&user, sizeof(user), (const void *)(request + params->user_off)))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	else
		record->present |= NS_HTTP_HAS_REQUEST_BYTES;
	if (user.bytes)
		record->present |= NS_CLIENT_HAS_USER_INFO;
	ns_append_string_at(strings, NS_CLIENT_METHOD, request + params->method_off, NS_CLIENT_MAX_METHOD);
	ns_append_string_at(strings, NS_CLIENT_SCHEME, request + params->scheme_off, NS_CLIENT_MAX_SCHEME);
	ns_append_string_at(strings, NS_CLIENT_HOST, request + params->host_off, NS_CLIENT_MAX_HOST);
	ns_append_string_at(strings, NS_CLIENT_PATH, request + params->target_off, NS_CLIENT_MAX_TARGET);
}

static __always_inline void ns_fasthttp_read_response(const struct ns_hit *hit, struct ns_operation *op)
{
	const struct ns_fasthttp_client_params *params = &hit->binary->fasthttp_client;
	struct ns_http_client_record *record = ns_op_record(op, ns_http_client_record);
	const u64 response = op->memo[NS_FASTHTTP_CLIENT_RESPONSE];
	u64 status = 0;
	u8 no_http11 = 0;

	if (ns_read_u64(&status, response + params->status_off) ||
	    ns_read_u64((u64 *)&record->response_body_bytes, response + params->response_length_off) ||
	    bpf_probe_read_user(&no_http11, sizeof(no_http11), (const void *)(response + params->no_http11_off))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	record->status = status ? (u16)status : 200; /* header.go, (*ResponseHeader).StatusCode */
	record->proto_major = 1;
	record->proto_minor = !no_http11;
	record->present |= NS_HTTP_HAS_STATUS | NS_HTTP_HAS_RESPONSE_BYTES | NS_HTTP_HAS_PROTO;
}

/* It is known as soon as there is a connection. */
static __always_inline void ns_fasthttp_read_client_peer(const struct ns_hit *hit, struct ns_operation *op)
{
	const struct ns_fasthttp_client_params *params = &hit->binary->fasthttp_client;
	const struct ns_peer_params *peer = &hit->binary->peer;
	struct go_iface addr = {};

	if (!(params->present & NS_FASTHTTP_CLIENT_PARAM_PEER))
		return;
	if (ns_read_iface(&addr, op->memo[NS_FASTHTTP_CLIENT_RESPONSE] + params->peer_off))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	else if (addr.itab && addr.itab == peer->tcp_addr_itab_vaddr + hit->params->load_bias)
		ns_read_tcp_addr(addr.data, peer->tcp_addr_ip_off, peer->tcp_addr_port_off,
				 &ns_op_record(op, ns_http_client_record)->peer);
}

static __always_inline void ns_fasthttp_client_finish(struct go_regs *ctx, struct ns_scratch *work,
						      struct ns_operation *op, const struct ns_hit *hit)
{
	struct ns_strings strings = {.op = op, .fixed = NS_FASTHTTP_CLIENT_FIXED, .room = NS_STRINGS_BYTES};
	struct ns_http_client_record *record = ns_op_record(op, ns_http_client_record);
	struct go_iface error;
	struct ns_error seen;

	ns_fasthttp_read_request(hit, strings);
	ns_fasthttp_read_client_peer(hit, op);
	go_copy_registers(ctx, work->registers);
	error.itab = ns_result(ctx, hit, work, 0);
	if (error.itab) {
		error.data = ns_result(ctx, hit, work, 1);
		seen = ns_look_into_error(hit, error);
		record->present |= NS_CLIENT_FAILED;
		record->error_type_vaddr = ns_error_type(hit, seen.cause);
		ns_append(strings, NS_CLIENT_ERROR, seen.text, NS_CLIENT_MAX_ERROR);
	} else {
		ns_fasthttp_read_response(hit, op);
	}
	ns_op_finish(strings);
}

SEC("uprobe")
int fasthttp_client_end(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;
	struct ns_operation *op;

	work = ns_hit_begin_work(ctx, &hit);
	if (!work)
		return 0;
	key = ns_object(&hit, NS_OBJECT_HTTP_CLIENT, go_current_g(ctx));
	ns_op_leave(&key);
	op = ns_op_take(work, &key);
	if (op)
		ns_fasthttp_client_finish(ctx, work, op, &hit);
	ns_scratch_release(work);
	return 0;
}
