/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of IBM/sarama, as the programs of both of its producers share them. */
#ifndef NODESPAN_SARAMA_H
#define NODESPAN_SARAMA_H

#include "bpf/emit/kafka.bpf.h"
#include "bpf/extract/sarama_values.bpf.h"
#include "bpf/extract/value_path.bpf.h"

/* Address of the only message of a list; 0: there are several. */
static __always_inline u64 ns_sarama_only_message(struct ns_messages messages)
{
	u64 message = messages.addr;

	if (messages.count != 1)
		return 0;
	if (messages.pointers && ns_read_u64(&message, messages.addr)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	return message;
}

/*
 * Appends what is known of the messages of the scratch operation once their links are, up to the broker. `message`: a
 * single one, or 0. `broker`: address of the broker's string, or 0 for that of the producer's client. A function of its
 * own like ns_kafka_read_sending().
 */
__noinline int ns_sarama_read_sending(u64 message, u64 producer, u64 broker, u32 target_slot, u32 scratch_slot)
{
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);
	struct ns_strings strings = {.fixed = NS_KAFKA_FIXED, .room = NS_STRINGS_BYTES};
	struct go_iface key = {}, value = {}, client = {};
	const struct ns_sarama_params *params;
	struct ns_hit hit = {};
	u64 client_id;

	if (!work || ns_hit_target(&hit, target_slot))
		return 0;
	strings.op = &work->operation.op;
	params = &hit.binary->sarama;
	ns_append(strings, NS_KAFKA_TOPIC, ns_walked_topic(&work->messages), NS_KAFKA_MAX_TOPIC);
	if (message && !ns_read_iface(&key, message + params->message_key_off) &&
	    !ns_read_iface(&value, message + params->message_value_off)) {
		if (ns_sarama_is_tombstone(&hit, value))
			ns_op_record(strings.op, ns_kafka_record)->present |= NS_KAFKA_TOMBSTONE;
		ns_append(strings, NS_KAFKA_KEY, ns_sarama_encoded(&hit, key), NS_KAFKA_MAX_KEY);
	}
	client_id = ns_follow(&params->client_id, producer);
	if (client_id)
		ns_append_string_at(strings, NS_KAFKA_CLIENT_ID, client_id, NS_KAFKA_MAX_CLIENT_ID);
	if (!broker && !ns_read_iface(&client, producer + params->producer_client_off))
		broker = ns_sarama_only_broker(&hit, client);
	if (broker)
		ns_append_string_at(strings, NS_KAFKA_BROKER, broker, NS_KAFKA_MAX_BROKER);
	return 0;
}

/* Makes the scratch operation one that sends the messages. */
static __always_inline void ns_sarama_sending(struct ns_scratch *work, const struct ns_hit *hit,
					      struct ns_messages messages, u64 producer, u64 broker)
{
	struct ns_kafka_record *record = ns_op_record(&work->operation.op, ns_kafka_record);

	record->library = NS_KAFKA_LIBRARY_SARAMA;
	record->operation = NS_KAFKA_SEND;
	record->message_count = messages.count > 0xffffffff ? 0xffffffff : messages.count;
	ns_append_links(work, hit, messages, NS_KAFKA_BATCH_STEPS);
	ns_sarama_read_sending(ns_sarama_only_message(messages), producer, broker, hit->slot, work->slot);
}

/* Whether the producer waits for answers, without which no message gets an offset. */
static __always_inline int ns_sarama_has_answers(const struct ns_hit *hit, u64 producer)
{
	u64 addr = ns_follow(&hit->binary->sarama.acks, producer);
	s16 acks = 0; /* NoResponse (produce_request.go) */

	return addr && !bpf_probe_read_user(&acks, sizeof(acks), (const void *)addr) && acks != 0;
}

/* Where the message has gone, and the offset that it got if the producer has answers. */
static __always_inline void ns_sarama_read_position(const struct ns_hit *hit, struct ns_kafka_record *record,
						    u64 message, int has_answers)
{
	const struct ns_sarama_params *params = &hit->binary->sarama;

	if (!bpf_probe_read_user(&record->partition, sizeof(record->partition),
				 (const void *)(message + params->message_partition_off)))
		record->present |= NS_KAFKA_HAS_PARTITION;
	if (has_answers && !bpf_probe_read_user(&record->offset, sizeof(record->offset),
						(const void *)(message + params->message_offset_off)))
		record->present |= NS_KAFKA_HAS_OFFSET;
}

/* Completes the scratch operation with what its error says. A function of its own like ns_sarama_read_sending(). */
__noinline int ns_sarama_read_error(u64 itab, u64 data, u32 target_slot, u32 scratch_slot)
{
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);
	struct ns_strings strings = {.fixed = NS_KAFKA_FIXED, .room = NS_STRINGS_BYTES};
	struct go_iface error = {.itab = itab, .data = data};
	struct ns_hit hit = {};

	if (!work || ns_hit_target(&hit, target_slot))
		return 0;
	strings.op = &work->operation.op;
	ns_kafka_fail(&hit, strings, ns_sarama_first_error(&hit, error), hit.binary->sarama.error_code_itab_vaddr);
	return 0;
}

#endif /* NODESPAN_SARAMA_H */
