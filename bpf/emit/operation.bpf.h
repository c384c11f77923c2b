/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Operations in flight: put together in the scratch memory at their start, kept by goroutine, completed and submitted
 * at their end.
 */
#ifndef NODESPAN_OPERATION_H
#define NODESPAN_OPERATION_H

#include "bpf/emit/emit.bpf.h"
#include "bpf/emit/sampling.bpf.h"
#include "bpf/extract/go_values.bpf.h"
#include "bpf/extract/hit.bpf.h"

/* Strings of a record whose fixed part has `fixed` bytes, a constant. */
#define ns_op_strings(op, fixed) ((u8 *)&(op)->header + (fixed))

/* The record's own type, whose header is op->header. */
#define ns_op_record(op, type) ((struct type *)&(op)->header)

/* What a string is appended to. All but the pointer are constants. */
struct ns_strings {
	struct ns_operation *op;
	const u64 fixed; /* bytes of the record before its strings */
	const u64 room;	 /* bytes for all strings */
};

/*
 * Appends up to `max` bytes of a Go string to the record's strings. Strings must be appended in the order of the
 * record's enumeration; the sum of all limits fits, so that the first of the last two checks never fails in practice.
 *
 * Both numbers are compared right before their use and not used behind it: verifiers before Linux 6.8 forget what they
 * know of a number when the compiler moves it to the stack and back.
 */
static __always_inline int ns_try_append(struct ns_strings to, u32 which, struct go_string value, const u64 max)
{
	struct ns_operation *op = to.op;
	u64 bytes = value.bytes;
	u64 off;

	if (!bytes || !value.data)
		return 0;
	if (bytes > max) {
		bytes = max;
		op->header.strings_cut |= 1 << which;
	}
	op->header.string_bytes[which] = bytes;
	off = *(volatile u64 *)&op->strings_bytes;
	barrier_var(bytes);
	if (off > to.room - max || bytes > max ||
	    bpf_probe_read_user(ns_op_strings(op, to.fixed) + off, bytes, (const void *)value.data)) {
		op->header.string_bytes[which] = 0;
		return -1;
	}
	/* From memory: a number that is used once more behind the call would be kept on the stack. */
	*(volatile u64 *)&op->strings_bytes += *(volatile u16 *)&op->header.string_bytes[which];
	return 0;
}

/* The same of what certainly is a string. */
static __always_inline void ns_append(struct ns_strings to, u32 which, struct go_string value, const u64 max)
{
	if (ns_try_append(to, which, value, max))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
}

