/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ways to parts of a value that the daemon has found in the types of the binary. */
#ifndef NODESPAN_VALUE_PATH_H
#define NODESPAN_VALUE_PATH_H

#include "bpf/extract/go_values.bpf.h"

/* Address of the part that the path leads to; 0 when there is none. */
static __always_inline u64 ns_follow(const struct ns_value_path *path, u64 addr)
{
	if (!path->steps)
		return 0;
#pragma unroll
	for (u32 i = 0; i < NS_PATH_STEPS; i++) {
		if (i + 1 >= path->steps)
			return addr + path->off[i];
		if (ns_read_u64(&addr, addr + path->off[i]) || !addr)
			return 0;
	}
	return 0;
}

#endif /* NODESPAN_VALUE_PATH_H */
