/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the BPF programs and the daemon: counters, ring records, map keys and values.
 *
 * Plain C with fixed-width types, read by clang -target bpf and by the C++ compiler. Fields are ordered largest first,
 * padding is explicit, structures are never packed. A change to any of them bumps NODESPAN_ABI_VERSION.
 *
 * All numbers are in the byte order of the machine; trace and span ids are in the order in which they are written on
 * the wire. "addr" is an address in the traced process, "vaddr" the same as linked, "off" an offset within a Go value.
 */
#ifndef NODESPAN_ABI_H
#define NODESPAN_ABI_H

#include "bpf/abi/counters.h"
#include "bpf/abi/exclusions.h"
#include "bpf/abi/params.h"
#include "bpf/abi/records.h"

#endif /* NODESPAN_ABI_H */
