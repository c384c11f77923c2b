// SPDX-License-Identifier: Apache-2.0
// Puts the spans of a batch into trees, one per trace. Pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/span.h"

namespace nodespan::console {

enum class ParentKind : uint8_t {
  kNone,      // The first span of its trace.
  kShown,     // Above in the same tree.
  kRemote,    // In another process, which is not traced here or whose span has not ended yet.
  kNotShown,  // In the same process; its span comes with a later batch or was lost.
};

// One span and the lines that connect it to its tree.
struct TreeNode {
  const model::Span* span = nullptr;
  ParentKind parent = ParentKind::kNone;
  std::string branch;  // Left of the span: "│ ├─"
  std::string trunk;   // Left of further lines about the span: "│ │ │ "
};

struct TraceTree {
  std::vector<TreeNode> nodes;  // Never empty; parents before children, siblings by start time.
  uint64_t start_unix_ns = 0;
  uint64_t end_unix_ns = 0;
  size_t error_count = 0;
};

// Trees in the order in which they start. Every span is in exactly one of them, whatever the parent ids say: a span
// whose ancestors form a circle is put at the root. The nodes point into `spans`.
std::vector<TraceTree> BuildTraceTrees(const std::vector<model::Span>& spans);

}  // namespace nodespan::console
