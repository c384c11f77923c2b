// SPDX-License-Identifier: Apache-2.0
// An OTLP/HTTP collector inside the test process: keeps every request, answers as told. The other protocol's is
// otlp_receiver.h.
//
// Depends on the wire format only (proto/), on nothing of src/.
//
// Thread: all methods from any thread. A pool of threads serves the requests.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/otlp_trace_service.pb.h"
#include "tests/fakes/otlp_receiver.h"

namespace nodespan::testing {

// How one request is answered. The default: success, everything accepted, at once.
struct OtlpHttpAnswer {
  int status = 200;
  std::multimap<std::string, std::string> headers;
  std::string content_type = "application/x-protobuf";
  // Instead of the response that `rejected_spans` and `partial_message` make.
  std::optional<std::string> raw_body;
  int64_t rejected_spans = 0;
  std::string partial_message;
  // Passes before the answer is sent.
  std::chrono::milliseconds delay{0};
};

struct OtlpHttpCall {
  std::string target;  // path and query
  std::multimap<std::string, std::string> headers;
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  bool parsed = false;  // the body, decompressed, was a request
  size_t span_count = 0;
  int client_port = 0;  // the same for all requests of a connection
};

class OtlpHttpReceiver {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;  // 0: any that is free
    std::optional<OtlpReceiverTls> tls;
  };

  // Null when it cannot listen.
  static std::unique_ptr<OtlpHttpReceiver> Start(const Options& options);
  static std::unique_ptr<OtlpHttpReceiver> Start() { return Start(Options()); }
  ~OtlpHttpReceiver();  // Stop()

  int port() const;
  std::string endpoint() const;  // "http://127.0.0.1:port", with TLS "https://localhost:port"

  // The next call gets `answer`; calls without one get the default answer.
  void AnswerNext(OtlpHttpAnswer answer);
  void SetDefaultAnswer(OtlpHttpAnswer answer);

  // Ends, after the requests that are being answered; delays are cut short. Collected calls stay readable.
  void Stop();

  // Spans in calls that were answered with 2xx, rejected ones not counted.
  size_t accepted_spans() const;
  std::vector<OtlpHttpCall> calls() const;
  bool WaitForCalls(size_t count, std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;

 private:
  struct State;
  OtlpHttpReceiver();

  std::unique_ptr<State> state_;
};

}  // namespace nodespan::testing
