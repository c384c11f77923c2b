/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What every program includes first: integer names, libbpf's helper declarations, and switches that the daemon sets
 * before the object is loaded. No kernel type is used anywhere, so no kernel BTF is needed (DESIGN.md, bet B6).
 */
#ifndef NODESPAN_BPF_PRELUDE_H
#define NODESPAN_BPF_PRELUDE_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/abi/nodespan_abi.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

/* Kernel >= 5.15: probes carry a cookie. Constant at load, so the helper call behind a false value is dead code that an
 * older verifier never looks at. */
const volatile u8 ns_has_attach_cookie = 1;

/* Bytes waiting in the ring at which a record wakes the reader instead of leaving it to its timer. */
const volatile u32 ns_ring_wake_bytes = 256 * 1024;

#endif /* NODESPAN_BPF_PRELUDE_H */
