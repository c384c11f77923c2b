/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a server operation takes from the headers of its request: the caller's span, its tracestate, any other text. */
#ifndef NODESPAN_REMOTE_PARENT_H
#define NODESPAN_REMOTE_PARENT_H

#include "bpf/emit/operation.bpf.h"
#include "bpf/emit/sampling.bpf.h"
#include "bpf/extract/http_headers.bpf.h"
#include "bpf/extract/ot_tracestate.bpf.h"
#include "bpf/extract/traceparent.bpf.h"

/* The first value of a header, empty when there is none. */
static __always_inline struct go_string ns_header_value(const struct ns_scratch *work, enum ns_http_header header)
{
	struct go_string value = {};

	if (work->headers[header].count && ns_read_header(work, header, 0, &value))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return value;
}

/* Appends the first value of a header. */
static __always_inline void ns_append_header(struct ns_scratch *work, struct ns_strings strings, u32 which,
					     enum ns_http_header header, const u64 max)
{
	ns_append(strings, which, ns_header_value(work, header), max);
}

/* Appends one value of a header that the user asked for. Numbers are compared right before their use, as in
 * ns_try_append(). */
static __always_inline void ns_append_captured_value(struct ns_strings to, u8 name, struct go_string value)
{
	struct ns_captured_item item = {.name = name, .cut = value.bytes > NS_CAPTURED_MAX_VALUE};
	struct ns_operation *op = to.op;
	u64 bytes = value.bytes;
	u64 off;

	if (bytes > NS_CAPTURED_MAX_VALUE)
		bytes = NS_CAPTURED_MAX_VALUE;
	item.value_bytes = bytes;
	off = *(volatile u64 *)&op->strings_bytes;
	if (off > to.room - sizeof(item))
		return;
	__builtin_memcpy(ns_op_strings(op, to.fixed) + off, &item, sizeof(item));
	off = *(volatile u64 *)&op->strings_bytes + sizeof(item);
	barrier_var(off);
	barrier_var(bytes);
	if (off > to.room - NS_CAPTURED_MAX_VALUE || bytes > NS_CAPTURED_MAX_VALUE ||
	    bpf_probe_read_user(ns_op_strings(op, to.fixed) + off, bytes, (const void *)value.data)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	*(volatile u64 *)&op->strings_bytes += sizeof(item) + *(volatile u16 *)&item.value_bytes;
}

/*
 * Appends one value of those headers to the scratch operation; 0 when there is no room for more. `which` is the map
 * that they were found in, `index` counts the values of all headers, `begin` is where the first one stands. A function
 * of its own: with few numbers in it, none is moved to the stack and back, and the walk is verified once.
 */
__noinline int ns_captured_step(u32 which, u32 index, u32 begin, u32 scratch_slot)
{
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);
	u32 name = index / NS_CAPTURED_VALUES % NS_CAPTURED_NAMES, place = index % NS_CAPTURED_VALUES;
	struct ns_operation *op;
	struct go_string value = {};

	if (!work || place >= work->headers[NS_HEADER_CAPTURED + name].count)
		return 1;
	op = &work->operation.op;
	if (op->strings_bytes - begin > NS_CAPTURED_MAX_BYTES - sizeof(struct ns_captured_item) - NS_CAPTURED_MAX_VALUE)
		return 0;
	if (ns_read_header(work, NS_HEADER_CAPTURED + name, place, &value)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 1;
	}
	if (which == NS_METADATA_MAP) {
		struct ns_strings metadata = {
			.op = op, .fixed = sizeof(struct ns_grpc_record), .room = NS_STRINGS_BYTES};

		ns_append_captured_value(metadata, name, value);
	} else {
		struct ns_strings headers = {
			.op = op, .fixed = sizeof(struct ns_http_server_record), .room = NS_STRINGS_BYTES};

		ns_append_captured_value(headers, name, value);
	}
	return 1;
}

/* Appends the values of the headers that the user asked for, as the string `string` of the scratch operation. */
static __always_inline void ns_append_captured(struct ns_scratch *work, enum ns_header_map which, u32 string)
{
	struct ns_record_header *header = &work->operation.op.header;
	u64 begin = work->operation.op.strings_bytes;

	if (!ns_captures_headers)
		return;
	for (u32 i = 0; i < NS_CAPTURED_NAMES; i++) {
		if (work->headers[NS_HEADER_CAPTURED + i].count > NS_CAPTURED_VALUES)
			header->strings_cut |= 1 << string;
	}
	for (u32 i = 0; i < NS_CAPTURED_NAMES * NS_CAPTURED_VALUES; i++) {
		if (!ns_captured_step(which, i, begin, work->slot)) {
			header->strings_cut |= 1 << string;
			break;
		}
	}
	header->string_bytes[string] = work->operation.op.strings_bytes - begin;
}

