/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests that clients have open. Transports of HTTP/2 send on behalf of net/http's, or on their own. */
#ifndef NODESPAN_HTTP_CLIENT_H
#define NODESPAN_HTTP_CLIENT_H

#include "bpf/emit/operation.bpf.h"

/* The innermost one of the goroutine; NULL when it has none that is recorded. */
static __always_inline struct ns_operation *ns_open_request(const struct ns_hit *hit, u64 g_addr)
{
	struct ns_object_key key = ns_object(hit, NS_OBJECT_HTTP2_CLIENT, g_addr);
	struct ns_operation *op = NULL;

	/* Nothing that such a transport does is a request of the other kind. */
	if (hit->binary->http_client.present & NS_CLIENT_PARAM_HTTP2)
		op = ns_op_innermost(&key);
	if (op)
		return op;
	key = ns_object(hit, NS_OBJECT_HTTP_CLIENT, g_addr);
	return ns_op_innermost(&key);
}

#endif /* NODESPAN_HTTP_CLIENT_H */
