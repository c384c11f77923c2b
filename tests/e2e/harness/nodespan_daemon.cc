// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/nodespan_daemon.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <regex>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/http_client.h"

namespace nodespan::e2e {
namespace {

constexpr Milliseconds kEndLimit{10'000};
constexpr Milliseconds kKernelFreesLimit{5'000};

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    ADD_FAILURE() << name << " is not set; run the tests with meson";
    return {};
  }
  return value;
}

SpanTotals ParseTotals(const std::string& line) {
  static const std::regex kTotals(
      R"(nodespan: spans: exported=(\d+) lost=(\d+)(?: \((.*)\))? unsampled=(\d+) excluded=(\d+))");
  std::smatch match;
  if (!std::regex_match(line, match, kTotals)) {
    ADD_FAILURE() << "the last line of the daemon is not the totals: " << line;
    return {};
  }
  return {std::stoull(match[1]), std::stoull(match[2]), match[3], std::stoull(match[4]), std::stoull(match[5])};
}

}  // namespace

std::string NodespanBinary() { return Variable("NODESPAN_BINARY"); }

std::string SourcePath(std::string_view relative) {
  return fmt::format("{}/{}", Variable("NODESPAN_SOURCE"), relative);
}

std::optional<std::string> WhyNotHere() {
  if (::geteuid() != 0) {
    return "attaching to processes needs root";
  }
  return std::nullopt;
}

std::unique_ptr<NodespanDaemon> NodespanDaemon::Start(Options options) {
  std::unique_ptr<NodespanDaemon> daemon(new NodespanDaemon());
  if (options.endpoint.empty()) {
    daemon->receiver_ = testing::OtlpReceiver::Start();
    if (daemon->receiver_ == nullptr) {
      ADD_FAILURE() << "no port for the receiver";
      return nullptr;
    }
    options.endpoint = daemon->receiver_->endpoint();
  }
  ChildProcess::Environment environment = {{"OTEL_EXPORTER_OTLP_ENDPOINT", options.endpoint},
                                           {"OTEL_BSP_SCHEDULE_DELAY", "100"}};
  for (const auto& [name, value] : options.environment) {
    environment[name] = value;
  }
  std::vector<std::string> words = options.launcher;
  words.push_back(NodespanBinary());
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  daemon->process_ = ChildProcess::Start(words, environment);
  if (daemon->process_ == nullptr || !daemon->process_->WaitForError(" ready: ")) {
    ADD_FAILURE() << "nodespan did not become ready:\n" << (daemon->process_ == nullptr ? "" : daemon->Log());
    return nullptr;
  }
  return daemon;
}

std::optional<Line> NodespanDaemon::WaitUntilAttached(pid_t pid) {
  std::optional<Line> line = process_->WaitForError(fmt::format("attached pid={} ", pid));
  if (!line) {
    ADD_FAILURE() << "nodespan did not attach to pid " << pid << ":\n" << Log();
  }
  return line;
}

std::string NodespanDaemon::Get(const std::string& path) {
  const std::optional<Line> serving = process_->WaitForError("serving /healthz");
  if (!serving) {
    ADD_FAILURE() << "it serves nothing";
    return {};
  }
  const auto client =
      HttpClient::Connect(static_cast<uint16_t>(std::stoul(serving->text.substr(serving->text.rfind(' ') + 1))));
  if (client == nullptr) {
    return {};
  }
  EXPECT_EQ(client->GetAndClose(path), 200) << path;
  return client->body();
}

SpanTotals NodespanDaemon::Stop() {
  const KernelObjects objects = kernel_objects();
  EXPECT_GT(objects.program_ids.size(), 0U) << "no BPF programs seen in the running daemon: nothing to check later";
  process_->Signal(SIGTERM);
  const std::optional<ExitStatus> status = process_->Wait(kEndLimit);
  EXPECT_TRUE(status.has_value()) << "nodespan did not end in time after SIGTERM:\n" << Log();
  if (!status) {
    return {};
  }
  EXPECT_EQ(*status, ExitStatus{}) << Log();
  EXPECT_EQ(WaitUntilGone(objects, kKernelFreesLimit), "") << "left in the kernel by nodespan";
  const std::vector<std::string> lines = process_->ErrorLines();
  return ParseTotals(lines.empty() ? std::string() : lines.back());
}

std::vector<ReceivedSpan> NodespanDaemon::spans() const {
  std::vector<ReceivedSpan> result;
  for (const testing::OtlpCall& call : receiver_->calls()) {
    for (const auto& resource_spans : call.request.resource_spans()) {
      ReceivedSpan received;
      for (const auto& attribute : resource_spans.resource().attributes()) {
        if (attribute.key() == "process.pid") {
          received.pid = attribute.value().int_value();
        } else if (attribute.key() == "service.name") {
          received.service_name = attribute.value().string_value();
        }
      }
      for (const auto& scope_spans : resource_spans.scope_spans()) {
        for (const auto& span : scope_spans.spans()) {
          received.span = span;
          result.push_back(received);
        }
      }
    }
  }
  return result;
}

std::string NodespanDaemon::Log() const {
  std::string text;
  for (const std::string& line : process_->ErrorLines()) {
    text += line + "\n";
  }
  return text;
}

}  // namespace nodespan::e2e
