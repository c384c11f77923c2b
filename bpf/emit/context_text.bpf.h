/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The headers that carry a trace to another program, in the two forms in which messages have them: lines of HTTP/1, and
 * fields of HPACK, literal without indexing and with a new name (RFC 7541 section 6.2.2), so that the tables of the
 * connection do not change. What they say: W3C Trace Context, section 3; of tracestate only the entry `ot`.
 */
#ifndef NODESPAN_CONTEXT_TEXT_H
#define NODESPAN_CONTEXT_TEXT_H

#include "bpf/base/scratch.bpf.h"
#include "bpf/extract/http_headers.bpf.h"
#include "bpf/extract/ot_tracestate.bpf.h"

#define NS_TRACEPARENT_VALUE_BYTES 55
#define NS_TRACESTATE_MAX_VALUE_BYTES 38 /* "ot=th:" and 14 digits, ";rv:" and 14 more */
/* Longest text: two lines with ": " and a line end; of HPACK one byte less for each. */
#define NS_CONTEXT_TEXT_MAX_BYTES (11 + 2 + NS_TRACEPARENT_VALUE_BYTES + 2 + 10 + 2 + NS_TRACESTATE_MAX_VALUE_BYTES + 2)
NS_ASSERT(NS_CONTEXT_TEXT_MAX_BYTES <= NS_CONTEXT_TEXT_BYTES);

static __always_inline void ns_put(struct ns_context_text *to, u8 c)
{
	to->text[to->bytes & (NS_CONTEXT_TEXT_BYTES - 1)] = c;
	to->bytes++;
}

static __always_inline void ns_put_digit(struct ns_context_text *to, u8 digit)
{
	ns_put(to, digit < 10 ? '0' + digit : 'a' - 10 + digit);
}

static __always_inline void ns_put_hex(struct ns_context_text *to, const u8 *bytes, const u32 count)
{
	for (u32 i = 0; i < count; i++) {
		ns_put_digit(to, bytes[i] >> 4);
		ns_put_digit(to, bytes[i] & 0xf);
	}
}

/* Text of up to 8 characters, the first one in the lowest byte: string literals would be a map of their own. */
static __always_inline void ns_put_word(struct ns_context_text *to, u64 word, const u32 count)
{
	for (u32 i = 0; i < count; i++)
		ns_put(to, (u8)(word >> 8 * i));
}

/* The digits of a 56-bit number from the first one on; `all`: also zeros at the end. */
static __always_inline void ns_put_number(struct ns_context_text *to, u64 number, const int all)
{
	number &= NS_OT_MASK;
	for (u32 i = 0; i < NS_OT_DIGITS; i++) {
		ns_put_digit(to, number >> 52 & 0xf);
		number = number << 4 & NS_OT_MASK;
		if (!all && !number)
			break;
	}
}

/* The value of tracestate, of which there is something to say. */
static __always_inline void ns_put_tracestate(struct ns_context_text *to, const struct ns_ot_sampling *ot)
{
	ns_put_word(to, NS_WORD('o', 't', '=', 0, 0, 0, 0, 0), 3);
	if (ot->threshold) {
		ns_put_word(to, NS_WORD('t', 'h', ':', 0, 0, 0, 0, 0), 3);
		ns_put_number(to, ot->threshold, 0);
	}
	if (ot->threshold && ot->randomness)
		ns_put(to, ';');
	if (ot->randomness) {
		ns_put_word(to, NS_WORD('r', 'v', ':', 0, 0, 0, 0, 0), 3);
		ns_put_number(to, ot->randomness, 1);
	}
}

enum ns_context_form {
	NS_CONTEXT_LINES, /* HTTP/1 */
	NS_CONTEXT_HPACK,
};

/* The name of the header, and what is between it and the value. */
static __always_inline void ns_put_name(struct ns_context_text *to, u32 form, u64 first, u64 rest, const u32 count)
{
	if (form == NS_CONTEXT_HPACK) {
		ns_put(to, 0);
		ns_put(to, count);
	}
	ns_put_word(to, first, 8);
	ns_put_word(to, rest, count - 8);
	if (form == NS_CONTEXT_LINES)
		ns_put_word(to, NS_WORD(':', ' ', 0, 0, 0, 0, 0, 0), 2);
}

static __always_inline void ns_put_line_end(struct ns_context_text *to, u32 form)
{
	if (form == NS_CONTEXT_LINES)
		ns_put_word(to, NS_WORD('\r', '\n', 0, 0, 0, 0, 0, 0), 2);
}

/* Writes the text of the scratch span; 0, or -1 for a slot that does not exist. A function of its own, with numbers as
 * arguments: it is verified once and not for each program. */
__noinline int ns_compose_context(u32 scratch_slot, u32 form)
{
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);
	struct ns_context_text *to;
	const struct ns_outgoing *span;
	u64 length_at;

	if (!work)
		return -1;
	to = &work->context_text;
	span = &work->outgoing;
	to->bytes = 0;
	ns_put_name(to, form, NS_WORD('t', 'r', 'a', 'c', 'e', 'p', 'a', 'r'), NS_WORD('e', 'n', 't', 0, 0, 0, 0, 0),
		    11);
	if (form == NS_CONTEXT_HPACK)
		ns_put(to, NS_TRACEPARENT_VALUE_BYTES);
	ns_put_word(to, NS_WORD('0', '0', '-', 0, 0, 0, 0, 0), 3);
	ns_put_hex(to, span->trace_id, sizeof(span->trace_id));
	ns_put(to, '-');
	ns_put_hex(to, span->span_id, sizeof(span->span_id));
	ns_put(to, '-');
	ns_put_hex(to, &span->trace_flags, sizeof(span->trace_flags));
	ns_put_line_end(to, form);
	to->traceparent_bytes = to->bytes;
	if (!span->ot.threshold && !span->ot.randomness)
		return 0;
	ns_put_name(to, form, NS_WORD('t', 'r', 'a', 'c', 'e', 's', 't', 'a'), NS_WORD('t', 'e', 0, 0, 0, 0, 0, 0), 10);
	length_at = to->bytes;
	if (form == NS_CONTEXT_HPACK)
		ns_put(to, 0);
	ns_put_tracestate(to, &span->ot);
	if (form == NS_CONTEXT_HPACK)
		to->text[length_at & (NS_CONTEXT_TEXT_BYTES - 1)] = to->bytes - length_at - 1;
	ns_put_line_end(to, form);
	return 0;
}

/* Writes as much of the text as `room` has to `addr` of the program: all of it, or traceparent, or nothing. Returns how
 * many bytes, 0 when nothing was written, which is counted. */
static __always_inline u64 ns_write_context(struct ns_scratch *work, u32 form, u64 addr, u64 room)
{
	u64 bytes;

	if (ns_compose_context(work->slot, form))
		return 0;
	bytes = work->context_text.bytes <= room ? work->context_text.bytes : work->context_text.traceparent_bytes;
	if (bytes > room) {
		ns_count(NS_LOSS_PROPAGATION_NO_ROOM);
		return 0;
	}
	if (!bytes)
		return 0;
	barrier_var(bytes);
	/* That it is neither zero nor too large is told this way because verifiers before 6.3 forget the former. */
	bytes = ((bytes - 1) & (NS_CONTEXT_TEXT_BYTES - 1)) + 1;
	if (bpf_probe_write_user((void *)addr, work->context_text.text, bytes)) {
		ns_count(NS_LOSS_PROPAGATION_UNWRITABLE);
		return 0;
	}
	return bytes;
}

#endif /* NODESPAN_CONTEXT_TEXT_H */
