/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * grpc_client: calls and streams of google.golang.org/grpc clients; a span lasts over all attempts. Emits
 * NS_RECORD_GRPC_CLIENT.
 *
 * Start: grpc.newClientStream(ctx, desc *StreamDesc, cc *ClientConn, method string, ...): AX and BX are ctx, CX desc,
 * DI cc, SI and R8 method. Both Invoke and NewStream come through here, behind the interceptors.
 *
 * A stream can be ended by any goroutine, so it is kept by its clientStream as soon as there is one; a unary call ends
 * where it began. Where that is seen depends on the release:
 *   Watched, from 1.80: the only call of runtime.newproc in newClientStreamWithParams, which starts the goroutine that
 *   watches a stream's context, and is not made for unary calls. AX is the closure, which has the clientStream.
 *   Created, before: the start of the deferred function of newClientStreamWithParams (of newClientStream in 1.33), with
 *   its results: ClientStream, error. An error ends the operation.
 *
 * Refused: what newClientStream does for a call that fails before it has a stream, with the error as second argument or
 * as result.
 *
 * Finish: grpc.(*clientStream).finish(cs, err error): AX is cs, BX and CX err. The goroutine that watches a stream's
 * context calls it a second time (stream.go, newClientStreamWithParams): the first one counts.
 */
#include "bpf/emit/operation.bpf.h"
#include "bpf/emit/outgoing.bpf.h"
#include "bpf/emit/parents.bpf.h"
#include "bpf/extract/go_error.bpf.h"
#include "bpf/extract/grpc_values.bpf.h"

#define NS_GRPC_CLIENT_FIXED sizeof(struct ns_grpc_record)

/* ns_operation.memo */
enum ns_grpc_client_memo {
	NS_GRPC_CLIENT_STREAM, /* address of the clientStream, once it is known */
	NS_GRPC_CLIENT_UNARY,  /* 1: neither side streams */
	NS_GRPC_CLIENT_DESC,   /* address of the StreamDesc */
	NS_GRPC_CLIENT_CONN,   /* address of the ClientConn */
};

/* Whether neither side streams, by the StreamDesc. When in doubt it is a stream, which costs a little more. */
static __always_inline u64 ns_is_unary(const struct ns_hit *hit, u64 desc)
{
	const struct ns_grpc_params *params = &hit->binary->grpc;
	u8 server = 0, client = 0;

	if (bpf_probe_read_user(&server, 1, (const void *)(desc + params->desc_server_streams_off)) ||
	    bpf_probe_read_user(&client, 1, (const void *)(desc + params->desc_client_streams_off))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	return !server && !client;
}

static __always_inline void ns_grpc_client_start(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
						 const struct ns_object_key *key)
{
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_GRPC_CLIENT);
	struct ns_strings strings = {.op = op, .fixed = NS_GRPC_CLIENT_FIXED, .room = NS_STRINGS_BYTES};
	const struct ns_grpc_params *params = &hit->binary->grpc;
	struct go_iface context = {.itab = go_arg1(ctx), .data = go_arg2(ctx)};
	struct go_string method = {.data = go_arg5(ctx), .bytes = go_arg6(ctx)};
	struct go_string target = {};

	op->stack_pointer = go_stack_pointer(ctx);
	if (!ns_join_trace(work, hit, &op->header, context, key->addr)) {
		ns_outgoing_begin(work, hit, NS_OBJECT_OUTGOING_GRPC, key->addr, op);
		return;
	}
	op->memo[NS_GRPC_CLIENT_UNARY] = ns_is_unary(hit, go_arg3(ctx));
	op->memo[NS_GRPC_CLIENT_DESC] = go_arg3(ctx);
	op->memo[NS_GRPC_CLIENT_CONN] = go_arg4(ctx);
	if ((params->present & NS_GRPC_PARAM_TARGET) &&
	    bpf_probe_read_user(&target, sizeof(target), (const void *)(go_arg4(ctx) + params->conn_target_off))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		target.bytes = 0;
	}
	ns_append(strings, NS_GRPC_METHOD, method, NS_GRPC_MAX_METHOD);
	ns_append(strings, NS_GRPC_TARGET, target, NS_GRPC_MAX_TARGET);
	ns_op_keep(op, key, NS_GRPC_MAX_MESSAGE);
}

