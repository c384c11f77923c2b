// SPDX-License-Identifier: Apache-2.0
#include "spans/span_common.h"

#include <utility>

#include "base/utf8.h"
#include "spans/ot_sampling.h"
#include "spans/tracestate.h"

namespace nodespan::spans {
namespace {

// Bits of OTLP Span.flags and Link.flags above the W3C trace flags.
constexpr uint32_t kParentIsRemoteKnown = 0x100;
constexpr uint32_t kParentIsRemote = 0x200;

}  // namespace

std::string Clean(std::string_view text, bool cut) {
  return base::ToValidUtf8(cut ? base::TrimPartialCharacter(text) : text);
}

std::string Clean(std::string&& text) { return base::IsValidUtf8(text) ? std::move(text) : base::ToValidUtf8(text); }

std::string Clean(const events::EventString& string) { return Clean(string.text, string.cut); }

uint32_t RemoteFlags(uint8_t trace_flags) { return trace_flags | kParentIsRemoteKnown | kParentIsRemote; }

void CopyIdentity(const events::EventHeader& header, const WallClock& clock, model::Span& span,
                  const events::EventString& tracestate) {
  span.trace_id = header.trace_id;
  span.span_id = header.span_id;
  span.parent_span_id = header.parent_span_id;
  span.flags = header.trace_flags | kParentIsRemoteKnown | (header.has_remote_parent ? kParentIsRemote : 0);
  if (!tracestate.empty() || header.ot != events::OtSampling{}) {
    span.trace_state = WithOtSampling(NormalizeTracestate(tracestate.text, tracestate.cut), header.ot);
  }
  span.start_unix_ns = clock.ToUnixNs(header.start_mono_ns);
  span.end_unix_ns = clock.ToUnixNs(header.end_mono_ns);
}

}  // namespace nodespan::spans
