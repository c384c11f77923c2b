/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which function serves requests: the code behind an http.Handler. */
#ifndef NODESPAN_HTTP_HANDLER_H
#define NODESPAN_HTTP_HANDLER_H

#include "bpf/extract/go_func.bpf.h"

/* The first method of an interface, behind its type, the hash of that and padding (internal/abi/iface.go, ITab). */
#define GO_ITAB_FIRST_METHOD_OFF 24

/* Code of the method ServeHTTP of an http.Handler, or of the function that it stands for; 0 when it cannot be read. */
static __always_inline u64 ns_handler_code(const struct ns_hit *hit, struct go_iface handler)
{
	const struct ns_handler_params *params = &hit->binary->handler;
	const u64 bias = hit->params->load_bias;
	u64 code = 0;

	if (!handler.itab)
		return 0;
	if (params->chain_itab_vaddr && handler.itab == params->chain_itab_vaddr + bias &&
	    (ns_read_iface(&handler, handler.data + params->chain_endpoint_off) || !handler.itab))
		return 0;
	if (params->func_itab_vaddr && handler.itab == params->func_itab_vaddr + bias)
		return ns_func_code(hit, handler.data);
	if (ns_read_u64(&code, handler.itab + GO_ITAB_FIRST_METHOD_OFF)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	return code - bias;
}

#endif /* NODESPAN_HTTP_HANDLER_H */
