/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Headers that are put behind what a writer holds in its buffer, at a moment when nobody else uses it: a bufio.Writer
 * (bufio/bufio.go: buf []byte, of which n bytes are to be written), or gRPC's own. */
#ifndef NODESPAN_BUFFERED_WRITER_H
#define NODESPAN_BUFFERED_WRITER_H

#include "bpf/emit/context_text.bpf.h"
#include "bpf/extract/go_values.bpf.h"

#define NS_FRAME_HEADER_BYTES 9 /* RFC 9113 section 4.1: length (3), type, flags, stream (4) */
#define NS_FRAME_HEADERS 0x1	/* type */
#define NS_FRAME_END_HEADERS 0x4
#define NS_FRAME_PADDED 0x8
#define NS_FRAME_MAX_BYTES 16384 /* that every peer takes (section 4.2) */
#define NS_BUFFERED_FRAMES 16	 /* that are passed by to find the last one */

struct ns_buffered {
	struct go_slice buf;
	u64 n;
	u64 n_addr; /* where the writer has n */
};

static __always_inline int ns_read_buffered(const struct ns_propagation_params *params, u64 writer,
					    struct ns_buffered *out)
{
	out->n_addr = writer + params->writer_n_off;
	if (!bpf_probe_read_user(&out->buf, sizeof(out->buf), (const void *)(writer + params->writer_buf_off)) &&
	    !ns_read_u64(&out->n, out->n_addr) && out->n <= out->buf.count)
		return 0;
	ns_count(NS_LOSS_PROPAGATION_UNWRITABLE);
	return -1;
}

/* `written` bytes more are to be written; -1, and counted, when the writer cannot be told. */
static __always_inline int ns_raise_buffered(struct ns_buffered *buffered, u64 written)
{
	u64 n = buffered->n + written;

	if (bpf_probe_write_user((void *)buffered->n_addr, &n, sizeof(n))) {
		ns_count(NS_LOSS_PROPAGATION_UNWRITABLE);
		return -1;
	}
	ns_count(NS_COUNT_PROPAGATED);
	return 0;
}

/* HTTP/1: in the middle of the header lines. */
static __always_inline void ns_propagate_line(struct ns_scratch *work, const struct ns_propagation_params *params,
					      u64 writer)
{
	struct ns_buffered buffered = {};
	u64 written;

	if (ns_read_buffered(params, writer, &buffered))
		return;
	written = ns_write_context(work, NS_CONTEXT_LINES, buffered.buf.data + buffered.n,
				   buffered.buf.count - buffered.n);
	if (written)
		(void)ns_raise_buffered(&buffered, written);
}

static __always_inline u32 ns_frame_length(const u8 *header)
{
	return (u32)header[0] << 16 | (u32)header[1] << 8 | header[2];
}

static __always_inline long ns_write_frame_length(u64 frame, u32 length)
{
	const u8 bytes[3] = {length >> 16, length >> 8, length};

	return bpf_probe_write_user((void *)frame, bytes, sizeof(bytes));
}

/* The address of the last of the frames that the writer holds; 0 when these are no whole frames. */
static __always_inline u64 ns_last_frame(const struct ns_buffered *buffered)
{
	u64 addr = buffered->buf.data, bytes = buffered->n, frame_bytes;
	u8 header[NS_FRAME_HEADER_BYTES];

	for (u32 i = 0; i < NS_BUFFERED_FRAMES; i++) {
		if (bytes < NS_FRAME_HEADER_BYTES || bpf_probe_read_user(header, sizeof(header), (const void *)addr))
			return 0;
		frame_bytes = NS_FRAME_HEADER_BYTES + ns_frame_length(header);
		if (frame_bytes == bytes)
			return addr;
		if (frame_bytes > bytes)
			return 0;
		addr += frame_bytes;
		bytes -= frame_bytes;
	}
	return 0;
}

/* HTTP/2: at the end of the frame at `frame`, the last one that the writer holds, which has to be that of the headers;
 * 0: there is no such frame. */
static __always_inline void ns_propagate_field(struct ns_scratch *work, struct ns_buffered *buffered, u64 frame)
{
	u8 header[NS_FRAME_HEADER_BYTES] = {};
	u64 length, room, written;

	if (!frame || bpf_probe_read_user(header, sizeof(header), (const void *)frame) ||
	    header[3] != NS_FRAME_HEADERS ||
	    (header[4] & (NS_FRAME_END_HEADERS | NS_FRAME_PADDED)) != NS_FRAME_END_HEADERS) {
		/* Its beginning has been sent already, or its end is in another frame. */
		ns_count(NS_LOSS_PROPAGATION_NO_ROOM);
		return;
	}
	length = ns_frame_length(header);
	room = length < NS_FRAME_MAX_BYTES ? NS_FRAME_MAX_BYTES - length : 0;
	if (room > buffered->buf.count - buffered->n)
		room = buffered->buf.count - buffered->n;
	written = ns_write_context(work, NS_CONTEXT_HPACK, buffered->buf.data + buffered->n, room);
	if (!written)
		return;
	if (ns_write_frame_length(frame, length + written)) {
		ns_count(NS_LOSS_PROPAGATION_UNWRITABLE);
		return;
	}
	if (ns_raise_buffered(buffered, written))
		(void)ns_write_frame_length(frame, length);
}

#endif /* NODESPAN_BUFFERED_WRITER_H */
