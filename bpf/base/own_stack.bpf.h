/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs on uprobes can be preempted, by a hit of the same program on another thread. Since Linux 6.13 the kernel
 * gives programs with more than 64 bytes of stack one that all their runs on a CPU share ("private stack",
 * kernel/bpf/verifier.c, bpf_enable_priv_stack): right for kprobes, which have the same program type and never run
 * twice on a CPU, and wrong for these. On a kernel that preempts, one run then goes on with the variables of another:
 * with the registers of another thread, and would write where nobody expects it. Programs that contain a tail call are
 * left on the stack of their task.
 */
#ifndef NODESPAN_OWN_STACK_H
#define NODESPAN_OWN_STACK_H

#include "bpf/base/bpf_prelude.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
} no_programs SEC(".maps");

/* Zero. The verifier sees that, and removes the call, after it has counted it. */
const volatile u8 ns_calls_on = 0;

/* In every program on a uprobe. */
static __always_inline void ns_keep_own_stack(void *ctx)
{
	if (ns_calls_on)
		bpf_tail_call(ctx, &no_programs, 0);
}

#endif /* NODESPAN_OWN_STACK_H */
