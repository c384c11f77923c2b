/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * pgx: calls of a pgx.Conn, also by way of a pool or a transaction, which come to these functions. Emits
 * NS_RECORD_DATABASE. What a site stands for is its tag, an ns_db_operation.
 *
 * Start (conn.go, copy_from.go):
 *   (*Conn).Query, .Exec(c, ctx, sql, args...): AX is c, BX and CX ctx, DI and SI sql
 *   (*Conn).Prepare(c, ctx, name, sql): R8 and R9 are sql
 *   (*Conn).SendBatch(c, ctx, b): DI is b
 *   (*Conn).CopyFrom(c, ctx, tableName, columnNames, rowSrc): DI and SI are tableName, a []string
 *
 * End: wherever the planner found the error that the function returns. But Query has only begun when it returns:
 *
 * pgx_rows: its rows are closed, where the last error shows, behind the call of (*ResultReader).Close in
 * (*baseRows).Close(rows).
 *
 * pgx_failed: Query itself closes them, because it has failed: its calls of (*baseRows).Close(rows), with the error in
 * them.
 *
 * SendBatch, likewise, says nothing of errors:
 *
 * pgx_closing: its results begin to be closed, at the start of (*batchResults).Close(br) and of
 * (*pipelineBatchResults).Close.
 *
 * What runs within a call of database/sql is that call, and makes no span. A statement that is prepared because a call
 * needs it is part of that call.
 */
#include "bpf/emit/database.bpf.h"

/* Whether the goroutine is inside of a call of database/sql. */
static __always_inline int ns_pgx_is_driver(const struct ns_hit *hit, u64 g_addr, u64 stack_pointer)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_SQL, g_addr);
	struct ns_operation *outer = ns_op_find(&key);
	const struct ns_note *left_out;

	if (outer && ns_op_encloses(outer, g_addr, stack_pointer))
		return 1;
	key.kind = NS_OBJECT_SQL_LEFT_OUT;
	left_out = bpf_map_lookup_elem(&notes, &key);
	return left_out && left_out->words[0] == ns_read_goid(hit, g_addr);
}

/* How many statements the batch has, and the text of a single one. */
static __always_inline void ns_pgx_read_batch(const struct ns_hit *hit, struct ns_strings strings, u64 batch)
{
	const struct ns_pgx_params *params = &hit->binary->pgx;
	struct go_slice queued = {};
	u64 query = 0;

	if (!(params->present & NS_PGX_PARAM_BATCH))
		return;
	if (bpf_probe_read_user(&queued, sizeof(queued), (const void *)(batch + params->batch_queries_off))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	ns_op_record(strings.op, ns_database_record)->batch_size =
		queued.count > 0xffffffff ? 0xffffffff : queued.count;
	if (queued.count == 1 && (params->present & NS_PGX_PARAM_QUEUED) && !ns_read_u64(&query, queued.data))
		ns_append_string_at(strings, NS_DB_QUERY, query + params->queued_sql_off, NS_DB_MAX_QUERY);
}

/* The text of the call, or what stands for it. */
static __always_inline void ns_pgx_read_text(struct go_regs *ctx, const struct ns_hit *hit, struct ns_strings strings)
{
	struct go_string text = {.data = go_arg4(ctx), .bytes = go_arg5(ctx)};

	switch (hit->site->tag) {
	case NS_DB_OP_BATCH:
		ns_pgx_read_batch(hit, strings, go_arg4(ctx));
		return;
	case NS_DB_OP_COPY:
		/* The last part of the name: the others are schemas. */
		if (text.bytes - 1 < 3)
			ns_append_string_at(strings, NS_DB_QUERY,
					    text.data + (text.bytes - 1) * sizeof(struct go_string), NS_DB_MAX_QUERY);
		return;
	case NS_DB_OP_PREPARE:
		text.data = go_arg6(ctx);
		text.bytes = go_arg7(ctx);
	}
	ns_append(strings, NS_DB_QUERY, text, NS_DB_MAX_QUERY);
}

static __always_inline void ns_pgx_begin(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
					 const struct ns_object_key *key)
{
	struct ns_operation *op = ns_db_new(ctx, work, hit, NS_DB_LIBRARY_PGX);
	struct ns_strings strings = {.op = op, .fixed = NS_DB_FIXED, .room = NS_STRINGS_BYTES};
	struct go_iface context = {.itab = go_arg2(ctx), .data = go_arg3(ctx)};

	op->memo[NS_DB_GOID] = ns_read_goid(hit, go_current_g(ctx));
	if (!ns_join_trace(work, hit, &op->header, context, go_current_g(ctx)))
		return;
	ns_pgx_read_text(ctx, hit, strings);
	ns_db_read_address(strings, &hit->binary->pgx.address, go_arg1(ctx));
	ns_op_keep(op, key, NS_DB_MAX_CODE + NS_DB_MAX_MESSAGE);
}

SEC("uprobe")
int pgx_start(struct go_regs *ctx)
{
	struct ns_object_key key, conn_key;
	struct ns_scratch *work;
	struct ns_hit hit = {};
	u64 g_addr = go_current_g(ctx);

	if (ns_hit_begin(ctx, &hit) || ns_pgx_is_driver(&hit, g_addr, go_stack_pointer(ctx)))
		return 0;
	key = ns_object(&hit, NS_OBJECT_PGX, g_addr);
	if (ns_db_enter(ctx, &hit, &key, g_addr))
		return 0;
	conn_key = ns_object(&hit, NS_OBJECT_PGX_CONN, go_arg1(ctx));
	if (hit.site->tag == NS_DB_OP_PREPARE && ns_op_find(&conn_key))
		return 0; /* for that query or batch: a connection does one thing at a time */
	if (hit.site->tag == NS_DB_OP_QUERY || hit.site->tag == NS_DB_OP_BATCH)
		key = conn_key;
	work = ns_op_begin(&hit, &key);
	if (!work)
		return 0;
	ns_pgx_begin(ctx, work, &hit, &key);
	ns_scratch_release(work);
	return 0;
}

/* The Conn whose batch is closed by the goroutine; 0: none. */
static __always_inline u64 ns_pgx_closed_conn(const struct ns_hit *hit, u64 g_addr)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_PGX_CLOSING, g_addr);
	const struct ns_note *note = bpf_map_lookup_elem(&notes, &key);
	u64 conn;

	if (!note)
		return 0;
	conn = note->words[0];
	bpf_map_delete_elem(&notes, &key);
	return conn;
}