/* Appends the string that the program has at `addr`. */
static __always_inline void ns_append_string_at(struct ns_strings strings, u32 which, u64 addr, const u64 max)
{
	struct go_string value = {};

	if (bpf_probe_read_user(&value, sizeof(value), (const void *)addr)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	ns_append(strings, which, value, max);
}

/* Makes the scratch operation a new one of this process that begins now. */
static __always_inline struct ns_operation *ns_op_new(struct ns_scratch *work, const struct ns_hit *hit,
						      enum ns_record_type type)
{
	struct ns_operation *op = &work->operation.op;

	__builtin_memset(op, 0, sizeof(*op));
	op->header.start_mono_ns = bpf_ktime_get_ns();
	op->header.type = type;
	op->header.abi_version = NODESPAN_ABI_VERSION;
	op->header.target_slot = hit->slot;
	op->header.target_generation = hit->generation;
	return op;
}

/* The operation under the key, in whichever map; only to look at, or to change its fixed part. */
static __always_inline struct ns_operation *ns_op_find(const struct ns_object_key *key)
{
	struct ns_short_operation *short_op = bpf_map_lookup_elem(&inflight_short, key);
	struct ns_long_operation *long_op;

	if (short_op)
		return &short_op->op;
	long_op = bpf_map_lookup_elem(&inflight_long, key);
	return long_op ? &long_op->op : NULL;
}

static __always_inline void ns_op_delete(const struct ns_object_key *key)
{
	if (bpf_map_delete_elem(&inflight_short, key))
		bpf_map_delete_elem(&inflight_long, key);
}

/* Deletes what is in flight under the key: an operation whose end was not seen. */
static __always_inline void ns_op_supersede(const struct ns_object_key *key)
{
	if (ns_op_find(key)) {
		ns_op_delete(key);
		ns_count(NS_LOSS_SUPERSEDED);
	}
}

/* Whether a hit with this stack pointer can be inside of an operation that began with that one: on another stack, which
 * has grown since, or deeper on the same. */
static __always_inline int ns_encloses(u64 outer_stack_pointer, u64 g_addr, u64 stack_pointer)
{
	u64 bounds[2] = {}; /* g.stack: lo, hi (runtime/runtime2.go: the first field of g) */

	if (bpf_probe_read_user(bounds, sizeof(bounds), (const void *)g_addr))
		return 0;
	return outer_stack_pointer - bounds[0] >= bounds[1] - bounds[0] || stack_pointer < outer_stack_pointer;
}

static __always_inline int ns_op_encloses(const struct ns_operation *outer, u64 g_addr, u64 stack_pointer)
{
	return ns_encloses(outer->stack_pointer, g_addr, stack_pointer);
}

#define NS_MAX_INNER_OPERATIONS 3

/*
 * Makes room under the key of a goroutine for an operation that may begin within one of its own kind: a callback of an
 * HTTP client that sends a request. Such an operation has a deeper stack than the one around it; one that has not is
 * the next one, and the end of the other was not seen. Sets key->depth.
 */
static __always_inline void ns_op_enter(struct ns_object_key *key, u64 stack_pointer)
{
	struct ns_operation *outer = ns_op_find(key);

	if (!outer)
		return;
	if (outer->inner >= NS_MAX_INNER_OPERATIONS || !ns_op_encloses(outer, key->addr, stack_pointer)) {
		ns_op_supersede(key);
		return;
	}
	outer->inner++;
	key->depth = outer->inner;
	ns_op_supersede(key);
}

/* Sets key->depth to that of the innermost open operation, which ends now. */
static __always_inline void ns_op_leave(struct ns_object_key *key)
{
	struct ns_operation *outer = ns_op_find(key);

	if (!outer || !outer->inner)
		return;
	key->depth = outer->inner;
	outer->inner--;
}

/* The innermost open operation of the goroutine. */
static __always_inline struct ns_operation *ns_op_innermost(struct ns_object_key *key)
{
	struct ns_operation *outer = ns_op_find(key);

	if (!outer || !outer->inner)
		return outer;
	key->depth = outer->inner;
	return ns_op_find(key);
}

/* An operation under the key begins. Returns scratch memory to put it together in, to be given back; NULL when there is
 * nothing to record, which is counted. */
static __always_inline struct ns_scratch *ns_op_begin(const struct ns_hit *hit, const struct ns_object_key *key)
{
	ns_count(NS_COUNT_OPS_STARTED);
	if (ns_leaves_out_all(hit->params))
		return NULL;
	ns_op_supersede(key);
	return ns_scratch_take();
}

/* The same of one that may begin within one of its own kind: see ns_op_enter(). */
static __always_inline struct ns_scratch *ns_op_begin_within(const struct go_regs *ctx, const struct ns_hit *hit,
							     struct ns_object_key *key)
{
	ns_count(NS_COUNT_OPS_STARTED);
	if (ns_leaves_out_all(hit->params))
		return NULL;
	ns_op_enter(key, go_stack_pointer(ctx));
	return ns_scratch_take();
}

/* Keeps the scratch operation until its end. `reserve`: bytes of strings that the end may append. */
static __always_inline void ns_op_keep(struct ns_operation *op, const struct ns_object_key *key, const u64 reserve)
{
	long err;

	if (op->strings_bytes <= NS_SHORT_STRINGS_BYTES - reserve)
		err = bpf_map_update_elem(&inflight_short, key, op, BPF_ANY);
	else
		err = bpf_map_update_elem(&inflight_long, key, op, BPF_ANY);
	if (err)
		ns_count(NS_LOSS_INFLIGHT_FULL);
}

/* Moves what is in flight under the key to the scratch operation, where it has room for all strings. NULL when there is
 * nothing, also when another hit took it at the same time: of two that race, the one whose deletion succeeds has it. */
static __always_inline struct ns_operation *ns_op_take(struct ns_scratch *work, const struct ns_object_key *key)
{
	struct ns_short_operation *short_op = bpf_map_lookup_elem(&inflight_short, key);
	struct ns_long_operation *long_op;
	long err;

	if (short_op) {
		err = bpf_probe_read_kernel(&work->operation, sizeof(*short_op), short_op);
		if (!err)
			err = bpf_map_delete_elem(&inflight_short, key);
	} else {
		long_op = bpf_map_lookup_elem(&inflight_long, key);
		if (!long_op)
			return NULL;
		err = bpf_probe_read_kernel(&work->operation, sizeof(*long_op), long_op);
		if (!err)
			err = bpf_map_delete_elem(&inflight_long, key);
	}
	return err ? NULL : &work->operation.op;
}

/* Submits the operation, which ended at that time. */
static __always_inline void ns_op_finish_at(struct ns_strings strings, u64 end_mono_ns)
{
	struct ns_operation *op = strings.op;
	u64 strings_bytes = op->strings_bytes;

	if (strings_bytes > strings.room)
		strings_bytes = strings.room;
	op->header.size_bytes = strings.fixed + strings_bytes;
	op->header.end_mono_ns = end_mono_ns;
	ns_emit(&op->header, strings.fixed + strings_bytes, op->header.span_id[7]);
}

/* The same of one that ends now. */
static __always_inline void ns_op_finish(struct ns_strings strings)
{
	ns_op_finish_at(strings, bpf_ktime_get_ns());
}

#endif /* NODESPAN_OPERATION_H */
