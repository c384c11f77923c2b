/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kafka_reader: messages that a segmentio/kafka-go Reader hands over, and the work on them. Emits NS_RECORD_KAFKA: one
 * for the call that fetched the message, one for what its goroutine did until it came for the next.
 *
 * Start: (*Reader).FetchMessage(r, ctx) (reader.go), also of ReadMessage: AX is r, BX and CX ctx. It ends the work on
 * the message that the goroutine fetched before.
 * End: wherever the planner found that it returns. The error is in the site's first two words; the Message is in the
 * frame, where the channel of the reader has left it, and empty when there is none. A call without message has no
 * record unless it failed; the end of the context and a closed reader are no failures.
 * Close: (*Reader).Close(r): AX is r. Ends the work of the goroutine on a message of this reader.
 *
 * A goroutine that serves a request has no work on a message of its own: what it does belongs to the request.
 */
#include "bpf/emit/kafka.bpf.h"
#include "bpf/emit/parents.bpf.h"

/* ns_operation.memo */
enum ns_kafka_reader_memo {
	NS_KAFKA_READER,    /* address of the Reader */
	NS_KAFKA_GOID,	    /* number of the goroutine */
	NS_KAFKA_UNSAMPLED, /* 1: there is no record, but others inherit the decision */
};

/* Ends the goroutine's work on its last message, if there is any. `reader`: only if it was fetched from there; 0: from
 * wherever. */
static __always_inline void ns_kafka_process_end(const struct ns_hit *hit, u64 g_addr, u64 reader)
{
	struct ns_strings strings = {.fixed = NS_KAFKA_FIXED, .room = NS_STRINGS_BYTES};
	struct ns_object_key key = ns_object(hit, NS_OBJECT_KAFKA_PROCESS, g_addr);
	u64 goid = ns_read_goid(hit, g_addr);
	struct ns_operation *op = ns_op_find(&key);
	struct ns_scratch *work;

	if (reader && (!op || op->memo[NS_KAFKA_READER] != reader))
		return;
	ns_close_processing(hit, goid);
	if (!op)
		return;
	if (op->memo[NS_KAFKA_GOID] != goid) {
		/* Of a goroutine that has ended, whose memory this one got. */
		ns_op_delete(&key);
		ns_count(NS_LOSS_SUPERSEDED);
		return;
	}
	work = ns_scratch_take();
	if (!work) {
		ns_op_delete(&key);
		return;
	}
	strings.op = ns_op_take(work, &key);
	if (strings.op)
		ns_op_finish(strings);
	ns_scratch_release(work);
}

SEC("uprobe")
int kafka_reader_start(struct go_regs *ctx)
{
	struct go_iface context = {.itab = go_arg2(ctx), .data = go_arg3(ctx)};
	u64 g_addr = go_current_g(ctx);
	struct ns_operation *op;
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	ns_count(NS_COUNT_OPS_STARTED);
	if (ns_leaves_out_all(hit.params))
		return 0;
	ns_kafka_process_end(&hit, g_addr, 0);
	key = ns_object(&hit, NS_OBJECT_KAFKA_RECEIVE, g_addr);
	ns_op_supersede(&key);
	work = ns_scratch_take();
	if (!work)
		return 0;
	op = ns_op_new(work, &hit, NS_RECORD_KAFKA);
	op->memo[NS_KAFKA_READER] = go_arg1(ctx);
	op->memo[NS_KAFKA_GOID] = ns_read_goid(&hit, g_addr);
	op->memo[NS_KAFKA_UNSAMPLED] = !ns_join_trace(work, &hit, &op->header, context, g_addr);
	ns_op_keep(op, &key, 0);
	ns_scratch_release(work);
	return 0;
}

/* What the reader was told: its group, the id of its client, its broker. */
static __always_inline void ns_kafka_read_reader(const struct ns_hit *hit, struct ns_strings strings, u64 reader)
{
	const struct ns_kafka_params *params = &hit->binary->kafka;
	u64 config = reader + params->reader_config_off;
	struct go_string brokers = {};
	u64 dialer = 0;

	if (params->present & NS_KAFKA_PARAM_READER_GROUP)
		ns_append_string_at(strings, NS_KAFKA_GROUP, config + params->config_group_off, NS_KAFKA_MAX_GROUP);
	if ((params->present & NS_KAFKA_PARAM_READER_CLIENT) &&
	    ns_read_u64(&dialer, config + params->config_dialer_off))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	if (dialer)
		ns_append_string_at(strings, NS_KAFKA_CLIENT_ID, dialer + params->dialer_client_id_off,
				    NS_KAFKA_MAX_CLIENT_ID);
	if ((params->present & NS_KAFKA_PARAM_READER_BROKERS) &&
	    bpf_probe_read_user(&brokers, sizeof(brokers), (const void *)(config + params->config_brokers_off)))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	if (brokers.bytes == 1)
		ns_append_string_at(strings, NS_KAFKA_BROKER, brokers.data, NS_KAFKA_MAX_BROKER);
}

