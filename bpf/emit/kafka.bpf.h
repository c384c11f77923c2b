/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of Kafka operations, as the programs of writers and readers share them. */
#ifndef NODESPAN_KAFKA_H
#define NODESPAN_KAFKA_H

#include "bpf/emit/operation.bpf.h"
#include "bpf/extract/kafka_values.bpf.h"

#define NS_KAFKA_FIXED sizeof(struct ns_kafka_record)

/* Messages and headers that are looked at, in all: of a batch, and of a single message. */
#define NS_KAFKA_BATCH_STEPS 96
#define NS_KAFKA_MESSAGE_STEPS 32

static __always_inline const struct ns_message_layout *ns_message_layout(const struct ns_hit *hit,
									 const struct ns_message_walk *walk)
{
	switch (walk->kind) {
	case NS_MESSAGES_SARAMA_SENT:
		return &hit->binary->sarama.messages;
	case NS_MESSAGES_SARAMA_RECEIVED:
		return &hit->binary->sarama_consumer.messages;
	default:
		return &hit->binary->kafka.messages;
	}
}

/* Goes on to the next message. Returns -1 when there is none. */
static __always_inline int ns_walk_message(struct ns_scratch *work, const struct ns_hit *hit)
{
	struct ns_message_walk *walk = &work->messages;
	const struct ns_message_layout *layout = ns_message_layout(hit, walk);
	struct go_string topic = {}, headers = {}, first = {.data = walk->topic, .bytes = walk->topic_bytes};
	u64 message = walk->message;

	if (!walk->messages)
		return -1;
	if ((walk->pointer && ns_read_u64(&message, walk->pointer)) ||
	    bpf_probe_read_user(&topic, sizeof(topic), (const void *)(message + layout->topic_off))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		walk->topics_differ = 1; /* not known to be the same */
		return -1;
	}
	/* On a page that nobody has touched yet there are none: see ns_window_read_part. */
	if ((layout->present & NS_MESSAGE_PARAM_HEADERS) &&
	    !bpf_probe_read_user(&headers, sizeof(headers), (const void *)(message + layout->headers_off))) {
		walk->header = headers.data;
		walk->headers = headers.bytes;
	}
	if (walk->pointer)
		walk->pointer += sizeof(u64);
	else
		walk->message = message + layout->message_bytes;
	walk->messages--;
	if (!first.data) {
		walk->topic = topic.data;
		walk->topic_bytes = topic.bytes;
	} else if (!walk->topics_differ && !ns_same_topic(work->window, first, topic)) {
		walk->topics_differ = 1;
	}
	return 0;
}

/* Looks at the next header of the message. */
static __always_inline void ns_walk_header(struct ns_scratch *work, const struct ns_hit *hit)
{
	struct ns_message_walk *walk = &work->messages;
	const struct ns_message_layout *layout = ns_message_layout(hit, walk);
	struct ns_kafka_header header = {};
	struct ns_kafka_link *link;
	u64 links, addr = walk->header;

	if (((layout->present & NS_MESSAGE_PARAM_HEADER_POINTERS) && ns_read_u64(&addr, addr)) ||
	    ns_read_kafka_header(layout, addr, &header)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		walk->headers = 0;
		return;
	}
	walk->header += layout->header_bytes;
	walk->headers--;
	if (!ns_is_traceparent_key(header.key))
		return;
	walk->headers = 0;
	links = *(volatile u64 *)&walk->links;
	if (links >= NS_KAFKA_MAX_LINK_COUNT) {
		walk->dropped_links++;
		return;
	}
	link = (struct ns_kafka_link *)ns_op_strings(&work->operation.op, NS_KAFKA_FIXED) + links;
	if (ns_read_kafka_link(work->window, header.value, link))
		ns_count(NS_LOSS_BAD_TRACEPARENT);
	else
		walk->links++;
}

