/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Options and attributes of calls of the OpenTelemetry API, as items of a record's body.
 *
 * Sources: go.opentelemetry.io/otel/trace/config.go (attributeOption, spanOptionFunc, timestampOption), trace.go
 * (Link), otel/attribute/value.go (Value: numbers in `numeric`, strings in `stringly`, slices as arrays in `slice`).
 */
#ifndef NODESPAN_OTEL_ITEMS_H
#define NODESPAN_OTEL_ITEMS_H

#include "bpf/base/api_scratch.bpf.h"
#include "bpf/extract/go_func.bpf.h"

/* Options, attributes, elements of slices and links of one call that are looked at, in all. */
#define NS_API_STEPS 64
#define NS_API_MAX_OPTIONS 8
#define NS_API_MAX_SPAN_KIND 5 /* trace.SpanKindConsumer */

/* Copies user memory behind what the record has already: all of it or nothing. */
static __always_inline int ns_api_copy(struct ns_api_scratch *work, u64 addr, u64 bytes, const u64 max)
{
	u64 off = *(volatile u64 *)&work->strings_bytes;

	barrier_var(bytes);
	if (off > NS_API_STRINGS_BYTES - max || bytes > max ||
	    bpf_probe_read_user(work->strings + off, bytes, (const void *)addr))
		return -1;
	return 0;
}