/* Makes the call that handed a message over the work on it, which begins as the call ends. */
static __always_inline void ns_kafka_process_begin(struct ns_scratch *work, const struct ns_hit *hit, u64 g_addr)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_KAFKA_PROCESS, g_addr);
	struct ns_operation *op = &work->operation.op;

	__builtin_memcpy(op->header.parent_span_id, op->header.span_id, sizeof(op->header.parent_span_id));
	ns_new_span_id(op->header.span_id);
	op->header.start_mono_ns = bpf_ktime_get_ns();
	ns_op_record(op, ns_kafka_record)->operation = NS_KAFKA_PROCESS;
	if (ns_note_processing(work, hit, &op->header, op->memo[NS_KAFKA_GOID], g_addr) || op->memo[NS_KAFKA_UNSAMPLED])
		return;
	ns_op_keep(op, &key, 0);
}

/* Completes the record of a call that returns, and submits it. */
static __always_inline void ns_kafka_receive_end(struct ns_scratch *work, const struct ns_hit *hit, u64 message_addr,
						 const struct ns_kafka_message *message, struct go_iface error)
{
	struct ns_operation *op = &work->operation.op;
	struct ns_strings strings = {.op = op, .fixed = NS_KAFKA_FIXED, .room = NS_STRINGS_BYTES};
	struct ns_kafka_record *record = ns_op_record(op, ns_kafka_record);
	const struct ns_kafka_params *params = &hit->binary->kafka;
	struct ns_messages messages = {.addr = message_addr, .count = 1, .kind = NS_MESSAGES_KAFKA_GO};
	u64 reader = op->memo[NS_KAFKA_READER];

	record->operation = NS_KAFKA_RECEIVE;
	if (message->topic.bytes) {
		record->message_count = 1;
		record->partition = message->partition;
		record->offset = message->offset;
		record->present |= NS_KAFKA_HAS_PARTITION | NS_KAFKA_HAS_OFFSET;
		if (message->is_tombstone)
			record->present |= NS_KAFKA_TOMBSTONE;
		ns_append_links(work, hit, messages, NS_KAFKA_MESSAGE_STEPS);
		ns_append(strings, NS_KAFKA_TOPIC, message->topic, NS_KAFKA_MAX_TOPIC);
		ns_append(strings, NS_KAFKA_KEY, message->key, NS_KAFKA_MAX_KEY);
	} else if (params->present & NS_KAFKA_PARAM_READER_TOPIC) {
		ns_append_string_at(strings, NS_KAFKA_TOPIC,
				    reader + params->reader_config_off + params->config_topic_off, NS_KAFKA_MAX_TOPIC);
	}
	ns_kafka_read_reader(hit, strings, reader);
	ns_kafka_read_error(hit, strings, error);
	ns_op_finish(strings);
}

SEC("uprobe")
int kafka_reader_end(struct go_regs *ctx)
{
	struct ns_kafka_message message = {};
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_operation *op;
	struct ns_scratch *work;
	struct go_iface error;
	u64 message_addr;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_object(&hit, NS_OBJECT_KAFKA_RECEIVE, go_current_g(ctx));
	work = ns_scratch_take();
	if (!work)
		return 0;
	op = ns_op_take(work, &key);
	if (!op)
		goto out;
	go_copy_registers(ctx, work->registers);
	error.itab = ns_result(ctx, &hit, work, 0);
	error.data = ns_result(ctx, &hit, work, 1);
	message_addr = go_stack_pointer(ctx) + (s64)hit.site->results[NS_KAFKA_SITE_MESSAGE].value;
	if (ns_read_kafka_message(work->window, &hit, message_addr, &message)) {
		ns_count(NS_LOSS_READ_FAILED);
		goto out;
	}
	if (!message.topic.bytes && (!error.itab || ns_kafka_is_end(&hit, error)))
		goto out;
	if (!op->memo[NS_KAFKA_UNSAMPLED])
		ns_kafka_receive_end(work, &hit, message_addr, &message, error);
	if (message.topic.bytes && !error.itab)
		ns_kafka_process_begin(work, &hit, key.addr);
out:
	ns_scratch_release(work);
	return 0;
}

SEC("uprobe")
int kafka_reader_close(struct go_regs *ctx)
{
	struct ns_hit hit = {};

	if (ns_hit_begin(ctx, &hit))
		return 0;
	ns_kafka_process_end(&hit, go_current_g(ctx), go_arg1(ctx));
	return 0;
}
