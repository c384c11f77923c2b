/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a server operation takes from the headers of its request: the caller's span, its tracestate, any other text. */
#ifndef NODESPAN_REMOTE_PARENT_H
#define NODESPAN_REMOTE_PARENT_H

#include "bpf/emit/operation.bpf.h"
#include "bpf/extract/http_headers.bpf.h"
#include "bpf/extract/traceparent.bpf.h"

/* Appends the first value of a header. */
static __always_inline void ns_append_header(struct ns_scratch *work, struct ns_strings strings, u32 which,
					     enum ns_http_header header, const u64 max)
{
	struct go_string value = {};

	if (!work->headers[header].count)
		return;
	if (bpf_probe_read_user(&value, sizeof(value), (const void *)work->headers[header].data)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	ns_append(strings, which, value, max);
}

#define NS_TRACESTATE_LINES 4 /* header lines that are joined; more mark the list as cut */

/* Appends all values of the tracestate header, joined by commas: W3C Trace Context, section 3.3.1. `strings` are those
 * of the scratch operation. */
static __always_inline void ns_append_tracestate(struct ns_scratch *work, struct ns_strings strings, u32 which)
{
	const struct ns_go_strings *lines = &work->headers[NS_HEADER_TRACESTATE];
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
		if (bpf_probe_read_user(&value, sizeof(value), (const void *)(lines->data + i * sizeof(value)))) {
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

/* Reads the traceparent header, if there is a valid one, into the record: trace id, parent and the returned flags.
 * Returns -1 when there is none. */
static __always_inline int ns_read_parent(struct ns_scratch *work, u8 *flags)
{
	struct ns_record_header *header = &work->operation.op.header;
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

#endif /* NODESPAN_REMOTE_PARENT_H */
