/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* W3C Trace Context level 2: parsing of traceparent. Source: https://www.w3.org/TR/trace-context-2/ section 3.2. */
#ifndef NODESPAN_TRACEPARENT_H
#define NODESPAN_TRACEPARENT_H

#include "bpf/base/bpf_prelude.bpf.h"

#define NS_TRACEPARENT_BYTES 55

/* Values of the lower-case hex digits, 0xff elsewhere. A table and not comparisons: the verifier would follow every
 * combination of branches of 52 digits. */
static const u8 ns_hex_digits[256] = {
	[0 ... 255] = 0xff, ['0'] = 0,	['1'] = 1,  ['2'] = 2,	['3'] = 3,  ['4'] = 4,
	['5'] = 5,	    ['6'] = 6,	['7'] = 7,  ['8'] = 8,	['9'] = 9,  ['a'] = 10,
	['b'] = 11,	    ['c'] = 12, ['d'] = 13, ['e'] = 14, ['f'] = 15,
};

/* Decodes `bytes` bytes of hex; returns the OR of all digit values, so that an invalid digit shows as > 15. `any` gets
 * the OR of the decoded bytes, for the test against all-zero ids. */
static __always_inline u32 ns_decode_hex(u8 *out, const u8 *text, u32 bytes, u32 *any)
{
	u32 bad = 0;

	*any = 0;
	for (u32 i = 0; i < bytes; i++) {
		u32 high = ns_hex_digits[text[2 * i]];
		u32 low = ns_hex_digits[text[2 * i + 1]];

		bad |= high | low;
		out[i] = (u8)(high << 4 | low);
		*any |= out[i];
	}
	return bad;
}

/*
 * Parses the 55 bytes at `text`, the start of a header value of `value_bytes` bytes; `next` is the byte behind them, if
 * any. Returns 0 and fills trace_id, span_id and flags, or -1 when the header has to be ignored.
 */
static __always_inline int ns_parse_traceparent(const u8 *text, u64 value_bytes, u8 next, u8 *trace_id, u8 *span_id,
						u8 *flags)
{
	u8 version = 0;
	u32 bad, any;

	if (text[2] != '-' || text[35] != '-' || text[52] != '-')
		return -1;
	bad = ns_decode_hex(&version, text, 1, &any);
	if (bad > 15 || version == 0xff)
		return -1;
	if (version == 0 ? value_bytes != NS_TRACEPARENT_BYTES : value_bytes > NS_TRACEPARENT_BYTES && next != '-')
		return -1;
	bad = ns_decode_hex(trace_id, text + 3, 16, &any);
	if (bad > 15 || !any)
		return -1;
	bad = ns_decode_hex(span_id, text + 36, 8, &any);
	if (bad > 15 || !any)
		return -1;
	bad = ns_decode_hex(flags, text + 53, 1, &any);
	return bad > 15 ? -1 : 0;
}

#endif /* NODESPAN_TRACEPARENT_H */