SEC("uprobe")
int grpc_client_start(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_GRPC_CLIENT, go_current_g(ctx));
	work = ns_op_begin(&hit, &key);
	if (!work)
		return 0;
	ns_grpc_client_start(ctx, work, &hit, &key);
	ns_scratch_release(work);
	return 0;
}

/* The status that the call ended with, or else what is known of the error. */
static __always_inline void ns_grpc_read_end(const struct ns_hit *hit, struct ns_strings strings, struct go_iface error)
{
	struct ns_grpc_record *record = ns_op_record(strings.op, ns_grpc_record);
	const struct ns_grpc_params *params = &hit->binary->grpc;
	const u64 bias = hit->params->load_bias;
	struct ns_grpc_status status = {.known = 1};
	struct ns_error seen = {};
	u64 status_addr = 0;

	if (error.itab) {
		seen = ns_look_into_error(hit, error);
		error = seen.cause;
	}
	if (error.itab == params->status_error_itab_vaddr + bias) {
		if (ns_read_u64(&status_addr, error.data + params->error_status_off)) {
			ns_count(NS_LOSS_FIELD_UNREADABLE);
			status.known = 0;
		} else if (params->present & NS_GRPC_PARAM_ERROR_PROTO) {
			status = ns_read_grpc_proto(hit, status_addr);
		} else {
			status = ns_read_grpc_status(hit, status_addr);
		}
	} else if (error.itab) {
		record->present |= NS_GRPC_FAILED;
		record->error_type_vaddr = ns_error_type(hit, error);
		status.known = 0;
		status.message = seen.text;
	}
	if (status.known) {
		record->present |= NS_GRPC_HAS_CODE;
		record->code = status.code;
	}
	ns_append(strings, NS_GRPC_MESSAGE, status.message, NS_GRPC_MAX_MESSAGE);
}

/* The address that the last attempt was sent to. */
static __always_inline void ns_grpc_read_client_peer(const struct ns_hit *hit, u64 stream,
						     struct ns_socket_address *out)
{
	const struct ns_grpc_params *params = &hit->binary->grpc;
	struct go_iface transport = {};
	u64 attempt = 0;