#define NS_TRACESTATE_LINES 4 /* header lines that are joined; more mark the list as cut */

/* Appends all values of the tracestate header, joined by commas: W3C Trace Context, section 3.3.1. `strings` are those
 * of the scratch operation. */
static __always_inline void ns_append_tracestate(struct ns_scratch *work, struct ns_strings strings, u32 which)
{
	const struct go_slice *lines = &work->headers[NS_HEADER_TRACESTATE];
	struct ns_operation *op = strings.op;
	u64 begin = op->strings_bytes;
	u64 used = 0;

	if (begin > NS_STRINGS_BYTES - NS_HTTP_MAX_TRACESTATE)
		return;
#pragma unroll
	for (u32 i = 0; i < NS_TRACESTATE_LINES; i++) {
		struct go_string value = {};
		u64 bytes;

		if (i >= lines->count)
			break;
		if (ns_read_header(work, NS_HEADER_TRACESTATE, i, &value)) {
			ns_count(NS_LOSS_FIELD_UNREADABLE);
			break;
		}
		bytes = value.bytes;
		if (!bytes)
			continue;
		if (used > NS_HTTP_MAX_TRACESTATE - 2) {
			op->header.strings_cut |= 1 << which;
			break;
		}
		if (used)
			ns_op_strings(op, strings.fixed)[begin + used++] = ',';
		if (bytes > NS_HTTP_MAX_TRACESTATE - used) {
			bytes = NS_HTTP_MAX_TRACESTATE - used;
			op->header.strings_cut |= 1 << which;
		}
		/* For the verifiers before Linux 6.8, which compare with constants only. */
		barrier_var(bytes);
		if (bytes > NS_HTTP_MAX_TRACESTATE)
			break;
		if (bpf_probe_read_user(ns_op_strings(op, strings.fixed) + begin + used, bytes,
					(const void *)value.data)) {
			ns_count(NS_LOSS_FIELD_UNREADABLE);
			break;
		}
		used += bytes;
	}
	if (lines->count > NS_TRACESTATE_LINES)
		op->header.strings_cut |= 1 << which;
	op->header.string_bytes[which] = used;
	op->strings_bytes = begin + used;
}

/* Reads the `ot` entry of the tracestate header into the record. Of a trace that is not recorded because its parent is
 * not, nobody asks for it. */
static __always_inline void ns_read_ot(struct ns_scratch *work, const struct ns_target_params *params, u8 flags)
{
	const struct go_slice *lines = &work->headers[NS_HEADER_TRACESTATE];

	if (!lines->count || (params->parent_based && !(flags & NS_TRACE_FLAG_SAMPLED)))
		return;
	__builtin_memset(&work->ot, 0, sizeof(work->ot));
#pragma unroll
	for (u32 i = 0; i < NS_TRACESTATE_LINES; i++) {
		struct go_string line = {};

		if (i >= lines->count || ns_read_header(work, NS_HEADER_TRACESTATE, i, &line) ||
		    !ns_ot_line(work->slot, line.data, line.bytes))
			break;
	}
	work->operation.op.header.ot = work->ot.ot;
}

/* Reads the traceparent header, if there is a valid one, into the record: trace id, parent and the returned flags,
 * and what the tracestate says about sampling. Returns -1 when there is none, or none is wanted. */
static __always_inline int ns_read_parent(struct ns_scratch *work, const struct ns_hit *hit, u8 *flags)
{
	struct ns_record_header *header = &work->operation.op.header;
	struct go_string value = {};
	u8 *text = work->window;

	if (!work->headers[NS_HEADER_TRACEPARENT].count || hit->params->begins_traces)
		return -1;
	/* Several traceparent headers: none of them counts. */
	if (work->headers[NS_HEADER_TRACEPARENT].count > 1 || ns_read_header(work, NS_HEADER_TRACEPARENT, 0, &value) ||
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
	*flags &= NS_TRACE_FLAG_SAMPLED | NS_TRACE_FLAG_RANDOM;
	ns_read_ot(work, hit->params, *flags);
	return 0;
bad:
	ns_count(NS_LOSS_BAD_TRACEPARENT);
	return -1;
}

#endif /* NODESPAN_REMOTE_PARENT_H */
