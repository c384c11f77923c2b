/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * grpc_server: calls and streams served by google.golang.org/grpc over its own HTTP/2 transport, two hits each. Emits
 * NS_RECORD_GRPC_SERVER.
 *
 * Start: grpc.(*Server).handleStream(s *Server, t transport.ServerTransport, stream *transport.ServerStream, ...): AX
 * is s, BX and CX t, DI stream (*transport.Stream before 1.69). It runs on a goroutine of the stream's own, or of a
 * worker. The metadata is in the stream's context already (internal/transport/http2_server.go, operateHeaders), so the
 * frame of the headers costs no hit.
 *
 * End: transport.(*http2Server).writeStatus(t, stream, st *status.Status): BX is stream, CX st. A stream that fails in
 * the middle writes a status as well (stream.go, SendMsg and RecvMsg), so a hit is the end only when the caller is one
 * of the functions that finish a call (server.go, enum ns_grpc_end_caller), whose arguments lead to the service. Same
 * goroutine as the start. A handler that
 * panics ends the process, and runtime.Goexit leaves the operation to the next one of its goroutine.
 */
#include "bpf/emit/exclusions.bpf.h"
#include "bpf/emit/operation.bpf.h"
#include "bpf/emit/parents.bpf.h"
#include "bpf/emit/remote_parent.bpf.h"
#include "bpf/extract/grpc_values.bpf.h"

#define NS_GRPC_FIXED sizeof(struct ns_grpc_record)

/* ns_operation.memo */
enum ns_grpc_server_memo {
	NS_GRPC_SERVER_STREAM, /* address of what handleStream was given */
	NS_GRPC_SERVER_GOID,   /* number of the goroutine, when the span was noted as a parent */
};

/* Contexts around the one that has the metadata: those of a tap handle, a stats handler, peer and statistics. */
#define NS_GRPC_METADATA_DEPTH 8

/* Address of the map behind the metadata.MD of the stream's context, 0 when there is none. */
static __always_inline u64 ns_find_metadata(const struct ns_hit *hit, struct go_iface context)
{
	const struct ns_grpc_params *params = &hit->binary->grpc;
	const u64 bias = hit->params->load_bias;

	for (u32 depth = 0; depth < NS_GRPC_METADATA_DEPTH; depth++) {
		struct go_iface value = {}; /* of type any: its first word is the type itself */

		if (context.itab != params->value_ctx_itab_vaddr + bias)
			return 0;
		if (ns_read_iface(&value, context.data + params->value_ctx_val_off))
			break;
		/* Outgoing metadata has a type of its own (metadata.go, rawMD). */
		if (value.itab == params->metadata_type_vaddr + bias)
			return value.data;
		if (ns_read_iface(&context, context.data + params->value_ctx_parent_off))
			break;
	}
	ns_count(NS_LOSS_FIELD_UNREADABLE);
	return 0;
}

/* What the span takes from the stream. */
struct ns_grpc_stream {
	struct go_iface context;
	struct go_string method;
};

static __always_inline int ns_read_grpc_stream(const struct ns_hit *hit, u64 addr, struct ns_grpc_stream *stream)
{
	const struct ns_grpc_params *params = &hit->binary->grpc;

	addr += params->server_stream_off;
	if ((params->present & NS_GRPC_PARAM_STREAM_POINTER) && ns_read_u64(&addr, addr))
		return -1;
	if (ns_read_iface(&stream->context, addr + params->stream_ctx_off))
		return -1;
	return bpf_probe_read_user(&stream->method, sizeof(stream->method),
				   (const void *)(addr + params->stream_method_off));
}

static __always_inline void ns_grpc_server_start(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
						 const struct ns_object_key *key)
{
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_GRPC_SERVER);
	struct ns_strings strings = {.op = op, .fixed = NS_GRPC_FIXED, .room = NS_STRINGS_BYTES};
	const struct ns_grpc_params *params = &hit->binary->grpc;
	struct ns_grpc_stream stream = {};
	struct go_string user_agent = {};
	u8 parent_flags = 0;
	int has_parent, admitted;

	ns_headers_begin(work, 0);
	op->memo[NS_GRPC_SERVER_STREAM] = go_arg4(ctx);
	if (ns_read_grpc_stream(hit, op->memo[NS_GRPC_SERVER_STREAM], &stream)) {
		ns_count(NS_LOSS_READ_FAILED);
		return;
	}
	if (params->present & NS_GRPC_PARAM_METADATA)
		ns_collect_headers(work, hit, NS_METADATA_MAP, ns_find_metadata(hit, stream.context));
	has_parent = ns_read_parent(work, hit, &parent_flags) == 0;
	if (!has_parent) {
		ns_new_trace_id(op->header.trace_id);
		*(u64 *)op->header.parent_span_id = 0;
	}
	admitted = ns_admit_request(work, hit, &op->header, has_parent, parent_flags, stream.method, &user_agent);
	op->header.flags = has_parent ? NS_SPAN_REMOTE_PARENT : 0;
	if (hit->binary->has_client_ops) {
		op->memo[NS_GRPC_SERVER_GOID] = ns_read_goid(hit, key->addr);
		ns_note_parents(work, hit, &op->header, op->memo[NS_GRPC_SERVER_GOID], key->addr, stream.context);
	}
	if (!admitted)
		return;
	if (params->present & NS_GRPC_PARAM_SERVER_PEER)
		ns_read_grpc_peer(hit, go_arg3(ctx) + params->server_peer_off, &ns_op_record(op, ns_grpc_record)->peer);
	ns_append(strings, NS_GRPC_METHOD, stream.method, NS_GRPC_MAX_METHOD);
	ns_append_header(work, strings, NS_GRPC_TARGET, NS_HEADER_AUTHORITY, NS_GRPC_MAX_TARGET);
	ns_append_captured(work, NS_METADATA_MAP, NS_GRPC_CAPTURED);
	if (has_parent)
		ns_append_tracestate(work, strings, NS_GRPC_TRACESTATE);
	ns_op_keep(op, key, NS_GRPC_MAX_MESSAGE);
}

