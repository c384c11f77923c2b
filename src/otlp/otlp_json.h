// SPDX-License-Identifier: Apache-2.0
// Finished spans as OTLP/JSON.
//
// The format is that of OTLP 1.9, "JSON Protobuf Encoding": lowerCamelCase keys, ids in lower-case hex, 64-bit integers
// as strings, enumerations as numbers. Absent values are left out. Bad UTF-8 becomes U+FFFD.
#pragma once

#include <span>
#include <string>

#include "model/span.h"

namespace nodespan::otlp {

// One ExportTraceServiceRequest on one line, without the line feed. `spans` is not empty.
std::string ToOtlpJson(std::span<const model::Span> spans);

}  // namespace nodespan::otlp
