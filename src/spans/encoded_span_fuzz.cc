// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as a span that a program encoded, whole and cut.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "nlohmann/json.hpp"
#include "spans/encoded_span.h"

namespace {

void Require(bool promise) {
  if (!promise) {
    std::abort();
  }
}

void Check(std::string_view text, bool cut) {
  using namespace nodespan;
  spans::SpanStorage storage;
  spans::ScopeName scope;
  model::Span span;
  if (!spans::ReadEncodedSpan(text, cut, {}, storage, &scope, span).ok()) {
    Require(span.name.empty() && span.attributes.empty() && span.events.empty());
    return;
  }
  Require(base::IsValidUtf8(span.name) && base::IsValidUtf8(scope.name));
  Require(span.end_unix_ns >= span.start_unix_ns);
  for (const model::Attribute& attribute : span.attributes) {
    Require(!attribute.key.empty() && base::IsValidUtf8(attribute.key));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Check(text, false);
  Check(text, true);
  if (nlohmann::json::accept(text)) {
    const std::string closed = nodespan::spans::CloseJson(text.substr(0, size / 2));
    Require(closed.empty() || nlohmann::json::accept(closed));
  }
  return 0;
}
