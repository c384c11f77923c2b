/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Server operations of net/http and fasthttp, as the programs that work on them share them. */
#ifndef NODESPAN_HTTP_SERVER_H
#define NODESPAN_HTTP_SERVER_H

#include "bpf/emit/operation.bpf.h"

#define NS_SERVER_FIXED sizeof(struct ns_http_server_record)

/* ns_operation.memo */
enum ns_server_memo {
	NS_SERVER_REQUEST,     /* address of the http.Request, or of the fasthttp.RequestCtx */
	NS_SERVER_RESPONSE,    /* address of the response's state */
	NS_SERVER_GOID,	       /* number of the goroutine, when the span was noted as a parent */
	NS_SERVER_WRITER,      /* index into ns_http_server_params.writers */
	NS_SERVER_MUX_REQUEST, /* address of the http.Request that the last ServeMux got, which may be a copy */
	NS_SERVER_MEMOS
};
NS_ASSERT(NS_SERVER_MEMOS <= NS_OPERATION_MEMOS);

#endif /* NODESPAN_HTTP_SERVER_H */
