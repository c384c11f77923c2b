/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * database_sql: calls of a database driver through database/sql, one span for each call of the driver (a retry after
 * driver.ErrBadConn is another one). Emits NS_RECORD_DATABASE. What a site stands for is its tag, an ns_db_operation.
 *
 * Start (database/sql/sql.go; arguments in registers by ABIInternal):
 *   (*DB).queryDC(db, ctx, txctx, dc, releaseConn, query, args)
 *   (*DB).execDC(db, ctx, dc, release, query, args)
 *   (*DB).beginDC(db, ctx, dc, release, opts), (*DB).pingDC(db, ctx, dc, release)
 *   rowsiFromStatement, resultFromStatement(ctx, ci, ds, args)
 *   (*Tx).Commit.func1, (*Tx).rollback.func1: the closures that call the driver, so that a Rollback after Commit, which
 *   returns ErrTxDone, is no operation. They have captured the Tx.
 *
 * Statement: (*Stmt).QueryContext, ExecContext(s, ctx, args): the text, which the functions that are called with the
 * prepared statement do not know; the statement and the context for a call that gets no connection.
 *
 * End: wherever the planner found the error that the function returns.
 *
 * Wait: the call of runtime.makechan in (*DB).conn, which makes the channel that a connection comes through when all of
 * the pool are in use: one hit more for a call that waits, none for the others. The operation that gets the connection
 * begins there. Callers of (*DB).conn that begin none (DB.Conn, Prepare) are told from the others by where it returns.
 *
 * Refused: where those callers return because (*DB).conn failed. A call that has waited in vain is an operation without
 * a connection: NS_RECORD_DATABASE too, with what the function was called with.
 */
#include "bpf/emit/database.bpf.h"

/* ns_note.words of NS_OBJECT_SQL_STATEMENT */
enum ns_sql_statement {
	NS_SQL_STATEMENT_TEXT, /* a Go string */
	NS_SQL_STATEMENT_ADDR = 2,
	NS_SQL_STATEMENT_CONTEXT, /* itab and data */
};

/* ns_note.words of NS_OBJECT_SQL_WAIT */
enum ns_sql_wait {
	NS_SQL_WAIT_BEGIN, /* bpf_ktime_get_ns() */
	NS_SQL_WAIT_TAG,   /* ns_sql_waiter.tag */
};

/* What a start hit says about the call. */
struct ns_sql_call {
	struct go_iface context;
	struct go_iface conn; /* driver.Conn */
	struct go_string query;
};

static __always_inline struct go_iface ns_sql_conn(const struct ns_sql_params *params, u64 driver_conn)
{
	struct go_iface conn = {};

	if (driver_conn && ns_read_iface(&conn, driver_conn + params->driver_conn_ci_off))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return conn;
}

/*
 * The transaction that a closure of Commit or rollback has captured. The order of what a closure captures is the
 * compiler's; the Tx is the one whose connection belongs to the same DB as itself.
 */
static __always_inline void ns_sql_transaction(const struct ns_sql_params *params, u64 closure,
					       struct ns_sql_call *call)
{
#pragma unroll
	for (u32 i = 1; i <= 2; i++) {
		u64 tx = 0, db = 0, dc = 0, dc_db = 0;

		if (ns_read_u64(&tx, closure + 8 * i) || ns_read_u64(&db, tx + params->tx_db_off) ||
		    ns_read_u64(&dc, tx + params->tx_dc_off) || ns_read_u64(&dc_db, dc + params->driver_conn_db_off) ||
		    !db || db != dc_db)
			continue;
		call->conn = ns_sql_conn(params, dc);
		if (ns_read_iface(&call->context, tx + params->tx_ctx_off))
			ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	ns_count(NS_LOSS_FIELD_UNREADABLE);
}

static __always_inline struct go_string ns_sql_statement_text(const struct ns_note *statement)
{
	struct go_string text = {
		.data = statement->words[NS_SQL_STATEMENT_TEXT],
		.bytes = statement->words[NS_SQL_STATEMENT_TEXT + 1],
	};

	return text;
}

static __always_inline void ns_sql_read_call(struct go_regs *ctx, const struct ns_hit *hit, u64 g_addr,
					     struct ns_sql_call *call)
{
	const struct ns_sql_params *params = &hit->binary->sql;
	struct ns_object_key key;
	struct ns_note *statement;

