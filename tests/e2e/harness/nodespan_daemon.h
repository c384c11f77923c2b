// SPDX-License-Identifier: Apache-2.0
// The built nodespan, run by a test against a collector inside the test.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/otlp_trace_service.pb.h"
#include "tests/e2e/harness/child_process.h"
#include "tests/e2e/harness/kernel_objects.h"
#include "tests/fakes/otlp_receiver.h"

namespace nodespan::e2e {

// A span as it arrived, with the process it is about.
struct ReceivedSpan {
  int64_t pid = 0;           // process.pid of its resource
  std::string service_name;  // service.name of its resource
  opentelemetry::proto::trace::v1::Span span;
};

// The last line of a daemon: what became of the spans.
struct SpanTotals {
  uint64_t exported = 0;
  uint64_t lost = 0;
  std::string reasons;  // "name=count name=count"
  uint64_t unsampled = 0;
  uint64_t excluded = 0;
};

class NodespanDaemon {
 public:
  struct Options {
    std::vector<std::string> arguments;     // what to trace
    ChildProcess::Environment environment;  // added to what the harness sets
    std::string endpoint;                   // empty: a receiver inside the test
    std::vector<std::string> launcher;      // words before the path of nodespan: a program that becomes it
  };

  // Ready when it returns; null with a failed expectation when it does not become so.
  static std::unique_ptr<NodespanDaemon> Start(Options options);

  // When the line that says so came; nothing and a failed expectation when it does not come.
  std::optional<Line> WaitUntilAttached(pid_t pid);

  // The page that it serves; it runs with --http-listen. Empty with a failed expectation when it does not come.
  std::string Get(const std::string& path);

  // Ends it with SIGTERM and checks what every end must be: exit status 0, the totals as last line, and none of its BPF
  // objects left in the kernel.
  SpanTotals Stop();

  // Returns when so many spans arrived. Too few are left for the test to find: it knows which ones.
  void WaitForSpans(size_t count) const { (void)receiver_->WaitForSpans(count, kPatience); }

  // All spans that arrived so far, in the order of their arrival.
  std::vector<ReceivedSpan> spans() const;

  ChildProcess& process() { return *process_; }
  testing::OtlpReceiver& receiver() { return *receiver_; }
  KernelObjects kernel_objects() const { return KernelObjectsOf(process_->pid()); }
  // The lines of its standard error, for messages of failed tests.
  std::string Log() const;

 private:
  NodespanDaemon() = default;

  std::unique_ptr<testing::OtlpReceiver> receiver_;
  std::unique_ptr<ChildProcess> process_;
};

// The path of the built daemon and of the source tree; the build gives both in the environment.
std::string NodespanBinary();
std::string SourcePath(std::string_view relative);

// Why tests of the daemon cannot run here; nothing: they can.
std::optional<std::string> WhyNotHere();

}  // namespace nodespan::e2e
