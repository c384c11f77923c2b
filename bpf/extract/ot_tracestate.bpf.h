/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The entry `ot` of a tracestate: "ot=th:c;rv:0123456789abcd" among the entries of others. Source: OpenTelemetry
 * specification, "TraceState Handling" and "TraceState: Probability Sampling".
 */
#ifndef NODESPAN_OT_TRACESTATE_H
#define NODESPAN_OT_TRACESTATE_H

#include "bpf/base/scratch.bpf.h"
#include "bpf/extract/traceparent.bpf.h"

#define NS_OT_DIGITS 14 /* of the longest number */

enum ns_ot_state {
	NS_OT_ENTRY,	/* before an entry of the list */
	NS_OT_O,	/* behind its "o" */
	NS_OT_OT,	/* behind its "ot" */
	NS_OT_KEY,	/* before a key of the entry `ot` */
	NS_OT_T,	/* behind its "t" */
	NS_OT_TH,	/* behind its "th" */
	NS_OT_R,	/* behind its "r" */
	NS_OT_RV,	/* behind its "rv" */
	NS_OT_TH_VALUE, /* in the value of th */
	NS_OT_RV_VALUE, /* in the value of rv */
	NS_OT_OTHER,	/* in a key or value that is not looked for */
	NS_OT_FOREIGN,	/* in an entry of others */
	NS_OT_DONE,
};

/* A value of the entry has ended: notes it when it is a number as it has to be. */
static __always_inline void ns_ot_value_end(struct ns_ot_walk *walk)
{
	u64 digits = walk->digits;

	if (walk->state == NS_OT_TH_VALUE && digits >= 1 && digits <= NS_OT_DIGITS)
		walk->ot.threshold = (walk->value << (4 * (NS_OT_DIGITS - digits)) & NS_OT_MASK) | NS_OT_PRESENT;
	if (walk->state == NS_OT_RV_VALUE && digits == NS_OT_DIGITS)
		walk->ot.randomness = (walk->value & NS_OT_MASK) | NS_OT_PRESENT;
}

/* The state behind one more character that neither ends a value nor belongs to a number. */
static __always_inline u64 ns_ot_next(u64 state, u8 c)
{
	switch (state) {
	case NS_OT_ENTRY:
		if (c == ' ' || c == '\t' || c == ',')
			return NS_OT_ENTRY;
		return c == 'o' ? NS_OT_O : NS_OT_FOREIGN;
	case NS_OT_O:
		return c == 't' ? NS_OT_OT : NS_OT_FOREIGN;
	case NS_OT_OT:
		return c == '=' ? NS_OT_KEY : NS_OT_FOREIGN;
	case NS_OT_KEY:
		if (c == 't')
			return NS_OT_T;
		return c == 'r' ? NS_OT_R : NS_OT_OTHER;
	case NS_OT_T:
		return c == 'h' ? NS_OT_TH : NS_OT_OTHER;
	case NS_OT_R:
		return c == 'v' ? NS_OT_RV : NS_OT_OTHER;
	case NS_OT_TH:
		return c == ':' ? NS_OT_TH_VALUE : NS_OT_OTHER;
	case NS_OT_RV:
		return c == ':' ? NS_OT_RV_VALUE : NS_OT_OTHER;
	case NS_OT_FOREIGN:
		return NS_OT_FOREIGN;
	default:
		return NS_OT_OTHER;
	}
}

/*
 * Takes the next character into work->ot of a scratch slot; 0 when the entry has been read. A function of its own, with
 * numbers as arguments: the kernel verifies it once and not for each character.
 */
__noinline int ns_ot_step(u32 scratch_slot, u32 c)
{
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);
	struct ns_ot_walk *walk;
	u64 state;
	u8 digit;

	if (!work)
		return 0;
	walk = &work->ot;
	state = walk->state;
	digit = ns_hex_digits[c & 0xff];
	if ((state == NS_OT_TH_VALUE || state == NS_OT_RV_VALUE) && digit < 16) {
		walk->value = walk->value << 4 | digit;
		walk->digits++;
		return 1;
	}
	if (c == ',' && (state < NS_OT_KEY || state == NS_OT_FOREIGN)) {
		walk->state = NS_OT_ENTRY;
		return 1;
	}
	if (c == ';' || c == ',' || c == ' ' || c == '\t')
		ns_ot_value_end(walk);
	if (c == ',' && state >= NS_OT_KEY) {
		walk->state = NS_OT_DONE;
		return 0;
	}
	walk->value = 0;
	walk->digits = 0;
	walk->state = c == ';' && state >= NS_OT_KEY && state != NS_OT_FOREIGN ? NS_OT_KEY : ns_ot_next(state, c);
	return 1;
}

/*
 * Takes a line of the tracestate header, up to the size of the window; 0 when the entry has been read. A function of
 * its own for the same reason. What others have written is passed over here: it is most of the text.
 */
__noinline int ns_ot_line(u32 scratch_slot, u64 addr, u64 bytes)
{
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);

	if (!work)
		return 0;
	if (bytes > NS_WINDOW_BYTES)
		bytes = NS_WINDOW_BYTES;
	barrier_var(bytes);
	if (bytes > NS_WINDOW_BYTES || bpf_probe_read_user(work->window, bytes, (const void *)addr))
		return 1;
	for (u32 i = 0; i < NS_WINDOW_BYTES; i++) {
		u8 c = work->window[i];

		if (i >= bytes)
			break;
		if (c != ',' && *(volatile u64 *)&work->ot.state == NS_OT_FOREIGN)
			continue;
		if (!ns_ot_step(scratch_slot, c))
			return 0;
	}
	return ns_ot_step(scratch_slot, ',');
}

#endif /* NODESPAN_OT_TRACESTATE_H */
