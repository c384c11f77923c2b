/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of calls of databases, as the programs of all their libraries share them. */
#ifndef NODESPAN_DATABASE_H
#define NODESPAN_DATABASE_H

#include "bpf/emit/operation.bpf.h"
#include "bpf/emit/parents.bpf.h"
#include "bpf/extract/go_error.bpf.h"
#include "bpf/extract/value_path.bpf.h"

#define NS_DB_FIXED sizeof(struct ns_database_record)

/* ns_operation.memo */
enum ns_db_memo {
	NS_DB_TAG,
	NS_DB_GOID, /* of the goroutine, where calls are within calls: another one may get the same runtime.g */
};

/* Makes the scratch operation a call of the library that begins now. */
static __always_inline struct ns_operation *ns_db_new(struct go_regs *ctx, struct ns_scratch *work,
						      const struct ns_hit *hit, enum ns_db_library library)
{
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_DATABASE);

	op->stack_pointer = go_stack_pointer(ctx);
	op->memo[NS_DB_TAG] = hit->site->tag;
	ns_op_record(op, ns_database_record)->library = library;
	ns_op_record(op, ns_database_record)->operation = hit->site->tag;
	return op;
}

/* Whether the goroutine `g_addr` is inside of another call under the key, which is told that one more is open in it. */
static __always_inline int ns_db_enter(struct go_regs *ctx, const struct ns_hit *hit, const struct ns_object_key *key,
				       u64 g_addr)
{
	struct ns_operation *outer = ns_op_find(key);

	if (!outer || outer->memo[NS_DB_GOID] != ns_read_goid(hit, g_addr) ||
	    !ns_op_encloses(outer, g_addr, go_stack_pointer(ctx)))
		return 0;
	outer->inner++;
	return 1;
}

static __always_inline void ns_append_part(struct ns_strings strings, u32 which, const struct ns_value_path *path,
					   u64 conn, const u64 max)
{
	u64 addr = ns_follow(path, conn);

	if (addr)
		ns_append_string_at(strings, which, addr, max);
}

/* Where the connection that `base` stands for leads to. */
static __always_inline void ns_db_read_address(struct ns_strings strings, const struct ns_db_address *address, u64 base)
{
	struct ns_database_record *record = ns_op_record(strings.op, ns_database_record);
	u64 port_addr;

	ns_append_part(strings, NS_DB_SERVER, &address->server, base, NS_DB_MAX_SERVER);
	ns_append_part(strings, NS_DB_DATABASE, &address->database, base, NS_DB_MAX_DATABASE);
	port_addr = ns_follow(&address->port, base);
	if (port_addr &&
	    !bpf_probe_read_user(&record->server_port, sizeof(record->server_port), (const void *)port_addr))
		record->present |= NS_DB_HAS_PORT;
}

static __always_inline const struct ns_known_error *ns_find_known_error(const struct ns_hit *hit, struct go_iface error)
{
	u64 itab_vaddr = error.itab - hit->params->load_bias;

	for (u32 i = 0; i < NS_DB_ERRORS; i++) {
		const struct ns_known_error *known = &hit->binary->database.errors[i];

		if (known->itab_vaddr && known->itab_vaddr == itab_vaddr)
			return known;
	}
	return NULL;
}

/* What the library's or the driver's own error says, if we know its type. */
static __always_inline void ns_db_read_error(const struct ns_hit *hit, struct ns_strings strings, struct go_iface error)
{
	struct ns_database_record *record = ns_op_record(strings.op, ns_database_record);
	struct ns_error seen = ns_look_into_error(hit, error);
	const struct ns_known_error *known = ns_find_known_error(hit, seen.cause);
	struct go_string message = seen.text, code = {};
	u16 number = 0;

	error = seen.cause;
	record->present |= NS_DB_FAILED;
	record->error_type_vaddr = ns_error_type(hit, error);
	if (known) {
		const void *code_addr = (const void *)(error.data + known->code_off);

		record->present |= NS_DB_KNOWN_ERROR;
		if (known->code_kind == NS_CODE_NUMBER) {
			if (!bpf_probe_read_user(&number, sizeof(number), code_addr)) {
				record->error_number = number;
				record->present |= NS_DB_HAS_ERROR_NUMBER;
			}
		} else if (known->code_kind == NS_CODE_STRING && !bpf_probe_read_user(&code, sizeof(code), code_addr)) {
			ns_append(strings, NS_DB_CODE, code, NS_DB_MAX_CODE);
		}
		if (bpf_probe_read_user(&message, sizeof(message), (const void *)(error.data + known->message_off)))
			ns_count(NS_LOSS_FIELD_UNREADABLE);
	}
	ns_append(strings, NS_DB_MESSAGE, message, NS_DB_MAX_MESSAGE);
}

/* Submits the operation. `error`: what the call returned; not looked at when it did not return. */
static __always_inline void ns_db_finish(struct ns_operation *op, const u64 room, const struct ns_hit *hit,
					 struct go_iface error)
{
	struct ns_strings strings = {.op = op, .fixed = NS_DB_FIXED, .room = room};

	if (hit->other_caller)
		ns_op_record(op, ns_database_record)->present |= NS_DB_FAILED | NS_DB_PANICKED;
	else if (error.itab)
		ns_db_read_error(hit, strings, error);
	ns_op_finish(strings);
}

/* Completes the operation under the key with its error, and submits it; nothing when there is none. */
static __always_inline void ns_db_end_with(const struct ns_hit *hit, const struct ns_object_key *key,
					   struct go_iface error)
{
	struct ns_short_operation *short_op = bpf_map_lookup_elem(&inflight_short, key);
	struct ns_long_operation *long_op;

	if (short_op) {
		ns_db_finish(&short_op->op, NS_SHORT_STRINGS_BYTES, hit, error);
		bpf_map_delete_elem(&inflight_short, key);
		return;
	}
	long_op = bpf_map_lookup_elem(&inflight_long, key);
	if (long_op) {
		ns_db_finish(&long_op->op, NS_STRINGS_BYTES, hit, error);
		bpf_map_delete_elem(&inflight_long, key);
	}
}

/* The error that the site knows of. Uses the registers of the scratch slot. */
static __always_inline struct go_iface ns_db_error(struct go_regs *ctx, const struct ns_hit *hit,
						   struct ns_scratch *work)
{
	struct go_iface error;

	go_copy_registers(ctx, work->registers);
	error.itab = ns_result(ctx, hit, work, hit->site->error);
	error.data = ns_result(ctx, hit, work, hit->site->error + 1);
	return error;
}

/* The same with that error. */
static __always_inline void ns_db_end(struct go_regs *ctx, const struct ns_hit *hit, const struct ns_object_key *key)
{
	struct go_iface error = {};
	struct ns_scratch *work;

	if (!hit->other_caller) {
		work = ns_scratch_take();
		if (!work) {
			ns_op_delete(key);
			return;
		}
		error = ns_db_error(ctx, hit, work);
		ns_scratch_release(work);
	}
	ns_db_end_with(hit, key, error);
}

/* The end of a call that may be one within another: of those, only the outermost is an operation. */
static __always_inline void ns_db_leave(struct go_regs *ctx, const struct ns_hit *hit, const struct ns_object_key *key)
{
	struct ns_operation *op = ns_op_find(key);

	if (!op)
		return;
	if (op->inner)
		op->inner--;
	else if (op->memo[NS_DB_TAG] == hit->site->tag)
		ns_db_end(ctx, hit, key);
}

#endif /* NODESPAN_DATABASE_H */
