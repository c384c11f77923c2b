/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Go func values: pointers to closures, which have their code first, then what they capture. */
#ifndef NODESPAN_GO_FUNC_H
#define NODESPAN_GO_FUNC_H

#include "bpf/extract/go_values.bpf.h"
#include "bpf/extract/hit.bpf.h"

/* Code, as linked, of the func value `func`. 0: there is none, or it cannot be read. */
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

/* Whether the closure is one that the linker made: it captures nothing. */
static __always_inline int ns_is_static_func(const struct ns_hit *hit, u64 func)
{
	const struct ns_go_params *go = &hit->binary->go;

	return func - hit->params->load_bias - go->image_vaddr < go->image_bytes;
}

#endif /* NODESPAN_GO_FUNC_H */
