/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * nethttp_client: requests sent by net/http, one span for each attempt: redirects are attempts of their own. Emits
 * NS_RECORD_HTTP_CLIENT.
 *
 * Start: net/http.(*Transport).roundTrip(t *Transport, req *Request) (*Response, error): AX is t, BX req. Also
 * (*Transport).roundTripViaPool(t, req, ...) of golang.org/x/net/http2, RoundTripOpt in older releases, unless the
 * former has called it.
 *
 * Connection: net/http.(*persistConn).roundTrip(pc *persistConn, req *transportRequest), and for HTTP/2
 * (*ClientConn).roundTrip(cc *ClientConn, req *Request) of any copy of the package: AX is what has the net.Conn. On the
 * goroutine of the start; again when the request is tried on another connection. Only here the peer can be seen.
 *
 * End: wherever the planner found the results of roundTrip: the start of its deferred function, whose caller must be
 * roundTrip itself (another one is a panic), or an instruction before a return. Results: *Response, error.
 */
#include "bpf/emit/http_client.bpf.h"
#include "bpf/emit/outgoing.bpf.h"
#include "bpf/emit/parents.bpf.h"
#include "bpf/extract/go_error.bpf.h"
#include "bpf/extract/http_request.bpf.h"
#include "bpf/extract/socket_address.bpf.h"

#define NS_CLIENT_FIXED sizeof(struct ns_http_client_record)
#define NS_CLIENT_MAX_REDIRECTS 12 /* net/http stops after 10 (client.go, defaultCheckRedirect) */

/* How many redirects led to this request: each one has the response that caused it, which has its own request. */
static __always_inline u8 ns_count_redirects(const struct ns_binary_params *binary, u64 response)
{
	u8 count = 0;

	for (u32 i = 0; i < NS_CLIENT_MAX_REDIRECTS && response; i++) {
		u64 request = 0;

		count++;
		if (ns_read_u64(&request, response + binary->http_client.response_request_off) || !request)
			break;
		response = 0;
		if (ns_read_u64(&response, request + binary->http_request.response_off))
			break;
	}
	return count;
}

static __always_inline int ns_append_url(struct ns_scratch *work, struct ns_strings strings,
					 const struct ns_http_client_params *params, u64 url_addr,
					 struct ns_http_client_record *record)
{
	struct go_string scheme, host, opaque = {}, path, raw_path = {}, query, fragment = {};

	if (ns_window_read(work->window, params->url_bytes, url_addr))
		return -1;
	scheme = ns_window_string(work->window, params->url_scheme_off);
	host = ns_window_string(work->window, params->url_host_off);
	path = ns_window_string(work->window, params->url_path_off);
	query = ns_window_string(work->window, params->url_raw_query_off);
	if (params->present & NS_CLIENT_PARAM_OPAQUE)
		opaque = ns_window_string(work->window, params->url_opaque_off);
	if (params->present & NS_CLIENT_PARAM_RAW_PATH)
		raw_path = ns_window_string(work->window, params->url_raw_path_off);
	if (params->present & NS_CLIENT_PARAM_FRAGMENT)
		fragment = ns_window_string(work->window, params->url_fragment_off);
	if ((params->present & NS_CLIENT_PARAM_FORCE_QUERY) && ns_window_u8(work->window, params->url_force_query_off))
		record->present |= NS_CLIENT_EMPTY_QUERY;
	if (ns_window_u64(work->window, params->url_user_off))
		record->present |= NS_CLIENT_HAS_USER_INFO;
	if (raw_path.bytes) {
		record->present |= NS_CLIENT_PATH_IS_RAW;
		path = raw_path;
	}
	ns_append(strings, NS_CLIENT_SCHEME, scheme, NS_CLIENT_MAX_SCHEME);
	ns_append(strings, NS_CLIENT_HOST, host, NS_CLIENT_MAX_HOST);
	ns_append(strings, NS_CLIENT_OPAQUE, opaque, NS_CLIENT_MAX_OPAQUE);
	ns_append(strings, NS_CLIENT_PATH, path, NS_CLIENT_MAX_PATH);
	ns_append(strings, NS_CLIENT_QUERY, query, NS_CLIENT_MAX_QUERY);
	ns_append(strings, NS_CLIENT_FRAGMENT, fragment, NS_CLIENT_MAX_FRAGMENT);
	return 0;
}

static __always_inline void ns_client_start(struct ns_scratch *work, const struct ns_hit *hit,
					    const struct ns_object_key *key, u64 request_addr, u64 stack_pointer)
{
	struct ns_operation *op = ns_op_new(work, hit, NS_RECORD_HTTP_CLIENT);
	struct ns_http_client_record *record = ns_op_record(op, ns_http_client_record);
	struct ns_strings strings = {.op = op, .fixed = NS_CLIENT_FIXED, .room = NS_STRINGS_BYTES};
	struct ns_request request = {};

	op->stack_pointer = stack_pointer;
	if (ns_read_request(work->window, &hit->binary->http_request, request_addr, &request)) {
		ns_count(NS_LOSS_READ_FAILED);
		return;
	}
	if (!ns_join_trace(work, hit, &op->header, request.context, key->addr)) {
		if (!key->depth)
			ns_outgoing_begin(work, hit, NS_OBJECT_OUTGOING_HTTP, key->addr, op);
		return;
	}
	record->request_body_bytes = request.content_length;
	record->present = request.present & NS_HTTP_HAS_REQUEST_BYTES;
	if (request.redirect)
		record->resend_count = ns_count_redirects(hit->binary, request.redirect);
	ns_append(strings, NS_CLIENT_METHOD, request.method, NS_CLIENT_MAX_METHOD);
	/* Without a URL the transport refuses the request: there is a span, and it says so. */
	if (request.url && ns_append_url(work, strings, &hit->binary->http_client, request.url, record))
		ns_count(NS_LOSS_FIELD_UNREADABLE);
	ns_op_keep(op, key, NS_CLIENT_MAX_ERROR);
}

