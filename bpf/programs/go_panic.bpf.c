/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * go_panic: panics on goroutines that have a traced operation open. Emits NS_RECORD_PANIC, and the record of an
 * operation that will not see its end. One hit a panic, none in a program that does not panic.
 *
 * Begin: runtime.gopanic(e any): AX and BX are e, its type and its data. Every panic comes through here, recovered or
 * not: those of the program, and those that the runtime makes of its own errors and of signals (runtime/panic.go,
 * signal_unix.go). The stack is walked by frame pointers, which Go keeps on amd64 and arm64; a function without a frame
 * of its own that was interrupted by a signal hides its caller.
 *
 * Fatal: the call of runtime.fatalpanic in gopanic: nobody has recovered, and the process ends. What is open on the
 * goroutine ends here; what other goroutines have open is abandoned.
 */
#include "bpf/emit/operation.bpf.h"
#include "bpf/extract/go_error.bpf.h"

#define NS_PANIC_OPERATIONS 8 /* that end with their process: one of each kind, and those within them */
#define NS_PANIC_FIXED sizeof(struct ns_panic_record)

NS_ASSERT(NS_PANIC_MAX_FRAMES * sizeof(u64) + NS_PANIC_MAX_TEXT <= NS_STRINGS_BYTES);

/* The operation that the goroutine is in: the innermost one of the first kind that has any. Clients come first, as they
 * run within servers. Sets the key's kind and depth. */
static __always_inline struct ns_operation *ns_panic_operation(struct ns_object_key *key)
{
	const u32 kinds[] = {NS_OBJECT_REDIS,	    NS_OBJECT_MONGO,	    NS_OBJECT_PGX,
			     NS_OBJECT_SQL,	    NS_OBJECT_HTTP2_CLIENT, NS_OBJECT_HTTP_CLIENT,
			     NS_OBJECT_GRPC_CLIENT, NS_OBJECT_KAFKA_SEND,   NS_OBJECT_GRPC_SERVER,
			     NS_OBJECT_HTTP_SERVER, NS_OBJECT_KAFKA_PROCESS};

#pragma unroll
	for (u32 i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct ns_operation *op;

		key->kind = kinds[i];
		key->depth = 0;
		op = ns_op_find(key);
		if (!op)
			continue;
		if (op->inner) {
			struct ns_operation *inner;

			key->depth = op->inner;
			inner = ns_op_find(key);
			if (inner)
				return inner;
			key->depth = 0;
		}
		return op;
	}
	return NULL;
}

/* Appends the return addresses of the stack, as linked, innermost first. `op` is the scratch operation, and they are
 * its first string. */
static __always_inline void ns_append_frames(struct go_regs *ctx, const struct ns_hit *hit, struct ns_operation *op)
{
	u64 bounds[2] = {}; /* g.stack: lo, hi */
	struct {
		u64 outer, return_address;
	} frame = {};
	u64 frames = 1;

	if (go_read_return_address(ctx, (u64 *)ns_op_strings(op, NS_PANIC_FIXED)) ||
	    bpf_probe_read_user(bounds, sizeof(bounds), (const void *)go_current_g(ctx))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	*(u64 *)ns_op_strings(op, NS_PANIC_FIXED) -= hit->params->load_bias;
	frame.outer = go_frame_pointer(ctx);
#pragma unroll
	for (u32 i = 1; i < NS_PANIC_MAX_FRAMES; i++) {
		const u64 addr = frame.outer;

		if (addr - bounds[0] >= bounds[1] - bounds[0] ||
		    bpf_probe_read_user(&frame, sizeof(frame), (const void *)addr) || !frame.return_address)
			break;
		((u64 *)ns_op_strings(op, NS_PANIC_FIXED))[i] = frame.return_address - hit->params->load_bias;
		frames = i + 1;
		if (frame.outer <= addr)
			break;
	}
	op->header.string_bytes[NS_PANIC_FRAMES] = frames * sizeof(u64);
	op->strings_bytes = frames * sizeof(u64);
}

static __always_inline void ns_panic_report(struct go_regs *ctx, const struct ns_hit *hit, struct ns_scratch *work,
					    const struct ns_operation *within, u64 g_addr)
{
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_PANIC);
	struct ns_panic_record *record = ns_op_record(op, ns_panic_record);
	struct ns_strings strings = {.op = op, .fixed = NS_PANIC_FIXED, .room = NS_STRINGS_BYTES};
	struct go_string text = {};
	u64 type = go_arg1(ctx), data = go_arg2(ctx);

	__builtin_memcpy(op->header.trace_id, within->header.trace_id, sizeof(op->header.trace_id));
	__builtin_memcpy(op->header.span_id, within->header.span_id, sizeof(op->header.span_id));
	record->load_bias = hit->params->load_bias;
	if (type)
		record->type_vaddr = type - hit->params->load_bias;
	if (hit->binary->go.present & NS_GO_PARAM_GOID)
		(void)ns_read_u64(&record->goid, g_addr + hit->binary->go.g_goid_off);
	ns_append_frames(ctx, hit, op);
	/* Which of these means something is for those to say who know the type: it may be a string, or have one first.
	 */
	if (data && !bpf_probe_read_user(record->value, sizeof(record->value), (const void *)data))
		record->value_bytes = sizeof(record->value);
	else if (data && !bpf_probe_read_user(record->value, sizeof(text), (const void *)data))
		record->value_bytes = sizeof(text);
	else if (data && !bpf_probe_read_user(record->value, sizeof(u64), (const void *)data))
		record->value_bytes = sizeof(u64);
	if (record->value_bytes >= sizeof(text)) {
		__builtin_memcpy(&text, record->value, sizeof(text));
		if (ns_try_append(strings, NS_PANIC_TEXT, text, NS_PANIC_MAX_TEXT))
			op->header.strings_cut = 0;
	}
	ns_op_finish(strings);
}

