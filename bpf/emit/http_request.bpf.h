/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The beginning of a server operation, whichever library has read the request. */
#ifndef NODESPAN_EMIT_HTTP_REQUEST_H
#define NODESPAN_EMIT_HTTP_REQUEST_H

#include "bpf/emit/exclusions.bpf.h"
#include "bpf/emit/http_server.bpf.h"
#include "bpf/emit/parents.bpf.h"
#include "bpf/emit/remote_parent.bpf.h"
#include "bpf/extract/http_request.bpf.h"

/*
 * Begins the scratch operation, a new one with its memos, and keeps it until its end if it is recorded. The headers of
 * the request are collected. Its span becomes the parent of what its goroutine and its context do.
 */
static __always_inline void ns_server_open(struct ns_scratch *work, const struct ns_hit *hit,
					   const struct ns_object_key *key, const struct ns_request *request)
{
	struct ns_operation *op = &work->operation.op;
	struct ns_http_server_record *record = ns_op_record(op, ns_http_server_record);
	struct ns_strings strings = {.op = op, .fixed = NS_SERVER_FIXED, .room = NS_STRINGS_BYTES};
	struct go_string user_agent = {};
	u8 parent_flags = 0;
	int has_parent, admitted;

	record->request_body_bytes = request->content_length;
	record->is_tls = request->is_tls;
	record->proto_major = request->proto_major;
	record->proto_minor = request->proto_minor;
	record->present = request->present;
	has_parent = ns_read_parent(work, hit, &parent_flags) == 0;
	if (!has_parent) {
		ns_new_trace_id(op->header.trace_id);
		*(u64 *)op->header.parent_span_id = 0;
	}
	admitted = ns_admit_request(work, hit, &op->header, has_parent, parent_flags, request->uri, &user_agent);
	op->header.flags = has_parent ? NS_SPAN_REMOTE_PARENT : 0;
	if (hit->binary->has_client_ops) {
		op->memo[NS_SERVER_GOID] = ns_read_goid(hit, key->addr);
		ns_note_parents(work, hit, &op->header, op->memo[NS_SERVER_GOID], key->addr, request->context);
	}
	if (!admitted)
		return;
	ns_append(strings, NS_HTTP_METHOD, request->method, NS_HTTP_MAX_METHOD);
	ns_append(strings, NS_HTTP_URI, request->uri, NS_HTTP_MAX_URI);
	ns_append(strings, NS_HTTP_HOST, request->host, NS_HTTP_MAX_HOST);
	ns_append(strings, NS_HTTP_REMOTE_ADDR, request->remote_addr, NS_HTTP_MAX_REMOTE_ADDR);
	ns_append(strings, NS_HTTP_USER_AGENT, user_agent, NS_HTTP_MAX_USER_AGENT);
	ns_append_header(work, strings, NS_HTTP_FORWARDED, NS_HEADER_FORWARDED, NS_HTTP_MAX_FORWARDED);
	ns_append_header(work, strings, NS_HTTP_X_FORWARDED_FOR, NS_HEADER_X_FORWARDED_FOR,
			 NS_HTTP_MAX_X_FORWARDED_FOR);
	ns_append_header(work, strings, NS_HTTP_X_FORWARDED_HOST, NS_HEADER_X_FORWARDED_HOST,
			 NS_HTTP_MAX_X_FORWARDED_HOST);
	ns_append_header(work, strings, NS_HTTP_X_FORWARDED_PROTO, NS_HEADER_X_FORWARDED_PROTO,
			 NS_HTTP_MAX_X_FORWARDED_PROTO);
	ns_append_captured(work, NS_HTTP_HEADER_MAP, NS_HTTP_CAPTURED);
	if (has_parent)
		ns_append_tracestate(work, strings, NS_HTTP_TRACESTATE);
	ns_op_keep(op, key, NS_HTTP_MAX_PATTERN);
}

#endif /* NODESPAN_EMIT_HTTP_REQUEST_H */
