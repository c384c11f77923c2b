// SPDX-License-Identifier: Apache-2.0
// Names of headers as the kernel side compares them.
#pragma once

#include <span>
#include <string>

#include "bpf/abi/captured_headers.h"

namespace nodespan::attach {

// How the keys of the map are written.
enum class HeaderCase {
  kCanonical,  // net/textproto.CanonicalMIMEHeaderKey: a capital letter at the start and behind each "-"
  kLower,      // google.golang.org/grpc/metadata.MD
};

// `names` are those of model::CapturedNames.
ns_captured_names ToCapturedNames(std::span<const std::string> names, HeaderCase letters);

}  // namespace nodespan::attach
