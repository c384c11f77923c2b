// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/go_program.h"

#include <unistd.h>

#include <cstdlib>

#include "base/errors.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/harness/nodespan_daemon.h"

namespace nodespan::e2e {
namespace {

constexpr Milliseconds kBuildLimit{600'000};
constexpr Milliseconds kTrafficLimit{120'000};
constexpr std::string_view kSummaryMark = R"("kind":"summary")";
constexpr std::string_view kRequestMark = R"("kind":"request")";

std::vector<std::string> Strings(const nlohmann::json& list) { return list.get<std::vector<std::string>>(); }

Truth ParseTruth(const nlohmann::json& line) {
  Truth truth;
  truth.id = line.at("id");
  truth.scenario = line.at("scenario");
  truth.name = line.at("case");
  truth.method = line.at("method");
  truth.target = line.at("target");
  truth.host = line.at("host");
  truth.protocol = line.at("protocol");
  truth.user_agent = line.at("user_agent");
  truth.route = line.at("route");
  truth.outcome = line.at("outcome");
  truth.handler = line.at("handler");
  truth.handler_file = line.at("handler_file");
  truth.handler_line = line.at("handler_line");
  truth.traceparent = Strings(line.at("traceparent"));
  truth.tracestate = Strings(line.at("tracestate"));
  if (const nlohmann::json& parent = line.at("parent"); !parent.is_null()) {
    truth.parent = RemoteParent{parent.at("trace_id"), parent.at("span_id"), parent.at("sampled")};
  }
  truth.request_length = line.at("request_length");
  truth.request_bytes = line.at("request_bytes");
  truth.status = line.at("status");
  truth.handler_bytes = line.at("handler_bytes");
  truth.peer_port = line.at("peer_port");
  truth.server_port = line.at("server_port");
  truth.headers = line.at("headers");
  truth.start_ns = line.at("start_ns");
  truth.end_ns = line.at("end_ns");
  truth.want_span = line.at("want_span");
  return truth;
}

}  // namespace

absl::StatusOr<Toolchain> FindToolchain(const std::string& name) {
  const std::optional<Finished> done = RunToEnd({SourcePath("tests/goprograms/toolchains"), name}, kBuildLimit);
  if (!done || done->status != ExitStatus{} || done->output.empty()) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "{}", done ? done->LastError() : std::string("no answer"));
  }
  const std::string& line = done->output.front();
  const size_t space = line.find(' ');
  return Toolchain{line.substr(0, space), line.substr(space + 1)};
}

absl::StatusOr<std::string> BuildGoProgram(const std::string& name, const Toolchain& toolchain, const std::string& kind,
                                           const std::string& modules) {
  constexpr int kModulesCannotBeHad = 77;  // of tests/goprograms/build
  const std::optional<Finished> done =
      RunToEnd({SourcePath("tests/goprograms/build"), name, "--go", toolchain.go, "--kind", kind, "--modules", modules},
               kBuildLimit);
  if (!done || done->status != ExitStatus{} || done->output.empty()) {
    const bool cannot_be_had = done && done->status.code == kModulesCannotBeHad;
    return base::MakeStatus(cannot_be_had ? absl::StatusCode::kNotFound : absl::StatusCode::kInternal,
                            "{} ({}, modules {}) with Go {}: {}", name, kind, modules, toolchain.version,
                            done ? done->LastError() : std::string("no answer"));
  }
  return done->output.front();
}

ScratchFolder::ScratchFolder() {
  std::string pattern = std::filesystem::temp_directory_path() / "nodespan-e2e-XXXXXX";
  const char* made = ::mkdtemp(pattern.data());
  EXPECT_NE(made, nullptr) << "no scratch folder";
  path_ = made == nullptr ? "" : made;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) {
    std::filesystem::remove_all(path_, ignored);
  }
}

std::string ScratchFolder::CopyIn(const std::string& file, const std::string& name) const {
  std::error_code error;
  std::filesystem::copy_file(file, path_ / name, error);
  EXPECT_FALSE(error) << file << ": " << error.message();
  return path_ / name;
}

std::unique_ptr<GoProgram> GoProgram::Start(const std::string& path, const std::vector<std::string>& arguments,
                                            const ChildProcess::Environment& environment) {
  std::vector<std::string> words = {path, "--wait"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::unique_ptr<GoProgram> program(new GoProgram());
  program->process_ = ChildProcess::Start(words, environment);
  const std::optional<Line> ready = program->process_ ? program->process_->WaitForOutput("ready pid=") : std::nullopt;
  if (!ready) {
    ADD_FAILURE() << path << " did not become ready";
    return nullptr;
  }
  program->port_ = static_cast<uint16_t>(std::stoul(ready->text.substr(ready->text.rfind(':') + 1)));
  return program;
}

std::vector<Truth> GoProgram::WaitForTraffic() {
  EXPECT_TRUE(process_->WaitForOutput(kSummaryMark, kTrafficLimit)) << "its traffic did not end";
  return Truths();
}

std::vector<Truth> GoProgram::Truths() const {
  std::vector<Truth> truths;
  for (const std::string& line : process_->OutputLines()) {
    if (line.find(kRequestMark) != std::string::npos) {
      truths.push_back(ParseTruth(nlohmann::json::parse(line)));
    }
  }
  return truths;
}

std::vector<Truth> GoProgram::Finish() {
  process_->CloseInput();
  const std::optional<ExitStatus> status = process_->Wait();
  EXPECT_EQ(status, ExitStatus{}) << "the traced program";
  EXPECT_EQ(process_->ErrorLines(), std::vector<std::string>()) << "the traced program";
  std::vector<Truth> truths = Truths();
  for (const std::string& line : process_->OutputLines()) {
    if (line.find(kSummaryMark) != std::string::npos) {
      const nlohmann::json summary = nlohmann::json::parse(line);
      EXPECT_EQ(summary.at("failures"), 0);
      EXPECT_EQ(summary.at("requests"), truths.size());
    }
  }
  return truths;
}

}  // namespace nodespan::e2e
