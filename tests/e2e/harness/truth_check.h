// SPDX-License-Identifier: Apache-2.0
// Compares spans with what the programs of tests/goprograms say they did (package truth): one right span for each line,
// and no other. Knows nothing of daemons and processes, so that it is tested with made-up spans.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/otlp_trace.pb.h"

namespace nodespan::e2e {

struct EventTruth {
  std::string name;
  std::map<std::string, std::string> attributes;
};

// One line of truth; the fields are described in tests/goprograms/truth/truth.go.
struct SpanTruth {
  std::string id;
  std::string kind;  // of the span: server, client, producer, consumer, internal
  std::string scenario;
  std::string name;                  // of the case
  std::vector<std::string> parents;  // alternatives; never empty
  std::string caller;
  std::string span_name;                                     // empty: any
  std::string status;                                        // error, unset or empty: any
  std::string message;                                       // of the status; empty: any
  std::map<std::string, std::string> attributes;             // values as text, lists as JSON
  std::map<std::string, std::pair<double, double>> between;  // attributes that are numbers: least and greatest
  std::vector<std::string> absent;
  std::map<std::string, std::string> match;
  std::vector<EventTruth> events;
  std::vector<std::string> links;
  size_t attempts = 1;    // so many spans are right; the last one is compared
  bool optional = false;  // no span is right too
  std::map<std::string, std::string> facts;
  uint64_t start_ns = 0;  // 0: unknown
  uint64_t end_ns = 0;

  // How other lines name it: "server:basic-00003".
  std::string Key() const { return kind + ":" + id; }
};

// What a program said, apart from what it is ready and how it ended.
struct ProgramTruth {
  std::vector<SpanTruth> spans;
  std::vector<std::string> notes;          // what the program could not do here
  std::optional<int64_t> failures;         // nothing: there was no summary
  std::optional<int64_t> announced_spans;  // of the summary
};

// Lines that are no JSON objects are skipped. kDataLoss: a line of truth that is malformed, or two lines with one key.
absl::StatusOr<ProgramTruth> ParseTruth(const std::vector<std::string>& lines);

struct TruthCheckOptions {
  bool propagated = false;      // the tracer writes contexts into requests: callers are parents
  std::set<std::string> kinds;  // only spans and lines of these kinds are compared; empty: all
  uint64_t clock_tolerance_ns = 5'000'000;
  uint64_t end_tolerance_ns = 2'000'000'000;  // a span may end so much later than the program noticed
};

// The id in the span's attributes or name, empty when there is none.
std::string IdOf(const opentelemetry::proto::trace::v1::Span& span);

// Everything that is wrong, one finding each with the id, the case, what was expected and what came. Empty: all is
// right.
std::vector<std::string> CompareWithTruth(const std::vector<SpanTruth>& truths,
                                          const std::vector<opentelemetry::proto::trace::v1::Span>& spans,
                                          const TruthCheckOptions& options = {});

// The findings as text for a failed expectation: the first `limit` of them and how many there are.
std::string Summarise(const std::vector<std::string>& findings, size_t limit = 30);

}  // namespace nodespan::e2e
