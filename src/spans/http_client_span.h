// SPDX-License-Identifier: Apache-2.0
// An HTTP client event becomes a span: name, status and attributes as SPEC section 3.2 wants them.
//
// Decisions where the conventions leave room:
// - One span for each attempt of the transport: every redirect is one, with http.request.resend_count.
// - url.full never has credentials ("REDACTED:REDACTED@" stands for them) nor the values of query keys that carry some.
//   A part that was cut in the kernel ends the URL there.
// - error.type of an attempt without response is the error's Go type as the Go SDK writes it. A request that its caller
//   cancelled (context.Canceled) has no error status.
// - Body sizes are emitted in every mode when they are known in advance, that is when Content-Length is.
//
// Pure function.
#pragma once

#include "events/record_reader.h"
#include "model/resource.h"
#include "model/span.h"
#include "model/span_options.h"
#include "model/type_names.h"
#include "spans/wall_clock.h"

namespace nodespan::spans {

// Fills `span`, which is new. `types` may be null.
void BuildHttpClientSpan(const events::HttpClientEvent& event, const model::SpanOptions& options,
                         const model::ResourcePtr& resource, const model::TypeNames* types, const WallClock& clock,
                         model::Span& span);

}  // namespace nodespan::spans
