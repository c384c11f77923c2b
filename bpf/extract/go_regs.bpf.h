/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Go's register ABI (ABIInternal, Go's cmd/compile/abi-internal.md) at a probe site near the start of a function. The
 * register frames are declared here as the kernel's user-visible ABI fixes them, so that no kernel BTF is needed.
 */
#ifndef NODESPAN_GO_REGS_H
#define NODESPAN_GO_REGS_H

#include "bpf/base/bpf_prelude.bpf.h"

#if defined(__TARGET_ARCH_x86)

struct go_regs {
	u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

#define go_arg1(regs) ((regs)->ax)
#define go_arg2(regs) ((regs)->bx)
#define go_arg3(regs) ((regs)->cx)
#define go_arg4(regs) ((regs)->di)
#define go_arg5(regs) ((regs)->si)
#define go_current_g(regs) ((regs)->r14)

/* A probe on the `jbe` of the stack check: true when it goes to morestack (CF or ZF set), after which the function
 * starts again and the probe is hit a second time. */
static __always_inline int go_branch_to_morestack(const struct go_regs *regs)
{
	return (regs->flags & (0x1 | 0x40)) != 0;
}

#elif defined(__TARGET_ARCH_arm64)

struct go_regs {
	u64 regs[31];
	u64 sp, pc, pstate;
};

#define go_arg1(regs_) ((regs_)->regs[0])
#define go_arg2(regs_) ((regs_)->regs[1])
#define go_arg3(regs_) ((regs_)->regs[2])
#define go_arg4(regs_) ((regs_)->regs[3])
#define go_arg5(regs_) ((regs_)->regs[4])
#define go_current_g(regs_) ((regs_)->regs[28])

/* The same on the `b.ls` of the stack check: lower or same is C clear or Z set. */
static __always_inline int go_branch_to_morestack(const struct go_regs *regs)
{
	return !(regs->pstate & (1ULL << 29)) || (regs->pstate & (1ULL << 30));
}

#else
#error "no Go register ABI for this architecture"
#endif

#endif /* NODESPAN_GO_REGS_H */
