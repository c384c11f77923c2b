/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * sarama_batch: messages of an IBM/sarama AsyncProducer, one span for those that a broker takes of one partition by one
 * request. Emits NS_RECORD_KAFKA. Whose request or goroutine a message comes from is not known behind the channel that
 * takes it: these spans are roots. Messages of a SyncProducer go the same way, and are left to sarama_producer.
 *
 * Request: (*produceSet).buildRequest(ps) (produce_set.go): AX is ps, what the request consists of.
 * Answer: (*brokerProducer).handleResponse(bp, response) (async_producer.go): AX is bp, BX response. What its goroutine
 * gives back until it returns is of that request, or fails for what became of it.
 * End: what the producer gives back (async_producer.go): AX is p. What a site stands for is its tag, an ns_sarama_call.
 *   (*asyncProducer).returnSuccesses(p, batch []*ProducerMessage): BX and CX batch, of one partition
 *   (*asyncProducer).returnErrors(p, batch, err): DI was its capacity, SI and R8 err; before it took batches
 *   (*asyncProducer).returnError(p, msg, err): BX is msg, CX and DI err
 * Messages that fail before there was a request have a span that begins as it ends.
 */
#include "bpf/emit/parents.bpf.h"
#include "bpf/emit/sarama.bpf.h"

/* ns_note.words of a request, and of the goroutine that looks at its answer */
enum ns_sarama_note {
	NS_SARAMA_START,  /* 0: the request was not seen */
	NS_SARAMA_SENDER, /* address of the brokerProducer */
	NS_SARAMA_RETURN, /* where handleResponse returns to */
};

/* Calls between handleResponse and what gives messages back: five with the most levels (1.61: handleError, its closure,
 * retryMessages, retryMessage, returnErrors), of which some are inlined; and their own. */
#define NS_SARAMA_FRAMES 9

/*
 * Whether the goroutine is still within the call that the note is about: a frame of it returns to where that call did.
 * The goroutine's next call from there has a note of its own, so no other one can be meant, and nothing has to be
 * probed at the end of each.
 */
static __always_inline int ns_sarama_is_answering(struct go_regs *ctx, const struct ns_note *note)
{
	return ns_is_called_from(ctx, note->words[NS_SARAMA_RETURN], 1, NS_SARAMA_FRAMES);
}

SEC("uprobe")
int sarama_batch_request(struct go_regs *ctx)
{
	struct ns_note note = {};
	struct ns_object_key key;
	struct ns_hit hit = {};

	if (ns_hit_begin(ctx, &hit) || ns_leaves_out_all(hit.params))
		return 0;
	key = ns_object(&hit, NS_OBJECT_SARAMA_REQUEST, go_arg1(ctx));
	note.words[NS_SARAMA_START] = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&notes, &key, &note, BPF_ANY))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return 0;
}

SEC("uprobe")
int sarama_batch_answer(struct go_regs *ctx)
{
	struct ns_note *request, note = {};
	struct ns_object_key key;
	struct ns_hit hit = {};
	u64 set = 0;

	if (ns_hit_begin(ctx, &hit) || ns_leaves_out_all(hit.params))
		return 0;
	if (ns_read_u64(&set, go_arg2(ctx) + hit.binary->sarama.answer_set_off))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	key = ns_object(&hit, NS_OBJECT_SARAMA_REQUEST, set);
	request = bpf_map_lookup_elem(&notes, &key);
	if (request) {
		note.words[NS_SARAMA_START] = request->words[NS_SARAMA_START];
		bpf_map_delete_elem(&notes, &key);
	}
	note.words[NS_SARAMA_SENDER] = go_arg1(ctx);
	if (go_read_return_address(ctx, &note.words[NS_SARAMA_RETURN]))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	key = ns_object(&hit, NS_OBJECT_SARAMA_ANSWER, go_current_g(ctx));
	if (bpf_map_update_elem(&notes, &key, &note, BPF_ANY))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return 0;
}