SEC("uprobe")
int go_panic_begin(struct go_regs *ctx)
{
	const struct ns_operation *within;
	struct ns_scratch *work;
	struct ns_hit hit = {};
	struct ns_object_key key;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_SQL, go_current_g(ctx));
	within = ns_panic_operation(&key);
	if (!within) {
		ns_count(NS_COUNT_PANICS_OUTSIDE);
		return 0;
	}
	work = ns_scratch_take();
	if (!work)
		return 0;
	ns_panic_report(ctx, &hit, work, within, key.addr);
	ns_scratch_release(work);
	return 0;
}

/* Marks the operation as one that a panic has ended. Returns the bytes of its record before the strings, 0 for none. */
static __always_inline u64 ns_mark_panicked(struct ns_operation *op)
{
	switch (op->header.type) {
	case NS_RECORD_HTTP_SERVER:
		ns_op_record(op, ns_http_server_record)->outcome = NS_HTTP_PANICKED;
		return sizeof(struct ns_http_server_record);
	case NS_RECORD_HTTP_CLIENT:
		ns_op_record(op, ns_http_client_record)->present |= NS_CLIENT_FAILED | NS_CLIENT_PANICKED;
		return sizeof(struct ns_http_client_record);
	case NS_RECORD_DATABASE:
		ns_op_record(op, ns_database_record)->present |= NS_DB_FAILED | NS_DB_PANICKED;
		return sizeof(struct ns_database_record);
	case NS_RECORD_GRPC_SERVER:
	case NS_RECORD_GRPC_CLIENT:
		ns_op_record(op, ns_grpc_record)->present |= NS_GRPC_PANICKED;
		return sizeof(struct ns_grpc_record);
	case NS_RECORD_KAFKA:
		ns_op_record(op, ns_kafka_record)->present |= NS_KAFKA_FAILED | NS_KAFKA_PANICKED;
		return sizeof(struct ns_kafka_record);
	}
	return 0;
}

/* Submits an operation that ends here. */
static __always_inline void ns_fatal_submit(struct ns_operation *op)
{
	u64 bytes = ns_mark_panicked(op) + *(volatile u64 *)&op->strings_bytes;

	op->header.size_bytes = bytes;
	op->header.end_mono_ns = bpf_ktime_get_ns();
	barrier_var(bytes);
	if (bytes > NS_RECORD_MAX_FIXED_BYTES + NS_STRINGS_BYTES)
		return;
	ns_emit(&op->header, bytes, op->header.span_id[7]);
}

SEC("uprobe")
int go_panic_fatal(struct go_regs *ctx)
{
	struct ns_scratch *work;
	struct ns_hit hit = {};
	struct ns_object_key key;

	work = ns_hit_begin_work(ctx, &hit);
	if (!work)
		return 0;
	key = ns_object(&hit, NS_OBJECT_SQL, go_current_g(ctx));
	/* Each turn takes the innermost one, until there are none. */
	for (u32 i = 0; i < NS_PANIC_OPERATIONS; i++) {
		struct ns_operation *op;

		if (!ns_panic_operation(&key))
			break;
		op = ns_op_take(work, &key);
		if (op)
			ns_fatal_submit(op);
		if (key.depth) {
			key.depth = 0;
			op = ns_op_find(&key);
			if (op)
				op->inner--;
		}
	}
	ns_scratch_release(work);
	return 0;
}
