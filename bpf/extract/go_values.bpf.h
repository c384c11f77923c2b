/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Go's built-in values, read from a window or from the program. */
#ifndef NODESPAN_GO_VALUES_H
#define NODESPAN_GO_VALUES_H

#include "bpf/base/go_types.bpf.h"
#include "bpf/extract/window.bpf.h"

static __always_inline struct go_string ns_window_string(const u8 *window, u32 off)
{
	struct go_string string = {
		.data = ns_window_u64(window, off),
		.bytes = ns_window_u64(window, off + 8),
	};

	return string;
}

static __always_inline struct go_iface ns_window_iface(const u8 *window, u32 off)
{
	struct go_iface iface = {
		.itab = ns_window_u64(window, off),
		.data = ns_window_u64(window, off + 8),
	};

	return iface;
}

static __always_inline long ns_read_u64(u64 *out, u64 addr)
{
	return bpf_probe_read_user(out, sizeof(*out), (const void *)addr);
}

static __always_inline long ns_read_iface(struct go_iface *out, u64 addr)
{
	return bpf_probe_read_user(out, sizeof(*out), (const void *)addr);
}

#endif /* NODESPAN_GO_VALUES_H */