	switch (hit->site->tag) {
	case NS_DB_OP_QUERY:
		call->context.itab = go_arg2(ctx);
		call->context.data = go_arg3(ctx);
		call->conn = ns_sql_conn(params, go_arg6(ctx));
		call->query.data = go_arg8(ctx);
		call->query.bytes = go_arg9(ctx);
		break;
	case NS_DB_OP_EXEC:
		call->context.itab = go_arg2(ctx);
		call->context.data = go_arg3(ctx);
		call->conn = ns_sql_conn(params, go_arg4(ctx));
		call->query.data = go_arg6(ctx);
		call->query.bytes = go_arg7(ctx);
		break;
	case NS_DB_OP_BEGIN:
	case NS_DB_OP_PING:
		call->context.itab = go_arg2(ctx);
		call->context.data = go_arg3(ctx);
		call->conn = ns_sql_conn(params, go_arg4(ctx));
		break;
	case NS_DB_OP_COMMIT:
	case NS_DB_OP_ROLLBACK:
		ns_sql_transaction(params, go_closure(ctx), call);
		break;
	default:
		call->context.itab = go_arg1(ctx);
		call->context.data = go_arg2(ctx);
		call->conn.itab = go_arg3(ctx);
		call->conn.data = go_arg4(ctx);
		key = ns_object(hit, NS_OBJECT_SQL_STATEMENT, g_addr);
		statement = bpf_map_lookup_elem(&notes, &key);
		if (statement)
			call->query = ns_sql_statement_text(statement);
	}
}

/* Which driver it is, and where its connection leads to, as far as we know its structs. */
static __always_inline void ns_sql_read_driver(const struct ns_hit *hit, struct ns_strings strings,
					       struct go_iface conn)
{
	struct ns_database_record *record = ns_op_record(strings.op, ns_database_record);
	u64 itab_vaddr = conn.itab - hit->params->load_bias;
	u64 type = 0;

	if (!conn.itab || ns_read_u64(&type, conn.itab + GO_ITAB_TYPE_OFF))
		return;
	record->driver_type_vaddr = type - hit->params->load_bias;
	for (u32 i = 0; i < NS_SQL_DRIVERS; i++) {
		const struct ns_sql_driver *driver = &hit->binary->sql.drivers[i];

		if (!driver->conn_itab_vaddr || driver->conn_itab_vaddr != itab_vaddr)
			continue;
		ns_db_read_address(strings, &driver->address, conn.data);
		return;
	}
}

/* An operation that got its connection after a wait began with that. */
static __always_inline void ns_sql_end_wait(const struct ns_hit *hit, struct ns_operation *op, u64 g_addr)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_SQL_WAIT, g_addr);
	struct ns_note *wait = bpf_map_lookup_elem(&notes, &key);
	u64 tag = hit->site->tag == NS_DB_OP_PREPARED_EXEC ? NS_DB_OP_PREPARED_QUERY : hit->site->tag;

	if (!wait)
		return;
	if (wait->words[NS_SQL_WAIT_TAG] == tag) {
		ns_op_record(op, ns_database_record)->pool_wait_ns =
			op->header.start_mono_ns - wait->words[NS_SQL_WAIT_BEGIN];
		op->header.start_mono_ns = wait->words[NS_SQL_WAIT_BEGIN];
	}
	bpf_map_delete_elem(&notes, &key);
}

/* A driver that is traced by itself has to know that it is called for this one. */
static __always_inline void ns_sql_note_left_out(const struct ns_hit *hit, u64 g_addr)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_SQL_LEFT_OUT, g_addr);
	struct ns_note note = {.words = {ns_read_goid(hit, g_addr)}};

	if (hit->binary->pgx.is_attached && bpf_map_update_elem(&notes, &key, &note, BPF_ANY))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
}

static __always_inline void ns_sql_begin(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
					 const struct ns_object_key *key)
{
	struct ns_operation *op = ns_db_new(ctx, work, hit, NS_DB_LIBRARY_SQL);
	struct ns_strings strings = {.op = op, .fixed = NS_DB_FIXED, .room = NS_STRINGS_BYTES};
	struct ns_sql_call call = {};

	ns_sql_end_wait(hit, op, key->addr);
	ns_sql_read_call(ctx, hit, key->addr, &call);
	if (!ns_join_trace(work, hit, &op->header, call.context, key->addr)) {
		ns_sql_note_left_out(hit, key->addr);
		return;
	}
	ns_append(strings, NS_DB_QUERY, call.query, NS_DB_MAX_QUERY);
	ns_sql_read_driver(hit, strings, call.conn);
	ns_op_keep(op, key, NS_DB_MAX_CODE + NS_DB_MAX_MESSAGE);
}

