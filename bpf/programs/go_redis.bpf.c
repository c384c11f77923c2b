/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * go_redis: commands and pipelines of go-redis, one span for each call of a client of one server, whatever it does to
 * get an answer. Emits NS_RECORD_DATABASE. What a site stands for is its tag, an ns_db_operation.
 *
 * Start (redis.go; osscluster.go for pipelines of clusters):
 *   (*baseClient).process(c, ctx, cmd), or .processWithRetry(c, ctx, cmd, ...) where process has become several
 *   (*baseClient).processPipeline, .processTxPipeline(c, ctx, cmds); in v8 .generalProcessPipeline(c, ctx, cmds, ...)
 *   (*ClusterClient).processPipeline, .processTxPipeline(c, ctx, cmds); in v8 with an underscore
 *   AX is c, BX and CX ctx, DI and SI cmd, or DI, SI and R8 cmds.
 * Cluster and Ring clients send each command by the client of a node: an attempt at a node is a span, with its address.
 *
 * End: wherever the planner found the error that the function returns.
 *
 * Commands within a command are part of it: connecting sends HELLO and the like, a failover client asks its sentinels.
 * Their hits only count how many are open.
 */
#include "bpf/emit/database.bpf.h"

/* An `any`: its type and its data. */
struct ns_any {
	u64 type;
	u64 data;
};

/* The name of the command at `command`, and how many arguments are behind it. Returns -1 when it cannot be read. */
static __always_inline int ns_redis_read_command(const struct ns_hit *hit, u64 command, struct go_string *name,
						 u64 *argument_count)
{
	const struct ns_redis_params *params = &hit->binary->redis;
	struct go_slice args = {};
	struct ns_any first = {};

	if (bpf_probe_read_user(&args, sizeof(args), (const void *)(command + params->command_args_off)))
		return -1;
	if (!args.count)
		return 0;
	*argument_count = args.count - 1;
	if (bpf_probe_read_user(&first, sizeof(first), (const void *)args.data))
		return -1;
	/* The program may have given bytes or a type of its own to Do. */
	if (first.type != params->string_type_vaddr + hit->params->load_bias)
		return 0;
	return bpf_probe_read_user(name, sizeof(*name), (const void *)first.data) ? -1 : 0;
}

/* Appends the command at `command` to the first string of the scratch operation. Returns -1 when there is no room. */
static __always_inline int ns_redis_append(struct ns_scratch *work, const struct ns_hit *hit, u64 command)
{
	struct ns_operation *op = &work->operation.op;
	struct ns_redis_command *item;
	u64 argument_count = 0, bytes, off;
	struct go_string name = {};

	if (ns_redis_read_command(hit, command, &name, &argument_count))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	bytes = name.bytes;
	if (bytes > NS_REDIS_MAX_NAME)
		bytes = 0; /* no command of Redis: what it is stays unsaid */
	off = *(volatile u64 *)&op->strings_bytes;
	if (off > NS_DB_MAX_QUERY - sizeof(*item) - NS_REDIS_MAX_NAME)
		return -1;
	item = (struct ns_redis_command *)(ns_op_strings(op, NS_DB_FIXED) + off);
	item->argument_count = argument_count > 0xff ? 0xff : argument_count;
	item->name_bytes = bytes;
	barrier_var(bytes);
	if (bytes > NS_REDIS_MAX_NAME || (bytes && bpf_probe_read_user(item + 1, bytes, (const void *)name.data)))
		return -1;
	*(volatile u64 *)&op->strings_bytes += sizeof(*item) + item->name_bytes;
	return 0;
}

/* Goes on to the next command; 0 when there is none. A function of its own like ns_context_step(). */
__noinline int ns_redis_step(u32 target_slot, u32 scratch_slot)
{
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);
	struct go_iface cmder = {};
	struct ns_hit hit = {};

	if (!work || ns_hit_target(&hit, target_slot) || !work->commands.commands)
		return 0;
	if (!work->commands.command) {
		if (ns_read_iface(&cmder, work->commands.next)) {
			ns_count(NS_LOSS_FIELD_UNREADABLE);
			return 0;
		}
		work->commands.command = cmder.data;
		work->commands.next += sizeof(cmder);
	}
	if (ns_redis_append(work, &hit, work->commands.command))
		return 0;
	work->commands.command = 0;
	work->commands.commands--;
	return 1;
}

/* What the call sends, as the first string. */
static __always_inline void ns_redis_read_commands(struct go_regs *ctx, struct ns_scratch *work,
						   const struct ns_hit *hit)
{
	struct ns_operation *op = &work->operation.op;
	struct ns_command_walk *walk = &work->commands;

	walk->command = 0;
	walk->next = go_arg4(ctx);
	walk->commands = go_arg5(ctx);
	if (hit->site->tag == NS_DB_OP_COMMAND) {
		walk->command = go_arg5(ctx);
		walk->commands = 1;
	} else {
		ns_op_record(op, ns_database_record)->batch_size =
			walk->commands > 0xffffffff ? 0xffffffff : walk->commands;
	}
	for (u32 i = 0; i < NS_REDIS_MAX_COMMANDS; i++) {
		if (!ns_redis_step(hit->slot, work->slot))
			break;
	}
	if (walk->commands)
		op->header.strings_cut |= 1 << NS_DB_QUERY;
	op->header.string_bytes[NS_DB_QUERY] = op->strings_bytes;
}

static __always_inline void ns_redis_read_client(const struct ns_hit *hit, struct ns_strings strings, u64 client)
{
	struct ns_database_record *record = ns_op_record(strings.op, ns_database_record);
	const struct ns_redis_params *params = &hit->binary->redis;
	u64 index_addr = ns_follow(&params->index, client);
	u64 index = 0;

	ns_append_part(strings, NS_DB_SERVER, &params->server, client, NS_DB_MAX_SERVER);
	if (index_addr && !ns_read_u64(&index, index_addr)) {
		record->database_index = index;
		record->present |= NS_DB_HAS_INDEX;
	}
}

static __always_inline void ns_redis_begin(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
					   const struct ns_object_key *key)
{
	struct ns_operation *op = ns_db_new(ctx, work, hit, NS_DB_LIBRARY_REDIS);
	struct ns_strings strings = {.op = op, .fixed = NS_DB_FIXED, .room = NS_STRINGS_BYTES};
	struct go_iface context = {.itab = go_arg2(ctx), .data = go_arg3(ctx)};

	op->memo[NS_DB_GOID] = ns_read_goid(hit, key->addr);
	if (!ns_join_trace(work, hit, &op->header, context, key->addr))
		return;
	ns_redis_read_commands(ctx, work, hit);
	if (hit->site->tag != NS_DB_OP_CLUSTER_PIPELINE)
		ns_redis_read_client(hit, strings, go_arg1(ctx));
	ns_op_keep(op, key, NS_DB_MAX_CODE + NS_DB_MAX_MESSAGE);
}

SEC("uprobe")
int go_redis_start(struct go_regs *ctx)
{
	struct ns_scratch *work;
	struct ns_hit hit = {};
	struct ns_object_key key;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_REDIS, go_current_g(ctx));
	if (ns_db_enter(ctx, &hit, &key, key.addr))
		return 0;
	work = ns_op_begin(&hit, &key);
	if (!work)
		return 0;
	ns_redis_begin(ctx, work, &hit, &key);
	ns_scratch_release(work);
	return 0;
}

SEC("uprobe")
int go_redis_end(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_REDIS, go_current_g(ctx));
	ns_db_leave(ctx, &hit, &key);
	return 0;
}
