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
#define go_arg6(regs) ((regs)->r8)
#define go_arg7(regs) ((regs)->r9)
#define go_arg8(regs) ((regs)->r10)
#define go_arg9(regs) ((regs)->r11)
#define go_current_g(regs) ((regs)->r14)
#define go_closure(regs) ((regs)->dx)
#define go_stack_pointer(regs) ((regs)->sp)
#define go_instruction(regs) ((regs)->ip)
#define go_frame_pointer(regs) ((regs)->bp)

/* At the start site of a function: where it returns to. */
static __always_inline long go_read_return_address(const struct go_regs *regs, u64 *out)
{
	return bpf_probe_read_user(out, sizeof(*out), (const void *)regs->sp);
}

/* A probe on the `jbe` of the stack check: true when it goes to morestack (CF or ZF set), after which the function
 * starts again and the probe is hit a second time. */
static __always_inline int go_branch_to_morestack(const struct go_regs *regs)
{
	return (regs->flags & (0x1 | 0x40)) != 0;
}

/* Whether a jcc with this condition code would be taken (Intel SDM, appendix B.1.4.7). */
static __always_inline int go_condition_holds(const struct go_regs *regs, u8 condition)
{
	const u64 flags = regs->flags;
	const int carry = flags & 0x1, parity = flags >> 2 & 1, zero = flags >> 6 & 1, sign = flags >> 7 & 1,
		  overflow = flags >> 11 & 1;
	int holds;

	switch (condition >> 1 & 7) {
	case 0:
		holds = overflow;
		break;
	case 1:
		holds = carry;
		break;
	case 2:
		holds = zero;
		break;
	case 3:
		holds = carry | zero;
		break;
	case 4:
		holds = sign;
		break;
	case 5:
		holds = parity;
		break;
	case 6:
		holds = sign ^ overflow;
		break;
	default:
		holds = zero | (sign ^ overflow);
		break;
	}
	return holds ^ (condition & 1);
}

static __always_inline void go_copy_registers(const struct go_regs *regs, u64 *out)
{
	out[0] = regs->ax;
	out[1] = regs->bx;
	out[2] = regs->cx;
	out[3] = regs->di;
	out[4] = regs->si;
	out[5] = regs->r8;
	out[6] = regs->r9;
	out[7] = regs->r10;
	out[8] = regs->r11;
	out[NS_REG_DX] = regs->dx;
	out[NS_REG_BP] = regs->bp;
	out[NS_REG_R12] = regs->r12;
	out[NS_REG_R13] = regs->r13;
	out[NS_REG_R15] = regs->r15;
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
#define go_arg6(regs_) ((regs_)->regs[5])
#define go_arg7(regs_) ((regs_)->regs[6])
#define go_arg8(regs_) ((regs_)->regs[7])
#define go_arg9(regs_) ((regs_)->regs[8])
#define go_current_g(regs_) ((regs_)->regs[28])
#define go_closure(regs_) ((regs_)->regs[26])
#define go_stack_pointer(regs_) ((regs_)->sp)
#define go_instruction(regs_) ((regs_)->pc)
#define go_frame_pointer(regs_) ((regs_)->regs[29])

/* At the start site of a function: where it returns to. The link register was not stored yet. */
static __always_inline long go_read_return_address(const struct go_regs *regs, u64 *out)
{
	*out = regs->regs[30];
	return 0;
}

/* The same on the `b.ls` of the stack check: lower or same is C clear or Z set. */
static __always_inline int go_branch_to_morestack(const struct go_regs *regs)
{
	return !(regs->pstate & (1ULL << 29)) || (regs->pstate & (1ULL << 30));
}

/* Results are read at `ret` here, which is simulated: no site depends on an edge. */
static __always_inline int go_condition_holds(const struct go_regs *regs, u8 condition)
{
	return 1;
}

static __always_inline void go_copy_registers(const struct go_regs *regs, u64 *out)
{
	for (int i = 0; i < NS_REG_COUNT; i++)
		out[i] = regs->regs[i];
}

#else
#error "no Go register ABI for this architecture"
#endif

#endif /* NODESPAN_GO_REGS_H */
