/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values of github.com/IBM/sarama: what messages consist of (utils.go), errors (errors.go, async_producer.go). */
#ifndef NODESPAN_SARAMA_VALUES_H
#define NODESPAN_SARAMA_VALUES_H

#include "bpf/extract/go_values.bpf.h"
#include "bpf/extract/hit.bpf.h"

/* The bytes that a sarama.Encoder stands for, if its type is one of the library's own; none of others, whose Encode()
 * makes them. */
static __always_inline struct go_string ns_sarama_encoded(const struct ns_hit *hit, struct go_iface encoder)
{
	const struct ns_sarama_params *params = &hit->binary->sarama;
	u64 itab_vaddr = encoder.itab - hit->params->load_bias;
	struct go_string bytes = {};

	if (!encoder.itab ||
	    (itab_vaddr != params->string_encoder_itab_vaddr && itab_vaddr != params->byte_encoder_itab_vaddr))
		return bytes;
	if (bpf_probe_read_user(&bytes, sizeof(bytes), (const void *)encoder.data))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	return bytes;
}

/* Whether a message with this value is a tombstone: it has none, or a nil []byte. */
static __always_inline int ns_sarama_is_tombstone(const struct ns_hit *hit, struct go_iface value)
{
	u64 itab_vaddr = hit->binary->sarama.byte_encoder_itab_vaddr;
	u64 data = 1;

	if (!value.itab)
		return 1;
	return itab_vaddr && value.itab == itab_vaddr + hit->params->load_bias && !ns_read_u64(&data, value.data) &&
	       !data;
}

/* The error, or the first of those that it consists of. */
static __always_inline struct go_iface ns_sarama_first_error(const struct ns_hit *hit, struct go_iface error)
{
	const struct ns_sarama_params *params = &hit->binary->sarama;
	struct go_iface inner = {};
	struct go_slice list = {};
	u64 first = 0;

	if (params->producer_errors_itab_vaddr &&
	    error.itab == params->producer_errors_itab_vaddr + hit->params->load_bias &&
	    !bpf_probe_read_user(&list, sizeof(list), (const void *)error.data) && list.count &&
	    !ns_read_u64(&first, list.data) && !ns_read_iface(&inner, first + params->producer_error_err_off) &&
	    inner.itab)
		return inner;
	return error;
}

/* Address of the string with the only broker that a sarama.Client was told; 0: it was told several, or its type is not
 * the library's own. */
static __always_inline u64 ns_sarama_only_broker(const struct ns_hit *hit, struct go_iface client)
{
	const struct ns_sarama_params *params = &hit->binary->sarama;
	const u64 bias = hit->params->load_bias;
	struct go_slice seeds = {}, dead_seeds = {};
	u64 broker = 0;

	if (params->lent_client_itab_vaddr && client.itab == params->lent_client_itab_vaddr + bias &&
	    ns_read_iface(&client, client.data + params->lent_client_off))
		return 0;
	if (!params->client_itab_vaddr || client.itab != params->client_itab_vaddr + bias)
		return 0;
	/* A broker that does not answer moves from the one list to the other, and back (client.go, deregisterBroker).
	 */
	if (bpf_probe_read_user(&seeds, sizeof(seeds), (const void *)(client.data + params->client_seeds_off)) ||
	    bpf_probe_read_user(&dead_seeds, sizeof(dead_seeds),
				(const void *)(client.data + params->client_dead_seeds_off))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	if (seeds.count + dead_seeds.count != 1 || ns_read_u64(&broker, seeds.count ? seeds.data : dead_seeds.data) ||
	    !broker)
		return 0;
	return broker + params->broker_addr_off;
}

#endif /* NODESPAN_SARAMA_VALUES_H */
