/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Go errors: which type they are, which one they wrap, and their text where the type holds it. */
#ifndef NODESPAN_GO_ERROR_H
#define NODESPAN_GO_ERROR_H

#include "bpf/extract/go_values.bpf.h"
#include "bpf/extract/hit.bpf.h"

/* Descriptor of the error's concrete type, as linked; 0 when it cannot be read. */
static __always_inline u64 ns_error_type(const struct ns_hit *hit, struct go_iface error)
{
	u64 type = 0;

	if (ns_read_u64(&type, error.itab + GO_ITAB_TYPE_OFF)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	return type - hit->params->load_bias;
}

/* How to look into the error; NULL: its type is none of those. */
static __always_inline const struct ns_error_kind *ns_find_error_kind(const struct ns_hit *hit, struct go_iface error)
{
	u64 itab_vaddr = error.itab - hit->params->load_bias;

	for (u32 i = 0; i < NS_ERROR_KINDS; i++) {
		const struct ns_error_kind *kind = &hit->binary->go.errors[i];

		if (kind->itab_vaddr && kind->itab_vaddr == itab_vaddr)
			return kind;
	}
	return NULL;
}

/* The error in the error; -1: there is none. */
static __always_inline long ns_read_cause(const struct ns_error_kind *kind, struct go_iface error,
					  struct go_iface *cause)
{
	u64 addr = error.data + kind->cause_off;

	if (!(kind->present & (NS_ERROR_CAUSE | NS_ERROR_CAUSES)))
		return -1;
	if ((kind->present & NS_ERROR_CAUSES) && ns_read_u64(&addr, addr))
		return -1;
	return ns_read_iface(cause, addr) || !cause->itab ? -1 : 0;
}

#define NS_ERROR_WRAPPERS 3 /* errors around another one that are looked through */

struct ns_error {
	struct go_iface cause; /* the first error that is no wrapper */
	struct go_string text; /* of the error as a whole; empty: not known */
};

/* Looks through errors that only say more about another one. */
static __always_inline struct ns_error ns_look_into_error(const struct ns_hit *hit, struct go_iface error)
{
	struct ns_error seen = {.cause = error};
	int is_text_open = 1;

#pragma unroll /* left to itself, the compiler falls through into the loop again, which verifiers before 6.2 refuse */
	for (u32 i = 0; i <= NS_ERROR_WRAPPERS; i++) {
		const struct ns_error_kind *kind = ns_find_error_kind(hit, seen.cause);
		struct go_iface inner = {};

		if (!kind)
			break;
		if (is_text_open && (kind->present & NS_ERROR_TEXT) &&
		    bpf_probe_read_user(&seen.text, sizeof(seen.text),
					(const void *)(seen.cause.data + kind->text_off)))
			ns_count(NS_LOSS_FIELD_UNREADABLE);
		if (!(kind->present & NS_ERROR_SAME_TEXT))
			is_text_open = 0;
		if (i == NS_ERROR_WRAPPERS || ns_read_cause(kind, seen.cause, &inner))
			break;
		seen.cause = inner;
	}
	return seen;
}

#endif /* NODESPAN_GO_ERROR_H */
