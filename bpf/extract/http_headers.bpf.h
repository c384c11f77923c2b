/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds the headers we know in an http.Header or gRPC's metadata.MD (map[string][]string) by walking its groups. A
 * lookup by hash is impossible: the hash is keyed with a random number of the process. Only called where the Go program
 * owns the map (start of ServeHTTP), so it does not change underneath.
 *
 * Layouts: runtime/map.go (hmap, bmap) and internal/runtime/maps (Map, table, group); offsets come from the binary's
 * own map descriptor.
 */
#ifndef NODESPAN_HTTP_HEADERS_H
#define NODESPAN_HTTP_HEADERS_H

#include "bpf/base/scratch.bpf.h"
#include "bpf/extract/go_values.bpf.h"
#include "bpf/extract/hit.bpf.h"
#include "bpf/extract/window.bpf.h"

/* Set before the object is loaded: whether the user asked for headers by name, and for which, by enum ns_header_map. */
const volatile u8 ns_captures_headers = 0;
const volatile struct ns_captured_names ns_captured_names[2] = {};

/* Maps of a binary whose keys are names of headers. */
enum ns_header_map {
	NS_HTTP_HEADER_MAP,
	NS_METADATA_MAP, /* of gRPC */
};

static __always_inline const struct ns_map_layout *ns_header_layout(const struct ns_binary_params *binary,
								    enum ns_header_map which)
{
	return which == NS_METADATA_MAP ? &binary->grpc.metadata_map : &binary->http_header_map;
}

/* Groups, overflow buckets and table changes visited at most: room for 100 headers, which take 16 groups. */
#define NS_MAP_STEPS 20
#define NS_MAP_MAX_GROUPS 1024 /* per table or bucket array; more is nonsense */
#define NS_GROUP_SLOTS 8

#define NS_WORD(a, b, c, d, e, f, g, h)                                                                    \
	((u64)(u8)(a) | (u64)(u8)(b) << 8 | (u64)(u8)(c) << 16 | (u64)(u8)(d) << 24 | (u64)(u8)(e) << 32 | \
	 (u64)(u8)(f) << 40 | (u64)(u8)(g) << 48 | (u64)(u8)(h) << 56)

/* Lengths of the names below, as a bit set. */
#define NS_HEADER_NAME_LENGTHS (1 << 9 | 1 << 10 | 1 << 11 | 1 << 15 | 1 << 16 | 1 << 17)

static __always_inline int ns_name_is(const u64 *word, u64 a, u64 b, u64 c)
{
	return word[0] == a && word[1] == b && word[2] == c;
}

/*
 * 1 + the index of the header with this name (canonical as net/http has it, or small letters as gRPC), 0 when it is
 * none of ours. The name is read and compared whole.
 *
 * A function of its own: the verifier looks at it once and takes its result for any number, so that the walk around it
 * does not multiply its paths. Kernels from 5.6 do so for global functions of numbers (kernel/bpf/verifier.c,
 * do_check_subprogs).
 */