SEC("uprobe")
int pgx_end(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_PGX, go_current_g(ctx));
	if (hit.site->tag == NS_DB_OP_BATCH) {
		key.addr = ns_pgx_closed_conn(&hit, key.addr);
		key.kind = NS_OBJECT_PGX_CONN;
		if (!key.addr)
			return 0;
	}
	ns_db_leave(ctx, &hit, &key);
	return 0;
}

/* The key of the query whose rows are at `rows`; addr is 0 when it cannot be told. */
static __always_inline struct ns_object_key ns_pgx_query(const struct ns_hit *hit, u64 rows)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_PGX_CONN, 0);
	struct ns_operation *op;

	if (ns_read_u64(&key.addr, rows + hit->binary->pgx.rows_conn_off)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		key.addr = 0;
		return key;
	}
	op = ns_op_find(&key);
	if (!op || op->memo[NS_DB_TAG] != NS_DB_OP_QUERY)
		key.addr = 0;
	return key;
}

SEC("uprobe")
int pgx_failed(struct go_regs *ctx)
{
	struct go_iface error = {};
	struct ns_hit hit = {};
	struct ns_object_key key;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_pgx_query(&hit, go_arg1(ctx));
	if (!key.addr)
		return 0;
	if (ns_read_iface(&error, go_arg1(ctx) + hit.binary->pgx.rows_err_off))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	ns_db_end_with(&hit, &key, error);
	return 0;
}

SEC("uprobe")
int pgx_rows(struct go_regs *ctx)
{
	/* Where the function keeps its first argument, as the planner has proved: above its return address. */
	const u64 rows_addr = go_frame_pointer(ctx) + 16;
	struct ns_hit hit = {};
	struct ns_object_key key;
	u64 rows = 0;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	if (ns_read_u64(&rows, rows_addr)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	key = ns_pgx_query(&hit, rows);
	if (key.addr)
		ns_db_end(ctx, &hit, &key);
	return 0;
}

SEC("uprobe")
int pgx_closing(struct go_regs *ctx)
{
	struct ns_note closing = {};
	struct ns_object_key key;
	struct ns_hit hit = {};

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_PGX_CLOSING, go_current_g(ctx));
	if (ns_read_u64(&closing.words[0], go_arg1(ctx) + (u32)hit.site->results[NS_PGX_SITE_CONN].value) ||
	    bpf_map_update_elem(&notes, &key, &closing, BPF_ANY))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return 0;
}
