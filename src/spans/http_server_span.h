// SPDX-License-Identifier: Apache-2.0
// An HTTP server event becomes a span: name, status and attributes as SPEC section 3.2 wants them.
//
// Decisions where the conventions leave room:
// - Body sizes are emitted in every mode, not only on request: they are read anyway. The response to HEAD has size 0
//   whatever the handler wrote, and a hijacked or unanswered request has none.
// - A handler that did not return (panic, http.ErrAbortHandler, runtime.Goexit) makes an error span with error.type
//   "panic", or the status code when a 5xx had been sent; the status code is that of the response, if there was one.
// - server.port is 80 or 443 when the host names none, net.host.port is left out when it is that default. A host cut in
//   the kernel names another machine, so it is left out.
// - http.url of the old names is the request target, the same text as http.target: this is what users of the old names
//   have on server spans today.
// - A name that is still unknown stays unsaid: no scheme without TLS state and headers, no address for an unnamed
// socket.
//
// Pure function.
#pragma once

#include "events/record_reader.h"
#include "model/resource.h"
#include "model/span.h"
#include "model/span_options.h"
#include "spans/wall_clock.h"

namespace nodespan::spans {

// Fills `span`, which is new. In place, because a Span is large and is made for every request.
void BuildHttpServerSpan(const events::HttpServerEvent& event, const model::SpanOptions& options,
                         const model::ResourcePtr& resource, const WallClock& clock, model::Span& span);

}  // namespace nodespan::spans
