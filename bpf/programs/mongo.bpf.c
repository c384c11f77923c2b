/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * mongo: operations of the MongoDB driver, one span for each, with all the attempts and messages that it takes. Emits
 * NS_RECORD_DATABASE. All functions are of x/mongo/driver, and have had these names and arguments in v1 and v2.
 *
 * Start: Operation.Execute(op, ctx). The Operation is too large for registers: it lies above the return address. AX and
 * BX are ctx. What the driver itself asks over a connection of its choice (handshakes, authentication, heartbeats) is
 * none: its deployment tells.
 *
 * Command: (*Operation).redactCommand(op, cmd, doc), which Execute calls for every message that it is about to send,
 * before compression: DI and SI are the command, a BSON document without the documents of a bulk. The last one counts.
 *
 * End: the calls of runtime.deferreturn that Execute ends with, as it has a defer in a loop, with its error.
 */
#include "bpf/emit/database.bpf.h"

/* ns_operation.memo, behind those of all databases */
enum ns_mongo_memo {
	NS_MONGO_DATABASE = NS_DB_GOID + 1, /* a Go string that Execute's arguments keep alive */
	NS_MONGO_DATABASE_BYTES,
	NS_MONGO_COMMAND_FN, /* a Go func */
};

/*
 * What is on the stack where Execute begins. The binary has no descriptor of Operation, whose first fields have been
 * these three in all releases (operation.go). Whether they still are is seen by the type of the third one.
 */
struct ns_mongo_call {
	u64 return_address;
	u64 command_fn;
	struct go_string database;
	struct go_iface deployment;
};

static __always_inline int ns_mongo_is_deployment(const struct ns_hit *hit, u64 itab)
{
	const u64 itab_vaddr = itab - hit->params->load_bias;

	for (u32 i = 0; i < NS_MONGO_DEPLOYMENTS; i++) {
		const u64 known = hit->binary->mongo.deployment_itab_vaddrs[i];

		if (known && known == itab_vaddr)
			return 1;
	}
	return 0;
}

/* How many documents the operation writes: its OperationBatches (v2.2 and newer) are found by their type. */
static __always_inline void ns_mongo_read_batches(struct go_regs *ctx, struct ns_scratch *work,
						  const struct ns_hit *hit)
{
	const struct ns_mongo_params *params = &hit->binary->mongo;
	const u64 itab = params->batches_itab_vaddr + hit->params->load_bias;
	const u64 *words = (const u64 *)work->window;
	struct go_slice documents = {};
	u64 batches = 0;

	if (!params->batches_itab_vaddr)
		return;
	if (bpf_probe_read_user(work->window, NS_MONGO_OPERATION_WORDS * sizeof(u64),
				(const void *)(go_stack_pointer(ctx) + sizeof(u64)))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	for (u32 i = 0; i + 1 < NS_MONGO_OPERATION_WORDS; i++) {
		if (words[i] == itab)
			batches = words[i + 1];
	}
	if (!batches)
		return;
	if (bpf_probe_read_user(&documents, sizeof(documents), (const void *)(batches + params->batches_documents_off)))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	ns_op_record(&work->operation.op, ns_database_record)->batch_size =
		documents.count > 0xffffffff ? 0xffffffff : documents.count;
}

static __always_inline void ns_mongo_begin(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
					   const struct ns_object_key *key, const struct ns_mongo_call *call)
{
	struct ns_operation *op = ns_db_new(ctx, work, hit, NS_DB_LIBRARY_MONGO);
	struct go_iface context = {.itab = go_arg1(ctx), .data = go_arg2(ctx)};

	op->memo[NS_DB_GOID] = ns_read_goid(hit, key->addr);
	op->memo[NS_MONGO_DATABASE] = call->database.data;
	op->memo[NS_MONGO_DATABASE_BYTES] = call->database.bytes;
	op->memo[NS_MONGO_COMMAND_FN] = call->command_fn;
	if (!ns_join_trace(work, hit, &op->header, context, key->addr))
		return;
	ns_mongo_read_batches(ctx, work, hit);
	ns_op_keep(op, key, NS_DB_MAX_DATABASE + NS_DB_MAX_MESSAGE);
}

SEC("uprobe")
int mongo_start(struct go_regs *ctx)
{
	struct ns_mongo_call call = {};
	struct ns_scratch *work;
	struct ns_hit hit = {};
	struct ns_object_key key;
	u64 own_itab;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_MONGO, go_current_g(ctx));
	if (ns_db_enter(ctx, &hit, &key, key.addr))
		return 0;
	ns_op_supersede(&key); /* also by what is none: it comes by the other sites, too */
	if (bpf_probe_read_user(&call, sizeof(call), (const void *)go_stack_pointer(ctx)))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	own_itab = hit.binary->mongo.own_deployment_itab_vaddr;
	if (own_itab && call.deployment.itab == own_itab + hit.params->load_bias)
		return 0;
	ns_count(NS_COUNT_OPS_STARTED);
	if (ns_leaves_out_all(hit.params))
		return 0;
	if (!ns_mongo_is_deployment(&hit, call.deployment.itab)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		call.database.bytes = 0;
		call.command_fn = 0;
	}
	work = ns_scratch_take();
	if (!work)
		return 0;
	ns_mongo_begin(ctx, work, &hit, &key, &call);
	ns_scratch_release(work);
	return 0;
}

