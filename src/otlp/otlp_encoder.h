// SPDX-License-Identifier: Apache-2.0
// Finished spans -> the bytes of OTLP ExportTraceServiceRequest messages (SPEC sections 2.1 and 2.2).
//
// The bytes are written directly, without protobuf objects: about a third of their CPU per span
// (otlp_encoder_bench.cc).
//
// Promises: one ResourceSpans per resource and one ScopeSpans per scope within it and request, never an empty one; no
// request is larger than the limit; every string is valid UTF-8, bad bytes become U+FFFD; every span is either in
// exactly one request or counted as oversized.
//
// Thread: one at a time; keeps a cache of encoded resources between calls.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "model/span.h"
#include "otlp/wire_writer.h"

namespace nodespan::otlp {

// What OTLP servers accept by default is 4 MiB, before compression (gRPC's default, the collector's too).
inline constexpr size_t kMaxRequestBytes = size_t{4} * 1024 * 1024 - 1;

struct EncodedRequest {
  WireBuffer body;
  size_t span_count = 0;  // > 0
};

struct EncodedBatch {
  std::vector<EncodedRequest> requests;
  size_t oversized_span_count = 0;  // spans that exceed the limit on their own
};

class OtlpEncoder {
 public:
  explicit OtlpEncoder(size_t max_request_bytes = kMaxRequestBytes);
  ~OtlpEncoder();

  EncodedBatch Encode(std::span<const model::Span> spans);

 private:
  class ResourceCache;

  const size_t max_request_bytes_;
  size_t expected_bytes_ = 4096;  // the largest of the last requests, so that a buffer rarely grows
  std::unique_ptr<ResourceCache> resources_;
};

}  // namespace nodespan::otlp
