// SPDX-License-Identifier: Apache-2.0
// The daemon's own log: one line per message on standard error, through spdlog.
//
// Standard output belongs to exporters (console, otlp/stdout) and to subcommands; nothing logs there.
// Rule of the house: modules return a Status, only `daemon` and the loops it starts log (STYLE.md section 4).
#pragma once

#include <string_view>

#include "spdlog/spdlog.h"  // IWYU pragma: export

namespace nodespan::base {

enum class LogLevel { kDebug, kInfo, kWarn, kError, kNone };

// Installs the process-wide logger "nodespan" on stderr. Call once, before any thread is started.
void InitLog(LogLevel level);

}  // namespace nodespan::base