/* What the interface holds, if that is a topology.Connection. Its itab may have been made when the program ran. */
static __always_inline u64 ns_mongo_conn_in(const struct ns_hit *hit, struct go_iface iface)
{
	u64 type = 0;

	if (ns_read_u64(&type, iface.itab + GO_ITAB_TYPE_OFF))
		return 0;
	return type == hit->binary->mongo.conn_type_vaddr + hit->params->load_bias ? iface.data : 0;
}

/*
 * The topology.Connection that Execute is going to use; 0 when it cannot be told. Execute has just deferred closing it,
 * so that the first deferred function of the goroutine is a closure of what is closed: an interface, or a pointer to a
 * struct that has one.
 */
static __always_inline u64 ns_mongo_conn(const struct ns_hit *hit, u64 g_addr)
{
	const struct ns_mongo_params *params = &hit->binary->mongo;
	struct {
		u64 code;
		struct go_iface conn;
	} closure = {};
	u64 deferred = 0, fn = 0, conn;
	struct go_iface split = {};

	if (!(params->present & NS_MONGO_PARAM_DEFERRED))
		return 0;
	if (ns_read_u64(&deferred, g_addr + params->g_defer_off) || !deferred ||
	    ns_read_u64(&fn, deferred + params->defer_fn_off) || !fn ||
	    bpf_probe_read_user(&closure, sizeof(closure), (const void *)fn))
		return 0;
	conn = ns_mongo_conn_in(hit, closure.conn);
	if (conn || !(params->present & NS_MONGO_PARAM_SPLIT_CONN) ||
	    ns_read_iface(&split, closure.conn.itab + params->split_conn_off))
		return conn;
	return ns_mongo_conn_in(hit, split);
}

static __always_inline void ns_mongo_append_database(struct ns_strings strings)
{
	struct go_string database = {.data = strings.op->memo[NS_MONGO_DATABASE],
				     .bytes = strings.op->memo[NS_MONGO_DATABASE_BYTES]};

	ns_append(strings, NS_DB_DATABASE, database, NS_DB_MAX_DATABASE);
}

/* Takes the message into the scratch operation, instead of one before. */
static __always_inline void ns_mongo_read_message(struct go_regs *ctx, const struct ns_hit *hit,
						  struct ns_strings strings, u64 g_addr)
{
	struct ns_operation *op = strings.op;
	struct go_string command = {.data = go_arg4(ctx), .bytes = go_arg5(ctx)};
	u64 conn = ns_mongo_conn(hit, g_addr);

	op->strings_bytes = 0;
	op->header.strings_cut = 0;
	__builtin_memset(op->header.string_bytes, 0, sizeof(op->header.string_bytes));
	ns_append(strings, NS_DB_QUERY, command, NS_DB_MAX_QUERY);
	if (conn)
		ns_append_part(strings, NS_DB_SERVER, &hit->binary->mongo.server, conn, NS_DB_MAX_SERVER);
	ns_mongo_append_database(strings);
}

SEC("uprobe")
int mongo_command(struct go_regs *ctx)
{
	struct ns_operation *op;
	struct ns_scratch *work;
	struct ns_hit hit = {};
	struct ns_object_key key;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_MONGO, go_current_g(ctx));
	op = ns_op_find(&key);
	if (!op || op->inner)
		return 0;
	work = ns_scratch_take();
	if (!work)
		return 0;
	op = ns_op_take(work, &key);
	if (op) {
		struct ns_strings strings = {.op = op, .fixed = NS_DB_FIXED, .room = NS_STRINGS_BYTES};

		ns_mongo_read_message(ctx, &hit, strings, key.addr);
		ns_op_keep(op, &key, NS_DB_MAX_MESSAGE);
	}
	ns_scratch_release(work);
	return 0;
}

