// SPDX-License-Identifier: Apache-2.0
// Text for people: safe to send to a terminal, measured in columns, numbers in human units. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nodespan::console {

// `text` without anything that a terminal could obey or that could make a line look like something else: control
// characters become their visible pictures (ESC is "␛"), C1 controls, bidirectional overrides, line separators and bad
// UTF-8 become U+FFFD. What clients send ends up on the operator's screen, so all foreign text must come through here.
std::string Sanitize(std::string_view text);

// Columns that sanitized text takes on a terminal: wide characters take two, combining ones none.
size_t DisplayWidth(std::string_view text);

// `text` cut to at most `columns` columns; "…" shows that something is missing.
std::string Shorten(std::string_view text, size_t columns);

// `text` filled up with spaces to `columns`, or shortened to it.
std::string PadRight(std::string_view text, size_t columns);
std::string PadLeft(std::string_view text, size_t columns);

// Three significant digits: "850 ns", "12.3 µs", "1.24 ms", "312 ms", "1.24 s"; from a minute on "2m03s", "1h02m".
// At most 7 columns below 1000 hours.
std::string HumanDuration(uint64_t duration_ns);

// "0 B", "999 B", "1.23 kB", "45.6 MB": powers of 1000.
std::string HumanBytes(uint64_t bytes);

}  // namespace nodespan::console
