/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A window: part of a Go value, copied in one read (one wide read costs little more than a narrow one), from which
 * fields are then taken at offsets that the daemon determined. Masks keep every access inside NS_WINDOW_BYTES for the
 * verifier; offsets are multiples of the field's size in every Go value.
 */
#ifndef NODESPAN_WINDOW_H
#define NODESPAN_WINDOW_H

#include "bpf/base/bpf_prelude.bpf.h"

NS_ASSERT(NS_WINDOW_BYTES == 512);

static __always_inline u64 ns_window_u64(const u8 *window, u32 off)
{
	return *(const u64 *)(window + (off & 0x1f8));
}

static __always_inline u32 ns_window_u32(const u8 *window, u32 off)
{
	return *(const u32 *)(window + (off & 0x1fc));
}

static __always_inline u8 ns_window_u8(const u8 *window, u32 off)
{
	return *(window + (off & 0x1ff));
}

/* Copies `bytes` of user memory into the window. Returns 0 or an error. */
static __always_inline long ns_window_read(u8 *window, u32 bytes, u64 addr)
{
	if (bytes == 0 || bytes > NS_WINDOW_BYTES)
		return -1;
	return bpf_probe_read_user(window, bytes, (const void *)addr);
}

#endif /* NODESPAN_WINDOW_H */
