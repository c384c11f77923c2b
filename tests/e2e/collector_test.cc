// SPDX-License-Identifier: Apache-2.0
// A real OpenTelemetry Collector receives the spans and writes them to a file.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <fstream>
#include <map>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/harness/traced_run.h"

namespace nodespan::e2e {
namespace {

constexpr int kCannotBeHad = 77;  // exit status of tests/collector/build
constexpr Milliseconds kCollectorBuildLimit{1'700'000};

class CollectorTest : public E2eTest {};

uint16_t FreePort() {
  const base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin_port);
}

std::string Config(uint16_t port, const std::string& file) {
  return fmt::format(
      "receivers:\n  otlp:\n    protocols:\n      grpc:\n        endpoint: 127.0.0.1:{}\n"
      "exporters:\n  jsonfile:\n    path: {}\n"
      "service:\n  telemetry:\n    metrics:\n      level: none\n"
      "  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [jsonfile]\n",
      port, file);
}

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
std::map<std::string, FiledSpan> ReadSpans(const std::string& file) {
  std::map<std::string, FiledSpan> result;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    const nlohmann::json batch = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (batch.is_discarded()) {
      continue;  // being written
    }
    for (const nlohmann::json& resource_spans : batch.at("resourceSpans")) {
      int64_t pid = 0;
      for (const nlohmann::json& attribute : resource_spans.at("resource").at("attributes")) {
        if (attribute.at("key") == "process.pid") {
          pid = std::stoll(Text(attribute.at("value")));
        }
      }
      for (const nlohmann::json& scope_spans : resource_spans.at("scopeSpans")) {
        for (const nlohmann::json& span : scope_spans.at("spans")) {
          FiledSpan filed{span.at("name"), pid, {}};
          for (const nlohmann::json& attribute : span.at("attributes")) {
            filed.attributes[attribute.at("key")] = Text(attribute.at("value"));
          }
          const std::string id = IdIn(filed.attributes["url.path"]);
          EXPECT_TRUE(result.emplace(id, filed).second) << id << " twice";
        }
      }
    }
  }
  return result;
}

TEST_F(CollectorTest, ARealCollectorGetsEverySpan) {
  const std::optional<Finished> built = RunToEnd({SourcePath("tests/collector/build")}, kCollectorBuildLimit);
  ASSERT_TRUE(built);
  if (built->status.code == kCannotBeHad) {
    GTEST_SKIP() << built->LastError();
  }
  ASSERT_EQ(built->status, ExitStatus{}) << built->LastError();
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }

  const ScratchFolder scratch;
  const uint16_t port = FreePort();
  std::ofstream(scratch.Path("config.yaml")) << Config(port, scratch.Path("spans.json"));
  const auto collector = ChildProcess::Start({built->output.at(0), "--config", scratch.Path("config.yaml")});
  ASSERT_NE(collector, nullptr);
  ASSERT_TRUE(collector->WaitForError("Everything is ready")) << ::testing::PrintToString(collector->ErrorLines());

  const auto traced = GoProgram::Start(program.path, {"--scenario", "basic,keepalive"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())},
                                             .environment = {{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}},
                                             .endpoint = "http://127.0.0.1:" + std::to_string(port)});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  traced->StartTraffic();
  const size_t wanted = CountSampled(traced->WaitForTraffic());
  const Clock::time_point deadline = Clock::now() + kPatience;
  while (ReadSpans(scratch.Path("spans.json")).size() < wanted && Clock::now() < deadline) {
    ::poll(nullptr, 0, 50);
  }
  const std::vector<Truth> truths = traced->Finish();
  const SpanTotals totals = daemon->Stop();
  collector->Signal(SIGTERM);
  EXPECT_EQ(collector->Wait(), ExitStatus{});

  EXPECT_EQ(totals.exported, wanted);
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
  std::map<std::string, FiledSpan> spans = ReadSpans(scratch.Path("spans.json"));
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

}  // namespace
}  // namespace nodespan::e2e
