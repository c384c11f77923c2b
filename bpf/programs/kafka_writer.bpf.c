/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kafka_writer: calls of a segmentio/kafka-go Writer, one span for each call whatever the number of its messages. Emits
 * NS_RECORD_KAFKA.
 *
 * Start: (*Writer).WriteMessages(w, ctx, msgs ...Message) (writer.go): AX is w, BX and CX ctx, DI, SI and R8 msgs.
 * End: wherever the planner found the error that the function returns. A writer with Async set returns before anything
 * was sent; what becomes of the messages then is not told.
 */
#include "bpf/emit/kafka.bpf.h"
#include "bpf/emit/parents.bpf.h"

/* The address that the writer was given, and the client id of its transport. */
static __always_inline void ns_kafka_read_writer(const struct ns_hit *hit, struct ns_strings strings, u64 writer)
{
	const struct ns_kafka_params *params = &hit->binary->kafka;
	const u64 bias = hit->params->load_bias;
	struct go_iface transport = {}, addr = {};

	if ((params->present & NS_KAFKA_PARAM_WRITER_CLIENT) &&
	    ns_read_iface(&transport, writer + params->writer_transport_off))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	if (transport.data && transport.itab == params->transport_itab_vaddr + bias)
		ns_append_string_at(strings, NS_KAFKA_CLIENT_ID, transport.data + params->transport_client_id_off,
				    NS_KAFKA_MAX_CLIENT_ID);
	if ((params->present & NS_KAFKA_PARAM_WRITER_ADDR) && ns_read_iface(&addr, writer + params->writer_addr_off))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	if (addr.data && addr.itab == params->network_addr_itab_vaddr + bias)
		ns_append_string_at(strings, NS_KAFKA_BROKER, addr.data + params->network_addr_address_off,
				    NS_KAFKA_MAX_BROKER);
}

/* The topic of all messages: the writer's, or that of the messages if it is the same one. */
static __always_inline struct go_string ns_kafka_common_topic(const struct ns_hit *hit,
							      const struct ns_message_walk *walk, u64 writer)
{
	const struct ns_kafka_params *params = &hit->binary->kafka;
	struct go_string topic = {};

	if ((params->present & NS_KAFKA_PARAM_WRITER_TOPIC) &&
	    bpf_probe_read_user(&topic, sizeof(topic), (const void *)(writer + params->writer_topic_off)))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return topic.bytes ? topic : ns_walked_topic(walk);
}

/* What the writer was told, and what only a single message has. A function of its own, because the stack of a program
 * and of what it calls has 512 bytes in all, and the search for the parent needs some, too. */
__noinline int ns_kafka_read_sending(u64 writer, u64 messages, u64 count, u32 target_slot, u32 scratch_slot)
{
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);
	struct ns_strings strings = {.fixed = NS_KAFKA_FIXED, .room = NS_STRINGS_BYTES};
	struct ns_kafka_message message = {};
	struct ns_hit hit = {};

	if (!work || ns_hit_target(&hit, target_slot))
		return 0;
	strings.op = &work->operation.op;
	ns_append(strings, NS_KAFKA_TOPIC, ns_kafka_common_topic(&hit, &work->messages, writer), NS_KAFKA_MAX_TOPIC);
	if (count == 1 && !ns_read_kafka_message(work->window, &hit, messages, &message)) {
		if (message.is_tombstone)
			ns_op_record(strings.op, ns_kafka_record)->present |= NS_KAFKA_TOMBSTONE;
		ns_append(strings, NS_KAFKA_KEY, message.key, NS_KAFKA_MAX_KEY);
	}
	ns_kafka_read_writer(&hit, strings, writer);
	return 0;
}

static __always_inline void ns_kafka_send_begin(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
						const struct ns_object_key *key)
{
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_KAFKA);
	struct ns_kafka_record *record = ns_op_record(op, ns_kafka_record);
	struct go_iface context = {.itab = go_arg2(ctx), .data = go_arg3(ctx)};
	struct ns_messages messages = {.addr = go_arg4(ctx), .count = go_arg5(ctx), .kind = NS_MESSAGES_KAFKA_GO};

	if (!ns_join_trace(work, hit, &op->header, context, key->addr))
		return;
	record->operation = NS_KAFKA_SEND;
	record->message_count = messages.count > 0xffffffff ? 0xffffffff : messages.count;
	ns_append_links(work, hit, messages, NS_KAFKA_BATCH_STEPS);
	ns_kafka_read_sending(go_arg1(ctx), messages.addr, messages.count, hit->slot, work->slot);
	ns_op_keep(op, key, NS_KAFKA_MAX_MESSAGE);
}

SEC("uprobe")
int kafka_writer_start(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;

	/* Without messages nothing is sent. */
	if (ns_hit_begin(ctx, &hit) || !go_arg5(ctx))
		return 0;
	key = ns_object(&hit, NS_OBJECT_KAFKA_SEND, go_current_g(ctx));
	work = ns_op_begin(&hit, &key);
	if (!work)
		return 0;
	ns_kafka_send_begin(ctx, work, &hit, &key);
	ns_scratch_release(work);
	return 0;
}

/* Completes the goroutine's operation, if it has one, and submits it. */
static __always_inline void ns_kafka_send_end(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
					      const struct ns_object_key *key)
{
	struct ns_strings strings = {.fixed = NS_KAFKA_FIXED, .room = NS_STRINGS_BYTES};
	struct go_iface error;

	strings.op = ns_op_take(work, key);
	if (!strings.op)
		return;
	if (hit->other_caller) {
		ns_op_record(strings.op, ns_kafka_record)->present |= NS_KAFKA_FAILED | NS_KAFKA_PANICKED;
	} else {
		go_copy_registers(ctx, work->registers);
		error.itab = ns_result(ctx, hit, work, 0);
		error.data = ns_result(ctx, hit, work, 1);
		ns_kafka_read_error(hit, strings, error);
	}
	ns_op_finish(strings);
}

SEC("uprobe")
int kafka_writer_end(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_KAFKA_SEND, go_current_g(ctx));
	work = ns_scratch_take();
	if (!work)
		return 0;
	ns_kafka_send_end(ctx, work, &hit, &key);
	ns_scratch_release(work);
	return 0;
}
