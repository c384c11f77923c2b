/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Values that Kafka's libraries share: headers of messages, and what they tell. Of github.com/segmentio/kafka-go:
 * messages (message.go) and errors.
 */
#ifndef NODESPAN_KAFKA_VALUES_H
#define NODESPAN_KAFKA_VALUES_H

#include "bpf/extract/go_error.bpf.h"
#include "bpf/extract/traceparent.bpf.h"

/* What is read of one message, besides its headers. */
struct ns_kafka_message {
	struct go_string topic;
	struct go_string key; /* a []byte */
	s64 partition;
	s64 offset;
	u32 is_tombstone; /* its value is nil */
};

struct ns_kafka_header {
	struct go_string key;	/* or a []byte */
	struct go_string value; /* a []byte */
};

static __always_inline long ns_read_kafka_message(u8 *window, const struct ns_hit *hit, u64 addr,
						  struct ns_kafka_message *message)
{
	const struct ns_kafka_params *params = &hit->binary->kafka;

	if (ns_window_read(window, params->messages.message_bytes, addr))
		return -1;
	message->topic = ns_window_string(window, params->messages.topic_off);
	message->key = ns_window_string(window, params->message_key_off);
	message->partition = (s64)ns_window_u64(window, params->message_partition_off);
	message->offset = (s64)ns_window_u64(window, params->message_offset_off);
	message->is_tombstone = !ns_window_u64(window, params->message_value_off);
	return 0;
}

static __always_inline long ns_read_kafka_header(const struct ns_message_layout *layout, u64 addr,
						 struct ns_kafka_header *header)
{
	return bpf_probe_read_user(&header->key, sizeof(header->key), (const void *)(addr + layout->header_key_off)) ||
			       bpf_probe_read_user(&header->value, sizeof(header->value),
						   (const void *)(addr + layout->header_value_off))
		       ? -1
		       : 0;
}

#define NS_TRACEPARENT_KEY_BYTES 11

/* Whether the string is "traceparent". Keys of Kafka headers are case-sensitive, and propagators write this. */
static __always_inline int ns_is_traceparent_key(struct go_string key)
{
	struct {
		u64 first;
		u32 rest;
		u32 pad;
	} text = {};

	if (key.bytes != NS_TRACEPARENT_KEY_BYTES ||
	    bpf_probe_read_user(&text, NS_TRACEPARENT_KEY_BYTES, (const void *)key.data))
		return 0;
	return text.first == 0x7261706563617274ULL /* tracepar */ && text.rest == 0x746e65 /* ent */;
}

/* Reads the context that the header's value tells. Returns -1 when it is not valid. Uses the window. */
static __always_inline int ns_read_kafka_link(u8 *window, struct go_string value, struct ns_kafka_link *link)
{
	u8 *text = window;

	text[NS_TRACEPARENT_BYTES] = 0;
	if (value.bytes < NS_TRACEPARENT_BYTES ||
	    bpf_probe_read_user(text,
				value.bytes > NS_TRACEPARENT_BYTES ? NS_TRACEPARENT_BYTES + 1 : NS_TRACEPARENT_BYTES,
				(const void *)value.data))
		return -1;
	return ns_parse_traceparent(text, value.bytes, text[NS_TRACEPARENT_BYTES], link->trace_id, link->span_id,
				    &link->trace_flags);
}

#define NS_KAFKA_SAME_TOPIC_BYTES 256
NS_ASSERT(2 * NS_KAFKA_SAME_TOPIC_BYTES == NS_WINDOW_BYTES);

/* Whether two topics are the same; of such that cannot be compared it is said that they are not. */
static __always_inline int ns_same_topic(u8 *window, struct go_string one, struct go_string other)
{
	u64 *words = (u64 *)window;
	u64 bytes = one.bytes;
	u64 difference = 0;

	if (bytes != other.bytes || bytes > NS_KAFKA_SAME_TOPIC_BYTES)
		return 0;
	if (one.data == other.data)
		return 1;
#pragma unroll
	for (u32 i = 0; i < NS_WINDOW_BYTES / 8; i++)
		words[i] = 0;
	/* As in ns_append: compared right before their use, with constants only. */
	barrier_var(bytes);
	if (bytes > NS_KAFKA_SAME_TOPIC_BYTES || bpf_probe_read_user(window, bytes, (const void *)one.data))
		return 0;
	bytes = *(volatile u64 *)&other.bytes;
	barrier_var(bytes);
	if (bytes > NS_KAFKA_SAME_TOPIC_BYTES ||
	    bpf_probe_read_user(window + NS_KAFKA_SAME_TOPIC_BYTES, bytes, (const void *)other.data))
		return 0;
#pragma unroll
	for (u32 i = 0; i < NS_KAFKA_SAME_TOPIC_BYTES / 8; i++)
		difference |= words[i] ^ words[i + NS_KAFKA_SAME_TOPIC_BYTES / 8];
	return !difference;
}

#define NS_KAFKA_ERRORS 8 /* of a WriteErrors, which has one for each message, nil where it was written */

/* The error that says why: the first one of several, the one inside of another. */
static __always_inline struct go_iface ns_kafka_first_error(const struct ns_hit *hit, struct go_iface error)
{
	const struct ns_kafka_params *params = &hit->binary->kafka;
	const u64 bias = hit->params->load_bias;
	struct go_string list = {};
	struct go_iface inner = {};

	if (params->write_errors_itab_vaddr && error.itab == params->write_errors_itab_vaddr + bias &&
	    !bpf_probe_read_user(&list, sizeof(list), (const void *)error.data)) {
		for (u32 i = 0; i < NS_KAFKA_ERRORS; i++) {
			if (i >= list.bytes || ns_read_iface(&inner, list.data + i * sizeof(inner)))
				break;
			if (inner.itab) {
				error = inner;
				break;
			}
		}
	}
	return error;
}

/* Whether an error only says that nothing is fetched any more: the reader was closed, the context has ended. */
static __always_inline int ns_kafka_is_end(const struct ns_hit *hit, struct go_iface error)
{
	const struct ns_kafka_params *params = &hit->binary->kafka;
	struct go_string text;
	u64 words[2] = {};

	if (params->deadline_itab_vaddr && error.itab == params->deadline_itab_vaddr + hit->params->load_bias)
		return 1;
	text = ns_look_into_error(hit, error).text;
	if (text.bytes == 3)
		return !bpf_probe_read_user(words, 3, (const void *)text.data) && words[0] == 0x464f45; /* EOF */
	return text.bytes == 16 && !bpf_probe_read_user(words, 16, (const void *)text.data) &&
	       words[0] == 0x20747865746e6f63ULL && words[1] == 0x64656c65636e6163ULL; /* context canceled */
}

#endif /* NODESPAN_KAFKA_VALUES_H */
