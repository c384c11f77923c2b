// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/truth_check.h"

#include <algorithm>
#include <array>
#include <optional>
#include <regex>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/errors.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"

namespace nodespan::e2e {
namespace {

using opentelemetry::proto::common::v1::AnyValue;
using opentelemetry::proto::trace::v1::Span;
using opentelemetry::proto::trace::v1::Status;

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  }
  return text;
}

nlohmann::json ToJson(const AnyValue& value) {
  if (value.has_string_value()) {
    return value.string_value();
  }
  if (value.has_int_value()) {
    return value.int_value();
  }
  if (value.has_bool_value()) {
    return value.bool_value();
  }
  if (value.has_double_value()) {
    return value.double_value();
  }
  nlohmann::json list = nlohmann::json::array();
  for (const AnyValue& item : value.array_value().values()) {
    list.push_back(ToJson(item));
  }
  return list;
}

std::string AsText(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::map<std::string, std::string> Texts(const nlohmann::json& line, const char* field) {
  std::map<std::string, std::string> texts;
  if (line.contains(field)) {
    for (const auto& [key, value] : line.at(field).items()) {
      texts[key] = AsText(value);
    }
  }
  return texts;
}

std::vector<std::string> Strings(const nlohmann::json& line, const char* field) {
  return line.contains(field) ? line.at(field).get<std::vector<std::string>>() : std::vector<std::string>();
}

std::map<std::string, std::pair<double, double>> Between(const nlohmann::json& line) {
  std::map<std::string, std::pair<double, double>> between;
  const nlohmann::json all = line.value("between", nlohmann::json::object());
  for (const auto& [key, bounds] : all.items()) {
    between[key] = {bounds.at(0).get<double>(), bounds.at(1).get<double>()};
  }
  return between;
}

std::vector<EventTruth> Events(const nlohmann::json& line) {
  std::vector<EventTruth> events;
  for (const nlohmann::json& event : line.value("events", nlohmann::json::array())) {
    events.push_back({event.at("name"), Texts(event, "attributes")});
  }
  return events;
}

SpanTruth ToTruth(const nlohmann::json& line) {
  SpanTruth truth;
  truth.id = line.at("id");
  truth.kind = line.at("span_kind");
  truth.scenario = line.at("scenario");
  truth.name = line.at("case");
  truth.parents = absl::StrSplit(line.at("parent").get<std::string>(), '|');
  truth.caller = line.value("caller", "");
  truth.span_name = line.value("name", "");
  truth.status = line.at("status");
  truth.message = line.value("message", "");
  truth.attributes = Texts(line, "attributes");
  truth.between = Between(line);
  truth.absent = Strings(line, "absent");
  truth.match = Texts(line, "match");
  truth.events = Events(line);
  truth.links = Strings(line, "links");
  truth.attempts = line.value("attempts", size_t{1});
  truth.optional = line.value("optional", false);
  truth.facts = Texts(line, "facts");
  truth.start_ns = line.at("start_ns");
  truth.end_ns = line.at("end_ns");
  return truth;
}

// Attributes as text, and the keys that are there more than once.
template <typename KeyValues>
std::map<std::string, std::string> TextsOf(const KeyValues& attributes, std::vector<std::string>* repeated = nullptr) {
  std::map<std::string, std::string> texts;
  for (const auto& attribute : attributes) {
    if (!texts.emplace(attribute.key(), AsText(ToJson(attribute.value()))).second && repeated != nullptr) {
      repeated->push_back(attribute.key());
    }
  }
  return texts;
}

std::string KindOf(const Span& span) {
  static constexpr std::array<const char*, 6> kNames = {"unspecified", "internal", "server",
                                                        "client",      "producer", "consumer"};
  const auto index = static_cast<size_t>(span.kind());
  return index < kNames.size() ? kNames[index] : fmt::format("kind {}", index);
}

std::string StatusOf(const Span& span) {
  switch (span.status().code()) {
    case opentelemetry::proto::trace::v1::Status_StatusCode_STATUS_CODE_ERROR: return "error";
    case opentelemetry::proto::trace::v1::Status_StatusCode_STATUS_CODE_OK: return "ok";
    default: return "unset";
  }
}

std::string IdIn(const std::string& text) {
  static const std::regex kId(R"(([a-z]+)(?:-(\d{5}(?:\.[a-z0-9]+)*)|_(\d{5})))");
  std::smatch match;
  return std::regex_search(text, match, kId) ? match[1].str() + "-" + match[2].str() + match[3].str() : std::string();
}

// A span with what is asked for often.
struct Seen {
  const Span* span;
  std::string key;  // "kind:id", or a description of a span without id
  std::map<std::string, std::string> attributes;
  bool has_id = false;
};

class Comparison {
 public:
  Comparison(const std::vector<SpanTruth>& truths, const std::vector<Span>& spans, const TruthCheckOptions& options)
      : truths_(truths), options_(options) {
    for (const Span& span : spans) {
      Add(span);
    }
  }

  std::vector<std::string> Run() {
    MatchById();
    MatchTheRest();
    for (const SpanTruth& truth : truths_) {
      const auto found = span_of_.find(truth.Key());
      if (found != span_of_.end() && IsCompared(truth.kind)) {
        Check(truth, *found->second);
      }
    }
    return std::move(findings_);
  }

 private:
  bool IsCompared(const std::string& kind) const { return options_.kinds.empty() || options_.kinds.contains(kind); }

  template <typename... Values>
  void Find(const SpanTruth& truth, fmt::format_string<Values...> format, Values&&... values) {
    findings_.push_back(
        fmt::format("{} ({}): {}", truth.Key(), truth.name, fmt::format(format, std::forward<Values>(values)...)));
  }

  void Add(const Span& span) {
    std::vector<std::string> repeated;
    Seen seen{&span, {}, TextsOf(span.attributes(), &repeated), false};
    for (const std::string& key : repeated) {
      findings_.push_back(fmt::format("span \"{}\": attribute {} twice", span.name(), key));
    }
    const std::string id = IdOf(span);
    seen.has_id = !id.empty();
    seen.key = KindOf(span) + ":" + (id.empty() ? fmt::format("\"{}\" without id", span.name()) : id);
    seen_.push_back(std::move(seen));
  }

  void MatchById() {
    std::map<std::string, const SpanTruth*> known;
    for (const SpanTruth& truth : truths_) {
      if (truth.match.empty()) {
        known[truth.Key()] = &truth;
      }
    }
    std::set<std::string> span_ids;
    std::map<std::string, size_t> counts;
    for (const Seen& seen : seen_) {
      const Span& span = *seen.span;
      key_of_[span.span_id()] = seen.key;
      if (!span_ids.insert(span.span_id()).second) {
        findings_.push_back(
            fmt::format("{}: its span id {} is that of another span too", seen.key, Hex(span.span_id())));
      }
      const auto found = known.find(seen.key);
      if (found == known.end()) {
        if (seen.has_id && IsCompared(KindOf(span))) {
          findings_.push_back(fmt::format("{}: a span \"{}\" that nothing explains", seen.key, span.name()));
        }
        continue;
      }
      if (++counts[seen.key] > found->second->attempts && IsCompared(KindOf(span))) {
        findings_.push_back(fmt::format("{}: span number {}, \"{}\"", seen.key, counts[seen.key], span.name()));
      }
      const Seen*& kept = span_of_[seen.key];
      if (kept == nullptr || kept->span->start_time_unix_nano() < span.start_time_unix_nano()) {
        kept = &seen;
      }
    }
    for (const SpanTruth& truth : truths_) {
      if (truth.match.empty() && !truth.optional && IsCompared(truth.kind) && !span_of_.contains(truth.Key())) {
        Find(truth, "no span");
      }
    }
  }

  // Spans without id: those that are alike go to the lines that are alike in the order of time.
  void MatchTheRest() {
    std::map<std::pair<std::string, std::map<std::string, std::string>>, std::vector<const SpanTruth*>> groups;
    for (const SpanTruth& truth : truths_) {
      if (!truth.match.empty() && IsCompared(truth.kind)) {
        groups[{truth.kind, truth.match}].push_back(&truth);
      }
    }
    std::vector<const Seen*> rest;
    for (const Seen& seen : seen_) {
      if (!seen.has_id && IsCompared(KindOf(*seen.span))) {
        rest.push_back(&seen);
      }
    }
    std::stable_sort(rest.begin(), rest.end(), [](const Seen* a, const Seen* b) {
      return a->span->start_time_unix_nano() < b->span->start_time_unix_nano();
    });
    for (auto& [group, lines] : groups) {
      std::stable_sort(lines.begin(), lines.end(),
                       [](const SpanTruth* a, const SpanTruth* b) { return a->start_ns < b->start_ns; });
      const auto& [kind, match] = group;
      size_t next = 0;
      // clang 14 does not capture structured bindings by themselves.
      std::erase_if(rest, [&, &kind = kind, &match = match, &lines = lines](const Seen* seen) {
        if (KindOf(*seen->span) != kind || !HasAll(*seen, match)) {
          return false;
        }
        while (next < lines.size() && lines[next]->optional &&
               lines[next]->end_ns < seen->span->start_time_unix_nano()) {
          ++next;
        }
        if (next == lines.size()) {
          return false;
        }
        const SpanTruth& truth = *lines[next++];
        span_of_[truth.Key()] = seen;
        key_of_[seen->span->span_id()] = truth.Key();
        return true;
      });
      for (; next < lines.size(); ++next) {
        if (!lines[next]->optional) {
          Find(*lines[next], "no span; fewer than lines with {}", absl::StrJoin(match, " ", absl::PairFormatter("=")));
        }
      }
    }
    for (const Seen* seen : rest) {
      findings_.push_back(fmt::format("{}: a span that nothing explains", seen->key));
    }
  }

  static bool HasAll(const Seen& seen, const std::map<std::string, std::string>& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&seen](const auto& entry) {
      const auto found = seen.attributes.find(entry.first);
      return found != seen.attributes.end() && found->second == entry.second;
    });
  }

  void Check(const SpanTruth& truth, const Seen& seen) {
    const Span& span = *seen.span;
    if (!truth.span_name.empty() && span.name() != truth.span_name) {
      Find(truth, "is named \"{}\", expected \"{}\"", span.name(), truth.span_name);
    }
    if (!truth.status.empty() && StatusOf(span) != truth.status) {
      Find(truth, "status {}, expected {}", StatusOf(span), truth.status);
    }
    if (!truth.message.empty() && span.status().message() != truth.message) {
      Find(truth, "says \"{}\", expected \"{}\"", span.status().message(), truth.message);
    }
    CheckAttributes(truth, "", truth.attributes, seen.attributes);
    CheckBetween(truth, span);
    for (const std::string& key : truth.absent) {
      if (const auto found = seen.attributes.find(key); found != seen.attributes.end()) {
        Find(truth, "{} is \"{}\", expected none", key, found->second);
      }
    }
    CheckParent(truth, span);
    CheckEvents(truth, span);
    CheckLinks(truth, span);
    CheckTimes(truth, span);
  }

  void CheckAttributes(const SpanTruth& truth, const std::string& owner,
                       const std::map<std::string, std::string>& expected,
                       const std::map<std::string, std::string>& actual) {
    for (const auto& [key, value] : expected) {
      const auto found = actual.find(key);
      if (found == actual.end()) {
        Find(truth, "{}no {}, expected \"{}\"", owner, key, value);
      } else if (found->second != value) {
        Find(truth, "{}{} is \"{}\", expected \"{}\"", owner, key, found->second, value);
      }
    }
  }

  void CheckBetween(const SpanTruth& truth, const Span& span) {
    for (const auto& [key, bounds] : truth.between) {
      std::optional<double> value;
      for (const auto& attribute : span.attributes()) {
        if (attribute.key() == key && (attribute.value().has_double_value() || attribute.value().has_int_value())) {
          value = attribute.value().has_double_value() ? attribute.value().double_value()
                                                       : static_cast<double>(attribute.value().int_value());
        }
      }
      if (!value.has_value()) {
        Find(truth, "no number {}, expected one from {} to {}", key, bounds.first, bounds.second);
      } else if (*value < bounds.first || *value > bounds.second) {
        Find(truth, "{} is {}, expected from {} to {}", key, *value, bounds.first, bounds.second);
      }
    }
  }

  void CheckEvents(const SpanTruth& truth, const Span& span) {
    if (!truth.events.empty() && static_cast<size_t>(span.events_size()) != truth.events.size()) {
      Find(truth, "{} events, expected {}", span.events_size(), truth.events.size());
      return;
    }
    for (size_t i = 0; i < truth.events.size(); ++i) {
      const auto& event = span.events(static_cast<int>(i));
      if (event.name() != truth.events[i].name) {
        Find(truth, "event {} is \"{}\", expected \"{}\"", i, event.name(), truth.events[i].name);
      }
      if (event.time_unix_nano() < span.start_time_unix_nano() || event.time_unix_nano() > span.end_time_unix_nano()) {
        Find(truth, "event {} lies outside of the span", i);
      }
      CheckAttributes(truth, fmt::format("event {}: ", i), truth.events[i].attributes, TextsOf(event.attributes()));
    }
  }

  // Whether a parent or link of the given identity is what `wanted` says.
  bool Is(const std::string& wanted, const std::string& trace_id, const std::string& span_id) const {
    if (wanted.starts_with("remote:")) {
      return wanted == "remote:" + Hex(trace_id) + ":" + Hex(span_id);
    }
    const auto found = span_of_.find(wanted);
    return found != span_of_.end() && found->second->span->span_id() == span_id &&
           found->second->span->trace_id() == trace_id;
  }

  std::string Describe(const std::string& span_id) const {
    if (span_id.empty()) {
      return "root";
    }
    const auto found = key_of_.find(span_id);
    return found == key_of_.end() ? "unknown span " + Hex(span_id) : found->second;
  }

  void CheckParent(const SpanTruth& truth, const Span& span) {
    std::vector<std::string> wanted = truth.parents;
    if (options_.propagated && !truth.caller.empty() && span_of_.contains(truth.caller)) {
      wanted = {truth.caller};
    }
    const bool right = std::any_of(wanted.begin(), wanted.end(), [&](const std::string& parent) {
      return parent == "root" ? span.parent_span_id().empty() : Is(parent, span.trace_id(), span.parent_span_id());
    });
    if (right) {
      return;
    }
    const std::string parent = Describe(span.parent_span_id());
    const bool named = std::find(wanted.begin(), wanted.end(), parent) != wanted.end();
    Find(truth, "parent {}{}, expected {}", parent, named ? " but in another trace" : "",
         absl::StrJoin(wanted, " or "));
  }

  void CheckLinks(const SpanTruth& truth, const Span& span) {
    for (const std::string& wanted : truth.links) {
      if (std::none_of(span.links().begin(), span.links().end(),
                       [&](const auto& link) { return Is(wanted, link.trace_id(), link.span_id()); })) {
        Find(truth, "no link to {} among {}", wanted, span.links_size());
      }
    }
    if (!truth.links.empty() && static_cast<size_t>(span.links_size()) > truth.links.size()) {
      Find(truth, "{} links, expected {}", span.links_size(), truth.links.size());
    }
  }

  void CheckTimes(const SpanTruth& truth, const Span& span) {
    const uint64_t start = span.start_time_unix_nano();
    const uint64_t end = span.end_time_unix_nano();
    if (start > end) {
      Find(truth, "ends {} ns before it starts", start - end);
    }
    if (truth.start_ns != 0 && start + options_.clock_tolerance_ns < truth.start_ns) {
      Find(truth, "starts {} ns too early", truth.start_ns - start);
    }
    if (truth.end_ns != 0 && start > truth.end_ns + options_.clock_tolerance_ns) {
      Find(truth, "starts {} ns after it was over", start - truth.end_ns);
    }
    if (truth.end_ns != 0 && end > truth.end_ns + options_.end_tolerance_ns) {
      Find(truth, "ends {} ns too late", end - truth.end_ns);
    }
  }

  const std::vector<SpanTruth>& truths_;
  const TruthCheckOptions& options_;
  std::vector<Seen> seen_;
  std::map<std::string, const Seen*> span_of_;  // by key of the line
  std::map<std::string, std::string> key_of_;   // by span id
  std::vector<std::string> findings_;
};

}  // namespace

