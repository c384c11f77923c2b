// SPDX-License-Identifier: Apache-2.0
// OTEL_SEMCONV_STABILITY_OPT_IN, nodespan's own or a traced process's (SPEC section 3.1).
#pragma once

#include <string>
#include <string_view>

#include "config/warnings.h"
#include "model/semconv.h"

namespace nodespan::config {

// Applies a comma list of `x`, `x/old` and `x/dup`, where x is http, database, rpc or messaging, to `defaults`.
// A category that the list does not name keeps its default; `x` together with `x/old` asks for both sets, as `x/dup`.
// Other categories are passed over without a word, because the list is shared with other instrumentations; an unknown
// form of one of ours gives a warning.
model::Semconv ParseSemconvOptIn(std::string_view text, const model::Semconv& defaults, Warnings& warnings);

// The list that asks for just that.
std::string ShowSemconvOptIn(const model::Semconv& semconv);

}  // namespace nodespan::config
