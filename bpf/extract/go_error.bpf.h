/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Go errors: which type they are, and their text where the type holds it. */
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

/* The text of an error made by errors.New; empty for other types. */
static __always_inline struct go_string ns_error_text(const struct ns_hit *hit, struct go_iface error)
{
	struct go_string text = {};
	u64 itab_vaddr = hit->binary->go.error_string_itab_vaddr;

	if (itab_vaddr && error.itab == itab_vaddr + hit->params->load_bias && error.data &&
	    bpf_probe_read_user(&text, sizeof(text), (const void *)error.data))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return text;
}

#endif /* NODESPAN_GO_ERROR_H */
