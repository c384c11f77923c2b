/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * propagate_grpc: calls of google.golang.org/grpc clients carry the trace on in a metadata field traceparent, of the
 * client's span. Loaded and writing as propagate_http.
 *
 * Fields: the call of (*controlBuffer).executeAndPut(c, f func() bool, it cbItem) in (*http2Client).NewStream of
 * grpc/internal/transport, on the goroutine of the call: DI is the data of `it`, a frame with the slice of header
 * fields that will be encoded. Made again while the connection has no room for a stream. The span is noted under the
 * address of the first field, unless the program has set a traceparent itself.
 *
 * Write: behind the call of (*http2.Framer).WriteHeaders in (*loopyWriter).writeHeader(l, streamID, endStream, hf,
 * ...), on the goroutine that writes to the connection; l and the address of the fields are in their places on the
 * stack. The frame, whose block has as many bytes as were taken from l.hBuf, is the last thing in the buffer of
 * l.framer.writer, and gets one field more. Servers write their answers here as well, whose fields are not noted.
 */
#include "bpf/emit/buffered_writer.bpf.h"
#include "bpf/emit/outgoing.bpf.h"

#define NS_GRPC_MAX_FIELDS 48

/* 1: a field is called traceparent; 0: none is; -1: it cannot be told. A function of its own, verified once. */
__noinline int ns_fields_have_traceparent(u32 binary_slot, u64 fields, u64 count)
{
	const struct ns_binary_params *binary = bpf_map_lookup_elem(&binaries, &binary_slot);
	struct go_string name = {};

	if (!binary || count > NS_GRPC_MAX_FIELDS)
		return -1;
	fields += binary->propagation.field_name_off;
	for (u32 i = 0; i < NS_GRPC_MAX_FIELDS && i < count; i++) {
		if (bpf_probe_read_user(&name, sizeof(name),
					(const void *)(fields + i * binary->propagation.field_bytes)))
			return -1;
		if (name.bytes == sizeof("traceparent") - 1 &&
		    ns_match_header(name.data, name.bytes) == 1 + NS_HEADER_TRACEPARENT)
			return 1;
	}
	return 0;
}

/* Whether the fields are to carry the scratch span on; what becomes of those that are not is counted. */
static __always_inline int ns_are_propagated(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
					     struct go_slice fields)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_GRPC_CLIENT, go_current_g(ctx));
	int has_own;

	if (ns_outgoing_find(ctx, work, hit, ns_op_find(&key), NS_OBJECT_OUTGOING_GRPC))
		return 0;
	has_own = ns_fields_have_traceparent(hit->binary_slot, fields.data, fields.count);
	if (has_own)
		ns_count(has_own < 0 ? NS_LOSS_PROPAGATION_UNSEEN : NS_COUNT_PROPAGATION_KEPT);
	return !has_own;
}

static __always_inline void ns_propagate_fields(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit)
{
	struct go_slice fields = {};

	if (bpf_probe_read_user(&fields, sizeof(fields),
				(const void *)(go_arg4(ctx) + hit->binary->propagation.frame_fields_off))) {
		ns_count(NS_LOSS_PROPAGATION_UNWRITABLE);
		return;
	}
	if (ns_are_propagated(ctx, work, hit, fields))
		ns_outgoing_note(work, hit, NS_OBJECT_OUTGOING_FIELDS, fields.data);
	else
		ns_outgoing_forget(hit, NS_OBJECT_OUTGOING_FIELDS, fields.data);
}

SEC("uprobe")
int propagate_grpc_fields(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_scratch *work;

	work = ns_hit_begin_work(ctx, &hit);
	if (!work)
		return 0;
	ns_propagate_fields(ctx, work, &hit);
	ns_scratch_release(work);
	return 0;
}

/* What the writer of a connection holds (grpc/internal/transport/http_util.go, type bufWriter); -1 when it has no
 * buffer. */
static __always_inline int ns_read_batch(const struct ns_propagation_params *params, u64 loopy, struct ns_buffered *out)
{
	u64 framer = 0, writer = 0, buf;

	if (ns_read_u64(&framer, loopy + params->loopy_framer_off) ||
	    ns_read_u64(&writer, framer + params->framer_writer_off))
		return -1;
	buf = writer + params->batch_buf_off;
	if (params->batch_buf_is_pointer && (ns_read_u64(&buf, buf) || !buf))
		return -1;
	out->n_addr = writer + params->batch_n_off;
	if (bpf_probe_read_user(&out->buf, sizeof(out->buf), (const void *)buf) || ns_read_u64(&out->n, out->n_addr))
		return -1;
	/* It is never full: its Write flushes before. */
	return out->n < out->buf.count ? 0 : -1;
}

static __always_inline void ns_propagate_frame(struct ns_scratch *work, const struct ns_propagation_params *params,
					       u64 loopy)
{
	struct ns_buffered batch = {};
	u64 block = 0, block_bytes = 0, frame_bytes;

	if (ns_read_batch(params, loopy, &batch) || ns_read_u64(&block, loopy + params->loopy_block_off) ||
	    ns_read_u64(&block_bytes, block + params->block_read_off)) {
		ns_count(NS_LOSS_PROPAGATION_NO_ROOM);
		return;
	}
	batch.buf.count--; /* for the same reason */
	frame_bytes = NS_FRAME_HEADER_BYTES + block_bytes;
	ns_propagate_field(work, &batch, frame_bytes <= batch.n ? batch.buf.data + batch.n - frame_bytes : 0);
}

SEC("uprobe")
int propagate_grpc_write(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_scratch *work;

	work = ns_hit_begin_work(ctx, &hit);
	if (!work)
		return 0;
	go_copy_registers(ctx, work->registers);
	if (!ns_outgoing_take(work, &hit, NS_OBJECT_OUTGOING_FIELDS, ns_result(ctx, &hit, work, NS_PROPAGATE_FIELDS)) &&
	    !ns_result(ctx, &hit, work, NS_PROPAGATE_ERROR))
		ns_propagate_frame(work, &hit.binary->propagation, ns_result(ctx, &hit, work, NS_PROPAGATE_WRITER));
	ns_scratch_release(work);
	return 0;
}