__noinline u64 ns_match_header(u64 name_addr, u64 name_bytes)
{
	u64 word[3] = {};

	if (name_bytes > 17 || !(1ULL << name_bytes & NS_HEADER_NAME_LENGTHS))
		return 0;
	if (bpf_probe_read_user(word, name_bytes, (const void *)name_addr)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	if (ns_name_is(word, NS_WORD('T', 'r', 'a', 'c', 'e', 'p', 'a', 'r'), NS_WORD('e', 'n', 't', 0, 0, 0, 0, 0), 0))
		return 1 + NS_HEADER_TRACEPARENT;
	if (ns_name_is(word, NS_WORD('T', 'r', 'a', 'c', 'e', 's', 't', 'a'), NS_WORD('t', 'e', 0, 0, 0, 0, 0, 0), 0))
		return 1 + NS_HEADER_TRACESTATE;
	if (ns_name_is(word, NS_WORD('U', 's', 'e', 'r', '-', 'A', 'g', 'e'), NS_WORD('n', 't', 0, 0, 0, 0, 0, 0), 0))
		return 1 + NS_HEADER_USER_AGENT;
	if (ns_name_is(word, NS_WORD('F', 'o', 'r', 'w', 'a', 'r', 'd', 'e'), 'd', 0))
		return 1 + NS_HEADER_FORWARDED;
	if (ns_name_is(word, NS_WORD('t', 'r', 'a', 'c', 'e', 'p', 'a', 'r'), NS_WORD('e', 'n', 't', 0, 0, 0, 0, 0), 0))
		return 1 + NS_HEADER_TRACEPARENT;
	if (ns_name_is(word, NS_WORD('t', 'r', 'a', 'c', 'e', 's', 't', 'a'), NS_WORD('t', 'e', 0, 0, 0, 0, 0, 0), 0))
		return 1 + NS_HEADER_TRACESTATE;
	if (ns_name_is(word, NS_WORD('u', 's', 'e', 'r', '-', 'a', 'g', 'e'), NS_WORD('n', 't', 0, 0, 0, 0, 0, 0), 0))
		return 1 + NS_HEADER_USER_AGENT;
	if (ns_name_is(word, NS_WORD(':', 'a', 'u', 't', 'h', 'o', 'r', 'i'), NS_WORD('t', 'y', 0, 0, 0, 0, 0, 0), 0))
		return 1 + NS_HEADER_AUTHORITY;
	if (word[0] != NS_WORD('X', '-', 'F', 'o', 'r', 'w', 'a', 'r'))
		return 0;
	if (word[1] == NS_WORD('d', 'e', 'd', '-', 'F', 'o', 'r', 0) && !word[2])
		return 1 + NS_HEADER_X_FORWARDED_FOR;
	if (word[1] == NS_WORD('d', 'e', 'd', '-', 'H', 'o', 's', 't') && !word[2])
		return 1 + NS_HEADER_X_FORWARDED_HOST;
	if (word[1] == NS_WORD('d', 'e', 'd', '-', 'P', 'r', 'o', 't') && word[2] == 'o')
		return 1 + NS_HEADER_X_FORWARDED_PROTO;
	return 0;
}

/* NS_HEADER_CAPTURED + the place of a name that the user asked for in the list `which`, 0 when it is none of them. A
 * function of its own as well. */
__noinline u64 ns_match_captured(u32 which, u64 name_addr, u64 name_bytes)
{
	const volatile struct ns_captured_names *names = &ns_captured_names[which & 1];
	u64 word[NS_CAPTURED_NAME_WORDS] = {};

	if (name_bytes > NS_CAPTURED_NAME_BYTES || !(1ULL << name_bytes & names->lengths))
		return 0;
	if (bpf_probe_read_user(word, name_bytes, (const void *)name_addr)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	for (u32 i = 0; i < NS_CAPTURED_NAMES; i++) {
		const volatile struct ns_captured_name *name = &names->name[i];
		u64 difference = name_bytes ^ name->bytes;

		for (u32 j = 0; j < NS_CAPTURED_NAME_WORDS; j++)
			difference |= word[j] ^ name->word[j];
		if (!difference)
			return NS_HEADER_CAPTURED + i;
	}
	return 0;
}

/* The same of a name of up to 16 bytes that is not in the program's memory, for HTTP. */
__noinline u64 ns_match_captured_word(u64 first, u64 second, u64 name_bytes)
{
	for (u32 i = 0; i < NS_CAPTURED_NAMES; i++) {
		const volatile struct ns_captured_name *name = &ns_captured_names[NS_HTTP_HEADER_MAP].name[i];

		if (name->bytes == name_bytes && name->word[0] == first && name->word[1] == second)
			return NS_HEADER_CAPTURED + i;
	}
	return 0;
}

/* Forgets the headers of the request before. `has_lines`: see ns_scratch. */
static __always_inline void ns_headers_begin(struct ns_scratch *work, u64 has_lines)
{
	__builtin_memset(work->headers, 0, sizeof(work->headers));
	work->has_lines = has_lines;
}

/* Value `index` of a header, which has more than that. */
static __always_inline long ns_read_header(const struct ns_scratch *work, u32 header, u32 index, struct go_string *out)
{
	if (work->has_lines) {
		*out = work->lines[header & (NS_HEADER_SLOTS - 1)][index & (NS_HEADER_LINES - 1)];
		return 0;
	}
	return bpf_probe_read_user(
		out, sizeof(*out),
		(const void *)(work->headers[header & (NS_HEADER_SLOTS - 1)].data + index * sizeof(*out)));
}

static __always_inline void ns_keep_header(struct ns_scratch *work, u64 header, u32 elem_off)
{
	struct go_slice *kept = &work->headers[header & (NS_HEADER_SLOTS - 1)];

	kept->data = ns_window_u64(work->window, elem_off);
	kept->count = ns_window_u64(work->window, elem_off + 8);
}

/* Looks through the slots of the group in the window. */
static __always_inline void ns_scan_group(struct ns_scratch *work, const struct ns_map_layout *map,
					  enum ns_header_map which)
{
	for (u32 i = 0; i < NS_GROUP_SLOTS; i++) {
		u32 slot = i;
		u64 name_addr, name_bytes, match;
		u32 key_off, elem_off;

		/* Each offset is computed anew from the slot number. Carried from slot to slot, as the compiler
		 * prefers, it would be a range that differs along every path to here, and the verifier would follow
		 * them all. */
		barrier_var(slot);
		if ((u8)(ns_window_u8(work->window, map->control_off + slot) - map->control_min) > map->control_span)
			continue;
		key_off = map->key_off + slot * map->key_stride;
		elem_off = map->elem_off + slot * map->elem_stride;
		/* A slot in use has been written, key and element. Its page is there, only not at this moment: the
		 * kernel moves pages. */
		if (elem_off + 16 > work->walk.readable) {
			ns_count(NS_LOSS_FIELD_UNREADABLE);
			work->walk.unseen = 1;
			continue;
		}
		name_addr = ns_window_u64(work->window, key_off);
		name_bytes = ns_window_u64(work->window, key_off + 8);
		match = ns_match_header(name_addr, name_bytes);
		if (match)
			ns_keep_header(work, match - 1, elem_off);
		if (!ns_captures_headers)
			continue;
		match = ns_match_captured(which, name_addr, name_bytes);
		if (match)
			ns_keep_header(work, match, elem_off);
	}
}

/* Sets work->walk to the beginning of the map at `map_addr`. */
static __always_inline int ns_map_begin(struct ns_scratch *work, const struct ns_map_layout *map, u64 map_addr)
{
	struct ns_map_walk *walk = &work->walk;

	__builtin_memset(walk, 0, sizeof(*walk)); /* of a walk that was cut, the rest would be gone on with */
	/* Both headers are 48 bytes. */
	if (ns_window_read(work->window, 48, map_addr))
		return -1;
	if (map->kind == NS_MAP_SWISS) {
		u64 dir_len = ns_window_u64(work->window, map->swiss_dir_len_off);

		walk->dir = ns_window_u64(work->window, map->swiss_dir_ptr_off);
		if (dir_len == 0) { /* a small map: the directory pointer is its only group */
			walk->base = walk->dir;
			walk->groups = 1;
		} else {
			walk->dir_entries = dir_len;
		}
		return 0;
	}
	u8 b = ns_window_u8(work->window, map->hmap_b_off);

	walk->base = ns_window_u64(work->window, map->hmap_buckets_off);
	walk->groups = 1ULL << (b & 31);
	walk->old_base = ns_window_u64(work->window, map->hmap_oldbuckets_off);
	/* A growth to the same size keeps the count; reading half of it then is what the bound allows anyway. */
	walk->old_groups = b ? 1ULL << ((b - 1) & 31) : 1;
	return 0;
}

/* The walk cannot go on. */
static __always_inline u64 ns_map_break(struct ns_map_walk *walk)
{
	ns_count(NS_LOSS_FIELD_UNREADABLE);
	walk->unseen = 1;
	return -1;
}

/* Address of the next group, 0 when this step only moved to another run, -1 at the end. */
static __always_inline u64 ns_map_step(struct ns_scratch *work, const struct ns_map_layout *map)
{
	struct ns_map_walk *walk = &work->walk;
	u64 addr;

	if (walk->overflow) {
		addr = walk->overflow;
		walk->overflow = 0;
		return addr;
	}
	if (walk->base && walk->next < walk->groups) {
		addr = walk->base + walk->next * map->group_bytes;
		walk->next++;
		return addr;
	}
	walk->next = 0;
	walk->base = 0;
	if (walk->old_base) {
		walk->base = walk->old_base;
		walk->groups = walk->old_groups;
		walk->old_base = 0;
		return 0;
	}
	if (walk->dir_entries) {
		u64 table = 0;

		walk->dir_entries--;
		if (bpf_probe_read_user(&table, sizeof(table), (const void *)walk->dir))
			return ns_map_break(walk);
		walk->dir += 8;
		if (table == walk->table)
			return 0;
		walk->table = table;
		if (ns_window_read(work->window, 64, table))
			return ns_map_break(walk);
		walk->base = ns_window_u64(work->window, map->swiss_table_groups_off + map->swiss_groups_data_off);
		walk->groups =
			ns_window_u64(work->window, map->swiss_table_groups_off + map->swiss_groups_mask_off) + 1;
		if (walk->groups > NS_MAP_MAX_GROUPS)
			return ns_map_break(walk);
		return 0;
	}
	return -1;
}

/*
 * Looks at the next group of the map; 0 when it was the last one. A function of its own, with numbers as arguments: the
 * kernel verifies it once and not for each group of the walk.
 */
__noinline int ns_map_scan(u32 binary_slot, u32 which, u32 scratch_slot)
{
	struct ns_binary_params *binary = bpf_map_lookup_elem(&binaries, &binary_slot);
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);
	const struct ns_map_layout *map;
	u64 group;
	long err;

	if (!work || !binary)
		return 0;
	map = ns_header_layout(binary, which);
	group = ns_map_step(work, map);
	if (group == (u64)-1)
		return 0;
	if (!group)
		return 1;
	/* In part is enough as a rule: nothing of a page that was never touched is in use. */
	err = ns_window_read_part(work->window, map->group_bytes, group);
	if (err < 0) {
		/* A bucket that was never touched holds nothing. The control word of a Swiss group is always written.
		 */
		if (map->kind == NS_MAP_SWISS) {
			ns_count(NS_LOSS_FIELD_UNREADABLE);
			work->walk.unseen = 1;
		}
		return 1;
	}
	/* Through memory: in a register, the verifier would follow both outcomes through the rest. */
	work->walk.readable = err == NS_WINDOW_PART ? ns_page_rest(group) : map->group_bytes;
	barrier();
	ns_scan_group(work, map, which);
	if (map->kind == NS_MAP_CLASSIC && work->walk.readable == map->group_bytes)
		work->walk.overflow = ns_window_u64(work->window, map->overflow_off);
	return 1;
}

/* Fills the headers of a scratch slot from the map at `map_addr` (0: a nil map, no headers). Uses the window. Returns
 * whether all headers were seen; when they were not, that is counted. */
static __always_inline int ns_collect_headers(struct ns_scratch *work, const struct ns_hit *hit,
					      enum ns_header_map which, u64 map_addr)
{
	const struct ns_map_layout *map = ns_header_layout(hit->binary, which);

	if (!map_addr)
		return 1;
	if (map->kind == NS_MAP_NONE)
		return 0;
	if (ns_map_begin(work, map, map_addr)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	for (u32 step = 0; step < NS_MAP_STEPS; step++) {
		if (!ns_map_scan(hit->binary_slot, which, work->slot))
			return !work->walk.unseen;
	}
	ns_count(NS_LOSS_HEADERS_CUT);
	return 0;
}

#endif /* NODESPAN_HTTP_HEADERS_H */
