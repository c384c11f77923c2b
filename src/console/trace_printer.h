// SPDX-License-Identifier: Apache-2.0
// Draws a trace tree as text. Pure function.
//
//   trace 4bf92f3577b34da6a3ce929d0e0e4736 · 2 spans · 21.7 ms · 1 error
//   14:03:07.123  ● GET /checkout                     200   21.7 ms  frontend   ━━━━━━━━
//                 │ server · /checkout?cart=7 · from 10.0.0.7 · 1.20 kB out · curl/8.5.0
//   14:03:07.131  ╰─✖ POST /pay                       500   9.90 ms  pay            ━━━━
//                     server · /pay · from 10.0.0.8 · Go-http-client/1.1
//
// ✖ marks errors, so that nothing depends on colour. The bar shows when in the trace a span ran; it needs a wide
// terminal and more than one span.
#pragma once

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "console/trace_tree.h"

namespace nodespan::console {

struct PrintStyle {
  size_t width = 100;  // Columns; no line is longer. Less than 60 counts as 60.
  bool color = false;  // ANSI colours; without, the text is plain.
  absl::TimeZone time_zone = absl::LocalTimeZone();
};

// Ends with an empty line. Safe for a terminal whatever the spans contain.
std::string PrintTrace(const TraceTree& tree, const PrintStyle& style);

}  // namespace nodespan::console