static __always_inline void ns_api_append(struct ns_api_scratch *work, u32 which, struct go_string value, const u64 max)
{
	u64 bytes = value.bytes;

	if (!bytes || !value.data)
		return;
	if (bytes > max) {
		bytes = max;
		work->record.header.strings_cut |= 1 << which;
	}
	work->record.header.string_bytes[which] = bytes;
	if (ns_api_copy(work, value.data, bytes, max)) {
		work->record.header.string_bytes[which] = 0;
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	*(volatile u64 *)&work->strings_bytes += *(volatile u16 *)&work->record.header.string_bytes[which];
}

/* Begins an item of up to `max` bytes; NULL, and the body said to be cut, when that is more than what is left. */
static __always_inline struct ns_api_item *ns_api_item_begin(struct ns_api_scratch *work, u8 kind, const u64 max)
{
	u64 off = *(volatile u64 *)&work->strings_bytes;
	struct ns_api_item *item;

	if (off > NS_API_STRINGS_BYTES - sizeof(*item) - max) {
		work->record.items_cut = 1;
		return NULL;
	}
	item = (struct ns_api_item *)(work->strings + off);
	item->kind = kind;
	item->cut = 0;
	item->key_bytes = 0;
	item->value_bytes = 0;
	*(volatile u64 *)&work->strings_bytes = off + sizeof(*item);
	return item;
}

static __always_inline void ns_api_item_key(struct ns_api_scratch *work, struct ns_api_item *item, struct go_string key)
{
	if (!key.bytes || key.bytes > NS_ITEM_MAX_KEY || ns_api_copy(work, key.data, key.bytes, NS_ITEM_MAX_KEY)) {
		item->kind = NS_ITEM_LEFT_OUT;
		return;
	}
	item->key_bytes = key.bytes;
	*(volatile u64 *)&work->strings_bytes += *(volatile u16 *)&item->key_bytes;
}

static __always_inline void ns_api_item_value(struct ns_api_scratch *work, struct ns_api_item *item,
					      struct go_string value)
{
	u64 bytes = value.bytes;

	if (!bytes)
		return;
	if (bytes > NS_ITEM_MAX_VALUE) {
		bytes = NS_ITEM_MAX_VALUE;
		item->cut = 1;
	}
	item->value_bytes = bytes;
	if (ns_api_copy(work, value.data, bytes, NS_ITEM_MAX_VALUE)) {
		item->value_bytes = 0;
		item->kind = NS_ITEM_LEFT_OUT;
		return;
	}
	*(volatile u64 *)&work->strings_bytes += *(volatile u16 *)&item->value_bytes;
}

/* An item of numbers that are in work->item already. */
static __always_inline void ns_api_item_numbers(struct ns_api_scratch *work, u8 kind, const u16 bytes)
{
	struct ns_api_item *item = ns_api_item_begin(work, kind, sizeof(work->item));
	u64 off = *(volatile u64 *)&work->strings_bytes;

	if (!item || off > NS_API_STRINGS_BYTES - sizeof(work->item))
		return;
	__builtin_memcpy(work->strings + off, work->item, sizeof(work->item));
	item->value_bytes = bytes;
	*(volatile u64 *)&work->strings_bytes = off + bytes;
}

/* Strings of a []string are taken one by one. */
static __always_inline void ns_api_element(struct ns_api_scratch *work)
{
	struct ns_api_item *item = ns_api_item_begin(work, NS_ITEM_ELEMENT, NS_ITEM_MAX_VALUE);
	struct go_string value = {};

	if (bpf_probe_read_user(&value, sizeof(value), (const void *)work->walk.element))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	work->walk.element += sizeof(value);
	work->walk.elements--;
	if (item)
		ns_api_item_value(work, item, value);
}

/* internal/abi/type.go, Type: Size_ comes first, Kind_ has the kind in its lower bits. */
#define GO_TYPE_KIND_OFF 23
#define GO_KIND_MASK 31
#define GO_KIND_POINTER 22

/* Where the elements are, and their bytes. Value.slice is an `any` that holds an array, in older releases a pointer to
 * a slice. */
static __always_inline int ns_api_elements(u64 addr, u64 element_bytes, struct go_string *value)
{
	struct go_iface slice = {};
	u8 kind = 0;

	if (ns_read_iface(&slice, addr) ||
	    bpf_probe_read_user(&kind, sizeof(kind), (const void *)(slice.itab + GO_TYPE_KIND_OFF)))
		return -1;
	if ((kind & GO_KIND_MASK) == GO_KIND_POINTER) {
		if (bpf_probe_read_user(value, sizeof(*value), (const void *)slice.data))
			return -1;
		value->bytes *= element_bytes;
		return 0;
	}
	value->data = slice.data;
	return ns_read_u64(&value->bytes, slice.itab) ? -1 : 0;
}

static __always_inline void ns_api_slice(struct ns_api_scratch *work, struct ns_api_item *item, u64 addr)
{
	u64 element_bytes = sizeof(u64);
	struct go_string value = {};

	if (item->kind == NS_ITEM_STRINGS)
		element_bytes = sizeof(struct go_string);
	else if (item->kind == NS_ITEM_BOOLS)
		element_bytes = 1;
	if (ns_api_elements(addr, element_bytes, &value)) {
		item->kind = NS_ITEM_LEFT_OUT;
		return;
	}
	if (item->kind != NS_ITEM_STRINGS) {
		ns_api_item_value(work, item, value);
		return;
	}
	work->walk.element = value.data;
	work->walk.elements = value.bytes / sizeof(struct go_string);
}

static __always_inline void ns_api_attribute(struct ns_api_scratch *work, const struct ns_otel_params *otel)
{
	u64 addr = work->walk.attribute, type = 0;
	struct go_string text = {};
	struct ns_api_item *item;

	work->walk.attribute += otel->key_value_bytes;
	work->walk.attributes--;
	item = ns_api_item_begin(work, NS_ITEM_LEFT_OUT, NS_ITEM_MAX_KEY + NS_ITEM_MAX_VALUE);
	if (!item)
		return;
	if (bpf_probe_read_user(&text, sizeof(text), (const void *)(addr + otel->key_off)) ||
	    ns_read_u64(&type, addr + otel->type_off)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	if (type < NS_ITEM_BOOL || type > NS_ITEM_STRINGS)
		return;
	item->kind = type;
	ns_api_item_key(work, item, text);
	if (item->kind == NS_ITEM_LEFT_OUT)
		return;
	if (type <= NS_ITEM_FLOAT64) {
		text.data = addr + otel->numeric_off;
		text.bytes = sizeof(u64);
		ns_api_item_value(work, item, text);
	} else if (type == NS_ITEM_STRING) {
		if (bpf_probe_read_user(&text, sizeof(text), (const void *)(addr + otel->string_off)))
			item->kind = NS_ITEM_LEFT_OUT;
		else
			ns_api_item_value(work, item, text);
	} else {
		ns_api_slice(work, item, addr + otel->slice_off);
	}
}

static __always_inline void ns_api_link(struct ns_api_scratch *work, const struct ns_otel_params *otel)
{
	u64 addr = work->walk.link;

	work->walk.link += otel->link_bytes;
	work->walk.links--;
	if (bpf_probe_read_user(work->item, 16, (const void *)(addr + otel->link_trace_id_off)) ||
	    bpf_probe_read_user(work->item + 2, 8, (const void *)(addr + otel->link_span_id_off)) ||
	    bpf_probe_read_user(work->item + 3, 1, (const void *)(addr + otel->link_flags_off))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	ns_api_item_numbers(work, NS_ITEM_LINK, 25);
}

/*
 * A trace.spanOptionFunc. Three functions make one, and what they capture, behind the closure's function, tells them
 * apart: WithNewRoot nothing, so that its closure is part of the program; WithSpanKind a small number; WithLinks a
 * slice. Names would not help: a closure whose maker was inlined is called after the caller.
 */
static __always_inline void ns_api_function(struct ns_api_scratch *work, const struct ns_hit *hit, u64 closure)
{
	const struct ns_otel_params *otel = &hit->binary->otel;
	u64 captured[2] = {};

	if (ns_is_static_func(hit, closure)) {
		work->walk.is_new_root = 1;
		return;
	}
	if (ns_read_u64(&captured[0], closure + 8)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	if (captured[0] <= NS_API_MAX_SPAN_KIND) {
		work->item[0] = captured[0];
		ns_api_item_numbers(work, NS_ITEM_SPAN_KIND, 8);
	} else if ((otel->present & NS_OTEL_PARAM_LINKS) && !ns_read_u64(&captured[1], closure + 16)) {
		work->walk.link = captured[0];
		work->walk.links = captured[1];
	}
}

static __always_inline void ns_api_option(struct ns_api_scratch *work, const struct ns_hit *hit)
{
	const struct ns_otel_params *otel = &hit->binary->otel;
	struct go_iface option = {};
	u64 slice[2] = {};
	u64 type = 0;
	long err;

	err = ns_read_iface(&option, work->walk.option);
	work->walk.option += sizeof(option);
	work->walk.options--;
	if (err || !option.itab || ns_read_u64(&type, option.itab + GO_ITAB_TYPE_OFF))
		return;
	type -= hit->params->load_bias;
	if (type == otel->attribute_option_type_vaddr && (otel->present & NS_OTEL_PARAM_ATTRIBUTES)) {
		if (bpf_probe_read_user(slice, sizeof(slice), (const void *)option.data))
			return;
		work->walk.attribute = slice[0];
		work->walk.attributes = slice[1];
	} else if (type == otel->span_option_type_vaddr) {
		ns_api_function(work, hit, option.data);
	} else if (type == otel->timestamp_option_type_vaddr && (otel->present & NS_OTEL_PARAM_TIME)) {
		if (!ns_read_u64(work->item, option.data + otel->time_wall_off) &&
		    !ns_read_u64(work->item + 1, option.data + otel->time_ext_off))
			ns_api_item_numbers(work, NS_ITEM_TIMESTAMP, 16);
	}
}

/*
 * Takes the next of what the walk in a scratch slot says; 0 when there is nothing more. A function of its own, with
 * numbers as arguments: the kernel verifies it once and not for each item of each call.
 */
__noinline int ns_api_step(u32 target_slot, u32 scratch_slot)
{
	struct ns_api_scratch *work = bpf_map_lookup_elem(&api_scratch, &scratch_slot);
	struct ns_hit hit = {};

	if (!work || ns_hit_target(&hit, target_slot))
		return 0;
	if (work->walk.elements)
		ns_api_element(work);
	else if (work->walk.attributes)
		ns_api_attribute(work, &hit.binary->otel);
	else if (work->walk.links)
		ns_api_link(work, &hit.binary->otel);
	else if (work->walk.options)
		ns_api_option(work, &hit);
	else
		return 0;
	return 1;
}

/* Takes all that the walk says. */
static __always_inline void ns_api_items(struct ns_api_scratch *work, const struct ns_hit *hit)
{
	u64 before = work->strings_bytes;

	if (work->walk.options > NS_API_MAX_OPTIONS) {
		work->walk.options = NS_API_MAX_OPTIONS;
		work->record.items_cut = 1;
	}
	for (u32 i = 0; i < NS_API_STEPS; i++) {
		if (!ns_api_step(hit->slot, work->slot))
			break;
	}
	if (work->walk.elements || work->walk.attributes || work->walk.links || work->walk.options)
		work->record.items_cut = 1;
	work->record.header.string_bytes[NS_API_BODY] = work->strings_bytes - before;
}

#endif /* NODESPAN_OTEL_ITEMS_H */