	if (!(params->present & NS_GRPC_PARAM_CLIENT_PEER))
		return;
	if (ns_read_u64(&attempt, stream + params->stream_attempt_off) ||
	    (attempt && ns_read_iface(&transport, attempt + params->attempt_transport_off))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	if (transport.itab && transport.itab == params->http2_client_itab_vaddr + hit->params->load_bias)
		ns_read_grpc_peer(hit, transport.data + params->client_peer_off, out);
}

/* Ends what is in flight under the key, if anything. `stream`: 0 when there is none. */
static __always_inline void ns_grpc_client_end(struct ns_scratch *work, const struct ns_hit *hit,
					       const struct ns_object_key *key, struct go_iface error, u64 stream)
{
	struct ns_strings strings = {.fixed = NS_GRPC_CLIENT_FIXED, .room = NS_STRINGS_BYTES};

	strings.op = ns_op_take(work, key);
	if (!strings.op)
		return;
	ns_grpc_read_end(hit, strings, error);
	if (stream)
		ns_grpc_read_client_peer(hit, stream, &ns_op_record(strings.op, ns_grpc_record)->peer);
	ns_op_finish(strings);
}

/* Keeps the goroutine's operation by its stream from now on. */
static __always_inline void ns_grpc_client_bind(const struct ns_hit *hit, const struct ns_object_key *key, u64 stream)
{
	struct ns_object_key stream_key = ns_object(hit, NS_OBJECT_GRPC_STREAM, stream);
	struct ns_scratch *work = ns_scratch_take();
	struct ns_operation *op;

	if (!work)
		return;
	op = ns_op_take(work, key);
	if (op) {
		op->memo[NS_GRPC_CLIENT_STREAM] = stream;
		ns_op_keep(op, &stream_key, NS_GRPC_MAX_MESSAGE);
	}
	ns_scratch_release(work);
}

/* Whether the clientStream at `stream` is that of the operation: it has the same description and connection. */
static __always_inline int ns_grpc_is_stream_of(const struct ns_hit *hit, const struct ns_operation *op, u64 stream)
{
	const struct ns_grpc_params *params = &hit->binary->grpc;
	u64 desc = 0, conn = 0;

	if (op->memo[NS_GRPC_CLIENT_STREAM])
		return op->memo[NS_GRPC_CLIENT_STREAM] == stream;
	return !ns_read_u64(&desc, stream + params->stream_desc_off) && desc == op->memo[NS_GRPC_CLIENT_DESC] &&
	       !ns_read_u64(&conn, stream + params->stream_conn_off) && conn == op->memo[NS_GRPC_CLIENT_CONN];
}

/* What the closure captures: ClientConn, context and clientStream, in an order that is the compiler's. */
#define NS_GRPC_CAPTURED_WORDS 5

SEC("uprobe")
int grpc_client_watched(struct go_regs *ctx)
{
	u64 captured[NS_GRPC_CAPTURED_WORDS] = {};
	struct ns_operation *op;
	struct ns_hit hit = {};
	struct ns_object_key key;
	u64 stream = 0;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_GRPC_CLIENT, go_current_g(ctx));
	op = ns_op_find(&key);
	if (!op)
		return 0;
	/* Behind the address of its code. */
	if (bpf_probe_read_user(captured, sizeof(captured), (const void *)(go_arg1(ctx) + 8))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
#pragma unroll
	for (u32 i = 0; i < NS_GRPC_CAPTURED_WORDS; i++) {
		if (!stream && captured[i] && ns_grpc_is_stream_of(&hit, op, captured[i]))
			stream = captured[i];
	}
	if (stream)
		ns_grpc_client_bind(&hit, &key, stream);
	else
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return 0;
}

SEC("uprobe")
int grpc_client_created(struct go_regs *ctx)
{
	struct go_iface error = {};
	struct ns_operation *op;
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;
	u64 stream;

	/* Another caller: a panic, after which the goroutine's next operation takes the place of this one. */
	if (ns_hit_begin(ctx, &hit) || hit.other_caller)
		return 0;
	work = ns_scratch_take();
	if (!work)
		return 0;
	go_copy_registers(ctx, work->registers);
	stream = ns_result(ctx, &hit, work, 1);
	error.itab = ns_result(ctx, &hit, work, 2);
	error.data = ns_result(ctx, &hit, work, 3);
	key = ns_object(&hit, NS_OBJECT_GRPC_CLIENT, go_current_g(ctx));
	if (error.itab)
		ns_grpc_client_end(work, &hit, &key, error, 0);
	ns_scratch_release(work);
	if (error.itab)
		return 0;
	op = ns_op_find(&key);
	if (op && op->memo[NS_GRPC_CLIENT_UNARY])
		op->memo[NS_GRPC_CLIENT_STREAM] = stream;
	else if (op)
		ns_grpc_client_bind(&hit, &key, stream);
	return 0;
}

SEC("uprobe")
int grpc_client_refused(struct go_regs *ctx)
{
	struct go_iface error = {};
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;

	if (ns_hit_begin(ctx, &hit) || hit.other_caller)
		return 0;
	work = ns_scratch_take();
	if (!work)
		return 0;
	go_copy_registers(ctx, work->registers);
	error.itab = ns_result(ctx, &hit, work, 2);
	error.data = ns_result(ctx, &hit, work, 3);
	key = ns_object(&hit, NS_OBJECT_GRPC_CLIENT, go_current_g(ctx));
	if (error.itab)
		ns_grpc_client_end(work, &hit, &key, error, 0);
	ns_scratch_release(work);
	return 0;
}

SEC("uprobe")
int grpc_client_finish(struct go_regs *ctx)
{
	struct ns_operation *own;
	struct go_iface error;
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;
	u64 stream;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	stream = go_arg1(ctx);
	error.itab = go_arg2(ctx);
	error.data = go_arg3(ctx);
	/* The goroutine's own call: a unary one, or one whose stream is being created. */
	key = ns_object(&hit, NS_OBJECT_GRPC_CLIENT, go_current_g(ctx));
	own = ns_op_find(&key);
	if (!own || !ns_grpc_is_stream_of(&hit, own, stream))
		key = ns_object(&hit, NS_OBJECT_GRPC_STREAM, stream);
	work = ns_scratch_take();
	if (!work)
		return 0;
	ns_grpc_client_end(work, &hit, &key, error, stream);
	ns_scratch_release(work);
	return 0;
}
