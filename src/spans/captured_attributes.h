// SPDX-License-Identifier: Apache-2.0
// Attributes of headers that the user asked for (SPEC sections 3.2 and 3.3): lists of strings.
//
// Thread: const, any.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/captured_headers.h"
#include "model/semconv.h"
#include "model/span.h"

namespace nodespan::spans {

class CapturedAttributes {
 public:
  // The name of an attribute is a prefix and the header's name; the conventions before the stable ones wrote "_" for
  // "-".
  struct Prefixes {
    std::string_view stable;
    std::string_view old;
  };
  CapturedAttributes(const Prefixes& prefixes, std::span<const std::string> names);

  // Appends to the attributes of `span`, which must not have a storage yet. `captured`: that string of an event.
  void AddTo(const events::EventString& captured, model::SemconvMode mode, model::Span& span) const;

 private:
  struct Keys {
    std::string stable;
    std::string old;
  };
  // Shared with the spans, which outlive this.
  std::shared_ptr<const std::vector<Keys>> keys_;
};

inline constexpr CapturedAttributes::Prefixes kHttpRequestHeaders = {"http.request.header.", "http.request.header."};
inline constexpr CapturedAttributes::Prefixes kGrpcRequestMetadata = {"rpc.request.metadata.",
                                                                      "rpc.grpc.request.metadata."};

}  // namespace nodespan::spans
