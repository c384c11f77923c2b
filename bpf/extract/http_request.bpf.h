/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* net/http.Request (net/http/request.go), read in one go. */
#ifndef NODESPAN_HTTP_REQUEST_H
#define NODESPAN_HTTP_REQUEST_H

#include "bpf/extract/go_values.bpf.h"

struct ns_request {
	struct go_string method, uri, host, remote_addr;
	struct go_iface context;
	u64 header_map;
	u64 url;
	u64 redirect; /* Request.Response */
	s64 content_length;
	u32 present; /* NS_HTTP_HAS_* */
	u8 is_tls;
	u8 proto_major;
	u8 proto_minor;
};

/* Fills `request`, which is zero. Uses the window. */
static __always_inline int ns_read_request(u8 *window, const struct ns_http_request_params *params, u64 addr,
					   struct ns_request *request)
{
	if (ns_window_read(window, params->bytes, addr))
		return -1;
	request->method = ns_window_string(window, params->method_off);
	request->header_map = ns_window_u64(window, params->header_off);
	request->url = ns_window_u64(window, params->url_off);
	if (params->present & NS_HTTP_PARAM_URI)
		request->uri = ns_window_string(window, params->uri_off);
	if (params->present & NS_HTTP_PARAM_HOST)
		request->host = ns_window_string(window, params->host_off);
	if (params->present & NS_HTTP_PARAM_REMOTE_ADDR)
		request->remote_addr = ns_window_string(window, params->remote_addr_off);
	if (params->present & NS_HTTP_PARAM_CONTEXT)
		request->context = ns_window_iface(window, params->ctx_off);
	if (params->present & NS_HTTP_PARAM_REDIRECT)
		request->redirect = ns_window_u64(window, params->response_off);
	if (params->present & NS_HTTP_PARAM_CONTENT_LENGTH) {
		request->content_length = (s64)ns_window_u64(window, params->content_length_off);
		request->present |= NS_HTTP_HAS_REQUEST_BYTES;
	}
	if (params->present & NS_HTTP_PARAM_TLS) {
		request->is_tls = ns_window_u64(window, params->tls_off) != 0;
		request->present |= NS_HTTP_HAS_TLS;
	}
	if (params->present & NS_HTTP_PARAM_PROTO) {
		request->proto_major = (u8)ns_window_u64(window, params->proto_major_off);
		request->proto_minor = (u8)ns_window_u64(window, params->proto_minor_off);
		request->present |= NS_HTTP_HAS_PROTO;
	}
	return 0;
}

#endif /* NODESPAN_HTTP_REQUEST_H */