/* The key of the operation that begins or ends at the site. */
static __always_inline struct ns_object_key ns_client_key(const struct go_regs *ctx, const struct ns_hit *hit)
{
	return ns_object(hit, hit->site->tag == NS_TRANSPORT_HTTP2 ? NS_OBJECT_HTTP2_CLIENT : NS_OBJECT_HTTP_CLIENT,
			 go_current_g(ctx));
}

#define NS_CLIENT_FRAMES 6 /* up to http.Transport, through methods that only pass the request on */

/* Whether the request is part of one that http.Transport sends. */
static __always_inline int ns_is_within_request(const struct go_regs *ctx, const struct ns_hit *hit)
{
	return hit->site->tag == NS_TRANSPORT_HTTP2 &&
	       ns_is_called_from(ctx, hit->site->caller_vaddr + hit->params->load_bias, hit->site->caller_bytes,
				 NS_CLIENT_FRAMES);
}

SEC("uprobe")
int nethttp_client_start(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_object_key key;
	struct ns_scratch *work;

	if (ns_hit_begin(ctx, &hit) || ns_is_within_request(ctx, &hit))
		return 0;
	key = ns_client_key(ctx, &hit);
	work = ns_op_begin_within(ctx, &hit, &key);
	if (!work)
		return 0;
	ns_client_start(work, &hit, &key, go_arg2(ctx), go_stack_pointer(ctx));
	ns_scratch_release(work);
	return 0;
}

SEC("uprobe")
int nethttp_client_connection(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct go_iface conn = {};
	struct ns_operation *op;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	op = ns_open_request(&hit, go_current_g(ctx));
	if (!op)
		return 0;
	if (ns_read_iface(&conn, go_arg1(ctx) + hit.site->results[NS_CLIENT_SITE_CONN_OFF].value)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return 0;
	}
	ns_read_peer(&hit, conn, &ns_op_record(op, ns_http_client_record)->peer);
	return 0;
}

static __always_inline void ns_read_response(struct ns_http_client_record *record, u8 *window,
					     const struct ns_http_client_params *params, u64 response)
{
	if (ns_window_read(window, params->response_bytes, response)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	record->status = (u16)ns_window_u64(window, params->response_status_off);
	record->present |= NS_HTTP_HAS_STATUS;
	if (params->present & NS_CLIENT_PARAM_CONTENT_LENGTH) {
		record->response_body_bytes = (s64)ns_window_u64(window, params->response_content_length_off);
		record->present |= NS_HTTP_HAS_RESPONSE_BYTES;
	}
	if (params->present & NS_CLIENT_PARAM_PROTO) {
		record->proto_major = (u8)ns_window_u64(window, params->response_proto_major_off);
		record->proto_minor = (u8)ns_window_u64(window, params->response_proto_minor_off);
		record->present |= NS_HTTP_HAS_PROTO;
	}
}

/* Completes the record of an operation whose strings have room for `room` bytes. */
static __always_inline void ns_client_complete(struct go_regs *ctx, struct ns_scratch *work, struct ns_strings strings,
					       const struct ns_hit *hit)
{
	struct ns_http_client_record *record = ns_op_record(strings.op, ns_http_client_record);
	struct ns_error seen;
	struct go_iface error;
	u64 response;

	if (hit->other_caller) {
		record->present |= NS_CLIENT_FAILED | NS_CLIENT_PANICKED;
		return;
	}
	go_copy_registers(ctx, work->registers);
	response = ns_result(ctx, hit, work, 0);
	error.itab = ns_result(ctx, hit, work, 1);
	if (error.itab) {
		error.data = ns_result(ctx, hit, work, 2);
		record->present |= NS_CLIENT_FAILED;
		seen = ns_look_into_error(hit, error);
		record->error_type_vaddr = ns_error_type(hit, seen.cause);
		ns_append(strings, NS_CLIENT_ERROR, seen.text, NS_CLIENT_MAX_ERROR);
	} else if (response) {
		ns_read_response(record, work->window, &hit->binary->http_client, response);
	}
}

static __always_inline void ns_client_finish(struct go_regs *ctx, struct ns_operation *op, const u64 room,
					     const struct ns_hit *hit)
{
	struct ns_strings strings = {.op = op, .fixed = NS_CLIENT_FIXED, .room = room};
	struct ns_scratch *work = ns_scratch_take();

	if (!work)
		return;
	ns_client_complete(ctx, work, strings, hit);
	ns_scratch_release(work);
	ns_op_finish(strings);
}

SEC("uprobe")
int nethttp_client_end(struct go_regs *ctx)
{
	struct ns_short_operation *short_op;
	struct ns_long_operation *long_op;
	struct ns_hit hit = {};
	struct ns_object_key key;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	key = ns_client_key(ctx, &hit);
	ns_op_leave(&key);
	short_op = bpf_map_lookup_elem(&inflight_short, &key);
	if (short_op) {
		ns_client_finish(ctx, &short_op->op, NS_SHORT_STRINGS_BYTES, &hit);
		bpf_map_delete_elem(&inflight_short, &key);
		return 0;
	}
	long_op = bpf_map_lookup_elem(&inflight_long, &key);
	if (long_op) {
		ns_client_finish(ctx, &long_op->op, NS_STRINGS_BYTES, &hit);
		bpf_map_delete_elem(&inflight_long, &key);
	}
	return 0;
}