SEC("uprobe")
int database_sql_start(struct go_regs *ctx)
{
	struct ns_operation *outer;
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_SQL, go_current_g(ctx));
	if (hit.site->tag == NS_DB_OP_PREPARED_QUERY || hit.site->tag == NS_DB_OP_PREPARED_EXEC) {
		/* Also how queryDC and execDC call a driver that cannot do without (driver.ErrSkip): their own
		 * operation. */
		outer = ns_op_find(&key);
		if (outer && ns_op_encloses(outer, key.addr, go_stack_pointer(ctx)))
			return 0;
	}
	work = ns_op_begin_within(ctx, &hit, &key);
	if (!work)
		return 0;
	ns_sql_begin(ctx, work, &hit, &key);
	ns_scratch_release(work);
	return 0;
}

SEC("uprobe")
int database_sql_statement(struct go_regs *ctx)
{
	struct ns_note statement = {};
	struct ns_hit hit = {};
	struct ns_object_key key;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_SQL_STATEMENT, go_current_g(ctx));
	statement.words[NS_SQL_STATEMENT_ADDR] = go_arg1(ctx);
	statement.words[NS_SQL_STATEMENT_CONTEXT] = go_arg2(ctx);
	statement.words[NS_SQL_STATEMENT_CONTEXT + 1] = go_arg3(ctx);
	if (bpf_probe_read_user(&statement.words[NS_SQL_STATEMENT_TEXT], sizeof(struct go_string),
				(const void *)(go_arg1(ctx) + hit.binary->sql.stmt_query_off)) ||
	    bpf_map_update_elem(&notes, &key, &statement, BPF_ANY)) {
		bpf_map_delete_elem(&notes, &key);
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	}
	return 0;
}

SEC("uprobe")
int database_sql_end(struct go_regs *ctx)
{
	struct ns_operation *outermost, *op;
	struct ns_hit hit = {};
	struct ns_object_key key;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_SQL, go_current_g(ctx));
	outermost = ns_op_find(&key);
	op = outermost;
	if (op && op->inner) {
		key.depth = op->inner;
		op = ns_op_find(&key);
	}
	if (!outermost && hit.binary->pgx.is_attached) {
		key.kind = NS_OBJECT_SQL_LEFT_OUT;
		bpf_map_delete_elem(&notes, &key);
	}
	/* An end of another kind: the prepared statement inside of a query. */
	if (!outermost || (op && op->memo[NS_DB_TAG] != hit.site->tag))
		return 0;
	if (outermost->inner)
		outermost->inner--;
	ns_db_end(ctx, &hit, &key);
	return 0;
}

