// SPDX-License-Identifier: Apache-2.0
#include "console/trace_printer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "console/span_summary.h"
#include "console/terminal_text.h"
#include "fmt/color.h"
#include "fmt/format.h"

namespace nodespan::console {
namespace {

using fmt::emphasis;
using fmt::terminal_color;
using fmt::text_style;

constexpr size_t kMinWidth = 60;
constexpr size_t kTimeColumns = 12;
constexpr size_t kStatusColumns = 3;
constexpr size_t kDurationColumns = 7;
constexpr std::string_view kGap = "  ";
constexpr std::string_view kSeparator = " · ";

constexpr uint64_t kSlowNs = 100'000'000;
constexpr uint64_t kVerySlowNs = 1'000'000'000;

// Left to right: time, tree with name, status, duration, service, bar. Depends on the width alone, so that the columns
// of all traces stand below each other.
struct Layout {
  size_t width;
  size_t service;  // 0: no such column, the service is among the facts
  size_t bar;      // 0: no bars

  explicit Layout(size_t terminal_width)
      : width(std::max(terminal_width, kMinWidth)),
        service(width >= 120   ? 22
                : width >= 100 ? 18
                : width >= 76  ? 14
                               : 0),
        bar(width >= 120   ? 20
            : width >= 100 ? 12
                           : 0) {}

  size_t left() const { return kTimeColumns + kGap.size(); }
  size_t tree() const {
    const size_t right = kGap.size() + kStatusColumns + kGap.size() + kDurationColumns +
                         (service > 0 ? kGap.size() + service : 0) + (bar > 0 ? kGap.size() + bar : 0);
    return width - left() - right;
  }
};

text_style StatusStyle(int64_t code) {
  if (code >= 500) return fmt::fg(terminal_color::red) | emphasis::bold;
  if (code >= 400) return fmt::fg(terminal_color::yellow);
  if (code >= 300) return fmt::fg(terminal_color::cyan);
  return fmt::fg(terminal_color::green);
}

text_style ServiceStyle(std::string_view service) {
  constexpr std::array<terminal_color, 6> kPalette = {terminal_color::blue,           terminal_color::magenta,
                                                      terminal_color::cyan,           terminal_color::bright_blue,
                                                      terminal_color::bright_magenta, terminal_color::bright_cyan};
  // FNV-1a: a service keeps its colour from run to run, which std::hash does not promise.
  uint32_t hash = 2166136261;
  for (const char c : service) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 16777619;
  }
  return fmt::fg(kPalette[hash % kPalette.size()]);
}

text_style DurationStyle(uint64_t duration_ns) {
  if (duration_ns >= kVerySlowNs) return fmt::fg(terminal_color::yellow) | emphasis::bold;
  if (duration_ns >= kSlowNs) return fmt::fg(terminal_color::yellow);
  return {};
}

template <size_t N>
std::string Hex(const std::array<uint8_t, N>& id) {
  return fmt::format("{:02x}", fmt::join(id, ""));
}

class Printer {
 public:
  Printer(const TraceTree& tree, const PrintStyle& style) : tree_(tree), style_(style), layout_(style.width) {}

  std::string Print() {
    PrintHeader();
    for (const TreeNode& node : tree_.nodes) {
      PrintSpan(node);
    }
    out_ += '\n';
    return std::move(out_);
  }

 private:
  void Put(std::string_view text) { out_ += text; }
  // Blanks get no style and empty text no escape sequences.
  void Put(const text_style& how, std::string_view text) {
    const size_t end = text.find_last_not_of(' ') + 1;  // npos + 1 is 0
    const bool styled = how.has_foreground() || how.has_emphasis();
    if (style_.color && styled && end > 0) {
      out_ += fmt::format(how, "{}", text.substr(0, end));
      out_ += text.substr(end);
    } else {
      out_ += text;
    }
  }
  void EndLine() {
    out_.resize(out_.find_last_not_of(' ') + 1);
    out_ += '\n';
  }

  void PrintHeader() {
    Put(kFaint_, "trace ");
    Put(fmt::fg(terminal_color::cyan), Hex(tree_.nodes.front().span->trace_id));
    if (tree_.nodes.size() > 1) {
      std::string facts = fmt::format("{}{} spans{}{}", kSeparator, tree_.nodes.size(), kSeparator,
                                      HumanDuration(tree_.end_unix_ns - tree_.start_unix_ns));
      Put(kFaint_, Shorten(facts, layout_.width - 38));
      if (tree_.error_count > 0 && layout_.width >= 76) {
        Put(kFaint_, kSeparator);
        Put(kRed_, fmt::format("{} {}", tree_.error_count, tree_.error_count == 1 ? "error" : "errors"));
      }
    }
    EndLine();
  }

  void PrintSpan(const TreeNode& node) {
    const model::Span& span = *node.span;
    const SpanSummary summary = Summarize(span);
    Put(kFaint_, StartTime(span.start_unix_ns));
    Put(kGap);
    PrintTreeColumn(node, summary);
    Put(kGap);
    PrintStatus(span, summary);
    Put(kGap);
    const uint64_t duration_ns = span.end_unix_ns - span.start_unix_ns;
    Put(DurationStyle(duration_ns), PadLeft(HumanDuration(duration_ns), kDurationColumns));
    if (layout_.service > 0) {
      Put(kGap);
      Put(ServiceStyle(summary.service), PadRight(summary.service, layout_.service));
    }
    if (layout_.bar > 0 && tree_.nodes.size() > 1) {
      Put(kGap);
      PrintBar(span, summary);
    }
    EndLine();
    PrintFacts(node, summary);
    PrintPanics(node, summary);
  }

