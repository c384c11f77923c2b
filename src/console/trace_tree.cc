// SPDX-License-Identifier: Apache-2.0
#include "console/trace_tree.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace nodespan::console {
namespace {

using model::Span;

constexpr uint32_t kParentIsRemote = 0x200;  // bit of OTLP Span.flags

// Deeper levels are drawn at this one: the narrowest layout of trace_printer.cc must keep room for names, and ids made
// up by somebody can be as deep as a batch is long.
constexpr size_t kMaxIndentLevels = 12;

// The spans of one trace; works with their indexes.
class TreeBuilder {
 public:
  explicit TreeBuilder(std::vector<const Span*> spans) : spans_(std::move(spans)) {
    std::stable_sort(spans_.begin(), spans_.end(),
                     [](const Span* a, const Span* b) { return a->start_unix_ns < b->start_unix_ns; });
    children_.resize(spans_.size());
    placed_.resize(spans_.size());
  }

  TraceTree Build() {
    std::vector<size_t> roots = LinkToParents();
    for (const size_t root : roots) {
      PlaceTree(root, ParentKindOfRoot(*spans_[root]));
    }
    for (size_t i = 0; i < spans_.size(); ++i) {  // only circles are left
      if (!placed_[i]) {
        PlaceTree(i, ParentKind::kNotShown);
      }
    }
    tree_.start_unix_ns = spans_.front()->start_unix_ns;
    for (const Span* span : spans_) {
      tree_.end_unix_ns = std::max(tree_.end_unix_ns, span->end_unix_ns);
      tree_.error_count += span->status == model::StatusCode::kError ? 1 : 0;
    }
    return std::move(tree_);
  }

 private:
  // Fills children_; returns the spans without a parent here.
  std::vector<size_t> LinkToParents() {
    absl::flat_hash_map<model::SpanId, size_t> by_id;
    for (size_t i = 0; i < spans_.size(); ++i) {
      by_id.emplace(spans_[i]->span_id, i);
    }
    std::vector<size_t> roots;
    for (size_t i = 0; i < spans_.size(); ++i) {
      const auto parent = by_id.find(spans_[i]->parent_span_id);
      if (parent == by_id.end()) {
        roots.push_back(i);
      } else {
        children_[parent->second].push_back(i);
      }
    }
    return roots;
  }

  static ParentKind ParentKindOfRoot(const Span& span) {
    if (model::IsZero(span.parent_span_id)) {
      return ParentKind::kNone;
    }
    return (span.flags & kParentIsRemote) != 0 ? ParentKind::kRemote : ParentKind::kNotShown;
  }

  struct Pending {
    size_t span;
    ParentKind parent;
    size_t level;
    std::string indent;  // The lines of the ancestors that go on below.
    bool last;           // No sibling below.
  };

  // An explicit stack: the depth is chosen by whoever makes up the parent ids.
  void PlaceTree(size_t root, ParentKind parent_kind) {
    std::vector<Pending> stack;
    stack.push_back({root, parent_kind, 0, "", true});
    while (!stack.empty()) {
      const Pending next = std::move(stack.back());
      stack.pop_back();
      if (placed_[next.span]) {
        continue;
      }
      placed_[next.span] = true;
      const std::vector<size_t>& children = children_[next.span];
      const bool has_children = std::any_of(children.begin(), children.end(), [this](size_t i) { return !placed_[i]; });
      const bool indented = next.level > 0;
      const std::string below = next.indent + (indented ? (next.last ? "  " : "│ ") : "");
      tree_.nodes.push_back({.span = spans_[next.span],
                             .parent = next.parent,
                             .branch = next.indent + (indented ? (next.last ? "╰─" : "├─") : ""),
                             .trunk = below + (has_children ? "│ " : "  ")});
      const size_t level = next.level + 1;
      for (size_t i = children.size(); i-- > 0;) {
        stack.push_back({children[i], ParentKind::kShown, level, level <= kMaxIndentLevels ? below : next.indent,
                         i + 1 == children.size()});
      }
    }
  }

  std::vector<const Span*> spans_;
  std::vector<std::vector<size_t>> children_;
  std::vector<bool> placed_;
  TraceTree tree_;
};

}  // namespace

std::vector<TraceTree> BuildTraceTrees(const std::vector<Span>& spans) {
  absl::flat_hash_map<model::TraceId, size_t> index_of_trace;
  std::vector<std::vector<const Span*>> traces;
  for (const Span& span : spans) {
    const auto [it, is_new] = index_of_trace.emplace(span.trace_id, traces.size());
    if (is_new) {
      traces.emplace_back();
    }
    traces[it->second].push_back(&span);
  }
  std::vector<TraceTree> trees;
  trees.reserve(traces.size());
  for (std::vector<const Span*>& trace : traces) {
    trees.push_back(TreeBuilder(std::move(trace)).Build());
  }
  std::stable_sort(trees.begin(), trees.end(),
                   [](const TraceTree& a, const TraceTree& b) { return a.start_unix_ns < b.start_unix_ns; });
  return trees;
}

}  // namespace nodespan::console
