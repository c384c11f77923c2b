/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Activity and losses: index into the per-CPU array map `counters` (u64 each). */
#ifndef NODESPAN_ABI_COUNTERS_H
#define NODESPAN_ABI_COUNTERS_H

#include "bpf/abi/base.h"

enum ns_counter {
	/* activity */
	NS_COUNT_OPS_STARTED,	 /* operations seen, whatever became of them */
	NS_COUNT_OPS_UNSAMPLED,	 /* operations left out by the sampling decision */
	NS_COUNT_OPS_EXCLUDED,	 /* requests left out because of their path or user agent */
	NS_COUNT_RECORDS,	 /* records submitted to the ring */
	NS_COUNT_ROOT_UNKNOWN,	 /* client operations that became roots because nothing tells their parent */
	NS_COUNT_CREATOR_UNSURE, /* of those: the creator has an open span, but may be older than it */
	/* losses: each one is an operation without a span */
	NS_LOSS_RING_FULL,	/* the daemon did not drain the ring in time */
	NS_LOSS_INFLIGHT_FULL,	/* too many operations at once */
	NS_LOSS_READ_FAILED,	/* memory of the operation could not be read at its start */
	NS_LOSS_SUPERSEDED,	/* its end was never seen: the next one started on the same goroutine */
	NS_LOSS_NO_SCRATCH,	/* more than four hits at once were preempted on one CPU */
	NS_LOSS_UNKNOWN_WRITER, /* a server operation of a protocol that is not traced */
	/* losses of detail: the span exists */
	NS_LOSS_HEADERS_CUT,	  /* the header map was larger than what is scanned */
	NS_LOSS_FIELD_UNREADABLE, /* a string or value could not be read and was left out */
	NS_LOSS_BAD_TRACEPARENT,  /* a traceparent header was there and is not valid; a new trace was started */
	NS_LOSS_CONTEXT_TYPE,	  /* a context of a type that is not known ended the search for the parent */
	NS_LOSS_CONTEXT_DEPTH,	  /* the chain of contexts was longer than what is followed */
	NS_LOSS_PARENT_MAP_FULL,  /* a span could not be noted as a parent: its children may become roots */
	NS_LOSS_BATCH_CUT,	  /* not all messages of a batch were looked at: links may be missing, and the topic */
	/* more activity */
	NS_COUNT_PANICS_OUTSIDE, /* panics on goroutines without an operation that is recorded */
	/* what became of messages that were to carry the trace on */
	NS_COUNT_PROPAGATED,		/* the header was written */
	NS_COUNT_PROPAGATION_KEPT,	/* the program has set one itself */
	NS_LOSS_PROPAGATION_UNKNOWN,	/* no operation is known for the message */
	NS_LOSS_PROPAGATION_UNSEEN,	/* not all of its headers could be looked at: it may have one */
	NS_LOSS_PROPAGATION_NO_ROOM,	/* the program's buffer has no room left */
	NS_LOSS_PROPAGATION_UNWRITABLE, /* memory of the program could not be read or written */
	NS_COUNTER_COUNT
};

#endif /* NODESPAN_ABI_COUNTERS_H */
