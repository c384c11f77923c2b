// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/kafka_broker.h"

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "base/errors.h"
#include "fmt/format.h"
#include "tests/e2e/harness/loopback_port.h"
#include "tests/e2e/harness/nodespan_daemon.h"

namespace nodespan::e2e {
namespace {

constexpr Milliseconds kFetchLimit{360'000};
constexpr Milliseconds kStartLimit{60'000};
constexpr Milliseconds kEndLimit{20'000};
constexpr std::string_view kClusterId = "bm9kZXNwYW4tdGVzdC0wMQ";  // any 16 bytes, in base64

// One partition of Kafka's own topics and no waiting for more members keep the start of a first group short.
std::string Configuration(int broker_port, int controller_port, const std::string& data) {
  return fmt::format(
      "process.roles=broker,controller\n"
      "node.id=1\n"
      "controller.quorum.voters=1@127.0.0.1:{1}\n"
      "controller.listener.names=CONTROLLER\n"
      "listeners=PLAINTEXT://127.0.0.1:{0},CONTROLLER://127.0.0.1:{1}\n"
      "advertised.listeners=PLAINTEXT://127.0.0.1:{0}\n"
      "log.dirs={2}\n"
      "auto.create.topics.enable=false\n"
      "offsets.topic.num.partitions=1\n"
      "offsets.topic.replication.factor=1\n"
      "transaction.state.log.replication.factor=1\n"
      "transaction.state.log.min.isr=1\n"
      "group.initial.rebalance.delay.ms=0\n",
      broker_port, controller_port, data);
}

absl::StatusOr<std::string> FindJars() {
  const std::optional<Finished> done = RunToEnd({SourcePath("tests/e2e/harness/kafka_jars")}, kFetchLimit);
  if (!done || done->status != ExitStatus{} || done->output.empty()) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "{}",
                            done ? done->LastError() : std::string("Apache Kafka could not be fetched in time"));
  }
  return done->output.back();
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaBroker>> KafkaBroker::Start() {
  const absl::StatusOr<std::string> jars = FindJars();
  if (!jars.ok()) {
    return jars.status();
  }
  std::unique_ptr<KafkaBroker> broker(new KafkaBroker());
  const int port = FreeLoopbackPort();
  const int controller_port = FreeLoopbackPort();
  const std::string configuration = broker->folder_.Path("server.properties");
  std::ofstream(configuration) << Configuration(port, controller_port, broker->folder_.Path("data"));
  const std::string classes = *jars + "/*";
  const std::optional<Finished> formatted = RunToEnd(
      {"java", "-cp", classes, "kafka.tools.StorageTool", "format", "-t", std::string(kClusterId), "-c", configuration},
      kStartLimit);
  if (!formatted || formatted->status != ExitStatus{}) {
    return base::MakeStatus(absl::StatusCode::kInternal, "Kafka did not format its storage: {}",
                            formatted ? formatted->LastError() : std::string("no answer"));
  }
  broker->process_ = ChildProcess::Start({"java", "-Xmx256m", "-cp", classes, "kafka.Kafka", configuration});
  const Clock::time_point deadline = Clock::now() + kStartLimit;
  while (broker->process_ != nullptr && Clock::now() < deadline) {
    if (IsLoopbackPortOpen(port)) {
      broker->address_ = fmt::format("127.0.0.1:{}", port);
      return broker;
    }
    std::this_thread::sleep_for(Milliseconds(50));
  }
  return base::MakeStatus(absl::StatusCode::kInternal, "Kafka did not start");
}

KafkaBroker::~KafkaBroker() {
  if (process_ != nullptr) {
    process_->Signal(SIGTERM);
    (void)process_->Wait(kEndLimit);
  }
}

}  // namespace nodespan::e2e
