// SPDX-License-Identifier: Apache-2.0
// Compares the spans that arrived with what the traced program says it did, one for one.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/harness/go_program.h"
#include "tests/e2e/harness/nodespan_daemon.h"

namespace nodespan::e2e {

// Attributes by name, values as text.
using Attributes = std::map<std::string, std::string>;
Attributes AttributesOf(const opentelemetry::proto::trace::v1::Span& span);

std::string Hex(std::string_view bytes);

// The id that httpserver put into the path of a request; empty when there is none.
std::string IdIn(std::string_view path);

// How many of the requests are to have a span under the default sampler, which follows the caller.
size_t CountSampled(const std::vector<Truth>& truths);

// Expects exactly one right span of process `pid` for each request that is to have one, and no other of that process.
void ExpectSpansOf(pid_t pid, const std::vector<Truth>& truths, const std::vector<ReceivedSpan>& spans);

}  // namespace nodespan::e2e
