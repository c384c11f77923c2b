/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Requests as github.com/valyala/fasthttp has them (server.go, http.go, header.go, args.go). Headers are a list, in the
 * order in which they came, but for a few that have a place of their own: Host, User-Agent, Content-Type,
 * Content-Length and Connection. Their names are canonical, unless the program wants them as they were sent.
 */
#ifndef NODESPAN_FASTHTTP_REQUEST_H
#define NODESPAN_FASTHTTP_REQUEST_H

#include "bpf/extract/http_headers.bpf.h"
#include "bpf/extract/http_request.bpf.h"

#define NS_FASTHTTP_HEADERS 100 /* looked at */

static __always_inline void ns_keep_line(struct ns_scratch *work, u64 header, struct go_string value)
{
	u64 slot = header & (NS_HEADER_SLOTS - 1), count = work->headers[slot].count;

	if (count < NS_HEADER_LINES)
		work->lines[slot][count] = value;
	work->headers[slot].count = count + 1;
}

/* Keeps the header at `arg_addr` if it is one that is looked for. A function of its own, with numbers as arguments: the
 * kernel verifies it once. */
__noinline int ns_fasthttp_scan(u32 binary_slot, u32 scratch_slot, u64 arg_addr)
{
	struct ns_binary_params *binary = bpf_map_lookup_elem(&binaries, &binary_slot);
	struct ns_scratch *work = bpf_map_lookup_elem(&scratch, &scratch_slot);
	struct go_string name = {}, value = {}; /* []byte begins like a string */
	u64 match;

	if (!binary || !work)
		return 0;
	if (bpf_probe_read_user(&name, sizeof(name), (const void *)(arg_addr + binary->fasthttp.arg_key_off)) ||
	    bpf_probe_read_user(&value, sizeof(value), (const void *)(arg_addr + binary->fasthttp.arg_value_off))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	match = ns_match_header(name.data, name.bytes);
	if (match)
		ns_keep_line(work, match - 1, value);
	if (ns_captures_headers) {
		match = ns_match_captured(NS_HTTP_HEADER_MAP, name.data, name.bytes);
		if (match)
			ns_keep_line(work, match, value);
	}
	return 0;
}

/* Fills the headers of a scratch slot from a []argsKV. */
static __always_inline void ns_fasthttp_headers(struct ns_scratch *work, const struct ns_hit *hit, struct go_slice args)
{
	for (u32 i = 0; i < NS_FASTHTTP_HEADERS; i++) {
		if (i >= args.count)
			return;
		ns_fasthttp_scan(hit->binary_slot, work->slot, args.data + i * hit->binary->fasthttp.arg_bytes);
	}
	if (args.count > NS_FASTHTTP_HEADERS)
		ns_count(NS_LOSS_HEADERS_CUT);
}

/* Keeps a header that has a place of its own, if the user asked for it. */
static __always_inline void ns_fasthttp_keep_captured(struct ns_scratch *work, struct go_string value, u64 first,
						      u64 second, u64 name_bytes)
{
	u64 match;

	if (!ns_captures_headers || !value.bytes)
		return;
	match = ns_match_captured_word(first, second, name_bytes);
	if (match)
		ns_keep_line(work, match, value);
}

/* Fills `request`, which is zero, and the headers of the scratch slot. Uses the window. */
static __always_inline int ns_fasthttp_read(struct ns_scratch *work, const struct ns_hit *hit, u64 request_ctx,
					    struct ns_request *request)
{
	const struct ns_fasthttp_params *params = &hit->binary->fasthttp;
	struct go_slice args = {};
	u8 is_tls = 0;

	if (ns_window_read(work->window, params->header_bytes, request_ctx + params->request_header_off))
		return -1;
	request->context.data = request_ctx;
	request->method = ns_window_string(work->window, params->method_off);
	request->uri = ns_window_string(work->window, params->uri_off);
	if (params->present & NS_FASTHTTP_PARAM_HOST)
		request->host = ns_window_string(work->window, params->host_off);
	if (params->present & NS_FASTHTTP_PARAM_USER_AGENT) {
		struct go_string user_agent = ns_window_string(work->window, params->user_agent_off);

		if (user_agent.bytes)
			ns_keep_line(work, NS_HEADER_USER_AGENT, user_agent);
		ns_fasthttp_keep_captured(work, user_agent, NS_WORD('U', 's', 'e', 'r', '-', 'A', 'g', 'e'),
					  NS_WORD('n', 't', 0, 0, 0, 0, 0, 0), 10);
	}
	if (params->present & NS_FASTHTTP_PARAM_CONTENT_TYPE)
		ns_fasthttp_keep_captured(work, ns_window_string(work->window, params->content_type_off),
					  NS_WORD('C', 'o', 'n', 't', 'e', 'n', 't', '-'),
					  NS_WORD('T', 'y', 'p', 'e', 0, 0, 0, 0), 12);
	if (params->present & NS_FASTHTTP_PARAM_CONTENT_LENGTH) {
		/* -1: chunked; -2: not said, which means that there is no body */
		request->content_length = (s64)ns_window_u64(work->window, params->content_length_off);
		if (request->content_length == -2)
			request->content_length = 0;
		request->present |= NS_HTTP_HAS_REQUEST_BYTES;
	}
	if (params->present & NS_FASTHTTP_PARAM_PROTO) {
		request->proto_major = 1;
		request->proto_minor = !ns_window_u8(work->window, params->no_http11_off);
		request->present |= NS_HTTP_HAS_PROTO;
	}
	if ((params->present & NS_FASTHTTP_PARAM_TLS) &&
	    !bpf_probe_read_user(&is_tls, sizeof(is_tls), (const void *)(request_ctx + params->is_tls_off))) {
		request->is_tls = is_tls;
		request->present |= NS_HTTP_HAS_TLS;
	}
	if (params->present & NS_FASTHTTP_PARAM_HEADERS) {
		args.data = ns_window_u64(work->window, params->args_off);
		args.count = ns_window_u64(work->window, params->args_off + 8);
		ns_fasthttp_headers(work, hit, args);
	}
	return 0;
}

#endif /* NODESPAN_FASTHTTP_REQUEST_H */
