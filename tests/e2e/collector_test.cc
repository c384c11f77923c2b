// SPDX-License-Identifier: Apache-2.0
// A real OpenTelemetry Collector receives the spans of a traced program, over both protocols.
#include "tests/e2e/harness/collector.h"

#include <poll.h>

#include <map>
#include <string>

#include "tests/e2e/harness/traced_run.h"

namespace nodespan::e2e {
namespace {

struct Protocol {
  const char* name;
  const char* value;  // of OTEL_EXPORTER_OTLP_PROTOCOL
  int (Collector::*port)() const;
};

class CollectorTest : public E2eTest, public ::testing::WithParamInterface<Protocol> {};

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

TEST_P(CollectorTest, ARealCollectorGetsEverySpan) {
  const std::string executable = Collector::BuildOrSkip();
  if (executable.empty()) {
    return;
  }
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }

  const ScratchFolder scratch;
  const auto collector = Collector::Start(executable, {.folder = scratch.Path("")});
  ASSERT_NE(collector, nullptr);
  const auto traced = GoProgram::Start(program.path, {"--scenario", "basic,keepalive"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start(
      {.arguments = {"--pid", std::to_string(traced->pid())},
       .environment = {{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", GetParam().value}},
       .endpoint = "http://localhost:" + std::to_string((*collector.*GetParam().port)())});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  traced->StartTraffic();
  const size_t wanted = CountSampled(traced->WaitForTraffic());
  const Clock::time_point deadline = Clock::now() + kPatience;
  while (Collector::CountSpans(scratch.Path("")) < wanted && Clock::now() < deadline) {
    ::poll(nullptr, 0, 50);
  }
  const std::vector<Truth> truths = traced->Finish();
  const SpanTotals totals = daemon->Stop();
  collector->Stop();

  EXPECT_EQ(totals.exported, wanted);
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
  std::map<std::string, FiledSpan> spans = ReadSpans(scratch.Path(""));
  EXPECT_EQ(spans.size(), wanted);
  for (const Truth& truth : truths) {
    const auto found = spans.find(truth.id);
    ASSERT_EQ(found != spans.end(), truth.want_span) << truth.id << " (" << truth.name << ")";
    if (!truth.want_span) {
      continue;
    }
    SCOPED_TRACE(truth.id);
    FiledSpan& span = found->second;
    EXPECT_EQ(span.pid, traced->pid());
    const std::string method = span.attributes["http.request.method"] == "_OTHER" ? "HTTP" : truth.method;
    const bool has_route = !truth.route.empty();
    EXPECT_EQ(span.name, has_route ? method + " " + truth.route : method);
    EXPECT_EQ(span.attributes["http.response.status_code"], std::to_string(truth.status));
  }
}

INSTANTIATE_TEST_SUITE_P(Protocols, CollectorTest,
                         ::testing::Values(Protocol{"Grpc", "grpc", &Collector::grpc_port},
                                           Protocol{"Http", "http/protobuf", &Collector::http_port}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace nodespan::e2e
