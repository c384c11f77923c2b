// SPDX-License-Identifier: Apache-2.0
#include "console/span_summary.h"

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <variant>

#include "console/terminal_text.h"
#include "fmt/format.h"

namespace nodespan::console {
namespace {

using model::AttributeValue;
using model::Span;

constexpr size_t kUserAgentColumns = 40;
constexpr size_t kMaxOtherAttributes = 8;
constexpr size_t kMaxCalls = 4;  // of a panic's stack

std::string_view KindName(model::SpanKind kind) {
  switch (kind) {
    case model::SpanKind::kServer: return "server";
    case model::SpanKind::kClient: return "client";
    case model::SpanKind::kProducer: return "producer";
    case model::SpanKind::kConsumer: return "consumer";
    case model::SpanKind::kInternal: break;
  }
  return "internal";
}

// The value of the attribute under either of its names; null when there is none or its type is another.
template <typename T>
const T* Find(const Span& span, std::string_view stable, std::string_view old) {
  for (const model::Attribute& attribute : span.attributes) {
    if (attribute.key == stable || attribute.key == old) {
      return std::get_if<T>(&attribute.value);
    }
  }
  return nullptr;
}

std::string ToText(const AttributeValue& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return v;
        } else if constexpr (std::is_same_v<T, bool> || std::is_arithmetic_v<T>) {
          return fmt::format("{}", v);
        } else {
          return fmt::format("[{}]", fmt::join(v, ", "));
        }
      },
      value);
}

std::string ServiceName(const Span& span) {
  if (span.resource != nullptr) {
    for (const model::ResourceAttribute& attribute : span.resource->attributes) {
      if (attribute.key == "service.name") {
        return Sanitize(ToText(attribute.value));
      }
    }
  }
  return {};
}

bool IsHttp(const Span& span) { return Find<std::string>(span, "http.request.method", "http.method") != nullptr; }

void AddSize(const Span& span, std::string_view stable, std::string_view old, std::string_view direction,
             std::vector<std::string>& facts) {
  const int64_t* bytes = Find<int64_t>(span, stable, old);
  if (bytes != nullptr && *bytes > 0) {
    facts.push_back(fmt::format("{} {}", HumanBytes(static_cast<uint64_t>(*bytes)), direction));
  }
}

void AddHttpFacts(const Span& span, std::vector<std::string>& facts) {
  if (const auto* method = Find<std::string>(span, "http.request.method_original", "")) {
    facts.push_back("method " + Sanitize(*method));
  }
  if (const auto* path = Find<std::string>(span, "url.path", "")) {
    const auto* query = Find<std::string>(span, "url.query", "");
    facts.push_back(Sanitize(query == nullptr ? *path : fmt::format("{}?{}", *path, *query)));
  } else if (const auto* target = Find<std::string>(span, "", "http.target")) {
    facts.push_back(Sanitize(*target));
  }
  if (const auto* client = Find<std::string>(span, "client.address", "http.client_ip")) {
    facts.push_back("from " + Sanitize(*client));
  }
  AddSize(span, "http.request.body.size", "http.request_content_length", "in", facts);
  AddSize(span, "http.response.body.size", "http.response_content_length", "out", facts);
  if (const auto* agent = Find<std::string>(span, "user_agent.original", "")) {
    facts.push_back(Shorten(Sanitize(*agent), kUserAgentColumns));
  }
}

void AddOtherFacts(const Span& span, std::vector<std::string>& facts) {
  size_t shown = 0;
  for (const model::Attribute& attribute : span.attributes) {
    if (shown == kMaxOtherAttributes) {
      facts.push_back(fmt::format("{} more", span.attributes.size() - shown));
      break;
    }
    facts.push_back(Sanitize(fmt::format("{}={}", attribute.key, ToText(attribute.value))));
    ++shown;
  }
}

std::string_view TextOf(const model::SpanEvent& event, std::string_view key) {
  for (const model::Attribute& attribute : event.attributes) {
    if (const auto* text = std::get_if<std::string>(&attribute.value); text != nullptr && attribute.key == key) {
      return *text;
    }
  }
  return {};
}

// The first calls of a stack, which has two lines for each: "main.f(...)", then a tab and "/src/main.go:42".
void AddCalls(std::string_view stack, std::vector<std::string>& lines) {
  std::string_view function;
  size_t shown = 0;
  while (!stack.empty() && shown < kMaxCalls) {
    const size_t end = std::min(stack.find('\n'), stack.size());
    const std::string_view line = stack.substr(0, end);
    stack.remove_prefix(std::min(end + 1, stack.size()));
    if (line.starts_with('\t') && !function.empty()) {
      lines.push_back(Sanitize(
          fmt::format("  {} {}", function.substr(0, function.rfind('(')), line.substr(line.find_last_of("\t/") + 1))));
      ++shown;
    }
    function = line;
  }
}

void AddPanics(const Span& span, std::vector<std::string>& lines) {
  for (const model::SpanEvent& event : span.events) {
    if (event.name != "exception") {
      continue;
    }
    const std::string_view type = TextOf(event, "exception.type");
    const std::string_view message = TextOf(event, "exception.message");
    lines.push_back(
        Sanitize(fmt::format("panic {}{}{}", type, !type.empty() && !message.empty() ? ": " : "", message)));
    AddCalls(TextOf(event, "exception.stacktrace"), lines);
  }
}

std::string ErrorText(const Span& span, std::optional<int64_t> status_code) {
  if (span.status != model::StatusCode::kError) {
    return {};
  }
  const auto* type = Find<std::string>(span, "error.type", "");
  const bool type_tells = type != nullptr && !(status_code && *type == std::to_string(*status_code));
  if (type_tells && span.status_message.starts_with(*type + ": ")) {
    return Sanitize(span.status_message);
  }
  if (type_tells && !span.status_message.empty()) {
    return Sanitize(fmt::format("{}: {}", *type, span.status_message));
  }
  if (type_tells || !span.status_message.empty()) {
    return Sanitize(type_tells ? *type : span.status_message);
  }
  return {};
}

}  // namespace

SpanSummary Summarize(const Span& span) {
  SpanSummary summary;
  summary.name = Sanitize(span.name);
  summary.service = ServiceName(span);
  if (const auto* code = Find<int64_t>(span, "http.response.status_code", "http.status_code")) {
    summary.status_code = *code;
  }
  summary.error = ErrorText(span, summary.status_code);
  AddPanics(span, summary.panics);
  summary.facts.emplace_back(KindName(span.kind));
  if (IsHttp(span)) {
    AddHttpFacts(span, summary.facts);
  } else {
    AddOtherFacts(span, summary.facts);
  }
  return summary;
}

}  // namespace nodespan::console
