// SPDX-License-Identifier: Apache-2.0
// A real OpenTelemetry Collector receives the spans of a traced program, over both protocols.
#include "tests/e2e/harness/collector.h"

#include <poll.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "tests/e2e/harness/traced_run.h"

namespace nodespan::e2e {
namespace {

struct Protocol {
  const char* name;
  const char* value;  // of OTEL_EXPORTER_OTLP_PROTOCOL
  int (Collector::*port)() const;
};

// A program whose spans go to a collector.
class CollectorTest : public E2eTest, public ::testing::WithParamInterface<Protocol> {
 protected:
  // False after it has skipped or failed the test.
  bool Start(ChildProcess::Environment environment) {
    const std::string executable = Collector::BuildOrSkip();
    const Program program = executable.empty() ? Program() : BuildOrSkip();
    if (executable.empty() || !program.ok()) {
      return false;
    }
    collector_ = Collector::Start(executable, {.folder = Folder()});
    traced_ = GoProgram::Start(program.path, {"--scenario", "basic,keepalive"});
    if (collector_ == nullptr || traced_ == nullptr) {
      return false;
    }
    environment.emplace("OTEL_EXPORTER_OTLP_PROTOCOL", GetParam().value);
    daemon_ =
        NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced_->pid())},
                               .environment = std::move(environment),
                               .endpoint = "http://localhost:" + std::to_string((*collector_.*GetParam().port)())});
    if (daemon_ == nullptr || !daemon_->WaitUntilAttached(traced_->pid())) {
      return false;
    }
    traced_->StartTraffic();
    return true;
  }

  std::string Folder() const { return scratch_.Path(""); }

  const ScratchFolder scratch_;
  std::unique_ptr<Collector> collector_;
  std::unique_ptr<GoProgram> traced_;
  std::unique_ptr<NodespanDaemon> daemon_;
};

struct FiledSpan {
  std::string name;
  int64_t pid = 0;
  std::map<std::string, std::string> attributes;
};

std::string Text(const nlohmann::json& value) {
  // OTLP/JSON writes 64-bit integers as strings.
  return value.contains("intValue") ? value["intValue"].get<std::string>() : value.value("stringValue", std::string());
}

// Spans by the id in their path.
std::map<std::string, FiledSpan> ReadSpans(const std::string& folder) {
  std::map<std::string, FiledSpan> result;
  Collector::ForEachSpan(folder, [&result](const nlohmann::json& resource, const nlohmann::json& span) {
    FiledSpan filed{span.at("name"), 0, {}};
    for (const nlohmann::json& attribute : resource.at("attributes")) {
      if (attribute.at("key") == "process.pid") {
        filed.pid = std::stoll(Text(attribute.at("value")));
      }
    }
    for (const nlohmann::json& attribute : span.at("attributes")) {
      filed.attributes[attribute.at("key")] = Text(attribute.at("value"));
    }
    const std::string id = IdIn(filed.attributes["url.path"]);
    EXPECT_TRUE(result.emplace(id, filed).second) << id << " twice";
  });
  return result;
}

// The sum of calls in a request with metrics, and what it is about.
struct Calls {
  int64_t count = 0;
  int64_t in_histograms = 0;
  std::set<std::string> services;
};

Calls CountCalls(const nlohmann::json& request) {
  Calls calls;
  for (const nlohmann::json& resource : request.at("resourceMetrics")) {
    for (const nlohmann::json& attribute : resource.at("resource").at("attributes")) {
      if (attribute.at("key") == "service.name") {
        calls.services.insert(Text(attribute.at("value")));
      }
    }
    for (const nlohmann::json& metric : resource.at("scopeMetrics").at(0).at("metrics")) {
      if (metric.at("name") == "traces.span.metrics.calls") {
        EXPECT_EQ(metric.at("sum").at("isMonotonic"), true);
        for (const nlohmann::json& point : metric.at("sum").at("dataPoints")) {
          calls.count += std::stoll(point.at("asInt").get<std::string>());
        }
      } else {
        EXPECT_EQ(metric.at("name"), "traces.span.metrics.duration");
        for (const nlohmann::json& point : metric.at("histogram").at("dataPoints")) {
          calls.in_histograms += std::stoll(point.at("count").get<std::string>());
        }
      }
    }
  }
  return calls;
}

TEST_P(CollectorTest, ARealCollectorGetsEverySpan) {
  if (!Start({{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}})) {
    return;
  }
  const size_t wanted = CountSampled(traced_->WaitForTraffic());
  const Clock::time_point deadline = Clock::now() + kPatience;
  while (Collector::CountSpans(Folder()) < wanted && Clock::now() < deadline) {
    ::poll(nullptr, 0, 50);
  }
  const std::vector<Truth> truths = traced_->Finish();
  const SpanTotals totals = daemon_->Stop();
  collector_->Stop();

  EXPECT_EQ(totals.exported, wanted);
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
  std::map<std::string, FiledSpan> spans = ReadSpans(Folder());
  EXPECT_EQ(spans.size(), wanted);
  for (const Truth& truth : truths) {
    const auto found = spans.find(truth.id);
    ASSERT_EQ(found != spans.end(), truth.want_span) << truth.id << " (" << truth.name << ")";
    if (!truth.want_span) {
      continue;
    }
    SCOPED_TRACE(truth.id);
    FiledSpan& span = found->second;
    EXPECT_EQ(span.pid, traced_->pid());
    const std::string method = span.attributes["http.request.method"] == "_OTHER" ? "HTTP" : truth.method;
    const bool has_route = !truth.route.empty();
    EXPECT_EQ(span.name, has_route ? method + " " + truth.route : method);
    EXPECT_EQ(span.attributes["http.response.status_code"], std::to_string(truth.status));
  }
}

TEST_P(CollectorTest, ARealCollectorGetsMetricsOfWhatIsNotSampled) {
  if (!Start({{"OTEL_TRACES_SAMPLER", "always_off"},
              {"OTEL_METRICS_EXPORTER", "otlp"},
              {"OTEL_METRIC_EXPORT_INTERVAL", "100"},
              {"OTEL_SERVICE_NAME", "counted"}})) {
    return;
  }
  const std::vector<Truth> truths = traced_->WaitForTraffic();
  const auto wanted = std::count_if(truths.begin(), truths.end(), [](const Truth& truth) { return truth.want_span; });
  traced_->Finish();
  const Clock::time_point deadline = Clock::now() + kPatience;
  while (Collector::ReadMetrics(Folder()).empty() && Clock::now() < deadline) {
    ::poll(nullptr, 0, 50);
  }
  EXPECT_EQ(daemon_->Stop().exported, 0U);
  collector_->Stop();

  const std::vector<nlohmann::json> requests = Collector::ReadMetrics(Folder());
  ASSERT_FALSE(requests.empty());
  int64_t before = 0;
  for (const nlohmann::json& request : requests) {
    const Calls calls = CountCalls(request);
    EXPECT_GE(calls.count, before);
    EXPECT_EQ(calls.in_histograms, calls.count);
    EXPECT_EQ(calls.services, std::set<std::string>{"counted"});
    before = calls.count;
  }
  EXPECT_EQ(before, wanted);
}

INSTANTIATE_TEST_SUITE_P(Protocols, CollectorTest,
                         ::testing::Values(Protocol{"Grpc", "grpc", &Collector::grpc_port},
                                           Protocol{"Http", "http/protobuf", &Collector::http_port}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace nodespan::e2e
