/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests that are not traced because of their path or their user agent. */
#ifndef NODESPAN_ABI_EXCLUSIONS_H
#define NODESPAN_ABI_EXCLUSIONS_H

#include "bpf/abi/base.h"

#define NS_PATTERN_WORDS 5
#define NS_PATTERN_BYTES 40

/* Matches a text that begins with it, or that is it. */
struct ns_pattern {
	uint64_t word[NS_PATTERN_WORDS]; /* the text as it lies in memory, zeros behind it */
	uint64_t mask[NS_PATTERN_WORDS]; /* ones where it has bytes */
	uint32_t bytes;
	uint32_t is_whole; /* the text has nothing behind it */
};
NS_ASSERT(sizeof(struct ns_pattern) == 88 && NS_PATTERN_BYTES == 8 * NS_PATTERN_WORDS);

/* What a pattern is compared with. */
enum ns_pattern_subject {
	NS_PATTERN_PATH, /* the target of an HTTP request with its query; the full method of a gRPC call */
	NS_PATTERN_USER_AGENT,
	NS_PATTERN_SUBJECTS
};

#define NS_PATTERNS 16 /* of one subject */

/* Value of the array map `exclusions`: one for each distinct setting of traced processes. */
struct ns_exclusions {
	uint32_t count[NS_PATTERN_SUBJECTS];
	struct ns_pattern pattern[NS_PATTERN_SUBJECTS][NS_PATTERNS];
};

#define NS_EXCLUSION_SETS 64

#endif /* NODESPAN_ABI_EXCLUSIONS_H */
