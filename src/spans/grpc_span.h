// SPDX-License-Identifier: Apache-2.0
// A gRPC event becomes a span: name, status and attributes as SPEC section 3.3 wants them.
//
// Decisions where the conventions leave room:
// - A span lasts as long as its stream, and as all attempts of a client's call.
// - The name is that of the method, "grpc" when it is not known or none that the server has: a client could make up any
//   number of names.
// - An error without a code gets the one that the library itself would give it (status/status.go, FromContextError;
//   rpc_util.go, toRPCErr): CANCELLED, DEADLINE_EXCEEDED, else UNKNOWN. io.EOF is the ordinary end of a stream.
// - The two generations use rpc.method for different values. With both wanted, the new one wins.
//
// Thread: pure function.
#pragma once

#include "events/grpc_event.h"
#include "model/resource.h"
#include "model/semconv.h"
#include "model/span.h"
#include "model/type_names.h"
#include "spans/wall_clock.h"

namespace nodespan::spans {

// Fills `span`, which is new. `types` may be null.
void BuildGrpcSpan(const events::GrpcEvent& event, model::SemconvMode mode, const model::ResourcePtr& resource,
                   const model::TypeNames* types, const WallClock& clock, model::Span& span);

}  // namespace nodespan::spans
