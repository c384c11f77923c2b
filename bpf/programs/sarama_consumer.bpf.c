/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * sarama_consumer: messages that an IBM/sarama consumer gets, alone or in a group: one span for those of one partition
 * that a request has brought. Emits NS_RECORD_KAFKA. Which goroutine takes a message out of the channel that it is then
 * put into, and when it is done with it, is not known: these spans are roots, and have links to what sent the messages.
 *
 * Start: (*partitionConsumer).parseResponse(child, response *FetchResponse) ([]*ConsumerMessage, error) (consumer.go):
 * AX is child. Most of its calls find nothing, so nothing is decided here.
 * End: wherever the planner found its results.
 */
#include "bpf/emit/kafka.bpf.h"
#include "bpf/emit/parents.bpf.h"
#include "bpf/extract/value_path.bpf.h"

/* ns_note.words of a goroutine that looks at an answer */
enum ns_sarama_consumer_note {
	NS_SARAMA_CONSUMER_START,
	NS_SARAMA_CONSUMER_CHILD, /* address of the partitionConsumer */
};

SEC("uprobe")
int sarama_consumer_start(struct go_regs *ctx)
{
	struct ns_note note = {};
	struct ns_object_key key;
	struct ns_hit hit = {};

	if (ns_hit_begin(ctx, &hit) || ns_leaves_out_all(hit.params))
		return 0;
	key = ns_object(&hit, NS_OBJECT_SARAMA_CONSUMER, go_current_g(ctx));
	note.words[NS_SARAMA_CONSUMER_START] = bpf_ktime_get_ns();
	note.words[NS_SARAMA_CONSUMER_CHILD] = go_arg1(ctx);
	if (bpf_map_update_elem(&notes, &key, &note, BPF_ANY))
		ns_count(NS_LOSS_INFLIGHT_FULL);
	return 0;
}

/* What a single message says. */
static __always_inline void ns_sarama_read_received(const struct ns_hit *hit, struct ns_strings strings, u64 list)
{
	const struct ns_sarama_consumer_params *params = &hit->binary->sarama_consumer;
	struct ns_kafka_record *record = ns_op_record(strings.op, ns_kafka_record);
	u64 message = 0, value = 0;

	if (ns_read_u64(&message, list) || ns_read_u64(&value, message + params->value_off) ||
	    bpf_probe_read_user(&record->offset, sizeof(record->offset),
				(const void *)(message + params->offset_off))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	record->present |= NS_KAFKA_HAS_OFFSET;
	if (!value)
		record->present |= NS_KAFKA_TOMBSTONE;
	ns_append_string_at(strings, NS_KAFKA_KEY, message + params->key_off, NS_KAFKA_MAX_KEY);
}

static __always_inline void ns_sarama_receive(struct ns_scratch *work, const struct ns_hit *hit,
					      const struct ns_note *note, struct ns_messages messages,
					      struct go_iface error)
{
	const struct ns_sarama_consumer_params *params = &hit->binary->sarama_consumer;
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_KAFKA);
	struct ns_strings strings = {.op = op, .fixed = NS_KAFKA_FIXED, .room = NS_STRINGS_BYTES};
	struct ns_kafka_record *record = ns_op_record(op, ns_kafka_record);
	const u64 child = note->words[NS_SARAMA_CONSUMER_CHILD];
	u64 end = op->header.start_mono_ns; /* now */
	u64 addr;

	op->header.start_mono_ns = note->words[NS_SARAMA_CONSUMER_START];
	ns_count(NS_COUNT_ROOT_UNKNOWN);
	if (!ns_join_span(hit, &op->header, NULL))
		return;
	record->library = NS_KAFKA_LIBRARY_SARAMA;
	record->operation = NS_KAFKA_RECEIVE;
	record->message_count = messages.count > 0xffffffff ? 0xffffffff : messages.count;
	if (!bpf_probe_read_user(&record->partition, sizeof(record->partition),
				 (const void *)(child + params->partition_off)))
		record->present |= NS_KAFKA_HAS_PARTITION;
	ns_append_links(work, hit, messages, NS_KAFKA_BATCH_STEPS);
	ns_append_string_at(strings, NS_KAFKA_TOPIC, child + params->topic_off, NS_KAFKA_MAX_TOPIC);
	if (messages.count == 1)
		ns_sarama_read_received(hit, strings, messages.addr);
	addr = ns_follow(&params->client_id, child);
	if (addr)
		ns_append_string_at(strings, NS_KAFKA_CLIENT_ID, addr, NS_KAFKA_MAX_CLIENT_ID);
	addr = ns_follow(&params->broker, child);
	if (addr)
		ns_append_string_at(strings, NS_KAFKA_BROKER, addr, NS_KAFKA_MAX_BROKER);
	if (error.itab)
		ns_kafka_fail(hit, strings, error, params->error_code_itab_vaddr);
	ns_op_finish_at(strings, end);
}

SEC("uprobe")
int sarama_consumer_end(struct go_regs *ctx)
{
	struct ns_messages messages = {.kind = NS_MESSAGES_SARAMA_RECEIVED, .pointers = 1, .one_topic = 1};
	struct ns_note *noted, note;
	struct go_iface error = {};
	struct ns_object_key key;
	struct ns_scratch *work;
	struct ns_hit hit = {};

	work = ns_hit_begin_work(ctx, &hit);
	if (!work)
		return 0;
	key = ns_object(&hit, NS_OBJECT_SARAMA_CONSUMER, go_current_g(ctx));
	noted = bpf_map_lookup_elem(&notes, &key);
	if (noted) {
		note = *noted;
		bpf_map_delete_elem(&notes, &key);
		go_copy_registers(ctx, work->registers);
		messages.addr = ns_result(ctx, &hit, work, 0);
		messages.count = ns_result(ctx, &hit, work, 1);
		error.itab = ns_result(ctx, &hit, work, 2);
		if (error.itab)
			error.data = ns_result(ctx, &hit, work, 3);
		if (messages.count || error.itab) {
			ns_count(NS_COUNT_OPS_STARTED);
			ns_sarama_receive(work, &hit, &note, messages, error);
		}
	}
	ns_scratch_release(work);
	return 0;
}