/* The messages that are given back, and why if they failed. */
static __always_inline struct ns_messages ns_sarama_returned(struct go_regs *ctx, const struct ns_hit *hit,
							     struct go_iface *error)
{
	struct ns_messages messages = {.addr = go_arg2(ctx), .count = 1, .kind = NS_MESSAGES_SARAMA_SENT};

	if (hit->site->tag == NS_SARAMA_MESSAGE) {
		error->itab = go_arg3(ctx);
		error->data = go_arg4(ctx);
		return messages;
	}
	messages.count = go_arg3(ctx);
	messages.pointers = 1;
	messages.one_topic = 1;
	if (hit->site->tag == NS_SARAMA_FAILED_MESSAGES) {
		error->itab = go_arg5(ctx);
		error->data = go_arg6(ctx);
	}
	return messages;
}

/* Address of the first of the messages; 0: there is none, or a SyncProducer waits for it. */
static __always_inline u64 ns_sarama_first_message(const struct ns_hit *hit, struct ns_messages messages)
{
	u64 message = messages.addr, expectation = 1;

	if (!messages.count || (messages.pointers && ns_read_u64(&message, messages.addr)) ||
	    ns_read_u64(&expectation, message + hit->binary->sarama.message_expectation_off) || expectation)
		return 0;
	return message;
}

/* Submits a span of the messages. `start`: when their request was made; 0: there was none. `broker`: address of its
 * address, or 0. */
static __always_inline void ns_sarama_batch(struct ns_scratch *work, const struct ns_hit *hit,
					    struct ns_messages messages, u64 first, u64 producer, u64 start, u64 broker,
					    struct go_iface error)
{
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_KAFKA);
	struct ns_strings strings = {.op = op, .fixed = NS_KAFKA_FIXED, .room = NS_STRINGS_BYTES};
	struct ns_kafka_record *record = ns_op_record(op, ns_kafka_record);
	u64 end = op->header.start_mono_ns; /* now */
	int has_offset;

	if (start)
		op->header.start_mono_ns = start;
	ns_count(NS_COUNT_ROOT_UNKNOWN);
	if (!ns_join_span(hit, &op->header, NULL))
		return;
	ns_sarama_sending(work, hit, messages, producer, broker);
	if (error.itab) {
		ns_sarama_read_error(error.itab, error.data, hit->slot, work->slot);
	} else {
		has_offset = messages.count == 1 && ns_sarama_has_answers(hit, producer);
		ns_sarama_read_position(hit, record, first, has_offset);
	}
	ns_op_finish_at(strings, end);
}

SEC("uprobe")
int sarama_batch_end(struct go_regs *ctx)
{
	const struct ns_note *answer;
	struct ns_messages messages;
	struct go_iface error = {};
	struct ns_object_key key;
	struct ns_scratch *work;
	struct ns_hit hit = {};
	u64 start = 0, broker = 0, first;

	if (ns_hit_begin(ctx, &hit) || ns_leaves_out_all(hit.params))
		return 0;
	messages = ns_sarama_returned(ctx, &hit, &error);
	first = ns_sarama_first_message(&hit, messages);
	if (!first)
		return 0;
	ns_count(NS_COUNT_OPS_STARTED);
	key = ns_object(&hit, NS_OBJECT_SARAMA_ANSWER, go_current_g(ctx));
	answer = bpf_map_lookup_elem(&notes, &key);
	if (answer && !ns_sarama_is_answering(ctx, answer)) {
		bpf_map_delete_elem(&notes, &key);
	} else if (answer) {
		start = answer->words[NS_SARAMA_START];
		if (!start)
			return 0;
		if (!ns_read_u64(&broker, answer->words[NS_SARAMA_SENDER] + hit.binary->sarama.sender_broker_off))
			broker += hit.binary->sarama.broker_addr_off;
	}
	work = ns_scratch_take();
	if (!work)
		return 0;
	ns_sarama_batch(work, &hit, messages, first, go_arg1(ctx), start, broker, error);
	ns_scratch_release(work);
	return 0;
}