absl::StatusOr<ProgramTruth> ParseTruth(const std::vector<std::string>& lines) {
  ProgramTruth truth;
  std::set<std::string> keys;
  for (const std::string& text : lines) {
    if (!text.starts_with('{')) {
      continue;
    }
    try {
      const nlohmann::json line = nlohmann::json::parse(text);
      const std::string kind = line.at("kind");
      if (kind == "span") {
        truth.spans.push_back(ToTruth(line));
        if (!keys.insert(truth.spans.back().Key()).second) {
          return base::MakeStatus(absl::StatusCode::kDataLoss, "two lines of truth for {}", truth.spans.back().Key());
        }
      } else if (kind == "note") {
        truth.notes.push_back(line.at("text"));
      } else if (kind == "summary") {
        truth.failures = line.at("failures").get<int64_t>();
        truth.announced_spans = line.at("spans").get<int64_t>();
      }
    } catch (const nlohmann::json::exception& error) {
      return base::MakeStatus(absl::StatusCode::kDataLoss, "bad line of truth ({}): {}", error.what(), text);
    }
  }
  return truth;
}

std::string IdOf(const Span& span) {
  static constexpr std::array<std::string_view, 6> kFirst = {
      "url.path", "url.full", "url.query", "db.query.text", "messaging.kafka.message.key", "rpc.method"};
  for (const std::string_view key : kFirst) {
    for (const auto& attribute : span.attributes()) {
      if (attribute.key() == key) {
        if (std::string id = IdIn(attribute.value().string_value()); !id.empty()) {
          return id;
        }
      }
    }
  }
  for (const auto& attribute : span.attributes()) {
    if (std::string id = IdIn(AsText(ToJson(attribute.value()))); !id.empty()) {
      return id;
    }
  }
  return IdIn(span.name());
}

std::vector<std::string> CompareWithTruth(const std::vector<SpanTruth>& truths, const std::vector<Span>& spans,
                                          const TruthCheckOptions& options) {
  return Comparison(truths, spans, options).Run();
}

std::string Summarise(const std::vector<std::string>& findings, size_t limit) {
  std::string text = fmt::format("{} findings\n", findings.size());
  for (size_t i = 0; i < findings.size() && i < limit; ++i) {
    text += "  " + findings[i] + "\n";
  }
  return findings.size() > limit ? text + "  ...\n" : text;
}

}  // namespace nodespan::e2e
