/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which function serves requests: the code behind a Go func, and behind an http.Handler. */
#ifndef NODESPAN_HTTP_HANDLER_H
#define NODESPAN_HTTP_HANDLER_H

#include "bpf/extract/go_values.bpf.h"
#include "bpf/extract/hit.bpf.h"

/* The first method of an interface, behind its type, the hash of that and padding (internal/abi/iface.go, ITab). */
#define GO_ITAB_FIRST_METHOD_OFF 24

/* Code, as linked, of the func value at `func`, which points to its closure: first the code, then what it captures.
 * 0: there is none, or it cannot be read. */
static __always_inline u64 ns_func_code(const struct ns_hit *hit, u64 func)
{
	u64 code = 0;

	if (!func)
		return 0;
	if (ns_read_u64(&code, func)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	return code - hit->params->load_bias;
}

/* Whether the closure at `func` is one that the linker made: it captures nothing. */
static __always_inline int ns_is_static_func(const struct ns_hit *hit, u64 func)
{
	const struct ns_handler_params *params = &hit->binary->handler;

	return func - hit->params->load_bias - params->image_vaddr < params->image_bytes;
}

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
