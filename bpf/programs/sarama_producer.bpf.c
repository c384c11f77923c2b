/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * sarama_producer: calls of an IBM/sarama SyncProducer, one span for each call whatever the number of its messages.
 * Emits NS_RECORD_KAFKA. What a site stands for is its tag, an ns_sarama_call.
 *
 * Start (sync_producer.go): AX is sp.
 *   (*syncProducer).SendMessage(sp, msg *ProducerMessage): BX is msg
 *   (*syncProducer).SendMessages(sp, msgs []*ProducerMessage): BX and CX msgs
 * There is no context. The goroutine waits until brokers have answered, or retries have failed.
 *
 * End: wherever the planner found the error that the function returns. Where a single message has gone is in it then.
 */
#include "bpf/emit/parents.bpf.h"
#include "bpf/emit/sarama.bpf.h"

/* ns_operation.memo */
enum ns_sarama_memo {
	NS_SARAMA_SENT,	    /* address of the single message; 0: there are several */
	NS_SARAMA_PRODUCER, /* address of the asyncProducer */
};

static __always_inline void ns_sarama_send_begin(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
						 const struct ns_object_key *key)
{
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_KAFKA);
	struct ns_messages messages = {.addr = go_arg2(ctx), .count = 1, .kind = NS_MESSAGES_SARAMA_SENT};
	struct go_iface no_context = {};
	u64 producer = 0;

	if (!ns_join_trace(work, hit, &op->header, no_context, key->addr))
		return;
	if (hit->site->tag == NS_SARAMA_MESSAGES) {
		messages.count = go_arg3(ctx);
		messages.pointers = 1;
	}
	if (ns_read_u64(&producer, go_arg1(ctx) + hit->binary->sarama.sync_producer_off))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	op->memo[NS_SARAMA_SENT] = ns_sarama_only_message(messages);
	op->memo[NS_SARAMA_PRODUCER] = producer;
	ns_sarama_sending(work, hit, messages, producer, 0);
	ns_op_keep(op, key, NS_KAFKA_MAX_MESSAGE);
}

SEC("uprobe")
int sarama_producer_start(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;

	/* Without messages nothing is sent. */
	if (ns_hit_begin(ctx, &hit) || (hit.site->tag == NS_SARAMA_MESSAGES && !go_arg3(ctx)))
		return 0;
	key = ns_object(&hit, NS_OBJECT_KAFKA_SEND, go_current_g(ctx));
	work = ns_op_begin(&hit, &key);
	if (!work)
		return 0;
	ns_sarama_send_begin(ctx, work, &hit, &key);
	ns_scratch_release(work);
	return 0;
}

/* Completes the goroutine's operation, if it has one, and submits it. */
static __always_inline void ns_sarama_send_end(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
					       const struct ns_object_key *key)
{
	struct ns_strings strings = {.fixed = NS_KAFKA_FIXED, .room = NS_STRINGS_BYTES};
	struct ns_kafka_record *record;
	struct go_iface error;
	u64 message, producer;

	strings.op = ns_op_take(work, key);
	if (!strings.op)
		return;
	record = ns_op_record(strings.op, ns_kafka_record);
	message = strings.op->memo[NS_SARAMA_SENT];
	producer = strings.op->memo[NS_SARAMA_PRODUCER];
	go_copy_registers(ctx, work->registers);
	error.itab = ns_result(ctx, hit, work, 0);
	error.data = ns_result(ctx, hit, work, 1);
	if (error.itab)
		ns_sarama_read_error(error.itab, error.data, hit->slot, work->slot);
	else if (message)
		ns_sarama_read_position(hit, record, message, ns_sarama_has_answers(hit, producer));
	ns_op_finish(strings);
}

SEC("uprobe")
int sarama_producer_end(struct go_regs *ctx)
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
	ns_sarama_send_end(ctx, work, &hit, &key);
	ns_scratch_release(work);
	return 0;
}
