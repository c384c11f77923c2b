/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Headers and metadata of requests that the user asked for by name. */
#ifndef NODESPAN_ABI_CAPTURED_HEADERS_H
#define NODESPAN_ABI_CAPTURED_HEADERS_H

#include "bpf/abi/base.h"

#define NS_CAPTURED_NAMES 8
#define NS_CAPTURED_NAME_WORDS 5
#define NS_CAPTURED_NAME_BYTES 40

/* A name as the program's map has it, zeros behind it: canonical for HTTP, small letters for gRPC. */
struct ns_captured_name {
	uint64_t word[NS_CAPTURED_NAME_WORDS];
	uint64_t bytes;
};

struct ns_captured_names {
	uint64_t lengths; /* of all names, as a bit set */
	uint64_t count;
	struct ns_captured_name name[NS_CAPTURED_NAMES];
};
NS_ASSERT(NS_CAPTURED_NAME_BYTES == 8 * NS_CAPTURED_NAME_WORDS && NS_CAPTURED_NAME_BYTES < 64);

/* What is recorded of them, one item for each value, each followed by its bytes. */
#define NS_CAPTURED_VALUES 4 /* of one name; more mark the string as cut */
#define NS_CAPTURED_MAX_VALUE 128
#define NS_CAPTURED_MAX_BYTES 512 /* of all items; what does not fit marks the string as cut */

struct ns_captured_item {
	uint16_t value_bytes;
	uint8_t name; /* its place in ns_captured_names */
	uint8_t cut;
};
NS_ASSERT(sizeof(struct ns_captured_item) == 4);

#endif /* NODESPAN_ABI_CAPTURED_HEADERS_H */
