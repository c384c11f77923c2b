/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Go's built-in values as they are in memory. */
#ifndef NODESPAN_GO_TYPES_H
#define NODESPAN_GO_TYPES_H

#include "bpf/base/bpf_prelude.bpf.h"

struct go_string {
	u64 data;
	u64 bytes;
};

/* Without its capacity. */
struct go_slice {
	u64 data;
	u64 count;
};

/* itab: of an interface with methods; its second word is the type descriptor (internal/abi/iface.go, ITab). */
struct go_iface {
	u64 itab;
	u64 data;
};
#define GO_ITAB_TYPE_OFF 8

#endif /* NODESPAN_GO_TYPES_H */
