// SPDX-License-Identifier: Apache-2.0
// For benchmarks: spans encoded the usual way, as protobuf objects on an arena, to compare with.
#pragma once

#include <memory>
#include <span>

#include "model/span.h"
#include "otlp/wire_writer.h"

namespace nodespan::otlp::testing {

// Thread: one.
class ArenaEncoder {
 public:
  ArenaEncoder();
  ~ArenaEncoder();

  // All spans have the resource and the scope of the first: grouping would be the same work as the direct encoder's.
  // Strings and integers are the only attribute values.
  WireBuffer Encode(std::span<const model::Span> spans);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nodespan::otlp::testing
