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

/* The smallest page of any supported machine; every boundary of larger pages is one of these, too. */
#define NS_PAGE_BYTES 4096

#define NS_WINDOW_PART 1

/* Bytes from `addr` to the end of its page. */
static __always_inline u64 ns_page_rest(u64 addr)
{
	return NS_PAGE_BYTES - (addr & (NS_PAGE_BYTES - 1));
}

/*
 * Copies `bytes` of user memory into the window. Returns 0, NS_WINDOW_PART or an error.
 *
 * The end of a value can lie on a page that its process has not touched since it got it from the kernel: Go's allocator
 * does not clear memory that is known to be zero. Such a page cannot be read from here, but what it holds is known. In
 * part: what lies before the page is in the window, behind it is whatever was in the window before, and would be zeros.
 */
static __always_inline long ns_window_read_part(u8 *window, u32 bytes, u64 addr)
{
	u64 first_page_bytes = ns_page_rest(addr);
	long err;

	if (bytes == 0 || bytes > NS_WINDOW_BYTES)
		return -1;
	err = bpf_probe_read_user(window, bytes, (const void *)addr);
	if (!err || first_page_bytes >= bytes)
		return err;
	/* Follows from the above, which the compiler knows and the verifiers before Linux 6.8 do not: they compare with
	 * constants only. */
	barrier_var(first_page_bytes);
	if (first_page_bytes > NS_WINDOW_BYTES)
		return err;
	err = bpf_probe_read_user(window, first_page_bytes, (const void *)addr);
	return err ? err : NS_WINDOW_PART;
}

/* The same with the zeros in place: returns 0 or an error. */
static __always_inline long ns_window_read(u8 *window, u32 bytes, u64 addr)
{
	long err = ns_window_read_part(window, bytes, addr);

	if (err != NS_WINDOW_PART)
		return err;
	__builtin_memset(window, 0, NS_WINDOW_BYTES);
	return ns_window_read_part(window, bytes, addr) < 0 ? -1 : 0;
}

#endif /* NODESPAN_WINDOW_H */