/* What the server has answered, if that is the error. Returns the address of its message. */
static __always_inline u64 ns_mongo_read_answer(const struct ns_hit *hit, struct ns_database_record *record,
						struct go_iface error)
{
	const u64 itab_vaddr = error.itab - hit->params->load_bias;

#pragma unroll
	for (u32 i = 0; i < NS_MONGO_ERRORS; i++) {
		const struct ns_mongo_error *known = &hit->binary->mongo.errors[i];
		u64 code_addr;
		u32 code = 0;

		if (!known->itab_vaddr || known->itab_vaddr != itab_vaddr)
			continue;
		code_addr = ns_follow(&known->code, error.data);
		if (!code_addr || bpf_probe_read_user(&code, sizeof(code), (const void *)code_addr) || !code)
			continue;
		record->error_number = code;
		record->present |= NS_DB_KNOWN_ERROR | NS_DB_HAS_ERROR_NUMBER;
		return ns_follow(&known->message, error.data);
	}
	return 0;
}

static __always_inline void ns_mongo_read_error(const struct ns_hit *hit, struct ns_strings strings,
						struct go_iface error)
{
	struct ns_database_record *record = ns_op_record(strings.op, ns_database_record);
	const struct ns_mongo_params *params = &hit->binary->mongo;
	const struct ns_mongo_error *plain = &params->errors[NS_MONGO_ERROR];
	u64 message_addr = ns_mongo_read_answer(hit, record, error);
	struct go_iface inner = {};
	struct ns_error seen;

	record->present |= NS_DB_FAILED;
	/* Without an answer it stands for an error of the connection, whose text it has. */
	if (!message_addr && plain->itab_vaddr && error.itab == plain->itab_vaddr + hit->params->load_bias) {
		message_addr = ns_follow(&plain->message, error.data);
		if ((params->present & NS_MONGO_PARAM_WRAPPED) &&
		    !ns_read_iface(&inner, error.data + params->error_wrapped_off) && inner.itab)
			error = inner;
	}
	seen = ns_look_into_error(hit, error);
	record->error_type_vaddr = ns_error_type(hit, seen.cause);
	if (message_addr)
		ns_append_string_at(strings, NS_DB_MESSAGE, message_addr, NS_DB_MAX_MESSAGE);
	else
		ns_append(strings, NS_DB_MESSAGE, seen.text, NS_DB_MAX_MESSAGE);
}

/* What is known of an operation without a command. */
static __always_inline void ns_mongo_read_unsent(const struct ns_hit *hit, struct ns_strings strings)
{
	const u64 command_fn = strings.op->memo[NS_MONGO_COMMAND_FN];
	u64 code = 0;

	ns_mongo_append_database(strings);
	if (command_fn && !ns_read_u64(&code, command_fn))
		ns_op_record(strings.op, ns_database_record)->function_vaddr = code - hit->params->load_bias;
}

static __always_inline void ns_mongo_finish(struct ns_operation *op, const u64 room, const struct ns_hit *hit,
					    struct go_iface error)
{
	struct ns_strings strings = {.op = op, .fixed = NS_DB_FIXED, .room = room};

	if (!op->strings_bytes)
		ns_mongo_read_unsent(hit, strings);
	if (error.itab)
		ns_mongo_read_error(hit, strings, error);
	ns_op_finish(strings);
}

/* Completes the operation under the key, which is there, and submits it. */
static __always_inline void ns_mongo_end_with(const struct ns_hit *hit, const struct ns_object_key *key,
					      struct go_iface error)
{
	struct ns_short_operation *short_op = bpf_map_lookup_elem(&inflight_short, key);
	struct ns_long_operation *long_op;

	if (short_op) {
		ns_mongo_finish(&short_op->op, NS_SHORT_STRINGS_BYTES, hit, error);
	} else {
		long_op = bpf_map_lookup_elem(&inflight_long, key);
		if (long_op)
			ns_mongo_finish(&long_op->op, NS_STRINGS_BYTES, hit, error);
	}
	ns_op_delete(key);
}

SEC("uprobe")
int mongo_end(struct go_regs *ctx)
{
	struct ns_operation *op;
	struct ns_scratch *work;
	struct go_iface error;
	struct ns_hit hit = {};
	struct ns_object_key key;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_MONGO, go_current_g(ctx));
	op = ns_op_find(&key);
	if (!op)
		return 0;
	if (op->inner) {
		op->inner--;
		return 0;
	}
	work = ns_scratch_take();
	if (!work) {
		ns_op_delete(&key);
		return 0;
	}
	error = ns_db_error(ctx, &hit, work);
	ns_scratch_release(work);
	ns_mongo_end_with(&hit, &key, error);
	return 0;
}