  void PrintTreeColumn(const TreeNode& node, const SpanSummary& summary) {
    const model::Span& span = *node.span;
    const bool error = span.status == model::StatusCode::kError;
    const bool client_error = summary.status_code && *summary.status_code >= 400;
    Put(kFaint_, node.branch);
    Put(error ? kRed_ : fmt::fg(client_error ? terminal_color::yellow : terminal_color::green), error ? "✖ " : "● ");
    const size_t used = DisplayWidth(node.branch) + 2;
    Put(emphasis::bold, PadRight(summary.name, layout_.tree() - used));
  }

  void PrintStatus(const model::Span& span, const SpanSummary& summary) {
    if (summary.status_code) {
      Put(StatusStyle(*summary.status_code), PadRight(fmt::format("{}", *summary.status_code), kStatusColumns));
    } else if (span.status == model::StatusCode::kError) {
      Put(kRed_, "ERR");
    } else {
      Put(kFaint_, " - ");
    }
  }

  // When in its trace the span ran.
  void PrintBar(const model::Span& span, const SpanSummary& summary) {
    const auto total_ns = static_cast<double>(std::max<uint64_t>(tree_.end_unix_ns - tree_.start_unix_ns, 1));
    const auto column = [&](uint64_t time_ns) {
      const double share = static_cast<double>(time_ns - tree_.start_unix_ns) / total_ns;
      return std::min(static_cast<size_t>(std::lround(share * static_cast<double>(layout_.bar))), layout_.bar);
    };
    const size_t begin = std::min(column(span.start_unix_ns), layout_.bar - 1);
    const size_t end = std::max(column(span.end_unix_ns), begin + 1);
    Put(std::string(begin, ' '));
    std::string bar;
    for (size_t i = begin; i < end; ++i) {
      bar += "━";
    }
    Put(ServiceStyle(summary.service), bar);
  }

  struct Fact {
    std::string text;
    text_style how;
  };

  std::vector<Fact> Facts(const TreeNode& node, const SpanSummary& summary) const {
    std::vector<Fact> facts;
    if (!summary.error.empty()) {
      facts.push_back({summary.error, kRed_});
    }
    if (layout_.service == 0 && !summary.service.empty()) {
      facts.push_back({summary.service, ServiceStyle(summary.service)});
    }
    for (const std::string& fact : summary.facts) {
      facts.push_back({fact, fact.starts_with('/') ? text_style() : kFaint_});
    }
    if (node.parent == ParentKind::kRemote) {
      facts.push_back({fmt::format("↖ remote parent {}", Hex(node.span->parent_span_id)), kFaint_});
    } else if (node.parent == ParentKind::kNotShown) {
      facts.push_back({fmt::format("↖ parent {}, not in this batch", Hex(node.span->parent_span_id)), kFaint_});
    }
    return facts;
  }

  // On as many lines as they need, left-aligned below the name.
  void PrintFacts(const TreeNode& node, const SpanSummary& summary) {
    const size_t indent = layout_.left() + DisplayWidth(node.trunk);
    const size_t room = layout_.width - indent;  // never less than 20: see kMinWidth and the limit of the tree
    size_t used = 0;
    for (const Fact& fact : Facts(node, summary)) {
      const std::string text = Shorten(fact.text, room);
      const size_t columns = DisplayWidth(text);
      if (used > 0 && used + DisplayWidth(kSeparator) + columns > room) {
        EndLine();
        used = 0;
      }
      if (used == 0) {
        Put(std::string(layout_.left(), ' '));
        Put(kFaint_, node.trunk);
      } else {
        Put(kFaint_, kSeparator);
        used += DisplayWidth(kSeparator);
      }
      Put(fact.how, text);
      used += columns;
    }
    EndLine();
  }

  // A line each, below the facts.
  void PrintPanics(const TreeNode& node, const SpanSummary& summary) {
    const size_t room = layout_.width - layout_.left() - DisplayWidth(node.trunk);
    for (const std::string& line : summary.panics) {
      Put(std::string(layout_.left(), ' '));
      Put(kFaint_, node.trunk);
      Put(line.starts_with(' ') ? kFaint_ : kRed_, Shorten(line, room));
      EndLine();
    }
  }

  std::string StartTime(uint64_t unix_ns) const {
    const absl::Time time = absl::FromUnixNanos(static_cast<int64_t>(unix_ns));
    const absl::TimeZone::CivilInfo civil = style_.time_zone.At(time);
    return fmt::format("{:02}:{:02}:{:02}.{:03}", civil.cs.hour(), civil.cs.minute(), civil.cs.second(),
                       absl::ToInt64Milliseconds(civil.subsecond));
  }

  const text_style kFaint_ = emphasis::faint;
  const text_style kRed_ = fmt::fg(terminal_color::red) | emphasis::bold;

  const TraceTree& tree_;
  const PrintStyle& style_;
  const Layout layout_;
  std::string out_;
};

}  // namespace

std::string PrintTrace(const TraceTree& tree, const PrintStyle& style) { return Printer(tree, style).Print(); }

}  // namespace nodespan::console
