/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * propagate_http: requests of net/http carry the trace on in a header traceparent, of the client's span. Only loaded
 * when the user asks for it: these programs write into the memory of the traced program.
 *
 * Request: where the goroutine of the client's span hands the request to a connection. HTTP/1:
 * net/http.(*persistConn).roundTrip(pc, req *transportRequest); HTTP/2: (*ClientConn).roundTrip(cc, req *Request) of
 * any copy of the package. BX is req. The span is noted under the address of the request, unless the program has set a
 * traceparent itself.
 *
 * HTTP/1 write: the call of net/http.Header.writeSubset(h Header, w io.Writer, ...) in (*Request).write, on the
 * goroutine that writes to the connection: AX is h, BX and CX are w. Host and such stand in the *bufio.Writer by then;
 * one line more is put behind them, and n is raised by as much. Nobody else uses the writer meanwhile.
 *
 * HTTP/2 stream: the start of (*clientStream).doRequest(cs, req), the goroutine that writes the request. BX is req.
 * HTTP/2 write: the call of (*bufio.Writer).Flush in (*ClientConn).writeHeaders, on that goroutine, which holds the
 * connection's lock: AX is the *bufio.Writer. It holds whole frames, of which the last one is that of the headers; one
 * field more is put behind them, and both n and the length of the frame are raised by as much.
 */
#include "bpf/emit/buffered_writer.bpf.h"
#include "bpf/emit/http_client.bpf.h"
#include "bpf/emit/outgoing.bpf.h"

/* Whether the request is to carry the scratch span on; what becomes of one that is not is counted. */
static __always_inline int ns_is_propagated(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit,
					    u64 request)
{
	u64 headers = 0;

	if (ns_outgoing_find(ctx, work, hit, ns_open_request(hit, go_current_g(ctx)), NS_OBJECT_OUTGOING_HTTP))
		return 0;
	if (ns_read_u64(&headers, request + hit->site->results[NS_PROPAGATE_HEADER_OFF].value)) {
		ns_count(NS_LOSS_PROPAGATION_UNWRITABLE);
		return 0;
	}
	ns_headers_begin(work, 0);
	if (!ns_collect_headers(work, hit, NS_HTTP_HEADER_MAP, headers)) {
		ns_count(NS_LOSS_PROPAGATION_UNSEEN);
		return 0;
	}
	if (!work->headers[NS_HEADER_TRACEPARENT].count)
		return 1;
	ns_count(NS_COUNT_PROPAGATION_KEPT);
	return 0;
}

static __always_inline void ns_propagate_request(struct go_regs *ctx, struct ns_scratch *work, const struct ns_hit *hit)
{
	const int32_t pointer_off = hit->site->results[NS_PROPAGATE_POINTER_OFF].value;
	u64 request = go_arg2(ctx);

	if (pointer_off >= 0 && ns_read_u64(&request, request + pointer_off)) {
		ns_count(NS_LOSS_PROPAGATION_UNWRITABLE);
		return;
	}
	if (ns_is_propagated(ctx, work, hit, request))
		ns_outgoing_note(work, hit, NS_OBJECT_OUTGOING_REQUEST, request);
	else
		ns_outgoing_forget(hit, NS_OBJECT_OUTGOING_REQUEST, request);
}

SEC("uprobe")
int propagate_http_request(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_scratch *work;

	work = ns_hit_begin_work(ctx, &hit);
	if (!work)
		return 0;
	ns_propagate_request(ctx, work, &hit);
	ns_scratch_release(work);
	return 0;
}

SEC("uprobe")
int propagate_http_write(struct go_regs *ctx)
{
	const struct ns_propagation_params *params;
	u64 request = 0, headers = 0;
	struct ns_hit hit = {};
	struct ns_scratch *work;

	if (ns_hit_begin(ctx, &hit))
		return 0;
	params = &hit.binary->propagation;
	if (go_arg2(ctx) != params->buffered_writer_itab_vaddr + hit.params->load_bias)
		return 0;
	if (ns_read_u64(&request, go_stack_pointer(ctx) + hit.site->results[NS_PROPAGATE_REQUEST].value) ||
	    ns_read_u64(&headers, request + hit.site->results[NS_PROPAGATE_HEADER_OFF].value)) {
		ns_count(NS_LOSS_PROPAGATION_UNWRITABLE);
		return 0;
	}
	if (headers != go_arg1(ctx))
		return 0;
	work = ns_scratch_take();
	if (!work)
		return 0;
	/* Of a request that is not noted nothing is wanted: it has its own header, or is one to a proxy. */
	if (!ns_outgoing_take(work, &hit, NS_OBJECT_OUTGOING_REQUEST, request))
		ns_propagate_line(work, params, go_arg3(ctx));
	ns_scratch_release(work);
	return 0;
}

SEC("uprobe")
int propagate_http_stream(struct go_regs *ctx)
{
	struct ns_hit hit = {};
	struct ns_scratch *work;

	work = ns_hit_begin_work(ctx, &hit);
	if (!work)
		return 0;
	if (!ns_outgoing_take(work, &hit, NS_OBJECT_OUTGOING_REQUEST, go_arg2(ctx)))
		ns_outgoing_note(work, &hit, NS_OBJECT_OUTGOING_STREAM, go_current_g(ctx));
	else
		ns_outgoing_forget(&hit, NS_OBJECT_OUTGOING_STREAM, go_current_g(ctx));
	ns_scratch_release(work);
	return 0;
}

SEC("uprobe")
int propagate_http_frame(struct go_regs *ctx)
{
	struct ns_buffered buffered = {};
	struct ns_hit hit = {};
	struct ns_scratch *work;

	work = ns_hit_begin_work(ctx, &hit);
	if (!work)
		return 0;
	if (!ns_outgoing_take(work, &hit, NS_OBJECT_OUTGOING_STREAM, go_current_g(ctx)) &&
	    !ns_read_buffered(&hit.binary->propagation, go_arg1(ctx), &buffered))
		ns_propagate_field(work, &buffered, ns_last_frame(&buffered));
	ns_scratch_release(work);
	return 0;
}