SEC("uprobe")
int database_sql_wait(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_note wait = {};
	struct ns_object_key key;
	u64 caller = 0;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	if (ns_read_u64(&caller, go_stack_pointer(ctx) + (s64)hit.site->results[NS_SQL_SITE_RETURN_ADDRESS].value)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	caller -= hit.params->load_bias;
#pragma unroll
	for (u32 i = 0; i < NS_SQL_WAITERS; i++) {
		const struct ns_sql_waiter *waiter = &hit.binary->sql.waiters[i];

		if (waiter->tag && caller - waiter->vaddr < waiter->bytes)
			wait.words[NS_SQL_WAIT_TAG] = waiter->tag;
	}
	if (!wait.words[NS_SQL_WAIT_TAG])
		return 0;
	wait.words[NS_SQL_WAIT_BEGIN] = bpf_ktime_get_ns();
	key = ns_object(&hit, NS_OBJECT_SQL_WAIT, go_current_g(ctx));
	if (bpf_map_update_elem(&notes, &key, &wait, BPF_ANY))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return 0;
}

/* What a refused call of a prepared statement was given, as it was noted; the DB's address. */
static __always_inline u64 ns_sql_refused_statement(const struct ns_hit *hit, u64 g_addr, struct ns_sql_call *call)
{
	const struct ns_sql_params *params = &hit->binary->sql;
	struct ns_object_key key = ns_object(hit, NS_OBJECT_SQL_STATEMENT, g_addr);
	struct ns_note *statement = bpf_map_lookup_elem(&notes, &key);
	u64 db = 0;

	if (!statement)
		return 0;
	call->query = ns_sql_statement_text(statement);
	call->context.itab = statement->words[NS_SQL_STATEMENT_CONTEXT];
	call->context.data = statement->words[NS_SQL_STATEMENT_CONTEXT + 1];
	if ((params->present & NS_SQL_PARAM_STMT_DB) &&
	    ns_read_u64(&db, statement->words[NS_SQL_STATEMENT_ADDR] + params->stmt_db_off))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return db;
}

/* The same of other calls, from where their function keeps its arguments. */
static __always_inline u64 ns_sql_refused_call(struct go_regs *ctx, const struct ns_hit *hit, struct ns_sql_call *call)
{
	const struct ns_value_location *receiver = &hit->site->results[NS_SQL_SITE_RECEIVER];
	const struct ns_value_location *query = &hit->site->results[NS_SQL_SITE_QUERY];
	u64 words[3] = {}; /* DB, context */

	if (receiver->source == NS_VALUE_STACK &&
	    bpf_probe_read_user(words, sizeof(words), (const void *)(go_stack_pointer(ctx) + (s64)receiver->value)))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	call->context.itab = words[1];
	call->context.data = words[2];
	if ((hit->site->tag == NS_DB_OP_QUERY || hit->site->tag == NS_DB_OP_EXEC) && query->source == NS_VALUE_STACK &&
	    bpf_probe_read_user(&call->query, sizeof(call->query),
				(const void *)(go_stack_pointer(ctx) + (s64)query->value)))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return words[0];
}

/* Which driver the pool gets its connections from: by its connector, or by the driver that an ordinary one has. */
static __always_inline u64 ns_sql_connector_type(const struct ns_hit *hit, u64 db)
{
	const struct ns_sql_params *params = &hit->binary->sql;
	struct go_iface connector = {};
	u64 type = 0;

	if (!db || !(params->present & NS_SQL_PARAM_CONNECTOR) ||
	    ns_read_iface(&connector, db + params->db_connector_off) || !connector.itab)
		return 0;
	if (params->dsn_connector_itab_vaddr &&
	    connector.itab == params->dsn_connector_itab_vaddr + hit->params->load_bias &&
	    (ns_read_iface(&connector, connector.data + params->dsn_connector_driver_off) || !connector.itab))
		return 0;
	if (ns_read_u64(&type, connector.itab + GO_ITAB_TYPE_OFF))
		return 0;
	return type - hit->params->load_bias;
}

/* Submits the call that has waited for a connection since `begin_mono_ns` and did not get one. */
static __always_inline void ns_sql_refuse(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
					  u64 g_addr, u64 begin_mono_ns)
{
	struct ns_operation *op = ns_db_new(ctx, work, hit, NS_DB_LIBRARY_SQL);
	struct ns_database_record *record = ns_op_record(op, ns_database_record);
	struct ns_strings strings = {.op = op, .fixed = NS_DB_FIXED, .room = NS_STRINGS_BYTES};
	struct ns_sql_call call = {};
	struct go_iface error;
	u64 db;

	record->pool_wait_ns = op->header.start_mono_ns - begin_mono_ns;
	op->header.start_mono_ns = begin_mono_ns;
	if (hit->site->tag == NS_DB_OP_PREPARED_QUERY)
		db = ns_sql_refused_statement(hit, g_addr, &call);
	else
		db = ns_sql_refused_call(ctx, hit, &call);
	if (!ns_join_trace(work, hit, &op->header, call.context, g_addr))
		return;
	record->driver_type_vaddr = ns_sql_connector_type(hit, db);
	ns_append(strings, NS_DB_QUERY, call.query, NS_DB_MAX_QUERY);
	error = ns_db_error(ctx, hit, work);
	if (error.itab)
		ns_db_read_error(hit, strings, error);
	ns_op_finish(strings);
}

SEC("uprobe")
int database_sql_refused(struct go_regs *ctx)
{
	struct ns_scratch *work;
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_note *wait;
	u64 begin_mono_ns;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_SQL_WAIT, go_current_g(ctx));
	wait = bpf_map_lookup_elem(&notes, &key);
	if (!wait)
		return 0; /* it failed without a wait */
	begin_mono_ns = wait->words[NS_SQL_WAIT_BEGIN];
	bpf_map_delete_elem(&notes, &key);
	ns_count(NS_COUNT_OPS_STARTED);
	if (ns_leaves_out_all(hit.params))
		return 0;
	work = ns_scratch_take();
	if (!work)
		return 0;
	ns_sql_refuse(ctx, work, &hit, key.addr, begin_mono_ns);
	ns_scratch_release(work);
	return 0;
}