/* Goes on to the next message or header; 0 when there is none. A function of its own like ns_context_step(). */
__noinline int ns_message_step(u32 target_slot, u32 scratch_slot)
{
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);
	struct ns_hit hit = {};

	if (!work || ns_hit_target(&hit, target_slot))
		return 0;
	if (work->messages.headers) {
		ns_walk_header(work, &hit);
		return 1;
	}
	return !ns_walk_message(work, &hit);
}

/* Messages of a call. */
struct ns_messages {
	u64 addr; /* of the first one, or of a list of pointers to them */
	u64 count;
	u16 kind;      /* enum ns_message_kind */
	u16 pointers;  /* it is such a list */
	u32 one_topic; /* they certainly have the same */
};

/*
 * Appends the contexts that the messages bring along to the scratch operation, as its first string, and finds out
 * whether they have one topic.
 */
static __always_inline void ns_append_links(struct ns_scratch *work, const struct ns_hit *hit,
					    struct ns_messages messages, const u32 steps)
{
	struct ns_operation *op = &work->operation.op;
	struct ns_message_walk *walk = &work->messages;
	u64 links;

	__builtin_memset(walk, 0, sizeof(*walk));
	walk->kind = messages.kind;
	if (messages.pointers)
		walk->pointer = messages.addr;
	else
		walk->message = messages.addr;
	walk->messages = messages.count;
	for (u32 step = 0; step < steps; step++) {
		if (!ns_message_step(hit->slot, work->slot))
			break;
	}
	if (walk->messages || walk->headers) {
		walk->topics_differ |= walk->messages && !messages.one_topic; /* not known to be the same */
		ns_count(NS_LOSS_BATCH_CUT);
	}
	links = walk->links;
	if (links > NS_KAFKA_MAX_LINK_COUNT)
		links = NS_KAFKA_MAX_LINK_COUNT;
	ns_op_record(op, ns_kafka_record)->dropped_links = walk->dropped_links;
	op->header.string_bytes[NS_KAFKA_LINKS] = links * sizeof(struct ns_kafka_link);
	op->strings_bytes = links * sizeof(struct ns_kafka_link);
}

/* The topic that all messages of the last walk have; empty: they have several, or it is not known. */
static __always_inline struct go_string ns_walked_topic(const struct ns_message_walk *walk)
{
	struct go_string topic = {};

	if (!walk->topics_differ) {
		topic.data = walk->topic;
		topic.bytes = walk->topic_bytes;
	}
	return topic;
}

/* Makes the operation one that failed. `code_itab_vaddr`: (error, the library's type for the codes of Kafka), as
 * linked; 0: the binary has none. */
static __always_inline void ns_kafka_fail(const struct ns_hit *hit, struct ns_strings strings, struct go_iface error,
					  u64 code_itab_vaddr)
{
	struct ns_kafka_record *record = ns_op_record(strings.op, ns_kafka_record);
	struct ns_error seen = ns_look_into_error(hit, error);
	s16 code = 0;

	record->present |= NS_KAFKA_FAILED;
	record->error_type_vaddr = ns_error_type(hit, seen.cause);
	ns_append(strings, NS_KAFKA_MESSAGE, seen.text, NS_KAFKA_MAX_MESSAGE);
	if (code_itab_vaddr && seen.cause.itab == code_itab_vaddr + hit->params->load_bias &&
	    !bpf_probe_read_user(&code, sizeof(code), (const void *)seen.cause.data)) {
		record->error_code = code;
		record->present |= NS_KAFKA_HAS_CODE;
	}
}

/* What an error of kafka-go says, if there is one. */
static __always_inline void ns_kafka_read_error(const struct ns_hit *hit, struct ns_strings strings,
						struct go_iface error)
{
	if (error.itab)
		ns_kafka_fail(hit, strings, ns_kafka_first_error(hit, error), hit->binary->kafka.error_itab_vaddr);
}

#endif /* NODESPAN_KAFKA_H */