SEC("uprobe")
int grpc_server_start(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	ns_count(NS_COUNT_OPS_STARTED);
	if (go_arg2(ctx) != hit.binary->grpc.http2_server_itab_vaddr + hit.params->load_bias) {
		ns_count(NS_LOSS_UNKNOWN_WRITER);
		return 0;
	}
	if (!hit.binary->has_client_ops && ns_leaves_out_all(hit.params))
		return 0;
	key = ns_object(&hit, NS_OBJECT_GRPC_SERVER, go_current_g(ctx));
	ns_op_supersede(&key);
	work = ns_scratch_take();
	if (!work)
		return 0;
	ns_grpc_server_start(ctx, work, &hit, &key);
	ns_scratch_release(work);
	return 0;
}

/* Who writes the status: enum ns_grpc_end_caller, or NS_GRPC_CALLER_COUNT for anyone else. */
static __always_inline u32 ns_grpc_end_caller(struct go_regs *ctx, const struct ns_hit *hit)
{
	u64 caller = 0;

	if (go_read_return_address(ctx, &caller)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return NS_GRPC_CALLER_COUNT;
	}
	caller -= hit->params->load_bias;
#pragma unroll
	for (u32 i = 0; i < NS_GRPC_CALLER_COUNT; i++) {
		const struct ns_code_range *range = &hit->binary->grpc.end_callers[i];

		if (caller - range->vaddr < range->bytes)
			return i;
	}
	return NS_GRPC_CALLER_COUNT;
}

#if defined(__TARGET_ARCH_x86)
/* Type of the value that implements the service of the call. The functions that finish a call were given it right
 * behind the stream, so the stream tells where it is among their arguments; whether those are kept in memory is known
 * of each function. At the start of a callee the frame pointer is still the caller's: the slots of arguments lie above
 * it, the return address, and the frame pointer that it saved. */
static __always_inline u64 ns_grpc_service_type(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
						u32 caller, u64 stream)
{
	const struct ns_grpc_params *params = &hit->binary->grpc;
	const u64 *arguments = (const u64 *)work->window;
	u64 info = 0, type = 0;
	u32 slots;

	if (caller > NS_GRPC_CALLER_RPC || !(params->present & NS_GRPC_PARAM_SERVICE))
		return 0;
	slots = params->argument_slots[caller];
	if (!slots || bpf_probe_read_user(work->window, NS_GRPC_ARGUMENT_WORDS * sizeof(u64),
					  (const void *)(go_frame_pointer(ctx) + 2 * sizeof(u64))))
		return 0;
#pragma unroll
	for (u32 i = 0; i + 1 < NS_GRPC_ARGUMENT_WORDS; i++) {
		if ((slots >> i & 3) == 3 && arguments[i] == stream)
			info = arguments[i + 1];
	}
	if (!info || ns_read_u64(&type, info + params->service_impl_off) || !type)
		return 0;
	return type - hit->params->load_bias;
}
#else
static __always_inline u64 ns_grpc_service_type(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
						u32 caller, u64 stream)
{
	return 0; /* the frame pointer is at the other end of the frame */
}
#endif

/* Completes the record of the operation and submits it. */
static __always_inline void ns_grpc_server_finish(struct go_regs *ctx, struct ns_scratch *work, struct ns_operation *op,
						  const struct ns_hit *hit, u32 caller)
{
	struct ns_strings strings = {.op = op, .fixed = NS_GRPC_FIXED, .room = NS_STRINGS_BYTES};
	struct ns_grpc_record *record = ns_op_record(op, ns_grpc_record);
	struct ns_grpc_status status = ns_read_grpc_status(hit, go_arg3(ctx));

	if (status.known) {
		record->present |= NS_GRPC_HAS_CODE;
		record->code = status.code;
	}
	if (caller == NS_GRPC_CALLER_HANDLE || caller == NS_GRPC_CALLER_MALFORMED)
		record->present |= NS_GRPC_UNREGISTERED;
	record->service_type_vaddr = ns_grpc_service_type(ctx, work, hit, caller, op->memo[NS_GRPC_SERVER_STREAM]);
	ns_append(strings, NS_GRPC_MESSAGE, status.message, NS_GRPC_MAX_MESSAGE);
	if (op->memo[NS_GRPC_SERVER_GOID])
		ns_close_parents(hit, op->memo[NS_GRPC_SERVER_GOID]);
	ns_op_finish(strings);
}

SEC("uprobe")
int grpc_server_end(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;
	struct ns_operation *op;
	u32 caller;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	caller = ns_grpc_end_caller(ctx, &hit);
	if (caller == NS_GRPC_CALLER_COUNT)
		return 0;
	work = ns_scratch_take();
	if (!work)
		return 0;
	key = ns_object(&hit, NS_OBJECT_GRPC_SERVER, go_current_g(ctx));
	op = ns_op_take(work, &key);
	if (!op) {
		/* Not sampled. */
		if (hit.binary->has_client_ops)
			ns_close_parents(&hit, ns_read_goid(&hit, key.addr));
	} else if (op->memo[NS_GRPC_SERVER_STREAM] == go_arg2(ctx)) {
		ns_grpc_server_finish(ctx, work, op, &hit, caller);
	} else {
		ns_count(NS_LOSS_SUPERSEDED);
	}
	ns_scratch_release(work);
	return 0;
}
